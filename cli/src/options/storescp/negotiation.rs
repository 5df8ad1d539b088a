//! What is accepted in negotiation.

use super::super::{FILE_NAME, Section, entry, text};
use super::Typed;

const PREFERRED: &str = "transfer-syntax-preference";

const NO_RANKING: &str = "only the default ranking (--prefer-uncompr) and --accept-all are built";

pub(super) static PROFILE: Section<Typed> = Section {
    title: "association negotiation profile",
    entries: &[entry(
        "--config-file",
        "negotiate by a profile of a file",
        "Takes SOP classes and transfer syntaxes from a named profile of a configuration file.",
    )
    .short("-xf")
    .takes(&[FILE_NAME, text("profile")])
    .conflicts(&[
        &["--prefer-little"],
        &["--prefer-big"],
        &["--prefer-lossless"],
        &["--prefer-jpeg8"],
        &["--prefer-jpeg12"],
        &["--prefer-j2k-lossless"],
        &["--prefer-j2k-lossy"],
        &["--prefer-jls-lossless"],
        &["--prefer-jls-lossy"],
        &["--prefer-mpeg2"],
        &["--prefer-mpeg2-high"],
        &["--prefer-mpeg4"],
        &["--prefer-mpeg4-bd"],
        &["--prefer-mpeg4-2-2d"],
        &["--prefer-mpeg4-2-3d"],
        &["--prefer-mpeg4-2-st"],
        &["--prefer-hevc"],
        &["--prefer-hevc10"],
        &["--prefer-rle"],
        &["--prefer-deflated"],
        &["--implicit"],
        &["--accept-all"],
        &["--promiscuous"],
    ])
    .not_yet("use --accept-all and --promiscuous to accept more than the default")],
};

/// A preference for one encoding, which is put before the three uncompressed ones.
macro_rules! prefer {
    ($short:literal, $long:literal, $what:literal) => {
        entry(
            $long,
            concat!("prefer ", $what),
            concat!(
                "Accepts ",
                $what,
                " first, then the uncompressed transfer syntaxes, and nothing else."
            ),
        )
        .short($short)
        .group(PREFERRED)
        .not_yet(NO_RANKING)
    };
}

pub(super) static PREFERENCE: Section<Typed> = Section {
    title: "preferred transfer syntaxes",
    entries: &[
        entry(
            "--prefer-uncompr",
            "prefer explicit VR in the byte order of this machine",
            "Accepts explicit VR in the byte order of this machine first, then in the other byte \
             order, then implicit VR little endian, and no compressed transfer syntax.",
        )
        .short("+x=")
        .group(PREFERRED)
        .default("yes")
        .works(|typed, _| typed.accept_all = false),
        prefer!("+xe", "--prefer-little", "explicit VR little endian"),
        prefer!("+xb", "--prefer-big", "explicit VR big endian"),
        prefer!("+xs", "--prefer-lossless", "JPEG lossless, process 14 SV1"),
        prefer!("+xy", "--prefer-jpeg8", "JPEG baseline, 8 bit lossy"),
        prefer!("+xx", "--prefer-jpeg12", "JPEG extended, 12 bit lossy"),
        prefer!("+xv", "--prefer-j2k-lossless", "JPEG 2000 lossless only"),
        prefer!("+xw", "--prefer-j2k-lossy", "JPEG 2000, lossy allowed"),
        prefer!("+xt", "--prefer-jls-lossless", "JPEG-LS lossless"),
        prefer!("+xu", "--prefer-jls-lossy", "JPEG-LS near-lossless"),
        prefer!("+xm", "--prefer-mpeg2", "MPEG2 main profile at main level"),
        prefer!(
            "+xh",
            "--prefer-mpeg2-high",
            "MPEG2 main profile at high level"
        ),
        prefer!("+xn", "--prefer-mpeg4", "MPEG4 high profile level 4.1"),
        prefer!(
            "+xl",
            "--prefer-mpeg4-bd",
            "MPEG4 Blu-ray compatible level 4.1"
        ),
        prefer!("+x2", "--prefer-mpeg4-2-2d", "MPEG4 level 4.2 for 2D video"),
        prefer!("+x3", "--prefer-mpeg4-2-3d", "MPEG4 level 4.2 for 3D video"),
        prefer!("+xo", "--prefer-mpeg4-2-st", "MPEG4 stereo level 4.2"),
        prefer!("+x4", "--prefer-hevc", "HEVC main profile level 5.1"),
        prefer!("+x5", "--prefer-hevc10", "HEVC main 10 profile level 5.1"),
        prefer!("+xr", "--prefer-rle", "RLE lossless"),
        prefer!(
            "+xd",
            "--prefer-deflated",
            "deflated explicit VR little endian"
        ),
        entry(
            "--implicit",
            "accept implicit VR little endian only",
            "Accepts implicit VR little endian and no other transfer syntax.",
        )
        .short("+xi")
        .group(PREFERRED)
        .not_yet(NO_RANKING),
        entry(
            "--accept-all",
            "accept every known transfer syntax",
            "Accepts every known transfer syntax, compressed ones first, in DCMTK's order.",
        )
        .short("+xa")
        .group(PREFERRED)
        .works(|typed, _| typed.accept_all = true),
    ],
};

pub(super) static DUMP: Section<Typed> = Section {
    title: "association parameters",
    entries: &[entry(
        "--verbose-pc",
        "log presentation contexts at info level",
        "Logs the parameters of each association at info instead of debug level.",
    )
    .short("+v")
    .not_yet("the parameters of associations are logged at debug level (-d)")],
};

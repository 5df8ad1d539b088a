//! Which presentation contexts are proposed.

use super::super::{FILE_NAME, Section, entry, text};
use super::Typed;

const PROPOSED: &str = "transfer-syntax-proposal";

pub(super) static PROFILE: Section<Typed> = Section {
    title: "association negotiation profile",
    entries: &[entry(
        "--config-file",
        "propose by a profile of a file",
        "Proposes what a named profile of an association configuration file lists, in DCMTK's \
         format.",
    )
    .short("-xf")
    .takes(&[FILE_NAME, text("profile")])
    .conflicts(&[
        &["--propose-little"],
        &["--propose-big"],
        &["--propose-lossless"],
        &["--propose-jpeg8"],
        &["--propose-jpeg12"],
        &["--propose-j2k-lossless"],
        &["--propose-j2k-lossy"],
        &["--propose-jls-lossless"],
        &["--propose-jls-lossy"],
        &["--propose-mpeg2"],
        &["--propose-mpeg2-high"],
        &["--propose-mpeg4"],
        &["--propose-mpeg4-bd"],
        &["--propose-mpeg4-2-2d"],
        &["--propose-mpeg4-2-3d"],
        &["--propose-mpeg4-2-st"],
        &["--propose-hevc"],
        &["--propose-hevc10"],
        &["--propose-rle"],
        &["--propose-deflated"],
        &["--propose-implicit"],
        &["--propose-stored"],
        &["--required"],
        &["--combine"],
    ])
    .works(|typed, values| {
        typed.profile = Some((values[0].path(), values[1].text().to_owned()));
    })],
};

/// A transfer syntax that is proposed first, in a context of its own, before the uncompressed ones.
macro_rules! first {
    ($short:literal, $long:literal, $syntax:literal, $what:literal) => {
        entry(
            $long,
            concat!("propose ", $what, " first"),
            concat!(
                "Proposes ",
                $what,
                " for each SOP class, and in a second context the uncompressed transfer syntaxes."
            ),
        )
        .short($short)
        .group(PROPOSED)
        .works(|typed, _| typed.first($syntax))
    };
}

/// A transfer syntax that is proposed alone.
macro_rules! alone {
    ($short:literal, $long:literal, $syntax:literal, $what:literal) => {
        entry(
            $long,
            concat!("propose ", $what, " alone"),
            concat!(
                "Proposes ",
                $what,
                " for each SOP class and nothing else, so that no other file can be sent."
            ),
        )
        .short($short)
        .group(PROPOSED)
        .works(|typed, _| typed.alone($syntax))
    };
}

pub(super) static SYNTAXES: Section<Typed> = Section {
    title: "proposed transfer syntaxes",
    entries: &[
        entry(
            "--propose-uncompr",
            "propose uncompressed ones, own byte order first",
            "Proposes the uncompressed transfer syntaxes for each SOP class, in a context of its \
             own the explicit one with the byte order of this machine.",
        )
        .short("-x=")
        .group(PROPOSED)
        .default("yes")
        .works(|typed, _| typed.preference = None),
        first!(
            "-xe",
            "--propose-little",
            "1.2.840.10008.1.2.1",
            "explicit VR little endian"
        ),
        first!(
            "-xb",
            "--propose-big",
            "1.2.840.10008.1.2.2",
            "explicit VR big endian"
        ),
        alone!(
            "-xi",
            "--propose-implicit",
            "1.2.840.10008.1.2",
            "implicit VR little endian"
        ),
        first!(
            "-xs",
            "--propose-lossless",
            "1.2.840.10008.1.2.4.70",
            "JPEG lossless"
        ),
        first!(
            "-xy",
            "--propose-jpeg8",
            "1.2.840.10008.1.2.4.50",
            "JPEG baseline"
        ),
        first!(
            "-xx",
            "--propose-jpeg12",
            "1.2.840.10008.1.2.4.51",
            "JPEG extended"
        ),
        first!(
            "-xv",
            "--propose-j2k-lossless",
            "1.2.840.10008.1.2.4.90",
            "JPEG 2000 lossless"
        ),
        first!(
            "-xw",
            "--propose-j2k-lossy",
            "1.2.840.10008.1.2.4.91",
            "JPEG 2000"
        ),
        first!(
            "-xt",
            "--propose-jls-lossless",
            "1.2.840.10008.1.2.4.80",
            "JPEG-LS lossless"
        ),
        first!(
            "-xu",
            "--propose-jls-lossy",
            "1.2.840.10008.1.2.4.81",
            "JPEG-LS near-lossless"
        ),
        alone!(
            "-xm",
            "--propose-mpeg2",
            "1.2.840.10008.1.2.4.100",
            "MPEG2 main profile, main level"
        ),
        alone!(
            "-xh",
            "--propose-mpeg2-high",
            "1.2.840.10008.1.2.4.101",
            "MPEG2 main profile, high level"
        ),
        alone!(
            "-xn",
            "--propose-mpeg4",
            "1.2.840.10008.1.2.4.102",
            "MPEG4 level 4.1"
        ),
        alone!(
            "-xl",
            "--propose-mpeg4-bd",
            "1.2.840.10008.1.2.4.103",
            "MPEG4 BD-compatible level 4.1"
        ),
        alone!(
            "-x2",
            "--propose-mpeg4-2-2d",
            "1.2.840.10008.1.2.4.104",
            "MPEG4 level 4.2 for 2D"
        ),
        alone!(
            "-x3",
            "--propose-mpeg4-2-3d",
            "1.2.840.10008.1.2.4.105",
            "MPEG4 level 4.2 for 3D"
        ),
        alone!(
            "-xo",
            "--propose-mpeg4-2-st",
            "1.2.840.10008.1.2.4.106",
            "MPEG4 stereo level 4.2"
        ),
        alone!(
            "-x4",
            "--propose-hevc",
            "1.2.840.10008.1.2.4.107",
            "HEVC main profile"
        ),
        alone!(
            "-x5",
            "--propose-hevc10",
            "1.2.840.10008.1.2.4.108",
            "HEVC main 10 profile"
        ),
        first!(
            "-xr",
            "--propose-rle",
            "1.2.840.10008.1.2.5",
            "RLE lossless"
        ),
        first!(
            "-xd",
            "--propose-deflated",
            "1.2.840.10008.1.2.1.99",
            "deflated explicit VR little endian"
        ),
        entry(
            "--propose-stored",
            "propose the transfer syntaxes that the files have",
            "Proposes for each SOP class of the files every transfer syntax that they have, in a \
             context of its own, and the uncompressed ones, so that files of mixed compressions \
             leave as they are in one job. Implies what --required does: all files are looked \
             through before the peer is called, which takes minutes for millions of them; with \
             --resume those that need not be sent are left out.",
        )
        .group(PROPOSED)
        .conflicts(&[&["--combine"]])
        .works(|typed, _| typed.propose_stored = true),
    ],
};

pub(super) static CONTEXTS: Section<Typed> = Section {
    title: "presentation contexts",
    entries: &[
        entry(
            "--required",
            "propose the SOP classes of the files only",
            "Proposes only the SOP classes of the files, which are looked through before the peer \
             is called. The default is a set of 64 usual classes, whatever the files are.",
        )
        .short("-R")
        .works(|typed, _| typed.required = true),
        entry(
            "--combine",
            "one context for each SOP class",
            "Proposes one context for each SOP class, with all transfer syntaxes, of which the peer \
             chooses one; the default is a context of its own for the first one.",
        )
        .short("+C")
        .works(|typed, _| typed.combine = true),
    ],
};

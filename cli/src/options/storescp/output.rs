//! Where objects are written, how they are encoded and named.

use super::super::{Argument, DIRECTORY, Kind, Section, entry, text, unsigned};
use super::Typed;

const STORAGE_MODE: &str = "storage-mode";
const FORMAT_GROUP: &str = "output-format";
const TRANSFER_SYNTAX: &str = "output-transfer-syntax";
const NEW_VR: &str = "new-vr";
const GROUP_LENGTH: &str = "group-length";
const SEQUENCE_LENGTH: &str = "sequence-length";
const PADDING: &str = "padding";
const UN_HANDLING: &str = "un-handling";
const SORTING_GROUP: &str = "study-sorting";
const FILE_NAMES: &str = "filename-generation";

const AS_RECEIVED: &str = "data sets are written as they arrived (--bit-preserving)";
const NO_SORTING: &str = "all files go to the output directory; sorting by study is not built yet";

/// Rivals of every option that would change a data set.
const PRESERVING: &[&[&str]] = &[&["--bit-preserving"]];

/// The largest alignment, in bytes, that padding may ask for: what a 32-bit integer holds.
const PAD_BYTES_MAX: i64 = u32::MAX as i64;

pub(super) static GENERAL: Section<Typed> = Section {
    title: "output options",
    entries: &[
        entry(
            "--output-directory",
            "directory that receives the files",
            "Writes received objects to this directory, which is created if it is missing. An \
             error at start if it can't be written, or if the path is empty.",
        )
        .short("-od")
        .takes(&[DIRECTORY])
        .default(".")
        .works(|typed, values| typed.output_directory = Some(values[0].text().into())),
        entry(
            "--normal",
            "decode objects and encode them again",
            "DCMTK's default: decodes each data set in memory and encodes it again when writing.",
        )
        .short("-B")
        .group(STORAGE_MODE)
        .not_yet("data sets are written as they arrived, which is --bit-preserving; leave it out"),
        entry(
            "--bit-preserving",
            "write data sets exactly as they arrive",
            "Writes every data set byte for byte as it arrived. It is the only mode here.",
        )
        .short("+B")
        .group(STORAGE_MODE)
        .default("yes")
        .works(|_, _| {}),
    ],
};

pub(super) static FORMAT: Section<Typed> = Section {
    title: "output file format",
    entries: &[
        entry(
            "--write-file",
            "write the file format of PS3.10",
            "Writes preamble and file meta header in front of the data set.",
        )
        .short("+F")
        .group(FORMAT_GROUP)
        .default("yes")
        .works(|_, _| {}),
        entry(
            "--write-dataset",
            "write the bare data set",
            "Writes the data set without preamble and file meta header.",
        )
        .short("-F")
        .group(FORMAT_GROUP)
        .not_yet("a file without header does not say its transfer syntax; use --write-file"),
    ],
};

/// Writing in another transfer syntax, which suits no compressed preference either.
macro_rules! write_as {
    ($short:literal, $long:literal, $what:literal) => {
        entry(
            $long,
            concat!("write as ", $what),
            concat!("Converts every data set to ", $what, " when writing."),
        )
        .short($short)
        .group(TRANSFER_SYNTAX)
        .conflicts(&[
            &["--bit-preserving"],
            &["--accept-all"],
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
        ])
        .not_yet(AS_RECEIVED)
    };
}

/// An option of encoding that has a meaning only where data sets are encoded again.
macro_rules! encode {
    ($short:literal, $long:literal, $group:ident, $summary:literal) => {
        entry(
            $long,
            $summary,
            concat!("When a data set is encoded again: ", $summary, "."),
        )
        .short($short)
        .group($group)
        .conflicts(PRESERVING)
        .not_yet(AS_RECEIVED)
    };
}

pub(super) static ENCODING: Section<Typed> = Section {
    title: "output encoding",
    entries: &[
        entry(
            "--write-xfer-same",
            "write in the transfer syntax received",
            "Writes every data set in the transfer syntax in which it arrived.",
        )
        .short("+t=")
        .group(TRANSFER_SYNTAX)
        .default("yes")
        .works(|_, _| {}),
        write_as!("+te", "--write-xfer-little", "explicit VR little endian"),
        write_as!("+tb", "--write-xfer-big", "explicit VR big endian"),
        write_as!("+ti", "--write-xfer-implicit", "implicit VR little endian"),
        write_as!(
            "+td",
            "--write-xfer-deflated",
            "deflated explicit VR little endian"
        ),
        encode!(
            "+u",
            "--enable-new-vr",
            NEW_VR,
            "keep VRs introduced after 1993"
        )
        .default("yes"),
        encode!("-u", "--disable-new-vr", NEW_VR, "write newer VRs as OB"),
        encode!(
            "+g=",
            "--group-length-recalc",
            GROUP_LENGTH,
            "correct group lengths that exist"
        )
        .default("yes"),
        encode!(
            "+g",
            "--group-length-create",
            GROUP_LENGTH,
            "write a length for every group"
        ),
        encode!(
            "-g",
            "--group-length-remove",
            GROUP_LENGTH,
            "drop all group lengths"
        ),
        encode!(
            "+e",
            "--length-explicit",
            SEQUENCE_LENGTH,
            "explicit lengths of sequences"
        )
        .default("yes"),
        encode!(
            "-e",
            "--length-undefined",
            SEQUENCE_LENGTH,
            "undefined lengths of sequences"
        ),
        entry(
            "--padding-off",
            "no trailing padding",
            "Adds no padding after the data set. A data set that came with padding keeps it.",
        )
        .short("-p")
        .group(PADDING)
        .default("yes")
        .works(|_, _| {}),
        entry(
            "--padding-create",
            "pad files and items",
            "Pads files and sequence items to multiples of these numbers of bytes.",
        )
        .short("+p")
        .group(PADDING)
        .takes(&[
            unsigned("file-pad", 0, PAD_BYTES_MAX),
            unsigned("item-pad", 0, PAD_BYTES_MAX),
        ])
        .conflicts(&[&["--write-dataset"], &["--bit-preserving"]])
        .not_yet(AS_RECEIVED),
        entry(
            "--retain-un",
            "leave elements of VR UN as they are",
            "Leaves elements of VR UN with a defined length as they are.",
        )
        .short("-uc")
        .group(UN_HANDLING)
        .default("yes")
        .works(|_, _| {}),
        entry(
            "--convert-un",
            "give elements of VR UN their real VR",
            "Turns VR UN into the VR of the data dictionary where there is one.",
        )
        .short("+uc")
        .group(UN_HANDLING)
        .not_yet(AS_RECEIVED),
        entry(
            "--compression-level",
            "zlib level of deflated output",
            "Sets the zlib level when data sets are deflated, 0 (none) to 9 (best).",
        )
        .short("+cl")
        .takes(&[unsigned("level", 0, 9)])
        .default("6")
        .not_yet(AS_RECEIVED),
    ],
};

pub(super) static SORTING: Section<Typed> = Section {
    title: "sorting into subdirectories",
    entries: &[
        entry(
            "--sort-conc-studies",
            "directory per study, named by prefix and time",
            "Sorts consecutive studies into subdirectories named by this prefix and the time.",
        )
        .short("-ss")
        .group(SORTING_GROUP)
        .takes(&[text("prefix")])
        .conflicts(PRESERVING)
        .not_yet(NO_SORTING),
        entry(
            "--sort-on-study-uid",
            "directory per study, named by prefix and UID",
            "Sorts studies into subdirectories named by this prefix and the Study Instance UID.",
        )
        .short("-su")
        .group(SORTING_GROUP)
        .takes(&[text("prefix")])
        .conflicts(PRESERVING)
        .not_yet(NO_SORTING),
        entry(
            "--sort-on-patientname",
            "directory per study, named by patient and time",
            "Sorts consecutive studies into subdirectories named by the patient and the time.",
        )
        .short("-sp")
        .group(SORTING_GROUP)
        .conflicts(PRESERVING)
        .not_yet(NO_SORTING),
    ],
};

pub(super) static NAMES: Section<Typed> = Section {
    title: "filename generation",
    entries: &[
        entry(
            "--default-filenames",
            "name files by class and SOP instance UID",
            "Names a file by the code of its SOP class, a dot, and the SOP Instance UID.",
        )
        .short("-uf")
        .group(FILE_NAMES)
        .default("yes")
        .works(|typed, _| typed.unique_filenames = false),
        entry(
            "--unique-filenames",
            "name files by class and a new UID",
            "Names a file by the code of its SOP class, '.X.', and a UID made for the occasion, \
             so that no object replaces another.",
        )
        .short("+uf")
        .group(FILE_NAMES)
        .works(|typed, _| typed.unique_filenames = true),
        entry(
            "--timenames",
            "name files by time and class",
            "Names a file by the time of writing, a serial number and the code of its SOP class.",
        )
        .short("-tn")
        .conflicts(&[&["--unique-filenames"]])
        .not_yet("use --default-filenames or --unique-filenames"),
        entry(
            "--filename-extension",
            "text at the end of every file name",
            "Glues this text to the end of every file name. At most 64 bytes of UTF-8, without \
             slash and control characters.",
        )
        .short("-fe")
        .takes(&[Argument {
            name: "extension",
            kind: Kind::Text,
        }])
        .works(|typed, values| typed.filename_extension = Some(values[0].text().to_owned())),
    ],
};

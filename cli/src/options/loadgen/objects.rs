//! What is sent.

use pdvault_loadgen::corpus::{OBJECT_BYTES_MAX, OBJECT_BYTES_MIN};

use super::super::{Argument, DIRECTORY, Kind, Section, entry, text};
use super::Typed;
use crate::loadgen::Source;

const CORPUS: &str = "corpus";

pub(super) static OBJECTS: Section<Typed> = Section {
    title: "objects",
    entries: &[
        entry(
            "--corpus",
            "make up objects of this kind",
            "Makes up objects: ct (512 KiB), mr (128 KiB), cr (8 MiB), mammo (26 MiB), multiframe \
             (64 MiB), sr (8 KiB), or mixed, of which 45 in a hundred are mr, 40 ct, 10 sr, 4 cr \
             and 1 mammo.",
        )
        .group(CORPUS)
        .takes(&[Argument {
            name: "kind",
            kind: Kind::Choice(&["ct", "mr", "cr", "mammo", "multiframe", "sr", "mixed"]),
        }])
        .default("mixed")
        .works(|typed, values| typed.source = Some(Source::Mix(values[0].word()))),
        entry(
            "--size",
            "make up objects of this size",
            "Makes up CT images whose data sets have this many bytes, an even number.",
        )
        .group(CORPUS)
        .takes(&[Argument {
            name: "bytes",
            kind: Kind::Size {
                min: OBJECT_BYTES_MIN.cast_signed(),
                max: OBJECT_BYTES_MAX.cast_signed(),
            },
        }])
        .tells_range()
        .works(|typed, values| typed.source = Some(Source::Size(values[0].number()))),
        entry(
            "--files",
            "send the files of this directory",
            "Sends the DICOM files below this directory, over and over, each time with new UIDs.",
        )
        .group(CORPUS)
        .takes(&[DIRECTORY])
        .works(|typed, values| typed.source = Some(Source::Files(values[0].path()))),
        entry(
            "--transfer-syntax",
            "encode made-up objects so",
            "Makes up objects in this transfer syntax, a UID or a name such as \
             LittleEndianImplicit or JPEGBaseline. Pixels of compressed ones are noise, which no \
             receiver looks at before it stores them.",
        )
        .takes(&[text("syntax")])
        .default("LittleEndianExplicit")
        .conflicts(&[&["--files"]])
        .works(|typed, values| typed.syntax = Some(values[0].text().to_owned())),
    ],
};

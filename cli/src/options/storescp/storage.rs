//! How objects reach stable storage; options that DCMTK does not have.

use super::super::{Argument, Kind, Section, entry};
use super::{Typed, unsigned};

/// The most threads that write: beyond it no disk gains anything.
const WRITERS_MAX: i64 = 1024;

/// The least and the most landing memory, in bytes. A chunk has 1 MiB; 1 TiB is beyond the
/// machines this runs on.
const LANDING_BYTES_MIN: i64 = 1 << 20;
const LANDING_BYTES_MAX: i64 = 1 << 40;

pub(super) static STORAGE: Section<Typed> = Section {
    title: "storage options",
    entries: &[
        entry(
            "--durability",
            "what Success stands for",
            "object: Success means that data and name of the object are on stable storage and \
             survive a power cut. none: Success means that the object was written whole; the \
             operating system brings it to the disk later, as with other receivers.",
        )
        .takes(&[Argument {
            name: "level",
            kind: Kind::Choice(&["object", "none"]),
        }])
        .default("object")
        .works(|typed, values| typed.durability = Some(values[0].word())),
        entry(
            "--on-duplicate",
            "what to do when the file exists",
            "overwrite: the new object replaces the old one in one step; the old one survives any \
             failure. keep: the new object gets a free name beside the old one. refuse: status \
             0111H, duplicate SOP instance. same: an identical data set is answered with Success \
             and not written again, a different one is kept under a free name and logged.",
        )
        .takes(&[Argument {
            name: "policy",
            kind: Kind::Choice(&["overwrite", "keep", "refuse", "same"]),
        }])
        .default("overwrite")
        .works(|typed, values| typed.on_duplicate = Some(values[0].word())),
        entry(
            "--writers",
            "threads that write to the disk",
            "Sets the number of threads that write files.",
        )
        .takes(&[unsigned("number", 1, WRITERS_MAX)])
        .default("chosen for this machine")
        .works(|typed, values| typed.writers = Some(values[0].number())),
        entry(
            "--landing-memory",
            "memory for data on its way to the disk",
            "Sets how much memory holds data between network and disk, in bytes or with K, M or G \
             (powers of 1024). It is taken once at start; when it is full, senders are slowed \
             down. It bounds memory, not the size of objects.",
        )
        .takes(&[Argument {
            name: "size",
            kind: Kind::Size {
                min: LANDING_BYTES_MIN,
                max: LANDING_BYTES_MAX,
            },
        }])
        .default("256M")
        .works(|typed, values| typed.landing_memory_bytes = Some(values[0].number())),
    ],
};

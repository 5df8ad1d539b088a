//! How objects reach stable storage; options that DCMTK does not have.

use pdvault_engine::landing::{CHUNK_BYTES_DEFAULT, CHUNK_COUNT_MAX};
use pdvault_engine::store::WRITERS_MAX;

use super::super::{Argument, Kind, Section, bound, entry, unsigned};
use super::Typed;

/// The least landing memory, in bytes: a few small chunks.
const LANDING_BYTES_MIN: i64 = 1 << 20;

/// The most landing memory, in bytes: as many chunks as a process may have.
const LANDING_BYTES_MAX: i64 = bound(CHUNK_COUNT_MAX * CHUNK_BYTES_DEFAULT);

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
        .takes(&[unsigned("number", 1, bound(WRITERS_MAX))])
        .tells_range()
        .default("16")
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
        .tells_range()
        .default("256M")
        .works(|typed, values| typed.landing_memory_bytes = Some(values[0].number())),
    ],
};

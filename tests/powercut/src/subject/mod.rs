//! What is put to the test: something that stores objects in a directory and acknowledges them.

mod load;
mod protocol;
mod receiver;
mod sync_range;

use std::path::Path;

use crate::ledger::Ledger;
use crate::record::Disk;
use crate::volume::FileSystem;

pub(crate) use load::Load;

/// Something that stores.
pub(crate) struct Subject {
    /// What it is called on the command line and in reports.
    pub(crate) name: &'static str,
    /// The file systems on which what it acknowledges must survive; none for one that must be
    /// caught breaking that promise, or the rig proves nothing.
    keeps_on: &'static [&'static str],
    store: Store,
}

/// What a subject promises on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What it acknowledges survives.
    Keeps,
    /// It says so and does nothing for it.
    MustBeCaught,
    /// It is not meant for this file system.
    None,
}

enum Store {
    /// The receiver with these options.
    Receiver(&'static str),
    /// The system calls of a way to store, without a receiver.
    Protocol(protocol::Protocol),
}

/// File systems with one journal, whose commit of a directory takes along its files.
const JOURNALLED: &[&str] = &["ext4", "ext4-fast-commit", "xfs"];

/// All but ext4 without a journal: there a directory that changes can lose names that were durable
/// before, whoever stores.
const ALL_SAFE: &[&str] = &["ext4", "ext4-writeback", "ext4-fast-commit", "xfs", "btrfs"];

/// All subjects.
pub(crate) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "receiver",
        keeps_on: ALL_SAFE,
        store: Store::Receiver("--durability object"),
    },
    Subject {
        name: "receiver-none",
        keeps_on: &[],
        store: Store::Receiver("--durability none"),
    },
    Subject {
        name: "data-sync",
        keeps_on: &["ext4", "xfs", "btrfs"],
        store: Store::Protocol(protocol::DATA_SYNC),
    },
    Subject {
        name: "range-sync",
        keeps_on: JOURNALLED,
        store: Store::Protocol(protocol::RANGE_SYNC),
    },
    Subject {
        name: "hidden-data-sync",
        keeps_on: &["ext4", "xfs", "btrfs"],
        store: Store::Protocol(protocol::HIDDEN_DATA_SYNC),
    },
    Subject {
        name: "range-sync-hold",
        keeps_on: &["ext4", "ext4-writeback", "ext4-fast-commit", "xfs"],
        store: Store::Protocol(protocol::RANGE_SYNC_HOLD),
    },
    Subject {
        name: "names-only",
        keeps_on: &[],
        store: Store::Protocol(protocol::NAMES_ONLY),
    },
    Subject {
        name: "naive",
        keeps_on: &[],
        store: Store::Protocol(protocol::NAIVE),
    },
];

impl Subject {
    /// What it promises on a file system.
    pub(crate) fn promise_on(&self, file_system: &FileSystem) -> Promise {
        match self.keeps_on {
            [] => Promise::MustBeCaught,
            names if names.contains(&file_system.name) => Promise::Keeps,
            _ => Promise::None,
        }
    }

    /// Whether it promises nothing anywhere.
    pub(crate) fn must_be_caught(&self) -> bool {
        self.keeps_on.is_empty()
    }

    /// Stores a load in a directory and returns what was promised when.
    pub(crate) fn store(&self, directory: &Path, disk: &Disk, load: &Load) -> Ledger {
        match &self.store {
            Store::Receiver(options) => receiver::store(options, directory, disk, load),
            Store::Protocol(protocol) => protocol.store(directory, disk, load),
        }
    }
}

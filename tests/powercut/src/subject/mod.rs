//! What is put to the test: something that stores objects in a directory and acknowledges them.

mod dcmtk;
mod load;
mod protocol;
mod receiver;
mod senders;
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
    claim: Claim,
    store: Store,
}

/// What is claimed of a subject.
enum Claim {
    /// What it acknowledges survives on these file systems.
    KeepsOn(&'static [&'static str]),
    /// It does too little everywhere. If the rig does not catch it, the rig proves nothing.
    TooLittle,
}

/// What a subject promises on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What it acknowledges survives.
    Keeps,
    /// It does not, and the rig must show that.
    MustBeCaught,
    /// None.
    None,
}

enum Store {
    /// The receiver with these options.
    Receiver(&'static str),
    /// DCMTK's storescp.
    Dcmtk,
    /// The system calls of a way to store, without a receiver.
    Protocol(protocol::Protocol),
}

/// What starts a program so that it is killed when the rig ends, however it ends: it would keep the
/// file system mounted.
const DIES_WITH_THE_RIG: [&str; 3] = ["setpriv", "--pdeathsig", "KILL"];

/// File systems with one journal, whose commit of a directory takes along its files.
const JOURNALLED: &[&str] = &["ext4", "ext4-fast-commit", "xfs"];

/// All but ext4 without a journal: there a directory that changes can lose names that were durable
/// before, whoever stores.
const ALL_SAFE: &[&str] = &["ext4", "ext4-writeback", "ext4-fast-commit", "xfs", "btrfs"];

/// All subjects.
pub(crate) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "receiver",
        claim: Claim::KeepsOn(ALL_SAFE),
        store: Store::Receiver("--durability object"),
    },
    Subject {
        name: "receiver-none",
        claim: Claim::TooLittle,
        store: Store::Receiver("--durability none"),
    },
    Subject {
        name: "dcmtk",
        claim: Claim::KeepsOn(&[]),
        store: Store::Dcmtk,
    },
    Subject {
        name: "data-sync",
        claim: Claim::KeepsOn(&["ext4", "xfs", "btrfs"]),
        store: Store::Protocol(protocol::DATA_SYNC),
    },
    Subject {
        name: "range-sync",
        claim: Claim::KeepsOn(JOURNALLED),
        store: Store::Protocol(protocol::RANGE_SYNC),
    },
    Subject {
        name: "hidden-data-sync",
        claim: Claim::KeepsOn(&["ext4", "xfs", "btrfs"]),
        store: Store::Protocol(protocol::HIDDEN_DATA_SYNC),
    },
    Subject {
        name: "range-sync-hold",
        claim: Claim::KeepsOn(&["ext4", "ext4-writeback", "ext4-fast-commit", "xfs"]),
        store: Store::Protocol(protocol::RANGE_SYNC_HOLD),
    },
    Subject {
        name: "early",
        claim: Claim::TooLittle,
        store: Store::Protocol(protocol::EARLY),
    },
    Subject {
        name: "names-only",
        claim: Claim::TooLittle,
        store: Store::Protocol(protocol::NAMES_ONLY),
    },
    Subject {
        name: "naive",
        claim: Claim::TooLittle,
        store: Store::Protocol(protocol::NAIVE),
    },
];

impl Subject {
    /// What it promises on a file system.
    pub(crate) fn promise_on(&self, file_system: &FileSystem) -> Promise {
        match self.claim {
            Claim::TooLittle => Promise::MustBeCaught,
            Claim::KeepsOn(names) if names.contains(&file_system.name) => Promise::Keeps,
            Claim::KeepsOn(_) => Promise::None,
        }
    }

    /// Stores a load in a directory and returns what was promised when.
    pub(crate) fn store(&self, directory: &Path, disk: &Disk, load: &Load) -> Ledger {
        match &self.store {
            Store::Receiver(options) => receiver::store(options, directory, disk, load),
            Store::Dcmtk => dcmtk::store(directory, disk, load),
            Store::Protocol(protocol) => protocol.store(directory, disk, load),
        }
    }
}

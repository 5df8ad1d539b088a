//! The proof that an object is stored.

use std::path::{Path, PathBuf};

/// The proof that an object is stored as the configured durability asks.
///
/// Only the store can make one, once the object is published and as durable as was asked, and
/// [`Discarding`], for a receiver that was told to store nothing. A C-STORE response with status
/// Success can't be built without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    path: PathBuf,
    bytes: u64,
    outcome: Outcome,
}

impl StoredReceipt {
    pub(super) fn new(path: PathBuf, bytes: u64, outcome: Outcome) -> Self {
        Self {
            path,
            bytes,
            outcome,
        }
    }

    /// The file that holds the object. Empty for [`Outcome::Ignored`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the object as it came, in bytes, file meta information included. 0 for
    /// [`Outcome::Ignored`].
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How the object came to its place.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// How a stored object came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Under its name, which was free.
    New,
    /// Under its name, in place of an older file.
    Replaced,
    /// Under a numbered name: the plain one was taken.
    KeptBoth,
    /// Not written: the file under its name has the same transfer syntax and data set.
    Identical,
    /// Not stored, as configured.
    Ignored,
}

/// The store of a receiver that stores nothing (`--ignore`).
#[derive(Clone, Debug, Default)]
pub struct Discarding {
    _only_new: (),
}

impl Discarding {
    /// To be made once, when the receiver is told to discard what it receives.
    pub fn new() -> Self {
        Self::default()
    }

    /// The receipt for an object that was received and discarded.
    pub fn receipt(&self) -> StoredReceipt {
        StoredReceipt::new(PathBuf::new(), 0, Outcome::Ignored)
    }
}

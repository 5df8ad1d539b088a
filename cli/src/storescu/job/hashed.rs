//! Sets that know their members by hashes only.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// A set of things of any length, 16 bytes each and what a hash table needs besides.
///
/// They are known by a hash of 128 bits with keys of this run, so that a chance (or a contrived)
/// collision is out of the question.
#[derive(Debug, Default)]
pub(super) struct HashedSet {
    hashes: HashSet<u128>,
    keys: [RandomState; 2],
}

impl HashedSet {
    fn hash(&self, member: impl Hash) -> u128 {
        let [high, low] = self
            .keys
            .each_ref()
            .map(|keys| u128::from(keys.hash_one(&member)));
        high << 64 | low
    }

    /// Adds a member; false if it was there already.
    pub(super) fn insert(&mut self, member: impl Hash) -> bool {
        self.hashes.insert(self.hash(member))
    }

    /// Whether this is a member.
    pub(super) fn contains(&self, member: impl Hash) -> bool {
        self.hashes.contains(&self.hash(member))
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }
}

//! When connections are to be looked at again.

#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A heap with at most one entry that counts per connection; entries that were overtaken are skipped
/// by whoever takes them out.
#[derive(Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(Instant, u64)>>);

impl Deadlines {
    /// The connection with this ID is to be looked at then.
    pub(super) fn add(&mut self, at: Instant, connection: u64) {
        self.0.push(Reverse((at, connection)));
    }

    /// The next of all.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out the next that has come by `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, u64)> {
        let at = self.next().filter(|at| *at <= now)?;
        let Reverse((_, connection)) = self.0.pop()?;
        Some((at, connection))
    }
}

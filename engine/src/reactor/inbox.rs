//! Bytes that were read before their place was known.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes all inboxes together may hold before reads stop guessing where payload belongs.
/// A wrong guess moves up to a landing chunk to an inbox, and a peer that sends ahead of its
/// responses can provoke one with each object: without this bound, memory would grow with the number
/// of such peers. The most that is reached is this, a chunk for each event loop, and one command for
/// each connection.
const GUESSING_BYTES_MAX: usize = 12 << 20;

/// The memory that an empty inbox keeps, in bytes: a command fits, a megabyte read in the wrong place
/// does not stay.
const INBOX_BYTES_KEPT: usize = 4096;

/// A queue of bytes that could not go where they belong when they were read: what a plan had guessed
/// wrong about, and what came before there was a place for it. Nothing more is read before it is
/// worked off.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: Queue,
    /// The bytes that all inboxes hold, worked off or not.
    total: Arc<AtomicUsize>,
}

/// The bytes of an inbox, in their order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    consumed: usize,
}

impl Queue {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    /// Forgets the first `n` bytes. Returns how many bytes of memory are free again: none before all
    /// is worked off.
    fn consume(&mut self, n: usize) -> usize {
        self.consumed += n;
        if self.consumed < self.bytes.len() {
            return 0;
        }
        let held = self.bytes.len();
        if self.bytes.capacity() > INBOX_BYTES_KEPT {
            // Not shrunk: what stayed of each would keep the allocator from joining what is free.
            *self = Self::default();
        } else {
            self.bytes.clear();
            self.consumed = 0;
        }
        held
    }
}

impl Inbox {
    pub(super) fn new(total: Arc<AtomicUsize>) -> Self {
        Self {
            queue: Queue::default(),
            total,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.bytes().is_empty()
    }

    /// Whether there is room, over all connections, for what a wrong guess would bring.
    pub(super) fn has_room_for_wrong_guesses(&self) -> bool {
        self.total.load(Ordering::Relaxed) < GUESSING_BYTES_MAX
    }

    /// Makes room for `n` bytes that are about to come, in one step.
    pub(super) fn expect(&mut self, n: usize) {
        self.queue.bytes.reserve_exact(n);
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.queue.bytes.extend_from_slice(bytes);
        self.total.fetch_add(bytes.len(), Ordering::Relaxed);
    }

    /// Lends all bytes, to be worked off; [`Inbox::give_back`] follows before anything else.
    pub(super) fn lend(&mut self) -> Queue {
        std::mem::take(&mut self.queue)
    }

    /// Takes the bytes back, of which the first `used` are worked off.
    pub(super) fn give_back(&mut self, mut queue: Queue, used: usize) {
        if used > 0 {
            let freed = queue.consume(used);
            self.total.fetch_sub(freed, Ordering::Relaxed);
        }
        self.queue = queue;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.total
            .fetch_sub(self.queue.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_inboxes_count_together_and_a_closed_one_counts_no_more() {
        let total = Arc::new(AtomicUsize::new(0));
        let mut one = Inbox::new(Arc::clone(&total));
        let mut other = Inbox::new(Arc::clone(&total));
        one.extend(&[1; 100]);
        other.extend(&[2; 50]);
        assert_eq!(total.load(Ordering::Relaxed), 150);
        let lent = one.lend();
        one.give_back(lent, 30);
        assert_eq!(one.queue.bytes().len(), 70);
        assert_eq!(total.load(Ordering::Relaxed), 150, "the memory is held");
        let lent = one.lend();
        one.give_back(lent, 70);
        assert_eq!(total.load(Ordering::Relaxed), 50);
        assert!(other.has_room_for_wrong_guesses());
        other.extend(&vec![0; GUESSING_BYTES_MAX]);
        assert!(!one.has_room_for_wrong_guesses());
        drop(other);
        assert!(one.has_room_for_wrong_guesses());
    }
}

//! Bytes that were read before their place was known.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes may lie in all inboxes together before reads stop guessing where payload belongs.
/// A wrong guess moves up to a landing chunk to an inbox, and a peer that sends ahead of its
/// responses can provoke one with each object: without this bound, memory would grow with the number
/// of such peers. The most that is reached is this, a chunk for each event loop, and one command for
/// each connection.
const GUESSING_BYTES_MAX: usize = 16 << 20;

/// The memory that an empty inbox keeps, in bytes: commands fit, a megabyte read in the wrong place
/// does not stay.
const INBOX_BYTES_KEPT: usize = 4096;

/// A queue of bytes: headers and commands mostly, and now and then payload that a plan had guessed
/// wrong about. Nothing more is read into it before it is worked off.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    consumed: usize,
    /// The bytes in all inboxes.
    total: Arc<AtomicUsize>,
}

impl Inbox {
    pub(super) fn new(total: Arc<AtomicUsize>) -> Self {
        Self {
            bytes: Vec::new(),
            consumed: 0,
            total,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.consumed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is room, over all connections, for what a wrong guess would bring.
    pub(super) fn has_room_for_wrong_guesses(&self) -> bool {
        self.total.load(Ordering::Relaxed) < GUESSING_BYTES_MAX
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.total.fetch_add(bytes.len(), Ordering::Relaxed);
    }

    /// Forgets the first `n` bytes.
    pub(super) fn consume(&mut self, n: usize) {
        self.consumed += n;
        self.total.fetch_sub(n, Ordering::Relaxed);
        if self.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(INBOX_BYTES_KEPT);
            self.consumed = 0;
        }
    }

    /// Reads once, up to `max` bytes. 0 is the end of the stream.
    pub(super) fn read_from(&mut self, source: &mut impl Read, max: usize) -> io::Result<usize> {
        let len = self.bytes.len();
        self.bytes.resize(len + max, 0);
        let result = source.read(&mut self.bytes[len..]);
        let came = result.as_ref().map_or(0, |n| *n);
        self.bytes.truncate(len + came);
        self.total.fetch_add(came, Ordering::Relaxed);
        result
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.total.fetch_sub(self.len(), Ordering::Relaxed);
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
        other
            .read_from(&mut &[2; 50][..], 80)
            .expect("a slice can be read");
        assert_eq!(total.load(Ordering::Relaxed), 150);
        one.consume(30);
        assert_eq!((one.len(), total.load(Ordering::Relaxed)), (70, 120));
        drop(one);
        assert_eq!(total.load(Ordering::Relaxed), 50);
        assert!(other.has_room_for_wrong_guesses());
        other.extend(&vec![0; GUESSING_BYTES_MAX]);
        assert!(!other.has_room_for_wrong_guesses());
    }
}

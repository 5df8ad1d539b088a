//! Bytes that were read before their place was known.

use std::io::{self, Read};

/// A queue of bytes: headers and commands mostly, and now and then payload that a plan had guessed
/// wrong about. Bounded by what one read can bring ([`super::session::Want`]): nothing more is read
/// into it before it is worked off.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    consumed: usize,
}

/// The memory that an empty inbox keeps, in bytes: commands fit, a megabyte read in the wrong place
/// does not stay.
const INBOX_BYTES_KEPT: usize = 4096;

impl Inbox {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.consumed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets the first `n` bytes.
    pub(super) fn consume(&mut self, n: usize) {
        self.consumed += n;
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
        self.bytes.truncate(len + result.as_ref().map_or(0, |n| *n));
        result
    }
}

//! Data sets that come into being while they are sent.

use std::io::Read;

use super::payload::{Payload, PayloadError, Piece, Reach};

/// How many bytes of a stream are held at a time. A few of the largest fragments: the kernel's
/// socket buffer, which is larger, keeps the peer busy while the next block is made.
pub const STREAM_BLOCK_BYTES: usize = 512 * 1024;

/// A data set that is read block by block from whatever makes it: a decoder, a conversion. Memory is
/// one block, however long it gets.
///
/// DICOM marks the last fragment of a data set, so its end must be known when its last bytes are
/// sent: one byte more than a block is read, and kept for the next.
///
/// The reader is called by the thread that sends, and may block it; so give such a connection a
/// thread of its own.
#[derive(Debug)]
pub struct StreamPayload<R> {
    reader: R,
    /// At most [`STREAM_BLOCK_BYTES`] and the byte that was read ahead.
    block: Vec<u8>,
    /// The offset in the data set at which the block begins.
    offset: u64,
}

impl<R: Read> StreamPayload<R> {
    /// All that `reader` gives until its end.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            block: Vec::new(),
            offset: 0,
        }
    }

    /// Reads until the block is full and its successor has begun, or the data set ends.
    fn fill(&mut self) -> Result<(), PayloadError> {
        let room = (STREAM_BLOCK_BYTES + 1).saturating_sub(self.block.len());
        let mut reader = self.reader.by_ref().take(room as u64);
        reader.read_to_end(&mut self.block)?;
        Ok(())
    }

    /// How many bytes of the block can be sent: all but the one that shows that more follow.
    fn available(&self) -> usize {
        self.block.len().min(STREAM_BLOCK_BYTES)
    }

    /// Drops what was sent.
    fn advance_to(&mut self, offset: u64) {
        let passed = usize::try_from(offset.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let passed = passed.min(self.available());
        self.block.drain(..passed);
        self.offset += passed as u64;
    }
}

impl<R: Read> Payload for StreamPayload<R> {
    fn prepare(&mut self, offset: u64) -> Result<Reach, PayloadError> {
        self.advance_to(offset);
        self.fill()?;
        Ok(Reach {
            end: self.offset + self.available() as u64,
            is_last: self.block.len() <= STREAM_BLOCK_BYTES,
        })
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        let start = usize::try_from(offset.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let available = &self.block[..self.available()];
        Piece::Memory(available.get(start..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Gives its bytes in pieces of uneven size.
    struct Uneven<'a>(&'a [u8]);

    impl Read for Uneven<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = (self.0.len() / 2 + 1).min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(n);
            buffer[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    fn send_all(payload: &mut impl Payload) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            let reach = payload.prepare(sent.len() as u64).expect("readable");
            while (sent.len() as u64) < reach.end {
                let Piece::Memory(bytes) = payload.piece(sent.len() as u64) else {
                    panic!("a stream lies in memory");
                };
                // As a socket does, take a part.
                sent.extend_from_slice(&bytes[..bytes.len().min(100_000)]);
            }
            if reach.is_last {
                return sent;
            }
        }
    }

    #[test]
    fn every_length_around_the_block_size_is_read_to_its_end() {
        let data: Vec<u8> = (0..=250).cycle().take(3 * STREAM_BLOCK_BYTES + 2).collect();
        for blocks in 0..=3 {
            let boundary = blocks * STREAM_BLOCK_BYTES;
            for len in [boundary.saturating_sub(1), boundary, boundary + 1] {
                let mut payload = StreamPayload::new(Uneven(&data[..len]));
                assert!(send_all(&mut payload) == data[..len], "{len} bytes");
                assert!(payload.block.capacity() < 2 * STREAM_BLOCK_BYTES + 2);
            }
        }
    }

    #[test]
    fn a_full_block_is_the_last_when_nothing_follows_it() {
        let data = vec![1; STREAM_BLOCK_BYTES];
        let reach = StreamPayload::new(&data[..]).prepare(0).expect("readable");
        let expected = Reach {
            end: STREAM_BLOCK_BYTES as u64,
            is_last: true,
        };
        assert_eq!(reach, expected);
    }

    #[test]
    fn the_readers_error_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("element (0008,0005) is cut short"))
            }
        }
        let error = StreamPayload::new(Broken).prepare(0).expect_err("an error");
        assert_eq!(
            error.to_string(),
            "the data set cannot be read: element (0008,0005) is cut short"
        );
    }
}

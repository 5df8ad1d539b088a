//! Writing past the page cache.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Sink;
use crate::landing::BLOCK_BYTES;

/// A file whose whole blocks go to the disk straight from landing memory.
///
/// What is no whole block, in memory, length and offset, goes through the page cache: the tail of
/// an object, and all that follows when the file system takes the flag but refuses the write. The two never meet
/// in one page, as long as no such piece ends where a whole block begins within its page.
#[derive(Debug)]
pub struct DirectSink {
    file: OwnedFd,
    /// Whether the flag is set.
    is_direct: bool,
    is_refused: bool,
}

impl DirectSink {
    /// A sink for a new, empty file that was opened with `O_DIRECT`.
    pub fn new(file: OwnedFd) -> Self {
        Self {
            file,
            is_direct: true,
            is_refused: false,
        }
    }

    fn set_direct(&mut self, is_direct: bool) -> io::Result<()> {
        if self.is_direct != is_direct {
            // Of all flags only the status flags can be set, and `O_DIRECT` is the only one we use.
            let flags = if is_direct {
                OFlags::DIRECT
            } else {
                OFlags::empty()
            };
            rustix::fs::fcntl_setfl(&self.file, flags)?;
            self.is_direct = is_direct;
        }
        Ok(())
    }
}

impl Sink for DirectSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let whole = whole_blocks(bytes, offset);
        if whole > 0 && !self.is_refused {
            self.set_direct(true)?;
            match rustix::io::pwrite(&self.file, &bytes[..whole], offset) {
                Err(Errno::INVAL) => self.is_refused = true,
                result => return Ok(result?),
            }
        }
        self.set_direct(false)?;
        Ok(rustix::io::pwrite(&self.file, bytes, offset)?)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// How many of the bytes, from the first on, can be written direct.
pub(in crate::store) fn whole_blocks(bytes: &[u8], offset: u64) -> usize {
    let is_aligned = bytes.as_ptr().addr().is_multiple_of(BLOCK_BYTES)
        && offset.is_multiple_of(BLOCK_BYTES as u64);
    if is_aligned {
        bytes.len() - bytes.len() % BLOCK_BYTES
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::landing::{Chunk, LandingConfig, LandingPool};
    use crate::store::tests::support::directories;

    fn chunk() -> Chunk {
        let config = LandingConfig {
            total_bytes: 8 * BLOCK_BYTES,
            chunk_bytes: 4 * BLOCK_BYTES,
        };
        let pool = LandingPool::new(&config).expect("landing memory");
        let mut chunk = pool.take().expect("a free chunk");
        for (place, byte) in chunk.iter_mut().enumerate() {
            *byte = u8::try_from(place % 251).expect("less than 251");
        }
        chunk
    }

    #[test]
    fn only_whole_aligned_blocks_go_direct() {
        let chunk = chunk();
        let block = BLOCK_BYTES as u64;
        assert_eq!(whole_blocks(&chunk, 0), 4 * BLOCK_BYTES);
        assert_eq!(
            whole_blocks(&chunk[..2 * BLOCK_BYTES - 1], block),
            BLOCK_BYTES
        );
        assert_eq!(whole_blocks(&chunk[..BLOCK_BYTES - 1], 0), 0);
        assert_eq!(whole_blocks(&chunk, 512), 0);
        assert_eq!(whole_blocks(&chunk[512..], block), 0);
    }

    #[test]
    fn body_and_tail_meet_in_one_file_in_whatever_order() {
        let chunk = chunk();
        let bytes = &chunk[..3 * BLOCK_BYTES + 77];
        let (all, body) = (bytes.len(), 3 * BLOCK_BYTES);
        let orders = [vec![0..body, body..all], vec![body..all, 0..body]];
        for (directory, parts) in directories()
            .iter()
            .flat_map(|d| orders.iter().map(move |o| (d, o)))
        {
            let path = directory.path().join("file");
            let file = fs::File::create(&path).expect("created");
            // Where direct writes are refused, this tests the rest.
            let _ = rustix::fs::fcntl_setfl(&file, OFlags::DIRECT);
            let mut sink = DirectSink::new(file.into());
            for part in parts {
                let mut done = part.start;
                while done < part.end {
                    done += sink
                        .write_at(&bytes[done..part.end], done as u64)
                        .expect("written");
                }
            }
            assert!(fs::read(&path).expect("read") == bytes);
        }
    }
}

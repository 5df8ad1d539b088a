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
/// an object, and all of it when the file system takes the flag but refuses the write. Once a file
/// has been written through the page cache it stays so to its end, so the two never meet in one
/// page.
#[derive(Debug)]
pub struct DirectSink {
    file: OwnedFd,
    is_direct: bool,
}

impl DirectSink {
    /// A sink for a new, empty file that was opened with `O_DIRECT`.
    pub fn new(file: OwnedFd) -> Self {
        Self {
            file,
            is_direct: true,
        }
    }

    fn leave_direct(&mut self) -> io::Result<()> {
        if self.is_direct {
            // Of all flags only the status flags can be set, and `O_DIRECT` is the only one we use.
            rustix::fs::fcntl_setfl(&self.file, OFlags::empty())?;
            self.is_direct = false;
        }
        Ok(())
    }
}

impl Sink for DirectSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let whole = whole_blocks(bytes, offset);
        if self.is_direct && whole > 0 {
            match rustix::io::pwrite(&self.file, &bytes[..whole], offset) {
                Err(Errno::INVAL) => {}
                result => return Ok(result?),
            }
        }
        self.leave_direct()?;
        Ok(rustix::io::pwrite(&self.file, bytes, offset)?)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// How many of the bytes, from the first on, can be written direct.
fn whole_blocks(bytes: &[u8], offset: u64) -> usize {
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
    fn body_and_tail_meet_in_one_file_and_the_tail_ends_direct_writing() {
        let chunk = chunk();
        let bytes = &chunk[..3 * BLOCK_BYTES + 77];
        for directory in directories() {
            let path = directory.path().join("file");
            let file = fs::File::create(&path).expect("created");
            // Where direct writes are refused, this tests the rest.
            let _ = rustix::fs::fcntl_setfl(&file, OFlags::DIRECT);
            let mut sink = DirectSink::new(file.into());
            let mut done = 0;
            while done < bytes.len() {
                done += sink.write_at(&bytes[done..], done as u64).expect("written");
            }
            let flags = rustix::fs::fcntl_getfl(sink.file()).expect("asked");
            assert!(!flags.contains(OFlags::DIRECT));
            assert!(fs::read(&path).expect("read") == bytes);
        }
    }
}

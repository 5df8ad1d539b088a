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

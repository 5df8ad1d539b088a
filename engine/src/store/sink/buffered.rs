//! Writing through the page cache.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Sink;

/// A file written through the page cache: where direct writes are refused or do not pay.
#[derive(Debug)]
pub struct BufferedSink {
    file: OwnedFd,
}

impl BufferedSink {
    /// A sink for a new, empty file.
    pub fn new(file: OwnedFd) -> Self {
        Self { file }
    }
}

impl Sink for BufferedSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pwrite(&self.file, bytes, offset)?)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

//! Sinks: how the bytes of one file reach the disk.
//!
//! A sink is the system's side of one file, thin on purpose: whatever must hold under faults (short
//! writes resumed, interruptions retried, nothing published after an error) is done above it, so
//! that a test can put a sink that fails in its place and see the store cope.

mod buffered;
mod direct;
mod write_back;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::FallocateFlags;

pub use buffered::BufferedSink;
pub use direct::DirectSink;
pub(super) use direct::whole_blocks;

/// One file being written.
pub trait Sink: Send {
    /// Writes some of `bytes` at `offset`, from the first on, and returns how many: maybe fewer
    /// than there are, as `pwrite` does.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Reserves space for the first `len` bytes of the file. The size of the file does not change.
    fn allocate(&mut self, len: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(
            self.file(),
            FallocateFlags::KEEP_SIZE,
            0,
            len,
        )?)
    }

    /// Makes the file end at `len` and gives back what was reserved beyond.
    fn cut(&mut self, len: u64) -> io::Result<()> {
        Ok(rustix::fs::ftruncate(self.file(), len)?)
    }

    /// Starts moving what lies in the page cache to the device, without waiting for it.
    fn start_write_back(&mut self) -> io::Result<()> {
        write_back::start(self.file())
    }

    /// Waits until all that was written has reached the device, which may still hold it in volatile
    /// memory, and the file system has taken note of where it lies.
    fn finish_write_back(&mut self) -> io::Result<()> {
        write_back::finish(self.file())
    }

    /// Brings all that was written, and what is needed to read it again, to stable storage.
    fn sync_data(&mut self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(self.file())?)
    }

    /// The file.
    fn file(&self) -> BorrowedFd<'_>;
}

/// How a file is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// Past the page cache (`O_DIRECT`, set on the file): the disk reads landing memory itself.
    Direct,
    /// Through the page cache.
    Buffered,
}

/// Makes a sink for each file.
pub trait SinkFactory: Send + Sync {
    /// A sink for a new, empty file. For [`SinkKind::Direct`] it was opened with `O_DIRECT`.
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink>;

    /// Brings the names in a directory to stable storage.
    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        Ok(rustix::fs::fsync(directory)?)
    }
}

/// The sinks of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSinks;

impl SinkFactory for SystemSinks {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        match kind {
            SinkKind::Direct => Box::new(DirectSink::new(file)),
            SinkKind::Buffered => Box::new(BufferedSink::new(file)),
        }
    }
}

//! Objects that land in memory and are written from there.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use memmap2::MmapMut;
use rustix::fs::OFlags;

use crate::landing::{Landing, create, link};

/// Direct writes are whole blocks of this many bytes.
const BLOCK_BYTES: usize = 4096;

/// What is done before Success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    Synced,
    None,
}

/// How bytes get into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Whole blocks past the page cache, the tail through it.
    Direct(Durability),
    /// Through the page cache.
    Buffered,
}

/// A file being written, piece by piece.
pub(crate) struct Writing<'a> {
    directory: Arc<OwnedFd>,
    memory: &'a mut MmapMut,
    way: Way,
    file: Option<OwnedFd>,
    /// What of it is written, in bytes.
    written: u64,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(directory: Arc<OwnedFd>, memory: &'a mut MmapMut, way: Way) -> Self {
        Self {
            directory,
            memory,
            way,
            file: None,
            written: 0,
        }
    }

    fn file(&mut self) -> io::Result<OwnedFd> {
        let direct = match self.way {
            Way::Direct(_) => OFlags::DIRECT,
            Way::Buffered => OFlags::empty(),
        };
        self.file
            .take()
            .map_or_else(|| create(&self.directory, OFlags::WRONLY | direct), Ok)
    }

    fn write(&mut self, file: &OwnedFd, from: usize, to: usize) -> io::Result<()> {
        let mut done = from;
        while done < to {
            let count = rustix::io::pwrite(file, &self.memory[done..to], self.written)?;
            done += count;
            self.written += count as u64;
        }
        Ok(())
    }
}

impl Landing for Writing<'_> {
    fn memory(&mut self) -> io::Result<&mut [u8]> {
        Ok(self.memory)
    }

    fn full(&mut self) -> io::Result<()> {
        let file = self.file()?;
        self.write(&file, 0, self.memory.len())?;
        self.file = Some(file);
        Ok(())
    }

    fn publish(&mut self, filled: usize, name: &str) -> io::Result<()> {
        let file = self.file()?;
        let mut start = 0;
        if let Way::Direct(_) = self.way {
            start = filled - filled % BLOCK_BYTES;
            self.write(&file, 0, start)?;
            rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
        }
        self.write(&file, start, filled)?;
        if self.way == Way::Direct(Durability::Synced) {
            rustix::fs::fdatasync(&file)?;
        }
        self.written = 0;
        link(file.as_fd(), &self.directory, name)
    }
}

//! Objects that land in the page cache of their final file, which is mapped.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{FallocateFlags, OFlags};

use crate::landing::{CHUNK_BYTES, Landing, create, link};

/// The granularity of a mapping, in bytes.
const PAGE_BYTES: usize = 4096;

/// A file being received into.
pub(crate) struct Mapping {
    directory: Arc<OwnedFd>,
    present: Option<(File, MmapMut)>,
    /// Where in the file the mapping begins, in bytes.
    start: u64,
    /// How much is mapped at a time, in bytes: as much as the last object needed.
    window: usize,
}

impl Mapping {
    pub(crate) fn new(directory: Arc<OwnedFd>) -> Self {
        Self {
            directory,
            present: None,
            start: 0,
            window: CHUNK_BYTES,
        }
    }

    fn window_of(&self, file: File) -> io::Result<(File, MmapMut)> {
        let length = self.window as u64;
        rustix::fs::fallocate(&file, FallocateFlags::empty(), self.start, length)?;
        let map = map(&file, self.start, self.window)?;
        Ok((file, map))
    }
}

impl Landing for Mapping {
    fn memory(&mut self) -> io::Result<&mut [u8]> {
        if self.present.is_none() {
            let file = create(&self.directory, OFlags::RDWR)?;
            self.present = Some(self.window_of(File::from(file))?);
        }
        let (_, map) = self.present.as_mut().expect("made above");
        Ok(map)
    }

    fn full(&mut self) -> io::Result<()> {
        if let Some((file, map)) = self.present.take() {
            self.start += map.len() as u64;
            self.present = Some(self.window_of(file)?);
        }
        Ok(())
    }

    fn publish(&mut self, filled: usize, name: &str) -> io::Result<()> {
        let Some((file, map)) = self.present.take() else {
            return Err(io::Error::other("an empty object"));
        };
        drop(map);
        let length = self.start + filled as u64;
        rustix::fs::ftruncate(&file, length)?;
        if self.start == 0 {
            self.window = filled.next_multiple_of(PAGE_BYTES);
        }
        self.start = 0;
        link(file.as_fd(), &self.directory, name)
    }
}

#[expect(unsafe_code, reason = "mapping a file is unsafe whoever does it")]
fn map(file: &File, start: u64, length: usize) -> io::Result<MmapMut> {
    let mut options = MmapOptions::new();
    options.offset(start).len(length);
    // SAFETY: a mapped file is a hazard when it is changed or shortened behind the mapping's back.
    // This one has no name until the mapping is gone, its descriptor is close-on-exec and never
    // handed out, it was just allocated as long as the mapping, and it is cut only after the
    // mapping was dropped.
    unsafe { options.map_mut(file) }
}

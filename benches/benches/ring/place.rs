//! Where objects are stored, from which memory, and how a thread stores one.

#![allow(
    unsafe_code,
    reason = "one system call that no crate that we use offers"
)]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

use libc::{SYNC_FILE_RANGE_WAIT_AFTER, SYNC_FILE_RANGE_WAIT_BEFORE, SYNC_FILE_RANGE_WRITE};
use memmap2::{Advice, MmapMut};
use pdvault_engine::landing::BLOCK_BYTES;
use pdvault_engine::store::SMALL_OBJECT_BYTES_MAX;
use rustix::fs::{AtFlags, Mode, OFlags};

/// The most that is written at once, in bytes: a landing chunk.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// Access rights of what is stored.
pub(crate) const MODE: u32 = 0o644;

/// Writes out what the page cache has of a file and waits for it.
pub(crate) const WRITE_OUT: u32 =
    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

/// What is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Bytes of an object.
    pub(crate) size: usize,
    pub(crate) in_flight: usize,
    pub(crate) is_durable: bool,
}

impl Case {
    /// The bytes that are written direct; the others go through the page cache.
    fn direct_bytes(&self) -> usize {
        if self.size <= SMALL_OBJECT_BYTES_MAX {
            0
        } else {
            self.size - self.size % BLOCK_BYTES
        }
    }
}

/// A directory, and objects in memory that are to go there.
pub(crate) struct Place {
    pub(crate) case: Case,
    pub(crate) directory: OwnedFd,
    /// A place of whole blocks for each object in flight. Writable, or it could not be registered.
    pub(crate) memory: MmapMut,
}

impl Place {
    pub(crate) fn new(case: Case, directory: &Path, is_huge: bool) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut memory = MmapMut::map_anon(case.in_flight * stride(case))?;
        if is_huge {
            memory.advise(Advice::HugePage)?;
        }
        memory.advise(Advice::PopulateWrite)?;
        for (number, place) in memory.chunks_mut(BLOCK_BYTES).enumerate() {
            place.fill(u8::try_from(number % 251).expect("less than 251"));
        }
        Ok(Self {
            case,
            directory: rustix::fs::open(directory, flags, Mode::empty())?,
            memory,
        })
    }

    /// The object in this place of the memory.
    pub(crate) fn object(&self, slot: usize) -> &[u8] {
        &self.memory[slot * stride(self.case)..][..self.case.size]
    }

    /// How its file is opened.
    pub(crate) fn open_flags(&self) -> OFlags {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        if self.case.direct_bytes() > 0 {
            flags | OFlags::DIRECT
        } else {
            flags
        }
    }

    /// The pieces that are written to the file as it was opened, each with its place in it.
    pub(crate) fn pieces(&self, slot: usize) -> impl Iterator<Item = (usize, &[u8])> {
        let object = self.object(slot);
        let end = match self.case.direct_bytes() {
            0 => object.len(),
            direct => direct,
        };
        let pieces = object[..end].chunks(CHUNK_BYTES).enumerate();
        pieces.map(|(index, piece)| (index * CHUNK_BYTES, piece))
    }

    /// What is left to be written through the page cache once the others are written direct.
    pub(crate) fn tail(&self, slot: usize) -> Option<(usize, &[u8])> {
        let start = self.case.direct_bytes();
        let tail = &self.object(slot)[start..];
        (start > 0 && !tail.is_empty()).then_some((start, tail))
    }

    /// Whether the page cache has to be written out before the file gets its name.
    pub(crate) fn writes_out(&self) -> bool {
        self.case.is_durable && self.case.direct_bytes() < self.case.size
    }

    pub(crate) fn create(&self) -> io::Result<OwnedFd> {
        let mode = Mode::from_raw_mode(MODE);
        Ok(rustix::fs::openat(
            &self.directory,
            ".",
            self.open_flags(),
            mode,
        )?)
    }

    /// Stores an object as one of the store's threads does.
    pub(crate) fn store(&self, number: u64, slot: usize) -> io::Result<()> {
        let file = self.create()?;
        for (offset, piece) in self.pieces(slot) {
            write(&file, piece, offset)?;
        }
        if let Some((offset, tail)) = self.tail(slot) {
            leave_direct(file.as_raw_fd())?;
            write(&file, tail, offset)?;
        }
        if self.writes_out() {
            write_out(file.as_raw_fd())?;
        }
        let name = name(number);
        rustix::fs::linkat(&file, "", &self.directory, name, AtFlags::EMPTY_PATH)?;
        Ok(())
    }

    /// Commits all that has a name.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.directory)?)
    }
}

/// From one object in memory to the next, in bytes.
fn stride(case: Case) -> usize {
    case.size.next_multiple_of(BLOCK_BYTES)
}

pub(crate) fn name(number: u64) -> CString {
    CString::new(format!("CT.1.2.826.0.1.3680043.2.{number}")).expect("without NUL")
}

fn write(file: &OwnedFd, bytes: &[u8], offset: usize) -> io::Result<()> {
    let written = rustix::io::pwrite(file, bytes, offset as u64)?;
    if written == bytes.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::WriteZero.into())
    }
}

/// From here on, writes go through the page cache.
pub(crate) fn leave_direct(file: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointers.
    match unsafe { libc::fcntl(file, libc::F_SETFL, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn write_out(file: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointers. From place 0, length 0 is the whole file.
    match unsafe { libc::sync_file_range(file, 0, 0, WRITE_OUT) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

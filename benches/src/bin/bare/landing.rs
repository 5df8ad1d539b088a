//! Where objects land, and what becomes of them from there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memmap2::{Advice, MmapMut};
use rustix::fs::{AtFlags, Mode as Permissions, OFlags};

use crate::mapping::Mapping;
use crate::options::{Mode, Options};
use crate::writing::{Durability, Way, Writing};

/// The landing memory of a connection, in bytes; what is longer comes and goes in pieces of it.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// The same where it should stay in the CPU's cache.
const CACHED_BYTES: usize = 256 << 10;

/// A place for one object after another.
pub(crate) trait Landing {
    /// The memory for the present piece of the object.
    fn memory(&mut self) -> io::Result<&mut [u8]>;
    /// The memory is full, and the object has not ended.
    fn full(&mut self) -> io::Result<()>;
    /// The object ends with the first `filled` bytes of the memory.
    fn publish(&mut self, filled: usize, name: &str) -> io::Result<()>;
}

/// Makes landings: memory is set up at the start, and used again and again.
pub(crate) struct Landings {
    mode: Mode,
    directory: Arc<OwnedFd>,
    memory: Mutex<Vec<MmapMut>>,
}

impl Landings {
    pub(crate) fn new(options: &Options) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(&options.directory, flags, Permissions::empty())?;
        let landings = Self {
            mode: options.mode,
            directory: Arc::new(directory),
            memory: Mutex::default(),
        };
        if options.mode != Mode::Mmap {
            for _ in 0..options.connections_max {
                landings.free().push(landings.map()?);
            }
        }
        Ok(landings)
    }

    fn map(&self) -> io::Result<MmapMut> {
        let is_cached = matches!(self.mode, Mode::Discard | Mode::Buffered);
        let memory = MmapMut::map_anon(if is_cached { CACHED_BYTES } else { CHUNK_BYTES })?;
        memory.advise(Advice::PopulateWrite)?;
        Ok(memory)
    }

    /// Lends a landing to a connection.
    pub(crate) fn lend(
        &self,
        receive: impl FnOnce(&mut dyn Landing) -> io::Result<()>,
    ) -> io::Result<()> {
        let directory = Arc::clone(&self.directory);
        if self.mode == Mode::Mmap {
            return receive(&mut Mapping::new(directory));
        }
        let free = self.free().pop();
        let mut memory = free.map_or_else(|| self.map(), Ok)?;
        let received = match self.mode.way() {
            None => receive(&mut Discarding(&mut memory)),
            Some(way) => receive(&mut Writing::new(directory, &mut memory, way)),
        };
        self.free().push(memory);
        received
    }

    fn free(&self) -> MutexGuard<'_, Vec<MmapMut>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mode {
    /// How objects that have landed in memory are written, if they are.
    fn way(self) -> Option<Way> {
        match self {
            Self::Discard | Self::Mmap => None,
            Self::Durable => Some(Way::Direct(Durability::Synced)),
            Self::NoSync => Some(Way::Direct(Durability::None)),
            Self::Buffered => Some(Way::Buffered),
        }
    }
}

/// Nothing becomes of them.
struct Discarding<'a>(&'a mut MmapMut);

impl Landing for Discarding<'_> {
    fn memory(&mut self) -> io::Result<&mut [u8]> {
        Ok(self.0)
    }

    fn full(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn publish(&mut self, _: usize, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// A file without a name.
pub(crate) fn create(directory: &OwnedFd, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::TMPFILE | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(
        directory,
        ".",
        flags,
        Permissions::from_raw_mode(0o644),
    )?)
}

/// Gives it one. Needs Linux 6.10, or the right to search every directory.
pub(crate) fn link(file: BorrowedFd<'_>, directory: &OwnedFd, name: &str) -> io::Result<()> {
    Ok(rustix::fs::linkat(
        file,
        "",
        directory.as_fd(),
        name,
        AtFlags::EMPTY_PATH,
    )?)
}

//! By one ring that the loop drives: what blocks is taken over by the kernel's own workers.
//!
//! What is done to one file is a chain of operations that the ring runs one after the other, with a
//! completion for the last. A file that was opened by the ring needs at least two chains, because its
//! descriptor is known only then, and a link can be made only by descriptor. Where the page cache
//! takes the tail of an object it is three, because no operation of the ring ends direct writing.

#![expect(unsafe_code, reason = "entries that point to memory")]

use std::collections::VecDeque;
use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::sync::Arc;

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{DestinationSlot, Fd, Fixed};
use io_uring::{IoUring, opcode};
use pdvault_engine::store::WRITERS_DEFAULT;
use rustix::fs::OFlags;

use crate::Storing;
use crate::place::{MODE, Place, WRITE_OUT, leave_direct, name};

/// Operations started between two waits: 64 objects of nine pieces fit.
const ENTRIES: u32 = 1024;

/// The one registered buffer: all of the memory.
const BUFFER: u16 = 0;

/// After so many milliseconds without work the kernel's polling thread sleeps.
const POLLING_IDLE_MS: u32 = 50;

/// Who opens files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// The loop, by a system call.
    Loop,
    /// The ring.
    Ring,
    /// The ring, into its own table of files, so that writing needs no second chain. A link needs a
    /// descriptor all the same, which is made from the table.
    Table,
}

/// One way to use a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) opens: Opens,
    /// Whether the memory is registered.
    pub(crate) is_registered: bool,
    /// Whether a thread of the kernel looks for operations (`SQPOLL`).
    pub(crate) is_polled: bool,
}

/// What a chain ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The file is open; the result is its descriptor.
    Opened,
    /// Likewise, and written as far as that goes with the flags that it was opened with.
    Begun,
    /// Written as far as that goes.
    Written,
    /// It has its name and is closed.
    Published,
    /// A group is committed.
    Committed,
}

const STEPS: [Step; 5] = [
    Step::Opened,
    Step::Begun,
    Step::Written,
    Step::Published,
    Step::Committed,
];

#[derive(Clone, Copy)]
enum Target {
    Descriptor(RawFd),
    Table(u32),
}

/// An object in flight.
#[derive(Default)]
struct Flight {
    name: CString,
    file: RawFd,
}

/// See the [module documentation](self).
pub(crate) struct Ring {
    /// Before what its entries point to, so that it goes first.
    io: IoUring,
    manner: Manner,
    place: Arc<Place>,
    flights: Vec<Flight>,
    published: Vec<usize>,
    committing: Vec<usize>,
    finished: VecDeque<usize>,
}

impl Ring {
    pub(crate) fn new(place: &Arc<Place>, manner: Manner) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder.setup_single_issuer();
        if manner.is_polled {
            builder.setup_sqpoll(POLLING_IDLE_MS);
        } else {
            builder.setup_coop_taskrun().setup_defer_taskrun();
        }
        let io = builder.build(ENTRIES)?;
        let submitter = io.submitter();
        let workers = u32::try_from(WRITERS_DEFAULT).expect("few");
        submitter.register_iowq_max_workers(&mut [workers, 0])?;
        let slots = place.case.in_flight;
        submitter.register_files_sparse(u32::try_from(slots).expect("few"))?;
        if manner.is_registered {
            let memory = libc::iovec {
                iov_base: place.memory.as_ptr().cast_mut().cast(),
                iov_len: place.memory.len(),
            };
            // SAFETY: the memory goes after the ring (order of the fields), and is only read.
            unsafe { submitter.register_buffers(&[memory])? };
        }
        Ok(Self {
            io,
            manner,
            place: Arc::clone(place),
            flights: (0..slots).map(|_| Flight::default()).collect(),
            published: Vec::new(),
            committing: Vec::new(),
            finished: VecDeque::new(),
        })
    }

    // Chains.

    fn open(&self) -> opcode::OpenAt {
        let mut flags = self.place.open_flags();
        // What is in the table is not inherited anyway, and the ring refuses to be told.
        flags.set(OFlags::CLOEXEC, self.manner.opens != Opens::Table);
        opcode::OpenAt::new(Fd(self.place.directory.as_raw_fd()), c".".as_ptr())
            .flags(flags.bits().cast_signed())
            .mode(MODE)
    }

    fn write(&self, target: Target, (offset, bytes): (usize, &[u8])) -> Entry {
        let len = u32::try_from(bytes.len()).expect("a chunk at most");
        let (bytes, offset) = (bytes.as_ptr(), offset as u64);
        match (target, self.manner.is_registered) {
            (Target::Descriptor(file), false) => opcode::Write::new(Fd(file), bytes, len)
                .offset(offset)
                .build(),
            (Target::Descriptor(file), true) => {
                opcode::WriteFixed::new(Fd(file), bytes, len, BUFFER)
                    .offset(offset)
                    .build()
            }
            (Target::Table(file), _) => opcode::WriteFixed::new(Fixed(file), bytes, len, BUFFER)
                .offset(offset)
                .build(),
        }
    }

    fn writes(&self, slot: usize, target: Target) -> Vec<Entry> {
        let pieces = self.place.pieces(slot);
        pieces.map(|piece| self.write(target, piece)).collect()
    }

    /// What is left once everything is written: out to the disk, a name, the end.
    fn ending(&self, slot: usize) -> Vec<Entry> {
        let Flight { name, file } = &self.flights[slot];
        let file = Fd(*file);
        let directory = Fd(self.place.directory.as_raw_fd());
        let mut chain = Vec::new();
        if self.place.writes_out() {
            let all = opcode::SyncFileRange::new(file, 0).flags(WRITE_OUT);
            chain.push(all.build());
        }
        let link = opcode::LinkAt::new(file, c"".as_ptr(), directory, name.as_ptr());
        chain.push(link.flags(libc::AT_EMPTY_PATH).build());
        chain.push(opcode::Close::new(file).build());
        chain
    }

    fn push(&mut self, mut chain: Vec<Entry>, slot: usize, step: Step) -> io::Result<()> {
        let last = chain.len() - 1;
        let key = (slot * STEPS.len() + step as usize) as u64;
        for (index, entry) in chain.iter_mut().enumerate() {
            let flags = if index < last {
                Flags::IO_LINK | Flags::SKIP_SUCCESS
            } else {
                Flags::empty()
            };
            *entry = entry.clone().flags(flags).user_data(key);
        }
        // All at once: a thread that polls would take a part of a chain for the whole.
        // SAFETY: they point to the memory of objects, which is only read and goes after the ring, to
        // constants, or to a name, which stays until the object has ended.
        unsafe { self.io.submission().push_multiple(&chain) }.map_err(io::Error::other)
    }

    // Steps.

    fn opened(&mut self, slot: usize, file: RawFd) -> io::Result<()> {
        self.flights[slot].file = file;
        let mut chain = self.writes(slot, Target::Descriptor(file));
        if self.place.tail(slot).is_some() {
            return self.push(chain, slot, Step::Written);
        }
        chain.extend(self.ending(slot));
        self.push(chain, slot, Step::Published)
    }

    fn written(&mut self, slot: usize) -> io::Result<()> {
        let file = self.flights[slot].file;
        let mut chain = Vec::new();
        if let Some(tail) = self.place.tail(slot) {
            leave_direct(file)?;
            chain.push(self.write(Target::Descriptor(file), tail));
        }
        chain.extend(self.ending(slot));
        self.push(chain, slot, Step::Published)
    }

    fn published(&mut self, slot: usize) {
        if self.place.case.is_durable {
            self.published.push(slot);
        } else {
            self.finished.push_back(slot);
        }
    }

    /// Starts a commit of what has gathered, unless one is under way.
    fn commit(&mut self) -> io::Result<()> {
        if self.published.is_empty() || !self.committing.is_empty() {
            return Ok(());
        }
        mem::swap(&mut self.published, &mut self.committing);
        let sync = opcode::Fsync::new(Fd(self.place.directory.as_raw_fd()));
        self.push(vec![sync.build()], 0, Step::Committed)
    }

    fn begin_in_table(&mut self, slot: usize) -> io::Result<()> {
        let index = u32::try_from(slot).expect("few");
        let target = DestinationSlot::try_from_slot_target(index).expect("small");
        let mut chain = vec![self.open().file_index(Some(target)).build()];
        chain.extend(self.writes(slot, Target::Table(index)));
        chain.push(opcode::FixedFdInstall::new(Fixed(index), 0).build());
        self.push(chain, slot, Step::Begun)
    }

    fn reap(&mut self) -> io::Result<()> {
        let ended: Vec<_> = self.io.completion().collect();
        for entry in ended {
            let key = usize::try_from(entry.user_data()).expect("one of ours");
            let (slot, step) = (key / STEPS.len(), STEPS[key % STEPS.len()]);
            let result = entry.result();
            if result < 0 {
                return Err(io::Error::from_raw_os_error(-result));
            }
            match step {
                Step::Opened => self.opened(slot, result)?,
                Step::Begun => {
                    self.flights[slot].file = result;
                    self.written(slot)?;
                }
                Step::Written => self.written(slot)?,
                Step::Published => self.published(slot),
                Step::Committed => self.finished.extend(self.committing.drain(..)),
            }
        }
        Ok(())
    }
}

impl Storing for Ring {
    fn start(&mut self, number: u64, slot: usize) -> io::Result<()> {
        self.flights[slot].name = name(number);
        match self.manner.opens {
            Opens::Loop => {
                let file = self.place.create()?;
                self.opened(slot, file.into_raw_fd())
            }
            Opens::Ring => self.push(vec![self.open().build()], slot, Step::Opened),
            Opens::Table => self.begin_in_table(slot),
        }
    }

    fn finished(&mut self) -> io::Result<usize> {
        loop {
            if let Some(slot) = self.finished.pop_front() {
                return Ok(slot);
            }
            self.commit()?;
            self.io.submit_and_wait(1)?;
            self.reap()?;
        }
    }
}

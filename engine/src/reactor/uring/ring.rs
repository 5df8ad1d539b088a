//! The ring, and all that is in flight through it.
//!
//! **Memory belongs to the kernel until its completion is seen.** Whatever memory an operation takes is
//! owned by the [`Operation`] itself. [`Ring::start`] takes the operation over, and only its completion,
//! through [`Ring::reap`], takes it out again; nothing else in between can touch, move or free that
//! memory. So it does not matter what happens to the connection meanwhile, or in which order the parts
//! of a loop are dropped. When the ring itself is dropped, after an error or a panic as after a clean
//! end, it cancels what is left and waits for the completions; should the kernel not give everything
//! back in time, the memory is leaked rather than freed.

#![expect(unsafe_code, reason = "entries that point to memory")]

use std::collections::VecDeque;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use slab::Slab;
use tracing::warn;

use super::buffers::{Buffers, Filled};
use super::operation::Operation;

/// Marks of entries that take no memory and belong to no connection. Keys of operations are small.
const ACCEPT: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;
const CANCEL: u64 = u64::MAX - 2;

/// `POLLIN`, as wide as an entry has it.
const POLL_IN: u32 = libc::POLLIN as u32;

/// How long the end of a ring waits for the kernel to give memory back. Sockets let go at once; this is
/// for a machine that hardly moves.
const GIVE_BACK: Duration = Duration::from_secs(10);

/// How long a loop waits when the kernel has no memory for requests.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(1);

/// How many entries the two queues of a ring have; powers of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Operations started between two waits; further ones cost a system call more.
    pub(super) submissions: u32,
    /// Completions between two looks; further ones are kept by the kernel until there is room
    /// (`IORING_FEAT_NODROP`), which costs it memory and time.
    pub(super) completions: u32,
}

/// A turn of a thousand connections.
pub(super) const SIZES: Sizes = Sizes {
    submissions: 1024,
    completions: 4096,
};

/// What names an operation in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(usize);

/// What a look at the completions brought.
#[derive(Debug)]
pub(super) enum Completion {
    /// Somebody rang. `is_over`: the bell is not watched any more.
    Bell { is_over: bool },
    /// A connection, or why there is none. `is_over`: there will not be another.
    Accepted {
        result: io::Result<OwnedFd>,
        is_over: bool,
    },
    /// An operation of a connection has ended.
    Ended(usize, Ended),
}

/// An operation that the kernel has given back.
#[derive(Debug)]
pub(in crate::reactor) struct Ended {
    pub(super) operation: Operation,
    /// How many bytes, where it moves bytes.
    pub(super) result: io::Result<usize>,
    /// The buffer that was filled, where one is chosen.
    pub(super) filled: Option<Filled>,
    /// Whether there is more to be received.
    pub(super) has_more: bool,
}

struct InFlight {
    connection: usize,
    operation: Operation,
}

/// See the [module documentation](self).
pub(super) struct Ring {
    io: ManuallyDrop<IoUring>,
    in_flight: Slab<InFlight>,
    buffers: ManuallyDrop<Buffers>,
    /// Entries that found the queue full.
    backlog: VecDeque<squeue::Entry>,
    is_enabled: bool,
}

impl Ring {
    /// A ring that can be moved to its thread; nothing happens before [`Ring::enable`].
    pub(super) fn new(sizes: Sizes) -> io::Result<Self> {
        let io = IoUring::builder()
            .setup_r_disabled()
            .setup_single_issuer()
            .setup_coop_taskrun()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_cqsize(sizes.completions)
            .build(sizes.submissions)?;
        let buffers = Buffers::new()?;
        // SAFETY: `drop` frees the buffers after the ring, and once nothing is in flight; else never.
        unsafe { buffers.register(&io)? };
        Ok(Self {
            io: ManuallyDrop::new(io),
            in_flight: Slab::new(),
            buffers: ManuallyDrop::new(buffers),
            backlog: VecDeque::new(),
            is_enabled: false,
        })
    }

    pub(super) fn io(&self) -> &IoUring {
        &self.io
    }

    /// From here on the ring belongs to this thread.
    pub(super) fn enable(&mut self) -> io::Result<()> {
        self.io.submitter().register_enable_rings()?;
        self.is_enabled = true;
        Ok(())
    }

    // Asking.

    /// Accepts connections until it is said to be over.
    pub(super) fn accept(&mut self, listener: BorrowedFd<'_>) {
        let entry = opcode::AcceptMulti::new(Fd(listener.as_raw_fd()))
            .flags(libc::SOCK_CLOEXEC)
            .build()
            .user_data(ACCEPT);
        self.push(entry);
    }

    pub(super) fn cancel_accept(&mut self) {
        self.push_cancel(ACCEPT);
    }

    /// Tells of each write to this `eventfd`.
    pub(super) fn watch_bell(&mut self, bell: BorrowedFd<'_>) {
        let entry = opcode::PollAdd::new(Fd(bell.as_raw_fd()), POLL_IN)
            .multi(true)
            .build()
            .user_data(BELL);
        self.push(entry);
    }

    /// Starts an operation on the socket of a connection, which stays open until it has ended.
    pub(super) fn start(
        &mut self,
        connection: usize,
        socket: BorrowedFd<'_>,
        operation: Operation,
    ) -> Key {
        let key = self.in_flight.insert(InFlight {
            connection,
            operation,
        });
        let operation = &mut self.in_flight[key].operation;
        let entry = operation.entry(socket.as_raw_fd()).user_data(key as u64);
        self.push(entry);
        Key(key)
    }

    /// Asks for an operation to end early. It ends as any other.
    pub(super) fn cancel(&mut self, Key(key): Key) {
        self.push_cancel(key as u64);
    }

    fn push_cancel(&mut self, user_data: u64) {
        let entry = opcode::AsyncCancel2::new(CancelBuilder::user_data(user_data))
            .build()
            .user_data(CANCEL);
        self.push(entry);
    }

    /// Queues an entry; in order, even when the queue is full.
    fn push(&mut self, entry: squeue::Entry) {
        // SAFETY: as in `push_backlog`.
        if self.backlog.is_empty() && unsafe { self.io.submission().push(&entry) }.is_ok() {
            return;
        }
        self.backlog.push_back(entry);
        // Makes room. An error shows again at the next wait.
        let _ = self.io.submit();
        self.push_backlog();
    }

    fn push_backlog(&mut self) {
        let mut queue = self.io.submission();
        while let Some(entry) = self.backlog.front() {
            // SAFETY: an entry points to nothing, or to the memory of an operation in `in_flight`,
            // which stays until the completion (see the module documentation).
            if unsafe { queue.push(entry) }.is_err() {
                return;
            }
            self.backlog.pop_front();
        }
    }

    // Waiting.

    /// Gives everything that was asked to the kernel, and waits until something has completed or
    /// `timeout` has passed.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.push_backlog();
        let done = match timeout {
            None => self.io.submit_and_wait(1),
            Some(Duration::ZERO) => self.io.submit_and_wait(0),
            Some(timeout) => {
                let timeout = Timespec::from(timeout);
                let arguments = SubmitArgs::new().timespec(&timeout);
                self.io.submitter().submit_with_args(1, &arguments)
            }
        };
        match done {
            Err(error) if !is_passing(&error) => Err(error),
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {
                // Short of memory. To ask again at once would only keep a CPU busy.
                std::thread::sleep(SHORTAGE_PAUSE);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The next completion.
    pub(super) fn reap(&mut self) -> Option<Completion> {
        loop {
            let entry = self.io.completion().next()?;
            let is_over = !cqueue::more(entry.flags());
            match entry.user_data() {
                BELL => return Some(Completion::Bell { is_over }),
                CANCEL => {}
                ACCEPT => {
                    // SAFETY: a descriptor that the kernel has just made, for whoever reads this entry.
                    let owned = |_| unsafe { OwnedFd::from_raw_fd(entry.result()) };
                    let result = result_of(&entry).map(owned);
                    return Some(Completion::Accepted { result, is_over });
                }
                key => {
                    if let Some(ended) = self.end(key, &entry) {
                        return Some(ended);
                    }
                }
            }
        }
    }

    fn end(&mut self, key: u64, entry: &cqueue::Entry) -> Option<Completion> {
        let in_flight = self.in_flight.try_remove(usize::try_from(key).ok()?)?;
        let ended = Ended {
            operation: in_flight.operation,
            result: result_of(entry),
            filled: Buffers::filled(entry),
            has_more: cqueue::sock_nonempty(entry.flags()),
        };
        Some(Completion::Ended(in_flight.connection, ended))
    }

    /// The bytes of a buffer that was filled.
    pub(super) fn bytes<'a>(&'a self, filled: &'a Filled) -> &'a [u8] {
        self.buffers.bytes(filled)
    }

    /// A receive found no buffer.
    pub(super) fn add_buffers(&mut self) {
        self.buffers.grow();
    }

    /// Gives a buffer back for others.
    pub(super) fn give_back(&mut self, filled: Filled) {
        self.buffers.give_back(filled);
    }

    // The end.

    /// Cancels everything and waits until the kernel has let go of it; says whether it has.
    fn end_all(&mut self) -> bool {
        let deadline = Instant::now() + GIVE_BACK;
        while self.is_enabled {
            // Once more each time: an operation that was just about to be tried is found by the next.
            let entry = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
            self.push(entry.user_data(CANCEL));
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait(Some(left)).is_err() {
                break;
            }
            // Connections that were accepted meanwhile are closed.
            while self.reap().is_some() {}
            if self.in_flight.is_empty() {
                break;
            }
        }
        self.in_flight.is_empty()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let is_all_back = self.end_all();
        // SAFETY: dropped once, here, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.io) };
        if is_all_back {
            // SAFETY: likewise. Nothing is in flight that could choose a buffer.
            unsafe { ManuallyDrop::drop(&mut self.buffers) };
        } else {
            warn!("memory of receives that the system did not give back in time is lost");
            mem::forget(mem::take(&mut self.in_flight));
        }
    }
}

fn result_of(entry: &cqueue::Entry) -> io::Result<usize> {
    usize::try_from(entry.result())
        .map_err(|_| io::Error::from_raw_os_error(entry.result().saturating_neg()))
}

/// Whether a wait failed for a reason that passes: the time is over, a signal came, completions are
/// to be taken first, or the kernel is short of memory for requests.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)
    )
}

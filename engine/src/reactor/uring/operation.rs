//! What is asked of the kernel for a connection, and the memory that it takes.

#![expect(unsafe_code, reason = "a message header is made of zeroes")]

use std::os::fd::RawFd;
use std::ptr;

use arrayvec::ArrayVec;
use io_uring::{opcode, squeue, types};
use libc::{iovec, msghdr};

use crate::pdu::framer::{PLAN_SEGMENTS_MAX, ScatterPlan};
use crate::reactor::session::{HEADERS_BYTES, Landing, TRASH_BYTES, read_vector};

use super::buffers::GROUP;
use super::held::Held;

/// The most bytes of output that are given to the kernel at a time: some tens of responses.
pub(super) const SEND_BYTES: usize = 4096;

/// `IORING_RECVSEND_POLL_FIRST`: wait for data before looking for it.
const POLL_FIRST: u16 = 1;

/// Whether a receive should try at once, or is known to find nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// There is, or may be, something.
    Now,
    /// There is nothing yet.
    WhenReadable,
    /// There should be something; if there is not, fail (`EAGAIN`) rather than hold the memory.
    NowOrNever,
}

/// One operation of a connection, with all memory that the kernel may touch for it. An operation in
/// flight belongs to the [`super::ring::Ring`].
#[derive(Debug)]
pub(super) enum Operation {
    /// Wait until there is something to read. Takes no memory.
    Poll,
    /// Receive at most this many bytes into a buffer of the ring's group, which is chosen when there
    /// are bytes: until then it takes no memory.
    Control { max: u32, attempt: Attempt },
    /// Receive by a plan.
    Scatter { room: Held<Room>, attempt: Attempt },
    /// Send.
    Send(Held<Outgoing>),
}

impl Operation {
    /// What the kernel is told. The entry points into the memory of the operation, and nowhere else.
    pub(super) fn entry(&mut self, fd: RawFd) -> squeue::Entry {
        let fd = types::Fd(fd);
        match self {
            Self::Poll => {
                let events = libc::POLLIN | libc::POLLRDHUP;
                #[expect(clippy::cast_sign_loss, reason = "a set of bits")]
                opcode::PollAdd::new(fd, events as u32).build()
            }
            Self::Control { max, attempt } => opcode::Recv::new(fd, ptr::null_mut(), *max)
                .buf_group(GROUP)
                .ioprio(attempt.ioprio())
                .flags(attempt.flags())
                .build()
                .flags(squeue::Flags::BUFFER_SELECT),
            #[expect(clippy::cast_sign_loss, reason = "a set of bits")]
            Self::Scatter { room, attempt } => opcode::RecvMsg::new(fd, room.message())
                .ioprio(attempt.ioprio())
                .flags(attempt.flags() as u32)
                .build(),
            Self::Send(outgoing) => {
                let bytes = outgoing.bytes();
                // No more than `SEND_BYTES`.
                #[expect(clippy::cast_possible_truncation)]
                opcode::Send::new(fd, bytes.as_ptr(), bytes.len() as u32).build()
            }
        }
    }
}

impl Attempt {
    fn ioprio(self) -> u16 {
        match self {
            Self::WhenReadable => POLL_FIRST,
            Self::Now | Self::NowOrNever => 0,
        }
    }

    fn flags(self) -> i32 {
        match self {
            Self::NowOrNever => libc::MSG_DONTWAIT,
            Self::Now | Self::WhenReadable => 0,
        }
    }
}

/// All that a receive by a plan needs: where it goes, and the memory for headers.
pub(super) struct Room {
    pub(super) plan: ScatterPlan,
    /// `None` only outside of a receive.
    pub(super) landing: Option<Landing>,
    pub(super) headers: Held<[u8]>,
    /// There while the landing is [`Landing::Trash`].
    pub(super) trash: Option<Held<[u8]>>,
    vector: ArrayVec<Piece, PLAN_SEGMENTS_MAX>,
    message: Message,
}

/// A stretch of memory as the kernel is told of it.
#[repr(transparent)]
struct Piece(iovec);

/// What the kernel is told of a vector.
#[repr(transparent)]
struct Message(msghdr);

// SAFETY: the pointers mean something to the kernel only, which does not care about threads.
unsafe impl Send for Piece {}

// SAFETY: likewise.
unsafe impl Send for Message {}

impl Room {
    pub(super) fn new() -> Self {
        // SAFETY: no name, no control data, no vector: all zeroes is the empty message header.
        let message = unsafe { std::mem::zeroed() };
        Self {
            plan: ScatterPlan::new(),
            landing: None,
            headers: vec![0; HEADERS_BYTES].into_boxed_slice().into(),
            trash: None,
            vector: ArrayVec::new(),
            message: Message(message),
        }
    }

    /// The message header, with a vector that points to the memory of the plan.
    fn message(&mut self) -> *mut msghdr {
        let Self {
            plan,
            landing,
            headers,
            trash,
            vector,
            message: Message(message),
        } = self;
        vector.clear();
        if let Some(landing) = landing {
            let trash = trash.as_deref_mut().unwrap_or_default();
            let places = read_vector(plan, landing, headers, trash);
            vector.extend(places.into_iter().map(|mut place| {
                Piece(iovec {
                    iov_base: place.as_mut_ptr().cast(),
                    iov_len: place.len(),
                })
            }));
        }
        message.msg_iov = vector.as_mut_ptr().cast();
        message.msg_iovlen = vector.len() as _;
        message
    }
}

/// Memory for payload that nobody wants.
pub(super) fn trash() -> Held<[u8]> {
    vec![0; TRASH_BYTES].into_boxed_slice().into()
}

/// A copy of the first bytes of a session's output, which stays where it is until it is sent; the
/// session's own may be moved whenever it queues more.
pub(super) struct Outgoing(ArrayVec<u8, SEND_BYTES>);

impl Outgoing {
    pub(super) fn new() -> Self {
        Self(ArrayVec::new())
    }

    /// Takes as much of the output as there is room for.
    pub(super) fn fill(&mut self, output: &[u8]) {
        self.0.clear();
        let fits = &output[..output.len().min(SEND_BYTES)];
        self.0
            .try_extend_from_slice(fits)
            .expect("cut to what there is room for");
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

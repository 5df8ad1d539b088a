//! What a turn does with what has ended, and what it starts.

#![forbid(unsafe_code)]

use std::io;
use std::os::fd::AsFd;

use crate::association::READ_AHEAD_BYTES;
use crate::reactor::session::{Landing, Session, Turn, Want};
use crate::reactor::statistics::Counter;

use super::UringBackend;
use super::buffers::Filled;
use super::held::Held;
use super::operation::{Attempt, Operation, Outgoing, Room};
use super::ring::Ended;
use super::socket::{Receiving, Socket};

/// Rooms and send buffers that are kept for the next use: more than a loop usually has in flight.
const SPARE_MAX: usize = 256;

impl UringBackend {
    // Receiving.

    /// Starts what the session wants next. Returns whether it could go on at once.
    pub(super) fn receive(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        if socket.is_receiving() {
            return false;
        }
        match session.want() {
            Want::Nothing => false,
            Want::Pump => true,
            Want::Drain => self.receive_small(socket, READ_AHEAD_BYTES),
            Want::Control(max) => self.receive_small(socket, max),
            Want::Chunk | Want::Discard if !socket.is_readable => {
                self.start_small(socket, Operation::Poll)
            }
            Want::Chunk => session.take_chunk(turn),
            Want::Scatter => {
                let attempt = socket.attempt();
                self.receive_payload(socket, session, attempt, None)
            }
            Want::Discard => match self.trash.pop() {
                Some(trash) => {
                    self.receive_payload(socket, session, Attempt::NowOrNever, Some(trash))
                }
                None => true,
            },
        }
    }

    fn receive_small(&mut self, socket: &mut Socket, max: usize) -> bool {
        let attempt = socket.attempt();
        // No more than `READ_AHEAD_BYTES`.
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        self.start_small(socket, Operation::Control { max, attempt })
    }

    fn start_small(&mut self, socket: &mut Socket, operation: Operation) -> bool {
        let key = self
            .ring
            .start(socket.index, socket.stream.as_fd(), operation);
        socket.receiving = Receiving::Small(key);
        false
    }

    fn receive_payload(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        attempt: Attempt,
        trash: Option<Held<[u8]>>,
    ) -> bool {
        let mut room = self
            .rooms
            .pop()
            .unwrap_or_else(|| Held::from(Box::new(Room::new())));
        room.plan = session.plan();
        room.landing = Some(session.lend());
        room.trash = trash;
        let operation = Operation::Scatter { room, attempt };
        let key = self
            .ring
            .start(socket.index, socket.stream.as_fd(), operation);
        socket.receiving = Receiving::Payload(key);
        false
    }

    /// Hands what a receive brought to the session.
    pub(super) fn take_received(
        &mut self,
        ended: Ended,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) {
        socket.receiving = Receiving::Nothing;
        let was_cancelled = std::mem::take(&mut socket.is_cancelled);
        let Ended {
            operation,
            result,
            filled,
            has_more,
        } = ended;
        socket.is_readable = has_more;
        let n = result.as_ref().copied().unwrap_or(0);
        match operation {
            Operation::Poll => {
                socket.is_readable = result.is_ok();
                return;
            }
            Operation::Control { .. } => {
                if let Some(filled) = filled {
                    self.take_small(&filled, session, turn);
                    self.ring.give_back(filled);
                }
            }
            Operation::Scatter { room, .. } => {
                self.settle(room, n, session, turn);
                if was_cancelled && n == 0 {
                    session.yield_chunk(true, turn);
                }
            }
            Operation::Send(_) => unreachable!("a send is not a receive"),
        }
        match result {
            Ok(0) => session.connection_closed(turn),
            Ok(n) => turn
                .context
                .statistics
                .add(Counter::BytesReceived, n as u64),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                // All buffers are in use; in the next turn they are back.
                self.ring.add_buffers();
                socket.is_readable = true;
            }
            Err(error) if is_passing(&error) => {}
            Err(_) => session.connection_closed(turn),
        }
    }

    fn take_small(&mut self, filled: &Filled, session: &mut Session, turn: &mut Turn<'_>) {
        let bytes = self.ring.bytes(filled);
        if session.want() == Want::Drain {
            session.drained(bytes.len());
        } else {
            session.take(bytes, turn);
        }
    }

    fn settle(
        &mut self,
        mut room: Held<Room>,
        n: usize,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) {
        let Room {
            plan,
            landing,
            headers,
            trash,
            ..
        } = &mut *room;
        let landing = landing.take().unwrap_or(Landing::Trash);
        let unwanted = trash.as_deref().unwrap_or_default();
        session.settle(plan, n, landing, (headers, unwanted), turn);
        self.trash.extend(trash.take());
        keep_spare(&mut self.rooms, room);
    }

    // Sending.

    pub(super) fn send(&mut self, socket: &mut Socket, session: &Session) {
        if socket.sending.is_some() || session.output().is_empty() {
            return;
        }
        let mut outgoing = self
            .outgoing
            .pop()
            .unwrap_or_else(|| Held::from(Box::new(Outgoing::new())));
        outgoing.fill(session.output());
        let operation = Operation::Send(outgoing);
        let key = self
            .ring
            .start(socket.index, socket.stream.as_fd(), operation);
        socket.sending = Some(key);
    }

    pub(super) fn take_sent(
        &mut self,
        ended: Ended,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) {
        socket.sending = None;
        if let Operation::Send(outgoing) = ended.operation {
            keep_spare(&mut self.outgoing, outgoing);
        }
        match ended.result {
            Ok(n) => session.sent(n, turn.now),
            Err(error) if is_passing(&error) => {}
            Err(_) => session.connection_closed(turn),
        }
    }
}

/// Whether an operation failed as it was asked to, or because the socket is not ready.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ECANCELED | libc::EINTR | libc::EAGAIN)
    )
}

fn keep_spare<T>(spare: &mut Vec<T>, one: T) {
    if spare.len() < SPARE_MAX {
        spare.push(one);
    }
}

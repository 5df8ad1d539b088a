//! The backend over `io_uring`.
//!
//! Every connection has at most one receive and one send in flight. A turn of the loop gives all new
//! ones to the kernel, and waits for the first to complete, in one system call. Bytes that are there
//! already are received within that call, straight to where they stay.

mod buffers;
mod held;
mod operation;
mod probe;
mod ring;
mod socket;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use crate::association::READ_AHEAD_BYTES;
use crate::landing::Wake;

use super::backend::{Accepted, Backend, News};
use super::driver::UringUnavailable;
use super::session::{Landing, Session, Turn, Want};
use super::statistics::{Counter, Counters};

use buffers::Filled;
use held::Held;
use operation::{Attempt, Operation, Outgoing, Room, SEND_BYTES, trash};
use ring::{Completion, Ended, Ring, SIZES};
use socket::{Receiving, Socket};

/// Receives into memory for unwanted payload that may be in flight in one turn; the others wait for the
/// next.
const TRASH_MAX: usize = 8;

/// Rooms and send buffers that are kept for the next use: more than a loop usually has in flight.
const SPARE_MAX: usize = 256;

/// See the [module documentation](self).
pub(super) struct UringBackend {
    ring: Ring,
    bell: Arc<Bell>,
    listener: Option<TcpListener>,
    accepting: Accepting,
    accepted: VecDeque<io::Result<TcpStream>>,
    rooms: Vec<Held<Room>>,
    outgoing: Vec<Held<Outgoing>>,
    trash: Vec<Held<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    No,
    Yes,
    /// Asked to end.
    Ending,
}

struct Bell(OwnedFd);

impl Wake for Bell {
    fn wake(&self) {
        // Fails only when the counter would overflow, and then it has rung already.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

/// As many of them, if the system allows it.
pub(super) fn backends(count: usize) -> Result<Vec<UringBackend>, UringUnavailable> {
    probe::probe()?;
    let backends: io::Result<_> = (0..count).map(|_| UringBackend::new()).collect();
    backends.map_err(|error| probe::reason(error, None))
}

impl UringBackend {
    fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self {
            ring: Ring::new(SIZES)?,
            bell: Arc::new(Bell(eventfd(0, flags)?)),
            listener: None,
            accepting: Accepting::No,
            accepted: VecDeque::new(),
            rooms: Vec::new(),
            outgoing: Vec::new(),
            trash: (0..TRASH_MAX).map(|_| trash()).collect(),
        })
    }

    /// Takes a completion apart; says what the loop should know of it.
    fn note_completion(&mut self, completion: Completion) -> Option<News<Ended>> {
        match completion {
            Completion::Bell { is_over } => {
                if is_over {
                    self.ring.watch_bell(self.bell.0.as_fd());
                }
                None
            }
            Completion::Accepted { result, is_over } => {
                self.note_accepted(result, is_over);
                Some(News::Connections)
            }
            Completion::Ended(index, ended) => Some(News::Socket(index, ended)),
        }
    }

    fn note_accepted(&mut self, result: io::Result<OwnedFd>, is_over: bool) {
        if self.accepting == Accepting::Yes {
            self.accepted.push_back(result.map(TcpStream::from));
        }
        if is_over {
            if self.accepting == Accepting::Ending {
                self.listener = None;
            }
            self.accepting = Accepting::No;
        }
    }

    // Receiving.

    /// Starts what the session wants next. Returns whether it could go on at once.
    fn receive(&mut self, socket: &mut Socket, session: &mut Session, turn: &mut Turn<'_>) -> bool {
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
    fn take_received(
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
            Operation::Send { .. } => unreachable!("a send is not a receive"),
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

    fn send(&mut self, socket: &mut Socket, session: &Session) {
        if socket.sending.is_some() || session.output().is_empty() {
            return;
        }
        let mut outgoing = self
            .outgoing
            .pop()
            .unwrap_or_else(|| Held::from(Box::new(Outgoing::new())));
        outgoing.fill(session.output());
        // What is left over has to go on as soon as this has ended, so that has to be told.
        let is_all = session.output().len() <= SEND_BYTES;
        let attempt = if is_all && socket.is_writable {
            Attempt::NowOrNever
        } else {
            Attempt::Now
        };
        let operation = Operation::Send { outgoing, attempt };
        let key = self
            .ring
            .start(socket.index, socket.stream.as_fd(), operation);
        socket.sending = Some(key);
    }

    fn take_sent(
        &mut self,
        ended: Ended,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) {
        socket.sending = None;
        let all = ended.operation.bytes_to_send();
        if let Operation::Send { outgoing, .. } = ended.operation {
            keep_spare(&mut self.outgoing, outgoing);
        }
        socket.is_writable = ended.result.as_ref().is_ok_and(|n| *n == all);
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

impl Backend for UringBackend {
    type Socket = Socket;
    type Event = Ended;

    fn listen(&mut self, listener: TcpListener) -> io::Result<()> {
        // The ring waits itself; for a socket that must not block it would not.
        listener.set_nonblocking(false)?;
        self.listener = Some(listener);
        Ok(())
    }

    fn bell(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.bell) as _
    }

    fn begin(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.watch_bell(self.bell.0.as_fd());
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, news: &mut Vec<News<Ended>>) -> io::Result<()> {
        self.ring.wait(timeout)?;
        while let Some(completion) = self.ring.reap() {
            news.extend(self.note_completion(completion));
        }
        Ok(())
    }

    fn accept(&mut self, _: &Counters) -> Option<io::Result<Accepted>> {
        if let Some(accepted) = self.accepted.pop_front() {
            return Some(accepted.and_then(|stream| {
                let peer = stream.peer_addr()?;
                Ok(Accepted { stream, peer })
            }));
        }
        if let (Some(listener), Accepting::No) = (&self.listener, self.accepting) {
            self.ring.accept(listener.as_fd());
            self.accepting = Accepting::Yes;
        }
        None
    }

    fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    fn stop_listening(&mut self) {
        self.accepted.clear();
        match self.accepting {
            Accepting::No => self.listener = None,
            Accepting::Yes => {
                self.ring.cancel_accept();
                self.accepting = Accepting::Ending;
            }
            Accepting::Ending => {}
        }
    }

    fn adopt(&mut self, index: usize, stream: TcpStream) -> io::Result<Socket> {
        Ok(Socket::new(index, stream))
    }

    fn note(&mut self, socket: &mut Socket, ended: Ended) {
        match ended.operation {
            Operation::Send { .. } => socket.sent = Some(ended),
            _ => socket.received = Some(ended),
        }
    }

    fn take_turn(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        if let Some(ended) = socket.sent.take() {
            self.take_sent(ended, socket, session, turn);
        }
        if let Some(ended) = socket.received.take() {
            self.take_received(ended, socket, session, turn);
        }
        session.pump(turn);
        if session.is_closed() {
            return false;
        }
        self.send(socket, session);
        self.receive(socket, session, turn)
    }

    fn yield_chunk(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Receiving::Payload(key) = socket.receiving else {
            return session.yield_chunk(!socket.is_readable, turn);
        };
        let is_due = session.has_held_chunk_too_long(true, turn.now);
        if is_due && !std::mem::replace(&mut socket.is_cancelled, true) {
            self.ring.cancel(key);
        }
        false
    }

    fn release(&mut self, socket: &mut Socket) -> bool {
        if !std::mem::replace(&mut socket.is_cancelled, true) {
            for key in socket.keys() {
                self.ring.cancel(key);
            }
        }
        socket.is_at_rest()
    }
}

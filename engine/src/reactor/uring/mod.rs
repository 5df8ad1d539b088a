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
mod turn;

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use crate::landing::Wake;

use super::backend::{Accepted, Backend, News};
use super::driver::UringUnavailable;
use super::session::{Session, Turn};
use super::statistics::Counters;

use held::Held;
use operation::{Operation, Outgoing, Room, trash};
use ring::{Completion, Ended, Ring, SIZES};
use socket::{Receiving, Socket};

/// Receives into memory for unwanted payload that may be in flight in one turn; the others wait for the
/// next.
const TRASH_MAX: usize = 8;

/// Connections that wait to be handed out; further ones are closed. As many as the kernel would hold
/// for a listener that nobody accepts from.
const ACCEPTED_MAX: usize = 1024;

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
        if self.accepting == Accepting::Yes && self.accepted.len() < ACCEPTED_MAX {
            self.accepted.push_back(result.map(TcpStream::from));
        }
        if is_over {
            if self.accepting == Accepting::Ending {
                self.listener = None;
            }
            self.accepting = Accepting::No;
        }
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
            Operation::Send(_) => socket.sent = Some(ended),
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

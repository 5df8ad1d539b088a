//! The portable backend, over mio.
//!
//! Sockets are registered once, edge-triggered, so each remembers what is still readable and the loop
//! comes back to it.

#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::landing::Wake;

use super::backend::{Accepted, Backend, News};
use super::session::{HEADERS_BYTES, Session, TRASH_BYTES, Turn, Want, read_vector};
use super::statistics::{Counter, Counters};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

/// Events taken from the kernel at a time.
const EVENTS_MAX: usize = 512;

/// Reads of one connection in one turn: with a chunk of 1 MiB a read, about a millisecond or two.
const READS_PER_TURN: usize = 4;

/// See the [module documentation](self).
pub(super) struct MioBackend {
    poll: Poll,
    events: Events,
    bell: Arc<Bell>,
    listener: Option<TcpListener>,
    scratch: Scratch,
}

/// A socket and what is known of it.
pub(super) struct Socket {
    stream: TcpStream,
    token: Token,
    is_readable: bool,
    outlet: Outlet,
    /// Whether the peer has closed its end, or the connection broke: only reading to the end tells.
    has_ended: bool,
}

/// Whether a socket takes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outlet {
    /// It has so far. It is not watched, which saves an event for each new connection.
    Unwatched,
    /// It did not, for the first time: to be watched from now on.
    Refused,
    /// It does not.
    Full,
    /// It does again.
    Open,
}

/// What became possible.
pub(super) struct Ready {
    read: bool,
    write: bool,
    end: bool,
}

/// How many bytes a read was asked for, and how many came.
struct Came {
    bytes: usize,
    asked: usize,
}

/// The buffers of a read, shared by all connections of a loop: commands and headers, and unwanted
/// payload.
struct Scratch {
    headers: Box<[u8]>,
    trash: Box<[u8]>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            headers: vec![0; HEADERS_BYTES].into_boxed_slice(),
            trash: vec![0; TRASH_BYTES].into_boxed_slice(),
        }
    }
}

struct Bell(mio::Waker);

impl Wake for Bell {
    fn wake(&self) {
        // Fails only when the counter behind it would overflow, and then it is awake already.
        let _ = self.0.wake();
    }
}

/// As many of them.
pub(super) fn backends(count: usize) -> io::Result<Vec<MioBackend>> {
    (0..count).map(|_| MioBackend::new()).collect()
}

impl MioBackend {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let bell = Arc::new(Bell(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            bell,
            listener: None,
            scratch: Scratch::new(),
        })
    }
}

impl Backend for MioBackend {
    type Socket = Socket;
    type Event = Ready;

    fn listen(&mut self, listener: std::net::TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        self.poll
            .registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        self.listener = Some(listener);
        Ok(())
    }

    fn bell(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.bell) as _
    }

    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, news: &mut Vec<News<Ready>>) -> io::Result<()> {
        // The timeout is rounded up, so that a deadline has really come when this returns.
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        news.extend(self.events.iter().filter_map(|event| match event.token() {
            LISTENER => Some(News::Connections),
            WAKER => None,
            Token(index) => {
                let ready = Ready {
                    read: event.is_readable() || event.is_error(),
                    write: event.is_writable() || event.is_error(),
                    end: event.is_read_closed() || event.is_error(),
                };
                Some(News::Socket(index, ready))
            }
        }));
        Ok(())
    }

    fn accept(&mut self, statistics: &Counters) -> Option<io::Result<Accepted>> {
        let listener = self.listener.as_ref()?;
        statistics.add(Counter::Accepts, 1);
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            other => Some(other.map(|(stream, peer)| Accepted {
                stream: stream.into(),
                peer,
            })),
        }
    }

    fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    fn stop_listening(&mut self) {
        if let Some(mut listener) = self.listener.take() {
            let _ = self.poll.registry().deregister(&mut listener);
        }
    }

    fn adopt(&mut self, index: usize, stream: std::net::TcpStream) -> io::Result<Socket> {
        let mut stream = TcpStream::from_std(stream);
        let token = Token(index);
        self.poll
            .registry()
            .register(&mut stream, token, Interest::READABLE)?;
        Ok(Socket {
            stream,
            token,
            // The first event tells of what has come already.
            is_readable: false,
            outlet: Outlet::Unwatched,
            has_ended: false,
        })
    }

    fn note(&mut self, socket: &mut Socket, ready: Ready) {
        socket.is_readable |= ready.read;
        if ready.write && socket.outlet == Outlet::Full {
            socket.outlet = Outlet::Open;
        }
        socket.has_ended |= ready.end;
    }

    fn take_turn(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        let goes_on = self.read_and_write(socket, session, turn);
        if socket.outlet == Outlet::Refused {
            self.watch_outlet(socket, session, turn);
        }
        goes_on
    }

    fn yield_chunk(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        session.yield_chunk(!socket.is_readable, turn)
    }

    fn release(&mut self, _: &mut Socket) -> bool {
        // Nothing is under way, and closing a descriptor ends its registration (epoll(7)).
        true
    }
}

impl MioBackend {
    fn read_and_write(
        &mut self,
        socket: &mut Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool {
        for _ in 0..READS_PER_TURN {
            if !socket.answer(session, turn) {
                return false;
            }
            let read = match session.want() {
                _ if !socket.is_readable || session.is_closed() => return false,
                Want::Chunk if session.take_chunk(turn) => continue,
                Want::Pump => continue,
                Want::Chunk | Want::Nothing => return false,
                Want::Drain => socket.read_trash(session, &mut self.scratch),
                Want::Control(max) => socket.read_control(max, session, &mut self.scratch, turn),
                Want::Scatter | Want::Discard => {
                    socket.read_scattered(session, &mut self.scratch, turn)
                }
            };
            socket.note_read(read, session, turn);
        }
        // What the last bytes are answered with leaves within the turn.
        socket.answer(session, turn)
    }

    /// Asks to be told when the socket takes bytes again.
    fn watch_outlet(&self, socket: &mut Socket, session: &mut Session, turn: &mut Turn<'_>) {
        socket.outlet = Outlet::Full;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let Socket { stream, token, .. } = socket;
        if let Err(error) = self.poll.registry().reregister(stream, *token, interest) {
            socket.on_error(&error, session, turn, |_| ());
        }
    }
}

impl Socket {
    fn read_trash(&mut self, session: &mut Session, scratch: &mut Scratch) -> io::Result<Came> {
        let bytes = self.stream.read(&mut scratch.trash)?;
        session.drained(bytes);
        let asked = scratch.trash.len();
        Ok(Came { bytes, asked })
    }

    fn read_control(
        &mut self,
        max: usize,
        session: &mut Session,
        scratch: &mut Scratch,
        turn: &mut Turn<'_>,
    ) -> io::Result<Came> {
        let bytes = self.stream.read(&mut scratch.headers[..max])?;
        session.take(&scratch.headers[..bytes], turn);
        Ok(Came { bytes, asked: max })
    }

    fn read_scattered(
        &mut self,
        session: &mut Session,
        scratch: &mut Scratch,
        turn: &mut Turn<'_>,
    ) -> io::Result<Came> {
        let plan = session.plan();
        let mut landing = session.lend();
        let Scratch { headers, trash } = scratch;
        let (read, asked) = {
            let mut vector = read_vector(&plan, &mut landing, headers, trash);
            let asked = vector.iter().map(|buffer| buffer.len()).sum();
            (self.stream.read_vectored(&mut vector), asked)
        };
        let bytes = read.as_ref().copied().unwrap_or(0);
        session.settle(&plan, bytes, landing, (headers, trash), turn);
        read.map(|bytes| Came { bytes, asked })
    }

    fn note_read(&mut self, read: io::Result<Came>, session: &mut Session, turn: &mut Turn<'_>) {
        let statistics = &turn.context.statistics;
        statistics.add(Counter::Reads, 1);
        match read {
            Ok(Came { bytes: 0, .. }) => session.connection_closed(turn),
            Ok(Came { bytes, asked }) => {
                statistics.add(Counter::BytesReceived, bytes as u64);
                // A read that is cut short has emptied the socket (epoll(7)), and what comes later
                // is an event of its own. An end may have been told together with these bytes.
                self.is_readable = bytes == asked || self.has_ended;
            }
            Err(error) => self.on_error(&error, session, turn, |this| this.is_readable = false),
        }
    }

    /// Works off what has come, and writes what there is to say. Returns whether the connection still
    /// stands.
    fn answer(&mut self, session: &mut Session, turn: &mut Turn<'_>) -> bool {
        session.pump(turn);
        self.write_output(session, turn)
    }

    fn takes_bytes(&self) -> bool {
        matches!(self.outlet, Outlet::Unwatched | Outlet::Open)
    }

    fn note_full(&mut self) {
        self.outlet = match self.outlet {
            Outlet::Unwatched => Outlet::Refused,
            _ => Outlet::Full,
        };
    }

    /// Writes what there is to send. Returns whether the connection still stands.
    fn write_output(&mut self, session: &mut Session, turn: &mut Turn<'_>) -> bool {
        while self.takes_bytes() && !session.output().is_empty() {
            turn.context.statistics.add(Counter::Writes, 1);
            match self.stream.write(session.output()) {
                Ok(n) => session.sent(n, turn.now),
                Err(error) => {
                    self.on_error(&error, session, turn, Self::note_full);
                }
            }
        }
        !session.is_closed()
    }

    fn on_error(
        &mut self,
        error: &io::Error,
        session: &mut Session,
        turn: &mut Turn<'_>,
        block: impl FnOnce(&mut Self),
    ) {
        match error.kind() {
            ErrorKind::WouldBlock => block(self),
            ErrorKind::Interrupted => {}
            _ => {
                self.outlet = Outlet::Full;
                self.is_readable = false;
                session.connection_closed(turn);
            }
        }
    }
}

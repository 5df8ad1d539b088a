//! One association on one socket.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use mio::net::TcpStream;
use tracing::debug;

use super::event::{ConnectionEvent, Turn};
use super::options::ConnectionOptions;
use super::outbox::{Outbox, Slices};
use super::payload::{Payload, PayloadError};
use super::socket::{Counters, Source, is_connection_error};
use crate::association::{Agreed, AssociationError, OperationId, Requestor, StoreRequest};
use crate::pdu::AssociateRq;
use crate::value::PresentationContextId;

/// How much is read at a time, in bytes: some hundred responses, or an A-ASSOCIATE-AC of usual length.
const READ_BYTES: usize = 16 * 1024;

/// Reads of one connection in one turn.
const READS_PER_TURN: usize = 4;

/// Writes of one connection in one turn: from files, two for each fragment.
const WRITES_PER_TURN: usize = 32;

/// How many bytes one connection may have written before it gives way: a fraction of a millisecond.
const WRITE_BYTES_PER_TURN: u64 = 1 << 20;

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting { deadline: Option<Instant> },
    Open,
    Closed,
}

/// One association on one nonblocking TCP connection. It blocks only where a payload does.
///
/// The caller registers [`Connection::source`] with its `Poll`, readable and writable. On each of its
/// events, and when [`Connection::deadline`] has come, it calls [`Connection::turn`], then takes all
/// that [`Connection::poll_event`] has, begins operations while [`Connection::can_begin`], and has
/// what they queued sent by [`Connection::send`]. `now` never goes backwards.
///
/// Sending from files relies on SIGPIPE being ignored, as it is in every Rust program.
#[derive(Debug)]
pub struct Connection<P> {
    stream: TcpStream,
    peer: SocketAddr,
    phase: Phase,
    requestor: Requestor,
    outbox: Outbox<P>,
    /// Where bytes of the peer are read to.
    inbox: Box<[u8]>,
    events: VecDeque<ConnectionEvent>,
    counters: Counters,
    /// Whether the socket may take bytes: cleared when it did not take all it was given.
    is_writable: bool,
}

impl<P: Payload> Connection<P> {
    /// Begins to connect, with Nagle's algorithm off. How that ends is an event.
    pub fn connect(
        address: SocketAddr,
        request: AssociateRq,
        options: &ConnectionOptions,
        now: Instant,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let deadline = options
            .connect_timeout
            .and_then(|timeout| now.checked_add(timeout));
        let mut requestor = Requestor::new(request, options.timeouts, now);
        requestor.set_max_send_pdu_bytes(options.max_send_pdu_bytes);
        Ok(Self {
            stream,
            peer: address,
            phase: Phase::Connecting { deadline },
            requestor,
            outbox: Outbox::new(),
            inbox: vec![0; READ_BYTES].into_boxed_slice(),
            events: VecDeque::new(),
            counters: Counters::default(),
            is_writable: false,
        })
    }

    // What the connection is.

    /// The socket, to be registered, readable and writable, and deregistered.
    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The address of the peer.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection is closed. Events may still be there.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// What was agreed on, once established.
    pub fn agreed(&self) -> Option<&Arc<Agreed>> {
        self.requestor.agreed()
    }

    /// Why the association failed, if it did.
    pub fn failure(&self) -> Option<&AssociationError> {
        self.requestor.failure()
    }

    /// Whether an operation may begin now: the association is established, its window has room, and
    /// the data set before is on its way.
    pub fn can_begin(&self) -> bool {
        self.phase == Phase::Open && self.requestor.can_begin()
    }

    /// The operations that have no response yet.
    pub fn in_flight(&self) -> usize {
        self.requestor.in_flight()
    }

    /// When [`Connection::turn`] is to be called, unless something happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Connecting { deadline } => deadline,
            Phase::Open => self.requestor.deadline(),
            Phase::Closed => None,
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    // What the caller decides.

    /// Begins a C-STORE, if [`Connection::can_begin`]; queued until [`Connection::send`].
    ///
    /// The first part of the payload is prepared before anything is promised to the peer: if that
    /// fails, so does this, and the association is none the worse for it.
    pub fn store(
        &mut self,
        context: PresentationContextId,
        request: StoreRequest,
        mut payload: P,
        now: Instant,
    ) -> Result<OperationId, PayloadError> {
        let reach = payload.prepare(0)?;
        let operation = self.requestor.store(context, request, now);
        self.outbox.push(operation, payload, reach);
        self.provide(now);
        Ok(operation)
    }

    /// Begins a C-ECHO, if [`Connection::can_begin`]; queued until [`Connection::send`].
    pub fn echo(&mut self, context: PresentationContextId, now: Instant) -> OperationId {
        self.requestor.echo(context, now)
    }

    /// Asks for the release of the association, once nothing is in flight; queued until
    /// [`Connection::send`].
    pub fn release(&mut self, now: Instant) {
        self.requestor.release(now);
        self.take_association_events();
    }

    /// Ends the association by A-ABORT; queued until [`Connection::send`].
    pub fn abort(&mut self, now: Instant) {
        if self.phase == Phase::Open {
            self.requestor.abort(now);
            self.take_association_events();
        } else {
            self.close();
        }
    }

    /// What has happened next.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    /// Whether something has happened that was not taken yet.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    // Input and output.

    /// Does everything that can be done now, within bounds: reads, writes, looks at the clock.
    pub fn turn(&mut self, now: Instant) -> Turn {
        if !self.is_connected(now) {
            return Turn::Waiting;
        }
        self.is_writable = true;
        let mut has_more = self.read(now) == Turn::More;
        has_more |= self.send(now) == Turn::More;
        // Last, so that nothing counts as missing that was there already when the caller came back.
        if self.requestor.deadline().is_some_and(|at| at <= now) {
            self.requestor.expired(now);
            self.take_association_events();
            has_more |= self.send(now) == Turn::More;
        }
        if has_more && !self.is_closed() {
            Turn::More
        } else {
            Turn::Waiting
        }
    }

    /// Writes what is queued, as far as the socket takes it and the bounds of a turn allow.
    pub fn send(&mut self, now: Instant) -> Turn {
        let bytes_max = self.counters.bytes_sent + WRITE_BYTES_PER_TURN;
        for _ in 0..WRITES_PER_TURN {
            self.close_if_over();
            if self.phase != Phase::Open || !self.is_writable {
                return Turn::Waiting;
            }
            self.provide(now);
            if !self.requestor.has_outgoing() {
                return Turn::Waiting;
            }
            if self.counters.bytes_sent >= bytes_max {
                break;
            }
            self.write(now);
        }
        Turn::More
    }

    // Connecting and closing.

    /// Whether the connection stands; it may have come to stand, or have failed to, just now.
    fn is_connected(&mut self, now: Instant) -> bool {
        let Phase::Connecting { deadline } = self.phase else {
            return self.phase == Phase::Open;
        };
        match self.connect_outcome() {
            Ok(true) => {
                self.phase = Phase::Open;
                self.requestor.connected(now);
                true
            }
            Ok(false) if deadline.is_none_or(|at| at > now) => false,
            Ok(false) => {
                let text = "no answer within the time for connecting";
                self.connect_failed(io::Error::new(ErrorKind::TimedOut, text));
                false
            }
            Err(error) => {
                self.connect_failed(error);
                false
            }
        }
    }

    /// Whether the connection has been made, asked as connect(2) wants it.
    fn connect_outcome(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn connect_failed(&mut self, error: io::Error) {
        self.events.push_back(ConnectionEvent::ConnectFailed(error));
        self.close();
    }

    /// The peer has closed its side, or the connection broke.
    fn on_connection_closed(&mut self, now: Instant) {
        self.requestor.connection_closed(now);
        self.take_association_events();
        self.close_if_over();
    }

    fn close_if_over(&mut self) {
        if self.phase == Phase::Open && self.requestor.is_closed() {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        self.outbox.clear();
        // What the kernel holds still goes out. It fails where there is no connection any more.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.events.push_back(ConnectionEvent::Closed);
    }

    fn take_association_events(&mut self) {
        while let Some(event) = self.requestor.poll_event() {
            self.events.push_back(ConnectionEvent::Association(event));
        }
    }

    // Reading.

    fn read(&mut self, now: Instant) -> Turn {
        for _ in 0..READS_PER_TURN {
            if self.phase != Phase::Open {
                return Turn::Waiting;
            }
            self.counters.reads += 1;
            match self.stream.read(&mut self.inbox) {
                Ok(0) => self.on_connection_closed(now),
                Ok(n) => {
                    self.on_received(n, now);
                    if n < self.inbox.len() {
                        // Nothing more was there; what comes makes the socket ready anew.
                        return Turn::Waiting;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Turn::Waiting,
                Err(error) => {
                    debug!("connection to {} broke: {error}", self.peer);
                    self.on_connection_closed(now);
                }
            }
        }
        Turn::More
    }

    fn on_received(&mut self, n: usize, now: Instant) {
        self.counters.bytes_received += n as u64;
        self.requestor.received(&self.inbox[..n], now);
        self.take_association_events();
        self.close_if_over();
    }

    // Writing.

    /// Provides the association with payload; aborts it if that cannot be had.
    fn provide(&mut self, now: Instant) {
        if let Err((operation, error)) = self.outbox.provide(&mut self.requestor, now) {
            self.payload_failed(operation, error, now);
        }
    }

    /// One system call that writes, and what follows from it.
    fn write(&mut self, now: Instant) {
        let (source, sent) = self.write_batch();
        match sent {
            Ok(0) => self.payload_ended(source, now),
            Ok(n) => {
                self.is_writable = source.may_go_on_after(n);
                self.on_sent(n, now);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_writable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => match source {
                Source::File { .. } if !is_connection_error(&error) => {
                    self.payload_lost(error.into(), now);
                }
                _ => self.on_broken_pipe(&error, now),
            },
        }
    }

    fn write_batch(&mut self) -> (Source, io::Result<usize>) {
        let mut slices = Slices::new();
        let batch = self.outbox.batch(self.requestor.outgoing(), &mut slices);
        let sent = batch.send(&self.stream, &slices, &mut self.counters);
        (batch.source(), sent)
    }

    fn on_sent(&mut self, n: usize, now: Instant) {
        self.outbox.sent(n, self.requestor.outgoing());
        self.requestor.sent(n, now);
        while let Some(store) = self.outbox.pop_sent() {
            self.events.push_back(ConnectionEvent::Sent {
                operation: store.operation,
                bytes: store.bytes,
            });
        }
        self.take_association_events();
    }

    /// The peer takes nothing more. What it said before is still there to be read: why, perhaps.
    fn on_broken_pipe(&mut self, error: &io::Error, now: Instant) {
        debug!("connection to {} broke: {error}", self.peer);
        self.is_writable = false;
        while self.phase == Phase::Open && self.read(now) == Turn::More {}
        if self.phase == Phase::Open {
            self.on_connection_closed(now);
        }
    }

    /// The payload at hand has no byte where one was promised.
    fn payload_ended(&mut self, source: Source, now: Instant) {
        let missing = self.outbox.at_hand().map_or(0, |(_, missing)| missing);
        let position = source.position();
        self.payload_lost(PayloadError::Shortened { position, missing }, now);
    }

    /// The payload at hand cannot be had.
    fn payload_lost(&mut self, error: PayloadError, now: Instant) {
        if let Some((operation, _)) = self.outbox.at_hand() {
            self.payload_failed(operation, error, now);
        }
    }

    fn payload_failed(&mut self, operation: OperationId, error: PayloadError, now: Instant) {
        self.events
            .push_back(ConnectionEvent::PayloadFailed { operation, error });
        self.requestor.payload_lost(operation, now);
        self.take_association_events();
        self.close_if_over();
    }
}

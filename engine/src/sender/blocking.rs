//! A connection for a thread that has only this one.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::connection::Connection;
use super::event::{ConnectionEvent, Turn};
use super::options::ConnectionOptions;
use super::payload::{Payload, PayloadError};
use crate::association::{AssociationError, OperationId, PeerGone, RequestorEvent, StoreRequest};
use crate::pdu::{AssociateRj, AssociateRq};
use crate::value::PresentationContextId;

/// How long an aborted association is waited for: time to deliver the A-ABORT, and for the peer to
/// close the connection if it is there at all.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often somebody who waits for an association is asked whether he still wants it.
const WANTED_EVERY: Duration = Duration::from_millis(100);

/// Events taken from the kernel at a time: there is one socket.
const EVENTS_MAX: usize = 2;

/// Why no association was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no connection.
    #[error("cannot connect to {address}: {source}; check host, port, and that the peer listens")]
    Connect {
        /// Whereto, the last address that was tried.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No address was given.
    #[error("there is no address to connect to")]
    NoAddress,
    /// The peer does not want the association.
    #[error("the peer refuses the association: {}, {}", .0.result, .0.reason)]
    Rejected(AssociateRj),
    /// The peer accepts the association, but nothing that could be done on it. It was aborted.
    #[error("the peer accepts none of the presentation contexts; propose others")]
    NoContexts,
    /// The association failed before it was established.
    #[error("association failed: {0}")]
    Association(AssociationError),
    /// The caller did not want it any more.
    #[error("the association is not wanted any more")]
    Unwanted,
}

/// A [`Connection`] with its own poll: for one thread, which may block.
#[derive(Debug)]
pub struct BlockingConnection<P> {
    connection: Connection<P>,
    poll: Poll,
    events: Events,
}

impl<P: Payload> BlockingConnection<P> {
    /// Connects to the first of these addresses that answers, and has the association established
    /// with at least one presentation context.
    pub fn open(
        addresses: &[SocketAddr],
        request: &AssociateRq,
        options: &ConnectionOptions,
    ) -> Result<Self, OpenError> {
        Self::open_while(addresses, request, options, &|| true)
    }

    /// Does so as long as it `is_wanted`, which is asked several times a second;
    /// [`OpenError::Unwanted`] if that ends first.
    pub fn open_while(
        addresses: &[SocketAddr],
        request: &AssociateRq,
        options: &ConnectionOptions,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Self, OpenError> {
        let mut failure = OpenError::NoAddress;
        for &address in addresses {
            match Self::open_one(address, request, options, is_wanted) {
                Err(error @ OpenError::Connect { .. }) => failure = error,
                outcome => return outcome,
            }
        }
        Err(failure)
    }

    fn open_one(
        address: SocketAddr,
        request: &AssociateRq,
        options: &ConnectionOptions,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Connect { address, source };
        let mut this = Self::begin(address, request, options).map_err(failed)?;
        while is_wanted() {
            match this.wait(Some(WANTED_EVERY)).map_err(failed)? {
                Some(ConnectionEvent::ConnectFailed(error)) => return Err(failed(error)),
                Some(ConnectionEvent::Association(RequestorEvent::Established)) => {
                    return this.with_contexts();
                }
                Some(ConnectionEvent::Association(RequestorEvent::Rejected(rejection))) => {
                    return Err(OpenError::Rejected(rejection));
                }
                Some(ConnectionEvent::Association(RequestorEvent::Failed(error))) => {
                    return Err(OpenError::Association(error));
                }
                None if this.connection.is_closed() => {
                    return Err(failed(ErrorKind::ConnectionAborted.into()));
                }
                _ => {}
            }
        }
        this.connection.abort(Instant::now());
        // What the socket does not take at once is not worth waiting for.
        let _ = this.connection.send(Instant::now());
        Err(OpenError::Unwanted)
    }

    fn begin(
        address: SocketAddr,
        request: &AssociateRq,
        options: &ConnectionOptions,
    ) -> io::Result<Self> {
        let now = Instant::now();
        let mut connection = Connection::connect(address, request.clone(), options, now)?;
        let poll = Poll::new()?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(connection.source(), Token(0), interest)?;
        Ok(Self {
            connection,
            poll,
            events: Events::with_capacity(EVENTS_MAX),
        })
    }

    fn with_contexts(self) -> Result<Self, OpenError> {
        let agreed = self.connection.agreed();
        if agreed.is_some_and(|agreed| !agreed.contexts.is_empty()) {
            return Ok(self);
        }
        self.abort();
        Err(OpenError::NoContexts)
    }

    /// The connection, to be asked.
    pub fn connection(&self) -> &Connection<P> {
        &self.connection
    }

    /// Begins a C-STORE, if [`Connection::can_begin`], and sends what the socket takes at once; the
    /// rest leaves while the caller waits. As for errors, see [`Connection::store`].
    pub fn store(
        &mut self,
        context: PresentationContextId,
        request: StoreRequest,
        payload: P,
    ) -> Result<OperationId, PayloadError> {
        let now = Instant::now();
        let operation = self.connection.store(context, request, payload, now)?;
        // If there is more to do, it is done while the caller waits.
        let _ = self.connection.send(now);
        Ok(operation)
    }

    /// Begins a C-ECHO, if [`Connection::can_begin`].
    pub fn echo(&mut self, context: PresentationContextId) -> OperationId {
        self.connection.echo(context, Instant::now())
    }

    /// Waits for the next event, at most as long as `timeout`, if there is one. None: nothing has
    /// happened by then, or the connection is closed and everything was told.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Option<ConnectionEvent>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let now = Instant::now();
            if let Some(event) = self.connection.poll_event() {
                return Ok(Some(event));
            }
            let turn = self.connection.turn(now);
            if self.connection.has_events() {
                continue;
            }
            let is_over = until.is_some_and(|at| at <= now) || self.connection.is_closed();
            if is_over {
                return Ok(None);
            }
            self.poll(turn, until, now)?;
        }
    }

    fn poll(&mut self, turn: Turn, until: Option<Instant>, now: Instant) -> io::Result<()> {
        let next = [until, self.connection.deadline()]
            .into_iter()
            .flatten()
            .min();
        let timeout = match turn {
            Turn::More => Some(Duration::ZERO),
            Turn::Waiting => next.map(|at| at.saturating_duration_since(now)),
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// Releases the association, once every operation has its response; events that come until it is
    /// released are dropped.
    pub fn release(mut self) -> Result<(), AssociationError> {
        self.connection.release(Instant::now());
        while let Ok(Some(event)) = self.wait(None) {
            match event {
                ConnectionEvent::Association(RequestorEvent::Released) => return Ok(()),
                ConnectionEvent::Association(RequestorEvent::Failed(error)) => return Err(error),
                _ => {}
            }
        }
        let failure = self.connection.failure().cloned();
        Err(failure.unwrap_or(AssociationError::PeerGone(PeerGone::ConnectionClosed)))
    }

    /// Ends the association by A-ABORT, and gives the peer a moment to take it.
    pub fn abort(mut self) {
        let now = Instant::now();
        self.connection.abort(now);
        let until = now + FAREWELL;
        while !self.connection.is_closed() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            if self.wait(Some(left)).is_err() {
                return;
            }
        }
    }
}

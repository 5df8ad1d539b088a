//! The event loop, one per core, over any [`Backend`].
//!
//! A connection lives in one loop from accept to close. Whatever it may do in one turn is bounded, so
//! that none can starve the others.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;
use tracing::{debug, warn};

use super::backend::{Accepted, Backend, News};
use super::context::{CONNECTIONS_BEYOND_ASSOCIATIONS, Context, Phase};
use super::deadlines::Deadlines;
use super::dues::Dues;
use super::mailbox::{Letters, LoopWaker, Mailbox};
use super::session::{CHUNK_HOLD_WHILE_SILENT, Session, Turn};
use super::statistics::Counter;

/// Connections accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// How long to leave the listener alone after accepting failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long an association without an object in flight may go on while the receiver drains before it
/// is aborted: time enough to release.
const DRAIN_IDLE_MAX: Duration = Duration::from_secs(1);

/// How often a draining loop looks for idle associations, and one under memory pressure for chunks
/// that are held back.
const HOUSEKEEPING: Duration = Duration::from_millis(10);

/// How long aborted associations may take to read their A-ABORT before the loop ends without them.
const FAREWELL: Duration = Duration::from_secs(1);

// A look-out that came round much later than the limit it watches would make the limit a fiction.
const _: () = assert!(HOUSEKEEPING.as_millis() <= 2 * CHUNK_HOLD_WHILE_SILENT.as_millis());

/// A connection of this loop.
struct Connection<S> {
    socket: S,
    session: Session,
    /// Which use of its place in the slab this is.
    generation: u32,
    /// Whether it stands in the queue of those that have more to do.
    is_queued: bool,
    /// The earliest entry among the deadlines.
    deadline_queued: Option<Instant>,
}

/// See the [module documentation](self).
pub(super) struct EventLoop<B: Backend> {
    /// Before the connections: what the kernel still has to do for them ends first.
    backend: B,
    waker: Arc<LoopWaker>,
    mailbox: Arc<Mailbox>,
    letters: Letters,
    context: Arc<Context>,
    accept_again: Option<Instant>,
    connections: Slab<Connection<B::Socket>>,
    generation: u32,
    dues: Dues,
    /// Connections that could go on at once.
    queue: VecDeque<usize>,
    deadlines: Deadlines,
    /// Not before this time again; see [`EventLoop::keep_house`].
    housekeeping_at: Instant,
    draining_since: Option<Instant>,
    stopping_since: Option<Instant>,
}

impl<B: Backend> EventLoop<B> {
    /// A loop and its address. Only a loop whose backend listens accepts connections; it gives them
    /// away evenly. It does nothing before [`EventLoop::run`].
    pub(super) fn new(context: Arc<Context>, backend: B) -> (Self, Arc<Mailbox>) {
        let waker = Arc::new(LoopWaker::new(backend.bell()));
        let (mailbox, letters) = Mailbox::new(Arc::clone(&waker) as _);
        let mailbox = Arc::new(mailbox);
        let this = Self {
            waker,
            mailbox: Arc::clone(&mailbox),
            letters,
            context,
            // To begin with, so that the backend is asked once.
            accept_again: backend.is_listening().then(Instant::now),
            backend,
            connections: Slab::new(),
            generation: 0,
            dues: Dues::default(),
            queue: VecDeque::new(),
            deadlines: Deadlines::default(),
            housekeeping_at: Instant::now(),
            draining_since: None,
            stopping_since: None,
        };
        (this, mailbox)
    }

    /// Runs until the receiver has drained or stopped.
    pub(super) fn run(mut self) -> io::Result<()> {
        self.backend.begin()?;
        let mut news = Vec::new();
        while !self.is_finished() {
            let timeout = self.timeout(Instant::now());
            self.context.statistics.add(Counter::Polls, 1);
            self.backend.wait(timeout, &mut news)?;
            let now = Instant::now();
            for what in news.drain(..) {
                match what {
                    News::Connections => self.accept_again = Some(now),
                    News::Socket(index, event) => self.note(index, event),
                }
            }
            self.accept(now);
            self.read_letters(now);
            self.drive_queue(now);
            self.expire(now);
            self.keep_house(now);
        }
        Ok(())
    }

    /// How long there is nothing to do unless something happens.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        if !self.queue.is_empty() {
            return Some(Duration::ZERO);
        }
        let housekeeping = self.needs_housekeeping().then_some(self.housekeeping_at);
        let next = [self.deadlines.next(), housekeeping, self.accept_again]
            .into_iter()
            .flatten()
            .min()?;
        Some(next.saturating_duration_since(now))
    }

    fn needs_housekeeping(&self) -> bool {
        self.context.is_draining()
            || (self.context.pool.is_under_pressure() && !self.connections.is_empty())
    }

    // Connections come.

    fn accept(&mut self, now: Instant) {
        if self.accept_again.is_none_or(|at| at > now) {
            return;
        }
        self.accept_again = None;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.backend.accept(&self.context.statistics) {
                None => return,
                Some(Ok(accepted)) => self.hand_out(accepted),
                Some(Err(error)) if is_connection_error(&error) => {}
                Some(Err(error)) => {
                    warn!("cannot accept a connection: {error}; raise the limit of open files");
                    self.accept_again = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        self.accept_again = Some(now);
    }

    /// Gives a new connection to the loop that has the fewest.
    fn hand_out(&mut self, accepted: Accepted) {
        let max = self.context.limits.associations_max + CONNECTIONS_BEYOND_ASSOCIATIONS;
        let loops = self.context.loops();
        let open: usize = loops.iter().map(|mailbox| mailbox.load.connections()).sum();
        if open >= max {
            self.context.statistics.add(Counter::ConnectionsRefused, 1);
            warn!(
                "connection from {} closed: {open} are open; raise --max-associations to allow more",
                accepted.peer,
            );
            return;
        }
        let Some(mailbox) = loops
            .iter()
            .min_by_key(|mailbox| mailbox.load.connections())
        else {
            return;
        };
        mailbox.load.add();
        if Arc::ptr_eq(mailbox, &self.mailbox) {
            self.take_in(accepted, Instant::now());
        } else if mailbox.accepted.send(accepted).is_ok() {
            mailbox.wake();
        } else {
            // That loop has ended, as the receiver is about to.
            mailbox.load.remove();
        }
    }

    fn take_in(&mut self, accepted: Accepted, now: Instant) {
        let Accepted { stream, peer } = accepted;
        let entry = self.connections.vacant_entry();
        let index = entry.key();
        let adopted = stream
            .set_nodelay(true)
            .and_then(|()| self.backend.adopt(index, stream));
        let socket = match adopted {
            Ok(socket) => socket,
            Err(error) => {
                debug!("connection from {peer} failed: {error}");
                self.mailbox.load.remove();
                return;
            }
        };
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        entry.insert(Connection {
            socket,
            session: Session::new(connection_id(index, generation), peer, &turn),
            generation,
            is_queued: false,
            deadline_queued: None,
        });
        self.enqueue(index);
    }

    // Events.

    fn note(&mut self, index: usize, event: B::Event) {
        if let Some(connection) = self.connections.get_mut(index) {
            self.backend.note(&mut connection.socket, event);
            self.enqueue(index);
        }
    }

    fn read_letters(&mut self, now: Instant) {
        // Whatever is sent from here on wakes the loop again.
        self.waker.reset();
        while let Ok(accepted) = self.letters.accepted.try_recv() {
            self.take_in(accepted, now);
        }
        while let Ok(verdict) = self.letters.verdicts.try_recv() {
            let Some(answer) = self.dues.settle(verdict, &self.context) else {
                continue;
            };
            self.with_session(answer.connection, now, |session, turn| {
                session.complete(answer.token, &answer.outcome, turn);
            });
        }
        while let Ok(grant) = self.letters.grants.try_recv() {
            // If the connection is gone, the chunk is dropped here and passes on.
            self.with_session(grant.ticket, now, |session, turn| {
                session.granted(grant.chunk, turn);
            });
        }
    }

    /// Calls the session of a connection that still lives, and lets it go on.
    fn with_session(
        &mut self,
        id: u64,
        now: Instant,
        act: impl FnOnce(&mut Session, &mut Turn<'_>),
    ) {
        let (index, generation) = split_connection_id(id);
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.generation != generation {
            return;
        }
        let mut turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        act(&mut connection.session, &mut turn);
        self.enqueue(index);
    }

    fn enqueue(&mut self, index: usize) {
        if let Some(connection) = self.connections.get_mut(index)
            && !std::mem::replace(&mut connection.is_queued, true)
        {
            self.queue.push_back(index);
        }
    }

    /// Gives every connection that was in the queue one turn.
    fn drive_queue(&mut self, now: Instant) {
        for _ in 0..self.queue.len() {
            let Some(index) = self.queue.pop_front() else {
                return;
            };
            self.drive(index, now);
        }
    }

    fn drive(&mut self, index: usize, now: Instant) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        connection.is_queued = false;
        let mut turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        let Connection {
            socket, session, ..
        } = connection;
        let has_more = self.backend.take_turn(socket, session, &mut turn);
        if session.is_closed() {
            if self.backend.release(socket) {
                self.connections.remove(index);
                self.mailbox.load.remove();
            }
            return;
        }
        self.schedule(index);
        if has_more {
            self.enqueue(index);
        }
    }

    // Time.

    /// Sees to it that the deadlines have an entry for the connection's own, or an earlier one.
    fn schedule(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        let Some(deadline) = connection.session.deadline() else {
            return;
        };
        if connection
            .deadline_queued
            .is_none_or(|queued| deadline < queued)
        {
            connection.deadline_queued = Some(deadline);
            self.deadlines
                .add(deadline, connection_id(index, connection.generation));
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, id)) = self.deadlines.pop_due(now) {
            self.expire_connection(id, at, now);
        }
    }

    fn expire_connection(&mut self, id: u64, at: Instant, now: Instant) {
        let (index, generation) = split_connection_id(id);
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.generation != generation || connection.deadline_queued != Some(at) {
            return;
        }
        connection.deadline_queued = None;
        if connection
            .session
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.with_session(id, now, Session::expired);
        } else {
            self.schedule(index);
        }
    }

    // Pressure and the end.

    /// Looks after everybody now and then, as long as there is a reason to.
    fn keep_house(&mut self, now: Instant) {
        if !self.needs_housekeeping() || now < self.housekeeping_at {
            return;
        }
        self.housekeeping_at = now + HOUSEKEEPING;
        if self.context.pool.is_under_pressure() {
            self.for_each_connection(now, |backend, connection, turn| {
                backend.yield_chunk(&mut connection.socket, &mut connection.session, turn)
            });
        }
        match self.context.phase() {
            Phase::Running => {}
            Phase::Draining => self.drain(now),
            Phase::Stopping => self.stop(now),
        }
    }

    /// Nobody new; whoever has nothing under way goes after a while, everybody at the end.
    fn drain(&mut self, now: Instant) {
        self.backend.stop_listening();
        let since = *self.draining_since.get_or_insert(now);
        if now.duration_since(since) >= self.context.limits.drain {
            self.stop(now);
            return;
        }
        self.for_each_connection(now, |_, connection, turn| {
            connection.session.shut_down_if_idle(DRAIN_IDLE_MAX, turn)
        });
    }

    fn stop(&mut self, now: Instant) {
        self.backend.stop_listening();
        if self.stopping_since.is_none() {
            self.stopping_since = Some(now);
            self.for_each_connection(now, |_, connection, turn| {
                connection.session.shut_down(turn);
                true
            });
        }
    }

    fn is_finished(&self) -> bool {
        let is_empty =
            self.connections.is_empty() && self.letters.accepted.is_empty() && self.dues.is_empty();
        let is_over = |since: Instant| since.elapsed() >= FAREWELL;
        (self.context.is_draining() && !self.backend.is_listening() && is_empty)
            || self.stopping_since.is_some_and(is_over)
    }

    /// Lets every connection act; those that say they did something get a turn.
    fn for_each_connection(
        &mut self,
        now: Instant,
        mut act: impl FnMut(&mut B, &mut Connection<B::Socket>, &mut Turn<'_>) -> bool,
    ) {
        let mut turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        for (index, connection) in &mut self.connections {
            let has_more = act(&mut self.backend, connection, &mut turn);
            if has_more && !std::mem::replace(&mut connection.is_queued, true) {
                self.queue.push_back(index);
            }
        }
    }
}

/// The name of a connection outside its loop: its place, and which use of the place.
fn connection_id(index: usize, generation: u32) -> u64 {
    // The slab holds no more than the limit of connections.
    u64::from(generation) << 32 | index as u64 & 0xFFFF_FFFF
}

fn split_connection_id(id: u64) -> (usize, u32) {
    ((id & 0xFFFF_FFFF) as usize, (id >> 32) as u32)
}

/// Errors of the connection that was about to be accepted; the listener is well (accept(2)).
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}

//! The event loop, one per core, over any [`Backend`].
//!
//! A connection lives in one loop from accept to close. Whatever it may do in one turn is bounded, so
//! that none can starve the others.

#![forbid(unsafe_code)]

mod housekeeping;
mod intake;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;

use super::backend::{Backend, News};
use super::context::Context;
use super::deadlines::Deadlines;
use super::dues::Dues;
use super::mailbox::{Letters, LoopWaker, Mailbox};
use super::session::{Session, Turn};
use super::statistics::Counter;

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
}

/// The name of a connection outside its loop: its place, and which use of the place.
fn connection_id(index: usize, generation: u32) -> u64 {
    // The slab holds no more than the limit of connections.
    u64::from(generation) << 32 | index as u64 & 0xFFFF_FFFF
}

fn split_connection_id(id: u64) -> (usize, u32) {
    ((id & 0xFFFF_FFFF) as usize, (id >> 32) as u32)
}

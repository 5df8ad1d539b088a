//! Many connections of one thread.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

use super::connection::Connection;
use super::event::Turn;
use super::payload::Payload;

/// Events taken from the kernel at a time.
const EVENTS_MAX: usize = 256;

/// How often the caller is asked in one turn: once after reading, and once more when what it began has
/// been sent. More comes only of operations that are over as soon as they are begun.
const ACTS_PER_TURN: usize = 3;

/// How often the deadlines of all connections are looked at. Time-outs are seconds; that one comes
/// so much late does no harm, and no connection has to be queued by its deadline each time it moves.
const DEADLINES_EVERY: Duration = Duration::from_millis(100);

/// Names a connection within its loop, until it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionIndex(usize);

/// A connection and its place in the loop.
#[derive(Debug)]
struct Entry<P> {
    connection: Connection<P>,
    is_queued: bool,
}

/// An event loop for the connections of one thread. Each does a bounded amount of work before it is
/// another's turn.
#[derive(Debug)]
pub struct EventLoop<P> {
    poll: Poll,
    events: Events,
    entries: Slab<Entry<P>>,
    /// Connections that are to have a turn.
    queue: VecDeque<usize>,
    deadlines_at: Instant,
}

impl<P: Payload> EventLoop<P> {
    /// A loop without connections.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_MAX),
            entries: Slab::new(),
            queue: VecDeque::new(),
            deadlines_at: Instant::now(),
        })
    }

    /// Takes a connection in.
    pub fn add(&mut self, mut connection: Connection<P>) -> io::Result<ConnectionIndex> {
        let entry = self.entries.vacant_entry();
        let index = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(connection.source(), Token(index), interest)?;
        entry.insert(Entry {
            connection,
            is_queued: false,
        });
        let index = ConnectionIndex(index);
        self.wake(index);
        Ok(index)
    }

    /// Where other sources can be registered that are to end a wait, such as timers; their tokens are
    /// to be far from 0, from where connections are counted.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A connection that is not closed. Whoever gives it something to do calls [`EventLoop::wake`].
    pub fn get_mut(&mut self, index: ConnectionIndex) -> Option<&mut Connection<P>> {
        let entry = self.entries.get_mut(index.0)?;
        Some(&mut entry.connection)
    }

    /// Every connection.
    pub fn iter(&self) -> impl Iterator<Item = (ConnectionIndex, &Connection<P>)> {
        self.entries
            .iter()
            .map(|(index, entry)| (ConnectionIndex(index), &entry.connection))
    }

    /// Lets a connection have a turn in the next round, ready or not.
    pub fn wake(&mut self, index: ConnectionIndex) {
        if let Some(entry) = self.entries.get_mut(index.0)
            && !std::mem::replace(&mut entry.is_queued, true)
        {
            self.queue.push_back(index.0);
        }
    }

    /// Waits until a connection is ready, or it is `until`, to the next millisecond; `None` waits for
    /// connections only. Then gives each that is ready a turn, and calls `act` after it: to take its
    /// events, and to begin what there is to be done. What that queues is sent at once, and when that
    /// makes events, `act` is called again. A closed connection is dropped after its last events.
    pub fn round(
        &mut self,
        until: Option<Instant>,
        mut act: impl FnMut(ConnectionIndex, &mut Connection<P>, Instant),
    ) -> io::Result<()> {
        self.wait(until)?;
        let now = Instant::now();
        self.queue_ready();
        self.queue_overdue(now);
        for _ in 0..self.queue.len() {
            let Some(index) = self.queue.pop_front() else {
                break;
            };
            self.drive(index, now, &mut act);
        }
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>) -> io::Result<()> {
        let deadlines = (!self.entries.is_empty()).then_some(self.deadlines_at);
        let timeout = if self.queue.is_empty() {
            let next = [until, deadlines].into_iter().flatten().min();
            next.map(|at| at.saturating_duration_since(Instant::now()))
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            other => other,
        }
    }

    fn queue_ready(&mut self) {
        for event in &self.events {
            let Token(index) = event.token();
            if let Some(entry) = self.entries.get_mut(index)
                && !std::mem::replace(&mut entry.is_queued, true)
            {
                self.queue.push_back(index);
            }
        }
    }

    fn queue_overdue(&mut self, now: Instant) {
        if now < self.deadlines_at {
            return;
        }
        self.deadlines_at = now + DEADLINES_EVERY;
        for (index, entry) in &mut self.entries {
            let deadline = entry.connection.deadline();
            if deadline.is_some_and(|at| at <= now)
                && !std::mem::replace(&mut entry.is_queued, true)
            {
                self.queue.push_back(index);
            }
        }
    }

    fn drive(
        &mut self,
        index: usize,
        now: Instant,
        act: &mut impl FnMut(ConnectionIndex, &mut Connection<P>, Instant),
    ) {
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        entry.is_queued = false;
        let connection = &mut entry.connection;
        let mut has_more = connection.turn(now) == Turn::More;
        for _ in 0..ACTS_PER_TURN {
            act(ConnectionIndex(index), connection, now);
            has_more |= connection.send(now) == Turn::More;
            if !connection.has_events() {
                break;
            }
        }
        if connection.has_events() {
            has_more = true;
        } else if connection.is_closed() {
            self.close(index);
            return;
        }
        if has_more {
            self.wake(ConnectionIndex(index));
        }
    }

    fn close(&mut self, index: usize) {
        let mut entry = self.entries.remove(index);
        // Closing the descriptor would do it too; this keeps the registry and the slab in step.
        let _ = self.poll.registry().deregister(entry.connection.source());
    }
}

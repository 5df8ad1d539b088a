//! The portable event loop: one per core, over mio.
//!
//! A connection lives in one loop from accept to close. Sockets are registered once,
//! edge-triggered, so the loop remembers what is still readable and comes back to it. Whatever a
//! connection may do in one turn is bounded, so that none can starve the others.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use tracing::{debug, warn};

use super::context::{CONNECTIONS_BEYOND_ASSOCIATIONS, Context, Phase};
use super::dues::Dues;
use super::mailbox::{Letters, LoopWaker, Mailbox};
use super::session::{CHUNK_HOLD_WHILE_SILENT, Scratch, Session, Turn, Want};
use super::statistics::Counter;

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

/// Events taken from the kernel at a time.
const EVENTS_MAX: usize = 512;

/// Reads of one connection in one turn: with a chunk of 1 MiB a read, about a millisecond or two.
const READS_PER_TURN: usize = 4;

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

/// A connection on its way to the loop that will keep it.
pub(super) struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
}

/// A connection of this loop.
struct Connection {
    stream: TcpStream,
    session: Session,
    /// Which use of its place in the slab this is.
    generation: u32,
    is_readable: bool,
    is_writable: bool,
    /// Whether it stands in the queue of those that have more to do.
    is_queued: bool,
    /// The earliest entry in the heap of deadlines.
    deadline_queued: Option<Instant>,
}

/// See the [module documentation](self).
pub(super) struct MioLoop {
    poll: Poll,
    waker: Arc<LoopWaker>,
    mailbox: Arc<Mailbox>,
    letters: Letters,
    context: Arc<Context>,
    /// Only the first loop listens; it gives connections away evenly.
    listener: Option<TcpListener>,
    accept_again: Option<Instant>,
    connections: Slab<Connection>,
    generation: u32,
    dues: Dues,
    scratch: Scratch,
    /// Connections that could go on at once.
    queue: VecDeque<usize>,
    /// At most one entry that counts per connection; entries that were overtaken are skipped.
    deadlines: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    /// Not before this time again; see [`MioLoop::keep_house`].
    housekeeping_at: Instant,
    draining_since: Option<Instant>,
    stopping_since: Option<Instant>,
}

impl MioLoop {
    /// A loop and its address. It does nothing before [`MioLoop::run`].
    pub(super) fn new(
        context: Arc<Context>,
        listener: Option<TcpListener>,
    ) -> io::Result<(Self, Arc<Mailbox>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(LoopWaker::new(poll.registry(), WAKER)?);
        let (mailbox, letters) = Mailbox::new(Arc::clone(&waker) as _);
        let mailbox = Arc::new(mailbox);
        let mut this = Self {
            poll,
            waker,
            mailbox: Arc::clone(&mailbox),
            letters,
            context,
            listener,
            accept_again: None,
            connections: Slab::new(),
            generation: 0,
            dues: Dues::default(),
            scratch: Scratch::new(),
            queue: VecDeque::new(),
            deadlines: BinaryHeap::new(),
            housekeeping_at: Instant::now(),
            draining_since: None,
            stopping_since: None,
        };
        if let Some(listener) = &mut this.listener {
            this.poll
                .registry()
                .register(listener, LISTENER, Interest::READABLE)?;
        }
        Ok((this, mailbox))
    }

    /// Runs until the receiver has drained or stopped.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_finished() {
            self.wait(&mut events)?;
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept_again = Some(now),
                    WAKER => {}
                    Token(index) => self.note_ready(index, event),
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

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let timeout = self.timeout(Instant::now());
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            other => other,
        }
    }

    /// How long there is nothing to do unless something happens.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        if !self.queue.is_empty() {
            return Some(Duration::ZERO);
        }
        let deadline = self.deadlines.peek().map(|Reverse((at, ..))| *at);
        let housekeeping = self.needs_housekeeping().then_some(self.housekeeping_at);
        let next = [deadline, housekeeping, self.accept_again]
            .into_iter()
            .flatten()
            .min()?;
        // Rounded up by the poll itself, so that a deadline has really come when it returns.
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
            let Some(listener) = &self.listener else {
                return;
            };
            match listener.accept() {
                Ok((stream, peer)) => self.hand_out(Accepted { stream, peer }),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
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
        let Accepted { mut stream, peer } = accepted;
        let entry = self.connections.vacant_entry();
        let index = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let ready = stream.set_nodelay(true).and_then(|()| {
            self.poll
                .registry()
                .register(&mut stream, Token(index), interest)
        });
        if let Err(error) = ready {
            debug!("connection from {peer} failed: {error}");
            self.mailbox.load.remove();
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        entry.insert(Connection {
            stream,
            session: Session::new(connection_id(index, generation), peer, &turn),
            generation,
            is_readable: true,
            is_writable: true,
            is_queued: false,
            deadline_queued: None,
        });
        self.enqueue(index);
    }

    // Events.

    fn note_ready(&mut self, index: usize, event: &mio::event::Event) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        connection.is_readable |= event.is_readable() || event.is_error();
        connection.is_writable |= event.is_writable() || event.is_error();
        self.enqueue(index);
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
        let has_more = connection.take_turn(&mut self.scratch, &mut turn);
        if connection.session.is_closed() {
            self.close(index);
            return;
        }
        self.schedule(index);
        if has_more {
            self.enqueue(index);
        }
    }

    fn close(&mut self, index: usize) {
        let mut connection = self.connections.remove(index);
        // Closing the descriptor would do it too; this keeps the registry and the slab in step.
        let _ = self.poll.registry().deregister(&mut connection.stream);
        self.mailbox.load.remove();
    }

    // Time.

    /// Sees to it that the heap has an entry for the connection's deadline, or an earlier one.
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
                .push(Reverse((deadline, index, connection.generation)));
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(Reverse((at, index, generation))) = self.deadlines.peek().copied()
            && at <= now
        {
            self.deadlines.pop();
            self.expire_connection(index, generation, at, now);
        }
    }

    fn expire_connection(&mut self, index: usize, generation: u32, at: Instant, now: Instant) {
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
            let id = connection_id(index, generation);
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
            self.for_each_connection(now, |connection, turn| {
                connection
                    .session
                    .yield_chunk(!connection.is_readable, turn)
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
        self.stop_listening();
        let since = *self.draining_since.get_or_insert(now);
        if now.duration_since(since) >= self.context.limits.drain {
            self.stop(now);
            return;
        }
        self.for_each_connection(now, |connection, turn| {
            connection.session.shut_down_if_idle(DRAIN_IDLE_MAX, turn)
        });
    }

    fn stop(&mut self, now: Instant) {
        self.stop_listening();
        if self.stopping_since.is_none() {
            self.stopping_since = Some(now);
            self.for_each_connection(now, |connection, turn| {
                connection.session.shut_down(turn);
                true
            });
        }
    }

    fn stop_listening(&mut self) {
        if let Some(mut listener) = self.listener.take() {
            let _ = self.poll.registry().deregister(&mut listener);
        }
    }

    fn is_finished(&self) -> bool {
        let is_empty =
            self.connections.is_empty() && self.letters.accepted.is_empty() && self.dues.is_empty();
        let is_over = |since: Instant| since.elapsed() >= FAREWELL;
        (self.context.is_draining() && self.listener.is_none() && is_empty)
            || self.stopping_since.is_some_and(is_over)
    }

    /// Lets every connection act; those that say they did something get a turn.
    fn for_each_connection(
        &mut self,
        now: Instant,
        mut act: impl FnMut(&mut Connection, &mut Turn<'_>) -> bool,
    ) {
        let mut turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        for (index, connection) in &mut self.connections {
            if act(connection, &mut turn) && !std::mem::replace(&mut connection.is_queued, true) {
                self.queue.push_back(index);
            }
        }
    }
}

impl Connection {
    /// Reads and writes as far as the socket and the bounds of a turn allow. Returns whether it
    /// could go on at once.
    fn take_turn(&mut self, scratch: &mut Scratch, turn: &mut Turn<'_>) -> bool {
        for _ in 0..READS_PER_TURN {
            self.session.pump(turn);
            if !self.write_output(turn) {
                return false;
            }
            let read = match self.session.want() {
                _ if !self.is_readable || self.session.is_closed() => return false,
                Want::Chunk if self.session.take_chunk(turn) => continue,
                Want::Pump => continue,
                Want::Chunk | Want::Nothing => return false,
                Want::Drain => self.read_trash(scratch),
                Want::Control(max) => self.read_control(max, scratch, turn),
                Want::Scatter => self.read_scattered(scratch, turn),
            };
            match read {
                Ok(0) => self.session.connection_closed(turn),
                Ok(n) => turn
                    .context
                    .statistics
                    .add(Counter::BytesReceived, n as u64),
                Err(error) => self.on_error(&error, turn, |this| this.is_readable = false),
            }
        }
        true
    }

    fn read_trash(&mut self, scratch: &mut Scratch) -> io::Result<usize> {
        let n = self.stream.read(scratch.trash())?;
        self.session.drained(n);
        Ok(n)
    }

    fn read_control(
        &mut self,
        max: usize,
        scratch: &mut Scratch,
        turn: &mut Turn<'_>,
    ) -> io::Result<usize> {
        let n = self.stream.read(scratch.control(max))?;
        self.session.take(n, scratch, turn);
        Ok(n)
    }

    fn read_scattered(&mut self, scratch: &mut Scratch, turn: &mut Turn<'_>) -> io::Result<usize> {
        let plan = self.session.plan();
        let mut vector = self.session.read_vector(&plan, scratch);
        let n = self.stream.read_vectored(&mut vector)?;
        drop(vector);
        self.session.settle(&plan, n, scratch, turn);
        Ok(n)
    }

    /// Writes what there is to send. Returns whether the connection still stands.
    fn write_output(&mut self, turn: &mut Turn<'_>) -> bool {
        while self.is_writable && !self.session.output().is_empty() {
            match self.stream.write(self.session.output()) {
                Ok(n) => self.session.sent(n, turn.now),
                Err(error) => self.on_error(&error, turn, |this| this.is_writable = false),
            }
        }
        !self.session.is_closed()
    }

    fn on_error(&mut self, error: &io::Error, turn: &mut Turn<'_>, block: impl FnOnce(&mut Self)) {
        match error.kind() {
            ErrorKind::WouldBlock => block(self),
            ErrorKind::Interrupted => {}
            _ => {
                self.is_writable = false;
                self.is_readable = false;
                self.session.connection_closed(turn);
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

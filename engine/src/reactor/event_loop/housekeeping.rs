//! What is looked after now and then: memory that others wait for, and the end.

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use super::{Connection, EventLoop};
use crate::reactor::backend::Backend;
use crate::reactor::context::Phase;
use crate::reactor::session::{CHUNK_HOLD_WHILE_SILENT, Turn};

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

impl<B: Backend> EventLoop<B> {
    pub(super) fn needs_housekeeping(&self) -> bool {
        self.context.is_draining()
            || (self.context.pool.is_under_pressure() && !self.connections.is_empty())
    }

    /// Looks after everybody now and then, as long as there is a reason to.
    pub(super) fn keep_house(&mut self, now: Instant) {
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

    pub(super) fn is_finished(&self) -> bool {
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

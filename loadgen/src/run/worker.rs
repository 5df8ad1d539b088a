//! One sending thread.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pdvault_engine::sender::{Connection, EventLoop, Turn};
use rustix::time::{ClockId, clock_gettime};

use super::desk::{Desk, Opening};
use super::payload::ObjectPayload;
use super::timer::Timer;
use super::{Shared, WorkerReport};
use crate::results::Effort;

/// How often a thread looks whether the run has been stopped or its time is over.
const TICK: Duration = Duration::from_millis(50);

/// How long responses are waited for after a run was stopped.
const STOP_DRAIN: Duration = Duration::from_secs(1);

/// The event loop moves bytes, the desk decides what is sent.
pub(super) struct Worker {
    shared: Arc<Shared>,
    connections: EventLoop<ObjectPayload>,
    timer: Timer,
    desk: Desk,
    /// When the wait for what is in flight ends.
    give_up_at: Option<Instant>,
}

impl Worker {
    pub(super) fn new(shared: &Arc<Shared>, number: usize, count: usize) -> io::Result<Self> {
        let connections = EventLoop::new()?;
        Ok(Self {
            shared: Arc::clone(shared),
            timer: Timer::new(connections.registry())?,
            connections,
            desk: Desk::new(shared, number, count),
            give_up_at: None,
        })
    }

    /// Sends until there is nothing more to be sent and everything is answered.
    pub(super) fn work(mut self) -> WorkerReport {
        let start = Instant::now();
        if let Err(error) = self.run() {
            self.shared.give_up(error.into());
        }
        WorkerReport {
            record: self.desk.into_record(),
            effort: Effort {
                cpu: thread_cpu_time(),
                wall: start.elapsed(),
            },
        }
    }

    fn run(&mut self) -> io::Result<()> {
        loop {
            let now = Instant::now();
            self.open(now)?;
            self.serve_free(now)?;
            if self.desk.is_over(now) {
                self.end_connections(now);
                if self.connections.is_empty() || self.give_up_at.is_some_and(|at| at <= now) {
                    self.desk.finish(now);
                    return Ok(());
                }
            }
            let until = self.wake_up_time(now)?;
            let desk = &mut self.desk;
            self.connections
                .round(Some(until), |index, connection, _| {
                    desk.act(index, connection);
                })?;
        }
    }

    /// Opens the associations that are due.
    fn open(&mut self, now: Instant) -> io::Result<()> {
        while let Some(slot) = self.desk.next_opening(now) {
            self.connect(Opening { slot, ticket: None }, now)?;
        }
        Ok(())
    }

    /// Gives objects that are due to associations that have nothing to do.
    fn serve_free(&mut self, now: Instant) -> io::Result<()> {
        while let Some(slot) = self.desk.next_free() {
            if self.shared.options.per_object {
                let Some(ticket) = self.desk.next_ticket(now) else {
                    self.desk.put_back(slot);
                    break;
                };
                let ticket = Some(ticket);
                self.connect(Opening { slot, ticket }, now)?;
            } else if !self.serve(slot, now) {
                break;
            }
        }
        Ok(())
    }

    /// Gives one object to a slot, unless it has become busy since; no, if no object is due.
    fn serve(&mut self, slot: usize, now: Instant) -> bool {
        let Some(index) = self.desk.connection(slot) else {
            return true;
        };
        let Some(connection) = self.connections.get_mut(index) else {
            return true;
        };
        if !connection.can_begin() {
            return true;
        }
        let is_served = self.desk.feed_one(slot, connection, now);
        let turn = connection.send(now);
        self.desk.take_events(slot, connection, Instant::now());
        if connection.can_begin() {
            self.desk.put_back(slot);
        }
        if turn == Turn::More {
            self.connections.wake(index);
        }
        is_served
    }

    fn connect(&mut self, opening: Opening, now: Instant) -> io::Result<()> {
        let options = &self.shared.options;
        let request = self.shared.request.clone();
        match Connection::connect(options.address, request, &options.connection, now) {
            Ok(connection) => {
                let index = self.connections.add(connection)?;
                self.desk.opened(opening, index);
            }
            Err(error) => self.desk.not_opened(opening, &error, now),
        }
        Ok(())
    }

    /// Releases what has nothing in flight any more.
    fn end_connections(&mut self, now: Instant) {
        if self.give_up_at.is_none() {
            let stopped = self.shared.stop.is_set();
            let drain = self.shared.options.drain;
            self.give_up_at = Some(
                now + if stopped {
                    STOP_DRAIN.min(drain)
                } else {
                    drain
                },
            );
            let all: Vec<_> = self.connections.iter().map(|(index, _)| index).collect();
            for index in all {
                self.connections.wake(index);
            }
        } else if self.shared.stop.is_set() {
            let soon = now + STOP_DRAIN;
            self.give_up_at = self.give_up_at.map(|at| at.min(soon));
        }
    }

    /// The end of the next wait for sockets, unless the timer ends it before.
    fn wake_up_time(&mut self, now: Instant) -> io::Result<Instant> {
        if let Some(due) = self.desk.next_due() {
            self.timer.set(due.saturating_duration_since(now))?;
        }
        let times = [Some(now + TICK), self.desk.next_opening_time()];
        Ok(times.into_iter().flatten().min().unwrap_or(now))
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

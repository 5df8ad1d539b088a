//! Which object is next, and when.

use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::slot::Ticket;
use super::{Pace, Shared};
use crate::schedule::{DueTimes, Schedule};

/// One thread's part of what there is to be sent.
pub(super) struct Agenda {
    shared: Arc<Shared>,
    /// Of an open loop.
    due_times: Option<Peekable<DueTimes>>,
    is_exhausted: bool,
    /// When it was, for want of time.
    ended_at: Option<Instant>,
}

impl Agenda {
    pub(super) fn new(shared: &Arc<Shared>, number: usize, count: usize) -> Self {
        Self {
            due_times: due_times(shared, number, count),
            is_exhausted: false,
            ended_at: None,
            shared: Arc::clone(shared),
        }
    }

    /// Whether [`Agenda::is_over`] has found so.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// The next object, if one is due.
    pub(super) fn next_ticket(&mut self, now: Instant) -> Option<Ticket> {
        while !self.is_over(now) {
            let due = self.take_due(now)?;
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            if self
                .shared
                .options
                .objects
                .is_some_and(|count| number >= count)
            {
                self.is_exhausted = true;
                return None;
            }
            match (&self.shared.crew, self.shared.options.faults.of(number)) {
                (Some(crew), Some(fault)) => crew.order(fault, number),
                _ => {
                    return Some(Ticket {
                        number,
                        due,
                        begun: now,
                    });
                }
            }
        }
        None
    }

    /// The time that the next object was due, if that is not in the future.
    fn take_due(&mut self, now: Instant) -> Option<Instant> {
        match self.next_due_time() {
            None => Some(now),
            Some(due) if due <= now => {
                self.due_times.as_mut().and_then(Iterator::next);
                Some(due)
            }
            Some(_) => None,
        }
    }

    /// When the next object of an open loop is due.
    pub(super) fn next_due_time(&mut self) -> Option<Instant> {
        let due = self.due_times.as_mut()?.peek()?;
        self.shared.start.checked_add(*due)
    }

    /// Whether no object is begun any more.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if self.is_exhausted {
            return true;
        }
        let next = self.next_due_time().unwrap_or(now);
        let options = &self.shared.options;
        let end = options.end().map(|end| self.shared.start + end);
        let is_all_begun = options
            .objects
            .is_some_and(|count| self.shared.next.load(Ordering::Relaxed) >= count);
        let is_time_over = end.is_some_and(|end| next >= end || now >= end + options.drain);
        let is_ended = self.shared.stop.is_set() || is_time_over;
        if is_ended && !is_all_begun {
            self.ended_at = Some(end.map_or(now, |end| end.min(now)));
        }
        self.is_exhausted = is_all_begun || is_ended;
        self.is_exhausted
    }

    /// How many objects of an open loop were due before its end and not begun.
    pub(super) fn never_begun(&mut self) -> u64 {
        let mut count = 0;
        while let Some(due) = self.next_due_time()
            && self.ended_at.is_some_and(|end| due < end)
        {
            count += 1;
            self.due_times.as_mut().and_then(Iterator::next);
        }
        count
    }
}

fn due_times(shared: &Shared, number: usize, count: usize) -> Option<Peekable<DueTimes>> {
    let options = &shared.options;
    let Pace::Open {
        per_second,
        arrivals,
    } = options.pace
    else {
        return None;
    };
    let schedule = Schedule {
        per_second,
        ramp: options.ramp,
        arrivals,
    };
    Some(schedule.due_times(number, count, options.seed).peekable())
}

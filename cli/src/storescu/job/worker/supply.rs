//! Which file is next, and when.

use std::time::{Duration, Instant};

use crossbeam_channel::TryRecvError;

use super::super::feed::Item;
use super::super::payload::ObjectPayload;
use super::{Again, Held, Next, Worker};
use crate::requesting::Opened;

/// How long a worker with an idle association waits for the next file before it looks whether the
/// peer has anything to say.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// How long a worker with room in its window waits for a response before it looks for the next file.
const FEED_WAIT: Duration = Duration::from_millis(5);

/// How many files of an association may wait to be tried again before no others are begun. A peer that
/// is out of resources is out of them for all files; a few that it cannot take must not hold up the
/// rest.
const AGAIN_MAX: usize = 16;

impl Worker<'_> {
    /// Whether no file is left to be begun.
    pub(super) fn is_over(&self) -> bool {
        let is_empty = self.shared.is_exhausted() && self.again.is_empty() && self.held.is_none();
        self.shared.stop.is_set() || is_empty
    }

    /// Waits, without an association, until there is a file to send; false if the job is over before.
    pub(in super::super) fn wait_for_file(&mut self) -> bool {
        while !self.is_over() {
            let now = Instant::now();
            let due = self.held.as_ref().map(|held| held.due);
            match due {
                Some(due) if due <= now => return true,
                Some(due) => self.shared.stop.sleep(due - now),
                None => match self.next_item(now) {
                    Some(next) => self.hold(next, now),
                    None if self.takes_new_files() => {}
                    None => self.shared.stop.sleep(IDLE_WAIT),
                },
            }
        }
        false
    }

    /// Begins stores as long as there are files and the window has room.
    pub(super) fn fill_window(&mut self, association: &mut Opened<ObjectPayload>) {
        while self.has_room(association) && !self.shared.stop.is_set() {
            let Some(item) = self.due_item() else { return };
            self.begin(item, association);
        }
    }

    /// The next file, if there is one whose turn has come.
    fn due_item(&mut self) -> Option<Item> {
        let now = Instant::now();
        if self.held.is_none() {
            let next = self.next_item(now)?;
            self.hold(next, now);
        }
        let held = self.held.take_if(|held| held.due <= now)?;
        Some(held.next.item)
    }

    /// Keeps a file until the rate allows for it.
    fn hold(&mut self, next: Next, now: Instant) {
        let pace = self.shared.orders.objects_pace.as_ref();
        let wait = pace.map_or(Duration::ZERO, |pace| pace.reserve(1, now));
        let due = now + wait;
        self.held = Some(Held { due, next });
    }

    /// Whether another file may be begun. While one is in flight that may break the association, none
    /// is: it would be lost with it.
    fn has_room(&self, association: &Opened<ObjectPayload>) -> bool {
        let has_suspect = self.in_flight.values().any(|flight| flight.item.is_suspect);
        !has_suspect && association.connection.connection().can_begin()
    }

    /// The next file, if there is one at once; an idle association waits a little.
    fn next_item(&mut self, now: Instant) -> Option<Next> {
        self.due_again(now, false)
            .or_else(|| self.new_item())
            .or_else(|| self.due_suspect(now))
            .or_else(|| self.wait_for_new_item())
    }

    /// A file whose time has come to be tried again.
    fn due_again(&mut self, now: Instant, is_suspect: bool) -> Option<Next> {
        let is_next = |again: &Again| again.due <= now && again.item.is_suspect == is_suspect;
        let at = self.again.iter().position(is_next)?;
        Some(self.again.remove(at).into())
    }

    /// A file that may break the association: when nothing else is to be done, and alone.
    fn due_suspect(&mut self, now: Instant) -> Option<Next> {
        let is_alone = self.in_flight.is_empty();
        is_alone.then(|| self.due_again(now, true)).flatten()
    }

    fn new_item(&mut self) -> Option<Next> {
        if !self.takes_new_files() {
            return None;
        }
        match self.shared.items.try_recv() {
            Ok(item) => Some(Next { item, last: None }),
            Err(TryRecvError::Disconnected) => {
                self.shared.note_exhausted();
                None
            }
            Err(TryRecvError::Empty) => None,
        }
    }

    fn wait_for_new_item(&self) -> Option<Next> {
        if !self.takes_new_files() || !self.in_flight.is_empty() {
            return None;
        }
        let item = self.shared.items.recv_timeout(IDLE_WAIT).ok()?;
        Some(Next { item, last: None })
    }

    /// When the next file is to be tried again. One that may break the association waits for an
    /// answer to the others.
    fn next_again(&self) -> Option<Instant> {
        let is_alone = self.in_flight.is_empty();
        let again = self.again.iter();
        again
            .filter(|again| is_alone || !again.item.is_suspect)
            .map(|again| again.due)
            .min()
    }

    fn takes_new_files(&self) -> bool {
        !self.shared.is_exhausted() && self.held.is_none() && self.again.len() < AGAIN_MAX
    }

    /// How long to wait for the peer before there may be something else to do; `None`: until it says
    /// something.
    pub(super) fn patience(&self, association: &Opened<ObjectPayload>) -> Option<Duration> {
        if !self.has_room(association) {
            return None;
        }
        if self.in_flight.is_empty() && self.takes_new_files() {
            // The waiting is done where files come from.
            return Some(Duration::ZERO);
        }
        let due = match &self.held {
            Some(held) => Some(held.due),
            None => self.next_again(),
        };
        let until_due = due.map(|at| at.saturating_duration_since(Instant::now()));
        let feed = self.takes_new_files().then_some(FEED_WAIT);
        // So that the end of the job is noticed.
        let stop = Some(IDLE_WAIT);
        [until_due, feed, stop].into_iter().flatten().min()
    }
}

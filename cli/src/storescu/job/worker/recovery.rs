//! What follows the loss of an association.

use std::sync::atomic::Ordering;
use std::time::Instant;

use pdvault_engine::association::{AssociationError, PeerGone};

use super::super::feed::Item;
use super::super::payload::ObjectPayload;
use super::super::stop::Ending;
use super::flight::Flight;
use super::{Again, Loss, NOT_SENT, Worker, not_sent};
use crate::requesting::{Opened, condition, is_peer_abort, is_transient};

/// How many associations in a row a worker opens that are lost before the peer answers anything. Until
/// then single files may be why, and others may fare better; a series that the peer cannot take is
/// hardly longer.
const BARREN_MAX: u32 = 256;

impl Worker<'_> {
    /// The association is gone: what was in flight is tried again or has failed. Returns the next
    /// association, if there is to be one.
    pub(super) fn recover(&mut self, loss: &Loss) -> Option<Opened<ObjectPayload>> {
        let in_flight = std::mem::take(&mut self.in_flight);
        let is_alone = in_flight.len() == 1;
        let failures = in_flight
            .into_values()
            .map(|flight| self.take_back(flight, loss, is_alone))
            .max();
        match loss {
            _ if self.shared.stop.is_set() => self.tell_of_loss(loss),
            Loss::Own if self.is_over() => self.tell_of_loss(loss),
            Loss::Peer(error) if self.is_over() => {
                tracing::info!("Releasing Association");
                self.fail_release(&condition(error));
            }
            Loss::Peer(error) if !self.outlast(error, failures.unwrap_or_default()) => {
                if self.shared.orders.settings.halt {
                    self.tell_of_loss(loss);
                }
                self.give_up(ending_of(error), &condition(error));
            }
            Loss::Own | Loss::Peer(_) => return self.reopen(),
        }
        None
    }

    /// Opens the next association once there is something to send over it.
    pub(super) fn reopen(&mut self) -> Option<Opened<ObjectPayload>> {
        if !self.wait_for_file() {
            return None;
        }
        self.open().unwrap_or_else(|failure| {
            tracing::error!("{failure}");
            let why = failure.to_string();
            self.give_up(Ending::NoAssociation(why.clone()), &why);
            None
        })
    }

    /// Waits as long as is due before the next association, after this one failed so, with a file that
    /// has by now so many failures; false if there is not to be another.
    ///
    /// The peer was there, so that this does not use up the attempts to reach it: a file that breaks
    /// each of its associations uses up its own, and then it is the turn of the others.
    fn outlast(&mut self, error: &AssociationError, failures: u32) -> bool {
        self.barren += 1;
        self.failures = 1;
        let retries = self.shared.orders.retry.retries;
        let attempt = if failures > retries {
            1
        } else {
            failures.max(1)
        };
        let may_pass = is_transient(error) && self.barren <= BARREN_MAX;
        if let Some(delay) = self.delay(attempt).filter(|_| may_pass) {
            self.announce_retry(&error.to_string(), delay, attempt);
            self.shared.stop.sleep(delay);
            return true;
        }
        // One file without an answer is no reason to give up the others, unless failures end the job.
        let is_mute = matches!(error, AssociationError::PeerGone(PeerGone::NoResponse));
        is_mute && !self.shared.orders.settings.halt
    }

    /// Deals with a file whose association was lost before the peer answered. Returns how often it has
    /// failed.
    ///
    /// Of several files each may be why the association was lost: none has failed by that, but each is
    /// tried again on its own. One that `is_alone` has failed.
    fn take_back(&mut self, flight: Flight, loss: &Loss, is_alone: bool) -> u32 {
        match loss {
            Loss::Own => {
                let (item, last) =
                    flight.unanswered("the association was aborted for another file");
                let failures = item.failures;
                self.again.push(Again {
                    due: Instant::now(),
                    item,
                    last,
                });
                failures
            }
            Loss::Peer(error) => {
                let (mut item, settled) = flight.unanswered(&error.to_string());
                let retries = self.shared.orders.retry.retries;
                item.failures += u32::from(is_alone);
                item.is_suspect = true;
                let failures = item.failures;
                if is_transient(error) && retries > 0 && failures <= retries {
                    self.again.push(Again {
                        due: Instant::now(),
                        item,
                        last: settled,
                    });
                    return failures;
                }
                tracing::error!(
                    "Store Failed, file: {}:\n{}",
                    item.path.display(),
                    condition(error)
                );
                self.fail(settled, ending_of(error));
                failures
            }
        }
    }

    /// Logs the end of an association that nobody wanted to end.
    fn tell_of_loss(&self, loss: &Loss) {
        match loss {
            Loss::Own => {
                if let Some(condition) = &self.unsendable {
                    tracing::error!("Store SCU Failed: {condition}");
                }
                tracing::info!("Aborting Association");
            }
            Loss::Peer(error) if is_peer_abort(error) => {
                tracing::info!("Peer Aborted Association");
            }
            Loss::Peer(error) => {
                tracing::error!("Store SCU Failed: {}", condition(error));
                tracing::info!("Aborting Association");
            }
        }
    }

    /// There will be no further association, which ends the job if failures do.
    fn give_up(&mut self, ending: Ending, why: &str) {
        if self.shared.orders.settings.halt {
            self.shared.stop.set(ending);
            return;
        }
        if self.shared.orders.settings.sending.associations > 1 {
            tracing::warn!("going on with fewer associations: {why}");
        }
        self.shared.lost.store(true, Ordering::Release);
        self.abandon(why);
    }

    /// Leaves the files to the other workers, if there are any.
    pub(in super::super) fn abandon(&mut self, why: &str) {
        self.shared.note_given_up(why);
        self.shared.ended_badly.store(true, Ordering::Release);
        self.settle_leftovers();
    }

    /// No worker sends any more: sees to it that something becomes of every file that is left, or, if
    /// the job is to end, that the feed need not wait for room. The release that a lost association
    /// cannot have is told of behind them, where DCMTK tries it.
    pub(in super::super) fn settle_rest(mut self) {
        for item in &self.shared.items {
            if self.shared.stop.is_set() {
                self.leave(&item);
            } else {
                self.settle_unsent(&item);
            }
        }
        if self.shared.lost.load(Ordering::Acquire) {
            tracing::info!("Releasing Association");
            self.fail_release(&self.shared.why_given_up());
        }
    }

    /// A file is left to the next run, because this one ends.
    pub(super) fn leave(&self, item: &Item) {
        let mode = self.shared.orders.read_mode;
        if self.shared.pass.is_for_file(&item.path, mode) {
            self.shared.recorder.leave(&item.path);
        }
    }

    /// A file has failed for want of an association, unless another pass is to send it.
    pub(super) fn settle_unsent(&mut self, item: &Item) {
        let is_only_pass = self.shared.pass.elsewhere.is_empty();
        if !is_only_pass && self.take_up(item).is_none() {
            return;
        }
        let path = item.path.display();
        tracing::info!("Sending file: {path}");
        tracing::error!("Store Failed, file: {path}:\n{NOT_SENT}");
        let why = self.shared.why_given_up();
        let settled = not_sent(&item.path, &format!("there is no association: {why}"));
        self.shared.recorder.settle(settled);
    }
}

fn ending_of(error: &AssociationError) -> Ending {
    if is_peer_abort(error) {
        Ending::PeerAborted(error.to_string())
    } else {
        Ending::NoAssociation(error.to_string())
    }
}

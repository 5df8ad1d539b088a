//! What follows the loss of an association.

use std::sync::atomic::Ordering;
use std::time::Instant;

use pdvault_engine::association::{AssociationError, PeerGone};

use super::super::payload::ObjectPayload;
use super::super::stop::Ending;
use super::flight::Flight;
use super::{Again, Loss, NOT_SENT, Worker, not_sent};
use crate::requesting::{Opened, condition, is_peer_abort, is_transient};

impl Worker<'_> {
    /// The association is gone: what was in flight is tried again or has failed. Returns the next
    /// association, if there is to be one.
    pub(super) fn recover(&mut self, loss: &Loss) -> Option<Opened<ObjectPayload>> {
        let in_flight = std::mem::take(&mut self.in_flight);
        for flight in in_flight.into_values() {
            self.take_back(flight, loss);
        }
        let stopped = self.shared.stop.is_set();
        if stopped || (self.is_over() && matches!(loss, Loss::Own)) {
            self.tell_of_loss(loss);
            return None;
        }
        if let Loss::Peer(error) = loss
            && !self.outlast(error)
        {
            self.give_up(&condition(error));
            return None;
        }
        match self.open() {
            Ok(next) => next,
            Err(failure) => {
                tracing::error!("{failure}");
                self.give_up(&failure.to_string());
                None
            }
        }
    }

    /// Waits as long as is due before the next association, after this one failed so; false if there
    /// is not to be another.
    fn outlast(&mut self, error: &AssociationError) -> bool {
        if self.is_over() {
            return false;
        }
        self.failures += 1;
        let delay = self.delay(self.failures).filter(|_| is_transient(error));
        if let Some(delay) = delay {
            self.announce_retry(&error.to_string(), delay);
            self.shared.stop.sleep(delay);
            return true;
        }
        // One file without an answer is no reason to give up the others, unless failures end the job.
        let is_mute = matches!(error, AssociationError::PeerGone(PeerGone::NoResponse));
        is_mute && !self.shared.orders.settings.halt
    }

    /// Deals with a file whose association was lost before the peer answered.
    fn take_back(&mut self, flight: Flight, loss: &Loss) {
        match loss {
            Loss::Own => {
                let (item, last) =
                    flight.unanswered("the association was aborted for another file");
                self.again.push(Again {
                    due: Instant::now(),
                    item,
                    last,
                });
            }
            Loss::Peer(error) => {
                let (mut item, settled) = flight.unanswered(&error.to_string());
                item.failures += 1;
                if is_transient(error) && item.failures <= self.shared.orders.retry.retries {
                    self.again.push(Again {
                        due: Instant::now(),
                        item,
                        last: settled,
                    });
                    return;
                }
                tracing::error!(
                    "Store Failed, file: {}:\n{}",
                    item.path.display(),
                    condition(error)
                );
                self.fail(settled, ending_of(error));
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

    /// There will be no further association. Without halting, the last worker sees to it that
    /// something becomes of every file.
    fn give_up(&mut self, why: &str) {
        self.shared.ended_badly.store(true, Ordering::Release);
        if self.shared.orders.settings.halt {
            self.shared.stop.set(Ending::NoAssociation(why.to_owned()));
            return;
        }
        self.settle_leftovers();
        if self.shared.live.load(Ordering::Acquire) == 1 {
            for item in &self.shared.items {
                tracing::info!("Sending file: {}", item.path.display());
                tracing::error!("Store Failed, file: {}:\n{NOT_SENT}", item.path.display());
                let settled = not_sent(&item.path, &format!("there is no association: {why}"));
                self.shared.recorder.settle(settled);
            }
        }
        tracing::info!("Releasing Association");
        tracing::error!("Association Release Failed: {why}");
    }
}

fn ending_of(error: &AssociationError) -> Ending {
    if is_peer_abort(error) {
        Ending::PeerAborted(error.to_string())
    } else {
        Ending::NoAssociation(error.to_string())
    }
}

//! One association and the files that leave over it.

mod begin;
mod flight;
mod recovery;
mod supply;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use pdvault_engine::association::{
    AssociationError, OperationId, PeerGone, RequestorEvent, StoreReply,
};
use pdvault_engine::pdu::AssociateRq;
use pdvault_engine::sender::{ConnectionEvent, OpenError};

use super::Orders;
use super::feed::Item;
use super::ledger::{Recorder, Settled};
use super::outcome::Verdict;
use super::payload::ObjectPayload;
use super::retry::is_transient_status;
use super::stop::{Ending, Stop};
use crate::requesting::{OpenFailure, Opened, condition};

use flight::Flight;
pub(super) use flight::{known, not_sent};

/// How long an association stays without anything to send: less than the minute after which peers
/// commonly drop one.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// A condition of DCMTK's for what was not even tried.
const NOT_SENT: &str = "0006:020e DIMSE Failed to send message";

/// What all workers of a job share.
pub(super) struct Shared<'a> {
    pub(super) orders: &'a Orders<'a>,
    pub(super) request: &'a AssociateRq,
    pub(super) items: Receiver<Item>,
    pub(super) recorder: Recorder<'a>,
    pub(super) stop: &'a Stop,
    /// Whether an association did not end as it should.
    pub(super) ended_badly: &'a AtomicBool,
    /// Which files are this pass's business.
    pub(super) pass: super::Pass,
    /// Whether the feed has no further files.
    pub(super) is_exhausted: AtomicBool,
    /// Whether a worker gave up because its association was lost.
    pub(super) lost: AtomicBool,
    /// Why a worker gave up: the first reason.
    pub(super) given_up: Mutex<Option<String>>,
}

impl Shared<'_> {
    /// The feed has no further files: who connects for more of them need not.
    fn note_exhausted(&self) {
        self.is_exhausted.store(true, Ordering::Release);
        self.stop.wake();
    }

    /// Whether the feed has no further files.
    fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Ordering::Acquire)
    }

    /// A worker gives up.
    fn note_given_up(&self, why: &str) {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get_or_insert_with(|| why.to_owned());
    }

    /// Why there is no association for what is left.
    fn why_given_up(&self) -> String {
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.clone().unwrap_or_default()
    }
}

/// A file that leaves when the rate allows it.
struct Held {
    due: Instant,
    next: Next,
}

/// The next file.
struct Next {
    item: Item,
    /// What became of it the last time, if it is tried again.
    last: Option<Settled>,
}

/// A file that is to be tried again.
struct Again {
    due: Instant,
    item: Item,
    /// What became of it if it is not.
    last: Settled,
}

impl From<Again> for Next {
    fn from(again: Again) -> Self {
        Self {
            item: again.item,
            last: Some(again.last),
        }
    }
}

/// Why an association is no more.
enum Loss {
    /// The peer's doing.
    Peer(AssociationError),
    /// Our own: a data set could not be sent to its end.
    Own,
}

/// How the time of an association ended.
enum Served {
    Done,
    /// Released, because nothing was there to send for long.
    Idle,
    Lost(Loss),
}

/// See the [module documentation](self).
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    in_flight: BTreeMap<OperationId, Flight>,
    again: Vec<Again>,
    /// A file that has to wait for its turn, because objects leave at a rate.
    held: Option<Held>,
    /// Attempts in a row to open an association that brought none, after the loss of one.
    failures: u32,
    /// Associations in a row that were lost before the peer answered anything.
    barren: u32,
    /// Set when a file ended the job: the condition.
    unsendable: Option<String>,
    /// Whether we broke the association ourselves.
    has_broken: bool,
    /// Stores begun on this association, which number its messages.
    begun: u64,
}

impl<'a> Worker<'a> {
    pub(super) fn new(shared: &'a Shared<'a>) -> Self {
        Self {
            shared,
            in_flight: BTreeMap::new(),
            again: Vec::new(),
            held: None,
            failures: 0,
            barren: 0,
            unsendable: None,
            has_broken: false,
            begun: 0,
        }
    }

    /// Opens an association, again and again as far as retries allow; `None` if the job, or the work
    /// that is left for this worker, ends before.
    pub(super) fn open(&mut self) -> Result<Option<Opened<ObjectPayload>>, OpenFailure> {
        self.open_while(&|this| !this.is_over())
    }

    /// Does so even if there is no file to send.
    pub(super) fn open_anyway(&mut self) -> Result<Option<Opened<ObjectPayload>>, OpenFailure> {
        self.open_while(&|this| !this.shared.stop.is_set())
    }

    fn open_while(
        &mut self,
        is_wanted: &dyn Fn(&Self) -> bool,
    ) -> Result<Option<Opened<ObjectPayload>>, OpenFailure> {
        while is_wanted(self) {
            let peer = &self.shared.orders.peer;
            let failure = match peer.open_while(self.shared.request, &|| is_wanted(self)) {
                Ok(opened) => {
                    self.failures = 0;
                    return Ok(Some(opened));
                }
                Err(OpenFailure::NotOpened(OpenError::Unwanted)) => break,
                Err(failure) => failure,
            };
            self.failures += 1;
            let delay = self.delay(self.failures).filter(|_| failure.is_transient());
            let Some(delay) = delay else {
                return Err(failure);
            };
            self.announce_retry(&failure.to_string(), delay, self.failures);
            self.shared.stop.sleep_while(delay, || is_wanted(self));
        }
        Ok(None)
    }

    fn delay(&self, failures: u32) -> Option<Duration> {
        self.shared.orders.retry.delay(failures, fastrand::f64())
    }

    fn announce_retry(&self, why: &str, delay: Duration, failures: u32) {
        let retries = self.shared.orders.retry.retries;
        let seconds = delay.as_secs_f64();
        tracing::warn!("{why}; connecting again in {seconds:.1} s ({failures} of {retries})");
    }

    /// Sends files until there are no more or the job ends, over `first` and whatever associations
    /// follow it.
    pub(super) fn run(mut self, first: Opened<ObjectPayload>) {
        let mut next = Some(first);
        while let Some(association) = next.take() {
            match self.serve(association) {
                Served::Done => break,
                Served::Idle => next = self.reopen(),
                Served::Lost(loss) => next = self.recover(&loss),
            }
        }
        self.settle_leftovers();
    }

    /// Sends files over one association.
    fn serve(&mut self, mut association: Opened<ObjectPayload>) -> Served {
        self.has_broken = false;
        self.begun = 0;
        let mut busy_at = Instant::now();
        loop {
            self.fill_window(&mut association);
            if !self.in_flight.is_empty() {
                busy_at = Instant::now();
            } else if self.is_over() {
                self.part(association);
                return Served::Done;
            } else if busy_at.elapsed() > IDLE_MAX {
                tracing::debug!("releasing an association with nothing to send");
                // If the peer has gone meanwhile, no harm is done.
                let _ = association.connection.release();
                return Served::Idle;
            }
            let patience = self.patience(&association);
            let loss = match association.connection.wait(patience) {
                Ok(Some(event)) => self.take_event(event, &association),
                Ok(None) if association.connection.connection().is_closed() => {
                    Some(Loss::Peer(PeerGone::ConnectionClosed.into()))
                }
                Ok(None) => None,
                Err(error) => {
                    tracing::error!("cannot wait for the peer: {error}");
                    Some(Loss::Peer(PeerGone::ConnectionClosed.into()))
                }
            };
            if let Some(loss) = loss {
                return Served::Lost(loss);
            }
        }
    }

    /// Acts on an event; returns the loss of the association if it is one.
    fn take_event(
        &mut self,
        event: ConnectionEvent,
        association: &Opened<ObjectPayload>,
    ) -> Option<Loss> {
        match event {
            ConnectionEvent::Sent { operation, bytes } => {
                if let Some(flight) = self.in_flight.get_mut(&operation) {
                    flight.sent(bytes, association.fragment_bytes);
                }
                None
            }
            ConnectionEvent::Association(RequestorEvent::Stored(reply)) => {
                self.take_reply(&reply);
                None
            }
            ConnectionEvent::PayloadFailed { operation, error } => {
                self.has_broken = true;
                if let Some(flight) = self.in_flight.remove(&operation) {
                    self.break_off(flight, &error.to_string());
                }
                None
            }
            ConnectionEvent::Association(RequestorEvent::Failed(error)) => Some(self.loss(error)),
            ConnectionEvent::Association(RequestorEvent::Released) => {
                tracing::error!("Protocol Error: Peer requested release (Aborting)");
                Some(self.loss(PeerGone::ConnectionClosed.into()))
            }
            ConnectionEvent::Closed => Some(self.loss(PeerGone::ConnectionClosed.into())),
            _ => None,
        }
    }

    fn loss(&self, error: AssociationError) -> Loss {
        if self.has_broken {
            Loss::Own
        } else {
            Loss::Peer(error)
        }
    }

    /// The peer has answered.
    fn take_reply(&mut self, reply: &StoreReply) {
        let Some(flight) = self.in_flight.remove(&reply.operation) else {
            return;
        };
        let verdict = Verdict::of(reply.status);
        // A peer that answers is there, and this file is not what it breaks at.
        self.barren = 0;
        let may_pass = is_transient_status(reply.status);
        let (mut item, settled) = flight.answered(reply, verdict);
        item.is_suspect = false;
        if verdict.is_acknowledged() {
            self.shared.recorder.settle(settled);
            return;
        }
        if may_pass && !self.shared.stop.is_set() {
            self.try_again(item, settled, Ending::Refused(reply.status));
        } else {
            self.fail(settled, Ending::Refused(reply.status));
        }
    }

    /// Has a file tried again later, unless that was done often enough.
    fn try_again(&mut self, mut item: Item, last: Settled, ending: Ending) {
        item.failures += 1;
        let Some(delay) = self.delay(item.failures) else {
            self.fail(last, ending);
            return;
        };
        let reason = last.outcome.reason.as_deref().unwrap_or("no reason given");
        tracing::warn!(
            "trying file again in {:.1} s: {}: {reason}",
            delay.as_secs_f64(),
            item.path.display(),
        );
        self.again.push(Again {
            due: Instant::now() + delay,
            item,
            last,
        });
    }

    /// A file has failed for good; ends the job if failures do.
    fn fail(&mut self, settled: Settled, ending: Ending) {
        self.shared.recorder.settle(settled);
        if self.shared.orders.settings.halt {
            self.shared.stop.set(ending);
        }
    }

    /// What was to be tried again, and is not any more, has failed. So has what was taken and not
    /// begun, unless the job ends: then nobody has tried it.
    pub(super) fn settle_leftovers(&mut self) {
        for again in self.again.drain(..) {
            self.shared.recorder.settle(again.last);
        }
        match self.held.take().map(|held| held.next) {
            Some(Next {
                last: Some(last), ..
            }) => self.shared.recorder.settle(last),
            Some(Next { item, last: None }) if self.shared.stop.is_set() => self.leave(&item),
            Some(Next { item, last: None }) => self.settle_unsent(&item),
            None => {}
        }
    }

    /// Ends the association, as the job asks for.
    fn part(&mut self, association: Opened<ObjectPayload>) {
        if let Some(condition) = &self.unsendable {
            tracing::error!("Store SCU Failed: {condition}");
        }
        if self.unsendable.is_some() || self.shared.orders.settings.abort {
            tracing::info!("Aborting Association");
            association.connection.abort();
            return;
        }
        tracing::info!("Releasing Association");
        if let Err(error) = association.connection.release() {
            self.fail_release(&condition(&error));
        }
    }

    fn fail_release(&self, why: &str) {
        tracing::error!("Association Release Failed: {why}");
        self.shared.ended_badly.store(true, Ordering::Release);
    }
}

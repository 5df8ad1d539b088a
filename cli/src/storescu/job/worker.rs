//! One association and the files that leave over it.

mod begin;
mod flight;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use pdvault_engine::association::{
    AssociationError, OperationId, PeerGone, RequestorEvent, StoreReply,
};
use pdvault_engine::pdu::AssociateRq;
use pdvault_engine::sender::ConnectionEvent;

use super::Orders;
use super::feed::Item;
use super::ledger::{Recorder, Settled};
use super::outcome::Verdict;
use super::payload::ObjectPayload;
use super::retry::is_transient_status;
use super::stop::{Ending, Stop};
use crate::requesting::{OpenFailure, Opened, condition, is_peer_abort, is_transient};

use flight::Flight;
pub(super) use flight::not_sent;

/// How long a worker with an idle association waits for the next file before it looks whether the
/// peer has anything to say.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// How long a worker with room in its window waits for a response before it looks for the next file.
const FEED_WAIT: Duration = Duration::from_millis(5);

/// A condition of DCMTK's for what was not even tried.
const NOT_SENT: &str = "0006:020e DIMSE Failed to send message";

/// What all workers of a job share.
pub(super) struct Shared<'a> {
    pub(super) orders: &'a Orders<'a>,
    pub(super) request: &'a AssociateRq,
    pub(super) items: Receiver<Item>,
    pub(super) recorder: Recorder<'a>,
    pub(super) stop: &'a Stop,
    /// Workers that still send.
    pub(super) live: AtomicUsize,
    /// Whether an association did not end as it should.
    pub(super) ended_badly: &'a AtomicBool,
    /// Which files are this pass's business.
    pub(super) pass: super::Pass,
}

impl Shared<'_> {
    /// One more worker sends.
    pub(super) fn join(&self) {
        self.live.fetch_add(1, Ordering::AcqRel);
    }
}

/// A file that is to be tried again.
struct Again {
    due: Instant,
    item: Item,
    /// What became of it if it is not.
    last: Settled,
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
    Lost(Loss),
}

/// See the [module documentation](self).
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    in_flight: BTreeMap<OperationId, Flight>,
    again: Vec<Again>,
    /// Whether no further files come.
    is_exhausted: bool,
    /// When the rate allows the next object.
    turn_at: Option<Instant>,
    /// Attempts in a row that brought nothing.
    failures: u32,
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
            is_exhausted: false,
            turn_at: None,
            failures: 0,
            unsendable: None,
            has_broken: false,
            begun: 0,
        }
    }

    /// Opens an association, again and again as far as retries allow; `None` if the job ends before.
    pub(super) fn open(&mut self) -> Result<Option<Opened<ObjectPayload>>, OpenFailure> {
        while !self.shared.stop.is_set() {
            let failure = match self.shared.orders.peer.open(self.shared.request) {
                Ok(opened) => return Ok(Some(opened)),
                Err(failure) => failure,
            };
            self.failures += 1;
            let delay = self.delay(self.failures).filter(|_| failure.is_transient());
            let Some(delay) = delay else {
                return Err(failure);
            };
            self.announce_retry(&failure.to_string(), delay);
            self.shared.stop.sleep(delay);
        }
        Ok(None)
    }

    fn delay(&self, failures: u32) -> Option<Duration> {
        self.shared.orders.retry.delay(failures, fastrand::f64())
    }

    fn announce_retry(&self, why: &str, delay: Duration) {
        let (failures, retries) = (self.failures, self.shared.orders.retry.retries);
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
                Served::Lost(loss) => next = self.recover(&loss),
            }
        }
        self.settle_leftovers();
        self.shared.live.fetch_sub(1, Ordering::AcqRel);
    }

    /// Sends files over one association.
    fn serve(&mut self, mut association: Opened<ObjectPayload>) -> Served {
        self.has_broken = false;
        self.begun = 0;
        loop {
            self.fill_window(&mut association);
            if self.in_flight.is_empty() && self.is_over() {
                self.part(association);
                return Served::Done;
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

    fn is_over(&self) -> bool {
        self.shared.stop.is_set() || (self.is_exhausted && self.again.is_empty())
    }

    /// Begins stores as long as there are files and the window has room.
    fn fill_window(&mut self, association: &mut Opened<ObjectPayload>) {
        while association.connection.connection().can_begin() && !self.shared.stop.is_set() {
            if !self.is_my_turn() {
                return;
            }
            let Some(item) = self.next_item() else { return };
            self.turn_at = None;
            self.begin(item, association);
        }
    }

    /// Whether the rate of objects allows one more now.
    fn is_my_turn(&mut self) -> bool {
        let Some(pace) = &self.shared.orders.objects_pace else {
            return true;
        };
        let now = Instant::now();
        let turn_at = *self
            .turn_at
            .get_or_insert_with(|| now + pace.reserve(1, now));
        turn_at <= now
    }

    /// The next file, if there is one at once; an idle association waits a little.
    fn next_item(&mut self) -> Option<Item> {
        let now = Instant::now();
        if let Some(at) = self.again.iter().position(|again| again.due <= now) {
            return Some(self.again.remove(at).item);
        }
        if self.is_exhausted {
            return None;
        }
        match self.shared.items.try_recv() {
            Ok(item) => return Some(item),
            Err(TryRecvError::Disconnected) => {
                self.is_exhausted = true;
                return None;
            }
            Err(TryRecvError::Empty) => {}
        }
        if !self.in_flight.is_empty() {
            return None;
        }
        self.shared.items.recv_timeout(IDLE_WAIT).ok()
    }

    /// How long to wait for the peer before there may be something else to do.
    fn patience(&self, association: &Opened<ObjectPayload>) -> Option<Duration> {
        if !association.connection.connection().can_begin() {
            return None;
        }
        let now = Instant::now();
        let due = self.again.iter().map(|again| again.due);
        let due = due.chain(self.turn_at).min();
        let until_due = due.map(|at| at.saturating_duration_since(now));
        let is_fed = !self.is_exhausted && self.turn_at.is_none();
        let feed = is_fed.then_some(if self.in_flight.is_empty() {
            Duration::ZERO
        } else {
            FEED_WAIT
        });
        let stop = Some(IDLE_WAIT);
        [until_due, feed, stop].into_iter().flatten().min()
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
        if verdict.is_acknowledged() {
            self.failures = 0;
        }
        let may_pass = is_transient_status(reply.status);
        let (item, settled) = flight.answered(reply, verdict);
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

    /// The association is gone: what was in flight is tried again or has failed. Returns the next
    /// association, if there is to be one.
    fn recover(&mut self, loss: &Loss) -> Option<Opened<ObjectPayload>> {
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

    /// What was to be tried again, and is not any more, has failed.
    fn settle_leftovers(&mut self) {
        for again in self.again.drain(..) {
            self.shared.recorder.settle(again.last);
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
            tracing::error!("Association Release Failed: {}", condition(&error));
            self.shared.ended_badly.store(true, Ordering::Release);
        }
    }
}

fn ending_of(error: &AssociationError) -> Ending {
    if is_peer_abort(error) {
        Ending::PeerAborted(error.to_string())
    } else {
        Ending::NoAssociation(error.to_string())
    }
}

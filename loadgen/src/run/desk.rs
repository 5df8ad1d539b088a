//! What a thread decides: which object is sent when and over which association; and what it notes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pdvault_engine::association::{RequestorEvent, StoreReply, StoreRequest};
use pdvault_engine::dimse::StatusCategory;
use pdvault_engine::sender::{Connection, ConnectionEvent, ConnectionIndex};

use super::agenda::Agenda;
use super::payload::ObjectPayload;
use super::slot::{Pending, Slot, Ticket};
use super::{Pace, RunError, Shared};
use crate::implementation::Implementation;
use crate::measure::{Acknowledged, Record};

/// How long after an association was lost or refused the next is tried.
const RECONNECT_AFTER: Duration = Duration::from_millis(100);

/// How long a receiver that was never reached is tried: it may just be starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many reasons of failures are told apart by one thread.
const REASONS_MAX: usize = 50;

/// An association that is to be opened, with its object if it is for one only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) slot: usize,
    pub(super) ticket: Option<Ticket>,
}

/// See the [module documentation](self).
pub(super) struct Desk {
    shared: Arc<Shared>,
    slots: Vec<Slot>,
    by_connection: HashMap<ConnectionIndex, usize>,
    /// Slots that wait for objects, the one that waits longest first.
    free: VecDeque<usize>,
    /// When which slot opens an association.
    openings: BinaryHeap<Reverse<(Instant, usize)>>,
    agenda: Agenda,
    record: Record,
    /// Attempts to associate that failed before any association of the run came to stand, by
    /// reason. They are failures if none ever does.
    attempts: BTreeMap<String, u64>,
}

impl Desk {
    pub(super) fn new(shared: &Arc<Shared>, number: usize, count: usize) -> Self {
        let options = &shared.options;
        let slots = (number..options.associations).step_by(count);
        let ramp = match options.pace {
            Pace::Closed => options.ramp,
            Pace::Open { .. } => Duration::ZERO,
        };
        let opens_at = |association| shared.start + share(ramp, association, options.associations);
        let openings = slots.clone().enumerate();
        Self {
            openings: openings
                .map(|(slot, association)| Reverse((opens_at(association), slot)))
                .collect(),
            slots: slots.map(|_| Slot::default()).collect(),
            by_connection: HashMap::new(),
            free: VecDeque::new(),
            agenda: Agenda::new(shared, number, count),
            attempts: BTreeMap::new(),
            record: Record::new(options.warm_up, options.keep_acknowledged),
            shared: Arc::clone(shared),
        }
    }

    pub(super) fn into_record(self) -> Record {
        self.record
    }

    // Which object is next.

    /// The next object, if one is due.
    pub(super) fn next_ticket(&mut self, now: Instant) -> Option<Ticket> {
        self.agenda.next_ticket(now)
    }

    /// When the next object can be begun, if that is a matter of time only.
    pub(super) fn next_due(&mut self) -> Option<Instant> {
        if self.free.is_empty() || self.agenda.is_exhausted() {
            return None;
        }
        self.agenda.next_due_time()
    }

    /// Whether no object is begun any more.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        self.agenda.is_over(now)
    }

    // Slots.

    /// A slot that is to open an association now.
    pub(super) fn next_opening(&mut self, now: Instant) -> Option<usize> {
        loop {
            let Reverse((at, slot)) = *self.openings.peek()?;
            if at > now || self.agenda.is_exhausted() {
                return None;
            }
            self.openings.pop();
            if !self.shared.options.per_object {
                return Some(slot);
            }
            self.put_back(slot);
        }
    }

    pub(super) fn next_opening_time(&self) -> Option<Instant> {
        let Reverse((at, _)) = self.openings.peek()?;
        (!self.agenda.is_exhausted()).then_some(*at)
    }

    /// A slot that waits for an object.
    pub(super) fn next_free(&mut self) -> Option<usize> {
        let slot = self.free.pop_front()?;
        self.slots[slot].is_listed = false;
        Some(slot)
    }

    /// Lists a slot as one that waits for an object.
    pub(super) fn put_back(&mut self, slot: usize) {
        if !std::mem::replace(&mut self.slots[slot].is_listed, true) {
            self.free.push_back(slot);
        }
    }

    pub(super) fn connection(&self, slot: usize) -> Option<ConnectionIndex> {
        self.slots[slot].connection
    }

    pub(super) fn opened(&mut self, opening: Opening, index: ConnectionIndex) {
        self.by_connection.insert(index, opening.slot);
        let slot = &mut self.slots[opening.slot];
        slot.connection = Some(index);
        slot.ticket = opening.ticket;
        slot.is_ending = false;
    }

    pub(super) fn not_opened(&mut self, opening: Opening, error: &io::Error, now: Instant) {
        let slot = &mut self.slots[opening.slot];
        slot.ticket = opening.ticket;
        slot.failure = Some(format!("cannot connect: {error}"));
        self.closed(opening.slot, now);
    }

    // What happens.

    /// Takes the events of a connection, then gives it objects.
    pub(super) fn act(
        &mut self,
        index: ConnectionIndex,
        connection: &mut Connection<ObjectPayload>,
    ) {
        let Some(slot) = self.by_connection.get(&index).copied() else {
            return;
        };
        // A round may take a while: an object is timed when its turn comes.
        let now = Instant::now();
        self.take_events(slot, connection, now);
        if connection.is_closed() || self.slots[slot].is_ending {
            return;
        }
        if self.shared.options.per_object {
            self.begin_only_object(slot, connection, now);
        } else {
            while self.feed_one(slot, connection, now) {}
        }
        self.end_if_idle(slot, connection, now);
    }

    /// Takes note of what has happened on a connection.
    pub(super) fn take_events(
        &mut self,
        slot: usize,
        connection: &mut Connection<ObjectPayload>,
        now: Instant,
    ) {
        while let Some(event) = connection.poll_event() {
            self.on_event(slot, event, connection, now);
        }
    }

    fn on_event(
        &mut self,
        slot: usize,
        event: ConnectionEvent,
        connection: &Connection<ObjectPayload>,
        now: Instant,
    ) {
        match event {
            ConnectionEvent::Association(RequestorEvent::Established) => {
                self.established(slot, connection);
            }
            ConnectionEvent::Association(RequestorEvent::Stored(reply)) => {
                self.stored(slot, &reply, now);
            }
            ConnectionEvent::Association(RequestorEvent::Rejected(rejection)) => {
                let reason = format!("association {}: {}", rejection.result, rejection.reason);
                self.slots[slot].failure = Some(reason);
            }
            ConnectionEvent::Association(RequestorEvent::Failed(error)) => {
                self.slots[slot].failure = Some(error.to_string());
            }
            ConnectionEvent::Association(
                RequestorEvent::Released | RequestorEvent::Echoed { .. },
            )
            | ConnectionEvent::PayloadFailed { .. } => {}
            ConnectionEvent::ConnectFailed(error) => {
                self.slots[slot].failure = Some(format!("cannot connect: {error}"));
            }
            ConnectionEvent::Sent { operation, .. } => self.slots[slot].sent(operation, now),
            ConnectionEvent::Closed => self.closed(slot, now),
        }
    }

    fn established(&mut self, slot: usize, connection: &Connection<ObjectPayload>) {
        self.shared.has_associated.store(true, Ordering::Relaxed);
        self.record.associations += 1;
        let Some(agreed) = connection.agreed() else {
            return;
        };
        Implementation::of(agreed).note_in(&mut self.record.receivers);
        let accepted = |id| agreed.contexts.iter().any(|context| context.id == id);
        let templates = 0..self.shared.corpus.templates().len();
        let contexts = templates.map(|template| self.shared.proposal.context(template));
        let contexts = contexts.map(|id| accepted(id).then_some(id));
        self.slots[slot].contexts = contexts.collect();
        if agreed.contexts.is_empty() {
            let proposed = self.shared.request.presentation_contexts.len();
            self.shared.give_up(RunError::NothingAccepted(proposed));
        }
    }

    fn stored(&mut self, slot: usize, reply: &StoreReply, now: Instant) {
        let Some(pending) = self.slots[slot].take(reply.operation) else {
            return;
        };
        let category = reply.status.category();
        if !matches!(category, StatusCategory::Success | StatusCategory::Warning) {
            let reason = format!("status 0x{:04X} ({})", reply.status.0, reply.status);
            return self.fail(&reason, 1, now);
        }
        self.record.acknowledged(&Acknowledged {
            number: pending.ticket.number,
            bytes: pending.bytes,
            with_warning: category == StatusCategory::Warning,
            phases: pending.phases(now),
            at: self.since_start(now),
        });
        self.shared.objects.fetch_add(1, Ordering::Relaxed);
        self.shared
            .bytes
            .fetch_add(pending.bytes, Ordering::Relaxed);
    }

    /// A connection is closed, or could not be made.
    fn closed(&mut self, slot: usize, now: Instant) {
        let failed = &mut self.slots[slot];
        if let Some(index) = failed.connection.take() {
            self.by_connection.remove(&index);
        }
        let lost = failed.pending.drain(..).count() + usize::from(failed.ticket.take().is_some());
        match failed.failure.take() {
            None => self.fail("connection closed by peer", lost as u64, now),
            Some(reason) => self.on_failure(&reason, lost as u64, now),
        }
        let is_quick = self.shared.options.per_object && lost == 0;
        let pause = if is_quick {
            Duration::ZERO
        } else {
            RECONNECT_AFTER
        };
        self.openings.push(Reverse((now + pause, slot)));
    }

    /// An association has failed, and `lost` objects with it.
    fn on_failure(&mut self, reason: &str, lost: u64, now: Instant) {
        let has_associated = self.shared.has_associated.load(Ordering::Relaxed);
        if has_associated {
            // One that failed between objects is a failure, too.
            self.fail(reason, lost.max(1), now);
        } else {
            self.fail(reason, lost, now);
            if lost == 0 && self.attempts.len() < REASONS_MAX {
                *self.attempts.entry(reason.to_owned()).or_default() += 1;
            }
            if now.saturating_duration_since(self.shared.start) >= PATIENCE {
                self.shared.give_up(RunError::NoAssociation {
                    address: self.shared.options.address,
                    reason: reason.to_owned(),
                });
            }
        }
    }

    fn fail(&mut self, reason: &str, objects: u64, now: Instant) {
        let at = self.since_start(now);
        let is_one_too_many =
            self.record.failures.len() >= REASONS_MAX && !self.record.failures.contains_key(reason);
        let reason = if is_one_too_many {
            "other reasons"
        } else {
            reason
        };
        self.record.failed(reason, objects, at);
        self.shared.failed.fetch_add(objects, Ordering::Relaxed);
    }

    fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.shared.start)
    }

    // Objects on their way.

    /// Begins one object, if the association takes one and one is due. Lists the slot if it is the
    /// object that is missing.
    pub(super) fn feed_one(
        &mut self,
        slot: usize,
        connection: &mut Connection<ObjectPayload>,
        now: Instant,
    ) -> bool {
        if !connection.can_begin() || self.slots[slot].is_ending {
            return false;
        }
        let Some(ticket) = self.next_ticket(now) else {
            self.put_back(slot);
            return false;
        };
        self.begin(slot, connection, ticket, now);
        true
    }

    fn begin_only_object(
        &mut self,
        slot: usize,
        connection: &mut Connection<ObjectPayload>,
        now: Instant,
    ) {
        if connection.can_begin()
            && let Some(ticket) = self.slots[slot].ticket.take()
        {
            self.begin(slot, connection, ticket, now);
        }
    }

    fn begin(
        &mut self,
        slot: usize,
        connection: &mut Connection<ObjectPayload>,
        ticket: Ticket,
        now: Instant,
    ) {
        let template = self.shared.corpus.template_of(ticket.number);
        let class = &self.shared.classes[template];
        let Some(context) = self.slots[slot].contexts[template] else {
            let reason = format!("presentation context for {class} refused");
            return self.fail(&reason, 1, now);
        };
        let object = self.shared.corpus.object(ticket.number);
        let bytes = object.data_set_bytes();
        let request = StoreRequest {
            sop_class: class.clone(),
            sop_instance: object.sop_instance().into(),
            priority: 0,
        };
        match connection.store(context, request, ObjectPayload(object), now) {
            Ok(operation) => self.slots[slot].pending.push_back(Pending {
                operation,
                ticket,
                bytes,
                sent: None,
            }),
            Err(error) => self.fail(&error.to_string(), 1, now),
        }
    }

    /// Ends an association that has nothing more to do.
    fn end_if_idle(
        &mut self,
        slot: usize,
        connection: &mut Connection<ObjectPayload>,
        now: Instant,
    ) {
        let is_over = self.is_over(now);
        let at_hand = &mut self.slots[slot];
        let is_idle = at_hand.pending.is_empty() && at_hand.ticket.is_none();
        let is_established = connection.agreed().is_some();
        if is_established && is_idle && (is_over || self.shared.options.per_object) {
            at_hand.is_ending = true;
            connection.release(now);
        } else if is_over && !is_established && at_hand.ticket.is_none() {
            at_hand.is_ending = true;
            connection.abort(now);
        }
    }

    /// Accounts for what is still open when the waiting is over.
    pub(super) fn finish(&mut self, now: Instant) {
        let slots = self.slots.iter_mut();
        let unanswered: usize = slots
            .map(|slot| slot.pending.drain(..).count() + usize::from(slot.ticket.take().is_some()))
            .sum();
        self.fail("no response until the end", unanswered as u64, now);
        let never_begun = self.agenda.never_begun();
        self.fail("due, but not begun until the end", never_begun, now);
        if !self.shared.has_associated.load(Ordering::Relaxed) {
            self.tell_attempts(now);
        }
    }

    /// Nobody was reached until the end: what was tried has failed.
    fn tell_attempts(&mut self, now: Instant) {
        for (reason, count) in std::mem::take(&mut self.attempts) {
            self.fail(&reason, count, now);
        }
        if self.record.failures.is_empty() {
            self.fail("no association until the end", self.slots.len() as u64, now);
        }
    }
}

/// Part `number` of `count` of a duration.
fn share(whole: Duration, number: usize, count: usize) -> Duration {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    whole * number / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

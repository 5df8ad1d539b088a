//! The requesting side of an association: PS3.8's state machine, and the operations on top of it.

mod agreement;
mod messages;
mod operations;
mod outgoing;
mod steps;
mod times;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::dimse::{COMMAND_SET_BYTES_MAX, EchoRq, StoreRq};
use crate::pdu::framer::{Framer, Need as FramerNeed};
use crate::pdu::{AssociateRq, Pdu};
use crate::registry;
use crate::value::{PresentationContextId, Uid};

use super::error::{AssociationError, LocalAbort};
use super::machine::{Machine, Side};
use super::output::fragment_bytes_max;
use super::table::{self, State};
use super::timers::Timeouts;

pub use agreement::{Agreed, AgreedContext, OPERATIONS_MAX};
pub use messages::{RequestorEvent, StoreReply, StoreRequest};
pub use operations::OperationId;
pub use outgoing::Place;

use operations::{Kind, Operation, Operations};
use outgoing::Outgoing;

/// The longest P-DATA-TF PDU that is sent, in bytes, whatever the peer takes: 128 KiB, as DCMTK has
/// it. Longer ones save nothing any more.
pub const MAX_SEND_PDU_BYTES: u32 = 128 * 1024;

/// How much payload may wait to be sent, in bytes: more than one system call moves, so that the next
/// has something to move too.
pub const PROVIDE_BYTES_MAX: usize = 1 << 20;

/// A store whose data set has not been provided to its end.
#[derive(Clone, Copy, Debug)]
struct Unprovided {
    operation: OperationId,
    context: PresentationContextId,
}

/// The requestor of one association. It does no I/O, reads no clock and sees no payload.
///
/// The driver's turn: once the connection stands tell [`Requestor::connected`]; send what
/// [`Requestor::outgoing`] names and report it with [`Requestor::sent`]; give what arrives to
/// [`Requestor::received`], and what was sent is reported before; drain [`Requestor::poll_event`]
/// after each call; close the connection when [`Requestor::is_closed`]; call
/// [`Requestor::expired`] when [`Requestor::deadline`] has come. `now` never goes backwards.
///
/// Sending an object: when [`Requestor::can_begin`], call [`Requestor::store`], then
/// [`Requestor::provide`] as its bytes can be had, until the last. The next operation can begin
/// then, as far as the window agreed on has room; the peer answers in whatever order it likes.
#[derive(Debug)]
pub struct Requestor {
    machine: Machine,
    request: AssociateRq,
    agreed: Option<Arc<Agreed>>,
    max_send_pdu_bytes: u32,
    /// The longest fragment that is sent; settled when the association is established.
    fragment_bytes: usize,
    operations: Operations,
    unprovided: Option<Unprovided>,
    /// The context of the command set that is arriving.
    incoming: Option<PresentationContextId>,
    outgoing: Outgoing,
    /// Memory for command sets on their way into the output.
    command: Vec<u8>,
    events: VecDeque<RequestorEvent>,
}

impl Requestor {
    /// The association that a connection is being opened for (Evt1). The connection may take as
    /// long as the driver lets it.
    pub fn new(request: AssociateRq, timeouts: Timeouts, now: Instant) -> Self {
        let max_pdu_bytes = match request.user_information.maximum_length {
            0 => u32::MAX,
            limited => limited,
        };
        let framer = Framer::new(max_pdu_bytes, COMMAND_SET_BYTES_MAX);
        let mut requestor = Self {
            machine: Machine::new(framer, timeouts, now),
            request,
            agreed: None,
            max_send_pdu_bytes: MAX_SEND_PDU_BYTES,
            fragment_bytes: fragment_bytes_max(MAX_SEND_PDU_BYTES),
            operations: Operations::default(),
            unprovided: None,
            incoming: None,
            outgoing: Outgoing::new(),
            command: Vec::new(),
            events: VecDeque::new(),
        };
        requestor.step(table::Event::AssociateRequest, now);
        requestor
    }

    /// Sends no P-DATA-TF PDUs longer than this, in bytes, even if the peer takes them: at most
    /// [`MAX_SEND_PDU_BYTES`], which is the default. To be set before the association is
    /// established.
    pub fn set_max_send_pdu_bytes(&mut self, max_send_pdu_bytes: u32) {
        self.max_send_pdu_bytes = max_send_pdu_bytes.clamp(1, MAX_SEND_PDU_BYTES);
    }

    // What the association is.

    /// The state of PS3.8 9.2.
    pub fn state(&self) -> State {
        self.machine.state
    }

    /// Why the association failed, if it did. A rejection is no failure.
    pub fn failure(&self) -> Option<&AssociationError> {
        self.machine.failure()
    }

    /// Whether the connection is to be closed now.
    pub fn is_closed(&self) -> bool {
        self.machine.state == State::Idle
    }

    /// What was agreed on, once established.
    pub fn agreed(&self) -> Option<&Arc<Agreed>> {
        self.agreed.as_ref()
    }

    // What comes in.

    /// The connection stands (Evt2): the A-ASSOCIATE-RQ is queued.
    pub fn connected(&mut self, now: Instant) {
        if self.machine.state != State::AwaitingTransport {
            return;
        }
        let request = Pdu::AssociateRq(self.request.clone());
        match self.outgoing.push_pdu(&request) {
            Ok(()) => {
                self.machine.timers.queued(true, now);
                self.machine.timers.asked(now);
                self.step(table::Event::TransportConfirm, now);
            }
            Err(error) => self.fail(LocalAbort::RequestTooLong(error), now),
        }
    }

    /// Takes what has arrived, all of it. What was sent before is to be reported before: a success
    /// for an object whose last byte is not known to be sent is not believed.
    pub fn received(&mut self, bytes: &[u8], now: Instant) {
        self.machine.timers.received(now);
        let mut rest = bytes;
        while self.is_framing() {
            let framer = &mut self.machine.framer;
            let step = match framer.need() {
                FramerNeed::Control(_) => framer.feed(rest),
                // Only after the end of the association: before it, nothing passes that has payload.
                FramerNeed::Payload(needed) => {
                    let n = needed.min(rest.len());
                    Ok((n, framer.landed(n)))
                }
            };
            match step {
                Ok((n, frame)) => {
                    rest = &rest[n..];
                    let Some(frame) = frame else { break };
                    self.on_frame(frame, now);
                }
                Err(error) => self.on_invalid_frame(error, now),
            }
        }
        self.machine.drained(rest.len());
    }

    /// The connection was closed, or broke, or was never opened (Evt17).
    pub fn connection_closed(&mut self, now: Instant) {
        self.on_transport_closed(now);
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<RequestorEvent> {
        self.events.pop_front()
    }

    // What the driver asks for.

    /// Whether an operation may begin: the association is established, fewer operations than agreed
    /// on await their response, and no data set is half provided.
    pub fn can_begin(&self) -> bool {
        let window = self
            .agreed
            .as_ref()
            .map_or(0, |agreed| agreed.operations_max);
        self.machine.state == State::Established
            && self.unprovided.is_none()
            && self.operations.len() < window
    }

    /// How many operations await their response.
    pub fn in_flight(&self) -> usize {
        self.operations.len()
    }

    /// Queues a C-STORE-RQ; its data set follows by [`Requestor::provide`].
    ///
    /// # Panics
    /// Unless [`Requestor::can_begin`].
    pub fn store(
        &mut self,
        context: PresentationContextId,
        request: StoreRequest,
        now: Instant,
    ) -> OperationId {
        let operation = self.begin(Kind::Store, context);
        let request = StoreRq {
            message_id: operation.message_id,
            sop_class: request.sop_class,
            sop_instance: request.sop_instance,
            priority: request.priority,
            has_data_set: true,
            move_originator: None,
        };
        request.encode(&mut self.command);
        self.send_command(operation.id, context, now);
        let operation = operation.id;
        self.unprovided = Some(Unprovided { operation, context });
        operation
    }

    /// Queues a C-ECHO-RQ.
    ///
    /// # Panics
    /// Unless [`Requestor::can_begin`].
    pub fn echo(&mut self, context: PresentationContextId, now: Instant) -> OperationId {
        let operation = self.begin(Kind::Echo, context);
        let request = EchoRq {
            message_id: operation.message_id,
            sop_class: Uid::from(registry::VERIFICATION),
            has_data_set: false,
        };
        request.encode(&mut self.command);
        self.send_command(operation.id, context, now);
        operation.id
    }

    fn begin(&mut self, kind: Kind, context: PresentationContextId) -> Operation {
        assert!(self.can_begin(), "no operation can begin now");
        self.operations.begin(kind, context)
    }

    /// The store whose data set is not provided to its end. The next operation waits for it, even
    /// where it has its response already.
    pub fn awaits_data(&self) -> Option<OperationId> {
        self.unprovided.map(|store| store.operation)
    }

    /// How many bytes [`Requestor::provide`] takes now: whole fragments, so that no short one leaves
    /// in the middle of an object. Up to [`PROVIDE_BYTES_MAX`]; 0 while enough waits to be sent.
    pub fn provide_room(&self) -> usize {
        let room = PROVIDE_BYTES_MAX.saturating_sub(self.outgoing.payload_bytes());
        room - room % self.fragment_bytes
    }

    /// The next `bytes` of the data set that [`Requestor::awaits_data`] can be sent: at most
    /// [`Requestor::provide_room`]. They are cut into fragments, the last of them maybe a short one.
    /// Nothing happens when no data set is awaited, as after the end of the association.
    pub fn provide(&mut self, bytes: usize, is_last: bool, now: Instant) {
        debug_assert!(
            bytes <= self.provide_room(),
            "more payload than there is room for"
        );
        let Some(store) = self.unprovided else { return };
        self.machine.timers.queued(self.outgoing.is_empty(), now);
        let mut left = bytes;
        while left > 0 || is_last {
            let len = left.min(self.fragment_bytes);
            left -= len;
            let ends = is_last && left == 0;
            self.outgoing
                .push_fragment(store.operation, store.context, len, ends);
            if ends {
                self.unprovided = None;
                break;
            }
        }
    }

    /// The payload of an object that is being sent cannot be had any more: the association is
    /// aborted, for half a data set cannot be taken back. Where not even the PDU at hand can be
    /// completed, the connection is to be closed without an A-ABORT.
    pub fn payload_lost(&mut self, operation: OperationId, now: Instant) {
        let is_stuck = self.outgoing.is_within_payload_of(operation);
        if self.machine.failure().is_none() {
            self.abort_because(LocalAbort::PayloadLost, now);
        }
        if is_stuck {
            self.machine.state = State::Idle;
        }
    }

    /// Releases the association (Evt11). Nothing happens unless it is established, every operation
    /// has its response and every data set is provided.
    pub fn release(&mut self, now: Instant) {
        if !self.is_busy() && self.step(table::Event::ReleaseRequest, now).is_some() {
            self.machine.timers.asked(now);
            self.send(&Pdu::ReleaseRq, now);
        }
    }

    /// Aborts the association (Evt15), or closes the connection where there is none to abort. The
    /// PDU of which a part was sent already is completed first: its payload is still asked for.
    pub fn abort(&mut self, now: Instant) {
        self.abort_because(LocalAbort::Requested, now);
    }

    fn abort_because(&mut self, reason: LocalAbort, now: Instant) {
        if table::cell(self.machine.state, table::Event::AbortRequest).is_some() {
            self.fail(reason, now);
        } else {
            self.machine.state = State::Idle;
        }
    }

    // What goes out.

    /// What is to be sent, in this order. Own bytes that adjoin come as one; a fragment's payload is
    /// one place. After a failure the rest of the PDU at hand is still named, then the A-ABORT.
    pub fn outgoing(&self) -> impl Iterator<Item = Place<'_>> {
        let is_open = !self.is_closed();
        self.outgoing.places().take_while(move |_| is_open)
    }

    /// Whether there is anything to send.
    pub fn has_outgoing(&self) -> bool {
        !self.is_closed() && !self.outgoing.is_empty()
    }

    /// Takes note that the first `n` bytes of [`Requestor::outgoing`] were sent, own and payload.
    ///
    /// # Panics
    /// When there are not as many.
    pub fn sent(&mut self, n: usize, now: Instant) {
        self.outgoing.sent(n);
        self.machine.timers.sent(now);
    }
}

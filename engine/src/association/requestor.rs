//! The requesting side of an association: PS3.8's state machine, and the operations on top of it.

mod agreement;
mod operations;
mod outgoing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::dimse::{COMMAND_SET_BYTES_MAX, EchoRq, Response, Status, StatusCategory, StoreRq};
use crate::pdu::framer::{Framer, Need as FramerNeed};
use crate::pdu::{Abort, AssociateAc, AssociateRj, AssociateRq, Pdu, PdvHeader};
use crate::registry;
use crate::value::{PresentationContextId, Uid};

use super::error::{AssociationError, InvalidMessage, LocalAbort, PeerGone, PeerMisbehaved};
use super::machine::{Machine, Side};
use super::output::fragment_bytes_max;
use super::table::{self, Action, State};
use super::timers::Timeouts;

pub use agreement::{Agreed, AgreedContext, OPERATIONS_MAX};
pub use operations::OperationId;
pub use outgoing::Place;

use agreement::agree;
use operations::{Kind, Operation, Operations};
use outgoing::Outgoing;

/// The longest P-DATA-TF PDU that is sent, in bytes, whatever the peer takes: 128 KiB, as DCMTK has
/// it. Longer ones save nothing any more.
pub const MAX_SEND_PDU_BYTES: u32 = 128 * 1024;

/// How many bytes of payload may wait to be sent, in bytes: as much as one system call moves.
pub const PROVIDE_BYTES_MAX: usize = 1 << 20;

/// What a C-STORE-RQ says (PS3.7 9.3.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRequest {
    /// The SOP class of the object.
    pub sop_class: Uid,
    /// The SOP instance UID of the object.
    pub sop_instance: Uid,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
}

/// What the peer answers to a C-STORE-RQ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreReply {
    /// To which.
    pub operation: OperationId,
    /// What became of the object.
    pub status: Status,
    /// The words that go with the status.
    pub error_comment: Option<String>,
}

/// What has happened, for the driver to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestorEvent {
    /// The association is established: [`Requestor::agreed`] tells how. Maybe no context at all was
    /// accepted.
    Established,
    /// The association was rejected; the connection is to be closed.
    Rejected(AssociateRj),
    /// A store was answered. A failure may come while its data set is still being sent, which must
    /// go on all the same.
    Stored(StoreReply),
    /// An echo was answered.
    Echoed {
        /// Which.
        operation: OperationId,
        /// The status of the response.
        status: Status,
    },
    /// The association was released, by us or by the peer.
    Released,
    /// The association ended otherwise. Operations without response stay without: nobody knows
    /// what became of them.
    Failed(AssociationError),
}

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
            outgoing: Outgoing::default(),
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

    /// Takes what has arrived, all of it.
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

    // Time.

    /// When [`Requestor::expired`] is to be called, unless something happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let deadline = self.expectations().map(|(at, _)| at).min();
        self.machine
            .timers
            .artim()
            .into_iter()
            .chain(deadline)
            .min()
    }

    /// Acts on deadlines that have passed.
    pub fn expired(&mut self, now: Instant) {
        if self.machine.timers.artim().is_some_and(|at| at <= now) {
            self.step(table::Event::ArtimExpired, now);
            return;
        }
        let passed = self.expectations().find(|(at, _)| *at <= now);
        if let Some((_, gone)) = passed {
            self.fail(gone, now);
        }
    }

    /// What the peer has to do, and by when.
    fn expectations(&self) -> impl Iterator<Item = (Instant, PeerGone)> {
        let timers = &self.machine.timers;
        let answer = self.awaited_answer();
        let is_sending = !self.outgoing.is_empty() && !self.is_over();
        let response = self.machine.state == State::Established
            && !self.operations.is_empty()
            && self.unprovided.is_none()
            && self.outgoing.is_empty();
        let due = |is_due: bool, at: Option<Instant>, gone| at.filter(|_| is_due).zip(Some(gone));
        [
            due(is_sending, timers.send_deadline(), PeerGone::SocketTimeout),
            answer.and_then(|gone| due(true, timers.answer_deadline(), gone)),
            due(response, timers.response_deadline(), PeerGone::NoResponse),
            due(response, timers.silence_deadline(), PeerGone::SocketTimeout),
        ]
        .into_iter()
        .flatten()
    }

    /// The silence that it is while a PDU of the peer is awaited which it has to send soon.
    fn awaited_answer(&self) -> Option<PeerGone> {
        match self.machine.state {
            State::AwaitingAssociateReply => Some(PeerGone::NoAssociateReply),
            State::AwaitingReleaseRp | State::CollisionRequestorAwaitingRp => {
                Some(PeerGone::NoReleaseReply)
            }
            _ => None,
        }
    }

    // The steps of the state machine.

    /// Whether the association is at its end, and nothing is expected any more but the end of the
    /// connection.
    fn is_over(&self) -> bool {
        matches!(
            self.machine.state,
            State::Idle | State::AwaitingTransportClose
        )
    }

    /// Whether anything would be lost by a release.
    fn is_busy(&self) -> bool {
        !self.operations.is_empty() || self.unprovided.is_some()
    }

    /// Whether the stream has frames.
    fn is_framing(&self) -> bool {
        !self.machine.is_deaf()
            && !matches!(self.machine.state, State::Idle | State::AwaitingTransport)
    }

    fn on_associate_ac(&mut self, reply: AssociateAc, now: Instant) {
        let agreed = match agree(&self.request, reply) {
            Ok(agreed) => agreed,
            Err(error) => return self.fail(error, now),
        };
        self.step(table::Event::AssociateAc, now);
        let max_pdu_bytes = match agreed.peer_max_pdu_bytes {
            0 => self.max_send_pdu_bytes,
            limited => limited.min(self.max_send_pdu_bytes),
        };
        self.fragment_bytes = fragment_bytes_max(max_pdu_bytes);
        self.agreed = Some(Arc::new(agreed));
        self.events.push_back(RequestorEvent::Established);
    }

    /// The peer wants to release (AR-2), maybe while we do (AR-8). Both are confirmed at once.
    fn on_release_rq(&mut self, now: Instant) {
        if self.incoming.is_some() {
            return self.fail(PeerMisbehaved::ReleaseWithinMessage, now);
        }
        self.step(table::Event::ReleaseRq, now);
        if self.is_busy() {
            let operations = self.operations.len();
            return self.fail(PeerMisbehaved::ReleaseWithinOperations(operations), now);
        }
        let action = self.step(table::Event::ReleaseResponse, now);
        self.send(&Pdu::ReleaseRp, now);
        if action == Some(Action::Ar4) {
            self.events.push_back(RequestorEvent::Released);
        }
    }

    fn on_response(&mut self, context: PresentationContextId) -> Result<(), AssociationError> {
        let response =
            Response::decode(self.machine.framer.body()).map_err(InvalidMessage::from)?;
        let operation = self.operations.end(context, &response)?;
        let failed = response.status.category() == StatusCategory::Failure;
        if !failed && self.is_unsent(operation.id) {
            return Err(PeerMisbehaved::EarlySuccess(response.message_id).into());
        }
        self.events.push_back(reply(operation, response));
        Ok(())
    }

    /// Whether a part of the operation's request has not been sent.
    fn is_unsent(&self, operation: OperationId) -> bool {
        self.awaits_data() == Some(operation) || self.outgoing.holds(operation)
    }

    fn send(&mut self, pdu: &Pdu, now: Instant) {
        self.machine.timers.queued(self.outgoing.is_empty(), now);
        self.outgoing
            .push_pdu(pdu)
            .expect("its length is fixed and short");
    }

    /// Sends the command set just encoded (Evt9).
    fn send_command(
        &mut self,
        operation: OperationId,
        context: PresentationContextId,
        now: Instant,
    ) {
        self.machine.timers.queued(self.outgoing.is_empty(), now);
        self.outgoing
            .push_command(operation, context, &self.command, self.fragment_bytes);
        self.command.clear();
    }
}

fn reply(operation: Operation, response: Response) -> RequestorEvent {
    let (operation, kind) = (operation.id, operation.kind);
    let status = response.status;
    match kind {
        Kind::Store => RequestorEvent::Stored(StoreReply {
            operation,
            status,
            error_comment: response.error_comment,
        }),
        Kind::Echo => RequestorEvent::Echoed { operation, status },
    }
}

impl Side for Requestor {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn on_pdu(&mut self, pdu: Pdu, now: Instant) {
        match pdu {
            Pdu::AssociateAc(reply) => self.on_associate_ac(reply, now),
            Pdu::AssociateRj(rejection) => {
                self.step(table::Event::AssociateRj, now);
                self.events.push_back(RequestorEvent::Rejected(rejection));
            }
            Pdu::ReleaseRq => self.on_release_rq(now),
            Pdu::ReleaseRp => {
                self.step(table::Event::ReleaseRp, now);
                self.events.push_back(RequestorEvent::Released);
            }
            // No other type passes `on_pdu_begun` on this side.
            _ => {}
        }
    }

    fn on_fragment_begun(&mut self, header: PdvHeader) -> Result<(), PeerMisbehaved> {
        if !header.control.is_command() {
            return Err(PeerMisbehaved::DataWithoutCommand);
        }
        let found = header.context;
        match self.incoming {
            Some(expected) if expected != found => {
                Err(PeerMisbehaved::ContextChanged { expected, found })
            }
            Some(_) => Ok(()),
            None => {
                let agreed = self.agreed.as_ref();
                agreed
                    .and_then(|agreed| agreed.context(found))
                    .ok_or(PeerMisbehaved::ContextNotAccepted(found))?;
                self.incoming = Some(found);
                Ok(())
            }
        }
    }

    fn on_message_part(&mut self, header: PdvHeader, now: Instant) {
        self.incoming = None;
        let outcome = self.on_response(header.context);
        self.machine.framer.clear_body();
        if let Err(error) = outcome {
            self.fail(error, now);
        }
    }

    fn give_up(&mut self, error: &AssociationError) {
        self.outgoing.cut();
        self.operations.clear();
        self.unprovided = None;
        self.events.push_back(RequestorEvent::Failed(error.clone()));
    }

    fn send_abort(&mut self, abort: Abort, now: Instant) {
        self.send(&Pdu::Abort(abort), now);
    }
}

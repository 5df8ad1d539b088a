//! The accepting side of an association: PS3.8's state machine and the DIMSE services on top of it.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use crate::dimse::{
    COMMAND_SET_BYTES_MAX, EchoRq, FailureStatus, OtherRq, Request, StoreOutcome, StoreRq,
    encode_echo_response, encode_store_response, encode_unrecognized_operation,
};
use crate::pdu::framer::{
    ExpectedEnd, FRAGMENT_HEADERS_BYTES, Framer, Guess, Need as FramerNeed, ScatterPlan,
};
use crate::pdu::{Abort, AssociateRj, AssociateRq, Pdu, PdvHeader};
use crate::registry;
use crate::value::{PresentationContextId, UID_BYTES_MAX, Uid};

use super::error::{
    AssociationError, InvalidMessage, LocalAbort, PeerGone, PeerMisbehaved, Rejection,
};
use super::machine::{Machine, Side};
use super::negotiation::{Negotiated, Policy, Refusal, RefusedContexts, negotiate, refused};
use super::output::{Output, fragment_bytes_max};
use super::table::{self, State};
use super::timers::Timeouts;

/// How many bytes are asked for at a time before the association is established: an
/// A-ASSOCIATE-RQ with many contexts in a few reads.
const ASSOCIATE_READ_BYTES: usize = 16 * 1024;

/// How many bytes are asked for at a time where small objects are expected: several of them, with
/// their commands, in one read. They are copied to their places, which up to 16 KiB
/// costs less than the system calls that it saves.
pub const READ_AHEAD_BYTES: usize = 64 * 1024;

/// A data set up to this length, in bytes, is a small object.
const SMALL_OBJECT_BYTES: usize = 16 * 1024;

/// How many bytes are asked for at the beginning of an association, of whose objects nothing is known
/// yet: a small one and its command. Many associations bring just one. Where it is a large one, this
/// much is copied once.
const FIRST_READ_BYTES: usize = SMALL_OBJECT_BYTES + 1024;

/// How many bytes a peer may leave unread before it is no longer listened to: some 700 responses.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// The memory for output that an association keeps, in bytes: there may be thousands that are idle.
const OUTPUT_BYTES_KEPT: usize = 1024;

/// Names one object of one association, from [`Event::ObjectBegun`] to [`Acceptor::complete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectToken(u32);

/// What the association must be given next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Up to this many bytes through [`Acceptor::received_control`].
    Control(usize),
    /// Payload of the object last begun: by [`Acceptor::plan`], its bytes to the slot.
    Payload,
    /// Payload that nobody wants: by [`Acceptor::plan`], its bytes anywhere.
    Discard,
    /// Bytes that mean nothing any more: anywhere, then [`Acceptor::drained`].
    Drain,
    /// Nothing for now: the peer must wait for us.
    Nothing,
}

/// What has happened, for the driver to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is here ([`Acceptor::request`]): answer by [`Acceptor::accept`] or
    /// [`Acceptor::reject`].
    Requested,
    /// The request was rejected, by the driver or by negotiation.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// What was asked.
        request: Box<AssociateRq>,
    },
    /// The association is established; some of its presentation contexts may have been refused.
    Established(Option<RefusedContexts>),
    /// A C-ECHO-RQ was answered.
    Echoed(EchoRq),
    /// A C-STORE-RQ is here; its data set follows as payload, unless [`Acceptor::discard`] says
    /// otherwise.
    ObjectBegun(ObjectBegun),
    /// The last byte of the object's data set has arrived.
    ObjectLanded(ObjectToken),
    /// The association ended in the middle of the object.
    ObjectDropped(ObjectToken),
    /// A C-STORE-RQ was answered with a failure before anything was stored.
    ObjectRefused {
        /// The request.
        request: StoreRq,
        /// The status of the response.
        status: FailureStatus,
        /// The error comment of the response.
        comment: &'static str,
    },
    /// A request that is not served was answered with 0211H.
    Unrecognized(OtherRq),
    /// The peer released the association, and it was confirmed.
    Released,
    /// The association ended otherwise.
    Failed(AssociationError),
}

/// A C-STORE-RQ and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectBegun {
    /// Its name from here on.
    pub token: ObjectToken,
    /// The command.
    pub request: StoreRq,
    /// The transfer syntax of the data set, as negotiated.
    pub transfer_syntax: &'static str,
}

/// A store whose response is due.
#[derive(Debug)]
struct Pending {
    token: ObjectToken,
    context: PresentationContextId,
    request: StoreRq,
}

/// Where in a DIMSE message the stream stands.
#[derive(Debug)]
enum Message {
    /// Between messages.
    None,
    /// Within the command set.
    Command(PresentationContextId),
    /// Within, or in front of, the data set.
    DataSet(PresentationContextId, Purpose),
}

/// What the data set is for.
#[derive(Debug)]
enum Purpose {
    Store {
        token: ObjectToken,
        request: StoreRq,
        discard: bool,
    },
    /// Nobody wants it; this command set is sent when it has passed.
    Skip { response: Vec<u8> },
}

/// The acceptor of one association. It does no I/O and reads no clock.
///
/// `R` is the proof that an object is stored: a C-STORE response of success can only be made from
/// one ([`Acceptor::complete`]), and the association cannot make it.
///
/// The driver's turn: give bytes as [`Acceptor::need`] says; after each call drain
/// [`Acceptor::poll_event`] and act on it; write [`Acceptor::output`] and report with
/// [`Acceptor::sent`]; close the connection when [`Acceptor::is_closed`]; call
/// [`Acceptor::expired`] when [`Acceptor::deadline`] has come. `now` never goes backwards.
#[derive(Debug)]
pub struct Acceptor<R> {
    policy: Arc<Policy>,
    machine: Machine,
    request: Option<AssociateRq>,
    negotiated: Option<Arc<Negotiated>>,
    message: Message,
    pending: Vec<Pending>,
    tokens: u32,
    command_bytes: usize,
    command_bytes_last: usize,
    data_set_bytes: usize,
    /// The length of the last complete data set, in bytes; 0 before the first.
    data_set_bytes_last: usize,
    /// Set once no store may begin beside another.
    is_winding_down: bool,
    output: Output,
    events: VecDeque<Event>,
    proof: PhantomData<fn(R)>,
}

impl<R> Acceptor<R> {
    /// The association of a connection that has just come in (Evt5).
    pub fn new(policy: Arc<Policy>, timeouts: Timeouts, now: Instant) -> Self {
        let framer = Framer::new(policy.max_pdu_bytes, COMMAND_SET_BYTES_MAX);
        let mut acceptor = Self {
            policy,
            machine: Machine::new(framer, timeouts, now),
            request: None,
            negotiated: None,
            message: Message::None,
            pending: Vec::new(),
            tokens: 0,
            command_bytes: 0,
            command_bytes_last: 0,
            data_set_bytes: 0,
            data_set_bytes_last: 0,
            is_winding_down: false,
            output: Output::new(OUTPUT_BYTES_KEPT),
            events: VecDeque::new(),
            proof: PhantomData,
        };
        acceptor.step(table::Event::TransportIndication, now);
        acceptor
    }

    // What the association is.

    /// The state of PS3.8 9.2.
    pub fn state(&self) -> State {
        self.machine.state
    }

    /// What was agreed on, once established.
    pub fn negotiated(&self) -> Option<&Arc<Negotiated>> {
        self.negotiated.as_ref()
    }

    /// The request that awaits its answer.
    pub fn request(&self) -> Option<&AssociateRq> {
        self.request.as_ref()
    }

    /// Why the association failed, if it did.
    pub fn failure(&self) -> Option<&AssociationError> {
        self.machine.failure()
    }

    /// Whether the connection is to be closed now, output or not.
    pub fn is_closed(&self) -> bool {
        self.machine.state == State::Idle
    }

    /// Whether nothing would be lost if the association ended now: it neither receives nor owes
    /// anything.
    pub fn is_quiet(&self) -> bool {
        match self.machine.state {
            _ if !self.output.is_empty() => false,
            State::Established => matches!(self.message, Message::None) && self.pending.is_empty(),
            State::AwaitingAssociateRq | State::AwaitingTransportClose => true,
            _ => false,
        }
    }

    /// The time of the last byte received or response given.
    pub fn active_at(&self) -> Instant {
        self.machine.timers.received_at()
    }

    // What comes in.

    /// What must come next.
    pub fn need(&self) -> Need {
        if self.machine.is_deaf() && self.machine.state == State::AwaitingTransportClose {
            return Need::Drain;
        }
        if !self.is_listening() {
            return Need::Nothing;
        }
        match self.machine.framer.need() {
            FramerNeed::Control(needed) if !self.awaits_fragment() => {
                Need::Control(self.control_bytes(needed))
            }
            _ if matches!(
                self.message,
                Message::DataSet(_, Purpose::Store { discard: false, .. })
            ) =>
            {
                Need::Payload
            }
            _ => Need::Discard,
        }
    }

    /// How many bytes to ask for beyond what [`Need::Control`] says, if what comes too early can be
    /// kept: none, or up to [`READ_AHEAD_BYTES`] in all where the next object may be a small one.
    pub fn read_ahead_bytes(&self) -> usize {
        match self.data_set_bytes_last {
            0 => FIRST_READ_BYTES,
            1..=SMALL_OBJECT_BYTES => READ_AHEAD_BYTES,
            _ => 0,
        }
    }

    /// Where the next bytes belong when [`Need::Payload`] or [`Need::Discard`] is asked for, with
    /// room for `room` bytes of payload; beyond what is certain only as `guess` allows. The last
    /// header segment is no longer than [`READ_AHEAD_BYTES`], the others are headers of fragments.
    pub fn plan(&self, room: usize, guess: Guess) -> ScatterPlan {
        let guess = match guess {
            Guess::Freely if self.operations() > 1 => Guess::ToEnd(self.expected_end()),
            guess => guess,
        };
        self.machine.framer.plan(room, guess)
    }

    /// Takes bytes that are no payload. Returns how many were used: fewer than given when an event
    /// is to be seen first, or when the rest is payload.
    pub fn received_control(&mut self, bytes: &[u8], now: Instant) -> usize {
        self.machine.timers.received(now);
        let mut used = 0;
        while self.events.is_empty() && self.is_framing() {
            match self.machine.framer.feed(&bytes[used..]) {
                Ok((n, frame)) => {
                    used += n;
                    self.command_bytes += n;
                    let Some(frame) = frame else { break };
                    self.on_frame(frame, now);
                }
                Err(error) => {
                    self.on_invalid_frame(error, now);
                    // Where frames cannot be told any more, the rest means nothing.
                    used = bytes.len();
                }
            }
        }
        used
    }

    /// Takes note of `n` bytes that were read for [`Need::Drain`]. A peer that goes on and on is not
    /// waited for any longer.
    pub fn drained(&mut self, n: usize) {
        self.machine.drained(n);
    }

    /// How many payload bytes belong to the fragment at hand; 0 when something else comes next.
    pub fn payload_needed(&self) -> usize {
        match self.machine.framer.need() {
            FramerNeed::Payload(n) if self.is_framing() => n,
            _ => 0,
        }
    }

    /// Takes note of `n` payload bytes that are in place, at most [`Acceptor::payload_needed`].
    pub fn received_payload(&mut self, n: usize, now: Instant) {
        self.machine.timers.received(now);
        self.data_set_bytes += n;
        if let Some(frame) = self.machine.framer.landed(n) {
            self.on_frame(frame, now);
        }
    }

    /// The connection was closed, or broke (Evt17).
    pub fn connection_closed(&mut self, now: Instant) {
        self.on_transport_closed(now);
    }

    // What the driver decides.

    /// Accepts the request (Evt7), unless negotiation finds a reason not to.
    pub fn accept(&mut self, now: Instant) {
        let Some(request) = self.request.take() else {
            return;
        };
        match negotiate(&request, &self.policy) {
            Ok((reply, negotiated)) => {
                self.step(table::Event::AcceptResponse, now);
                let refused = refused(&request, &reply);
                self.send(&Pdu::AssociateAc(reply), now);
                self.negotiated = Some(Arc::new(negotiated));
                self.events.push_back(Event::Established(refused));
            }
            Err(Refusal::Reject(rejection)) => self.send_rejection(request, rejection, now),
            Err(Refusal::Abort(error)) => self.fail(error, now),
        }
    }

    /// Rejects the request (Evt8).
    pub fn reject(&mut self, rejection: Rejection, now: Instant) {
        if let Some(request) = self.request.take() {
            self.send_rejection(request, rejection, now);
        }
    }

    /// The payload of the object just begun is not to be kept; its outcome comes by
    /// [`Acceptor::complete`] all the same.
    pub fn discard(&mut self, token: ObjectToken) {
        if let Message::DataSet(
            _,
            Purpose::Store {
                token: at_hand,
                discard,
                ..
            },
        ) = &mut self.message
            && *at_hand == token
        {
            *discard = true;
        }
    }

    /// Answers a store. Ignored when the association has ended meanwhile.
    pub fn complete(&mut self, token: ObjectToken, outcome: &StoreOutcome<R>, now: Instant) {
        let Some(index) = self
            .pending
            .iter()
            .position(|pending| pending.token == token)
        else {
            return;
        };
        let Pending {
            context, request, ..
        } = self.pending.swap_remove(index);
        let mut command = Vec::with_capacity(RESPONSE_BYTES);
        encode_store_response(&mut command, &request, outcome);
        self.send_command(context, &command, now);
        // The peer's turn begins with the response.
        self.machine.timers.received(now);
        self.release_if_due(now);
    }

    /// From now on no store begins while another awaits its response, whatever was granted: a
    /// receiver that is about to end the association answers what it has first.
    pub fn wind_down(&mut self) {
        self.is_winding_down = true;
    }

    /// Whether [`Acceptor::wind_down`] was called.
    pub fn is_winding_down(&self) -> bool {
        self.is_winding_down
    }

    /// Ends the association by A-ABORT because the receiver stops (Evt15).
    pub fn shut_down(&mut self, now: Instant) {
        if table::cell(self.machine.state, table::Event::AbortRequest).is_some() {
            self.fail(LocalAbort::ShuttingDown, now);
        } else {
            self.machine.state = State::Idle;
        }
    }

    // What goes out.

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The bytes to send.
    pub fn output(&self) -> &[u8] {
        self.output.bytes()
    }

    /// Takes note that `n` bytes of the output were sent.
    pub fn sent(&mut self, n: usize, now: Instant) {
        self.output.sent(n);
        self.machine.timers.sent(now);
    }

    // Time.

    /// When [`Acceptor::expired`] is to be called, unless something happens before.
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
            if self.machine.state == State::AwaitingAssociateRq {
                self.end_with(PeerGone::AcseTimeout.into());
            }
            self.step(table::Event::ArtimExpired, now);
            return;
        }
        let passed = self.expectations().find(|(at, _)| *at <= now);
        if let Some((_, gone)) = passed {
            self.fail(gone, now);
        }
    }

    /// The peer is not being read from, for no fault of its own; its time-outs stand still until
    /// [`Acceptor::resume_clock`].
    pub fn pause_clock(&mut self) {
        self.machine.timers.pause();
    }

    /// The peer is being read from again.
    pub fn resume_clock(&mut self, now: Instant) {
        self.machine.timers.resume(now);
    }

    /// What the peer has to do, and by when.
    fn expectations(&self) -> impl Iterator<Item = (Instant, PeerGone)> {
        let in_data_set = matches!(self.message, Message::DataSet(..));
        let established = self.machine.state == State::Established;
        // A peer with a window may be waiting for our responses before it uses it up.
        let waits_for_us = matches!(self.message, Message::None) && !self.pending.is_empty();
        let awaited = established && self.is_listening() && !waits_for_us;
        let owes_reading = established || self.machine.state == State::AwaitingReleaseResponse;
        let send = (owes_reading && !self.output.is_empty())
            .then(|| self.machine.timers.send_deadline())
            .flatten()
            .map(|at| (at, PeerGone::SocketTimeout));
        let data_set = (awaited && in_data_set)
            .then(|| self.machine.timers.data_set_deadline())
            .flatten()
            .map(|at| (at, PeerGone::DimseTimeout));
        let receive = awaited
            .then(|| self.machine.timers.receive_deadline())
            .flatten()
            .map(|at| (at, PeerGone::SocketTimeout));
        send.into_iter().chain(data_set).chain(receive)
    }

    /// Whether bytes of the peer are welcome now.
    fn is_listening(&self) -> bool {
        let may_begin =
            self.pending.len() < self.operations() && self.output.bytes().len() < OUTPUT_BYTES_MAX;
        match self.machine.state {
            State::Idle => false,
            State::Established => may_begin || !matches!(self.message, Message::None),
            // Nothing may come while we owe an answer, but for an A-ABORT.
            _ => true,
        }
    }

    /// How many stores may await their response.
    fn operations(&self) -> usize {
        let agreed = self.negotiated.as_ref().map(|agreed| agreed.operations);
        agreed.filter(|_| !self.is_winding_down).unwrap_or(1)
    }

    /// Whether the stream still has frames.
    fn is_framing(&self) -> bool {
        !self.machine.is_deaf() && self.is_listening()
    }

    /// Whether the next bytes are a data set's, or the headers of its next fragment.
    fn awaits_fragment(&self) -> bool {
        matches!(self.message, Message::DataSet(..))
            || matches!(self.machine.framer.need(), FramerNeed::Payload(_))
    }

    /// How many bytes to ask for where `needed` are certain. A command is as long as the last, and
    /// the headers behind it come along; so the data set begins at the front of a read of its own.
    fn control_bytes(&self, needed: usize) -> usize {
        match (self.machine.state, &self.message) {
            (State::Established, Message::None) => {
                let expected = self.command_bytes_last.saturating_sub(self.command_bytes);
                needed.max(expected + FRAGMENT_HEADERS_BYTES)
            }
            (State::Established, _) => needed + FRAGMENT_HEADERS_BYTES,
            _ => needed.max(ASSOCIATE_READ_BYTES),
        }
    }

    /// Where the data set at hand ends if it is as long as the last, and what a peer that does not
    /// wait for its response sends next: a command like the last and the headers behind it, or
    /// small objects, as many as can be had.
    fn expected_end(&self) -> ExpectedEnd {
        let command = self.command_bytes_last + FRAGMENT_HEADERS_BYTES;
        ExpectedEnd {
            payload_left: self.data_set_bytes_last.saturating_sub(self.data_set_bytes),
            behind: command.max(self.read_ahead_bytes()).min(READ_AHEAD_BYTES),
        }
    }

    // The steps of the state machine.

    fn on_associate_rq(&mut self, request: AssociateRq, now: Instant) {
        self.step(table::Event::AssociateRq, now);
        self.request = Some(request);
        self.events.push_back(Event::Requested);
    }

    fn on_release_rq(&mut self, now: Instant) {
        if matches!(self.message, Message::None) {
            self.step(table::Event::ReleaseRq, now);
            self.release_if_due(now);
        } else {
            let error = PeerMisbehaved::ReleaseWithinMessage;
            self.fail(error, now);
        }
    }

    /// Confirms a release as soon as every store has its response.
    fn release_if_due(&mut self, now: Instant) {
        if self.machine.state == State::AwaitingReleaseResponse && self.pending.is_empty() {
            self.step(table::Event::ReleaseResponse, now);
            self.send(&Pdu::ReleaseRp, now);
            self.events.push_back(Event::Released);
        }
    }

    fn on_command(&mut self, context: PresentationContextId, now: Instant) {
        let request = Request::decode(self.machine.framer.body());
        self.machine.framer.clear_body();
        self.command_bytes_last = std::mem::take(&mut self.command_bytes);
        match request {
            Ok(Request::Store(request)) => self.on_store(context, request, now),
            Ok(Request::Echo(request)) => {
                let mut response = Vec::with_capacity(RESPONSE_BYTES);
                encode_echo_response(&mut response, &request);
                self.answer(context, request.has_data_set, response, now);
                self.events.push_back(Event::Echoed(request));
            }
            // Nothing that could be cancelled is served (PS3.7 9.3.2.3).
            Ok(Request::Cancel { .. }) => {}
            Ok(Request::Other(request)) => {
                let mut response = Vec::with_capacity(RESPONSE_BYTES);
                encode_unrecognized_operation(&mut response, &request);
                self.answer(context, request.has_data_set, response, now);
                self.events.push_back(Event::Unrecognized(request));
            }
            Err(error) => {
                self.fail(InvalidMessage::from(error), now);
            }
        }
    }

    fn on_store(&mut self, context: PresentationContextId, request: StoreRq, now: Instant) {
        let Some(agreed) = self
            .negotiated
            .as_ref()
            .and_then(|agreed| agreed.context(context))
        else {
            return;
        };
        let transfer_syntax = agreed.transfer_syntax;
        if let Some((status, comment)) = objection(&request, agreed.abstract_syntax.as_str()) {
            self.refuse(context, request, status, comment, now);
            return;
        }
        self.tokens = self.tokens.wrapping_add(1);
        let token = ObjectToken(self.tokens);
        let begun = ObjectBegun {
            token,
            request: request.clone(),
            transfer_syntax,
        };
        self.message = Message::DataSet(
            context,
            Purpose::Store {
                token,
                request,
                discard: false,
            },
        );
        self.events.push_back(Event::ObjectBegun(begun));
    }

    fn refuse(
        &mut self,
        context: PresentationContextId,
        request: StoreRq,
        status: FailureStatus,
        comment: &'static str,
        now: Instant,
    ) {
        let mut response = Vec::with_capacity(RESPONSE_BYTES);
        let outcome: StoreOutcome<R> = StoreOutcome::Failed { status, comment };
        encode_store_response(&mut response, &request, &outcome);
        self.answer(context, request.has_data_set, response, now);
        self.events.push_back(Event::ObjectRefused {
            request,
            status,
            comment,
        });
    }

    /// Sends a response, after the data set where one follows the request.
    fn answer(
        &mut self,
        context: PresentationContextId,
        has_data_set: bool,
        response: Vec<u8>,
        now: Instant,
    ) {
        if has_data_set {
            self.message = Message::DataSet(context, Purpose::Skip { response });
        } else {
            self.send_command(context, &response, now);
        }
    }

    fn on_data_set(&mut self, context: PresentationContextId, purpose: Purpose, now: Instant) {
        match purpose {
            Purpose::Store { token, request, .. } => {
                self.pending.push(Pending {
                    token,
                    context,
                    request,
                });
                self.events.push_back(Event::ObjectLanded(token));
            }
            Purpose::Skip { response } => self.send_command(context, &response, now),
        }
    }

    fn send_rejection(&mut self, request: AssociateRq, rejection: Rejection, now: Instant) {
        self.step(table::Event::RejectResponse, now);
        let (result, reason) = (rejection.result(), rejection.reason());
        self.send(&Pdu::AssociateRj(AssociateRj { result, reason }), now);
        self.events.push_back(Event::Rejected {
            rejection,
            request: Box::new(request),
        });
    }

    fn send(&mut self, pdu: &Pdu, now: Instant) {
        self.machine.timers.queued(self.output.is_empty(), now);
        self.output
            .push_pdu(pdu)
            .expect("at most 128 context results of a UID each");
    }

    /// Sends a command set (Evt9), in fragments that the peer's maximum length allows.
    fn send_command(&mut self, context: PresentationContextId, command: &[u8], now: Instant) {
        if self.step(table::Event::DataRequest, now).is_none() {
            return;
        }
        let max_pdu_bytes = self
            .negotiated
            .as_ref()
            .map_or(0, |agreed| agreed.peer_max_pdu_bytes);
        self.machine.timers.queued(self.output.is_empty(), now);
        self.output
            .push_command(context, command, fragment_bytes_max(max_pdu_bytes));
    }
}

impl<R> Side for Acceptor<R> {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn on_pdu(&mut self, pdu: Pdu, now: Instant) {
        self.command_bytes = 0;
        match pdu {
            Pdu::AssociateRq(request) => self.on_associate_rq(request, now),
            Pdu::ReleaseRq => self.on_release_rq(now),
            // No other type passes `on_pdu_begun` on this side.
            _ => {}
        }
    }

    fn on_fragment_begun(&mut self, header: PdvHeader) -> Result<(), PeerMisbehaved> {
        let is_command = header.control.is_command();
        let expected = match self.message {
            Message::None => {
                let negotiated = self.negotiated.as_ref();
                if negotiated.is_none_or(|agreed| agreed.context(header.context).is_none()) {
                    return Err(PeerMisbehaved::ContextNotAccepted(header.context));
                }
                if !is_command {
                    return Err(PeerMisbehaved::DataWithoutCommand);
                }
                self.message = Message::Command(header.context);
                return Ok(());
            }
            Message::Command(context) if is_command => context,
            Message::Command(_) => return Err(PeerMisbehaved::DataWithoutCommand),
            Message::DataSet(context, _) if !is_command => context,
            Message::DataSet(..) => return Err(PeerMisbehaved::CommandWithinData),
        };
        let found = header.context;
        if expected == found {
            Ok(())
        } else {
            Err(PeerMisbehaved::ContextChanged { expected, found })
        }
    }

    fn on_message_part(&mut self, header: PdvHeader, now: Instant) {
        match std::mem::replace(&mut self.message, Message::None) {
            Message::DataSet(context, purpose) => {
                self.data_set_bytes_last = std::mem::take(&mut self.data_set_bytes);
                self.on_data_set(context, purpose, now);
            }
            _ => self.on_command(header.context, now),
        }
        if matches!(self.message, Message::None) {
            self.command_bytes = 0;
        }
    }

    fn give_up(&mut self, error: &AssociationError) {
        if let Message::DataSet(_, Purpose::Store { token, .. }) =
            std::mem::replace(&mut self.message, Message::None)
        {
            self.events.push_back(Event::ObjectDropped(token));
        }
        self.request = None;
        self.pending.clear();
        self.events.push_back(Event::Failed(error.clone()));
    }

    fn send_abort(&mut self, abort: Abort, now: Instant) {
        self.send(&Pdu::Abort(abort), now);
    }
}

/// Room for the response to a C-STORE-RQ with UIDs of full length, in bytes.
const RESPONSE_BYTES: usize = 256;

/// Why a C-STORE-RQ cannot be served, if so.
fn objection(request: &StoreRq, abstract_syntax: &str) -> Option<(FailureStatus, &'static str)> {
    if abstract_syntax == registry::VERIFICATION {
        return Some((
            FailureStatus::SOP_CLASS_NOT_SUPPORTED,
            "context is for verification",
        ));
    }
    if !request.has_data_set {
        return Some((FailureStatus::CANNOT_UNDERSTAND, "no data set"));
    }
    if !is_storable(&request.sop_instance) {
        return Some((
            FailureStatus::INVALID_SOP_INSTANCE,
            "SOP instance UID is not a UID",
        ));
    }
    if !is_storable(&request.sop_class) {
        return Some((
            FailureStatus::SOP_CLASS_NOT_SUPPORTED,
            "SOP class UID is not a UID",
        ));
    }
    None
}

/// Whether a UID can stand in a file's meta information and name. Letters and other oddities of real
/// senders pass; what could reach into paths, end strings or overflow fields does not.
fn is_storable(uid: &Uid) -> bool {
    let harmless = |c: char| !c.is_control() && c != '/' && c != '\\';
    (1..=UID_BYTES_MAX).contains(&uid.wire_len()) && uid.as_str().chars().all(harmless)
}

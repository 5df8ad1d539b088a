//! The accepting side of an association: PS3.8's state machine and the DIMSE services on top of it.

mod events;
mod messages;
mod reading;

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use crate::dimse::{COMMAND_SET_BYTES_MAX, StoreOutcome, encode_store_response};
use crate::pdu::framer::Framer;
use crate::pdu::{AssociateRq, Pdu};

pub use events::{Event, Need, ObjectBegun, ObjectToken};
pub use reading::READ_AHEAD_BYTES;

use messages::{Message, Pending, Purpose, RESPONSE_BYTES};

use super::error::{AssociationError, LocalAbort, PeerGone, Rejection};
use super::machine::{Machine, Side};
use super::negotiation::{Negotiated, Policy, Refusal, negotiate, refused};
use super::output::Output;
use super::table::{self, State};
use super::timers::Timeouts;

/// The memory for output that an association keeps, in bytes: there may be thousands that are idle.
const OUTPUT_BYTES_KEPT: usize = 1024;

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
}

//! What the two sides of an association share: the steps of PS3.8's state machine, the reading of
//! frames, and the ways an association comes to its end.

use std::time::Instant;

use crate::pdu::framer::{Frame, FrameError, Framer};
use crate::pdu::{Abort, AbortReason, AbortSource, Pdu, PduType, PdvHeader};

use super::error::{AssociationError, InvalidMessage, PeerGone, PeerMisbehaved};
use super::table::{self, Action, Event, Next, State};
use super::timers::{Timeouts, Timers};

/// How many bytes of a peer are read and forgotten after the end of its association, so that it gets
/// to read our last PDU: what may be under way, and no more.
const DRAIN_BYTES_MAX: usize = 16 << 20;

/// The state of one side, its stream and its clocks.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) state: State,
    pub(super) framer: Framer,
    pub(super) timers: Timers,
    failure: Option<AssociationError>,
    is_deaf: bool,
    drained_bytes: usize,
}

impl Machine {
    pub(super) fn new(framer: Framer, timeouts: Timeouts, now: Instant) -> Self {
        Self {
            state: State::Idle,
            framer,
            timers: Timers::new(timeouts, now),
            failure: None,
            is_deaf: false,
            drained_bytes: 0,
        }
    }

    pub(super) fn failure(&self) -> Option<&AssociationError> {
        self.failure.as_ref()
    }

    /// Whether the association is at its end, and only that of the connection is awaited.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Idle | State::AwaitingTransportClose)
    }

    /// Whether nothing that comes is read as PDUs any more.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Looks the event up, moves to the next state, does what the table says about ARTIM.
    pub(super) fn step(&mut self, event: Event, now: Instant) -> Option<Action> {
        let (action, next) = table::cell(self.state, event)?;
        let (Next::Always(state) | Next::Either(state, _)) = next;
        self.state = state;
        match action {
            Action::Ae5 | Action::Ae8 | Action::Ar4 | Action::Aa1 | Action::Aa8 => {
                self.timers.start_artim(now);
            }
            Action::Ae6 | Action::Ar5 | Action::Aa2 | Action::Aa3 | Action::Aa4 | Action::Aa5 => {
                self.timers.stop_artim();
            }
            _ => {}
        }
        Some(action)
    }

    /// Takes note of `n` bytes that mean nothing any more. A peer that goes on and on is not waited
    /// for any longer.
    pub(super) fn drained(&mut self, n: usize) {
        self.drained_bytes = self.drained_bytes.saturating_add(n);
        if self.drained_bytes > DRAIN_BYTES_MAX {
            self.state = State::Idle;
        }
    }
}

/// One side of an association. What both do is provided; what differs is required.
pub(super) trait Side: Sized {
    fn machine(&self) -> &Machine;
    fn machine_mut(&mut self) -> &mut Machine;

    /// A control PDU that has its place here, but for A-ABORT.
    fn on_pdu(&mut self, pdu: Pdu, now: Instant);

    /// Judges a fragment by the message it belongs to.
    fn on_fragment_begun(&mut self, header: PdvHeader) -> Result<(), PeerMisbehaved>;

    /// A command set or a data set is complete.
    fn on_message_part(&mut self, header: PdvHeader, now: Instant);

    /// The association has failed: gives up what was under way, and says so.
    fn give_up(&mut self, error: &AssociationError);

    /// Queues an A-ABORT as the last PDU.
    fn send_abort(&mut self, abort: Abort, now: Instant);

    fn step(&mut self, event: Event, now: Instant) -> Option<Action> {
        self.machine_mut().step(event, now)
    }

    fn on_frame(&mut self, frame: Frame, now: Instant) {
        match frame {
            Frame::PduBegun(kind) => self.on_pdu_begun(kind, now),
            Frame::Control(kind) => self.on_control(kind, now),
            // After the end of the association what still comes is read past (AA-6).
            _ if self.machine().state == State::AwaitingTransportClose => {
                self.machine_mut().framer.clear_body();
            }
            Frame::FragmentBegun(header) => {
                if let Err(error) = self.on_fragment_begun(header) {
                    self.fail(error, now);
                }
            }
            Frame::FragmentEnded(header) if header.control.is_last() => {
                self.on_message_part(header, now);
            }
            Frame::FragmentEnded(_) => {}
        }
    }

    /// A PDU that has no place here is answered at its header; nobody reads its body.
    fn on_pdu_begun(&mut self, kind: PduType, now: Instant) {
        let event = event_of(kind);
        let state = self.machine().state;
        match table::cell(state, event) {
            Some((Action::Aa1 | Action::Aa8, _)) => {
                self.fail(PeerMisbehaved::UnexpectedPdu { event, state }, now);
            }
            Some((Action::Aa7, _)) => self.refuse_after_end(event, AbortReason::UnexpectedPdu, now),
            _ => {}
        }
    }

    fn on_control(&mut self, kind: PduType, now: Instant) {
        let machine = self.machine_mut();
        let decoded = Pdu::decode(kind.code(), machine.framer.body());
        machine.framer.clear_body();
        if machine.state == State::AwaitingTransportClose {
            machine.step(event_of(kind), now);
            return;
        }
        match decoded {
            Ok(Pdu::Abort(abort)) => {
                self.end_with(AssociationError::PeerAborted(abort.source));
                self.step(Event::Abort, now);
            }
            Ok(pdu) => self.on_pdu(pdu, now),
            Err(error) => self.fail(InvalidMessage::from(error), now),
        }
    }

    fn on_invalid_frame(&mut self, error: FrameError, now: Instant) {
        if self.machine().state == State::AwaitingTransportClose {
            self.refuse_after_end(Event::InvalidPdu, error.abort_reason(), now);
        } else {
            self.fail(InvalidMessage::from(error), now);
        }
    }

    /// The connection was closed, or broke (Evt17).
    fn on_transport_closed(&mut self, now: Instant) {
        let machine = self.machine();
        if !machine.is_over() && machine.failure.is_none() {
            self.end_with(PeerGone::ConnectionClosed.into());
        }
        self.step(Event::TransportClosed, now);
    }

    /// Ends the association by the A-ABORT that the error calls for.
    fn fail(&mut self, error: impl Into<AssociationError>, now: Instant) {
        let error = error.into();
        let event = error.event();
        // Before there is a request, the abort is the user's (PS3.8 Table 9-9, AA-1).
        let abort = if self.machine().state == State::AwaitingAssociateRq {
            Some(Abort {
                source: AbortSource::ServiceUser,
            })
        } else {
            error.abort()
        };
        self.end_with(error);
        let action = self.step(event, now);
        if let (Some(Action::Aa1 | Action::Aa8), Some(abort)) = (action, abort) {
            self.send_abort(abort, now);
        }
    }

    /// Answers a PDU that comes after the end by A-ABORT (AA-7), and listens no more. The end stays
    /// the end that it was.
    fn refuse_after_end(&mut self, event: Event, reason: AbortReason, now: Instant) {
        self.step(event, now);
        self.machine_mut().is_deaf = true;
        let source = AbortSource::ServiceProvider(reason);
        self.send_abort(Abort { source }, now);
    }

    /// Sets the failure, once and for all, and gives up what was under way.
    fn end_with(&mut self, error: AssociationError) {
        self.give_up(&error);
        let machine = self.machine_mut();
        machine.failure = Some(error);
        machine.is_deaf = true;
    }
}

/// The event that a PDU of this type is (PS3.8 Table 9-10).
fn event_of(kind: PduType) -> Event {
    match kind {
        PduType::AssociateRq => Event::AssociateRq,
        PduType::AssociateAc => Event::AssociateAc,
        PduType::AssociateRj => Event::AssociateRj,
        PduType::PData => Event::PData,
        PduType::ReleaseRq => Event::ReleaseRq,
        PduType::ReleaseRp => Event::ReleaseRp,
        PduType::Abort => Event::Abort,
    }
}

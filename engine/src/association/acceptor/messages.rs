//! What the messages of the peer bring about.

use std::time::Instant;

use crate::dimse::{
    FailureStatus, Request, StoreOutcome, StoreRq, encode_echo_response, encode_store_response,
    encode_unrecognized_operation,
};
use crate::pdu::{Abort, AssociateRj, AssociateRq, Pdu, PdvHeader};
use crate::registry;
use crate::value::{PresentationContextId, UID_BYTES_MAX, Uid};

use super::super::error::{AssociationError, InvalidMessage, PeerMisbehaved, Rejection};
use super::super::machine::{Machine, Side};
use super::super::output::fragment_bytes_max;
use super::super::table::{self, State};
use super::{Acceptor, Event, ObjectBegun, ObjectToken};

/// Room for the response to a C-STORE-RQ with UIDs of full length, in bytes.
pub(super) const RESPONSE_BYTES: usize = 256;

/// A store whose response is due.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) token: ObjectToken,
    pub(super) context: PresentationContextId,
    pub(super) request: StoreRq,
}

/// Where in a DIMSE message the stream stands.
#[derive(Debug)]
pub(super) enum Message {
    /// Between messages.
    None,
    /// Within the command set.
    Command(PresentationContextId),
    /// Within, or in front of, the data set.
    DataSet(PresentationContextId, Purpose),
}

/// What the data set is for.
#[derive(Debug)]
pub(super) enum Purpose {
    Store {
        token: ObjectToken,
        request: StoreRq,
        discard: bool,
    },
    /// Nobody wants it; this command set is sent when it has passed.
    Skip { response: Vec<u8> },
}

impl<R> Acceptor<R> {
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
    pub(super) fn release_if_due(&mut self, now: Instant) {
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

    pub(super) fn send_rejection(
        &mut self,
        request: AssociateRq,
        rejection: Rejection,
        now: Instant,
    ) {
        self.step(table::Event::RejectResponse, now);
        let (result, reason) = (rejection.result(), rejection.reason());
        self.send(&Pdu::AssociateRj(AssociateRj { result, reason }), now);
        self.events.push_back(Event::Rejected {
            rejection,
            request: Box::new(request),
        });
    }

    pub(super) fn send(&mut self, pdu: &Pdu, now: Instant) {
        self.machine.timers.queued(self.output.is_empty(), now);
        self.output
            .push_pdu(pdu)
            .expect("at most 128 context results of a UID each");
    }

    /// Sends a command set (Evt9), in fragments that the peer's maximum length allows.
    pub(super) fn send_command(
        &mut self,
        context: PresentationContextId,
        command: &[u8],
        now: Instant,
    ) {
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

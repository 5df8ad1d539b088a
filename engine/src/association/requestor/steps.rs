//! What the requestor does when PDUs and responses come in.

use std::sync::Arc;
use std::time::Instant;

use crate::association::error::{AssociationError, InvalidMessage, PeerMisbehaved};
use crate::association::machine::{Machine, Side};
use crate::association::output::fragment_bytes_max;
use crate::association::table::{self, Action, State};
use crate::dimse::{Response, StatusCategory};
use crate::pdu::{Abort, AssociateAc, Pdu, PdvHeader};
use crate::value::PresentationContextId;

use super::agreement::agree;
use super::operations::{Kind, Operation, OperationId};
use super::{Requestor, RequestorEvent, StoreReply};

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

impl Requestor {
    /// Whether anything would be lost by a release.
    pub(super) fn is_busy(&self) -> bool {
        !self.operations.is_empty() || self.unprovided.is_some()
    }

    /// Whether the stream has frames.
    pub(super) fn is_framing(&self) -> bool {
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

    pub(super) fn send(&mut self, pdu: &Pdu, now: Instant) {
        self.machine.timers.queued(self.outgoing.is_empty(), now);
        self.outgoing
            .push_pdu(pdu)
            .expect("its length is fixed and short");
    }

    /// Sends the command set just encoded (Evt9).
    pub(super) fn send_command(
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

//! Sends C-ECHO.

use std::process::ExitCode;

use pdvault_engine::association::proposal::{AssociationRequest, split};
use pdvault_engine::association::{AssociationError, OperationId, PeerGone, RequestorEvent};
use pdvault_engine::dimse::{Status, StatusCategory};
use pdvault_engine::sender::{ConnectionEvent, FilePayload};
use pdvault_engine::value::PresentationContextId;

use super::Settings;
use crate::logging;
use crate::requesting::{self, Peer, condition, is_peer_abort};

/// An association on which nothing is stored.
type Opened = requesting::Opened<FilePayload>;

/// Asks the peer.
pub(super) fn run(settings: &Settings) -> ExitCode {
    let Some(association) = open(settings) else {
        return ExitCode::FAILURE;
    };
    match ask(settings, association) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell_of_loss(&error);
            ExitCode::FAILURE
        }
    }
}

/// Opens the association; what prevents that was logged.
fn open(settings: &Settings) -> Option<Opened> {
    let contexts = split(&settings.contexts).into_iter().next();
    let request = AssociationRequest {
        calling: settings.requestor.calling,
        called: settings.requestor.called,
        max_pdu_bytes: settings.requestor.max_pdu_bytes,
        operations: None,
        user_identity: None,
        roles: Vec::new(),
        extended: Vec::new(),
        contexts: contexts.unwrap_or_default(),
    };
    let request = match request.into_pdu() {
        Ok(request) => request,
        Err(error) => {
            logging::fatal(&format!("Association Request Failed: {error}"));
            return None;
        }
    };
    let opened = Peer::new(&settings.requestor, None).open(&request);
    opened.inspect_err(requesting::OpenFailure::log).ok()
}

/// Sends the requests, one after the other. Returns whether the peer was content with all of them.
fn ask(settings: &Settings, mut association: Opened) -> Result<bool, AssociationError> {
    let mut is_content = true;
    for _ in 0..settings.repeat {
        let context = association.agreed.contexts.first();
        let context = context.expect("an open association has a context").id;
        let status = echo(&mut association, context)?;
        tracing::info!("Received Echo Response ({status})");
        is_content &= status.category() == StatusCategory::Success;
    }
    if !is_content {
        tracing::error!("the peer answered an echo with a failure");
    }
    if settings.abort {
        tracing::info!("Aborting Association");
        association.connection.abort();
        return Ok(is_content);
    }
    tracing::info!("Releasing Association");
    if let Err(error) = association.connection.release() {
        tracing::error!("Association Release Failed: {}", condition(&error));
        return Ok(false);
    }
    Ok(is_content)
}

fn echo(
    association: &mut Opened,
    context: PresentationContextId,
) -> Result<Status, AssociationError> {
    let OperationId(number) = association.connection.echo(context);
    tracing::info!("Sending Echo Request (MsgID {number})");
    while let Ok(Some(event)) = association.connection.wait(None) {
        match event {
            ConnectionEvent::Association(RequestorEvent::Echoed { status, .. }) => {
                return Ok(status);
            }
            ConnectionEvent::Association(RequestorEvent::Failed(error)) => return Err(error),
            ConnectionEvent::Association(RequestorEvent::Released) => break,
            _ => {}
        }
    }
    Err(PeerGone::ConnectionClosed.into())
}

/// Logs the end of an association that nobody wanted to end.
fn tell_of_loss(error: &AssociationError) {
    if is_peer_abort(error) {
        tracing::info!("Peer Aborted Association");
    } else {
        tracing::error!("Echo SCU Failed: {}", condition(error));
        tracing::info!("Aborting Association");
    }
}

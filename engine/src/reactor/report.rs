//! What the log says, in one place: DCMTK's key phrases, and one line for each refused association
//! or object that says who, what, why, and how to allow it. No patient's data at info and below.

#![forbid(unsafe_code)]

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use tracing::{debug, error, info, warn};

use crate::association::{
    AssociationError, LocalAbort, Negotiated, PeerGone, RefusedContexts, Rejection,
};
use crate::dimse::{EchoRq, FailureStatus, OtherRq, StoreRq};
use crate::pdu::{AssociateRq, ContextOutcome};
use crate::registry;
use crate::store::{Outcome, StoreFailure, StoredReceipt};

/// Who sends: the address, and the titles once they are known.
pub(super) struct Who<'a> {
    pub(super) peer: SocketAddr,
    pub(super) agreed: Option<&'a Negotiated>,
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.peer)?;
        match self.agreed {
            Some(Negotiated {
                calling_ae_title,
                called_ae_title,
                ..
            }) => {
                write!(f, " ({calling_ae_title} calling {called_ae_title})")
            }
            None => Ok(()),
        }
    }
}

pub(super) fn received(peer: SocketAddr) {
    info!("Association Received ({peer})");
}

pub(super) fn echoed(peer: SocketAddr, request: &EchoRq) {
    info!(
        "Received Echo Request (MsgID {}), {peer}",
        request.message_id
    );
}

pub(super) fn released(peer: SocketAddr) {
    info!("Association Release ({peer})");
}

pub(super) fn rejected(peer: SocketAddr, rejection: Rejection, request: &AssociateRq) {
    let how = match rejection {
        Rejection::LocalLimit => "raise --max-associations to allow more",
        Rejection::ShuttingDown => "it may try again once the receiver is back",
        _ => "only a change of the sender's settings helps",
    };
    let (calling, called) = (request.calling_ae_title, request.called_ae_title);
    let context = &request.application_context;
    if rejection == Rejection::ApplicationContext {
        info!("Association Rejected: Bad Application Context Name: {context}");
    }
    warn!("Association Rejected: {rejection}; {peer} ({calling} calling {called}); {how}");
}

pub(super) fn established(who: &Who<'_>, refused: Option<&RefusedContexts>) {
    let Some(agreed) = who.agreed else { return };
    info!(
        "Association Acknowledged (Max Send PDV: {}), {who}",
        max_send_pdv(agreed.peer_max_pdu_bytes)
    );
    if agreed.contexts.is_empty() {
        info!("    (but no valid presentation contexts)");
    }
    if let Some(refused) = refused {
        refused_contexts(who, agreed.contexts.len(), refused);
    }
}

/// What the sender will not be able to send; a warning where that is everything.
fn refused_contexts(who: &Who<'_>, accepted: usize, refused: &RefusedContexts) {
    let line = format_args!(
        "{} of {} presentation contexts refused to {who}, the first for {}: {}",
        refused.count,
        accepted + refused.count,
        refused.first,
        how_to_allow(refused),
    );
    if accepted == 0 {
        warn!("{line}");
    } else {
        info!("{line}");
    }
}

fn how_to_allow(refused: &RefusedContexts) -> &'static str {
    match refused.outcome {
        ContextOutcome::AbstractSyntaxNotSupported
            if registry::is_known(refused.first.as_str()) =>
        {
            "not a storage SOP class, and only storage and verification are served"
        }
        ContextOutcome::AbstractSyntaxNotSupported => {
            "not a SOP class that is known; --promiscuous allows unknown ones"
        }
        ContextOutcome::TransferSyntaxesNotSupported => {
            "no transfer syntax in common; --accept-all allows compressed ones"
        }
        _ => "refused",
    }
}

/// The longest PDV that DCMTK would send to a peer with this maximum length, for its log line.
fn max_send_pdv(peer_max_pdu_bytes: u32) -> u32 {
    const UNLIMITED: u32 = 131_072;
    const HEADERS_BYTES: u32 = 12;
    let max = match peer_max_pdu_bytes {
        0 => UNLIMITED,
        other => other.min(UNLIMITED),
    };
    (max & !1).saturating_sub(HEADERS_BYTES)
}

pub(super) fn failed(who: &Who<'_>, error: &AssociationError) {
    let is_established = who.agreed.is_some();
    match error {
        AssociationError::PeerGone(PeerGone::ConnectionClosed) if !is_established => {
            debug!("connection from {who} closed without a request");
        }
        AssociationError::PeerAborted(source) => {
            info!("Association Aborted ({})", who.peer);
            debug!("by the peer: {source}");
        }
        AssociationError::PeerGone(gone) if is_established => {
            info!("Association Aborted ({})", who.peer);
            warn!("association with {who} lost: {gone}");
        }
        AssociationError::Local(LocalAbort::ShuttingDown) => {
            warn!("association with {who} aborted: the receiver is shutting down");
        }
        error if is_established => {
            error!("DIMSE failure (aborting association): {error}; {who}");
        }
        error => error!("Receiving Association failed: {error}; {who}"),
    }
}

pub(super) fn object_begun(peer: SocketAddr, request: &StoreRq) {
    let class = || registry::sop_class(request.sop_class.as_str());
    info!(
        "Received Store Request (MsgID {}, {}), {peer}",
        request.message_id,
        class().map_or("OT", |class| class.prefix)
    );
}

/// The association ended in the middle of an object.
pub(super) fn object_dropped(who: &Who<'_>, request: &StoreRq, bytes: u64) {
    warn!(
        "object {} from {who} is incomplete after {bytes} bytes and discarded",
        request.sop_instance
    );
}

/// An object is under its name, as durable as asked for.
pub(super) fn object_stored(receipt: &StoredReceipt) {
    let (path, bytes) = (receipt.path().display(), receipt.bytes());
    match receipt.outcome() {
        Outcome::Replaced => warn!("DICOM file already exists, overwriting: {path}"),
        Outcome::KeptBoth => {
            warn!("DICOM file already exists, keeping both: {path} is the new one");
        }
        Outcome::Identical => info!("DICOM file already exists with the same data: {path}"),
        Outcome::New | Outcome::Ignored => {}
    }
    info!("storing DICOM file: {path}");
    debug!("{bytes} bytes are stored in {path}");
}

pub(super) fn object_refused(
    who: &Who<'_>,
    request: &StoreRq,
    status: FailureStatus,
    comment: &str,
) {
    error!(
        "object {} of {} from {who} refused: {comment} (answered {:04X}H)",
        request.sop_instance,
        request.sop_class,
        status.status().0
    );
}

pub(super) fn object_failed(
    who: &Who<'_>,
    request: &StoreRq,
    failure: &StoreFailure,
    status: FailureStatus,
) {
    let (object, status) = (&request.sop_instance, status.status().0);
    if let StoreFailure::Duplicate { .. } = failure {
        // What was asked for: nothing is wrong here.
        warn!("{failure}; object {object} from {who} refused (answered {status:04X}H)");
    } else {
        let path = failure.path().unwrap_or(Path::new("(no name)")).display();
        error!(
            "cannot write DICOM file: {path}: {failure}; object {object} from {who} (answered \
             {status:04X}H)"
        );
    }
}

pub(super) fn unrecognized(who: &Who<'_>, request: &OtherRq) {
    error!(
        "Expected C-ECHO or C-STORE request but received DIMSE command 0x{:04x} from {who} \
         (answered 0211H)",
        request.command_field
    );
}

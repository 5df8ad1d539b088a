//! Negotiation as a pure function: what a receiver answers to an A-ASSOCIATE-RQ (PS3.8 9.3.3).

use crate::pdu::{
    APPLICATION_CONTEXT, AssociateAc, AssociateRq, ContextOutcome, ContextResult, ProposedContext,
};
use crate::registry;
use crate::value::{AeTitle, PresentationContextId, UID_BYTES_MAX, Uid};

use super::answers::{self, OPERATIONS_SYNCHRONOUS};
use super::error::{PeerMisbehaved, Rejection};

/// What a receiver is ready to accept.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The maximum length announced for P-DATA-TF PDUs, in bytes (PS3.8 D.1).
    pub max_pdu_bytes: u32,
    /// Accept every known transfer syntax, compressed ones first, instead of the uncompressed three.
    pub accept_all: bool,
    /// Accept abstract syntaxes that are in nobody's table, as storage.
    pub promiscuous: bool,
    /// The most stores of one association that may await their response, granted to requestors
    /// that ask for a window (PS3.7 D.3.3.3); at least 1, and 1 grants none.
    pub operations_max: usize,
}

impl Policy {
    /// The transfer syntaxes accepted, the most welcome first.
    fn ranking(&self) -> &'static [&'static str] {
        if self.accept_all {
            registry::RANKING_ACCEPT_ALL
        } else {
            registry::RANKING_DEFAULT
        }
    }

    /// Whether objects of this class are accepted. What is longer than a UID can be is none, and an
    /// association keeps the UIDs that it accepted.
    fn serves(&self, abstract_syntax: &Uid) -> bool {
        let uid = abstract_syntax.as_str();
        let is_unknown = || abstract_syntax.wire_len() <= UID_BYTES_MAX && !registry::is_known(uid);
        registry::is_storage(uid)
            || uid == registry::VERIFICATION
            || (self.promiscuous && is_unknown())
    }
}

/// A presentation context that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedContext {
    /// Its number.
    pub id: PresentationContextId,
    /// The SOP class it is for.
    pub abstract_syntax: Uid,
    /// The transfer syntax chosen.
    pub transfer_syntax: &'static str,
}

/// Presentation contexts that were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedContexts {
    /// How many; at least 1.
    pub count: usize,
    /// The SOP class that the first of them was for.
    pub first: Uid,
    /// Why that was refused.
    pub outcome: ContextOutcome,
}

/// What both sides agreed on.
#[derive(Clone, Debug)]
pub struct Negotiated {
    /// The requestor's title, as sent.
    pub calling_ae_title: AeTitle,
    /// The title the requestor called, as sent.
    pub called_ae_title: AeTitle,
    /// The peer's maximum length for P-DATA-TF PDUs in bytes; 0 is no limit (PS3.8 D.1).
    pub peer_max_pdu_bytes: u32,
    /// How many stores may await their response; 1 unless a window was granted (PS3.7 D.3.3.3).
    /// While as many do, the association is not read from.
    pub operations: usize,
    /// The accepted contexts, in the order proposed.
    pub contexts: Vec<AcceptedContext>,
}

impl Negotiated {
    /// The accepted context of this number.
    pub fn context(&self, id: PresentationContextId) -> Option<&AcceptedContext> {
        self.contexts.iter().find(|context| context.id == id)
    }
}

/// A request that is answered with neither acceptance nor silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By A-ASSOCIATE-RJ.
    Reject(Rejection),
    /// By A-ABORT: the request breaks the standard.
    Abort(PeerMisbehaved),
}

/// Decides about a request. The titles are echoed as sent; neither is judged, and no user identity
/// is checked: who asks for a positive response (PS3.7 D.3.3.7) with a name, a passcode or a web
/// token gets one. An asynchronous operations window is granted up to the policy's, roles that the
/// requestor may have are confirmed (PS3.7 D.3.3.3, D.3.3.4); extended negotiation gets no answer,
/// which stands for the defaults.
pub fn negotiate(
    request: &AssociateRq,
    policy: &Policy,
) -> Result<(AssociateAc, Negotiated), Refusal> {
    check(request)?;
    let results = request
        .presentation_contexts
        .iter()
        .map(|context| judge(context, policy));
    let results: Vec<ContextResult> = results.collect();
    let contexts = accepted(request, &results);
    let reply = reply(request, policy, results, &contexts);
    let granted = reply.user_information.asynchronous_operations;
    let negotiated = Negotiated {
        calling_ae_title: request.calling_ae_title,
        called_ae_title: request.called_ae_title,
        peer_max_pdu_bytes: request.user_information.maximum_length,
        operations: granted.map_or(OPERATIONS_SYNCHRONOUS, |window| window.invoked.into()),
        contexts,
    };
    Ok((reply, negotiated))
}

fn check(request: &AssociateRq) -> Result<(), Refusal> {
    if request.protocol_version & 1 == 0 {
        return Err(Refusal::Reject(Rejection::ProtocolVersion));
    }
    if request.application_context.as_str() != APPLICATION_CONTEXT {
        return Err(Refusal::Reject(Rejection::ApplicationContext));
    }
    if request.presentation_contexts.is_empty() {
        return Err(Refusal::Reject(Rejection::NoPresentationContext));
    }
    check_ids(&request.presentation_contexts)
}

/// Odd numbers from 1 to 255, each once: hence at most 128 contexts.
fn check_ids(contexts: &[ProposedContext]) -> Result<(), Refusal> {
    let mut seen = [false; 256];
    for ProposedContext { id, .. } in contexts {
        let seen = &mut seen[usize::from(id.0)];
        if id.0.is_multiple_of(2) || *seen {
            return Err(Refusal::Abort(PeerMisbehaved::InvalidContextId(*id)));
        }
        *seen = true;
    }
    Ok(())
}

/// The acceptor's own ranking decides; the order of the proposal does not count.
fn judge(context: &ProposedContext, policy: &Policy) -> ContextResult {
    let proposed = |candidate: &&&str| {
        context
            .transfer_syntaxes
            .iter()
            .any(|syntax| syntax.as_str() == **candidate)
    };
    let (result, transfer_syntax) = if policy.serves(&context.abstract_syntax) {
        match policy.ranking().iter().find(proposed) {
            Some(syntax) => (ContextOutcome::Acceptance, *syntax),
            None => (ContextOutcome::TransferSyntaxesNotSupported, INSIGNIFICANT),
        }
    } else {
        (ContextOutcome::AbstractSyntaxNotSupported, INSIGNIFICANT)
    };
    ContextResult {
        id: context.id,
        result,
        transfer_syntax: Uid::from(transfer_syntax),
    }
}

/// Refused contexts carry a transfer syntax too, which is not significant (PS3.8 9.3.3.2).
const INSIGNIFICANT: &str = "1.2.840.10008.1.2";

fn accepted(request: &AssociateRq, results: &[ContextResult]) -> Vec<AcceptedContext> {
    let pairs = request.presentation_contexts.iter().zip(results);
    let accepted = pairs.filter(|(_, result)| result.result == ContextOutcome::Acceptance);
    accepted
        .filter_map(|(proposed, result)| {
            let syntax = registry::transfer_syntax(result.transfer_syntax.as_str())?;
            Some(AcceptedContext {
                id: proposed.id,
                abstract_syntax: proposed.abstract_syntax.clone(),
                transfer_syntax: syntax.uid,
            })
        })
        .collect()
}

/// What a reply refuses of its request.
pub(super) fn refused(request: &AssociateRq, reply: &AssociateAc) -> Option<RefusedContexts> {
    let pairs = request
        .presentation_contexts
        .iter()
        .zip(&reply.presentation_contexts);
    let mut refused = pairs.filter(|(_, result)| result.result != ContextOutcome::Acceptance);
    let (proposed, result) = refused.next()?;
    Some(RefusedContexts {
        first: proposed.abstract_syntax.clone(),
        outcome: result.result,
        count: 1 + refused.count(),
    })
}

fn reply(
    request: &AssociateRq,
    policy: &Policy,
    results: Vec<ContextResult>,
    contexts: &[AcceptedContext],
) -> AssociateAc {
    AssociateAc {
        protocol_version: 1,
        called_ae_title: request.called_ae_title,
        calling_ae_title: request.calling_ae_title,
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: results,
        user_information: answers::user_information(&request.user_information, policy, contexts),
    }
}

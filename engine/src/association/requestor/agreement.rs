//! What an A-ASSOCIATE-AC grants, checked against what was asked for (PS3.8 9.3.3).

use crate::association::error::PeerMisbehaved;
use crate::pdu::{
    AssociateAc, AssociateRq, ContextOutcome, ContextResult, RoleSelection, UserInformation,
};
use crate::value::{PresentationContextId, Uid};

/// The most operations that are in flight at once, whatever the peer grants: with objects of 8 KiB
/// and a round trip of 20 ms it is enough for 50,000 objects a second.
pub const OPERATIONS_MAX: usize = 1024;

/// A presentation context that the peer accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedContext {
    /// Its number.
    pub id: PresentationContextId,
    /// The abstract syntax, most often a SOP class, as proposed.
    pub abstract_syntax: Uid,
    /// The transfer syntax that the peer chose of those proposed.
    pub transfer_syntax: Uid,
}

/// What the peer agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The accepted contexts, in the order of the peer's answer.
    pub contexts: Vec<AgreedContext>,
    /// The verdicts on all contexts, accepted and refused. One that the peer says nothing about is
    /// refused.
    pub results: Vec<ContextResult>,
    /// The peer's maximum length for P-DATA-TF PDUs in bytes; 0 is no limit (PS3.8 D.1).
    pub peer_max_pdu_bytes: u32,
    /// How many operations may be in flight at once, from 1 to [`OPERATIONS_MAX`]; 1 where no
    /// window was negotiated (PS3.7 D.3.3.3).
    pub operations_max: usize,
    /// The roles that the peer answered (PS3.7 D.3.3.4).
    pub roles: Vec<RoleSelection>,
    /// The answer to the user identity, if there is one (PS3.7 D.3.3.7.2).
    pub user_identity_response: Option<Vec<u8>>,
    /// The UID of the peer's implementation.
    pub implementation_class_uid: Option<Uid>,
    /// The version of the peer's implementation, as sent.
    pub implementation_version_name: Option<Vec<u8>>,
}

impl Agreed {
    /// The accepted context of this number.
    pub fn context(&self, id: PresentationContextId) -> Option<&AgreedContext> {
        self.contexts.iter().find(|context| context.id == id)
    }
}

/// Judges an acceptance. Its titles and application context are not tested (PS3.8 9.3.3).
pub(super) fn agree(request: &AssociateRq, reply: AssociateAc) -> Result<Agreed, PeerMisbehaved> {
    let information = reply.user_information;
    let operations_max = window(&request.user_information, &information);
    Ok(Agreed {
        contexts: accepted(request, &reply.presentation_contexts)?,
        results: reply.presentation_contexts,
        peer_max_pdu_bytes: information.maximum_length,
        operations_max,
        roles: information.roles,
        user_identity_response: information.user_identity_response,
        implementation_class_uid: information.implementation_class_uid,
        implementation_version_name: information.implementation_version_name,
    })
}

/// How many operations may be in flight: no more than asked for, than granted, than is sensible.
fn window(asked: &UserInformation, granted: &UserInformation) -> usize {
    let invoked = |information: &UserInformation| {
        let operations = information.asynchronous_operations?;
        Some(match usize::from(operations.invoked) {
            0 => OPERATIONS_MAX,
            limited => limited.min(OPERATIONS_MAX),
        })
    };
    match (invoked(asked), invoked(granted)) {
        (Some(asked), Some(granted)) => asked.min(granted),
        _ => 1,
    }
}

fn accepted(
    request: &AssociateRq,
    results: &[ContextResult],
) -> Result<Vec<AgreedContext>, PeerMisbehaved> {
    let mut seen = [false; 256];
    let mut accepted = Vec::new();
    for result in results {
        let seen = &mut seen[usize::from(result.id.0)];
        if std::mem::replace(seen, true) {
            return Err(PeerMisbehaved::InvalidContextId(result.id));
        }
        accepted.extend(judge(request, result)?);
    }
    Ok(accepted)
}

/// The context, if it was accepted.
fn judge(
    request: &AssociateRq,
    result: &ContextResult,
) -> Result<Option<AgreedContext>, PeerMisbehaved> {
    let id = result.id;
    let mut proposals = request.presentation_contexts.iter();
    let proposed = proposals
        .find(|proposed| proposed.id == id)
        .ok_or(PeerMisbehaved::ContextNotProposed(id))?;
    if result.result != ContextOutcome::Acceptance {
        return Ok(None);
    }
    if !proposed.transfer_syntaxes.contains(&result.transfer_syntax) {
        return Err(PeerMisbehaved::TransferSyntaxNotProposed(id));
    }
    Ok(Some(AgreedContext {
        id,
        abstract_syntax: proposed.abstract_syntax.clone(),
        transfer_syntax: result.transfer_syntax.clone(),
    }))
}

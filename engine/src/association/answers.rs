//! What the acceptor answers to the sub-items of a requestor's user information (PS3.7 D.3.3).
//! Nothing is answered that was not asked; extended negotiation gets no answer at all, which
//! stands for the defaults of each service class.

use crate::pdu::{AsynchronousOperations, RoleSelection, UserIdentityRq, UserInformation};
use crate::value::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Uid};

use super::negotiation::{AcceptedContext, Policy};

/// The operations that a requestor may have under way without a window (PS3.7 D.3.3.3).
pub(super) const OPERATIONS_SYNCHRONOUS: usize = 1;

/// The user information of the reply; the contexts are those that were accepted.
pub(super) fn user_information(
    asked: &UserInformation,
    policy: &Policy,
    contexts: &[AcceptedContext],
) -> UserInformation {
    UserInformation {
        maximum_length: policy.max_pdu_bytes,
        implementation_class_uid: Some(Uid::from(IMPLEMENTATION_CLASS_UID)),
        implementation_version_name: Some(IMPLEMENTATION_VERSION_NAME.into()),
        asynchronous_operations: window(asked, policy),
        roles: roles(&asked.roles, contexts),
        user_identity_response: identity_response(asked.user_identity.as_ref()),
        ..UserInformation::default()
    }
}

/// The window granted to a requestor that asks for one (PS3.7 D.3.3.3). Operations in the other
/// direction are not ours to invoke, so one of them, the least that can be said, is enough. A
/// policy of one operation stays silent, as if windows were unknown.
fn window(asked: &UserInformation, policy: &Policy) -> Option<AsynchronousOperations> {
    let asked = asked.asynchronous_operations?;
    if policy.operations_max <= OPERATIONS_SYNCHRONOUS {
        return None;
    }
    let most = u16::try_from(policy.operations_max).unwrap_or(u16::MAX);
    Some(AsynchronousOperations {
        // Zero asks for as many as we like.
        invoked: match asked.invoked {
            0 => most,
            some => some.min(most),
        },
        performed: 1,
    })
}

/// The roles of the requestor for the SOP classes that were accepted (PS3.7 D.3.3.4): it may send
/// if it asked to. It may not be sent to, because this receiver sends nothing.
fn roles(asked: &[RoleSelection], contexts: &[AcceptedContext]) -> Vec<RoleSelection> {
    let mut roles: Vec<RoleSelection> = Vec::new();
    for context in contexts {
        let sop_class = &context.abstract_syntax;
        if roles.iter().any(|role| role.sop_class == *sop_class) {
            continue;
        }
        let role = asked.iter().find(|role| role.sop_class == *sop_class);
        roles.extend(role.map(|role| RoleSelection {
            scp: false,
            ..role.clone()
        }));
    }
    roles
}

/// The kinds of identity whose positive response is empty: a name, a name with a passcode, and a
/// JSON web token. For the others it would have to be a ticket or an assertion (PS3.7 D.3.3.7.2),
/// which we cannot make; silence says so.
const IDENTITIES_ANSWERED_EMPTY: [u8; 3] = [1, 2, 5];

/// Any identity is accepted and none is looked at: whoever wants to know who sends needs TLS.
fn identity_response(asked: Option<&UserIdentityRq>) -> Option<Vec<u8>> {
    let asked = asked.filter(|asked| asked.response_requested)?;
    IDENTITIES_ANSWERED_EMPTY
        .contains(&asked.kind)
        .then(Vec::new)
}

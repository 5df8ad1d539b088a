//! The A-ASSOCIATE-RQ that carries a proposal (PS3.8 9.3.2).

use crate::pdu::{
    APPLICATION_CONTEXT, AssociateRq, AsynchronousOperations, ExtendedNegotiation, Pdu, PduError,
    ProposedContext, RoleSelection, UserIdentityRq, UserInformation,
};
use crate::value::{AeTitle, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Uid};

/// How many operations we can perform at once, told to a peer that we ask for a window. We perform
/// none, and 0 would mean any number (PS3.7 D.3.3.3).
const OPERATIONS_PERFORMED: u16 = 1;

/// Everything that a requestor says of itself and asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociationRequest {
    /// The own title.
    pub calling: AeTitle,
    /// The title of the peer.
    pub called: AeTitle,
    /// The longest P-DATA-TF PDU that we take, in bytes without its header; 0 for no limit
    /// (PS3.8 D.1).
    pub max_pdu_bytes: u32,
    /// How many operations we would like to have under way at once, 0 for any number; `None` asks
    /// for nothing, which stands for one (PS3.7 D.3.3.3).
    pub operations: Option<u16>,
    /// Who the user is.
    pub user_identity: Option<UserIdentityRq>,
    /// Roles asked for, where they are not the usual ones.
    pub roles: Vec<RoleSelection>,
    /// Application information on SOP classes.
    pub extended: Vec<ExtendedNegotiation>,
    /// The contexts, numbered, at most [128](super::CONTEXTS_MAX) of them.
    pub contexts: Vec<ProposedContext>,
}

impl AssociationRequest {
    /// The PDU.
    ///
    /// # Errors
    /// What the user information item holds is longer than its 16-bit length can say: an identity,
    /// or extended negotiation, of tens of kilobytes.
    pub fn into_pdu(self) -> Result<AssociateRq, PduError> {
        let request = AssociateRq {
            protocol_version: 1,
            called_ae_title: self.called,
            calling_ae_title: self.calling,
            application_context: Uid::from(APPLICATION_CONTEXT),
            presentation_contexts: self.contexts,
            user_information: UserInformation {
                maximum_length: self.max_pdu_bytes,
                implementation_class_uid: Some(Uid::from(IMPLEMENTATION_CLASS_UID)),
                implementation_version_name: Some(IMPLEMENTATION_VERSION_NAME.into()),
                asynchronous_operations: self.operations.map(|invoked| AsynchronousOperations {
                    invoked,
                    performed: OPERATIONS_PERFORMED,
                }),
                roles: self.roles,
                extended: self.extended,
                user_identity: self.user_identity,
                ..UserInformation::default()
            },
        };
        // Found out here, where it can be told, rather than when it is to be sent.
        Pdu::AssociateRq(request.clone()).encode(&mut Vec::new())?;
        Ok(request)
    }
}

/// Who the user is, by what means (PS3.7 D.3.3.7.1).
#[derive(Clone, PartialEq, Eq)]
pub enum UserIdentity {
    /// A name, in UTF-8.
    Name(String),
    /// A name and a passcode, both in UTF-8.
    NameAndPasscode(String, String),
    /// A Kerberos service ticket.
    Kerberos(Vec<u8>),
    /// A SAML assertion.
    Saml(Vec<u8>),
    /// A JSON web token.
    Jwt(Vec<u8>),
}

impl UserIdentity {
    /// The sub-item; with `response_requested` the peer is asked to say that it accepts it.
    pub fn into_item(self, response_requested: bool) -> UserIdentityRq {
        let (kind, primary, secondary) = match self {
            Self::Name(name) => (1, name.into_bytes(), Vec::new()),
            Self::NameAndPasscode(name, passcode) => (2, name.into_bytes(), passcode.into_bytes()),
            Self::Kerberos(ticket) => (3, ticket, Vec::new()),
            Self::Saml(assertion) => (4, assertion, Vec::new()),
            Self::Jwt(token) => (5, token, Vec::new()),
        };
        UserIdentityRq {
            kind,
            response_requested,
            primary,
            secondary,
        }
    }
}

impl std::fmt::Debug for UserIdentity {
    /// Shows the means only: the rest has no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name(_) => "Name(..)",
            Self::NameAndPasscode(..) => "NameAndPasscode(..)",
            Self::Kerberos(_) => "Kerberos(..)",
            Self::Saml(_) => "Saml(..)",
            Self::Jwt(_) => "Jwt(..)",
        })
    }
}

//! The user information item and its sub-items (PS3.8 9.3.2.3 and annex D, PS3.7 annex D.3.3).

use super::PduError;
use super::codec::{Reader, write_item, write_prefixed, write_prefixed_bytes};
use crate::value::Uid;

/// The type of the user information item.
pub(super) const USER_INFORMATION: u8 = 0x50;

const MAXIMUM_LENGTH: u8 = 0x51;
const IMPLEMENTATION_CLASS_UID: u8 = 0x52;
const ASYNCHRONOUS_OPERATIONS: u8 = 0x53;
const ROLE_SELECTION: u8 = 0x54;
const IMPLEMENTATION_VERSION_NAME: u8 = 0x55;
const EXTENDED_NEGOTIATION: u8 = 0x56;
const COMMON_EXTENDED_NEGOTIATION: u8 = 0x57;
const USER_IDENTITY_RQ: u8 = 0x58;
const USER_IDENTITY_AC: u8 = 0x59;

/// What the two sides tell each other besides presentation contexts.
///
/// A sub-item of which there is one at most is that of the wire which came last. Sub-items of
/// unknown type are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInformation {
    /// The longest P-DATA-TF PDU that the sender of this item takes, in bytes without the PDU
    /// header; 0 for no limit, also when absent (PS3.8 D.1).
    pub maximum_length: u32,
    /// The UID of the implementation (PS3.7 D.3.3.2.1).
    pub implementation_class_uid: Option<Uid>,
    /// The version of the implementation, 1 to 16 characters (PS3.7 D.3.3.2.3), as sent.
    pub implementation_version_name: Option<Vec<u8>>,
    /// How many operations may be under way at once (PS3.7 D.3.3.3).
    pub asynchronous_operations: Option<AsynchronousOperations>,
    /// Who may be SCU or SCP of a SOP class (PS3.7 D.3.3.4).
    pub roles: Vec<RoleSelection>,
    /// Application information on SOP classes (PS3.7 D.3.3.5).
    pub extended: Vec<ExtendedNegotiation>,
    /// The service class of SOP classes, and what they are related to (PS3.7 D.3.3.6).
    pub common_extended: Vec<CommonExtendedNegotiation>,
    /// Who the requestor says it is (PS3.7 D.3.3.7.1).
    pub user_identity: Option<UserIdentityRq>,
    /// What the acceptor answers to that (PS3.7 D.3.3.7.2).
    pub user_identity_response: Option<Vec<u8>>,
}

/// How many operations may be under way at once; 0 for no limit (PS3.7 D.3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsynchronousOperations {
    /// Operations that the requestor of the association may invoke.
    pub invoked: u16,
    /// Operations that it is able to perform.
    pub performed: u16,
}

/// The roles of the association's requestor for a SOP class (PS3.7 D.3.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSelection {
    /// The SOP class.
    pub sop_class: Uid,
    /// Whether the requestor may be SCU. Any value of the wire but zero means that it may.
    pub scu: bool,
    /// Whether the requestor may be SCP. Any value of the wire but zero means that it may.
    pub scp: bool,
}

/// Application information on a SOP class (PS3.7 D.3.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedNegotiation {
    /// The SOP class.
    pub sop_class: Uid,
    /// What its service class defines.
    pub information: Vec<u8>,
}

/// The service class of a SOP class, and the general SOP classes that it is like (PS3.7 D.3.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonExtendedNegotiation {
    /// The SOP class.
    pub sop_class: Uid,
    /// Its service class.
    pub service_class: Uid,
    /// SOP classes as one of which its objects can be treated.
    pub related: Vec<Uid>,
}

/// Who the requestor says it is (PS3.7 D.3.3.7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct UserIdentityRq {
    /// 1 name, 2 name and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JSON web token.
    pub kind: u8,
    /// Whether an answer is asked for.
    pub response_requested: bool,
    /// The name, ticket, assertion or token.
    pub primary: Vec<u8>,
    /// The passcode with kind 2, else empty.
    pub secondary: Vec<u8>,
}

impl std::fmt::Debug for UserIdentityRq {
    /// Shows the lengths of name and passcode only: they have no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserIdentityRq")
            .field("kind", &self.kind)
            .field("response_requested", &self.response_requested)
            .field("primary_bytes", &self.primary.len())
            .field("secondary_bytes", &self.secondary.len())
            .finish()
    }
}

impl UserInformation {
    /// Reads the sub-items of a user information item into `self`.
    pub(super) fn decode_items(&mut self, mut items: Reader<'_>) -> Result<(), PduError> {
        while !items.is_empty() {
            let (kind, body) = items.item("user information sub-item")?;
            self.decode_item(kind, body)?;
        }
        Ok(())
    }

    fn decode_item(&mut self, kind: u8, mut body: Reader<'_>) -> Result<(), PduError> {
        match kind {
            MAXIMUM_LENGTH => {
                self.maximum_length = body.u32("maximum length")?;
                body.finish("maximum length")?;
            }
            IMPLEMENTATION_CLASS_UID => {
                self.implementation_class_uid = Some(Uid::from_wire(body.rest()));
            }
            ASYNCHRONOUS_OPERATIONS => {
                self.asynchronous_operations = Some(AsynchronousOperations::decode(body)?);
            }
            ROLE_SELECTION => self.roles.push(RoleSelection::decode(body)?),
            IMPLEMENTATION_VERSION_NAME => {
                self.implementation_version_name = Some(body.rest().to_vec());
            }
            EXTENDED_NEGOTIATION => self.extended.push(ExtendedNegotiation::decode(body)?),
            COMMON_EXTENDED_NEGOTIATION => {
                self.common_extended
                    .push(CommonExtendedNegotiation::decode(body)?);
            }
            USER_IDENTITY_RQ => self.user_identity = Some(UserIdentityRq::decode(body)?),
            USER_IDENTITY_AC => {
                let response = body.prefixed("user identity response")?.to_vec();
                body.finish("user identity response")?;
                self.user_identity_response = Some(response);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes the whole item. The order is that of the sub-item types.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, USER_INFORMATION, "user information", |out| {
            write_item(out, MAXIMUM_LENGTH, "maximum length", |out| {
                out.extend(self.maximum_length.to_be_bytes());
                Ok(())
            })?;
            self.encode_implementation_class(out)?;
            if let Some(operations) = &self.asynchronous_operations {
                operations.encode(out)?;
            }
            self.roles.iter().try_for_each(|role| role.encode(out))?;
            self.encode_implementation_version(out)?;
            self.extended.iter().try_for_each(|item| item.encode(out))?;
            self.common_extended
                .iter()
                .try_for_each(|item| item.encode(out))?;
            self.encode_user_identity(out)
        })
    }

    fn encode_implementation_class(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        let Some(uid) = &self.implementation_class_uid else {
            return Ok(());
        };
        write_item(
            out,
            IMPLEMENTATION_CLASS_UID,
            "implementation class UID",
            |out| {
                uid.write_to(out);
                Ok(())
            },
        )
    }

    fn encode_implementation_version(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        let Some(name) = &self.implementation_version_name else {
            return Ok(());
        };
        write_item(
            out,
            IMPLEMENTATION_VERSION_NAME,
            "implementation version name",
            |out| {
                out.extend_from_slice(name);
                Ok(())
            },
        )
    }

    fn encode_user_identity(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        if let Some(identity) = &self.user_identity {
            identity.encode(out)?;
        }
        let Some(response) = &self.user_identity_response else {
            return Ok(());
        };
        write_item(out, USER_IDENTITY_AC, "user identity response", |out| {
            write_prefixed_bytes(out, "user identity response", response)
        })
    }
}

/// Writes a UID with its 16-bit length in front.
fn write_uid(out: &mut Vec<u8>, field: &'static str, uid: &Uid) -> Result<(), PduError> {
    write_prefixed(out, field, |out| {
        uid.write_to(out);
        Ok(())
    })
}

impl AsynchronousOperations {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let invoked = body.u16("asynchronous operations invoked")?;
        let performed = body.u16("asynchronous operations performed")?;
        body.finish("asynchronous operations window")?;
        Ok(Self { invoked, performed })
    }

    fn encode(self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(
            out,
            ASYNCHRONOUS_OPERATIONS,
            "asynchronous operations window",
            |out| {
                out.extend(self.invoked.to_be_bytes());
                out.extend(self.performed.to_be_bytes());
                Ok(())
            },
        )
    }
}

impl RoleSelection {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let sop_class = Uid::from_wire(body.prefixed("role selection SOP class UID")?);
        let scu = body.u8("role selection SCU role")? != 0;
        let scp = body.u8("role selection SCP role")? != 0;
        body.finish("role selection")?;
        Ok(Self {
            sop_class,
            scu,
            scp,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, ROLE_SELECTION, "role selection", |out| {
            write_uid(out, "role selection SOP class UID", &self.sop_class)?;
            out.extend([u8::from(self.scu), u8::from(self.scp)]);
            Ok(())
        })
    }
}

impl ExtendedNegotiation {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let sop_class = Uid::from_wire(body.prefixed("extended negotiation SOP class UID")?);
        Ok(Self {
            sop_class,
            information: body.rest().to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, EXTENDED_NEGOTIATION, "extended negotiation", |out| {
            write_uid(out, "extended negotiation SOP class UID", &self.sop_class)?;
            out.extend_from_slice(&self.information);
            Ok(())
        })
    }
}

impl CommonExtendedNegotiation {
    /// Reads the sub-item. What follows the related classes is reserved for later versions of it
    /// and is ignored, as PS3.7 table D.3-12 asks.
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let sop_class = Uid::from_wire(body.prefixed("common extended SOP class UID")?);
        let service_class = Uid::from_wire(body.prefixed("common extended service class UID")?);
        let mut list = Reader::new(body.prefixed("common extended related classes")?);
        let mut related = Vec::new();
        while !list.is_empty() {
            related.push(Uid::from_wire(
                list.prefixed("common extended related class UID")?,
            ));
        }
        Ok(Self {
            sop_class,
            service_class,
            related,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(
            out,
            COMMON_EXTENDED_NEGOTIATION,
            "common extended negotiation",
            |out| {
                write_uid(out, "common extended SOP class UID", &self.sop_class)?;
                write_uid(
                    out,
                    "common extended service class UID",
                    &self.service_class,
                )?;
                write_prefixed(out, "common extended related classes", |out| {
                    self.related.iter().try_for_each(|uid| {
                        write_uid(out, "common extended related class UID", uid)
                    })
                })
            },
        )
    }
}

impl UserIdentityRq {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let kind = body.u8("user identity type")?;
        let response_requested = body.u8("user identity response requested")? != 0;
        let primary = body.prefixed("user identity primary field")?.to_vec();
        let secondary = body.prefixed("user identity secondary field")?.to_vec();
        body.finish("user identity")?;
        Ok(Self {
            kind,
            response_requested,
            primary,
            secondary,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, USER_IDENTITY_RQ, "user identity", |out| {
            out.extend([self.kind, u8::from(self.response_requested)]);
            write_prefixed_bytes(out, "user identity primary field", &self.primary)?;
            write_prefixed_bytes(out, "user identity secondary field", &self.secondary)
        })
    }
}

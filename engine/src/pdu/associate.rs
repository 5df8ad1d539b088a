//! A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2 and 9.3.3).

use super::PduError;
use super::codec::{Reader, write_item};
use super::user_information::{USER_INFORMATION, UserInformation};
use crate::value::{AeTitle, PresentationContextId, Uid};

const APPLICATION_CONTEXT_ITEM: u8 = 0x10;
const PROPOSED_CONTEXT: u8 = 0x20;
const CONTEXT_RESULT: u8 = 0x21;
const ABSTRACT_SYNTAX: u8 = 0x30;
const TRANSFER_SYNTAX: u8 = 0x40;

/// The reserved bytes behind the AE titles.
const RESERVED_BYTES: usize = 32;

/// The A-ASSOCIATE-RQ PDU: a peer asks for an association.
///
/// What is absent is empty, and is for the acceptor to judge: no application context, no
/// presentation contexts, no abstract syntax in one of them. Of several items that stand for one
/// value the last counts; a second user information item adds to the first. Items of unknown type
/// are skipped (PS3.8 9.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRq {
    /// A bit for each version of the protocol that the peer speaks; bit 0 is the only one defined.
    pub protocol_version: u16,
    /// Who is called.
    pub called_ae_title: AeTitle,
    /// Who calls.
    pub calling_ae_title: AeTitle,
    /// The application context, [`APPLICATION_CONTEXT`](super::APPLICATION_CONTEXT) for DICOM.
    pub application_context: Uid,
    /// What the peer proposes, in its order; more than the 128 of the standard are kept.
    pub presentation_contexts: Vec<ProposedContext>,
    /// Everything else.
    pub user_information: UserInformation,
}

/// A presentation context as it is proposed (PS3.8 9.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedContext {
    /// Its number.
    pub id: PresentationContextId,
    /// The abstract syntax, most often a SOP class.
    pub abstract_syntax: Uid,
    /// The transfer syntaxes to choose from.
    pub transfer_syntaxes: Vec<Uid>,
}

/// The A-ASSOCIATE-AC PDU: the association is accepted. As for absent and repeated items see
/// [`AssociateRq`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateAc {
    /// A bit for each version of the protocol that the acceptor speaks.
    pub protocol_version: u16,
    /// The title of the request, sent back and not tested (PS3.8 table 9-17).
    pub called_ae_title: AeTitle,
    /// The title of the request, sent back and not tested (PS3.8 table 9-17).
    pub calling_ae_title: AeTitle,
    /// The application context.
    pub application_context: Uid,
    /// The verdict on each presentation context.
    pub presentation_contexts: Vec<ContextResult>,
    /// Everything else.
    pub user_information: UserInformation,
}

/// The verdict on a presentation context (PS3.8 9.3.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextResult {
    /// Its number.
    pub id: PresentationContextId,
    /// Whether it can be used.
    pub result: ContextOutcome,
    /// The transfer syntax that was chosen; without meaning unless accepted, and empty if absent.
    pub transfer_syntax: Uid,
}

/// Whether a presentation context can be used (PS3.8 table 9-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContextOutcome {
    /// It can.
    Acceptance = 0,
    /// The application refuses it.
    UserRejection = 1,
    /// The protocol machine refuses it without saying why.
    NoReason = 2,
    /// The abstract syntax is not served.
    AbstractSyntaxNotSupported = 3,
    /// None of the transfer syntaxes is taken.
    TransferSyntaxesNotSupported = 4,
}

impl ContextOutcome {
    /// The outcome of this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Acceptance,
            1 => Self::UserRejection,
            2 => Self::NoReason,
            3 => Self::AbstractSyntaxNotSupported,
            4 => Self::TransferSyntaxesNotSupported,
            _ => return None,
        })
    }

    /// The code on the wire.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// The fields in front of the items, which request and acceptance share.
struct Head {
    protocol_version: u16,
    called_ae_title: AeTitle,
    calling_ae_title: AeTitle,
}

impl Head {
    fn decode(body: &mut Reader<'_>) -> Result<Self, PduError> {
        let protocol_version = body.u16("protocol version")?;
        body.take(2, "reserved bytes 9 to 10")?;
        let called_ae_title = AeTitle::from_wire(body.array("called AE title")?);
        let calling_ae_title = AeTitle::from_wire(body.array("calling AE title")?);
        body.take(RESERVED_BYTES, "reserved bytes 43 to 74")?;
        Ok(Self {
            protocol_version,
            called_ae_title,
            calling_ae_title,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.protocol_version.to_be_bytes());
        out.extend([0; 2]);
        out.extend(self.called_ae_title.as_wire());
        out.extend(self.calling_ae_title.as_wire());
        out.extend([0; RESERVED_BYTES]);
    }
}

fn write_uid_item(
    out: &mut Vec<u8>,
    kind: u8,
    field: &'static str,
    uid: &Uid,
) -> Result<(), PduError> {
    write_item(out, kind, field, |out| {
        uid.write_to(out);
        Ok(())
    })
}

impl AssociateRq {
    /// Reads the body.
    pub(super) fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let head = Head::decode(&mut body)?;
        let mut request = Self {
            protocol_version: head.protocol_version,
            called_ae_title: head.called_ae_title,
            calling_ae_title: head.calling_ae_title,
            application_context: Uid::default(),
            presentation_contexts: Vec::new(),
            user_information: UserInformation::default(),
        };
        while !body.is_empty() {
            let (kind, mut item) = body.item("A-ASSOCIATE-RQ item")?;
            match kind {
                APPLICATION_CONTEXT_ITEM => {
                    request.application_context = Uid::from_wire(item.rest());
                }
                PROPOSED_CONTEXT => {
                    request
                        .presentation_contexts
                        .push(ProposedContext::decode(item)?);
                }
                USER_INFORMATION => request.user_information.decode_items(item)?,
                _ => {}
            }
        }
        Ok(request)
    }

    /// Writes the body.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        Head {
            protocol_version: self.protocol_version,
            called_ae_title: self.called_ae_title,
            calling_ae_title: self.calling_ae_title,
        }
        .encode(out);
        let context = &self.application_context;
        write_uid_item(
            out,
            APPLICATION_CONTEXT_ITEM,
            "application context name",
            context,
        )?;
        self.presentation_contexts
            .iter()
            .try_for_each(|context| context.encode(out))?;
        self.user_information.encode(out)
    }
}

impl ProposedContext {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let [id, _, _, _] = body.array("presentation context header")?;
        let mut context = Self {
            id: PresentationContextId(id),
            abstract_syntax: Uid::default(),
            transfer_syntaxes: Vec::new(),
        };
        while !body.is_empty() {
            let (kind, mut item) = body.item("presentation context sub-item")?;
            let uid = Uid::from_wire(item.rest());
            match kind {
                ABSTRACT_SYNTAX => context.abstract_syntax = uid,
                TRANSFER_SYNTAX => context.transfer_syntaxes.push(uid),
                _ => {}
            }
        }
        Ok(context)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, PROPOSED_CONTEXT, "presentation context", |out| {
            out.extend([self.id.0, 0, 0, 0]);
            write_uid_item(
                out,
                ABSTRACT_SYNTAX,
                "abstract syntax",
                &self.abstract_syntax,
            )?;
            self.transfer_syntaxes
                .iter()
                .try_for_each(|uid| write_uid_item(out, TRANSFER_SYNTAX, "transfer syntax", uid))
        })
    }
}

impl AssociateAc {
    /// Reads the body.
    pub(super) fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let head = Head::decode(&mut body)?;
        let mut acceptance = Self {
            protocol_version: head.protocol_version,
            called_ae_title: head.called_ae_title,
            calling_ae_title: head.calling_ae_title,
            application_context: Uid::default(),
            presentation_contexts: Vec::new(),
            user_information: UserInformation::default(),
        };
        while !body.is_empty() {
            let (kind, mut item) = body.item("A-ASSOCIATE-AC item")?;
            match kind {
                APPLICATION_CONTEXT_ITEM => {
                    acceptance.application_context = Uid::from_wire(item.rest());
                }
                CONTEXT_RESULT => {
                    acceptance
                        .presentation_contexts
                        .push(ContextResult::decode(item)?);
                }
                USER_INFORMATION => acceptance.user_information.decode_items(item)?,
                _ => {}
            }
        }
        Ok(acceptance)
    }

    /// Writes the body.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        Head {
            protocol_version: self.protocol_version,
            called_ae_title: self.called_ae_title,
            calling_ae_title: self.calling_ae_title,
        }
        .encode(out);
        let context = &self.application_context;
        write_uid_item(
            out,
            APPLICATION_CONTEXT_ITEM,
            "application context name",
            context,
        )?;
        self.presentation_contexts
            .iter()
            .try_for_each(|context| context.encode(out))?;
        self.user_information.encode(out)
    }
}

impl ContextResult {
    fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let [id, _, result, _] = body.array("presentation context result header")?;
        let result = ContextOutcome::from_code(result).ok_or(PduError::InvalidValue {
            field: "presentation context result",
            value: u32::from(result),
        })?;
        let mut transfer_syntax = Uid::default();
        while !body.is_empty() {
            let (kind, mut item) = body.item("presentation context result sub-item")?;
            if kind == TRANSFER_SYNTAX {
                transfer_syntax = Uid::from_wire(item.rest());
            }
        }
        Ok(Self {
            id: PresentationContextId(id),
            result,
            transfer_syntax,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        write_item(out, CONTEXT_RESULT, "presentation context result", |out| {
            out.extend([self.id.0, 0, self.result.code(), 0]);
            write_uid_item(
                out,
                TRANSFER_SYNTAX,
                "transfer syntax",
                &self.transfer_syntax,
            )
        })
    }
}

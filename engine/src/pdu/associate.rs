//! A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2 and 9.3.3).

use super::PduError;
use super::codec::{Reader, write_item};
use super::user_information::{USER_INFORMATION, UserInformation};
use crate::value::{AeTitle, PresentationContextId, Uid};

const APPLICATION_CONTEXT_ITEM: u8 = 0x10;
const ABSTRACT_SYNTAX: u8 = 0x30;
const TRANSFER_SYNTAX: u8 = 0x40;

/// The reserved bytes behind the AE titles.
const RESERVED_BYTES: usize = 32;

/// The body of an A-ASSOCIATE-RQ or A-ASSOCIATE-AC PDU, which differ in their presentation contexts.
///
/// What is absent is empty, and is for the receiver of the PDU to judge: no application context, no
/// presentation contexts, no abstract syntax in one of them. Of several items that stand for one
/// value the last counts; a second user information item adds to the first. Items of unknown type
/// are skipped (PS3.8 9.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Associate<C> {
    /// A bit for each version of the protocol that the sender speaks; bit 0 is the only one defined.
    pub protocol_version: u16,
    /// Who is called. An acceptance sends it back, and it is not tested (PS3.8 table 9-17).
    pub called_ae_title: AeTitle,
    /// Who calls; likewise.
    pub calling_ae_title: AeTitle,
    /// The application context, [`APPLICATION_CONTEXT`](super::APPLICATION_CONTEXT) for DICOM.
    pub application_context: Uid,
    /// The presentation contexts, in their order; more than the 128 of the standard are kept.
    pub presentation_contexts: Vec<C>,
    /// Everything else.
    pub user_information: UserInformation,
}

/// The A-ASSOCIATE-RQ PDU: a peer asks for an association.
pub type AssociateRq = Associate<ProposedContext>;

/// The A-ASSOCIATE-AC PDU: the association is accepted.
pub type AssociateAc = Associate<ContextResult>;

/// What stands for a presentation context in one of the two PDUs.
pub(super) trait ContextItem: Sized {
    /// The type of its item.
    const KIND: u8;
    /// What an item of that PDU is called in errors.
    const ITEM: &'static str;

    fn decode(body: Reader<'_>) -> Result<Self, PduError>;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError>;
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

/// Reads the body.
pub(super) fn decode<C: ContextItem>(mut body: Reader<'_>) -> Result<Associate<C>, PduError> {
    let mut associate = decode_head(&mut body)?;
    while !body.is_empty() {
        let (kind, mut item) = body.item(C::ITEM)?;
        match kind {
            APPLICATION_CONTEXT_ITEM => {
                associate.application_context = Uid::from_wire(item.rest());
            }
            USER_INFORMATION => associate.user_information.decode_items(item)?,
            kind if kind == C::KIND => associate.presentation_contexts.push(C::decode(item)?),
            _ => {}
        }
    }
    Ok(associate)
}

/// Reads the fields in front of the items.
fn decode_head<C>(body: &mut Reader<'_>) -> Result<Associate<C>, PduError> {
    let protocol_version = body.u16("protocol version")?;
    body.take(2, "reserved bytes 9 to 10")?;
    let called_ae_title = AeTitle::from_wire(body.array("called AE title")?);
    let calling_ae_title = AeTitle::from_wire(body.array("calling AE title")?);
    body.take(RESERVED_BYTES, "reserved bytes 43 to 74")?;
    Ok(Associate {
        protocol_version,
        called_ae_title,
        calling_ae_title,
        application_context: Uid::default(),
        presentation_contexts: Vec::new(),
        user_information: UserInformation::default(),
    })
}

/// Writes the body.
pub(super) fn encode<C: ContextItem>(
    associate: &Associate<C>,
    out: &mut Vec<u8>,
) -> Result<(), PduError> {
    out.extend(associate.protocol_version.to_be_bytes());
    out.extend([0; 2]);
    out.extend(associate.called_ae_title.as_wire());
    out.extend(associate.calling_ae_title.as_wire());
    out.extend([0; RESERVED_BYTES]);
    let (name, uid) = ("application context name", &associate.application_context);
    write_uid_item(out, APPLICATION_CONTEXT_ITEM, name, uid)?;
    let mut contexts = associate.presentation_contexts.iter();
    contexts.try_for_each(|context| context.encode(out))?;
    associate.user_information.encode(out)
}

impl ContextItem for ProposedContext {
    const KIND: u8 = 0x20;
    const ITEM: &'static str = "A-ASSOCIATE-RQ item";

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
        write_item(out, Self::KIND, "presentation context", |out| {
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

impl ContextItem for ContextResult {
    const KIND: u8 = 0x21;
    const ITEM: &'static str = "A-ASSOCIATE-AC item";

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
        write_item(out, Self::KIND, "presentation context result", |out| {
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

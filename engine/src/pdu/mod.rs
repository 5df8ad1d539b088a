//! Bytes to PDUs and back: the DICOM upper layer protocol (PS3.8 9.3 and annex D).
//!
//! Control PDUs are read whole into typed structs by [`Pdu::decode`]. P-DATA-TF is different: on the
//! receive path only its headers are read ([`PduHeader`], [`PdvHeader`]), and fragments stay where
//! they landed. Nothing here knows which PDU is allowed when.
//!
//! What decoding checks: every length against the bytes that are there, and every value without
//! which a PDU has no meaning. What it does not judge: reserved bytes, unknown items, the form of
//! UIDs, the number of presentation contexts.

#![forbid(unsafe_code)]

mod abort;
mod associate;
mod codec;
mod data;
mod error;
pub mod framer;
mod rejection;
#[cfg(test)]
mod tests;
mod user_information;

use std::fmt;

pub use abort::{Abort, AbortReason, AbortSource};
pub use associate::{
    Associate, AssociateAc, AssociateRq, ContextOutcome, ContextResult, ProposedContext,
};
pub use data::{MessageControl, PDV_HEADER_BYTES, Pdv, PdvHeader};
pub use error::PduError;
pub use rejection::{AssociateRj, RejectReason, RejectResult};
pub use user_information::{
    AsynchronousOperations, CommonExtendedNegotiation, ExtendedNegotiation, RoleSelection,
    UserIdentityRq, UserInformation,
};

use codec::Reader;

/// The bytes in front of every PDU's body: type, reserved byte, 32-bit length (PS3.8 9.3.1).
pub const PDU_HEADER_BYTES: usize = 6;

/// The longest body of a PDU other than P-DATA-TF that is worth reading, in bytes: 512 KiB.
///
/// 128 presentation contexts that each propose all of some 50 transfer syntaxes come to 435 KiB,
/// and the user information item can't exceed 64 KiB. A longer one is an attack or an accident.
pub const CONTROL_PDU_BYTES_MAX: u32 = 512 * 1024;

/// The application context of DICOM (PS3.7 A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";

/// The body of A-RELEASE-RQ and -RP: four reserved bytes (PS3.8 9.3.6 and 9.3.7).
const RELEASE_BODY_BYTES: usize = 4;

/// The seven PDU types (PS3.8 9.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PduType {
    /// A request for an association.
    AssociateRq = 1,
    /// Its acceptance.
    AssociateAc = 2,
    /// Its refusal.
    AssociateRj = 3,
    /// Fragments of messages.
    PData = 4,
    /// A request for the end of the association.
    ReleaseRq = 5,
    /// The answer to it.
    ReleaseRp = 6,
    /// The end of the association without asking.
    Abort = 7,
}

impl PduType {
    /// The type of this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::AssociateRq,
            2 => Self::AssociateAc,
            3 => Self::AssociateRj,
            4 => Self::PData,
            5 => Self::ReleaseRq,
            6 => Self::ReleaseRp,
            7 => Self::Abort,
            _ => return None,
        })
    }

    /// The code on the wire.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name in the standard's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::AssociateRq => "A-ASSOCIATE-RQ",
            Self::AssociateAc => "A-ASSOCIATE-AC",
            Self::AssociateRj => "A-ASSOCIATE-RJ",
            Self::PData => "P-DATA-TF",
            Self::ReleaseRq => "A-RELEASE-RQ",
            Self::ReleaseRp => "A-RELEASE-RP",
            Self::Abort => "A-ABORT",
        }
    }
}

impl fmt::Display for PduType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The header of a PDU (PS3.8 9.3.1). Neither field is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PduHeader {
    /// The type code, known or not.
    pub kind: u8,
    /// The length of the body in bytes.
    pub length: u32,
}

impl PduHeader {
    /// Reads a header. Every combination of bytes is one.
    pub fn decode(bytes: [u8; PDU_HEADER_BYTES]) -> Self {
        let [kind, _reserved, l0, l1, l2, l3] = bytes;
        Self {
            kind,
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        }
    }

    /// The bytes of the wire.
    pub fn encode(&self) -> [u8; PDU_HEADER_BYTES] {
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [self.kind, 0, l0, l1, l2, l3]
    }
}

/// A whole PDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// A request for an association.
    AssociateRq(AssociateRq),
    /// Its acceptance.
    AssociateAc(AssociateAc),
    /// Its refusal.
    AssociateRj(AssociateRj),
    /// Fragments of messages.
    PData(Vec<Pdv>),
    /// A request for the end of the association.
    ReleaseRq,
    /// The answer to it.
    ReleaseRp,
    /// The end of the association without asking.
    Abort(Abort),
}

impl Pdu {
    /// Reads the body of a PDU of this type code.
    ///
    /// It takes memory in proportion to `body`, whatever the lengths in it say.
    pub fn decode(kind: u8, body: &[u8]) -> Result<Self, PduError> {
        let kind = PduType::from_code(kind).ok_or(PduError::UnknownPduType { code: kind })?;
        let body = Reader::new(body);
        Ok(match kind {
            PduType::AssociateRq => Self::AssociateRq(associate::decode(body)?),
            PduType::AssociateAc => Self::AssociateAc(associate::decode(body)?),
            PduType::AssociateRj => Self::AssociateRj(AssociateRj::decode(body)?),
            PduType::PData => Self::PData(data::decode_values(body)?),
            PduType::ReleaseRq => decode_release(body).map(|()| Self::ReleaseRq)?,
            PduType::ReleaseRp => decode_release(body).map(|()| Self::ReleaseRp)?,
            PduType::Abort => Self::Abort(Abort::decode(body)?),
        })
    }

    /// Appends the PDU with its header to `out`.
    ///
    /// If a value does not fit its length field ([`PduError::TooLong`]), `out` is left as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        let start = out.len();
        let written = self.encode_at(start, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn encode_at(&self, start: usize, out: &mut Vec<u8>) -> Result<(), PduError> {
        let body_start = start + PDU_HEADER_BYTES;
        out.extend([0; PDU_HEADER_BYTES]);
        self.encode_body(out)?;
        let length = item_length(self.name(), out.len() - body_start)?;
        let header = PduHeader {
            kind: self.kind().code(),
            length,
        };
        out[start..body_start].copy_from_slice(&header.encode());
        Ok(())
    }

    fn encode_body(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        match self {
            Self::AssociateRq(request) => associate::encode(request, out)?,
            Self::AssociateAc(acceptance) => associate::encode(acceptance, out)?,
            Self::AssociateRj(rejection) => rejection.encode(out),
            Self::PData(values) => data::encode_values(values, out)?,
            Self::ReleaseRq | Self::ReleaseRp => out.extend([0; RELEASE_BODY_BYTES]),
            Self::Abort(abort) => abort.encode(out),
        }
        Ok(())
    }

    /// Its type.
    pub fn kind(&self) -> PduType {
        match self {
            Self::AssociateRq(_) => PduType::AssociateRq,
            Self::AssociateAc(_) => PduType::AssociateAc,
            Self::AssociateRj(_) => PduType::AssociateRj,
            Self::PData(_) => PduType::PData,
            Self::ReleaseRq => PduType::ReleaseRq,
            Self::ReleaseRp => PduType::ReleaseRp,
            Self::Abort(_) => PduType::Abort,
        }
    }

    /// Its name in the standard's words.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}

fn decode_release(mut body: Reader<'_>) -> Result<(), PduError> {
    body.take(RELEASE_BODY_BYTES, "A-RELEASE")?;
    body.finish("A-RELEASE")
}

/// A length for one of the 32-bit length fields.
fn item_length(field: &'static str, length: usize) -> Result<u32, PduError> {
    u32::try_from(length).map_err(|_| PduError::TooLong { field, length })
}

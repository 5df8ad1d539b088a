//! A-ABORT (PS3.8 9.3.8).

use std::fmt;

use super::PduError;
use super::codec::Reader;

/// The A-ABORT PDU: the association is over at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Who ended it.
    pub source: AbortSource,
}

/// Who ended an association, and why (PS3.8 table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortSource {
    /// The application; a reason has no meaning then.
    ServiceUser,
    /// The protocol machine.
    ServiceProvider(AbortReason),
    /// A pair of codes that the standard does not name, as a peer sent it.
    Other {
        /// The source byte.
        source: u8,
        /// The reason byte.
        reason: u8,
    },
}

/// Why a protocol machine ended an association (PS3.8 table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AbortReason {
    /// No reason given.
    NotSpecified = 0,
    /// The PDU type is unknown.
    UnrecognizedPdu = 1,
    /// The PDU has no place in this state.
    UnexpectedPdu = 2,
    /// A parameter of the PDU is unknown.
    UnrecognizedPduParameter = 4,
    /// A parameter of the PDU has no place in it.
    UnexpectedPduParameter = 5,
    /// A parameter of the PDU has an impossible value or length.
    InvalidPduParameterValue = 6,
}

const SOURCE_USER: u8 = 0;
const SOURCE_PROVIDER: u8 = 2;

impl AbortReason {
    /// The reason of this code; `None` for one that the standard reserves.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::NotSpecified,
            1 => Self::UnrecognizedPdu,
            2 => Self::UnexpectedPdu,
            4 => Self::UnrecognizedPduParameter,
            5 => Self::UnexpectedPduParameter,
            6 => Self::InvalidPduParameterValue,
            _ => return None,
        })
    }

    /// The code on the wire.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for AbortReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSpecified => "reason not specified",
            Self::UnrecognizedPdu => "unrecognized PDU",
            Self::UnexpectedPdu => "unexpected PDU",
            Self::UnrecognizedPduParameter => "unrecognized PDU parameter",
            Self::UnexpectedPduParameter => "unexpected PDU parameter",
            Self::InvalidPduParameterValue => "invalid PDU parameter value",
        })
    }
}

impl AbortSource {
    fn from_codes(source: u8, reason: u8) -> Self {
        match (source, AbortReason::from_code(reason)) {
            (SOURCE_USER, _) => Self::ServiceUser,
            (SOURCE_PROVIDER, Some(reason)) => Self::ServiceProvider(reason),
            _ => Self::Other { source, reason },
        }
    }

    /// The source and reason bytes on the wire. The reason of a service user is zero.
    pub fn codes(self) -> (u8, u8) {
        match self {
            Self::ServiceUser => (SOURCE_USER, 0),
            Self::ServiceProvider(reason) => (SOURCE_PROVIDER, reason.code()),
            Self::Other { source, reason } => (source, reason),
        }
    }
}

impl fmt::Display for AbortSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceUser => f.write_str("service user"),
            Self::ServiceProvider(reason) => write!(f, "service provider, {reason}"),
            Self::Other { source, reason } => write!(f, "source {source}, reason {reason}"),
        }
    }
}

impl Abort {
    /// Reads the body: two reserved bytes, source, reason.
    pub(super) fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let [_, _, source, reason] = body.array("A-ABORT")?;
        body.finish("A-ABORT")?;
        Ok(Self {
            source: AbortSource::from_codes(source, reason),
        })
    }

    /// Writes the body.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let (source, reason) = self.source.codes();
        out.extend([0, 0, source, reason]);
    }
}

//! A-ASSOCIATE-RJ (PS3.8 9.3.4).

use std::fmt;

use super::PduError;
use super::codec::Reader;

/// The A-ASSOCIATE-RJ PDU: the association is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssociateRj {
    /// Whether it is worth trying again.
    pub result: RejectResult,
    /// Who refuses, and why.
    pub reason: RejectReason,
}

/// Whether a refused association is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RejectResult {
    /// The same request will be refused again.
    Permanent = 1,
    /// The same request may be accepted later.
    Transient = 2,
}

/// Who refuses an association, and why: the pairs of PS3.8 table 9-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// Source 1 (service user), reason 1.
    NoReasonGiven,
    /// Source 1 (service user), reason 2.
    ApplicationContextNameNotSupported,
    /// Source 1 (service user), reason 3.
    CallingAeTitleNotRecognized,
    /// Source 1 (service user), reason 7.
    CalledAeTitleNotRecognized,
    /// Source 2 (service provider, ACSE), reason 1.
    AcseNoReasonGiven,
    /// Source 2 (service provider, ACSE), reason 2.
    ProtocolVersionNotSupported,
    /// Source 3 (service provider, presentation), reason 1.
    TemporaryCongestion,
    /// Source 3 (service provider, presentation), reason 2.
    LocalLimitExceeded,
    /// A pair that the standard does not name, as a peer sent it. A pair that it does name is
    /// decoded to its own variant.
    Other {
        /// The source byte.
        source: u8,
        /// The reason byte.
        reason: u8,
    },
}

impl RejectResult {
    fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Permanent),
            2 => Some(Self::Transient),
            _ => None,
        }
    }

    /// The code on the wire.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for RejectResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "rejected permanently",
            Self::Transient => "rejected for now",
        })
    }
}

impl RejectReason {
    /// The reason of these codes.
    pub fn from_codes(source: u8, reason: u8) -> Self {
        match (source, reason) {
            (1, 1) => Self::NoReasonGiven,
            (1, 2) => Self::ApplicationContextNameNotSupported,
            (1, 3) => Self::CallingAeTitleNotRecognized,
            (1, 7) => Self::CalledAeTitleNotRecognized,
            (2, 1) => Self::AcseNoReasonGiven,
            (2, 2) => Self::ProtocolVersionNotSupported,
            (3, 1) => Self::TemporaryCongestion,
            (3, 2) => Self::LocalLimitExceeded,
            _ => Self::Other { source, reason },
        }
    }

    fn codes(self) -> (u8, u8) {
        match self {
            Self::NoReasonGiven => (1, 1),
            Self::ApplicationContextNameNotSupported => (1, 2),
            Self::CallingAeTitleNotRecognized => (1, 3),
            Self::CalledAeTitleNotRecognized => (1, 7),
            Self::AcseNoReasonGiven => (2, 1),
            Self::ProtocolVersionNotSupported => (2, 2),
            Self::TemporaryCongestion => (3, 1),
            Self::LocalLimitExceeded => (3, 2),
            Self::Other { source, reason } => (source, reason),
        }
    }

    /// The source byte on the wire.
    pub fn source(self) -> u8 {
        self.codes().0
    }

    /// The reason byte on the wire.
    pub fn reason(self) -> u8 {
        self.codes().1
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReasonGiven | Self::AcseNoReasonGiven => "no reason given",
            Self::ApplicationContextNameNotSupported => "application context name not supported",
            Self::CallingAeTitleNotRecognized => "calling AE title not recognized",
            Self::CalledAeTitleNotRecognized => "called AE title not recognized",
            Self::ProtocolVersionNotSupported => "protocol version not supported",
            Self::TemporaryCongestion => "temporary congestion",
            Self::LocalLimitExceeded => "local limit exceeded",
            Self::Other { source, reason } => {
                return write!(f, "source {source}, reason {reason}");
            }
        })
    }
}

impl AssociateRj {
    /// Reads the body: a reserved byte, result, source, reason.
    pub(super) fn decode(mut body: Reader<'_>) -> Result<Self, PduError> {
        let [_, result, source, reason] = body.array("A-ASSOCIATE-RJ")?;
        body.finish("A-ASSOCIATE-RJ")?;
        let result = RejectResult::from_code(result).ok_or(PduError::InvalidValue {
            field: "A-ASSOCIATE-RJ result",
            value: u32::from(result),
        })?;
        Ok(Self {
            result,
            reason: RejectReason::from_codes(source, reason),
        })
    }

    /// Writes the body.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let (source, reason) = self.reason.codes();
        out.extend([0, self.result.code(), source, reason]);
    }
}

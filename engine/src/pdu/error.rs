//! What can be wrong with a PDU, and which A-ABORT reason says so.

use thiserror::Error;

use super::AbortReason;

/// A PDU that can't be read, or can't be written.
///
/// All but [`TooLong`](Self::TooLong) are the peer's fault: the bytes are malformed whatever state
/// the association is in. `TooLong` is the fault of our own side.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PduError {
    /// The PDU type is none of the seven of PS3.8 9.3.1.
    #[error("unknown PDU type {code:#04x}")]
    UnknownPduType {
        /// The type byte.
        code: u8,
    },
    /// A field reaches beyond the end of what holds it.
    #[error("{field}: {needed} bytes needed, {left} left")]
    Truncated {
        /// The field or item.
        field: &'static str,
        /// How many bytes it takes.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// There are bytes behind the last field of a structure.
    #[error("{field}: {count} bytes too many")]
    TrailingBytes {
        /// The PDU, item or sub-item.
        field: &'static str,
        /// How many bytes are left over.
        count: usize,
    },
    /// A field has a value that the standard gives no meaning.
    #[error("{field}: invalid value {value}")]
    InvalidValue {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u32,
    },
    /// An A-P-DATA PDU without a single presentation data value.
    #[error("P-DATA-TF without presentation data value")]
    NoPresentationDataValue,
    /// A value does not fit the length field in front of it; nothing was written.
    #[error("{field}: {length} bytes don't fit its length field")]
    TooLong {
        /// The field or item.
        field: &'static str,
        /// How many bytes it would take.
        length: usize,
    },
}

impl PduError {
    /// The reason that an A-ABORT gives for it (PS3.8 table 9-26).
    pub fn abort_reason(&self) -> AbortReason {
        match self {
            Self::UnknownPduType { .. } => AbortReason::UnrecognizedPdu,
            Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::InvalidValue { .. }
            | Self::NoPresentationDataValue => AbortReason::InvalidPduParameterValue,
            Self::TooLong { .. } => AbortReason::NotSpecified,
        }
    }
}

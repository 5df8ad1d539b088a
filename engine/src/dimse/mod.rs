//! DIMSE messages: command sets and status codes (PS3.7).
//!
//! Requests are read into typed structs by [`Request::decode`]; responses are written by functions
//! that take the request they answer. A C-STORE-RSP with status Success needs a receipt
//! ([`StoreOutcome::Stored`]), so that nobody can say "stored" of what is not.

#![forbid(unsafe_code)]

mod command_set;
mod request;
mod response;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;

pub use command_set::{CommandError, CommandSet};
pub use request::{EchoRq, MoveOriginator, OtherRq, Request, StoreRq};
pub use response::{
    ERROR_COMMENT_CHARS_MAX, Response, StoreOutcome, encode_echo_response, encode_store_response,
    encode_unrecognized_operation,
};
pub use status::{FailureStatus, Status, StatusCategory};

/// The longest command set that is taken, in bytes: 64 KiB.
///
/// A C-STORE-RQ takes some 250 bytes; the longest command of the standard, an N-GET-RQ with a
/// list of attributes, a few thousand.
pub const COMMAND_SET_BYTES_MAX: usize = 64 * 1024;

/// The data set type (0000,0800) of a message without data set (PS3.7 annex E.1).
pub const NO_DATA_SET: u16 = 0x0101;

/// The command field (0000,0100) of a message: which operation, request or response (PS3.7 E.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandField(pub u16);

/// The bit of a command field that tells a response.
const RESPONSE_BIT: u16 = 0x8000;

macro_rules! operations {
    ($($name:literal $request:ident $response:ident $code:literal,)*) => {
        impl CommandField {
            $(
                #[doc = concat!($name, "-RQ.")]
                pub const $request: Self = Self($code);
                #[doc = concat!($name, "-RSP.")]
                pub const $response: Self = Self($code | RESPONSE_BIT);
            )*
            /// C-CANCEL-RQ, which has no response.
            pub const C_CANCEL_RQ: Self = Self(0x0FFF);

            /// The name in the standard's words, if it is one of its operations.
            pub fn name(self) -> Option<&'static str> {
                Some(match self {
                    $(
                        Self::$request => concat!($name, "-RQ"),
                        Self::$response => concat!($name, "-RSP"),
                    )*
                    Self::C_CANCEL_RQ => "C-CANCEL-RQ",
                    _ => return None,
                })
            }
        }
    };
}

operations! {
    "C-STORE" C_STORE_RQ C_STORE_RSP 0x0001,
    "C-GET" C_GET_RQ C_GET_RSP 0x0010,
    "C-FIND" C_FIND_RQ C_FIND_RSP 0x0020,
    "C-MOVE" C_MOVE_RQ C_MOVE_RSP 0x0021,
    "C-ECHO" C_ECHO_RQ C_ECHO_RSP 0x0030,
    "N-EVENT-REPORT" N_EVENT_REPORT_RQ N_EVENT_REPORT_RSP 0x0100,
    "N-GET" N_GET_RQ N_GET_RSP 0x0110,
    "N-SET" N_SET_RQ N_SET_RSP 0x0120,
    "N-ACTION" N_ACTION_RQ N_ACTION_RSP 0x0130,
    "N-CREATE" N_CREATE_RQ N_CREATE_RSP 0x0140,
    "N-DELETE" N_DELETE_RQ N_DELETE_RSP 0x0150,
}

impl CommandField {
    /// Whether this is a response.
    pub fn is_response(self) -> bool {
        self.0 & RESPONSE_BIT != 0
    }

    /// The field of the response to this request.
    #[must_use]
    pub fn response(self) -> Self {
        Self(self.0 | RESPONSE_BIT)
    }
}

impl fmt::Display for CommandField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "command {:#06x}", self.0),
        }
    }
}

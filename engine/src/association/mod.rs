//! Associations without I/O: the state machine of PS3.8 9.2 and the negotiation policy.
//!
//! This room opens no socket, reads no clock and starts no thread. Bytes and times come in as
//! arguments; events, bytes to send and deadlines go out. So the same core runs under any event
//! loop, and in memory alone.

#![forbid(unsafe_code)]

mod acceptor;
mod answers;
mod error;
mod machine;
mod negotiation;
mod output;
pub mod proposal;
mod requestor;
pub mod table;
#[cfg(test)]
mod tests;
mod timers;

pub use acceptor::{Acceptor, Event, Need, ObjectBegun, ObjectToken, READ_AHEAD_BYTES};
pub use error::{
    AssociationError, InvalidMessage, LocalAbort, PeerGone, PeerMisbehaved, Rejection,
};
pub use negotiation::{AcceptedContext, Negotiated, Policy, Refusal, RefusedContexts, negotiate};
pub use requestor::{
    Agreed, AgreedContext, MAX_SEND_PDU_BYTES, OPERATIONS_MAX, OperationId, PROVIDE_BYTES_MAX,
    Place, Requestor, RequestorEvent, StoreReply, StoreRequest,
};
pub use timers::{Timeouts, Timeouts as RequestorTimeouts};

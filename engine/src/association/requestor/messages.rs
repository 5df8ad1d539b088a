//! What the driver and the association tell each other of operations.

use crate::association::error::AssociationError;
use crate::dimse::Status;
use crate::pdu::AssociateRj;
use crate::value::Uid;

use super::operations::OperationId;

/// What a C-STORE-RQ says (PS3.7 9.3.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRequest {
    /// The SOP class of the object.
    pub sop_class: Uid,
    /// The SOP instance UID of the object.
    pub sop_instance: Uid,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
}

/// What the peer answers to a C-STORE-RQ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreReply {
    /// To which.
    pub operation: OperationId,
    /// What became of the object.
    pub status: Status,
    /// The words that go with the status.
    pub error_comment: Option<String>,
}

/// What has happened, for the driver to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestorEvent {
    /// The association is established; [`agreed`](super::Requestor::agreed) tells how. Maybe no
    /// context at all was accepted.
    Established,
    /// The association was rejected; the connection is to be closed.
    Rejected(AssociateRj),
    /// A store was answered. A failure may come while its data set is still being sent, which must
    /// go on all the same.
    Stored(StoreReply),
    /// An echo was answered.
    Echoed {
        /// Which.
        operation: OperationId,
        /// The status of the response.
        status: Status,
    },
    /// The association was released, by us or by the peer.
    Released,
    /// The association ended otherwise. Operations without response stay without: nobody knows
    /// what became of them.
    Failed(AssociationError),
}

//! What a connection tells its caller.

use std::io;

use super::payload::PayloadError;
use crate::association::{OperationId, RequestorEvent};

/// What has happened on a connection.
#[derive(Debug)]
pub enum ConnectionEvent {
    /// The connection could not be made; nothing follows but [`ConnectionEvent::Closed`].
    ConnectFailed(io::Error),
    /// Something about the association or one of its operations.
    Association(RequestorEvent),
    /// The last byte of a data set was handed to the kernel.
    Sent {
        /// The operation it belongs to.
        operation: OperationId,
        /// The length of the data set.
        bytes: u64,
    },
    /// A data set could not be sent to its end. The association is aborted: half a data set cannot
    /// be taken back.
    PayloadFailed {
        /// The operation it belongs to.
        operation: OperationId,
        /// Why.
        error: PayloadError,
    },
    /// The connection is closed. Nothing follows.
    Closed,
}

/// Whether a connection has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a connection that has more to do is not heard of by its poll"]
pub enum Turn {
    /// Not before its socket is ready again, its deadline has come, or it is given something to do.
    Waiting,
    /// It could go on at once, and gives way to others.
    More,
}

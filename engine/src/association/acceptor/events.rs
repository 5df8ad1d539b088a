//! What an acceptor asks of its driver, and what it tells.

use crate::dimse::{EchoRq, FailureStatus, OtherRq, StoreRq};
use crate::pdu::AssociateRq;

use super::super::error::{AssociationError, Rejection};
use super::super::negotiation::RefusedContexts;
#[cfg(doc)]
use super::Acceptor;

/// Names one object of one association, from [`Event::ObjectBegun`] to [`Acceptor::complete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectToken(pub(super) u32);

/// What the association must be given next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Up to this many bytes through [`Acceptor::received_control`].
    Control(usize),
    /// Payload of the object last begun: by [`Acceptor::plan`], its bytes to the slot.
    Payload,
    /// Payload that nobody wants: by [`Acceptor::plan`], its bytes anywhere.
    Discard,
    /// Bytes that mean nothing any more: anywhere, then [`Acceptor::drained`].
    Drain,
    /// Nothing for now: the peer must wait for us.
    Nothing,
}

/// What has happened, for the driver to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is here ([`Acceptor::request`]): answer by [`Acceptor::accept`] or
    /// [`Acceptor::reject`].
    Requested,
    /// The request was rejected, by the driver or by negotiation.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// What was asked.
        request: Box<AssociateRq>,
    },
    /// The association is established; some of its presentation contexts may have been refused.
    Established(Option<RefusedContexts>),
    /// A C-ECHO-RQ was answered.
    Echoed(EchoRq),
    /// A C-STORE-RQ is here; its data set follows as payload, unless [`Acceptor::discard`] says
    /// otherwise.
    ObjectBegun(ObjectBegun),
    /// The last byte of the object's data set has arrived.
    ObjectLanded(ObjectToken),
    /// The association ended in the middle of the object.
    ObjectDropped(ObjectToken),
    /// A C-STORE-RQ was answered with a failure before anything was stored.
    ObjectRefused {
        /// The request.
        request: StoreRq,
        /// The status of the response.
        status: FailureStatus,
        /// The error comment of the response.
        comment: &'static str,
    },
    /// A request that is not served was answered with 0211H.
    Unrecognized(OtherRq),
    /// The peer released the association, and it was confirmed.
    Released,
    /// The association ended otherwise.
    Failed(AssociationError),
}

/// A C-STORE-RQ and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectBegun {
    /// Its name from here on.
    pub token: ObjectToken,
    /// The command.
    pub request: StoreRq,
    /// The transfer syntax of the data set, as negotiated.
    pub transfer_syntax: &'static str,
}

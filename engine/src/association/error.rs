//! Why an association failed, in families by who is at fault, and what the peer is told.

use crate::dimse::CommandError;
use crate::pdu::framer::FrameError;
use crate::pdu::{Abort, AbortReason, AbortSource, PduError, RejectReason, RejectResult};
use crate::value::PresentationContextId;

use super::table::{Event, State};

/// Why an association ended other than by release. Once set it stays: the association answers
/// nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssociationError {
    /// The peer sent bytes that are not a PDU or command set of the standard.
    #[error("invalid message: {0}")]
    InvalidMessage(#[from] InvalidMessage),
    /// The peer sent a well-formed message that the standard forbids here.
    #[error("peer misbehaved: {0}")]
    PeerMisbehaved(#[from] PeerMisbehaved),
    /// The peer kept us waiting, or went away.
    #[error("{0}")]
    PeerGone(#[from] PeerGone),
    /// The peer ended the association by A-ABORT.
    #[error("peer aborted the association ({0})")]
    PeerAborted(AbortSource),
    /// We ended the association, though the peer had done nothing wrong.
    #[error("{0}")]
    Local(#[from] LocalAbort),
}

/// Malformed input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A frame whose type or length is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A PDU whose body is wrong.
    #[error(transparent)]
    Pdu(#[from] PduError),
    /// A command set that cannot be read.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Well-formed input out of place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A PDU that Table 9-10 does not allow in this state.
    #[error("{event:?} PDU in state {state}")]
    UnexpectedPdu {
        /// What arrived.
        event: Event,
        /// The state it arrived in.
        state: State,
    },
    /// A PDV on a presentation context that was not accepted.
    #[error("presentation context {0} was not accepted")]
    ContextNotAccepted(PresentationContextId),
    /// A fragment on another presentation context than the message it belongs to.
    #[error("fragment on presentation context {found}, its message began on {expected}")]
    ContextChanged {
        /// The context of the message.
        expected: PresentationContextId,
        /// The context of the fragment.
        found: PresentationContextId,
    },
    /// A data set fragment where a command was due (PS3.7 6.3.1, PS3.8 annex E).
    #[error("data set fragment without a command")]
    DataWithoutCommand,
    /// A command fragment where the data set was due.
    #[error("command fragment within a data set")]
    CommandWithinData,
    /// A presentation context ID that is even, zero or used twice (PS3.8 9.3.2.2).
    #[error("presentation context ID {0} is even, zero or used twice")]
    InvalidContextId(PresentationContextId),
    /// A-RELEASE-RQ in the middle of a message.
    #[error("release in the middle of a message")]
    ReleaseWithinMessage,
    /// A-RELEASE-RQ in the middle of our operations. So many await their response; with none, a data
    /// set is on its way.
    #[error("release in the middle of our operations, {0} of which await their response")]
    ReleaseWithinOperations(usize),
    /// A verdict on a presentation context that was not proposed (PS3.8 9.3.3.2).
    #[error("presentation context {0} was not proposed")]
    ContextNotProposed(PresentationContextId),
    /// A presentation context accepted with a transfer syntax that was not proposed for it.
    #[error("presentation context {0} was accepted with a transfer syntax that was not proposed")]
    TransferSyntaxNotProposed(PresentationContextId),
    /// A response to an operation that was not invoked, is of another kind, or was answered before
    /// (PS3.7 9.3).
    #[error("response with message ID {0}, which awaits no such response")]
    UnexpectedResponse(u16),
    /// A response that says that an operation was done whose request has not been sent completely.
    #[error("success with message ID {0}, whose request has not been sent completely")]
    EarlySuccess(u16),
}

/// The peer's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerGone {
    /// The transport connection was closed or broke.
    #[error("connection closed by peer")]
    ConnectionClosed,
    /// ARTIM: no A-ASSOCIATE-RQ in time.
    #[error("no association request within the time of --acse-timeout")]
    AcseTimeout,
    /// No A-ASSOCIATE-AC or A-ASSOCIATE-RJ in time.
    #[error("no answer to the association request within the time of --acse-timeout")]
    NoAssociateReply,
    /// No A-RELEASE-RP in time.
    #[error("no answer to the release within the time of --acse-timeout")]
    NoReleaseReply,
    /// No response in time, though every request was sent.
    #[error("no response within the time of --dimse-timeout")]
    NoResponse,
    /// The rest of a data set did not arrive in time.
    #[error("no data set fragment within the time of --dimse-timeout")]
    DimseTimeout,
    /// Nothing at all arrived in time, or nothing was taken.
    #[error("silent for the time of --socket-timeout")]
    SocketTimeout,
}

/// Our own reasons.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalAbort {
    /// The receiver is shutting down.
    #[error("the receiver is shutting down")]
    ShuttingDown,
    /// Our own user asked for it.
    #[error("aborted on our side")]
    Requested,
    /// The payload of an object that is being sent cannot be had any more.
    #[error("the rest of a data set that is being sent is not there")]
    PayloadLost,
    /// What our user asked for does not fit into an A-ASSOCIATE-RQ.
    #[error("the association request cannot be sent: {0}")]
    RequestTooLong(PduError),
}

impl AssociationError {
    /// The A-ABORT that the peer is sent; `None` where nobody is there to read it, or where the
    /// peer itself aborted (PS3.8 9.3.8). What breaks PS3.8 is answered as the service provider,
    /// with a reason; what breaks PS3.7, or our patience, as the service user.
    pub fn abort(&self) -> Option<Abort> {
        let source = match self {
            Self::InvalidMessage(error) => error.abort_source(),
            Self::PeerMisbehaved(error) => error.abort_source(),
            Self::PeerGone(PeerGone::ConnectionClosed | PeerGone::AcseTimeout)
            | Self::PeerAborted(_) => return None,
            Self::PeerGone(_) | Self::Local(_) => AbortSource::ServiceUser,
        };
        Some(Abort { source })
    }

    /// The event of Table 9-10 that this error is.
    pub(super) fn event(&self) -> Event {
        match self {
            Self::PeerMisbehaved(PeerMisbehaved::UnexpectedPdu { event, .. }) => *event,
            Self::PeerMisbehaved(error) if error.breaks_dimse() => Event::AbortRequest,
            Self::InvalidMessage(InvalidMessage::Command(_)) | Self::Local(_) => {
                Event::AbortRequest
            }
            Self::InvalidMessage(_) | Self::PeerMisbehaved(_) => Event::InvalidPdu,
            Self::PeerGone(PeerGone::ConnectionClosed) => Event::TransportClosed,
            Self::PeerGone(PeerGone::AcseTimeout) => Event::ArtimExpired,
            Self::PeerGone(_) => Event::AbortRequest,
            Self::PeerAborted(_) => Event::Abort,
        }
    }
}

impl InvalidMessage {
    fn abort_source(&self) -> AbortSource {
        match self {
            Self::Frame(error) => AbortSource::ServiceProvider(error.abort_reason()),
            Self::Pdu(error) => AbortSource::ServiceProvider(error.abort_reason()),
            Self::Command(_) => AbortSource::ServiceUser,
        }
    }
}

impl PeerMisbehaved {
    /// Whether it is PS3.7 that is broken, of which the protocol machine knows nothing.
    fn breaks_dimse(&self) -> bool {
        matches!(
            self,
            Self::UnexpectedResponse(_) | Self::EarlySuccess(_) | Self::ReleaseWithinOperations(_)
        )
    }

    fn abort_source(&self) -> AbortSource {
        if self.breaks_dimse() {
            AbortSource::ServiceUser
        } else {
            AbortSource::ServiceProvider(self.abort_reason())
        }
    }

    fn abort_reason(&self) -> AbortReason {
        match self {
            Self::UnexpectedPdu { .. }
            | Self::DataWithoutCommand
            | Self::CommandWithinData
            | Self::ReleaseWithinMessage => AbortReason::UnexpectedPdu,
            _ => AbortReason::InvalidPduParameterValue,
        }
    }
}

/// Why an association is rejected: the result and reason of the A-ASSOCIATE-RJ (PS3.8 9.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The application context is not DICOM's.
    #[error("application context name not supported")]
    ApplicationContext,
    /// Bit 0 of the protocol version is not set.
    #[error("protocol version not supported")]
    ProtocolVersion,
    /// A request without any presentation context.
    #[error("no presentation context proposed")]
    NoPresentationContext,
    /// As many associations as allowed are open already.
    #[error("local limit exceeded")]
    LocalLimit,
    /// The receiver is shutting down.
    #[error("shutting down")]
    ShuttingDown,
}

impl Rejection {
    /// Whether the peer may try again later.
    pub fn result(self) -> RejectResult {
        match self {
            Self::ApplicationContext | Self::ProtocolVersion | Self::NoPresentationContext => {
                RejectResult::Permanent
            }
            Self::LocalLimit | Self::ShuttingDown => RejectResult::Transient,
        }
    }

    /// The reason, which knows its source.
    pub fn reason(self) -> RejectReason {
        match self {
            Self::ApplicationContext => RejectReason::ApplicationContextNameNotSupported,
            Self::ProtocolVersion => RejectReason::ProtocolVersionNotSupported,
            Self::NoPresentationContext => RejectReason::NoReasonGiven,
            Self::LocalLimit => RejectReason::LocalLimitExceeded,
            Self::ShuttingDown => RejectReason::TemporaryCongestion,
        }
    }
}

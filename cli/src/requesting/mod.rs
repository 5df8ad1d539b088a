//! Associations that the command line asks for: opening them, and the words in which DCMTK's tools
//! tell of them.

mod dump;
mod phrases;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pdvault_engine::association::{
    Agreed, AssociationError, MAX_SEND_PDU_BYTES, RequestorTimeouts,
};
use pdvault_engine::pdu::{AssociateRj, AssociateRq, RejectReason, RejectResult};
use pdvault_engine::sender::{
    AddressFamily, BlockingConnection, ConnectionOptions, OpenError, Payload, ResolveError, resolve,
};
use pdvault_engine::value::AeTitle;

use crate::logging;
use crate::meaning::RequestorSettings;
use crate::options::shared::ip_version::IpVersion;

pub(crate) use phrases::{condition, is_peer_abort};

/// A peer that associations are asked of.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    host: String,
    port: u16,
    family: AddressFamily,
    options: ConnectionOptions,
    /// Whether parameters of associations are logged at info level already.
    verbose_pc: bool,
    /// Whether an association without an answer to its user identity is given up.
    wants_identity_response: bool,
    /// Whether its name was resolved once.
    was_known: Arc<AtomicBool>,
}

/// Why there is no association.
#[derive(Debug)]
pub(crate) enum OpenFailure {
    /// The peer's name leads nowhere.
    Unknown {
        /// Why.
        error: ResolveError,
        /// Whether it led somewhere before.
        was_known: bool,
    },
    /// The peer was not reached, or does not want it.
    NotOpened(OpenError),
    /// The peer does not know one of the titles.
    UnknownTitle {
        /// What it answered.
        rejection: AssociateRj,
        /// Who asked.
        calling: AeTitle,
        /// Who was asked for.
        called: AeTitle,
    },
    /// The peer said nothing of the user identity, though it was asked to.
    NoIdentityResponse,
}

impl OpenFailure {
    fn new(error: OpenError, request: &AssociateRq) -> Self {
        match error {
            OpenError::Rejected(rejection) if is_about_titles(rejection.reason) => {
                Self::UnknownTitle {
                    rejection,
                    calling: request.calling_ae_title,
                    called: request.called_ae_title,
                }
            }
            error => Self::NotOpened(error),
        }
    }

    /// Whether another attempt may fare better: the peer is not there, goes away, or rejects for now.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::NoIdentityResponse => false,
            // A name service that is down looks like a name that is wrong, but for what was before.
            Self::Unknown { was_known, .. } => *was_known,
            Self::UnknownTitle { rejection, .. } => rejection.result == RejectResult::Transient,
            Self::NotOpened(error) => match error {
                OpenError::Connect { .. } => true,
                OpenError::Rejected(rejection) => rejection.result == RejectResult::Transient,
                OpenError::Association(error) => is_transient(error),
                _ => false,
            },
        }
    }

    /// Logs it as what ends the program.
    pub(crate) fn log(&self) {
        logging::fatal(&phrases::open_failure(self));
    }
}

impl fmt::Display for OpenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { error, .. } => error.fmt(f),
            Self::NotOpened(error) => error.fmt(f),
            Self::UnknownTitle {
                rejection,
                calling,
                called,
            } => {
                let error = OpenError::Rejected(*rejection);
                write!(f, "{error} ({})", phrases::titles(calling, called))
            }
            Self::NoIdentityResponse => {
                f.write_str("the peer did not answer the user identity; try without --pos-response")
            }
        }
    }
}

fn is_about_titles(reason: RejectReason) -> bool {
    matches!(
        reason,
        RejectReason::CalledAeTitleNotRecognized | RejectReason::CallingAeTitleNotRecognized
    )
}

/// Whether the next association may fare better than one that failed so: the peer went away or kept
/// silent. One that breaks the protocol would do so again.
pub(crate) fn is_transient(error: &AssociationError) -> bool {
    matches!(
        error,
        AssociationError::PeerGone(_) | AssociationError::PeerAborted(_)
    )
}

/// An association, and what was agreed on.
pub(crate) struct Opened<P> {
    pub(crate) connection: BlockingConnection<P>,
    pub(crate) agreed: Arc<Agreed>,
    /// The longest fragment of a data set that leaves in one PDV, in bytes.
    pub(crate) fragment_bytes: u64,
}

impl Peer {
    /// The peer that is typed. `max_send_pdu_bytes` limits the PDUs sent, beyond what the peer takes.
    pub(crate) fn new(settings: &RequestorSettings, max_send_pdu_bytes: Option<u32>) -> Self {
        let family = match settings.ip_version {
            IpVersion::V4 => AddressFamily::V4,
            IpVersion::V6 => AddressFamily::V6,
            IpVersion::Any => AddressFamily::Any,
        };
        let timeouts = RequestorTimeouts {
            acse: settings.acse_timeout,
            dimse: settings.dimse_timeout,
            socket: settings.socket_timeout,
        };
        Self {
            host: settings.peer.clone(),
            port: settings.port,
            family,
            options: ConnectionOptions {
                timeouts,
                connect_timeout: settings.connect_timeout,
                max_send_pdu_bytes: max_send_pdu_bytes.unwrap_or(MAX_SEND_PDU_BYTES),
            },
            verbose_pc: false,
            wants_identity_response: false,
            was_known: Arc::default(),
        }
    }

    /// Logs the parameters of associations at info level already.
    pub(crate) fn verbose_pc(mut self, verbose_pc: bool) -> Self {
        self.verbose_pc = verbose_pc;
        self
    }

    /// Gives up associations whose user identity is not answered.
    pub(crate) fn wants_identity_response(mut self, wants: bool) -> Self {
        self.wants_identity_response = wants;
        self
    }

    /// Its addresses, at least one.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, ResolveError> {
        resolve(&self.host, self.port, self.family)
    }

    /// Time-outs and PDU size.
    pub(crate) fn options(&self) -> &ConnectionOptions {
        &self.options
    }

    /// Opens an association, and logs that and how. The peer's name is looked up each time: a peer
    /// that moves to another machine is found there.
    pub(crate) fn open<P: Payload>(&self, request: &AssociateRq) -> Result<Opened<P>, OpenFailure> {
        self.open_while(request, &|| true)
    }

    /// Does so as long as it `is_wanted`.
    pub(crate) fn open_while<P: Payload>(
        &self,
        request: &AssociateRq,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Opened<P>, OpenFailure> {
        self.dump("Request Parameters:", || dump::request(request));
        tracing::info!("Requesting Association");
        let addresses = self.find()?;
        let connection =
            BlockingConnection::open_while(&addresses, request, &self.options, is_wanted)
                .map_err(|error| OpenFailure::new(error, request))?;
        let agreed = connection.connection().agreed().cloned();
        let agreed = agreed.expect("an open association was agreed on");
        self.dump("Association Parameters Negotiated:", || {
            dump::acceptance(request, &agreed)
        });
        if self.wants_identity_response && agreed.user_identity_response.is_none() {
            tracing::error!(
                "User Identity Negotiation failed: Positive response requested but none received"
            );
            connection.abort();
            return Err(OpenFailure::NoIdentityResponse);
        }
        let pdu_bytes = self.pdu_bytes(&agreed);
        tracing::info!("{}", phrases::accepted(agreed.peer_max_pdu_bytes));
        Ok(Opened {
            connection,
            agreed,
            fragment_bytes: u64::from(phrases::max_pdv(pdu_bytes).max(1)),
        })
    }

    fn find(&self) -> Result<Vec<SocketAddr>, OpenFailure> {
        let addresses = self.addresses().map_err(|error| OpenFailure::Unknown {
            error,
            was_known: self.was_known.load(Ordering::Relaxed),
        })?;
        self.was_known.store(true, Ordering::Relaxed);
        Ok(addresses)
    }

    /// The longest P-DATA-TF PDU that is sent, in bytes.
    fn pdu_bytes(&self, agreed: &Agreed) -> u32 {
        match agreed.peer_max_pdu_bytes {
            0 => self.options.max_send_pdu_bytes,
            limited => limited.min(self.options.max_send_pdu_bytes),
        }
    }

    fn dump(&self, heading: &str, text: impl Fn() -> String) {
        if self.verbose_pc {
            tracing::info!("{heading}\n{}", text());
        } else if tracing::enabled!(tracing::Level::DEBUG) {
            tracing::debug!("{heading}\n{}", text());
        }
    }
}

//! The receiver that load is sent to.

use std::net::SocketAddr;

use pdvault_engine::association::{MAX_SEND_PDU_BYTES, RequestorTimeouts};
use pdvault_engine::sender::{AddressFamily, ConnectionOptions, ResolveError, resolve};

use crate::meaning::RequestorSettings;
use crate::options::shared::requestor::IpVersion;

/// The first address of the peer. It is looked up once, so that the name service does not count.
pub(super) fn address(settings: &RequestorSettings) -> Result<SocketAddr, ResolveError> {
    let family = match settings.ip_version {
        IpVersion::V4 => AddressFamily::V4,
        IpVersion::V6 => AddressFamily::V6,
        IpVersion::Any => AddressFamily::Any,
    };
    let addresses = resolve(&settings.peer, settings.port, family)?;
    Ok(addresses[0])
}

/// Time-outs and PDU size.
pub(super) fn connection(
    settings: &RequestorSettings,
    max_send_pdu_bytes: Option<u32>,
) -> ConnectionOptions {
    ConnectionOptions {
        timeouts: RequestorTimeouts {
            acse: settings.acse_timeout,
            dimse: settings.dimse_timeout,
            socket: settings.socket_timeout,
        },
        connect_timeout: settings.connect_timeout,
        max_send_pdu_bytes: max_send_pdu_bytes.unwrap_or(MAX_SEND_PDU_BYTES),
    }
}

//! The settings of a connection.

use std::time::Duration;

use crate::association::RequestorTimeouts;

/// The settings of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// How long the peer may keep us waiting once the connection stands.
    pub timeouts: RequestorTimeouts,
    /// How long it may take until it stands; `None` waits as long as the system does, which is some
    /// two minutes.
    pub connect_timeout: Option<Duration>,
    /// The longest P-DATA-TF PDU to send, in bytes, if the peer takes longer ones (PS3.8 D.1).
    pub max_send_pdu_bytes: u32,
}

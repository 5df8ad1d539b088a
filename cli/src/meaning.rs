//! What typed values mean: helpers that the settings of several tools share.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use pdvault_engine::value::{AE_TITLE_BYTES, AeTitle};

use crate::grammar::{Stage, UsageError};
use crate::options::shared::ip_version::IpVersion;
use crate::options::shared::requestor::{Requestor, Requests};
use crate::options::shared::sending::Sending;

/// The wait for answers about the association unless another is typed, in seconds; DCMTK's.
const ACSE_SECONDS_DEFAULT: i64 = 30;

/// The limit on a silent connection unless another is typed, in seconds; DCMTK's.
const SOCKET_SECONDS_DEFAULT: i64 = 60;

/// The maximum length announced by requestors, in bytes; DCMTK's.
const MAX_PDU_BYTES_DEFAULT: u32 = 16384;

/// A number that the table bounds to a range that its type holds.
pub(crate) fn in_range<T: TryFrom<i64>>(number: i64) -> T {
    T::try_from(number)
        .ok()
        .expect("the table bounds this number")
}

/// A number of seconds.
pub(crate) fn duration(seconds: i64) -> Duration {
    Duration::from_secs(in_range(seconds))
}

/// The limit on a silent connection; `None` for none.
pub(crate) fn socket_timeout(seconds: Option<i64>) -> Option<Duration> {
    Some(seconds.unwrap_or(SOCKET_SECONDS_DEFAULT))
        .filter(|&seconds| seconds > 0)
        .map(duration)
}

/// The limit on answers about the association.
pub(crate) fn acse_timeout(seconds: Option<i64>) -> Duration {
    duration(seconds.unwrap_or(ACSE_SECONDS_DEFAULT))
}

/// The AE title typed with the option `long`, or the default. One that is too long is cut, as DCMTK
/// does, and a warning logged.
///
/// # Errors
/// A text that is no AE title.
pub(crate) fn ae_title(
    long: &str,
    text: Option<&OsStr>,
    default: &str,
) -> Result<AeTitle, UsageError> {
    let text = text.unwrap_or_else(|| OsStr::new(default));
    let invalid = || {
        let expected = "1 to 16 printable ASCII characters without backslash";
        invalid(long, text, expected)
    };
    let typed = text.to_str().ok_or_else(invalid)?.trim();
    let fitting: String = typed.chars().take(AE_TITLE_BYTES).collect();
    let title = AeTitle::new(&fitting).ok_or_else(invalid)?;
    if typed.len() > fitting.len() {
        tracing::warn!(
            "AE title is longer than {AE_TITLE_BYTES} characters, going on with the first of them \
             (option {long}): {title}"
        );
    }
    Ok(title)
}

/// Text in UTF-8.
///
/// # Errors
/// Bytes that are none.
pub(crate) fn utf8(long: &str, text: &OsString) -> Result<String, UsageError> {
    text.to_str()
        .map(str::to_owned)
        .ok_or_else(|| invalid(long, text, "UTF-8"))
}

/// An error about the value of the option `long`.
pub(crate) fn invalid(long: &str, text: &OsStr, expected: &str) -> UsageError {
    let text = match text.to_string_lossy() {
        text if text.is_empty() => "empty".into(),
        text => text,
    };
    let text = format!("Invalid value for option {long} ({text}: {expected} expected)");
    UsageError::new(Stage::Judging, text)
}

/// Peer, titles, time-outs and PDU size of a tool that connects to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestorSettings {
    /// Host name or address of the peer.
    pub(crate) peer: String,
    pub(crate) port: u16,
    pub(crate) ip_version: IpVersion,
    pub(crate) calling: AeTitle,
    pub(crate) called: AeTitle,
    /// `None`: the operating system's own.
    pub(crate) connect_timeout: Option<Duration>,
    /// `None`: no limit.
    pub(crate) socket_timeout: Option<Duration>,
    pub(crate) acse_timeout: Duration,
    /// `None`: no limit.
    pub(crate) dimse_timeout: Option<Duration>,
    /// The maximum length to announce, in bytes.
    pub(crate) max_pdu_bytes: u32,
}

impl RequestorSettings {
    /// What was typed, for the tool `T`.
    ///
    /// # Errors
    /// Texts that are no AE titles.
    pub(crate) fn resolve<T: Requests>(typed: &Requestor) -> Result<Self, UsageError> {
        Ok(Self {
            peer: peer(&typed.peer)?,
            port: typed.port,
            ip_version: typed.ip_version,
            calling: ae_title("--aetitle", typed.calling.as_deref(), T::AE_TITLE)?,
            called: ae_title("--call", typed.called.as_deref(), "ANY-SCP")?,
            connect_timeout: typed.connect_timeout_seconds.map(duration),
            socket_timeout: socket_timeout(typed.socket_timeout_seconds),
            acse_timeout: acse_timeout(typed.acse_timeout_seconds),
            dimse_timeout: typed.dimse_timeout_seconds.map(duration),
            max_pdu_bytes: typed.max_pdu_bytes.map_or(MAX_PDU_BYTES_DEFAULT, in_range),
        })
    }
}

fn peer(text: &OsString) -> Result<String, UsageError> {
    match text.to_str() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => {
            let text = format!("Invalid parameter value {}", text.to_string_lossy());
            Err(UsageError::new(Stage::Judging, text))
        }
    }
}

/// How much is sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SendingSettings {
    /// The longest PDU to send, in bytes; `None`: what the peer takes.
    pub(crate) max_send_pdu_bytes: Option<u32>,
    /// How many associations, at least one.
    pub(crate) associations: usize,
    /// The asynchronous operations window to ask for, at least 2; `None` asks for nothing.
    pub(crate) async_ops: Option<u16>,
}

impl SendingSettings {
    /// What was typed.
    pub(crate) fn resolve(typed: &Sending) -> Self {
        Self {
            max_send_pdu_bytes: typed.max_send_pdu_bytes.map(in_range),
            associations: typed.associations.map_or(1, in_range),
            async_ops: typed.async_ops.map(in_range).filter(|number| *number > 1),
        }
    }
}

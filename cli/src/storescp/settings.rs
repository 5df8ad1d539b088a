//! What the typed options mean.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pdvault_engine::landing::LANDING_BYTES_DEFAULT;
use pdvault_engine::receiver::{
    ASSOCIATIONS_MAX_DEFAULT, Driver, MAX_PDU_BYTES_DEFAULT, OPERATIONS_DEFAULT,
};
use pdvault_engine::store::{Durability, EXTENSION_BYTES_MAX, OnDuplicate};
use pdvault_engine::value::AeTitle;

use super::Typed;
use crate::grammar::UsageError;
use crate::meaning::{acse_timeout, ae_title, duration, in_range, invalid, socket_timeout};
use crate::options::shared::ip_version::IpVersion;

/// Everything that a receiver is told.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) is_ipv6_only: bool,
    pub(crate) output_directory: PathBuf,
    pub(crate) ae_title: AeTitle,
    pub(crate) max_pdu_bytes: u32,
    pub(crate) max_operations: usize,
    pub(crate) accept_all: bool,
    pub(crate) promiscuous: bool,
    pub(crate) acse_timeout: Duration,
    /// `None`: no limit.
    pub(crate) dimse_timeout: Option<Duration>,
    /// `None`: no limit.
    pub(crate) socket_timeout: Option<Duration>,
    pub(crate) drain_timeout: Duration,
    pub(crate) max_associations: usize,
    /// `None`: the engine's choice for this machine.
    pub(crate) workers: Option<usize>,
    pub(crate) driver: Driver,
    /// `None`: the engine's choice for this machine.
    pub(crate) writers: Option<usize>,
    pub(crate) landing_memory_bytes: usize,
    pub(crate) durability: Durability,
    pub(crate) on_duplicate: OnDuplicate,
    pub(crate) unique_filenames: bool,
    pub(crate) filename_extension: String,
    pub(crate) ignore: bool,
}

impl Settings {
    /// Puts defaults where nothing was typed, and gives numbers their units.
    ///
    /// # Errors
    /// An AE title, a directory or an extension that can't be one.
    pub(crate) fn resolve(typed: &Typed) -> Result<Self, UsageError> {
        Ok(Self {
            listen: listen_address(typed.port, typed.ip_version),
            is_ipv6_only: typed.ip_version == IpVersion::V6,
            output_directory: output_directory(typed.output_directory.as_deref())?,
            ae_title: ae_title("--aetitle", typed.ae_title.as_deref(), "STORESCP")?,
            max_pdu_bytes: typed.max_pdu_bytes.map_or(MAX_PDU_BYTES_DEFAULT, in_range),
            max_operations: typed.max_operations.map_or(OPERATIONS_DEFAULT, in_range),
            accept_all: typed.accept_all,
            promiscuous: typed.promiscuous,
            acse_timeout: acse_timeout(typed.acse_timeout_seconds),
            dimse_timeout: typed.dimse_timeout_seconds.map(duration),
            socket_timeout: socket_timeout(typed.socket_timeout_seconds),
            drain_timeout: duration(typed.drain_timeout_seconds.unwrap_or(30)),
            max_associations: typed
                .max_associations
                .map_or(ASSOCIATIONS_MAX_DEFAULT, in_range),
            workers: typed.workers.map(in_range),
            driver: driver(typed.driver),
            writers: typed.writers.map(in_range),
            landing_memory_bytes: typed
                .landing_memory_bytes
                .map_or(LANDING_BYTES_DEFAULT, in_range),
            durability: durability(typed.durability),
            on_duplicate: on_duplicate(typed.on_duplicate),
            unique_filenames: typed.unique_filenames,
            filename_extension: extension(typed.filename_extension.as_deref())?,
            ignore: typed.ignore,
        })
    }
}

fn listen_address(port: u16, version: IpVersion) -> SocketAddr {
    match version {
        IpVersion::V4 => (Ipv4Addr::UNSPECIFIED, port).into(),
        IpVersion::V6 | IpVersion::Any => (Ipv6Addr::UNSPECIFIED, port).into(),
    }
}

/// The empty path is refused: it mostly comes from a variable that a script left unset.
fn output_directory(path: Option<&Path>) -> Result<PathBuf, UsageError> {
    match path {
        None => Ok(PathBuf::from(".")),
        Some(path) if path.as_os_str().is_empty() => Err(invalid(
            "--output-directory",
            path.as_os_str(),
            "a directory such as .",
        )),
        Some(path) => Ok(path.to_owned()),
    }
}

fn extension(text: Option<&OsStr>) -> Result<String, UsageError> {
    let text = text.unwrap_or_default();
    let is_harmless = |text: &&str| {
        text.len() <= EXTENSION_BYTES_MAX && !text.chars().any(|c| c == '/' || c.is_control())
    };
    text.to_str()
        .filter(is_harmless)
        .map(str::to_owned)
        .ok_or_else(|| {
            invalid(
                "--filename-extension",
                text,
                "at most 64 bytes of UTF-8 without slash and control characters",
            )
        })
}

fn durability(word: Option<&'static str>) -> Durability {
    match word {
        None | Some("object") => Durability::Object,
        Some("none") => Durability::None,
        Some(other) => unreachable!("{other} is not in the table"),
    }
}

fn driver(word: Option<&'static str>) -> Driver {
    match word {
        None | Some("auto") => Driver::Auto,
        Some("mio") => Driver::Mio,
        Some("uring") => Driver::Uring,
        Some(other) => unreachable!("{other} is not in the table"),
    }
}

fn on_duplicate(word: Option<&'static str>) -> OnDuplicate {
    match word {
        None | Some("overwrite") => OnDuplicate::Overwrite,
        Some("keep") => OnDuplicate::Keep,
        Some("refuse") => OnDuplicate::Refuse,
        Some("same") => OnDuplicate::Same,
        Some(other) => unreachable!("{other} is not in the table"),
    }
}

//! What was typed, before it means anything.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::options::shared::general::General;
use crate::options::shared::ip_version::IpVersion;

/// The options of storescp as they were typed; what was left out is `None` or `false`. Numbers
/// are within the ranges of the table.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) port: u16,
    pub(crate) general: General,
    pub(crate) max_associations: Option<i64>,
    pub(crate) workers: Option<i64>,
    pub(crate) driver: Option<&'static str>,
    pub(crate) drain_timeout_seconds: Option<i64>,
    pub(crate) ip_version: IpVersion,
    pub(crate) socket_timeout_seconds: Option<i64>,
    pub(crate) acse_timeout_seconds: Option<i64>,
    pub(crate) dimse_timeout_seconds: Option<i64>,
    pub(crate) ae_title: Option<OsString>,
    pub(crate) max_pdu_bytes: Option<i64>,
    pub(crate) max_operations: Option<i64>,
    pub(crate) promiscuous: bool,
    pub(crate) accept_all: bool,
    pub(crate) ignore: bool,
    pub(crate) output_directory: Option<PathBuf>,
    pub(crate) unique_filenames: bool,
    pub(crate) filename_extension: Option<OsString>,
    pub(crate) durability: Option<&'static str>,
    pub(crate) on_duplicate: Option<&'static str>,
    pub(crate) writers: Option<i64>,
    pub(crate) landing_memory_bytes: Option<i64>,
}

impl AsMut<General> for Typed {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

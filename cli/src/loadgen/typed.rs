//! What was typed, before it means anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::options::shared::general::General;
use crate::options::shared::requestor::{Requestor, Requests};
use crate::options::shared::sending::Sending;

/// The options of loadgen as they were typed; what was left out is `None` or `false`. Numbers are
/// within the ranges of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// Everything that was typed, by name; for the results.
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) general: General,
    pub(crate) requestor: Requestor,
    pub(crate) sending: Sending,
    pub(crate) source: Option<Source>,
    pub(crate) syntax: Option<OsString>,
    pub(crate) count: Option<i64>,
    pub(crate) duration_seconds: Option<i64>,
    pub(crate) warm_up_seconds: Option<i64>,
    pub(crate) arrival_rate: Option<i64>,
    pub(crate) fixed_arrivals: bool,
    pub(crate) ramp_seconds: Option<i64>,
    pub(crate) per_object: bool,
    pub(crate) faults: Vec<OsString>,
    pub(crate) seed: Option<i64>,
    pub(crate) receiver_pid: Option<i64>,
    pub(crate) sync: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) plot: Option<PathBuf>,
    pub(crate) expectations: Vec<OsString>,
    pub(crate) verify: Option<PathBuf>,
}

/// Where objects come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The mix of this name.
    Mix(&'static str),
    /// Made up, with so many bytes.
    Size(i64),
    /// The files below this directory.
    Files(PathBuf),
}

impl AsMut<General> for Typed {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

impl AsMut<Requestor> for Typed {
    fn as_mut(&mut self) -> &mut Requestor {
        &mut self.requestor
    }
}

impl AsMut<Sending> for Typed {
    fn as_mut(&mut self) -> &mut Sending {
        &mut self.sending
    }
}

impl Requests for Typed {
    const AE_TITLE: &'static str = "LOADGEN";
}

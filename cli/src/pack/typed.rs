//! What was typed, before it means anything.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::options::Value;
use crate::options::shared::general::General;

/// What objects are selected by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Instance,
    Series,
    Study,
}

/// The options of pack as they were typed. Numbers are within the ranges of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) general: General,
    pub(crate) command: OsString,
    pub(crate) packs: Vec<PathBuf>,
    pub(crate) key: Option<(KeyKind, OsString)>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) extension: Option<OsString>,
    pub(crate) on_duplicate: Option<&'static str>,
    pub(crate) allow_unsealed: bool,
    pub(crate) json: bool,
    pub(crate) threads: Option<i64>,
}

impl Typed {
    /// Notes the UID that objects are selected by.
    pub(crate) fn select(&mut self, kind: KeyKind, values: &[Value]) {
        self.key = Some((kind, values[0].text().to_owned()));
    }
}

impl AsMut<General> for Typed {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

//! `loadgen compare`: two files of results.

use std::path::PathBuf;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::loadgen::COMPARE;
use crate::options::shared::general::General;
use crate::start::Command;

/// What was typed, and all there is to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) general: General,
    /// The results of one run.
    pub(crate) a: PathBuf,
    /// The results of the other.
    pub(crate) b: PathBuf,
}

impl AsMut<General> for Comparison {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

impl Command for Comparison {
    type Settings = Self;

    fn tool() -> &'static Tool<Self> {
        &COMPARE
    }

    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        let parameters = line.parameters(&["a.json", "b.json"], 2)?;
        (self.a, self.b) = ((&parameters[0]).into(), (&parameters[1]).into());
        Ok(())
    }

    fn resolve(&self) -> Result<Self, UsageError> {
        Ok(self.clone())
    }
}

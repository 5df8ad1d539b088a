//! `pdvault echoscu`: from the command line to C-ECHO.

mod run;
mod settings;
#[cfg(test)]
mod tests;
mod typed;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::echoscu::TOOL;
use crate::options::shared::client_tls::WITHOUT_PARAMETERS;
use crate::start::{self, Command};

pub(crate) use settings::{SYNTAXES, Settings};
pub(crate) use typed::Typed;

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    start::start::<Typed>(words, |settings| run::run(&settings))
}

impl Command for Typed {
    type Settings = Settings;

    fn tool() -> &'static Tool<Self> {
        &TOOL
    }

    /// None with an option of [`WITHOUT_PARAMETERS`], which is refused afterwards.
    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        if WITHOUT_PARAMETERS.iter().any(|long| line.is_selected(long)) {
            return Ok(());
        }
        let parameters = line.parameters(&["peer", "port"], 2)?;
        self.requestor.note_peer(&parameters[0], &parameters[1])
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Settings::resolve(self)
    }
}

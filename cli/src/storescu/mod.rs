//! `pdvault storescu`: from the command line to a job that sends files.

mod identity;
mod job;
mod profile;
mod settings;
#[cfg(test)]
mod tests;
mod typed;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::shared::client_tls::WITHOUT_PARAMETERS;
use crate::options::storescu::TOOL;
use crate::start::{self, Command};

pub(crate) use settings::{InputFormat, RETRIES_MAX, Settings};
pub(crate) use typed::{Typed, TypedIdentity, TypedPasscode};

/// The parameters; of the last there may be many.
const PARAMETERS: &[&str] = &["peer", "port", "dcmfile-in"];

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    start::start::<Typed>(words, |settings| job::run(&settings))
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
        let parameters = line.parameters(PARAMETERS, usize::MAX)?;
        self.requestor.note_peer(&parameters[0], &parameters[1])?;
        self.inputs = parameters[2..].iter().map(Into::into).collect();
        Ok(())
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Settings::resolve(self)
    }
}

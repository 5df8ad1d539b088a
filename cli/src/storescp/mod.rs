//! `pdvault storescp`: from the command line to a running receiver.

mod directory;
mod open_files;
mod report;
mod run;
mod settings;
mod typed;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{self, CommandLine, UsageError};
use crate::options::Tool;
use crate::options::storescp::TOOL;
use crate::start::{self, Command};

pub(crate) use settings::Settings;
pub(crate) use typed::Typed;

/// Options with which DCMTK asks for no port. None works here; the error should be about them.
const WITHOUT_PORT: &[&str] = &["--inetd", "--list-profiles", "--list-ciphers"];

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    start::start::<Typed>(words, run::run)
}

impl Command for Typed {
    type Settings = Settings;

    fn tool() -> &'static Tool<Self> {
        &TOOL
    }

    /// The port to listen on; none with an option of [`WITHOUT_PORT`], which is refused afterwards.
    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        if WITHOUT_PORT.iter().any(|long| line.is_selected(long)) {
            return Ok(());
        }
        let parameters = line.parameters(&["port"], 1)?;
        self.port = grammar::port(&parameters[0])?;
        Ok(())
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Settings::resolve(self)
    }
}

#[cfg(test)]
mod tests;

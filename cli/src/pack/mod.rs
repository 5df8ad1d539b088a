//! `pdvault pack`: from the command line to what is in a pack.

mod extract;
mod index;
mod list;
mod open;
mod progress;
mod run;
mod select;
mod settings;
mod stat;
#[cfg(test)]
mod tests;
mod typed;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::pack::TOOL;
use crate::start::{self, Command};

pub(crate) use settings::{Settings, THREADS_MAX};
pub(crate) use typed::{KeyKind, Typed};

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    start::start::<Typed>(words, |settings| run::run(&settings))
}

impl Command for Typed {
    type Settings = Settings;

    fn tool() -> &'static Tool<Self> {
        &TOOL
    }

    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        let parameters = line.parameters(&["command", "pack"], usize::MAX)?;
        self.command.clone_from(&parameters[0]);
        self.packs = parameters[1..].iter().map(Into::into).collect();
        Ok(())
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Settings::resolve(self)
    }
}

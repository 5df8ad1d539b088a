//! `pdvault demo`: from the command line to a receiver and a sender.

mod run;
mod typed;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::demo::TOOL;
use crate::start::{self, Command};

pub(crate) use typed::Typed;

/// There is nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings;

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    start::start::<Typed>(words, run::run)
}

impl Command for Typed {
    type Settings = Settings;

    fn tool() -> &'static Tool<Self> {
        &TOOL
    }

    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        line.parameters(&[], 0).map(|_| ())
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Ok(Settings)
    }
}

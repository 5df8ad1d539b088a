//! `pdvault loadgen`: from the command line to a load test.

mod comparison;
mod outputs;
mod run;
mod settings;
#[cfg(test)]
mod tests;
mod typed;
pub(crate) mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::grammar::{CommandLine, UsageError};
use crate::options::Tool;
use crate::options::loadgen::TOOL;
use crate::start::{self, Command};

pub(crate) use comparison::Comparison;
pub(crate) use settings::{RATE_MAX, Settings};
pub(crate) use typed::{Source, Typed};

/// Runs the tool with the words after its name.
pub(crate) fn main(mut words: Vec<OsString>) -> ExitCode {
    if words.first().is_some_and(|word| word == "compare") {
        words.remove(0);
        return start::start::<Comparison>(words, run::compare);
    }
    start::start::<Typed>(words, |settings| run::run(&settings))
}

impl Command for Typed {
    type Settings = Settings;

    fn tool() -> &'static Tool<Self> {
        &TOOL
    }

    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError> {
        let parameters = line.parameters(&["peer", "port"], 2)?;
        self.requestor.note_peer(&parameters[0], &parameters[1])?;
        for (name, words) in line.selected() {
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            let values = self.options.entry(name.to_owned()).or_default();
            if !values.is_empty() {
                values.push(' ');
            }
            values.push_str(&words.join(" "));
        }
        Ok(())
    }

    fn resolve(&self) -> Result<Settings, UsageError> {
        Settings::resolve(self)
    }
}

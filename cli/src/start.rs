//! From the words of a command line to a tool that runs: the same way for every tool.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use crate::grammar::{self, CommandLine, Stage, UsageError};
use crate::help;
use crate::logging::{self, Threshold};
use crate::options::shared::general::General;
use crate::options::{Answer, Tool};

/// What is typed for a tool, and what it means.
pub(crate) trait Command: AsMut<General> + Default + 'static {
    /// What the tool is told.
    type Settings;

    /// The table.
    fn tool() -> &'static Tool<Self>;

    /// Notes the parameters.
    ///
    /// # Errors
    /// Too few, too many, or one that can't be.
    fn note_parameters(&mut self, line: &CommandLine<Self>) -> Result<(), UsageError>;

    /// Puts defaults where nothing was typed.
    ///
    /// # Errors
    /// A value or a combination that the table can't judge.
    fn resolve(&self) -> Result<Self::Settings, UsageError>;
}

/// Runs a tool with the words after its name.
pub(crate) fn start<C: Command>(
    words: Vec<OsString>,
    run: impl FnOnce(C::Settings) -> ExitCode,
) -> ExitCode {
    let mut typed = C::default();
    match settle(words, &mut typed) {
        Ok(Some(settings)) => {
            let code = run(settings);
            logging::flush();
            code
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            if is_shown(&error, typed.as_mut().threshold()) {
                logging::flush();
                help::print_error(C::tool(), &error.text);
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether an error's text is shown: `-q` silences what is found after logging is set up.
fn is_shown(error: &UsageError, threshold: Threshold) -> bool {
    error.stage != Stage::Judging || logging::shows_errors(threshold)
}

/// Reads the command line; `None` when it only asked for a text, which is then printed. `typed`
/// holds what was understood, also after an error.
fn settle<C: Command>(
    words: Vec<OsString>,
    typed: &mut C,
) -> Result<Option<C::Settings>, UsageError> {
    let tool = C::tool();
    let line = grammar::parse(tool, words)?;
    let answer = if line.is_empty() && tool.helps_when_empty {
        Some(Answer::Help)
    } else {
        line.answer()
    };
    if let Some(answer) = answer {
        let text = match answer {
            Answer::Help => help::usage(tool),
            Answer::Version => help::version(tool),
        };
        let printed = logging::print_answer(&text);
        return printed
            .map(|()| None)
            .map_err(|error| UsageError::new(Stage::Reading, unwritten(&error)));
    }
    typed.note_parameters(&line)?;
    let outcome = line.apply_to(typed);
    configure_log(tool.name, typed.as_mut())?;
    if typed.as_mut().arguments {
        logging::always(&arguments_line(tool.name, line.expanded()));
    }
    outcome?;
    if typed.as_mut().log_config.is_none() {
        logging::start(typed.as_mut().threshold());
    }
    typed.resolve().map(Some)
}

/// Starts the log of a configuration file, if one is wanted: what is wrong with later options is
/// judged when it works, as with DCMTK.
fn configure_log(tool: &str, general: &mut General) -> Result<(), UsageError> {
    if let Some(file) = &general.log_config {
        let level = logging::start_configured(tool, file)
            .map_err(|error| UsageError::new(Stage::Reading, error.to_string()))?;
        general.threshold = Some(level);
    }
    Ok(())
}

/// Why what was asked for was not printed.
pub(crate) fn unwritten(error: &io::Error) -> String {
    format!("cannot write to standard output: {error}")
}

/// DCMTK's line for `--arguments`, and the empty one that follows it.
fn arguments_line(name: &str, words: &[OsString]) -> String {
    let quoted: Vec<_> = words
        .iter()
        .map(|word| format!("'{}' ", word.to_string_lossy()))
        .collect();
    let (count, quoted) = (words.len(), quoted.concat());
    format!("calling '{name}' with {count} arguments: {quoted}\n")
}

#[cfg(test)]
mod tests;

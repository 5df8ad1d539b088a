//! `pdvault storescp`: from the command line to a running receiver.

mod directory;
mod open_files;
mod report;
mod run;
mod settings;
mod typed;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use crate::grammar::{self, CommandLine, Leading, Stage, UsageError, leading_unsigned};
use crate::help;
use crate::logging::{self, Threshold};
use crate::options::Answer;
use crate::options::storescp::TOOL;

pub(crate) use settings::Settings;
pub(crate) use typed::Typed;

/// Options with which DCMTK asks for no port. None works here; the error should be about them.
const WITHOUT_PORT: &[&str] = &["--inetd", "--list-profiles", "--list-ciphers"];

/// Runs the tool with the words after its name.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    let mut typed = Typed::default();
    match settle(words, &mut typed) {
        Ok(Some(settings)) => run::run(settings),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            if is_shown(&error, &typed) {
                help::print_error(&TOOL, &error.text);
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether an error's text is shown: `-q` silences what is found after logging is set up.
fn is_shown(error: &UsageError, typed: &Typed) -> bool {
    error.stage != Stage::Judging || threshold(typed) <= Threshold::Error
}

fn threshold(typed: &Typed) -> Threshold {
    typed.threshold.unwrap_or(Threshold::Warn)
}

/// Reads the command line; `None` when it only asked for a text, which is then printed. `typed`
/// holds what was understood, also after an error.
fn settle(words: Vec<OsString>, typed: &mut Typed) -> Result<Option<Settings>, UsageError> {
    let line = grammar::parse(&TOOL, words)?;
    let answer = if line.is_empty() {
        Some(Answer::Help)
    } else {
        line.answer()
    };
    if let Some(answer) = answer {
        logging::print(&match answer {
            Answer::Help => help::usage(&TOOL),
            Answer::Version => help::version(&TOOL),
        });
        return Ok(None);
    }
    typed.port = port(&line)?;
    let outcome = line.apply_to(typed);
    if typed.arguments {
        logging::always(&arguments_line(line.expanded()));
    }
    outcome?;
    let settings = Settings::resolve(typed)?;
    logging::start(threshold(typed));
    Ok(Some(settings))
}

/// The port to listen on; 0 with an option of [`WITHOUT_PORT`], which is refused afterwards.
fn port(line: &CommandLine<Typed>) -> Result<u16, UsageError> {
    if WITHOUT_PORT.iter().any(|long| line.is_selected(long)) {
        return Ok(0);
    }
    let number = match line.single_parameter()? {
        Some(word) => port_number(word),
        None => Err("Missing parameter port".to_owned()),
    };
    number.map_err(|text| UsageError::new(Stage::Reading, text))
}

fn port_number(word: &OsStr) -> Result<u16, String> {
    let text = word.to_string_lossy();
    let invalid = format!("Invalid parameter value {text}");
    match leading_unsigned(&text) {
        Leading::Nothing => Err(invalid),
        Leading::Number(0) => Err(format!("{invalid} (underflow)")),
        // DCMTK reads a negative number as a huge one.
        Leading::Negative => Err(format!("{invalid} (overflow)")),
        Leading::Number(number) => {
            u16::try_from(number).map_err(|_| format!("{invalid} (overflow)"))
        }
    }
}

/// DCMTK's line for `--arguments`, and the empty one that follows it.
fn arguments_line(words: &[OsString]) -> String {
    let quoted: Vec<_> = words
        .iter()
        .map(|word| format!("'{}' ", word.to_string_lossy()))
        .collect();
    let (name, count, quoted) = (TOOL.name, words.len(), quoted.concat());
    format!("calling '{name}' with {count} arguments: {quoted}\n")
}

#[cfg(test)]
mod tests;

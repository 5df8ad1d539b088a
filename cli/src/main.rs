//! The `pdvault` binary: one subcommand a tool.
//!
//! Called through a link named as a tool it is that tool, so that a script that runs `storescp`
//! need not change.

#![forbid(unsafe_code)]

mod completions;
mod demo;
mod echoscu;
mod grammar;

mod help;
mod loadgen;
mod logging;
mod man;
mod meaning;
mod options;
mod pack;
mod programs;
mod requesting;
mod signals;
mod start;
mod storescp;
mod storescu;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use programs::{PROGRAMS, program};

fn main() -> ExitCode {
    let mut words = env::args_os();
    let name = words.next().unwrap_or_default();
    let words: Vec<_> = words.collect();
    let link = Path::new(&name).file_name().and_then(OsStr::to_str);
    match link.and_then(program).filter(|program| program.has_link) {
        Some(program) => (program.main)(words),
        None => command(words),
    }
}

/// Runs `pdvault <command> ...`.
fn command(mut words: Vec<OsString>) -> ExitCode {
    if words.is_empty() {
        return answer(&usage());
    }
    let command = words.remove(0);
    if let Some(program) = command.to_str().and_then(program) {
        return (program.main)(words);
    }
    match command.to_str() {
        Some("completions") => print_chosen(
            &words,
            completions::USAGE,
            completions::SHELLS,
            completions::script,
        ),
        Some("man") => print_chosen(&words, &man::usage(), &programs::names(), |name| {
            program(name).map(|program| (program.man)())
        }),
        Some("-h" | "--help" | "help") => answer(&usage()),
        Some("-V" | "--version") => answer(&format!("pdvault {}\n", env!("CARGO_PKG_VERSION"))),
        _ => fail(&format!("Unknown command {}", command.to_string_lossy())),
    }
}

/// Prints what `text` makes of the only word, which must be one of `choices`, or the usage of the
/// command.
fn print_chosen(
    words: &[OsString],
    usage: &str,
    choices: &[&str],
    text: impl Fn(&str) -> Option<String>,
) -> ExitCode {
    let expected = choices.join(", ");
    let [word] = words else {
        return fail(&format!("one of these expected: {expected}"));
    };
    if word == "--help" || word == "-h" {
        return answer(usage);
    }
    let chosen = choices
        .iter()
        .find(|choice| word == **choice)
        .and_then(|choice| text(choice));
    match chosen {
        Some(text) => answer(&text),
        None => fail(&format!(
            "{} is unknown, one of these expected: {expected}",
            word.to_string_lossy()
        )),
    }
}

fn answer(text: &str) -> ExitCode {
    match logging::print_answer(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::print_error(&format!("pdvault: error: {}\n", start::unwritten(&error)));
            ExitCode::FAILURE
        }
    }
}

fn fail(text: &str) -> ExitCode {
    logging::print_error(&format!("pdvault: error: {text} (see pdvault --help)\n"));
    ExitCode::FAILURE
}

fn usage() -> String {
    let tools: Vec<_> = PROGRAMS
        .iter()
        .map(|program| format!("       pdvault {} {}\n", program.name, program.usage))
        .collect();
    let commands: Vec<_> = completions::commands()
        .map(|(name, what)| format!("  {name:<14}{what}\n"))
        .collect();
    format!(
        "pdvault: receives DICOM objects and puts them on stable storage, and sends them\n\n\
         usage: {}       \
         pdvault completions bash|zsh|fish\n       \
         pdvault man {}\n       \
         pdvault --help | --version\n\n\
         commands:\n{}\n\
         A link to this program named storescp, storescu or echoscu runs that tool. The\n\
         options of each: pdvault storescp --help\n",
        tools.concat().trim_start(),
        programs::names().join("|"),
        commands.concat()
    )
}

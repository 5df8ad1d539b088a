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
mod start;
mod storescp;
mod storescu;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use options::storescp::TOOL;

fn main() -> ExitCode {
    let mut words = env::args_os();
    let program = words.next().unwrap_or_default();
    let words: Vec<_> = words.collect();
    if Path::new(&program).file_name() == Some(OsStr::new(TOOL.name)) {
        return storescp::main(words);
    }
    command(words)
}

/// Runs `pdvault <command> ...`.
fn command(mut words: Vec<OsString>) -> ExitCode {
    if words.is_empty() {
        logging::print(&usage());
        return ExitCode::SUCCESS;
    }
    let command = words.remove(0);
    match command.to_str() {
        Some("storescp") => storescp::main(words),
        Some("storescu") => storescu::main(words),
        Some("echoscu") => echoscu::main(words),
        Some("loadgen") => loadgen::main(words),
        Some("demo") => demo::main(words),
        Some("completions") => {
            print_chosen(&words, completions::USAGE, completions::SHELLS, |shell| {
                completions::script(shell, &TOOL)
            })
        }
        Some("man") => print_chosen(&words, man::USAGE, &[TOOL.name], |_| Some(man::page(&TOOL))),
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
    logging::print(text);
    ExitCode::SUCCESS
}

fn fail(text: &str) -> ExitCode {
    logging::print_error(&format!("pdvault: error: {text} (see pdvault --help)\n"));
    ExitCode::FAILURE
}

fn usage() -> String {
    let commands: Vec<_> = completions::COMMANDS
        .iter()
        .map(|(name, what)| format!("  {name:<14}{what}\n"))
        .collect();
    format!(
        "pdvault: receives DICOM objects and puts them on stable storage\n\n\
         usage: pdvault storescp [options] [port]\n       \
         pdvault completions bash|zsh|fish\n       \
         pdvault man storescp\n       \
         pdvault --help | --version\n\n\
         commands:\n{}\n\
         A link to this program named storescp runs `pdvault storescp`. Its options:\n\
         pdvault storescp --help\n",
        commands.concat()
    )
}

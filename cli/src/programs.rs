//! The tools of `pdvault`.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::completions::{self, Fragments};
use crate::{demo, echoscu, loadgen, man, options, pack, storescp, storescu};

/// A tool, whatever its options are noted in.
pub(crate) struct Program {
    /// The name of the subcommand.
    pub(crate) name: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// Whether a link of its name calls it.
    pub(crate) has_link: bool,
    /// What follows the name in the usage line.
    pub(crate) usage: &'static str,
    /// Runs it with the words after its name.
    pub(crate) main: fn(Vec<OsString>) -> ExitCode,
    /// Its manual page.
    pub(crate) man: fn() -> String,
    /// Its part of the completions.
    pub(crate) fragments: fn() -> Fragments,
}

/// The tool of a module that exists both here and among the options.
macro_rules! program {
    ($module:ident, $summary:literal) => {
        Program {
            name: options::$module::TOOL.name,
            summary: $summary,
            has_link: options::$module::TOOL.has_link,
            usage: options::$module::TOOL.usage,
            main: $module::main,
            man: || man::page(&options::$module::TOOL),
            fragments: || completions::fragments(&options::$module::TOOL),
        }
    };
}

/// All of them.
pub(crate) static PROGRAMS: [Program; 6] = [
    program!(storescp, "receive DICOM objects"),
    program!(storescu, "send DICOM files"),
    program!(echoscu, "ask whether a DICOM peer answers"),
    program!(loadgen, "measure a receiver under load"),
    program!(pack, "list, extract and verify objects in packs"),
    program!(demo, "receive and send on this machine for a few seconds"),
];

/// The tool of this name.
pub(crate) fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The names of all tools.
pub(crate) fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|program| program.name).collect()
}

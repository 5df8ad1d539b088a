//! One table per tool, with an entry per option. Parsing, help, man page and shell completions
//! all come from it, so they can't disagree.

mod arguments;
#[cfg(test)]
mod checks;
pub(crate) mod demo;
pub(crate) mod echoscu;
mod entry;
pub(crate) mod loadgen;
pub(crate) mod pack;
pub(crate) mod shared;
pub(crate) mod storescp;
pub(crate) mod storescu;

pub(crate) use arguments::{
    COUNT_MAX, DIRECTORY, FILE_NAME, SECONDS_MAX, bound, seconds, text, unsigned,
};
pub(crate) use entry::{
    Answer, Argument, Effect, Entry, Kind, Manual, Rate, Section, Tool, Value, entry,
};

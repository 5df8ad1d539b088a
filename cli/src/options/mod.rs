//! One table per tool, with an entry per option. Parsing, help, man page and shell completions
//! all come from it, so they can't disagree.

mod entry;
pub(crate) mod storescp;

pub(crate) use entry::{Answer, Argument, Effect, Entry, Kind, Section, Tool, Value, entry};

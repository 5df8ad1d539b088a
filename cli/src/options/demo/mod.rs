//! The options of demo: there is nothing to choose.

#[cfg(test)]
mod tests;

use super::shared::general;
use super::{Manual, Section, Tool};
use crate::demo::Typed;

static GENERAL: Section<Typed> = general::general();

static MANUAL: Manual = Manual {
    sections: &[],
    exit_status: "0 when every object arrived and is as it was sent; 1 when not, when none arrived, \
        or when the demonstration can't start.",
    files: &[],
    examples: &[("pdvault demo", "Shows what this machine can do.")],
};

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "demo",
    has_link: false,
    title: "receiver and sender on this machine, for a few seconds",
    description: "demo starts a receiver on a free port of this machine, which stores in a \
        temporary directory, sends it a mixed load, compares every stored file with what was sent, \
        tells rate, latency and where the time went, and removes everything again. It takes less \
        than ten seconds and needs no other program.",
    usage: "[options]",
    helps_when_empty: false,
    parameters: &[],
    takes_files: false,
    manual: &MANUAL,
    sections: &[&GENERAL],
};

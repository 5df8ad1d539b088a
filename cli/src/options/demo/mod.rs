//! The options of demo: there is nothing to choose.

use super::shared::general;
use super::{Section, Tool};
use crate::demo::Typed;

static GENERAL: Section<Typed> = general::general();

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "demo",
    title: "receiver and sender on this machine, for a few seconds",
    description: "demo starts a receiver on a free port of this machine, which stores in a \
        temporary directory, sends it a mixed load, compares every stored file with what was sent, \
        tells rate, latency and where the time went, and removes everything again. It takes less \
        than ten seconds and needs no other program.",
    usage: "[options]",
    helps_when_empty: false,
    parameters: &[],
    sections: &[&GENERAL],
};

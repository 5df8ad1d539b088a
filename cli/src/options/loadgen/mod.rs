//! The options of loadgen.

mod load;
mod manual;
mod objects;
mod results;
#[cfg(test)]
mod tests;

use super::shared::requestor::{
    self, acse_timeout, connect_timeout, dimse_timeout, max_pdu, socket_timeout,
};
use super::shared::{general, sending};
use super::{Section, Tool};
use crate::loadgen::{Comparison, Typed};

static GENERAL: Section<Typed> = general::general();
static IP: Section<Typed> = requestor::ip();
static TITLES: Section<Typed> = requestor::titles();
static OTHER: Section<Typed> = Section {
    title: "other network options",
    entries: &[
        connect_timeout(),
        socket_timeout(),
        acse_timeout(),
        dimse_timeout(),
        max_pdu(),
        sending::max_send_pdu(),
    ],
};

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "loadgen",
    has_link: false,
    title: "load generator for DICOM storage SCPs",
    description: "loadgen sends objects to a storage SCP as fast as it takes them, or at a rate \
        that does not wait for it, and tells throughput and latency. Objects are made up, each \
        with UIDs of its own, or taken from a directory. With --arrival-rate latency counts from \
        the time an object was due, so a receiver that falls behind can't hide it. `loadgen \
        compare A.json B.json` shows what changed between two runs.",
    usage: "[options] peer port | compare a.json b.json",
    helps_when_empty: true,
    parameters: &[
        ("peer", "host name or address of the receiver"),
        ("port", "tcp/ip port number of the receiver, 1 to 65535"),
    ],
    takes_files: false,
    manual: &manual::MANUAL,
    sections: &[
        &GENERAL,
        &objects::OBJECTS,
        &load::LENGTH,
        &load::LOAD,
        &load::FAULTS,
        &results::RESULTS,
        &IP,
        &TITLES,
        &OTHER,
    ],
};

static COMPARE_GENERAL: Section<Comparison> = general::general();

/// `loadgen compare` and its table.
pub(crate) static COMPARE: Tool<Comparison> = Tool {
    name: "loadgen compare",
    has_link: false,
    title: "differences between two load tests",
    description: "loadgen compare shows the results of two runs of loadgen side by side, and what \
        was not the same about them: host, versions, options.",
    usage: "[options] a.json b.json",
    helps_when_empty: true,
    parameters: &[
        ("a.json", "results of one run, written by loadgen --json"),
        ("b.json", "results of the other"),
    ],
    takes_files: true,
    manual: &manual::COMPARE_MANUAL,
    sections: &[&COMPARE_GENERAL],
};

//! The options of storescp: DCMTK's, each with what becomes of it here, and our own.

mod events;
mod manual;
mod negotiation;
mod network;
mod output;
mod storage;
mod tls;

use super::shared::general;
use super::{Section, Tool};
use crate::storescp::Typed;

static GENERAL: Section<Typed> = general::general();

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "storescp",
    has_link: true,
    title: "DICOM storage (C-STORE) SCP",
    description: "storescp waits for DICOM associations on a TCP port, receives the objects that \
        peers send with C-STORE, and answers C-ECHO. Every data set is written exactly as it \
        arrived, behind a file meta header, and Success is sent only when the object is on stable \
        storage (see --durability). The command line is that of DCMTK's storescp; options of it \
        that do not work here are refused, never ignored.",
    usage: "[options] [port]",
    helps_when_empty: true,
    parameters: &[("port", "tcp/ip port number to listen on, 1 to 65535")],
    takes_files: false,
    manual: &manual::MANUAL,
    sections: &[
        &GENERAL,
        &negotiation::DUMP,
        &network::PROCESSES,
        &network::NETWORK,
        &negotiation::PROFILE,
        &negotiation::PREFERENCE,
        &network::ACCESS,
        &network::TESTING,
        &tls::STACK,
        &tls::KEYS,
        &tls::TRUST,
        &tls::PEERS,
        &tls::PROFILES,
        &tls::SERVER,
        &tls::OTHER,
        &output::GENERAL,
        &output::FORMAT,
        &output::ENCODING,
        &output::SORTING,
        &output::NAMES,
        &storage::STORAGE,
        &events::EVENTS,
    ],
};

#[cfg(test)]
mod tests;

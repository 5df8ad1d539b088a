//! The options of storescu: DCMTK's, each with what becomes of it here, and our own.

mod identity;
mod input;
mod manual;
mod network;
mod objects;
mod ours;
mod proposal;
#[cfg(test)]
mod tests;

use super::shared::tls::TlsSide;
use super::shared::{client_tls, general, requestor, tls};
use super::{Section, Tool};
use crate::storescu::Typed;

static GENERAL: Section<Typed> = general::general();
static IP: Section<Typed> = requestor::ip();
static TITLES: Section<Typed> = requestor::titles();
static TLS_STACK: Section<Typed> = client_tls::stack();
static TLS_KEYS: Section<Typed> = tls::keys();
static TLS_TRUST: Section<Typed> = tls::trust();
static TLS_PEER: Section<Typed> = client_tls::peer();
static TLS_PROFILES: Section<Typed> = tls::profiles();
static TLS_OTHER: Section<Typed> = tls::other();

impl TlsSide for Typed {
    const WITH_TLS: &'static [&'static str] = client_tls::WITH_TLS;
    const NAME_OPTIONS: &'static [&'static [&'static str]] = client_tls::NAME_OPTIONS;
}

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "storescu",
    has_link: true,
    title: "DICOM storage (C-STORE) SCU",
    description: "storescu sends DICOM files to a storage SCP with C-STORE and waits for the \
        answer to each. Files are sent as they are wherever the peer takes their transfer syntax; \
        native, big endian and deflated encodings are converted into each other where it does not. \
        The command line is that of DCMTK's storescu; options of it that do not work here are \
        refused, never ignored. For moving an archive: --journal and --resume continue after a \
        break, --associations and --async-ops make it fast, --retry survives short outages.",
    usage: "[options] peer port dcmfile-in...",
    helps_when_empty: true,
    parameters: &[
        ("peer", "host name or address of the DICOM peer"),
        ("port", "tcp/ip port number of the peer, 1 to 65535"),
        ("dcmfile-in", "DICOM file or directory to be sent"),
    ],
    takes_files: true,
    manual: &manual::MANUAL,
    sections: &[
        &GENERAL,
        &input::DUMP,
        &input::FORMAT,
        &input::FILES,
        &IP,
        &TITLES,
        &proposal::PROFILE,
        &proposal::SYNTAXES,
        &proposal::CONTEXTS,
        &objects::ENCODING,
        &identity::IDENTITY,
        &network::OTHER,
        &objects::INVENTED,
        &ours::SPEED,
        &ours::RELIABILITY,
        &TLS_STACK,
        &TLS_KEYS,
        &TLS_TRUST,
        &TLS_PEER,
        &TLS_PROFILES,
        &TLS_OTHER,
    ],
};

//! The options of echoscu: DCMTK's, each with what becomes of it here.

#[cfg(test)]
mod tests;

use super::shared::requestor::{
    acse_timeout, connect_timeout, dimse_timeout, max_pdu, socket_timeout,
};
use super::shared::tls::TlsSide;
use super::shared::{client_tls, general, requestor, tls};
use super::{COUNT_MAX, FILE_NAME, Manual, Section, Tool, bound, entry, unsigned};
use crate::echoscu::{SYNTAXES, Typed};
use pdvault_engine::association::proposal::CONTEXTS_MAX;

const NO_CHECK: &str = "TLS is not built yet; openssl verify checks a certificate";

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

static NEGOTIATION: Section<Typed> = Section {
    title: "association negotiation debugging",
    entries: &[
        entry(
            "--propose-ts",
            "propose so many transfer syntaxes",
            "Proposes this many transfer syntaxes in each context, implicit VR little endian \
             first; for testing the negotiation of a peer.",
        )
        .short("-pts")
        .takes(&[unsigned("number", 1, bound(SYNTAXES.len()))])
        .default("1")
        .works(|typed, values| typed.syntaxes = Some(values[0].number())),
        entry(
            "--propose-pc",
            "propose so many presentation contexts",
            "Proposes this many presentation contexts, all the same; for testing the negotiation \
             of a peer.",
        )
        .short("-ppc")
        .takes(&[unsigned("number", 1, bound(CONTEXTS_MAX))])
        .default("1")
        .works(|typed, values| typed.contexts = Some(values[0].number())),
    ],
};

static OTHER: Section<Typed> = Section {
    title: "other network options",
    entries: &[
        connect_timeout(),
        socket_timeout(),
        acse_timeout(),
        dimse_timeout(),
        max_pdu(),
        entry(
            "--repeat",
            "ask so many times",
            "Sends this many C-ECHO requests in one association, each after the answer to the one \
             before.",
        )
        .takes(&[unsigned("count", 1, COUNT_MAX)])
        .default("1")
        .works(|typed, values| typed.repeat = Some(values[0].number())),
        entry(
            "--abort",
            "end the association by an abort",
            "Ends the association by A-ABORT instead of a release; for testing peers.",
        )
        .works(|typed, _| typed.abort = true),
    ],
};

static CHECKS: Section<Typed> = Section {
    title: "offline certificate verification",
    entries: &[
        entry(
            "--verify-cert",
            "check a certificate and exit",
            "Checks whether the certificate of this file would be accepted, and ends.",
        )
        .short("+vc")
        .takes(&[FILE_NAME])
        .not_yet(NO_CHECK),
        entry(
            "--is-root-cert",
            "check for a root certificate and exit",
            "Checks whether the certificate of this file is a self-signed root, and ends.",
        )
        .short("+rc")
        .takes(&[FILE_NAME])
        .not_yet(NO_CHECK),
    ],
};

static MANUAL: Manual = Manual {
    sections: &[],
    exit_status: "0 when the peer answered every request with Success, also with --abort; 1 when \
        the command line is wrong, the peer can't be reached, rejects the association or refuses \
        the context, or an answer is missing or tells a failure.",
    files: &[],
    examples: &[
        (
            "echoscu -v -aet ME -aec ARCHIVE archive.example 104",
            "Asks whether the archive knows both titles and answers.",
        ),
        (
            "echoscu -to 5 localhost 11112 && echo up",
            "Waits no more than five seconds for the connection.",
        ),
    ],
};

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "echoscu",
    has_link: true,
    title: "DICOM verification (C-ECHO) SCU",
    description: "echoscu opens an association with a DICOM peer, sends C-ECHO, and ends with exit \
        code 0 if the peer answers: the shortest way to find out whether host, port and AE titles \
        are right. The command line is that of DCMTK's echoscu; options of it that do not work \
        here are refused, never ignored.",
    usage: "[options] peer port",
    helps_when_empty: true,
    parameters: &[
        ("peer", "host name or address of the DICOM peer"),
        ("port", "tcp/ip port number of the peer, 1 to 65535"),
    ],
    takes_files: false,
    manual: &MANUAL,
    sections: &[
        &GENERAL,
        &IP,
        &TITLES,
        &OTHER,
        &NEGOTIATION,
        &TLS_STACK,
        &TLS_KEYS,
        &TLS_TRUST,
        &TLS_PEER,
        &TLS_PROFILES,
        &TLS_OTHER,
        &CHECKS,
    ],
};

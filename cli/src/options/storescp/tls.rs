//! Transport layer security, of a server.

use super::super::shared::tls::{self, KEY_AND_CERTIFICATE, NO_TLS, PEER, TRANSPORT, TlsSide};
use super::super::{FILE_NAME, Section, entry, text};
use super::Typed;

const WITH_TLS: &[&str] = &["--enable-tls"];

impl TlsSide for Typed {
    const WITH_TLS: &'static [&'static str] = WITH_TLS;
    const NAME_OPTIONS: &'static [&'static [&'static str]] = &[&["--expect-sni"]];
}

pub(super) static STACK: Section<Typed> = Section {
    title: "transport protocol stack",
    entries: &[
        entry(
            "--disable-tls",
            "plain TCP connections",
            "Serves plain TCP connections.",
        )
        .short("-tls")
        .group(TRANSPORT)
        .default("yes")
        .works(|_, _| {}),
        entry(
            "--enable-tls",
            "TLS connections",
            "Serves TLS connections with the private key and the certificate of these files.",
        )
        .short("+tls")
        .group(TRANSPORT)
        .takes(KEY_AND_CERTIFICATE)
        .not_yet(NO_TLS),
    ],
};

pub(super) static KEYS: Section<Typed> = tls::keys();
pub(super) static TRUST: Section<Typed> = tls::trust();

pub(super) static PEERS: Section<Typed> = Section {
    title: "peer authentication",
    entries: &[
        tls::require_peer_cert(),
        entry(
            "--verify-peer-cert",
            "verify a certificate if there is one",
            "Verifies the peer's certificate when it sends one.",
        )
        .short("-vc")
        .group(PEER)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        tls::ignore_peer_cert(),
    ],
};

pub(super) static PROFILES: Section<Typed> = tls::profiles();

pub(super) static SERVER: Section<Typed> = Section {
    title: "server parameters",
    entries: &[
        entry(
            "--dhparam",
            "Diffie-Hellman parameters",
            "Reads the Diffie-Hellman parameters of DHE and DSS suites from this file.",
        )
        .short("+dp")
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--expect-sni",
            "refuse clients that ask for another server name",
            "Refuses clients that ask for a server of another name.",
        )
        .takes(&[text("name")])
        .not_yet(NO_TLS),
    ],
};

pub(super) static OTHER: Section<Typed> = tls::other();

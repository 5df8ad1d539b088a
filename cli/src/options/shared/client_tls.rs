//! Transport layer security, of a client: all of it refused.

use super::super::{Section, entry, text};
use super::tls::{self, KEY_AND_CERTIFICATE, NO_TLS, TRANSPORT, TlsSide};

/// The options of which one must be there for the others to make sense.
pub(crate) const WITH_TLS: &[&str] = &["--enable-tls", "--anonymous-tls"];

/// The options about the name of a server.
pub(crate) const NAME_OPTIONS: &[&[&str]] = &[&["--request-sni"]];

/// Options with which DCMTK asks for no parameters. None works here; the error should be about them.
pub(crate) const WITHOUT_PARAMETERS: &[&str] = &["--list-profiles", "--list-ciphers"];

/// Plain connections or TLS.
pub(crate) const fn stack<T: TlsSide>() -> Section<T> {
    Section {
        title: "transport protocol stack",
        entries: const {
            &[
                entry(
                    "--disable-tls",
                    "plain TCP connections",
                    "Connects by plain TCP.",
                )
                .short("-tls")
                .group(TRANSPORT)
                .default("yes")
                .works(|_, _| {}),
                entry(
                    "--enable-tls",
                    "TLS connections",
                    "Connects by TLS with the private key and the certificate of these files.",
                )
                .short("+tls")
                .group(TRANSPORT)
                .takes(KEY_AND_CERTIFICATE)
                .not_yet(NO_TLS),
                entry(
                    "--anonymous-tls",
                    "TLS connections without own certificate",
                    "Connects by TLS and shows no certificate of its own.",
                )
                .short("+tla")
                .group(TRANSPORT)
                .not_yet(NO_TLS),
            ]
        },
    }
}

/// What is asked of the server's certificate, and the name it is asked by.
pub(crate) const fn peer<T: TlsSide>() -> Section<T> {
    Section {
        title: "peer authentication",
        entries: const {
            &[
                tls::require_peer_cert(),
                tls::ignore_peer_cert(),
                entry(
                    "--request-sni",
                    "ask for a server by name",
                    "Asks for the server of this name in the TLS handshake.",
                )
                .takes(const { &[text("name")] })
                .not_yet(NO_TLS),
            ]
        },
    }
}

//! Transport layer security.

use super::super::{Section, entry};
use super::{DIRECTORY, FILE_NAME, Typed, text};
use crate::options::{Argument, Kind};

const TRANSPORT: &str = "transport-stack";
const PASSWORD: &str = "key-password";
const KEY_FORMAT: &str = "key-format";
const CRL: &str = "crl-verification";
const PROFILE: &str = "tls-profile";
const SEED_OUTPUT: &str = "seed-output";
const PEER: &str = "peer-authentication";

const WITH_TLS: &[&str] = &["--enable-tls"];
const NO_TLS: &str = "TLS is not built yet; connections are plain TCP";

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
        .takes(&[
            Argument {
                name: "private-key",
                kind: Kind::Path,
            },
            Argument {
                name: "certificate",
                kind: Kind::Path,
            },
        ])
        .not_yet(NO_TLS),
    ],
};

pub(super) static KEYS: Section<Typed> = Section {
    title: "private key and certificate",
    entries: &[
        entry(
            "--std-passwd",
            "ask for the key's password",
            "Asks for the password of the private key on the terminal.",
        )
        .short("+ps")
        .group(PASSWORD)
        .default("yes")
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--use-passwd",
            "password of the key",
            "Takes the password of the private key from the command line.",
        )
        .short("+pw")
        .group(PASSWORD)
        .takes(&[text("password")])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--null-passwd",
            "key without password",
            "Opens the private key without a password.",
        )
        .short("-pw")
        .group(PASSWORD)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--pem-keys",
            "files are PEM",
            "Reads keys and certificates as PEM files.",
        )
        .short("-pem")
        .group(KEY_FORMAT)
        .default("yes")
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--der-keys",
            "files are DER",
            "Reads keys and certificates as DER files.",
        )
        .short("-der")
        .group(KEY_FORMAT)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
    ],
};

pub(super) static TRUST: Section<Typed> = Section {
    title: "certification authority",
    entries: &[
        entry(
            "--add-cert-file",
            "trust the certificates of a file",
            "Trusts the certificates of this file; may be repeated.",
        )
        .short("+cf")
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--add-cert-dir",
            "trust the certificates of a directory",
            "Trusts the certificates of this directory; may be repeated.",
        )
        .short("+cd")
        .takes(&[DIRECTORY])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--add-crl-file",
            "load a revocation list",
            "Loads a certificate revocation list and checks the peer's certificate against it; \
             may be repeated.",
        )
        .short("+crl")
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--enable-crl-vfy",
            "check the peer against revocation lists",
            "Checks the peer's own certificate against the revocation lists.",
        )
        .short("+crv")
        .group(CRL)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--enable-crl-all",
            "check the whole chain against revocation lists",
            "Checks every certificate of the peer's chain against the revocation lists.",
        )
        .short("+cra")
        .group(CRL)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--require-peer-cert",
            "demand and verify a certificate",
            "Verifies the peer's certificate and refuses a peer without one.",
        )
        .short("-rc")
        .group(PEER)
        .default("yes")
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--verify-peer-cert",
            "verify a certificate if there is one",
            "Verifies the peer's certificate when it sends one.",
        )
        .short("-vc")
        .group(PEER)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--ignore-peer-cert",
            "verify no certificate",
            "Accepts any certificate of a peer, or none.",
        )
        .short("-ic")
        .group(PEER)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
    ],
};

/// A TLS profile, named by what it allows.
macro_rules! profile {
    ($short:literal, $long:literal, $what:literal) => {
        entry(
            $long,
            $what,
            concat!(
                "Allows the protocol versions and cipher suites of: ",
                $what,
                "."
            ),
        )
        .short($short)
        .group(PROFILE)
        .requires(WITH_TLS)
        .not_yet(NO_TLS)
    };
}

pub(super) static PROFILES: Section<Typed> = Section {
    title: "security profile",
    entries: &[
        entry(
            "--list-profiles",
            "list the profiles",
            "Prints the TLS profiles and ends.",
        )
        .short("+ph")
        .not_yet(NO_TLS),
        profile!("+pg", "--profile-8996", "BCP 195 in its RFC 8996 form").default("yes"),
        profile!(
            "+pm",
            "--profile-8996-mod",
            "BCP 195 RFC 8996, modified, with fixed suites"
        ),
        profile!(
            "+py",
            "--profile-bcp195-nd",
            "non-downgrading BCP 195 (retired)"
        ),
        profile!(
            "+px",
            "--profile-bcp195",
            "BCP 195 with older suites (retired)"
        ),
        profile!("+pz", "--profile-bcp195-ex", "extended BCP 195 (retired)"),
        profile!(
            "+pb",
            "--profile-basic",
            "basic profile, triple DES (retired)"
        ),
        profile!("+pa", "--profile-aes", "AES profile (retired)"),
        profile!(
            "+pn",
            "--profile-null",
            "authenticated but not encrypted (retired)"
        ),
        entry(
            "--list-ciphers",
            "list the cipher suites",
            "Prints the cipher suites and ends.",
        )
        .short("+cc")
        .not_yet(NO_TLS),
        entry(
            "--cipher",
            "add a cipher suite",
            "Adds a cipher suite to those of the profile; may be repeated.",
        )
        .short("+cs")
        .takes(&[text("suite")])
        .requires(WITH_TLS)
        .conflicts(&[&["--profile-bcp195-ex"], &["--profile-8996-mod"]])
        .not_yet(NO_TLS),
        entry(
            "--dhparam",
            "Diffie-Hellman parameters",
            "Reads the Diffie-Hellman parameters of DHE and DSS suites from this file.",
        )
        .short("+dp")
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
    ],
};

pub(super) static OTHER: Section<Typed> = Section {
    title: "server name indication and random numbers",
    entries: &[
        entry(
            "--no-sni",
            "do not use server name indication (always on)",
            "Asks for server names to be left unused. There is no TLS, so none is used.",
        )
        .conflicts(&[&["--expect-sni"]])
        .works(|_, _| {}),
        entry(
            "--expect-sni",
            "refuse clients that ask for another server name",
            "Refuses clients that ask for a server of another name.",
        )
        .takes(&[text("name")])
        .not_yet(NO_TLS),
        entry(
            "--seed",
            "seed the random generator",
            "Seeds the random generator from this file.",
        )
        .short("+rs")
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--write-seed",
            "write the seed back",
            "Writes a new seed back to the seed file.",
        )
        .short("+ws")
        .group(SEED_OUTPUT)
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--write-seed-file",
            "write a seed file",
            "Writes a new seed to this file.",
        )
        .short("+wf")
        .group(SEED_OUTPUT)
        .takes(&[FILE_NAME])
        .requires(WITH_TLS)
        .not_yet(NO_TLS),
    ],
};

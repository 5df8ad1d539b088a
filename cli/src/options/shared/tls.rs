//! Transport layer security: the rows that a server and a client share.

use super::super::{Argument, DIRECTORY, Entry, FILE_NAME, Kind, Section, entry, text};

const PASSWORD: &str = "key-password";
const KEY_FORMAT: &str = "key-format";
const CRL: &str = "crl-verification";
const PROFILE: &str = "tls-profile";
const SEED_OUTPUT: &str = "seed-output";

/// The exclusive group of the transport.
pub(crate) const TRANSPORT: &str = "transport-stack";
/// The exclusive group of what is asked of a peer's certificate.
pub(crate) const PEER: &str = "peer-authentication";

/// The option with which an own key and certificate come.
const WITH_KEY: &[&str] = &["--enable-tls"];

pub(crate) const NO_TLS: &str = "TLS is not built yet; connections are plain TCP";

/// Server or client: what differs between them.
pub(crate) trait TlsSide: 'static {
    /// The options that switch TLS on.
    const WITH_TLS: &'static [&'static str];
    /// The option about the name of a server.
    const NAME_OPTIONS: &'static [&'static [&'static str]];
}

/// Private key and certificate.
pub(crate) const fn keys<T: TlsSide>() -> Section<T> {
    Section {
        title: "private key and certificate",
        entries: const {
            &[
                entry(
                    "--std-passwd",
                    "ask for the key's password",
                    "Asks for the password of the private key on the terminal.",
                )
                .short("+ps")
                .group(PASSWORD)
                .default("yes")
                .requires(WITH_KEY)
                .not_yet(NO_TLS),
                entry(
                    "--use-passwd",
                    "password of the key",
                    "Takes the password of the private key from the command line.",
                )
                .short("+pw")
                .group(PASSWORD)
                .takes(const { &[text("password")] })
                .requires(WITH_KEY)
                .not_yet(NO_TLS),
                entry(
                    "--null-passwd",
                    "key without password",
                    "Opens the private key without a password.",
                )
                .short("-pw")
                .group(PASSWORD)
                .requires(WITH_KEY)
                .not_yet(NO_TLS),
                entry(
                    "--pem-keys",
                    "files are PEM",
                    "Reads keys and certificates as PEM files.",
                )
                .short("-pem")
                .group(KEY_FORMAT)
                .default("yes")
                .requires(T::WITH_TLS)
                .not_yet(NO_TLS),
                entry(
                    "--der-keys",
                    "files are DER",
                    "Reads keys and certificates as DER files.",
                )
                .short("-der")
                .group(KEY_FORMAT)
                .requires(T::WITH_TLS)
                .not_yet(NO_TLS),
            ]
        },
    }
}

/// Whose certificates are trusted.
pub(crate) const fn trust<T: TlsSide>() -> Section<T> {
    Section {
        title: "certification authority",
        entries: const {
            &[
        entry(
            "--add-cert-file",
            "trust the certificates of a file",
            "Trusts the certificates of this file; may be repeated.",
        )
        .short("+cf")
        .takes(&[FILE_NAME])
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--add-cert-dir",
            "trust the certificates of a directory",
            "Trusts the certificates of this directory; may be repeated.",
        )
        .short("+cd")
        .takes(&[DIRECTORY])
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--add-crl-file",
            "load a revocation list",
            "Loads a certificate revocation list and checks the peer's certificate against it; \
             may be repeated.",
        )
        .short("+crl")
        .takes(&[FILE_NAME])
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--enable-crl-vfy",
            "check the peer against revocation lists",
            "Checks the peer's own certificate against the revocation lists.",
        )
        .short("+crv")
        .group(CRL)
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS),
        entry(
            "--enable-crl-all",
            "check the whole chain against revocation lists",
            "Checks every certificate of the peer's chain against the revocation lists.",
        )
        .short("+cra")
        .group(CRL)
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS),
    ]
        },
    }
}

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
        .requires(T::WITH_TLS)
        .not_yet(NO_TLS)
    };
}

/// Protocol versions and cipher suites.
pub(crate) const fn profiles<T: TlsSide>() -> Section<T> {
    Section {
        title: "security profile",
        entries: const {
            &[
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
                .takes(const { &[text("suite")] })
                .requires(T::WITH_TLS)
                .conflicts(&[&["--profile-bcp195-ex"], &["--profile-8996-mod"]])
                .not_yet(NO_TLS),
            ]
        },
    }
}

/// Server names and random numbers.
pub(crate) const fn other<T: TlsSide>() -> Section<T> {
    Section {
        title: "server name indication and random numbers",
        entries: const {
            &[
                entry(
                    "--no-sni",
                    "do not use server name indication (always on)",
                    "Asks for server names to be left unused. There is no TLS, so none is used.",
                )
                .conflicts(T::NAME_OPTIONS)
                .works(|_, _| {}),
                entry(
                    "--seed",
                    "seed the random generator",
                    "Seeds the random generator from this file.",
                )
                .short("+rs")
                .takes(&[FILE_NAME])
                .requires(T::WITH_TLS)
                .not_yet(NO_TLS),
                entry(
                    "--write-seed",
                    "write the seed back",
                    "Writes a new seed back to the seed file.",
                )
                .short("+ws")
                .group(SEED_OUTPUT)
                .requires(T::WITH_TLS)
                .not_yet(NO_TLS),
                entry(
                    "--write-seed-file",
                    "write a seed file",
                    "Writes a new seed to this file.",
                )
                .short("+wf")
                .group(SEED_OUTPUT)
                .takes(&[FILE_NAME])
                .requires(T::WITH_TLS)
                .not_yet(NO_TLS),
            ]
        },
    }
}

/// A certificate must be there and hold.
pub(crate) const fn require_peer_cert<T: TlsSide>() -> Entry<T> {
    entry(
        "--require-peer-cert",
        "demand and verify a certificate",
        "Verifies the peer's certificate and refuses a peer without one.",
    )
    .short("-rc")
    .group(PEER)
    .default("yes")
    .requires(T::WITH_TLS)
    .not_yet(NO_TLS)
}

/// Certificates are not looked at.
pub(crate) const fn ignore_peer_cert<T: TlsSide>() -> Entry<T> {
    entry(
        "--ignore-peer-cert",
        "verify no certificate",
        "Accepts any certificate of a peer, or none.",
    )
    .short("-ic")
    .group(PEER)
    .requires(T::WITH_TLS)
    .not_yet(NO_TLS)
}

/// The values of `--enable-tls`.
pub(crate) const KEY_AND_CERTIFICATE: &[Argument] = &[
    Argument {
        name: "private-key",
        kind: Kind::Path,
    },
    Argument {
        name: "certificate",
        kind: Kind::Path,
    },
];

//! Titles, time-outs and PDU sizes of the tools that connect to a peer.

use std::ffi::{OsStr, OsString};

use pdvault_engine::receiver::MAX_PDU_BYTES;

use crate::grammar::{self, UsageError};

use super::super::{Entry, Section, entry, seconds, text, unsigned};
use super::ip_version::IpVersion;

/// The range of PDU sizes, in bytes.
pub(crate) const PDU_BYTES_MIN: i64 = *MAX_PDU_BYTES.start() as i64;
pub(crate) const PDU_BYTES_MAX: i64 = *MAX_PDU_BYTES.end() as i64;

/// What was typed about the connection to a peer. Numbers are within the ranges of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requestor {
    pub(crate) peer: OsString,
    pub(crate) port: u16,
    pub(crate) ip_version: IpVersion,
    pub(crate) calling: Option<OsString>,
    pub(crate) called: Option<OsString>,
    pub(crate) connect_timeout_seconds: Option<i64>,
    pub(crate) socket_timeout_seconds: Option<i64>,
    pub(crate) acse_timeout_seconds: Option<i64>,
    pub(crate) dimse_timeout_seconds: Option<i64>,
    pub(crate) max_pdu_bytes: Option<i64>,
}

impl Requestor {
    /// Notes the parameters that name the peer.
    ///
    /// # Errors
    /// A port that is none.
    pub(crate) fn note_peer(&mut self, peer: &OsString, port: &OsStr) -> Result<(), UsageError> {
        self.peer.clone_from(peer);
        self.port = grammar::port(port)?;
        Ok(())
    }
}

/// A tool that connects to a peer.
pub(crate) trait Requests: AsMut<Requestor> + 'static {
    /// The calling AE title unless another is typed.
    const AE_TITLE: &'static str;
}

const IP_VERSION: &str = "ip-version";

/// By which protocol the peer is reached.
pub(crate) const fn ip<T: Requests>() -> Section<T> {
    Section {
        title: "IP protocol version",
        entries: const {
            &[
                entry("--ipv4", "use IPv4 only", "Connects by IPv4 only.")
                    .short("-i4")
                    .group(IP_VERSION)
                    .default("yes")
                    .works(|typed, _| typed.as_mut().ip_version = IpVersion::V4),
                entry("--ipv6", "use IPv6 only", "Connects by IPv6 only.")
                    .short("-i6")
                    .group(IP_VERSION)
                    .works(|typed, _| typed.as_mut().ip_version = IpVersion::V6),
                entry(
                    "--ip-auto",
                    "use IPv6 or IPv4",
                    "Connects by whatever the name of the peer resolves to, in that order.",
                )
                .short("-i0")
                .group(IP_VERSION)
                .works(|typed, _| typed.as_mut().ip_version = IpVersion::Any),
            ]
        },
    }
}

/// The titles of both sides.
pub(crate) const fn titles<T: Requests>() -> Section<T> {
    Section {
        title: "application entity titles",
        entries: const {
            &[
                entry(
                    "--aetitle",
                    "own AE title",
                    "Sets the own AE title, 1 to 16 printable ASCII characters, no backslash. Of a \
                     longer one the first 16 count, as in DCMTK, and a warning is logged.",
                )
                .short("-aet")
                .takes(const { &[text("title")] })
                .default(T::AE_TITLE)
                .works(|typed, values| typed.as_mut().calling = Some(values[0].text().to_owned())),
                entry(
                    "--call",
                    "AE title of the peer",
                    "Sets the AE title that is called, 1 to 16 printable ASCII characters, no \
                     backslash; a longer one is cut as that of --aetitle. Many peers reject an association that calls another title than \
                     theirs.",
                )
                .short("-aec")
                .takes(const { &[text("title")] })
                .default("ANY-SCP")
                .works(|typed, values| typed.as_mut().called = Some(values[0].text().to_owned())),
            ]
        },
    }
}

/// The limit on connecting.
pub(crate) const fn connect_timeout<T: Requests>() -> Entry<T> {
    entry(
        "--timeout",
        "limit on connecting",
        "How many seconds a peer has to accept the TCP connection. Without it the operating \
         system's own limit holds, two minutes or so.",
    )
    .short("-to")
    .takes(const { &[seconds(1)] })
    .default("unlimited")
    .works(|typed, values| typed.as_mut().connect_timeout_seconds = Some(values[0].number()))
}

/// The limit on silence.
pub(crate) const fn socket_timeout<T: Requests>() -> Entry<T> {
    entry(
        "--socket-timeout",
        "limit on a blocked connection",
        "A connection on which nothing moves for this many seconds although something is awaited \
         or to be sent is given up. 0 and -1 set no limit.",
    )
    .short("-ts")
    .takes(const { &[seconds(-1)] })
    .default("60")
    .works(|typed, values| typed.as_mut().socket_timeout_seconds = Some(values[0].number()))
}

/// The limit on answers to requests about the association.
pub(crate) const fn acse_timeout<T: Requests>() -> Entry<T> {
    entry(
        "--acse-timeout",
        "limit on waiting for the association",
        "How many seconds a peer has to answer the request for an association, and that for its \
         release.",
    )
    .short("-ta")
    .takes(const { &[seconds(1)] })
    .default("30")
    .works(|typed, values| typed.as_mut().acse_timeout_seconds = Some(values[0].number()))
}

/// The limit on responses.
pub(crate) const fn dimse_timeout<T: Requests>() -> Entry<T> {
    entry(
        "--dimse-timeout",
        "limit on waiting for a response",
        "How many seconds a peer has to answer an operation once all of it was sent.",
    )
    .short("-td")
    .takes(const { &[seconds(1)] })
    .default("unlimited")
    .works(|typed, values| typed.as_mut().dimse_timeout_seconds = Some(values[0].number()))
}

/// The PDU size announced.
pub(crate) const fn max_pdu<T: Requests>() -> Entry<T> {
    entry(
        "--max-pdu",
        "largest PDU to receive, in bytes",
        "Announces this PDU size to the peer. It bounds what the peer sends, which is responses \
         only; the peer's own announcement bounds what is sent to it.",
    )
    .short("-pdu")
    .takes(const { &[unsigned("bytes", PDU_BYTES_MIN, PDU_BYTES_MAX)] })
    .default("16384")
    .works(|typed, values| typed.as_mut().max_pdu_bytes = Some(values[0].number()))
}

//! Processes, sockets, time-outs, whom to serve, and aids to test peers.

use pdvault_engine::receiver::{MAX_PDU_BYTES, OPERATIONS_MAX, WORKERS_MAX};

use super::super::shared::ip_version::IpVersion;
use super::super::{Argument, Kind, SECONDS_MAX, Section, bound, entry, seconds, text, unsigned};
use super::Typed;

const PROCESS_MODE: &str = "process-mode";
const IP_VERSION: &str = "ip-version";
const ACCESS_CONTROL: &str = "access-control";

/// The range of PDU sizes, in bytes.
const PDU_BYTES_MIN: i64 = *MAX_PDU_BYTES.start() as i64;
const PDU_BYTES_MAX: i64 = *MAX_PDU_BYTES.end() as i64;

const NO_AIDS: &str = "the aids for testing a sender are not built yet; leave it out";

/// The largest number of associations: enough for any hospital, and the queues whose length goes
/// by it stay within reason.
const ASSOCIATIONS_MAX: i64 = 65_536;

pub(super) static PROCESSES: Section<Typed> = Section {
    title: "multi-process options",
    entries: &[
        entry(
            "--single-process",
            "serve one association after another",
            "DCMTK's default: a peer waits until the one before it has finished. Here all \
             associations are served at the same time, by one process.",
        )
        .group(PROCESS_MODE)
        .refused(
            "associations are always served at the same time; leave it out, or use \
             --max-associations 1, which turns away a second peer instead of letting it wait",
        ),
        entry(
            "--fork",
            "serve associations at the same time (always on)",
            "Asks for associations to be served at the same time. That is always so, without \
             child processes, hence the option changes nothing.",
        )
        .group(PROCESS_MODE)
        .works(|_, _| {}),
        entry(
            "--max-associations",
            "most associations at the same time",
            "A peer beyond this number is turned away with A-ASSOCIATE-RJ, transient, local limit \
             exceeded. DCMTK lets it wait in the listen queue instead, and asks for --fork. Where \
             the limit on open files is too low for so many (two each, and 320 besides), a \
             warning says so at start, and fewer are allowed.",
        )
        .takes(&[unsigned("number", 1, ASSOCIATIONS_MAX)])
        .tells_range()
        .default("1000")
        .works(|typed, values| typed.max_associations = Some(values[0].number())),
        entry(
            "--workers",
            "threads that serve connections",
            "Sets the number of event loops, each a thread that serves its share of the \
             connections.",
        )
        .takes(&[unsigned("number", 1, bound(WORKERS_MAX))])
        .tells_range()
        .default("one per core")
        .works(|typed, values| typed.workers = Some(values[0].number())),
        entry(
            "--driver",
            "how bytes are moved",
            "uring: io_uring, one system call for many reads and writes, on Linux 6.1 and newer, \
             where nothing forbids it; where it cannot be had, the start fails and says what to do. \
             mio: a system call for each read and write, everywhere. auto: uring where it can be had, \
             else mio; which and why is logged at the start.",
        )
        .takes(&[Argument {
            name: "driver",
            kind: Kind::Choice(&["auto", "mio", "uring"]),
        }])
        .default("auto")
        .works(|typed, values| typed.driver = Some(values[0].word())),
        entry(
            "--drain-timeout",
            "time for what is in flight after a signal",
            "After SIGTERM or SIGINT no new object is begun. What is in flight has this many \
             seconds; then it is aborted. An association with nothing in flight may release \
             within a second and is aborted then.",
        )
        .takes(&[seconds(0)])
        .tells_range()
        .default("30")
        .works(|typed, values| typed.drain_timeout_seconds = Some(values[0].number())),
    ],
};

pub(super) static NETWORK: Section<Typed> = Section {
    title: "network options",
    entries: &[
        entry(
            "--ipv4",
            "listen on IPv4 only",
            "Listens on every IPv4 address of the machine.",
        )
        .short("-i4")
        .group(IP_VERSION)
        .default("yes")
        .works(|typed, _| typed.ip_version = IpVersion::V4),
        entry(
            "--ipv6",
            "listen on IPv6 only",
            "Listens on every IPv6 address of the machine and on no IPv4 address.",
        )
        .short("-i6")
        .group(IP_VERSION)
        .works(|typed, _| typed.ip_version = IpVersion::V6),
        entry(
            "--ip-auto",
            "listen on IPv6 and IPv4",
            "Listens on every IPv6 and IPv4 address of the machine through one socket.",
        )
        .short("-i0")
        .group(IP_VERSION)
        .works(|typed, _| typed.ip_version = IpVersion::Any),
        entry(
            "--inetd",
            "serve the connection on standard input",
            "Serves one association on a socket that a super server such as inetd has accepted.",
        )
        .short("-id")
        .conflicts(&[&["--fork"]])
        .not_yet("start it as a server of its own with a port"),
        entry(
            "--socket-timeout",
            "limit on a silent or blocked connection",
            "A connection on which nothing moves for this many seconds is dropped, an idle \
             association too. 0 and -1 set no limit.",
        )
        .short("-ts")
        .takes(&[seconds(-1)])
        .default("60")
        .works(|typed, values| typed.socket_timeout_seconds = Some(values[0].number())),
        entry(
            "--acse-timeout",
            "limit on waiting for the association request",
            "How many seconds a peer has for its association request, and for closing the \
             connection at the end.",
        )
        .short("-ta")
        .takes(&[seconds(1)])
        .default("30")
        .works(|typed, values| typed.acse_timeout_seconds = Some(values[0].number())),
        entry(
            "--dimse-timeout",
            "limit on waiting for the data of an object",
            "How many seconds may pass without data of an object that a peer has begun to send.",
        )
        .short("-td")
        .takes(&[seconds(1)])
        .default("unlimited")
        .works(|typed, values| typed.dimse_timeout_seconds = Some(values[0].number())),
        entry(
            "--aetitle",
            "own AE title",
            "Sets the own AE title, 1 to 16 printable ASCII characters, no backslash; of a \
             longer one the first 16 count. As in DCMTK, it is not compared with the title that a peer calls, and the response repeats \
             the peer's titles.",
        )
        .short("-aet")
        .takes(&[text("title")])
        .default("STORESCP")
        .works(|typed, values| typed.ae_title = Some(values[0].text().to_owned())),
        entry(
            "--max-pdu",
            "largest PDU to receive, in bytes",
            "Announces this PDU size to peers. The default is the largest possible value, not \
             DCMTK's 16384: fewer, larger PDUs cost less, and a sender that wants smaller ones \
             may send them.",
        )
        .short("-pdu")
        .takes(&[unsigned("bytes", PDU_BYTES_MIN, PDU_BYTES_MAX)])
        .default("131072")
        .works(|typed, values| typed.max_pdu_bytes = Some(values[0].number())),
        entry(
            "--max-ops",
            "most objects of a peer without a response",
            "A peer that asks for an asynchronous operations window (PS3.7 D.3.3.3) may have this \
             many objects under way before it has our response to the first; others wait for each \
             response. Such a peer should expect responses in any order, and not send an instance \
             again before its response. 1 grants no window, as DCMTK.",
        )
        .takes(&[unsigned("number", 1, bound(OPERATIONS_MAX))])
        .tells_range()
        .default("16")
        .works(|typed, values| typed.max_operations = Some(values[0].number())),
        entry(
            "--disable-host-lookup",
            "do not look up peers' host names (always on)",
            "Asks for no lookup of host names. None is ever made, hence the option changes \
             nothing; log lines show addresses.",
        )
        .short("-dhl")
        .works(|_, _| {}),
        entry(
            "--promiscuous",
            "accept unknown SOP classes",
            "Accepts presentation contexts whose abstract syntax is not known at all, such as a \
             private storage class. Known UIDs that are no storage class stay refused.",
        )
        .short("-pm")
        .works(|typed, _| typed.promiscuous = true),
    ],
};

pub(super) static ACCESS: Section<Typed> = Section {
    title: "network host access control",
    entries: &[
        entry(
            "--access-full",
            "accept connections from any host",
            "Accepts connections from every address.",
        )
        .short("-ac")
        .group(ACCESS_CONTROL)
        .default("yes")
        .works(|_, _| {}),
        entry(
            "--access-control",
            "obey hosts.allow and hosts.deny",
            "Applies the rules of hosts.allow and hosts.deny to every connection.",
        )
        .short("+ac")
        .group(ACCESS_CONTROL)
        .not_yet("restrict hosts with the firewall of the machine"),
    ],
};

pub(super) static TESTING: Section<Typed> = Section {
    title: "test options",
    entries: &[
        entry(
            "--ignore",
            "receive, answer Success, store nothing",
            "Answers every object with Success and throws it away, and warns of it at start; for \
             testing senders and measuring networks.",
        )
        .works(|typed, _| typed.ignore = true),
        entry(
            "--refuse",
            "reject every association",
            "Rejects every association request, permanently and without a reason.",
        )
        .not_yet(NO_AIDS),
        entry(
            "--reject",
            "reject requests without implementation class UID",
            "Rejects association requests that lack an implementation class UID.",
        )
        .not_yet(NO_AIDS),
        entry(
            "--sleep-after",
            "pause after each response",
            "Waits this many seconds after each C-STORE response.",
        )
        .takes(&[unsigned("seconds", 0, SECONDS_MAX)])
        .default("0")
        .not_yet(NO_AIDS),
        entry(
            "--sleep-during",
            "pause while receiving",
            "Waits this many seconds at each step of receiving an object.",
        )
        .takes(&[unsigned("seconds", 0, SECONDS_MAX)])
        .default("0")
        .not_yet(NO_AIDS),
        entry(
            "--abort-after",
            "abort before the response",
            "Aborts the association when an object has arrived whole, before the response.",
        )
        .not_yet(NO_AIDS),
        entry(
            "--abort-during",
            "abort while receiving",
            "Aborts the association while an object is arriving.",
        )
        .not_yet(NO_AIDS),
        entry(
            "--uid-padding",
            "tolerate space padded UIDs",
            "Drops a trailing space of the SOP UIDs in the data set before they are compared with \
             those of the command.",
        )
        .short("-up")
        .not_yet("data sets are not looked into, so their UIDs are neither compared nor changed"),
    ],
};

//! Time-outs, PDU sizes, and how an association goes on and ends.

use super::super::shared::{requestor, sending};
use super::super::{COUNT_MAX, Section, entry, unsigned};
use super::Typed;

pub(super) static OTHER: Section<Typed> = Section {
    title: "other network options",
    entries: &[
        requestor::connect_timeout(),
        requestor::socket_timeout(),
        requestor::acse_timeout(),
        requestor::dimse_timeout(),
        requestor::max_pdu(),
        sending::max_send_pdu(),
        entry(
            "--repeat",
            "send each file so many times",
            "Sends each file this many times in succession before the next one.",
        )
        .takes(&[unsigned("count", 1, COUNT_MAX)])
        .default("1")
        .works(|typed, values| typed.repeat = Some(values[0].number())),
        entry(
            "--abort",
            "end associations by an abort",
            "Ends associations by A-ABORT instead of a release; for testing peers.",
        )
        .works(|typed, _| typed.abort = true),
        entry(
            "--no-halt",
            "go on after a file that failed",
            "Goes on with the next file after one that could not be read or sent, or that the peer \
             refused. The exit code is 0 then even if every file failed; --report and --journal \
             tell which.",
        )
        .short("-nh")
        .works(|typed, _| typed.no_halt = true),
        entry(
            "--uid-padding",
            "accepted; trailing spaces of UIDs are never sent",
            "Changes nothing: a trailing space of the SOP UIDs of a data set is dropped in the \
             command with and without it.",
        )
        .short("-up")
        .works(|_, _| {}),
    ],
};

//! What DCMTK's storescu can't: speed, and jobs that survive a break.

use super::super::shared::sending;
use super::super::{Argument, FILE_NAME, Kind, Section, entry, unsigned};
use super::Typed;
use crate::storescu::RETRIES_MAX;

pub(super) static SPEED: Section<Typed> = Section {
    title: "speed",
    entries: &[
        sending::associations(
            "Opens this many associations and spreads the files over them; their order is lost \
             then.",
        ),
        sending::async_ops(),
        entry(
            "--rate",
            "no more bytes or objects per second",
            "Sends no faster than this, all associations together: a number of bytes per second, \
             with K, M or G if you like (20M), or of objects per second (50objects).",
        )
        .takes(&[Argument {
            name: "rate",
            kind: Kind::Rate,
        }])
        .works(|typed, values| typed.rate = Some(values[0].rate())),
    ],
};

pub(super) static RELIABILITY: Section<Typed> = Section {
    title: "long jobs",
    entries: &[
        entry(
            "--retry",
            "try again so many times after an outage",
            "Connects again and goes on, at most this many times for one file, after a failure \
             that may pass: a peer that can't be reached, rejects for a while, goes away, or is \
             out of resources. The pause before each doubles, up to a minute.",
        )
        .takes(&[unsigned("number", 0, RETRIES_MAX)])
        .tells_range()
        .default("0")
        .works(|typed, values| typed.retries = Some(values[0].number())),
        entry(
            "--journal",
            "write down what became of each file",
            "Appends a line for each file to this file: path, UIDs, size, status, time. Lines are \
             on stable storage soon after the peer has answered, so that the journal never tells \
             of more than is true.",
        )
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.journal = Some(values[0].path())),
        entry(
            "--resume",
            "skip what the journal shows as sent",
            "Skips files that the journal shows as acknowledged by the peer, with or without a \
             warning, and that have not changed since.",
        )
        .requires(&["--journal"])
        .conflicts(&[&[
            "--repeat",
            "--invent-instance",
            "--invent-series",
            "--invent-study",
            "--invent-patient",
        ]])
        .works(|typed, _| typed.resume = true),
        entry(
            "--report",
            "write a summary as JSON",
            "Writes how many files were sent, with and without a warning, which failed for what \
             reason, and which were not attempted because the job ended before their turn, to this \
             file when the job ends.",
        )
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.report = Some(values[0].path())),
    ],
};

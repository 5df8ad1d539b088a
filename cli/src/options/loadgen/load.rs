//! How long, how much at once, how fast, and what goes wrong on purpose.

use super::super::shared::sending;
use super::super::{Argument, COUNT_MAX, Kind, Section, entry, seconds, text, unsigned};
use super::Typed;
use crate::loadgen::RATE_MAX;

pub(super) static LENGTH: Section<Typed> = Section {
    title: "length",
    entries: &[
        entry(
            "--count",
            "send so many objects",
            "Ends when this many objects have been sent, warm-up included. With --duration \
             whatever comes first ends the run.",
        )
        .takes(&[unsigned("number", 1, COUNT_MAX)])
        .tells_range()
        .works(|typed, values| typed.count = Some(values[0].number())),
        entry(
            "--duration",
            "send for so long",
            "Begins no object after this many seconds, warm-up not included; what is under way is \
             finished. With --count and without this option the count alone ends the run.",
        )
        .takes(&[seconds(1)])
        .tells_range()
        .default("10")
        .works(|typed, values| typed.duration_seconds = Some(values[0].number())),
        entry(
            "--warm-up",
            "do not measure the beginning",
            "Leaves the first so many seconds out of the results, so that caches and connections \
             are what they are in a long run.",
        )
        .takes(&[seconds(0)])
        .tells_range()
        .default("0")
        .works(|typed, values| typed.warm_up_seconds = Some(values[0].number())),
    ],
};

pub(super) static LOAD: Section<Typed> = Section {
    title: "load",
    entries: &[
        sending::associations("Opens this many associations, which share the objects."),
        sending::async_ops(),
        entry(
            "--arrival-rate",
            "objects that are due each second",
            "Makes this many objects due each second, whether the receiver keeps up or not (an \
             open loop); latency counts from then. Without it each association sends its next \
             object when the window has room (a closed loop), and a slow receiver slows the load.",
        )
        .takes(&[unsigned("number", 1, RATE_MAX)])
        .tells_range()
        .works(|typed, values| typed.arrival_rate = Some(values[0].number())),
        entry(
            "--fixed-arrivals",
            "objects are due at even distances",
            "Makes objects due at even distances. Otherwise they are due at random, as those of \
             many senders are that know nothing of each other (a Poisson process).",
        )
        .requires(&["--arrival-rate"])
        .works(|typed, _| typed.fixed_arrivals = true),
        entry(
            "--ramp",
            "raise the load for so long",
            "Raises the load evenly during the first so many seconds: the arrival rate from \
             nothing to all of it, or in a closed loop the number of associations from one to all.",
        )
        .takes(&[seconds(0)])
        .tells_range()
        .default("0")
        .works(|typed, values| typed.ramp_seconds = Some(values[0].number())),
        entry(
            "--per-object",
            "an association for each object",
            "Opens an association for each object and releases it afterwards, as some modalities \
             do; --associations of them at a time.",
        )
        .conflicts(&[&["--async-ops"]])
        .works(|typed, _| typed.per_object = true),
    ],
};

pub(super) static FAULTS: Section<Typed> = Section {
    title: "faults",
    entries: &[
        entry(
            "--fault",
            "do a share of the traffic wrong: abort, stall, half-pdu, slow-reader, same-uid or \
             large-pdu, as abort=1%",
            "Sends this share of the objects wrong, for instance abort=1%: abort (A-ABORT in \
             mid-object), stall (stops in mid-object), half-pdu (closes within a PDU), \
             slow-reader (does not read answers), same-uid (an instance twice), large-pdu (a PDU \
             longer than agreed on). All shares together are 50% at most.",
        )
        .repeats()
        .takes(&[text("kind=share")])
        .works(|typed, values| typed.faults.push(values[0].text().to_owned())),
        entry(
            "--seed",
            "draw faults and arrivals from this number",
            "Draws the objects that go wrong and the times of arrival from this number, so that a \
             run can be repeated. The default is another one each time, which the results tell.",
        )
        .takes(&[Argument {
            name: "number",
            kind: Kind::Unsigned {
                min: 0,
                max: i64::MAX - 1,
            },
        }])
        .tells_range()
        .works(|typed, values| typed.seed = Some(values[0].number())),
    ],
};

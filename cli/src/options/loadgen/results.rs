//! What is told of a run.

use super::super::{COUNT_MAX, DIRECTORY, FILE_NAME, Section, entry, text, unsigned};
use super::Typed;

pub(super) static RESULTS: Section<Typed> = Section {
    title: "results",
    entries: &[
        entry(
            "--receiver-pid",
            "tell the CPU time of this process, too",
            "Tells the CPU time of the receiver's process and all its descendants, which has to \
             run on this machine, and that of the whole machine less the sender's.",
        )
        .takes(&[unsigned("pid", 1, COUNT_MAX)])
        .tells_range()
        .works(|typed, values| typed.receiver_pid = Some(values[0].number())),
        entry(
            "--sync",
            "measure until stable storage",
            "Syncs the file system of this directory after the last response, and tells the \
             throughput until then, too: what receivers have only put into the page cache is \
             counted when it is safe.",
        )
        .takes(&[DIRECTORY])
        .works(|typed, values| typed.sync = Some(values[0].path())),
        entry(
            "--json",
            "write the results for machines",
            "Writes the results to this file as JSON, with host, versions and options; loadgen \
             compare reads it. - is standard output; what is for people goes to standard error \
             then. What was not measured is null.",
        )
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.json = Some(values[0].path())),
        entry(
            "--plot",
            "draw throughput and latency",
            "Draws throughput over time and the percentiles of latency to this file, as SVG.",
        )
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.plot = Some(values[0].path())),
        entry(
            "--expect",
            "exit code 2 unless so, as p99<50ms: p10 to p99.999, mean, max, throughput, \
             rate, objects, failures, warnings, cpu",
            "Ends with exit code 2 unless this holds, for instance p99<50ms, throughput>1GB/s, \
             rate>=1000/s, failures=0 or cpu<0.25s/GB. There are mean, max, throughput, rate, \
             objects, failures, warnings, cpu, and p with 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, \
             99.9, 99.95, 99.99 or 99.999. Quote it, or the shell redirects.",
        )
        .repeats()
        .takes(&[text("expectation")])
        .works(|typed, values| typed.expectations.push(values[0].text().to_owned())),
        entry(
            "--verify",
            "look for every object in this directory",
            "Looks after the run for every acknowledged object below this directory, where the \
             receiver stores, and compares byte for byte. Objects that are missing or differ end \
             the program with exit code 1.",
        )
        .takes(&[DIRECTORY])
        .works(|typed, values| typed.verify = Some(values[0].path())),
    ],
};

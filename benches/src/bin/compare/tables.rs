//! Tables in Markdown.

use std::fmt::Write as _;

use crate::figures::Metric;
use crate::host::Facts;
use crate::matrix::Row;
use crate::results::Results;
use crate::statistics::Spread;
use crate::system::System;
use crate::targets::{Sense, Verdict};

/// Stands for what was not measured.
const NOTHING: &str = "";

/// What was measured where, and when.
pub(crate) fn conditions(facts: &Facts, rounds: u32) -> String {
    let versions = facts
        .versions
        .iter()
        .map(|(name, told)| format!("{name}: {told}"));
    let versions = versions.collect::<Vec<_>>().join("; ");
    let Facts {
        date,
        commit,
        cpus,
        cpu,
        memory_gib,
        kernel,
        disk,
        loop_mode,
        ..
    } = facts;
    let Facts {
        congestion_control,
        load_average,
        ..
    } = facts;
    let mut text = format!(
        "{date}, commit {commit}. {cpus} x {cpu}, {memory_gib} GiB, {kernel}; {disk}; loop device \
         {loop_mode}; TCP {congestion_control}; load average at the start {load_average}. \
         Medians of {rounds} interleaved runs. {versions}.\n"
    );
    if !facts.is_root {
        text.push_str("Not run as root: no fresh file systems, page cache never dropped.\n");
    }
    text
}

/// The targets, with what was reached.
pub(crate) fn targets(verdicts: &[Verdict]) -> String {
    let mut text = "| figure | of | to be | against | reached (least-most) | |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    for verdict in verdicts {
        let sense = match verdict.sense {
            Sense::AtLeast => "at least",
            Sense::AtMost => "at most",
        };
        let ratio = verdict.ratio.map_or_else(
            || "not measured".to_owned(),
            |Spread { median, min, max }| format!("{median:.2} ({min:.2}-{max:.2})"),
        );
        let answer = match verdict.is_reached {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => NOTHING,
        };
        let Verdict {
            figure,
            system,
            bound,
            against,
            ..
        } = verdict;
        let _ = writeln!(
            text,
            "| {figure} | {system} | {sense} {bound} x | {against} | {ratio} | {answer} |"
        );
    }
    text
}

/// What every system did in a row. `None` when nothing was measured.
pub(crate) fn of_row(results: &Results, row: &Row, systems: &[System]) -> Option<String> {
    let systems: Vec<_> = systems
        .iter()
        .filter(|system| results.has(row.id, **system))
        .collect();
    if systems.is_empty() {
        return None;
    }
    let mut text = "| | to stable storage MB/s | least-most | to Success MB/s | objects/s | \
                    receiver CPU s/GB | system less sender CPU s/GB | latency p50 / p99 ms | \
                    peak memory MiB |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for system in systems {
        let _ = writeln!(
            text,
            "| {system} | {} |",
            of_system(results, row.id, *system)
        );
    }
    Some(text)
}

fn of_system(results: &Results, row: &str, system: System) -> String {
    if let Some(failure) = results.failure(row, system) {
        return format!("failed: {} | | | | | | |", failure.replace('|', "/"));
    }
    let spread = |metric| results.spread(row, system, metric);
    let median = |metric, unit: f64, digits: usize| {
        let told = spread(metric).map(|told: Spread| told.median / unit);
        told.map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.digits$}"))
    };
    let range = spread(Metric::StableRate).map_or_else(
        || NOTHING.to_owned(),
        |Spread { min, max, .. }| format!("{:.0}-{:.0}", min / 1e6, max / 1e6),
    );
    let latency = format!(
        "{} / {}",
        median(Metric::P50, 1.0, 2),
        median(Metric::P99, 1.0, 2)
    );
    let cells = [
        median(Metric::StableRate, 1e6, 0),
        range,
        median(Metric::SuccessRate, 1e6, 0),
        median(Metric::SuccessObjects, 1.0, 0),
        median(Metric::ReceiverCpu, 1.0, 2),
        median(Metric::SystemCpu, 1.0, 2),
        if latency == " / " {
            NOTHING.to_owned()
        } else {
            latency
        },
        median(Metric::Peak, 1_048_576.0, 0),
    ];
    cells.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_what_was_reached_and_whether_that_is_enough() {
        let verdict = Verdict {
            figure: "rate".to_owned(),
            against: "dcmtk".to_owned(),
            sense: Sense::AtLeast,
            bound: 1.2,
            system: "pdvault/mio".to_owned(),
            ratio: Spread::of([1.0, 1.1, 1.3]),
            is_reached: Some(false),
        };
        let line = targets(&[verdict]);
        let line = line.lines().last().expect("a line");
        let expected =
            "| rate | pdvault/mio | at least 1.2 x | dcmtk | 1.10 (1.00-1.30) | **no** |";
        assert_eq!(line, expected);
    }
}

//! Tables in Markdown.

use std::fmt::Write as _;

use crate::figures::{Metric, count};
use crate::host::Facts;
use crate::matrix::Row;
use crate::outrun::{TIMES_SLOWER, is_outrun};
use crate::results::Results;
use crate::statistics::Spread;
use crate::system::{Kind, System};
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
            |Spread { median, min, max }| {
                let median = with_digits(median, verdict.sense, verdict.bound);
                format!("{median} ({min:.2}-{max:.2})")
            },
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

/// A ratio with two digits behind the point, or with as many as it takes to be on the same side of the
/// bound as the ratio itself.
fn with_digits(ratio: f64, sense: Sense, bound: f64) -> String {
    const DIGITS_MAX: usize = 6;
    let told = (2..DIGITS_MAX).map(|digits| format!("{ratio:.digits$}"));
    let is_met = |text: &String| {
        text.parse()
            .is_ok_and(|told| sense.is_met(told, bound) == sense.is_met(ratio, bound))
    };
    let mut told = told;
    told.find(is_met).unwrap_or_else(|| format!("{ratio}"))
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
    let mut text = "| | to stable storage MB/s | least-most | of fio | to Success MB/s | \
                    of bare-discard | objects/s | receiver CPU s/GB | \
                    system less sender CPU s/GB | latency p50 / p99 ms | peak memory MiB |\n\
                    |---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for system in systems.into_iter().copied() {
        let is_outrun = results.rounds() > 1 && is_outrun(&results.runs, row, system.kind);
        let mark = if is_outrun { " (round 1)" } else { "" };
        let told = of_system(results, row.id, system);
        let _ = writeln!(text, "| {system}{mark} | {told} |");
    }
    if text.contains(" (round 1) |") {
        let _ = writeln!(
            text,
            "\nround 1: more than {TIMES_SLOWER} x slower than the best peer there, and left out of \
             later rounds."
        );
    }
    if let Some(bytes) = results.least_cold_bytes(row.id) {
        let _ = writeln!(
            text,
            "\nRight before each load at least {:.1} GiB of the free memory were cold.",
            count(bytes) / 1_073_741_824.0
        );
    }
    Some(text)
}

fn of_system(results: &Results, row: &str, system: System) -> String {
    if let Some(failure) = results.failure(row, system) {
        return format!("failed: {} | | | | | | | | |", failure.replace('|', "/"));
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
    let share = |metric, limit| {
        let told = results.share(row, system, metric, limit);
        let told = told.filter(|_| system.kind != limit);
        told.map_or_else(|| NOTHING.to_owned(), |share| format!("{share:.2}"))
    };
    let cells = [
        median(Metric::StableRate, 1e6, 0),
        range,
        share(Metric::StableRate, Kind::Fio),
        median(Metric::SuccessRate, 1e6, 0),
        share(Metric::SuccessRate, Kind::BareDiscard),
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
    use crate::matrix::find;
    use crate::state::run_of_a_gigabyte as run;

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

    #[test]
    fn no_digit_is_missing_where_rounding_would_change_the_answer() {
        let told = |ratio, bound| with_digits(ratio, Sense::AtLeast, bound);
        assert_eq!(told(1.298, 1.3), "1.298");
        assert_eq!(told(1.304, 1.3), "1.30");
        assert_eq!(told(1.299_99, 1.3), "1.29999");
        assert_eq!(with_digits(1.0001, Sense::AtMost, 1.0), "1.0001");
        assert_eq!(told(1.7182, 1.3), "1.72");
    }

    #[test]
    fn shares_of_the_limits_and_who_was_left_out_are_told() {
        let row = *find("512k-8").expect("a row");
        let results = Results {
            rows: vec![row],
            runs: vec![
                run("512k-8", "dcmtk", 1, 2.0),
                run("512k-8", "dcmtk", 2, 2.0),
                run("512k-8", "orthanc", 1, 16.0),
                run("512k-8", "fio", 1, 1.0),
                run("512k-8", "fio", 2, 0.5),
            ],
        };
        let kinds = [Kind::Dcmtk, Kind::Orthanc, Kind::Fio];
        let systems = kinds.map(|kind| System { kind, driver: None });
        let table = of_row(&results, &row, &systems).expect("a table");
        assert!(
            table.contains("| dcmtk | 500 | 500-500 | 0.38 | 500 |"),
            "{table}"
        );
        assert!(table.contains("| orthanc (round 1) | 62 |"), "{table}");
        assert!(table.contains("left out"), "{table}");
    }
}

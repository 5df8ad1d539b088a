//! Two results side by side.

use std::collections::BTreeSet;

use super::units::{milliseconds, three_digits, throughput};
use super::{NOTHING, Results, count, ratio};

/// What is compared: its name, how it is shown, and its value.
type Row = (&'static str, fn(f64) -> String, fn(&Results) -> Option<f64>);

/// What an option was in a run in which it was not given, if it was anything.
type Defaults<'a> = &'a dyn Fn(&Results, &str) -> Option<&'static str>;

/// Options that say where results go, not how they came about.
pub(super) const OUTPUTS: [&str; 2] = ["json", "plot"];

const ROWS: [Row; 10] = [
    ("throughput", throughput, |results| {
        Some(results.throughput())
    }),
    ("objects/s", three_digits, |results| Some(results.rate())),
    ("latency mean", milliseconds, |results| {
        Some(results.latency()?.mean_ms)
    }),
    ("latency p50", milliseconds, |results| {
        results.telling_percentile_ms(50.0)
    }),
    ("latency p99", milliseconds, |results| {
        results.telling_percentile_ms(99.0)
    }),
    ("latency p99.9", milliseconds, |results| {
        results.telling_percentile_ms(99.9)
    }),
    ("latency max", milliseconds, |results| {
        Some(results.latency()?.max_ms)
    }),
    ("sender s/GB", seconds_per_gb, Results::cpu_s_per_gb),
    ("objects", whole, |results| {
        Some(count(results.totals.measured_objects))
    }),
    ("failed", whole, |results| {
        Some(count(results.totals.failed))
    }),
];

/// What differs between two runs, as lines of text: the figures, with the change from `a` to `b` in
/// percent, and the conditions that were not the same. `default` says what an option was that was
/// not given in a run.
pub fn compare(a: &Results, b: &Results, default: Defaults<'_>) -> String {
    let mut lines = vec![row("", ["A", "B", "change"])];
    for (name, show, value) in ROWS {
        let (before, after) = (value(a), value(b));
        let change = before
            .zip(after)
            .map(|(before, after)| change(before, after));
        let [before, after] = [before, after].map(|value| value.map(show));
        lines.push(row(
            name,
            [before, after, change]
                .each_ref()
                .map(|text| text.as_deref().unwrap_or(NOTHING)),
        ));
    }
    let conditions = conditions(a, b, default);
    if conditions.is_empty() {
        lines.push("\nhost, version, receiver and options are the same\n".to_owned());
    } else {
        lines.push("\nnot the same:\n".to_owned());
        lines.extend(conditions);
    }
    lines.concat()
}

fn seconds_per_gb(value: f64) -> String {
    format!("{value:.3}")
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

fn row(name: &str, [a, b, change]: [&str; 3]) -> String {
    format!("{name:<14} {a:>12} {b:>12} {change:>10}\n")
}

fn change(before: f64, after: f64) -> String {
    if before == 0.0 {
        return if after == 0.0 { "0.0 %" } else { "new" }.to_owned();
    }
    format!("{:+.1} %", ratio(after, before).mul_add(100.0, -100.0))
}

/// What was sent to, as far as that was noted.
fn receivers(results: &Results) -> String {
    if results.receivers.is_empty() {
        return "not noted".to_owned();
    }
    let texts: Vec<_> = results.receivers.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Host, version, receiver and options that differ.
fn conditions(a: &Results, b: &Results, default: Defaults<'_>) -> Vec<String> {
    let mut pairs = vec![
        ("host", a.host.name.clone(), b.host.name.clone()),
        ("kernel", a.host.kernel.clone(), b.host.kernel.clone()),
        ("CPU", a.host.cpu.clone(), b.host.cpu.clone()),
        ("CPUs", a.host.cpus.to_string(), b.host.cpus.to_string()),
        ("version", a.version.clone(), b.version.clone()),
        ("receiver", receivers(a), receivers(b)),
    ];
    let names: BTreeSet<&String> = a.options.keys().chain(b.options.keys()).collect();
    let names = names
        .into_iter()
        .filter(|name| !OUTPUTS.contains(&name.as_str()));
    let value = |results: &Results, name| match results.options.get(name).map(String::as_str) {
        Some("") => "given".to_owned(),
        Some(value) => value.to_owned(),
        None => default(results, name).unwrap_or("not given").to_owned(),
    };
    pairs.extend(names.map(|name| (name.as_str(), value(a, name), value(b, name))));
    let differing = pairs.into_iter().filter(|(_, a, b)| a != b);
    differing
        .map(|(name, a, b)| format!("  {name}: {a} / {b}\n"))
        .collect()
}

//! What came out of a run: for people, for machines, and to be held against what was expected.

mod compare;
mod date;
mod expect;
mod file;
mod host;
mod plot;
mod table;
#[cfg(test)]
mod tests;
mod units;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use compare::compare;
pub use expect::{Expectation, ExpectationError};
pub use file::{FORMAT_VERSION, ReadError};
pub use host::Host;
pub use plot::{PlotError, svg};

use crate::implementation::Implementation;
use crate::measure::{Phases, Record};
use crate::observe::Observation;
use crate::verify::Verification;

/// The percentiles that are reported and may be expected; the last is the longest latency.
pub const PERCENTILES: [f64; 14] = [
    10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0,
];

/// Stands for people where there is no value.
const NOTHING: &str = "-";

/// The results of a run. Sizes are in bytes of data sets, times in the units that the names say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format: u32,
    /// The version of the program that sent.
    pub version: String,
    /// When the results were made up, in seconds since 1970.
    pub finished_unix_s: u64,
    /// Where it sent from.
    pub host: Host,
    /// What it sent to: each kind of receiver that took an association, in its own words. Empty in files
    /// of older programs, and where no association came to stand.
    #[serde(default)]
    pub receivers: Vec<Implementation>,
    /// The options of the run, by name.
    pub options: BTreeMap<String, String>,
    /// The number that faults and arrivals were drawn from.
    #[serde(default)]
    pub seed: u64,
    /// Whether it was ended early, by a signal.
    #[serde(default, rename = "interrupted")]
    pub is_interrupted: bool,
    /// Sums over the run.
    pub totals: Totals,
    /// Latencies of what was due after the warm-up; `None` when nothing was measured. Read them by
    /// [`Results::latency`].
    pub latency: Option<Latency>,
    /// Where the time of what was due after the warm-up went.
    pub phases: PhaseSeconds,
    /// The run second by second, warm-up included.
    pub seconds: Vec<SecondOfRun>,
    /// What was seen of the receiver's machine, if it was looked at.
    pub observed: Option<Observed>,
    /// What became of the objects that were sent wrong on purpose.
    pub faults: Vec<FaultCounts>,
    /// Whether the acknowledged objects are where they should be, if that was looked at.
    pub verification: Option<Verification>,
}

/// Sums over the run. What is measured was due after the warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// How long the run was: to its end or the last acknowledgement, whichever is later; with a
    /// count alone to the last acknowledgement or failure.
    #[serde(default)]
    pub run_s: f64,
    /// The same from the end of the warm-up.
    pub measured_s: f64,
    /// Objects acknowledged and measured.
    pub measured_objects: u64,
    /// Bytes of their data sets.
    pub measured_bytes: u64,
    /// Objects acknowledged, from the start.
    pub objects: u64,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// Those among them whose response was a warning.
    pub warned: u64,
    /// Objects not acknowledged, from the start.
    pub failed: u64,
    /// The same by reason.
    pub failures: BTreeMap<String, u64>,
    /// Associations established.
    pub associations: u64,
    /// CPU time of the sending threads.
    pub cpu_s: f64,
    /// The share of the sending threads' time in which they were busy, 0 to 1: near 1 the sender
    /// was the limit.
    pub cpu_share: f64,
}

/// Latencies in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The shortest.
    pub min_ms: f64,
    /// The mean.
    pub mean_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Those of [`PERCENTILES`].
    pub percentiles: Vec<Percentile>,
}

/// A point of the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentile {
    /// So many percent of the objects took no longer.
    pub percent: f64,
    /// Than this.
    pub ms: f64,
}

/// Sums of the time of all measured objects, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseSeconds {
    /// From due to begun.
    pub waiting_s: f64,
    /// From begun to the last byte given to the operating system.
    pub sending_s: f64,
    /// From there to the response.
    pub answering_s: f64,
}

/// One second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecondOfRun {
    /// Objects acknowledged.
    pub objects: u64,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// Objects that failed.
    pub failed: u64,
    /// The mean latency; `None` when no object was acknowledged.
    pub latency_mean_ms: Option<f64>,
    /// The longest latency; likewise.
    pub latency_max_ms: Option<f64>,
}

/// What was seen of the receiver's machine, warm-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// CPU time of the receiver's process and its descendants.
    pub receiver_cpu_s: Option<f64>,
    /// CPU time of everybody but the sender, kernel threads and interrupts included.
    pub others_cpu_s: f64,
    /// From the end of the warm-up until the file system was synced.
    pub stable_s: Option<f64>,
}

/// What became of one kind of fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Its name.
    pub fault: String,
    /// How often it was made.
    pub made: u64,
    /// How often it was left out because too many were going on.
    pub left_out: u64,
    /// What the receiver did, and how often.
    pub outcomes: BTreeMap<String, u64>,
}

/// The CPU time of the sender.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Of all its threads.
    pub cpu: Duration,
    /// How long they ran, summed up.
    pub wall: Duration,
}

impl Results {
    /// Makes up the results of a run that has just ended.
    pub fn new(record: &Record, effort: Effort, options: BTreeMap<String, String>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            format: FORMAT_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            finished_unix_s: now.map_or(0, |time| time.as_secs()),
            host: Host::this(),
            receivers: record.receivers.iter().cloned().collect(),
            options,
            seed: 0,
            is_interrupted: false,
            totals: totals(record, effort),
            latency: (record.measured_objects > 0).then(|| latency(record)),
            phases: phases(&record.phases),
            seconds: seconds(record),
            observed: None,
            faults: Vec::new(),
            verification: None,
        }
    }

    /// Adds what was seen of the receiver's machine.
    pub fn observe(&mut self, seen: &Observation) {
        let system_cpu = seen.system_cpu.as_secs_f64();
        let stable = |sync: Duration| self.totals.measured_s + sync.as_secs_f64();
        self.observed = Some(Observed {
            receiver_cpu_s: seen.receiver_cpu.map(|cpu| cpu.as_secs_f64()),
            others_cpu_s: (system_cpu - self.totals.cpu_s).max(0.0),
            stable_s: seen.sync.map(stable),
        });
    }

    /// Bytes of data sets a second.
    pub fn throughput(&self) -> f64 {
        ratio(count(self.totals.measured_bytes), self.totals.measured_s)
    }

    /// Objects a second.
    pub fn rate(&self) -> f64 {
        ratio(count(self.totals.measured_objects), self.totals.measured_s)
    }

    /// CPU seconds of the sender for 10^9 bytes; `None` when none were acknowledged.
    pub fn cpu_s_per_gb(&self) -> Option<f64> {
        self.per_gb(self.totals.cpu_s)
    }

    /// So much for every 10^9 bytes that were acknowledged, if any were.
    fn per_gb(&self, amount: f64) -> Option<f64> {
        let bytes = self.totals.bytes;
        (bytes > 0).then(|| ratio(amount, count(bytes) / 1e9))
    }

    /// Whether objects were sent and none was acknowledged: whatever the figures are, the run has
    /// failed. Objects that are sent wrong on purpose do not count.
    pub fn is_failure(&self) -> bool {
        let made: u64 = self.faults.iter().map(|fault| fault.made).sum();
        self.totals.objects == 0 && (self.totals.failed > 0 || made == 0)
    }

    /// The latencies, if any were measured. Files of older programs have zeros where there are none.
    pub fn latency(&self) -> Option<&Latency> {
        let is_measured = self.totals.measured_objects > 0;
        self.latency.as_ref().filter(|_| is_measured)
    }

    /// The latency at one of [`PERCENTILES`], in milliseconds, if any was measured.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let mut all = self.latency()?.percentiles.iter();
        all.find(|point| same(point.percent, percent))
            .map(|point| point.ms)
    }
}

impl Results {
    /// The same, but only where enough objects were measured for one in that many to be slower: for
    /// p99.9 a thousand. Below it would be the longest latency under another name.
    pub fn telling_percentile_ms(&self, percent: f64) -> Option<f64> {
        let slower = count(self.totals.measured_objects) * (100.0 - percent) / 100.0;
        let is_telling = slower >= 1.0 - 1e-6 || same(percent, 100.0);
        self.percentile_ms(percent).filter(|_| is_telling)
    }
}

fn totals(record: &Record, effort: Effort) -> Totals {
    Totals {
        run_s: record.run_time().as_secs_f64(),
        measured_s: record.measured_time().as_secs_f64(),
        measured_objects: record.measured_objects,
        measured_bytes: record.measured_bytes,
        objects: record.objects,
        bytes: record.bytes,
        warned: record.warned,
        failed: record.failures.values().sum(),
        failures: record.failures.clone(),
        associations: record.associations,
        cpu_s: effort.cpu.as_secs_f64(),
        cpu_share: ratio(effort.cpu.as_secs_f64(), effort.wall.as_secs_f64()),
    }
}

fn latency(record: &Record) -> Latency {
    let histogram = &record.latency;
    let nanos_at = |percent| histogram.value_at_quantile(percent / 100.0);
    let point = |percent| Percentile {
        percent,
        ms: milliseconds(nanos_at(percent)),
    };
    Latency {
        min_ms: milliseconds(histogram.min()),
        mean_ms: histogram.mean() / 1e6,
        max_ms: milliseconds(histogram.max()),
        percentiles: PERCENTILES.into_iter().map(point).collect(),
    }
}

fn phases(phases: &Phases) -> PhaseSeconds {
    PhaseSeconds {
        waiting_s: phases.waiting.as_secs_f64(),
        sending_s: phases.sending.as_secs_f64(),
        answering_s: phases.answering.as_secs_f64(),
    }
}

fn seconds(record: &Record) -> Vec<SecondOfRun> {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    let seconds = record.seconds.iter().map(|second| {
        let is_measured = second.objects > 0;
        SecondOfRun {
            objects: second.objects,
            bytes: second.bytes,
            failed: second.failed,
            latency_mean_ms: is_measured
                .then(|| ratio(millis(second.latency_sum), count(second.objects))),
            latency_max_ms: is_measured.then(|| millis(second.latency_max)),
        }
    });
    seconds.collect()
}

fn milliseconds(nanos: u64) -> f64 {
    count(nanos) / 1e6
}

/// A count as a number to calculate with; exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "a figure of sixteen digits is exact enough"
)]
fn count(count: u64) -> f64 {
    count as f64
}

/// 0 where there is nothing to divide by.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// Whether two percentiles are the same one; they differ by more than this.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

//! Results as a table for people.

use std::fmt::Write as _;

use super::units::{bytes, milliseconds, three_digits, throughput};
use super::{NOTHING, Results, count, ratio};

/// The percentiles shown.
const SHOWN: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 99.99];

/// Above this share the sender was busy nearly all the time.
const CPU_SHARE_SUSPICIOUS: f64 = 0.9;

/// Width of the names.
const NAME_COLUMNS: usize = 14;

impl Results {
    /// The results as lines of text.
    pub fn table(&self) -> String {
        let mut lines = Vec::new();
        if self.is_interrupted {
            let when = format!("after {:.1} s", self.totals.run_s);
            lines.push(line("INTERRUPTED", &when));
        }
        let receivers = self.receivers.iter();
        lines.extend(receivers.map(|receiver| line("receiver", &receiver.to_string())));
        lines.extend(self.rate_lines());
        lines.extend(self.latency_lines());
        lines.extend(self.time_lines());
        lines.extend(self.observed_lines());
        lines.extend(self.failure_lines());
        lines.extend(self.fault_lines());
        lines.extend(
            self.verification
                .iter()
                .map(|verification| line("verified", &verification.to_string())),
        );
        lines.concat()
    }

    fn rate_lines(&self) -> Vec<String> {
        let totals = &self.totals;
        let objects = format!(
            "{} acknowledged in {:.2} s, {}",
            totals.measured_objects,
            totals.measured_s,
            bytes(count(totals.measured_bytes))
        );
        let rate = format!(
            "{} objects/s, {}",
            three_digits(self.rate()),
            throughput(self.throughput())
        );
        vec![line("objects", &objects), line("rate", &rate)]
    }

    fn latency_lines(&self) -> Vec<String> {
        let Some(latency) = self.latency() else {
            return vec![line("latency", "nothing was measured")];
        };
        let mut text = String::new();
        for percent in SHOWN {
            let ms = self.telling_percentile_ms(percent);
            let ms = ms.map_or_else(|| NOTHING.to_owned(), milliseconds);
            // Writing to a string does not fail.
            let _ = write!(text, "p{percent} {ms}, ");
        }
        let _ = write!(text, "max {}", milliseconds(latency.max_ms));
        vec![line("latency", &text)]
    }

    /// Where the time of an object went, and what the sender itself took.
    fn time_lines(&self) -> Vec<String> {
        let mut sender = format!(
            "{}, busy {:.0} %",
            self.cpu(self.totals.cpu_s),
            self.totals.cpu_share * 100.0
        );
        if self.totals.cpu_share > CPU_SHARE_SUSPICIOUS {
            sender.push_str(": the sender may have been the limit");
        }
        vec![
            line("mean object", &self.mean_object()),
            line("sender's CPU", &sender),
        ]
    }

    /// Where the time of a mean object went; a dash when there was none.
    fn mean_object(&self) -> String {
        if self.totals.measured_objects == 0 {
            return NOTHING.to_owned();
        }
        let objects = count(self.totals.measured_objects);
        let each = |seconds: f64| milliseconds(ratio(seconds * 1e3, objects));
        let phases = &self.phases;
        format!(
            "waiting {}, sending {}, until the response {}",
            each(phases.waiting_s),
            each(phases.sending_s),
            each(phases.answering_s)
        )
    }

    /// CPU time, and what it is for 10^9 bytes, if any were acknowledged.
    fn cpu(&self, seconds: f64) -> String {
        let cost = self
            .per_gb(seconds)
            .map_or_else(|| NOTHING.to_owned(), |s| format!("{s:.3}"));
        format!("{seconds:.2} s, {cost} s/GB")
    }

    fn observed_lines(&self) -> Vec<String> {
        let Some(observed) = &self.observed else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        if let Some(seconds) = observed.receiver_cpu_s {
            lines.push(line("receiver's CPU", &self.cpu(seconds)));
        }
        lines.push(line("others' CPU", &self.cpu(observed.others_cpu_s)));
        if let Some(seconds) = observed.stable_s {
            let rate = ratio(count(self.totals.measured_bytes), seconds);
            lines.push(line(
                "stable",
                &format!("after {seconds:.2} s, {}", throughput(rate)),
            ));
        }
        lines
    }

    fn failure_lines(&self) -> Vec<String> {
        let totals = &self.totals;
        let mut lines = vec![line("failed", &totals.failed.to_string())];
        for (reason, count) in &totals.failures {
            lines.push(line("", &format!("{count} x {reason}")));
        }
        if totals.warned > 0 {
            lines.push(line("warnings", &totals.warned.to_string()));
        }
        lines
    }

    fn fault_lines(&self) -> Vec<String> {
        let lines = self.faults.iter().map(|fault| {
            let outcomes = fault.outcomes.iter();
            let outcomes: Vec<_> = outcomes
                .map(|(outcome, count)| format!("{count} x {outcome}"))
                .collect();
            let mut text = format!("{} made: {}", fault.made, outcomes.join(", "));
            if fault.left_out > 0 {
                let _ = write!(text, "; {} left out", fault.left_out);
            }
            line(&fault.fault, &text)
        });
        lines.collect()
    }
}

pub(super) fn line(name: &str, text: &str) -> String {
    format!("{name:<NAME_COLUMNS$} {text}\n")
}

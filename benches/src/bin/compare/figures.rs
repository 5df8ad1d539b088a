//! What one run gave.

use pdvault_loadgen::results::Results;
use serde::{Deserialize, Serialize};

/// The figures of a run; sizes in bytes of data sets, times in the units that the names say. What was
/// not measured is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// From the opening of the associations to the last Success.
    pub(crate) success_s: Option<f64>,
    /// From there to the end of a final `sync -f`.
    pub(crate) stable_s: Option<f64>,
    /// CPU time of the receiver's processes.
    pub(crate) receiver_cpu_s: Option<f64>,
    /// Busy time of the whole system less the sender's own.
    pub(crate) system_cpu_s: Option<f64>,
    pub(crate) sender_cpu_s: Option<f64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    /// The peaks of the receiver's processes, added up.
    pub(crate) peak_bytes: Option<u64>,
    /// Free memory that a virtual machine did not have from its host yet, right before the load.
    pub(crate) cold_bytes: Option<u64>,
    /// Files that were compared byte for byte, all of them right.
    pub(crate) verified: Option<u64>,
    /// Why there is no more than this.
    pub(crate) failure: Option<String>,
}

/// A figure to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Bytes a second until Success.
    SuccessRate,
    /// Bytes a second until stable storage.
    StableRate,
    /// Objects a second until Success.
    SuccessObjects,
    /// CPU seconds of the receiver, for 10^9 bytes.
    ReceiverCpu,
    /// CPU seconds of the system less the sender's, for 10^9 bytes.
    SystemCpu,
    P50,
    P99,
    Peak,
}

impl Figures {
    /// Of a run that failed.
    pub(crate) fn of_failure(text: String) -> Self {
        Self {
            failure: Some(text),
            ..Self::default()
        }
    }

    /// Of the results of loadgen; `peak_bytes` is the receiver's.
    pub(crate) fn of_load(results: &Results, stores: bool, peak_bytes: u64) -> Self {
        let (totals, observed) = (&results.totals, results.observed.as_ref());
        let is_measured = totals.measured_objects > 0;
        Self {
            objects: totals.measured_objects,
            bytes: totals.measured_bytes,
            success_s: is_measured.then_some(totals.measured_s),
            stable_s: observed
                .and_then(|seen| seen.stable_s)
                .filter(|_| is_measured && stores),
            receiver_cpu_s: observed.and_then(|seen| seen.receiver_cpu_s),
            system_cpu_s: observed.map(|seen| seen.others_cpu_s),
            sender_cpu_s: Some(totals.cpu_s),
            p50_ms: results.percentile_ms(50.0),
            p99_ms: results.telling_percentile_ms(99.0),
            peak_bytes: Some(peak_bytes),
            verified: results
                .verification
                .as_ref()
                .map(|verification| verification.found),
            failure: failure(results),
            cold_bytes: None,
        }
    }

    /// Of what fio prints as JSON. `None` if it is something else.
    pub(crate) fn of_fio(text: &str) -> Option<Self> {
        let told: serde_json::Value = serde_json::from_str(text).ok()?;
        let write = told.get("jobs")?.get(0)?.get("write")?;
        let milliseconds = write.get("runtime")?.as_f64()?;
        Some(Self {
            bytes: write.get("io_bytes")?.as_u64()?,
            stable_s: Some(milliseconds / 1e3),
            ..Self::default()
        })
    }

    /// One of the figures, if the run went well and it was measured.
    pub(crate) fn get(&self, metric: Metric) -> Option<f64> {
        if self.failure.is_some() {
            return None;
        }
        let (bytes, objects) = (count(self.bytes), count(self.objects));
        let value = match metric {
            Metric::SuccessRate => bytes / self.success_s?,
            Metric::StableRate => bytes / self.stable_s?,
            Metric::SuccessObjects => objects / self.success_s?,
            Metric::ReceiverCpu => self.receiver_cpu_s? / (bytes / 1e9),
            Metric::SystemCpu => self.system_cpu_s? / (bytes / 1e9),
            Metric::P50 => self.p50_ms?,
            Metric::P99 => self.p99_ms?,
            Metric::Peak => count(self.peak_bytes?),
        };
        value.is_finite().then_some(value)
    }
}

/// Why a run does not count: an object that was refused or lost is as bad as a slow one.
fn failure(results: &Results) -> Option<String> {
    let totals = &results.totals;
    if totals.failed > 0 || totals.objects == 0 {
        let reason = totals
            .failures
            .keys()
            .next()
            .map_or("no reason given", String::as_str);
        return Some(format!("{} objects failed: {reason}", totals.failed));
    }
    let verification = results.verification.as_ref()?;
    let wrong = verification.missing + verification.different;
    (wrong > 0).then(|| {
        let (missing, different) = (verification.missing, verification.different);
        format!("{missing} objects missing, {different} different on disk")
    })
}

/// A count as a number to calculate with; exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "sixteen digits are exact enough"
)]
pub(crate) fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use pdvault_loadgen::results::{Observed, Totals};

    use super::*;

    fn results(failed: u64) -> Results {
        let json = serde_json::json!({
            "format": 1, "version": "0", "finished_unix_s": 0,
            "host": {"name": "", "kernel": "", "cpu": "", "cpus": 2},
            "options": {}, "interrupted": false,
            "totals": Totals {
                measured_s: 2.0, measured_objects: 1000, measured_bytes: 4_000_000_000,
                objects: 1000, bytes: 4_000_000_000, failed, cpu_s: 0.5, ..Totals::default()
            },
            "latency": {"min_ms": 1.0, "mean_ms": 2.0, "max_ms": 9.0, "percentiles": [
                {"percent": 50.0, "ms": 2.0}, {"percent": 99.0, "ms": 8.0}]},
            "phases": {"waiting_s": 0.0, "sending_s": 0.0, "answering_s": 0.0},
            "seconds": [],
            "observed": Observed {
                receiver_cpu_s: Some(1.0), others_cpu_s: 2.0, stable_s: Some(4.0)
            },
            "faults": [], "verification": null,
        });
        serde_json::from_value(json).expect("results of loadgen")
    }

    #[test]
    fn rates_and_costs_come_from_loadgens_results() {
        let figures = Figures::of_load(&results(0), true, 512);
        let get = |metric| figures.get(metric).expect("measured");
        assert!((get(Metric::SuccessRate) - 2e9).abs() < 1.0);
        assert!((get(Metric::StableRate) - 1e9).abs() < 1.0);
        assert!((get(Metric::SuccessObjects) - 500.0).abs() < 1e-6);
        assert!((get(Metric::ReceiverCpu) - 0.25).abs() < 1e-9);
        assert!((get(Metric::SystemCpu) - 0.5).abs() < 1e-9);
        assert!((get(Metric::P99) - 8.0).abs() < 1e-9);
        assert!((get(Metric::Peak) - 512.0).abs() < 1e-9);
    }

    #[test]
    fn what_stores_nothing_has_no_rate_to_stable_storage() {
        let figures = Figures::of_load(&results(0), false, 0);
        assert_eq!(figures.get(Metric::StableRate), None);
        assert!(figures.get(Metric::SuccessRate).is_some());
    }

    #[test]
    fn a_run_with_a_failed_object_has_no_figures() {
        let figures = Figures::of_load(&results(1), true, 0);
        assert_eq!(figures.get(Metric::SuccessRate), None);
        assert!(
            figures
                .failure
                .expect("a reason")
                .starts_with("1 objects failed")
        );
    }

    #[test]
    fn fio_tells_bytes_and_milliseconds() {
        let text = r#"{"jobs": [{"write": {"io_bytes": 3000, "runtime": 1500}}]}"#;
        let figures = Figures::of_fio(text).expect("fio's JSON");
        assert!((figures.get(Metric::StableRate).expect("a rate") - 2000.0).abs() < 1e-6);
        assert_eq!(Figures::of_fio("fio: no such engine"), None);
    }

    #[test]
    fn figures_survive_the_file() {
        let figures = Figures::of_load(&results(0), true, 512);
        let text = serde_json::to_string(&figures).expect("written");
        assert_eq!(
            serde_json::from_str::<Figures>(&text).expect("read"),
            figures
        );
    }
}

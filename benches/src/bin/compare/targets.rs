//! What pdvault is to reach, each as a ratio within one round of runs.

use serde::Serialize;

use crate::figures::Metric;
use crate::matrix;
use crate::results::Results;
use crate::statistics::Spread;
use crate::system::{Driver, Kind, System};

/// What pdvault's figure is held against.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The same row and metric of another system.
    System(Kind),
    /// The best receiver of other people in the same row.
    BestPeer,
    /// The same system and metric in another row.
    Row(&'static str),
    /// Another metric of the same runs.
    Metric(Metric),
    /// Its landing memory, and so much more, in bytes.
    LandingAnd(u64),
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sense {
    AtLeast,
    AtMost,
}

/// One target.
#[derive(Clone, Copy, Debug)]
struct Target {
    row: &'static str,
    ours: Kind,
    metric: Metric,
    against: Against,
    sense: Sense,
    bound: f64,
}

/// What became of a target under one driver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) figure: String,
    pub(crate) against: String,
    pub(crate) sense: Sense,
    pub(crate) bound: f64,
    pub(crate) system: String,
    /// The ratios of the rounds, if there are any.
    pub(crate) ratio: Option<Spread>,
    pub(crate) is_reached: Option<bool>,
}

/// Landing memory unless it is said otherwise, in bytes.
const LANDING_BYTES: f64 = 256.0 * 1_048_576.0;

/// What may come on top of it.
const BESIDES_LANDING_BYTES: u64 = 64 << 20;

use Against::{BestPeer, LandingAnd};
use Kind::{BareDiscard, BareDurable, BareNoSync, Dcmtk, DcmtkIgnore, Fio, Ignore, None, Object};
use Metric::{P50, P99, Peak, StableRate, SuccessObjects, SuccessRate, SystemCpu};
use Sense::{AtLeast, AtMost};

const TARGETS: &[Target] = &[
    at_least(
        1.2,
        "512k-8",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(
        1.2,
        "512k-8-cold",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(1.0, "512k-8-cold", Object, StableRate, BestPeer),
    at_least(
        1.15,
        "512k-64",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(1.0, "512k-64", Object, StableRate, BestPeer),
    at_least(
        1.15,
        "512k-8-window-8",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(1.0, "512k-8-window-8", Object, StableRate, BestPeer),
    at_least(
        0.95,
        "512k-8",
        None,
        SuccessRate,
        Against::System(BareNoSync),
    ),
    at_least(1.2, "512k-8", None, SuccessRate, BestPeer),
    at_least(2.0, "512k-8-cold", None, SuccessRate, BestPeer),
    at_most(0.75, "512k-8", None, SystemCpu, BestPeer),
    at_most(0.75, "512k-8-cold", None, SystemCpu, BestPeer),
    at_most(1.0, "512k-8", Object, SystemCpu, BestPeer),
    at_most(1.0, "512k-8-cold", Object, SystemCpu, BestPeer),
    at_least(
        0.9,
        "512k-4-ignore",
        Ignore,
        SuccessRate,
        Against::System(BareDiscard),
    ),
    at_least(
        1.4,
        "512k-4-ignore",
        Ignore,
        SuccessRate,
        Against::System(DcmtkIgnore),
    ),
    at_least(1.3, "8k-8", None, SuccessRate, BestPeer),
    at_least(1.3, "8k-8", None, StableRate, BestPeer),
    at_most(0.8, "8k-8", None, SystemCpu, BestPeer),
    at_least(1.3, "8k-64", None, SuccessRate, BestPeer),
    at_least(1.3, "8k-64", None, StableRate, BestPeer),
    at_most(0.8, "8k-64", None, SystemCpu, BestPeer),
    at_least(
        1.3,
        "8k-64",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(0.9, "64m-4", Object, StableRate, Against::System(Fio)),
    at_least(
        3.0,
        "8k-per-object",
        Object,
        SuccessObjects,
        Against::System(Dcmtk),
    ),
    at_least(
        3.0,
        "8k-per-object",
        None,
        SuccessObjects,
        Against::System(Dcmtk),
    ),
    at_least(1.0, "512k-1", None, SuccessRate, Against::System(Dcmtk)),
    at_least(
        1.2,
        "512k-1",
        Object,
        StableRate,
        Against::System(BareDurable),
    ),
    at_least(0.9, "512k-256", Object, StableRate, Against::Row("512k-8")),
    at_least(0.9, "512k-1000", Object, StableRate, Against::Row("512k-8")),
    at_most(
        1.0,
        "512k-1000",
        Object,
        Peak,
        LandingAnd(BESIDES_LANDING_BYTES),
    ),
    at_most(5.0, "512k-64-half-rate", Object, P99, Against::Metric(P50)),
];

const fn at_least(
    bound: f64,
    row: &'static str,
    ours: Kind,
    metric: Metric,
    against: Against,
) -> Target {
    Target {
        row,
        ours,
        metric,
        against,
        sense: AtLeast,
        bound,
    }
}

const fn at_most(
    bound: f64,
    row: &'static str,
    ours: Kind,
    metric: Metric,
    against: Against,
) -> Target {
    let sense = AtMost;
    Target {
        sense,
        ..at_least(bound, row, ours, metric, against)
    }
}

/// Holds the results against the targets of their rows, for each driver.
pub(crate) fn judge(results: &Results, drivers: &[Driver]) -> Vec<Verdict> {
    let is_asked = |target: &&Target| results.rows.iter().any(|row| row.id == target.row);
    let each = TARGETS.iter().filter(is_asked).flat_map(|target| {
        let systems = System::all_of(target.ours, drivers);
        systems
            .into_iter()
            .map(|system| target.judge(results, system))
    });
    each.collect()
}

impl Target {
    fn judge(&self, results: &Results, system: System) -> Verdict {
        let rounds = 1..=results.rounds();
        let ratio = Spread::of(rounds.filter_map(|round| self.ratio(results, system, round)));
        let is_reached = ratio.map(|ratio| match self.sense {
            AtLeast => ratio.median >= self.bound,
            AtMost => ratio.median <= self.bound,
        });
        Verdict {
            figure: self.figure(),
            against: self.against(),
            sense: self.sense,
            bound: self.bound,
            system: system.to_string(),
            ratio,
            is_reached,
        }
    }

    fn ratio(&self, results: &Results, system: System, round: u32) -> Option<f64> {
        let value = |row, system, metric| results.value(row, system, round, metric);
        let ours = value(self.row, system, self.metric)?;
        let theirs = match self.against {
            Against::System(kind) => value(
                self.row,
                System {
                    kind,
                    driver: Option::None,
                },
                self.metric,
            )?,
            Against::Row(row) => value(row, system, self.metric)?,
            Against::Metric(metric) => value(self.row, system, metric)?,
            LandingAnd(more) => LANDING_BYTES + crate::figures::count(more),
            BestPeer => {
                let peers = matrix::find(self.row)?
                    .kinds
                    .iter()
                    .filter(|kind| kind.is_peer());
                let values = peers.filter_map(|&kind| {
                    value(
                        self.row,
                        System {
                            kind,
                            driver: Option::None,
                        },
                        self.metric,
                    )
                });
                match self.sense {
                    AtLeast => values.reduce(f64::max)?,
                    AtMost => values.reduce(f64::min)?,
                }
            }
        };
        Some(ours / theirs)
    }

    fn figure(&self) -> String {
        let title = matrix::find(self.row).map_or_else(String::new, matrix::Row::title);
        let what = match self.metric {
            SuccessRate => "rate of Success",
            StableRate => "rate to stable storage",
            SuccessObjects => "objects/s to Success",
            SystemCpu => "CPU of the whole system less the sender's",
            Metric::ReceiverCpu => "CPU of the receiver",
            P50 => "median latency",
            P99 => "p99 of latency",
            Peak => "peak memory",
        };
        format!("{title}: {what}")
    }

    fn against(&self) -> String {
        match self.against {
            Against::System(kind) => System {
                kind,
                driver: Option::None,
            }
            .to_string(),
            BestPeer => "the best peer".to_owned(),
            Against::Row(row) => {
                let title = matrix::find(row).map_or_else(String::new, matrix::Row::title);
                format!("the same with {title}")
            }
            Against::Metric(_) => "the median".to_owned(),
            LandingAnd(more) => format!("landing memory and {} MiB", more >> 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;
    use crate::state::{Key, Run};

    /// A run of 10^9 bytes that took so many seconds.
    fn run(row: &str, system: &str, round: u32, seconds: f64) -> Run {
        Run {
            key: Key {
                row: row.to_owned(),
                system: system.to_owned(),
                round,
                volume: 1,
                build: String::new(),
            },
            figures: Figures {
                objects: 1000,
                bytes: 1_000_000_000,
                success_s: Some(seconds),
                stable_s: Some(seconds),
                system_cpu_s: Some(seconds),
                ..Figures::default()
            },
            took_s: 1.0,
        }
    }

    fn verdict(runs: Vec<Run>, row: &str, against: &str, metric: &str) -> Verdict {
        let results = Results {
            rows: matrix::ROWS.to_vec(),
            runs,
        };
        let verdicts = judge(&results, &[Driver::Mio]);
        let title = matrix::find(row).expect("a row").title();
        let mut found = verdicts.into_iter().filter(|verdict| {
            verdict.figure == format!("{title}: {metric}") && verdict.against == against
        });
        found.next().expect("a target")
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_the_median_decides() {
        // Against its neighbour 2.0, 1.3 and 0.5; of the medians of the rates it would be 1.0.
        let runs = vec![
            run("512k-8", "pdvault/mio", 1, 1.0),
            run("512k-8", "bare-durable", 1, 2.0),
            run("512k-8", "pdvault/mio", 2, 2.0),
            run("512k-8", "bare-durable", 2, 2.6),
            run("512k-8", "pdvault/mio", 3, 8.0),
            run("512k-8", "bare-durable", 3, 4.0),
        ];
        let verdict = verdict(runs, "512k-8", "bare-durable", "rate to stable storage");
        let ratio = verdict.ratio.expect("measured");
        assert!((ratio.median - 1.3).abs() < 1e-9 && (ratio.min - 0.5).abs() < 1e-9);
        assert_eq!(verdict.is_reached, Some(true));
    }

    #[test]
    fn the_best_peer_is_the_fastest_or_the_most_frugal() {
        let runs = vec![
            run("512k-8-cold", "pdvault/mio", 1, 2.0),
            run("512k-8-cold", "dcmtk", 1, 4.0),
            run("512k-8-cold", "dicom-rs", 1, 1.0),
        ];
        let rate = verdict(
            runs.clone(),
            "512k-8-cold",
            "the best peer",
            "rate to stable storage",
        );
        assert_eq!(rate.is_reached, Some(false));
        assert!((rate.ratio.expect("measured").median - 0.5).abs() < 1e-9);
        let what = "CPU of the whole system less the sender's";
        let mut runs = runs;
        runs[0].key.system = "pdvault-none/mio".to_owned();
        let cpu = verdict(runs, "512k-8-cold", "the best peer", what);
        assert!((cpu.ratio.expect("measured").median - 2.0).abs() < 1e-9);
        assert_eq!(cpu.is_reached, Some(false));
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let runs = vec![run("512k-8", "pdvault/mio", 1, 1.0)];
        let verdict = verdict(runs, "512k-8", "bare-durable", "rate to stable storage");
        assert_eq!(
            (verdict.ratio, verdict.is_reached),
            (Option::None, Option::None)
        );
    }

    #[test]
    fn every_target_is_about_systems_of_its_row() {
        for target in TARGETS {
            let row = matrix::find(target.row).expect("a row");
            assert!(row.kinds.contains(&target.ours), "{}", target.row);
            if let Against::System(kind) = target.against {
                assert!(row.kinds.contains(&kind), "{}", target.row);
            }
        }
    }
}

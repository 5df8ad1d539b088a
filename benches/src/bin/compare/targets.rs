//! What pdvault is to reach, each as a ratio within one round of runs.

use serde::Serialize;

use crate::figures::Metric;
use crate::matrix::{self, Row};
use crate::outrun::is_outrun;
use crate::results::Results;
use crate::statistics::Spread;
use crate::system::{Driver, Kind, System};

/// What pdvault's figure is held against.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The same row and metric of another system.
    Other(Kind),
    /// The best receiver of other people in the same row, of those that are not outrun.
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

impl Sense {
    /// Whether a ratio is on the right side of a bound.
    pub(crate) fn is_met(self, ratio: f64, bound: f64) -> bool {
        match self {
            Self::AtLeast => ratio >= bound,
            Self::AtMost => ratio <= bound,
        }
    }
}

/// One target.
#[derive(Clone, Copy, Debug)]
struct Target {
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

use Against::{BestPeer, LandingAnd, Other};
use Kind::{BareDiscard, BareDurable, BareNoSync, Dcmtk, DcmtkIgnore, Fio, Ignore, None, Object};
use Metric::{P50, P99, Peak, StableRate, SuccessObjects, SuccessRate, SystemCpu};
use Sense::{AtLeast, AtMost};

/// Of a row, and of a form of pdvault in it.
type Targets = (&'static str, Kind, &'static [Target]);

const TARGETS: &[Targets] = &[
    (
        "512k-8",
        Object,
        &[
            at_least(1.2, StableRate, Other(BareDurable)),
            at_most(1.0, SystemCpu, BestPeer),
        ],
    ),
    (
        "512k-8",
        None,
        &[
            at_least(0.95, SuccessRate, Other(BareNoSync)),
            at_least(1.2, SuccessRate, BestPeer),
            at_most(0.75, SystemCpu, BestPeer),
        ],
    ),
    (
        "512k-8-cold",
        Object,
        &[
            at_least(1.2, StableRate, Other(BareDurable)),
            at_least(1.0, StableRate, BestPeer),
            at_most(1.0, SystemCpu, BestPeer),
        ],
    ),
    (
        "512k-8-cold",
        None,
        &[
            at_least(2.0, SuccessRate, BestPeer),
            at_most(0.75, SystemCpu, BestPeer),
        ],
    ),
    ("512k-64", Object, AHEAD),
    ("512k-8-window-8", Object, AHEAD),
    (
        "512k-4-ignore",
        Ignore,
        &[
            at_least(0.9, SuccessRate, Other(BareDiscard)),
            at_least(1.4, SuccessRate, Other(DcmtkIgnore)),
        ],
    ),
    ("8k-8", None, SMALL_AHEAD),
    ("8k-64", None, SMALL_AHEAD),
    (
        "8k-64",
        Object,
        &[at_least(1.3, StableRate, Other(BareDurable))],
    ),
    ("64m-4", Object, &[at_least(0.9, StableRate, Other(Fio))]),
    ("8k-per-object", Object, PER_OBJECT),
    ("8k-per-object", None, PER_OBJECT),
    (
        "512k-1",
        Object,
        &[at_least(1.2, StableRate, Other(BareDurable))],
    ),
    ("512k-1", None, &[at_least(1.0, SuccessRate, Other(Dcmtk))]),
    ("512k-256", Object, &[NO_SLOWER_THAN_8]),
    (
        "512k-1000",
        Object,
        &[
            NO_SLOWER_THAN_8,
            at_most(1.0, Peak, LandingAnd(BESIDES_LANDING_BYTES)),
        ],
    ),
    (
        "512k-64-half-rate",
        Object,
        &[at_most(5.0, P99, Against::Metric(P50))],
    ),
];

/// Of everybody, although the others sync nothing.
const AHEAD: &[Target] = &[
    at_least(1.15, StableRate, Other(BareDurable)),
    at_least(1.0, StableRate, BestPeer),
];

const SMALL_AHEAD: &[Target] = &[
    at_least(1.3, SuccessRate, BestPeer),
    at_least(1.3, StableRate, BestPeer),
    at_most(0.8, SystemCpu, BestPeer),
];

const PER_OBJECT: &[Target] = &[at_least(3.0, SuccessObjects, Other(Dcmtk))];

const NO_SLOWER_THAN_8: Target = at_least(0.9, StableRate, Against::Row("512k-8"));

const fn at_least(bound: f64, metric: Metric, against: Against) -> Target {
    Target {
        metric,
        against,
        sense: AtLeast,
        bound,
    }
}

const fn at_most(bound: f64, metric: Metric, against: Against) -> Target {
    let sense = AtMost;
    Target {
        sense,
        ..at_least(bound, metric, against)
    }
}

/// Holds the results against the targets of their rows, for each driver.
pub(crate) fn judge(results: &Results, drivers: &[Driver]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (id, ours, targets) in TARGETS {
        let Some(row) = results.rows.iter().find(|row| row.id == *id) else {
            continue;
        };
        for target in *targets {
            let systems = row.systems(drivers).into_iter();
            let ours = systems.filter(|system| system.kind == *ours);
            verdicts.extend(ours.map(|system| target.judge(results, row, system)));
        }
    }
    verdicts
}

impl Target {
    fn judge(&self, results: &Results, row: &Row, system: System) -> Verdict {
        let rounds = 1..=results.rounds();
        let ratio = Spread::of(rounds.filter_map(|round| self.ratio(results, row, system, round)));
        let is_reached = ratio.map(|ratio| self.sense.is_met(ratio.median, self.bound));
        Verdict {
            figure: self.figure(row),
            against: self.against(),
            sense: self.sense,
            bound: self.bound,
            system: system.to_string(),
            ratio,
            is_reached,
        }
    }

    fn ratio(&self, results: &Results, row: &Row, system: System, round: u32) -> Option<f64> {
        let value = |row, system, metric| results.value(row, system, round, metric);
        let other = |kind: Kind| {
            let driver = Option::None;
            value(row.id, System { kind, driver }, self.metric)
        };
        let ours = value(row.id, system, self.metric)?;
        let theirs = match self.against {
            Other(kind) => other(kind)?,
            Against::Row(row) => value(row, system, self.metric)?,
            Against::Metric(metric) => value(row.id, system, metric)?,
            LandingAnd(more) => LANDING_BYTES + crate::figures::count(more),
            BestPeer => {
                let kinds = row.kinds.iter().copied().filter(|kind| kind.is_peer());
                let rivals = kinds.filter(|kind| !is_outrun(&results.runs, row, *kind));
                let values = rivals.filter_map(other);
                match self.sense {
                    AtLeast => values.reduce(f64::max)?,
                    AtMost => values.reduce(f64::min)?,
                }
            }
        };
        Some(ours / theirs)
    }

    fn figure(&self, row: &Row) -> String {
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
        format!("{}: {what}", row.title())
    }

    fn against(&self) -> String {
        match self.against {
            Other(kind) => kind.to_string(),
            BestPeer => "the best peer".to_owned(),
            Against::Row(row) => {
                let title = matrix::find(row).map_or_else(String::new, Row::title);
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
    use crate::state::{Run, run_of_a_gigabyte as run};

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
        for (id, ours, targets) in TARGETS {
            let row = matrix::find(id).expect("a row");
            assert!(row.kinds.contains(ours), "{id}");
            for target in *targets {
                if let Other(kind) = target.against {
                    assert!(row.kinds.contains(&kind), "{id}");
                }
            }
        }
    }
}

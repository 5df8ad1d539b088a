//! Expectations: `p99<50ms`, `throughput>1GB/s`, `failures=0`.

use std::fmt;
use std::str::FromStr;

use super::{PERCENTILES, Results, count, same};

/// Something that results must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    text: String,
    metric: Metric,
    relation: Relation,
    /// In the metric's own unit.
    bound: f64,
}

/// What is looked at, and its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Metric {
    /// Milliseconds.
    Percentile(f64),
    /// Milliseconds.
    Mean,
    /// Bytes a second.
    Throughput,
    /// Objects a second.
    Rate,
    /// Objects.
    Objects,
    /// Objects.
    Failures,
    /// Objects.
    Warnings,
    /// CPU seconds for 10^9 bytes.
    Cpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// Why an expectation is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectationError {
    /// There is no comparison in it.
    #[error("{0:?} compares nothing: write for example p99<50ms")]
    NoRelation(String),
    /// Nothing is called that.
    #[error(
        "{0:?} is nothing to expect: there are mean, max, throughput, rate, objects, failures, \
         warnings, cpu, and p with 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99 or \
         99.999"
    )]
    Metric(String),
    /// The value is no number with a unit that fits.
    #[error("{value:?} is no value for {metric}: write for example {example}")]
    Value {
        /// What was written.
        value: String,
        /// What for.
        metric: String,
        /// What it may look like.
        example: &'static str,
    },
}

/// The comparisons, the longer ones first.
const RELATIONS: [(&str, Relation); 5] = [
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("<", Relation::Less),
    (">", Relation::Greater),
    ("=", Relation::Equal),
];

/// Units of time, in milliseconds.
const TIMES: [(&str, f64); 4] = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("min", 6e4)];

/// Units of throughput, in bytes a second.
const THROUGHPUTS: [(&str, f64); 7] = [
    ("B/s", 1.0),
    ("KB/s", 1e3),
    ("MB/s", 1e6),
    ("GB/s", 1e9),
    ("KiB/s", 1024.0),
    ("MiB/s", 1_048_576.0),
    ("GiB/s", 1_073_741_824.0),
];

const RATES: [(&str, f64); 2] = [("", 1.0), ("/s", 1.0)];
const COUNTS: [(&str, f64); 1] = [("", 1.0)];
const CPU: [(&str, f64); 2] = [("", 1.0), ("s/GB", 1.0)];

impl Metric {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "mean" => Some(Self::Mean),
            "max" => Some(Self::Percentile(100.0)),
            "throughput" => Some(Self::Throughput),
            "rate" => Some(Self::Rate),
            "objects" => Some(Self::Objects),
            "failures" => Some(Self::Failures),
            "warnings" => Some(Self::Warnings),
            "cpu" => Some(Self::Cpu),
            _ => {
                let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
                let known = PERCENTILES.iter().any(|known| same(*known, percent));
                known.then_some(Self::Percentile(percent))
            }
        }
    }

    /// The units a bound may have, and an example.
    fn units(self) -> (&'static [(&'static str, f64)], &'static str) {
        match self {
            Self::Percentile(_) | Self::Mean => (&TIMES, "50ms"),
            Self::Throughput => (&THROUGHPUTS, "1GB/s"),
            Self::Rate => (&RATES, "1000/s"),
            Self::Objects | Self::Failures | Self::Warnings => (&COUNTS, "0"),
            Self::Cpu => (&CPU, "0.25s/GB"),
        }
    }

    /// `None` when nothing was measured that it could be about.
    fn value(self, results: &Results) -> Option<f64> {
        let is_measured = results.totals.measured_objects > 0;
        match self {
            Self::Percentile(percent) => results.percentile_ms(percent),
            Self::Mean => results.latency().map(|latency| latency.mean_ms),
            Self::Throughput => is_measured.then(|| results.throughput()),
            Self::Rate => is_measured.then(|| results.rate()),
            Self::Objects => Some(count(results.totals.objects)),
            Self::Failures => Some(count(results.totals.failed)),
            Self::Warnings => Some(count(results.totals.warned)),
            Self::Cpu => results.cpu_s_per_gb().filter(|_| is_measured),
        }
    }
}

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        let (name, relation, value) =
            split(text).ok_or_else(|| ExpectationError::NoRelation(text.to_owned()))?;
        let metric =
            Metric::parse(name).ok_or_else(|| ExpectationError::Metric(name.to_owned()))?;
        let (units, example) = metric.units();
        let bound = quantity(value, units).ok_or_else(|| ExpectationError::Value {
            value: value.to_owned(),
            metric: name.to_owned(),
            example,
        })?;
        Ok(Self {
            text: text.to_owned(),
            metric,
            relation,
            bound,
        })
    }
}

/// What is compared, how, and with what.
fn split(text: &str) -> Option<(&str, Relation, &str)> {
    let at = text.find(['<', '>', '='])?;
    let (name, rest) = text.split_at(at);
    let (sign, relation) = RELATIONS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    Some((name.trim(), *relation, rest[sign.len()..].trim()))
}

/// A number and its unit, in the unit of the metric.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim())?;
    Some(number * scale)
}

impl Expectation {
    /// Whether the results are as expected. They are not when nothing was measured.
    pub fn is_met(&self, results: &Results) -> bool {
        let Some(value) = self.metric.value(results) else {
            return false;
        };
        match self.relation {
            Relation::Less => value < self.bound,
            Relation::LessOrEqual => value <= self.bound,
            Relation::Equal => (value - self.bound).abs() < f64::EPSILON,
            Relation::GreaterOrEqual => value >= self.bound,
            Relation::Greater => value > self.bound,
        }
    }

    /// What was found, as the end of a sentence: "it was 12.3 ms".
    pub fn found(&self, results: &Results) -> String {
        let value = self.metric.value(results);
        value.map_or_else(
            || "nothing was measured".to_owned(),
            |value| format!("it was {}", self.metric.show(value)),
        )
    }
}

impl Metric {
    /// A value for people.
    fn show(self, value: f64) -> String {
        use super::units;
        match self {
            Self::Percentile(_) | Self::Mean => units::milliseconds(value),
            Self::Throughput => units::throughput(value),
            Self::Rate => format!("{}/s", units::three_digits(value)),
            Self::Objects | Self::Failures | Self::Warnings => format!("{value}"),
            Self::Cpu => format!("{value:.3} s/GB"),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

//! The finished runs, to be asked for what they say.

use crate::figures::Metric;
use crate::matrix::Row;
use crate::state::Run;
use crate::statistics::Spread;
use crate::system::{Kind, System};

/// The runs of the rows that are reported.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
    pub(crate) runs: Vec<Run>,
}

impl Results {
    fn runs_of<'a>(&'a self, row: &'a str, system: &'a str) -> impl Iterator<Item = &'a Run> {
        let runs = self.runs.iter();
        runs.filter(move |run| run.key.row == row && run.key.system == system)
    }

    /// A figure of every run, by median and spread.
    pub(crate) fn spread(&self, row: &str, system: System, metric: Metric) -> Option<Spread> {
        let system = system.to_string();
        let runs = self.runs_of(row, &system);
        Spread::of(runs.filter_map(|run| run.figures.get(metric)))
    }

    /// A figure of one round.
    pub(crate) fn value(
        &self,
        row: &str,
        system: System,
        round: u32,
        metric: Metric,
    ) -> Option<f64> {
        let system = system.to_string();
        let mut runs = self.runs_of(row, &system);
        runs.find(|run| run.key.round == round)?.figures.get(metric)
    }

    /// How much of a limit was reached, by the median of the rounds' ratios.
    pub(crate) fn share(
        &self,
        row: &str,
        system: System,
        metric: Metric,
        limit: Kind,
    ) -> Option<f64> {
        let limit = System {
            kind: limit,
            driver: None,
        };
        let shares = (1..=self.rounds()).filter_map(|round| {
            let reached = self.value(row, system, round, metric)?;
            Some(reached / self.value(row, limit, round, metric)?)
        });
        Some(Spread::of(shares)?.median)
    }

    /// The least free memory that was cold right before a load of this row.
    pub(crate) fn least_cold_bytes(&self, row: &str) -> Option<u64> {
        let runs = self.runs.iter().filter(|run| run.key.row == row);
        runs.filter_map(|run| run.figures.cold_bytes).min()
    }

    /// The last round of which there is a run.
    pub(crate) fn rounds(&self) -> u32 {
        self.runs
            .iter()
            .map(|run| run.key.round)
            .max()
            .unwrap_or_default()
    }

    /// Why a system failed in a row, if it did.
    pub(crate) fn failure(&self, row: &str, system: System) -> Option<&str> {
        let name = system.to_string();
        let run = self.runs.iter().find(|run| {
            run.key.row == row && run.key.system == name && run.figures.failure.is_some()
        });
        run?.figures.failure.as_deref()
    }

    /// Whether there is a run of it.
    pub(crate) fn has(&self, row: &str, system: System) -> bool {
        self.runs_of(row, &system.to_string()).next().is_some()
    }
}

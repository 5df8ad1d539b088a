//! What came of a trial, in words.

use std::fmt;

use crate::cut::Fate;
use crate::ledger::{Finding, Ledger};
use crate::record::{Recording, Tick};
use crate::subject::Promise;
use crate::trial::Trial;

/// How many broken promises are told one by one.
const TOLD_MAX: usize = 5;

/// One cut and what it did.
pub(crate) struct Cut {
    pub(crate) tick: Tick,
    pub(crate) fate: Fate,
    /// Writes that no flush had made stable.
    pub(crate) unstable: usize,
    pub(crate) findings: Vec<Finding>,
}

/// What came of a trial.
pub(crate) struct Report {
    title: String,
    promise: Promise,
    /// Writes, flushes and acknowledged objects of the recording.
    recorded: (usize, usize, usize),
    cuts: Vec<Cut>,
}

impl Report {
    pub(crate) fn new(trial: &Trial, recording: &Recording, ledger: &Ledger) -> Self {
        Self {
            title: format!("{:17} {:17}", trial.file_system.name, trial.subject.name),
            promise: trial.subject.promise_on(trial.file_system),
            recorded: (
                recording.writes.len(),
                recording.flushes.len(),
                ledger.ticks().count(),
            ),
            cuts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, cut: Cut) {
        self.cuts.push(cut);
    }

    /// Whether it came out as it must.
    pub(crate) fn is_good(&self) -> bool {
        match self.promise {
            Promise::Keeps => self.broken().next().is_none(),
            Promise::MustBeCaught => self.broken().next().is_some(),
            Promise::None => true,
        }
    }

    fn broken(&self) -> impl Iterator<Item = &Cut> {
        self.cuts.iter().filter(|cut| !cut.findings.is_empty())
    }

    fn verdict(&self) -> &'static str {
        match (self.promise, self.broken().next().is_some()) {
            (Promise::Keeps, false) => "safe",
            (Promise::Keeps, true) => "BROKEN",
            (Promise::MustBeCaught, true) => "caught, as it must be",
            (Promise::MustBeCaught, false) => "NOT CAUGHT: the rig proves nothing",
            (Promise::None, false) => "no promise, nothing found",
            (Promise::None, true) => "no promise, and broken",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (writes, flushes, objects) = self.recorded;
        let mut unstable: Vec<_> = self.cuts.iter().map(|cut| cut.unstable).collect();
        unstable.sort_unstable();
        let median = unstable.get(unstable.len() / 2).unwrap_or(&0);
        writeln!(
            f,
            "{} {}: {} of {} cuts broke a promise ({objects} objects, {writes} writes, {flushes} \
             flushes; median of {median} unstable writes a cut)",
            self.title,
            self.verdict(),
            self.broken().count(),
            self.cuts.len(),
        )?;
        if self.promise == Promise::MustBeCaught {
            return Ok(());
        }
        let told = self.broken().flat_map(|cut| {
            let told = cut.findings.iter();
            told.map(move |finding| format!("  cut at {}, {:?}: {finding}", cut.tick, cut.fate))
        });
        for line in told.take(TOLD_MAX) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

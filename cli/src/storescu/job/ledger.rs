//! Where it comes together what became of each object: journal first, then everybody else.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::journal::{Entry, FileVersion, Journal};
use super::outcome::{Outcome, Verdict};
use super::progress::Progress;
use super::rename::rename;
use super::report::Report;
use super::stop::{Ending, Stop};

/// How many objects may wait for their line in the journal: what a fast sender has acknowledged
/// while one sync of a slow disk takes its time.
pub(super) const JOURNAL_QUEUE: usize = 4096;

/// How many lines one sync makes durable at most. More wait for the next, so that nobody is told late
/// of an object that was acknowledged long before.
const LINES_PER_SYNC: usize = 1024;

/// An object whose fate is settled.
#[derive(Debug)]
pub(super) struct Settled {
    /// What became of it.
    pub(super) outcome: Outcome,
    /// Which version of its file was dealt with, if it could be opened.
    pub(super) file: Option<FileVersion>,
    /// What the log says of it.
    pub(super) notice: Option<String>,
    /// What a log of every detail says besides.
    pub(super) details: Option<String>,
}

/// Everybody who is to know of an object once it is in the journal.
pub(super) struct Ledger {
    rename: bool,
    report: Mutex<Report>,
    progress: Progress,
}

impl Ledger {
    /// Nothing has happened yet. With `rename` files are renamed for what became of them. Of a job
    /// that `is_long` more is told.
    pub(super) fn new(rename: bool, is_long: bool) -> Self {
        Self {
            rename,
            report: Mutex::new(Report::new(is_long)),
            progress: Progress::new(is_long),
        }
    }

    /// The report so far.
    pub(super) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody.
    fn publish(&self, settled: &Settled) {
        let outcome = &settled.outcome;
        if let Some(notice) = &settled.notice {
            tracing::info!("{notice}");
        }
        if let Some(details) = &settled.details {
            tracing::debug!("{details}");
        }
        // Answers come in any order and name no file: DCMTK's line is not enough.
        if let (Verdict::Failed, Some(status)) = (outcome.verdict, outcome.status) {
            tracing::warn!("not stored: {}: {status}", outcome.path.display());
        }
        if self.rename {
            rename(&outcome.path, outcome.verdict.is_acknowledged());
        }
        self.report().add(outcome);
    }

    /// Shows how far the job is.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Shows progress to whoever watches until the other end of the channel is dropped.
    pub(super) fn keep_showing(&self, end: &Receiver<Infallible>) {
        let Some(every) = self.progress.every() else {
            return;
        };
        while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(every) {
            let tally = self.report().tally().clone();
            self.progress.show(&tally);
        }
    }

    /// Notes a file that nobody tried so many times.
    pub(super) fn leave(&self, path: &Path, times: u32) {
        self.report().rest_mut().add(path, times);
    }

    /// Counts a file that the journal shows as acknowledged.
    pub(super) fn skip(&self, path: &Path) {
        tracing::debug!(
            "skipping file that the journal shows as acknowledged: {}",
            path.display()
        );
        self.report().add_skipped();
    }
}

/// The way into the ledger, past the journal if there is one.
#[derive(Clone)]
pub(super) struct Recorder<'a> {
    ledger: &'a Ledger,
    journal: Option<Sender<Settled>>,
}

impl<'a> Recorder<'a> {
    /// Records directly, or through the thread that [keeps the journal](keep_journal).
    pub(super) fn new(ledger: &'a Ledger, journal: Option<Sender<Settled>>) -> Self {
        Self { ledger, journal }
    }

    /// Notes a file that was taken and not tried: the report has it, the journal has not.
    pub(super) fn leave(&self, path: &Path) {
        self.ledger.leave(path, 1);
    }

    /// Records an object. Without a journal everybody knows when this returns; with one, soon after.
    pub(super) fn settle(&self, settled: Settled) {
        match &self.journal {
            None => self.ledger.publish(&settled),
            // It fails if the thread has died, and then nobody may be told.
            Some(journal) => drop(journal.send(settled)),
        }
    }
}

/// Writes what is settled into the journal, as much as has come up by one sync, and tells everybody
/// once it is durable. Ends when no recorder is left.
///
/// If the journal cannot be written, the job ends, and of what was settled since nobody is told:
/// those objects will be sent again.
#[expect(
    clippy::needless_pass_by_value,
    reason = "if the journal fails, nobody may wait for room in the channel any more"
)]
pub(super) fn keep_journal(
    mut journal: Journal,
    settled: Receiver<Settled>,
    ledger: &Ledger,
    stop: &Stop,
) {
    let mut batch = Vec::new();
    while let Ok(first) = settled.recv() {
        batch.push(first);
        batch.extend(settled.try_iter().take(LINES_PER_SYNC - 1));
        let time = SystemTime::now();
        for one in &batch {
            journal.add(&Entry {
                file: one.file.as_ref(),
                outcome: &one.outcome,
                time,
            });
        }
        match journal.sync() {
            Ok(()) => batch.iter().for_each(|one| ledger.publish(one)),
            Err(error) => {
                crate::logging::fatal(&error.to_string());
                stop.set(Ending::Journal(error.to_string()));
                return;
            }
        }
        batch.clear();
    }
}

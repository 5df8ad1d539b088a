//! From the inputs to the workers, through a channel of bounded length.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use super::inputs::{Found, Inputs};
use super::journal::{Acknowledged, FileVersion};
use super::ledger::Ledger;
use super::rename::{before_done, rename};
use super::stop::Stop;

/// How many files may be found before they are sent. A walk is faster than any sending, so this
/// bounds memory and nothing else.
pub(super) const FILES_AHEAD: usize = 1024;

/// A file for a worker.
#[derive(Debug)]
pub(super) struct Item {
    /// Which.
    pub(super) path: PathBuf,
    /// Why it cannot be read, if that is known already.
    pub(super) unreadable: Option<io::Error>,
    /// How often it has failed in a way that may pass.
    pub(super) failures: u32,
    /// Whether it was in flight when an association was lost, and may be why.
    pub(super) is_suspect: bool,
}

/// Finds files for the workers.
pub(super) struct Feed<'a> {
    pub(super) inputs: &'a Inputs,
    /// What need not be sent, if a job is resumed.
    pub(super) acknowledged: Option<&'a Acknowledged>,
    pub(super) ledger: &'a Ledger,
    pub(super) stop: &'a Stop,
    /// Whether files get names that tell what became of them.
    pub(super) rename: bool,
    /// How often each file is sent.
    pub(super) repeat: u32,
}

impl Feed<'_> {
    /// Feeds one file after the other, until there are no more or the job is to end. Those that need
    /// not be sent are counted if this `is_first` of all runs.
    pub(super) fn run(&self, items: &Sender<Item>, is_first: bool) {
        for found in self.inputs.walk() {
            if self.stop.is_set() {
                return;
            }
            let (path, mut unreadable) = match found {
                Found::File(path) => (path, None),
                Found::Unreadable { path, error } => (path, Some(error)),
            };
            if self.is_done(&path) {
                if is_first {
                    self.ledger.skip(&path);
                }
                continue;
            }
            for _ in 0..self.repeat {
                let item = Item {
                    path: path.clone(),
                    unreadable: unreadable.take(),
                    failures: 0,
                    is_suspect: false,
                };
                if items.send(item).is_err() {
                    return;
                }
            }
        }
    }

    /// Counts the files, for whoever watches.
    pub(super) fn count(&self) {
        let progress = self.ledger.progress();
        progress.count(self.inputs, self.repeat, self.stop);
    }

    /// Whether the journal shows a file as acknowledged, by this name or by the one that it had before
    /// it was renamed for that.
    pub(super) fn is_done(&self, path: &Path) -> bool {
        let Some(acknowledged) = self.acknowledged else {
            return false;
        };
        let Ok(metadata) = fs::metadata(path) else {
            return false;
        };
        let is_known = |path: &Path| acknowledged.contains(&FileVersion::new(path, &metadata));
        if is_known(path) {
            if self.rename {
                // A crash came between the journal and the new name.
                rename(path, true);
            }
            return true;
        }
        self.rename && before_done(path).is_some_and(|before| is_known(&before))
    }
}

//! From the inputs to the workers, through a channel of bounded length.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::inputs::{Found, Inputs};
use super::journal::{Acknowledged, FileVersion};
use super::ledger::Ledger;
use super::rename::{before_done, rename};
use super::stop::Stop;

/// How many files may be found before they are sent. A walk is faster than any sending, so this
/// bounds memory and nothing else.
pub(super) const FILES_AHEAD: usize = 1024;

/// How long the files that are left are looked for when a job ends before its last file, in all.
/// Somebody may be waiting for that end.
const LOOK_FOR_REST: Duration = Duration::from_secs(20);

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
    /// Whether anybody is told of the files that are left when the job ends before their turn.
    pub(super) tells_of_rest: bool,
    /// Until when they are looked for, once that has begun.
    pub(super) rest_until: OnceLock<Instant>,
}

impl Feed<'_> {
    /// Feeds one file after the other, until there are no more. Those that need not be sent are counted
    /// if this `is_first` of all runs. If the job is to end before, the others are left; of them,
    /// `is_ours` says which would have been sent.
    pub(super) fn run(
        &self,
        items: &Sender<Item>,
        is_first: bool,
        is_ours: &dyn Fn(&Path) -> bool,
    ) {
        for found in self.inputs.walk() {
            if self.stop.is_set() {
                if self.leave(found, is_first, is_ours) {
                    continue;
                }
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

    /// Leaves all files to the next run, as far as this one would have sent them.
    pub(super) fn leave_all(&self, is_first: bool, is_ours: &dyn Fn(&Path) -> bool) {
        for found in self.inputs.walk() {
            if !self.leave(found, is_first, is_ours) {
                return;
            }
        }
    }

    /// Leaves a file to the next run. Returns whether the others are to be looked for.
    fn leave(&self, found: Found, is_first: bool, is_ours: &dyn Fn(&Path) -> bool) -> bool {
        if !self.tells_of_rest {
            return false;
        }
        let now = Instant::now();
        if now > *self.rest_until.get_or_init(|| now + LOOK_FOR_REST) {
            self.ledger.report().rest_mut().note_part();
            return false;
        }
        let path = match found {
            Found::File(path) | Found::Unreadable { path, .. } => path,
        };
        if self.is_done(&path) {
            if is_first {
                self.ledger.skip(&path);
            }
        } else if is_ours(&path) {
            self.ledger.leave(&path, self.repeat);
        }
        true
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

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::super::inputs::Scan;
    use super::super::stop::Ending;
    use super::*;

    /// The numbers of a job that ended before its first file: what was left, and whether that is all.
    fn left(rest_until: OnceLock<Instant>, tells_of_rest: bool) -> (u64, bool) {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["one", "two"] {
            fs::write(directory.path().join(name), "").expect("written");
        }
        let scan = Scan {
            is_on: true,
            ..Scan::default()
        };
        let inputs = Inputs::new([directory.path().to_owned()], scan, |_| {});
        let (ledger, stop) = (Ledger::new(false, false), Stop::default());
        stop.set(Ending::Interrupted(2));
        let feed = Feed {
            inputs: &inputs,
            acknowledged: None,
            ledger: &ledger,
            stop: &stop,
            rename: false,
            repeat: 3,
            tells_of_rest,
            rest_until,
        };
        let (items, files) = unbounded();
        feed.run(&items, true, &|path| !path.ends_with("two"));
        assert!(files.is_empty());
        let report = ledger.report();
        (report.rest().count(), report.rest().is_all())
    }

    #[test]
    fn files_that_are_left_are_counted_if_they_were_to_be_sent() {
        assert_eq!(left(OnceLock::new(), true), (3, true));
        assert_eq!(left(OnceLock::new(), false), (0, true));
    }

    #[test]
    fn a_look_for_files_that_takes_too_long_ends_and_says_so() {
        let before = Instant::now().checked_sub(Duration::from_millis(1));
        let over = OnceLock::from(before.expect("the machine runs for longer"));
        assert_eq!(left(over, true), (0, false));
    }
}

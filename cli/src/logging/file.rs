//! A log file: opened, written to, replaced when it is long or old enough.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::schedule::Schedule;

/// How long a file must not have failed until a failure is told of again: a disk that is full still
/// takes a short line now and then.
const RECOVERY: Duration = Duration::from_secs(60);

/// When a file makes room for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rolling {
    /// Never.
    Never,
    /// Once it is longer than so many bytes; so many old ones are kept.
    BySize { max_bytes: u64, backups: u32 },
    /// When its time is over; of one time so many are kept.
    ByTime { schedule: Schedule, backups: u32 },
}

/// What a log file is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileSettings {
    pub(super) path: PathBuf,
    /// Whether what it holds is kept.
    pub(super) append: bool,
    /// How long a file that could not be written is left alone.
    pub(super) reopen_after: Duration,
    pub(super) rolling: Rolling,
}

/// A log file.
pub(super) struct LogFile {
    settings: FileSettings,
    zone: TimeZone,
    state: State,
    /// When it could not be written last; `None` where the next failure is to be told of.
    failed_at: Option<Instant>,
    /// Its length, in bytes, as far as it is known.
    bytes: u64,
    /// The time it is for, and that time's end.
    period: Option<(String, Timestamp)>,
}

enum State {
    Open(File),
    /// It is tried again from then on.
    Broken(Instant),
}

impl LogFile {
    /// Opens it.
    pub(super) fn open(settings: FileSettings, zone: TimeZone) -> (Self, io::Result<()>) {
        let mut file = Self {
            settings,
            zone,
            state: State::Broken(Instant::now()),
            failed_at: None,
            bytes: 0,
            period: None,
        };
        let outcome = file.begin();
        let outcome = file.first(outcome);
        (file, outcome)
    }

    /// Opens the file for the first time. One that an earlier time left is put away first.
    fn begin(&mut self) -> io::Result<()> {
        if let Rolling::ByTime { schedule, backups } = self.settings.rolling {
            let modified = fs::metadata(&self.settings.path).and_then(|data| data.modified());
            let modified = modified
                .ok()
                .and_then(|time| Timestamp::try_from(time).ok());
            let now = Timestamp::now();
            if let Some(modified) = modified
                && schedule.end(modified, &self.zone) <= now
            {
                put_away_by_time(
                    &self.settings.path,
                    &schedule.suffix(modified, &self.zone),
                    backups,
                )?;
            }
            self.begin_period(schedule, now);
        }
        self.reopen(self.settings.append)
    }

    fn begin_period(&mut self, schedule: Schedule, now: Timestamp) {
        let (suffix, end) = (
            schedule.suffix(now, &self.zone),
            schedule.end(now, &self.zone),
        );
        self.period = Some((suffix, end));
    }

    /// Opens the file anew. Where that fails it is tried again later.
    fn reopen(&mut self, append: bool) -> io::Result<()> {
        self.state = State::Broken(Instant::now() + self.settings.reopen_after);
        let path = &self.settings.path;
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        // What is no file, such as a terminal or a pipe, has no length.
        if !append && file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        self.bytes = file.metadata()?.len();
        self.state = State::Open(file);
        Ok(())
    }

    /// Writes a text. That the file can't be written is returned as an error the first time only, until
    /// something was written [`RECOVERY`] after the last failure.
    pub(super) fn write(&mut self, text: &[u8], time: Timestamp) -> io::Result<()> {
        if let State::Broken(again) = self.state {
            if Instant::now() < again {
                return Ok(());
            }
            // What was logged before stays.
            let reopened = self.reopen(true);
            if reopened.is_err() {
                return self.first(reopened);
            }
        }
        let rolled = self.roll_by_time(time);
        let written = self.append(text);
        if written.is_err() {
            return self.first(written);
        }
        rolled.and(self.roll_by_size())
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        if let State::Open(file) = &mut self.state {
            if let Err(error) = file.write_all(text) {
                self.state = State::Broken(Instant::now() + self.settings.reopen_after);
                return Err(error);
            }
            self.failed_at = self.failed_at.filter(|at| at.elapsed() < RECOVERY);
            self.bytes += text.len() as u64;
        }
        Ok(())
    }

    /// The outcome, where it was not told of before.
    fn first(&mut self, outcome: io::Result<()>) -> io::Result<()> {
        let failed_at = outcome.is_err().then(Instant::now);
        let was_told = std::mem::replace(&mut self.failed_at, failed_at).is_some();
        if was_told { Ok(()) } else { outcome }
    }

    /// A file that can't be put away is written to for another length or time: no line is lost.
    fn roll_by_size(&mut self) -> io::Result<()> {
        let Rolling::BySize { max_bytes, backups } = self.settings.rolling else {
            return Ok(());
        };
        if self.bytes <= max_bytes {
            return Ok(());
        }
        self.bytes = 0;
        shift(&self.settings.path, backups)?;
        self.reopen(true)
    }

    fn roll_by_time(&mut self, time: Timestamp) -> io::Result<()> {
        let (Rolling::ByTime { schedule, backups }, Some((suffix, end))) =
            (self.settings.rolling, &self.period)
        else {
            return Ok(());
        };
        if time < *end {
            return Ok(());
        }
        let suffix = suffix.clone();
        self.begin_period(schedule, time);
        put_away_by_time(&self.settings.path, &suffix, backups)?;
        self.reopen(true)
    }
}

/// `log` becomes `log.2024-02-29`; one of that name becomes `log.2024-02-29.1`.
fn put_away_by_time(path: &Path, suffix: &str, backups: u32) -> io::Result<()> {
    let target = with_suffix(path, suffix);
    if target.exists() {
        shift(&target, backups)?;
    }
    fs::rename(path, target)
}

/// `log` becomes `log.1`, that `log.2`, and so on, so many at most: the last is overwritten.
fn shift(path: &Path, backups: u32) -> io::Result<()> {
    let numbered = |number: u32| with_suffix(path, &number.to_string());
    let free = (1..backups).find(|number| !numbered(*number).exists());
    for number in (1..free.unwrap_or(backups)).rev() {
        fs::rename(numbered(number), numbered(number + 1))?;
    }
    fs::rename(path, numbered(1))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests;

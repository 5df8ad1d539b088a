//! The runs that are finished, one line of JSON each: from here an interrupted comparison goes on, and
//! here the report begins.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::figures::Figures;
use crate::matrix::Row;
use crate::problem::Problem;
use crate::system::System;

/// Which run it was. Figures of different builds and lengths are not mixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) row: String,
    pub(crate) system: String,
    /// From 1 on.
    pub(crate) round: u32,
    /// How much was sent at most, in bytes.
    pub(crate) volume: u64,
    /// What was measured, and how.
    pub(crate) build: String,
}

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) figures: Figures,
    /// How long it took with all preparations, in seconds.
    pub(crate) took_s: f64,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    build: String,
    runs: Vec<Run>,
}

impl State {
    /// Reads what is there. Lines of other builds stay in the file and do not count, and neither does
    /// a line that was cut off.
    pub(crate) fn open(path: PathBuf, build: String) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let runs = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Run>(line).ok());
        let runs = runs.filter(|run| run.key.build == build).collect();
        Self { path, build, runs }
    }

    /// Forgets every run, of other builds as well.
    pub(crate) fn forget(&mut self) -> Result<(), Problem> {
        self.runs.clear();
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Problem::at(&self.path)(error))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn key(&self, row: &Row, system: System, round: u32) -> Key {
        Key {
            row: row.id.to_owned(),
            system: system.to_string(),
            round,
            volume: row.load.volume,
            build: self.build.clone(),
        }
    }

    /// Whether this run is finished.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.runs.iter().any(|run| run.key == *key)
    }

    /// Adds a run, on disk first.
    pub(crate) fn add(&mut self, run: Run) -> Result<(), Problem> {
        let line = serde_json::to_string(&run).map_err(|error| error.to_string())?;
        self.append(&line).map_err(Problem::at(&self.path))?;
        self.runs.push(run);
        Ok(())
    }

    fn append(&self, line: &str) -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        // A line that was cut off must not spoil this one.
        let is_cut = fs::read(&self.path)?
            .last()
            .is_some_and(|last| *last != b'\n');
        if is_cut {
            writeln!(file)?;
        }
        writeln!(file, "{line}")
    }

    /// All finished runs of this build.
    pub(crate) fn all(&self) -> &[Run] {
        &self.runs
    }

    /// The runs of these rows, as long as they are now.
    pub(crate) fn runs_of(&self, rows: &[Row]) -> Vec<Run> {
        let is_of = |run: &&Run| {
            let mut rows = rows.iter();
            rows.any(|row| row.id == run.key.row && row.load.volume == run.key.volume)
        };
        self.runs.iter().filter(is_of).cloned().collect()
    }
}

/// What tells a build from another: the receiver's binary. The loop device makes a difference, too.
pub(crate) fn build_of(pdvault: &Path, loop_mode: &str) -> Result<String, Problem> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let bytes = fs::read(pdvault).map_err(Problem::at(pdvault))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(format!("{:016x} {loop_mode}", hasher.finish()))
}

/// A run of 10^9 bytes that took so many seconds.
#[cfg(test)]
pub(crate) fn run_of_a_gigabyte(row: &str, system: &str, round: u32, seconds: f64) -> Run {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::find;
    use crate::system::Kind;

    const SYSTEM: System = System {
        kind: Kind::Dcmtk,
        driver: None,
    };

    fn run(key: Key) -> Run {
        Run {
            key,
            figures: Figures::default(),
            took_s: 1.0,
        }
    }

    #[test]
    fn finished_runs_are_there_after_an_interruption() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("runs.jsonl");
        let row = find("512k-8").expect("a row");
        let mut state = State::open(path.clone(), "one".to_owned());
        let (first, second) = (state.key(row, SYSTEM, 1), state.key(row, SYSTEM, 2));
        state.add(run(first.clone())).expect("written");
        fs::write(
            &path,
            fs::read_to_string(&path).expect("read") + "{\"row\": \"512k",
        )
        .expect("cut");

        let mut state = State::open(path.clone(), "one".to_owned());
        assert!(state.has(&first) && !state.has(&second));
        state.add(run(second.clone())).expect("written");
        let state = State::open(path, "one".to_owned());
        assert!(state.has(&first) && state.has(&second));
        assert_eq!(state.runs_of(&[*row]).len(), 2);
    }

    #[test]
    fn other_builds_and_lengths_do_not_count() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("runs.jsonl");
        let row = find("512k-8").expect("a row");
        let mut state = State::open(path.clone(), "one".to_owned());
        let key = state.key(row, SYSTEM, 1);
        state.add(run(key)).expect("written");
        let short = row.shortened(4);
        assert!(!state.has(&state.key(&short, SYSTEM, 1)));
        assert!(state.runs_of(&[short]).is_empty());
        let mut other = State::open(path.clone(), "two".to_owned());
        assert!(!other.has(&other.key(row, SYSTEM, 1)));
        other.forget().expect("forgotten");
        assert!(!path.exists());
    }
}

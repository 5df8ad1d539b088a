//! The journal that `pdvault storescu --journal` keeps, read as any other program would: lines of
//! JSON.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its path.
    pub path: String,
    /// SOP instance UID, where it was known.
    pub instance: Option<String>,
    /// `sent`, `warned` or `failed`.
    pub outcome: String,
    /// The status that the peer answered with.
    pub status: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Record {
    /// Whether the peer has taken the object.
    pub fn is_acknowledged(&self) -> bool {
        ["sent", "warned"].contains(&self.outcome.as_str())
    }
}

/// A journal that grows while it is read.
pub struct Journal {
    path: PathBuf,
    offset: u64,
    records: Vec<Record>,
    runs: usize,
}

impl Journal {
    /// A journal that may not exist yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            offset: 0,
            records: Vec::new(),
            runs: 0,
        }
    }

    /// Reads what has been added since the last time. A line without its end is left for later.
    ///
    /// # Panics
    ///
    /// When lines are gone that were there, or when one is not in order.
    pub fn read(&mut self) {
        let Ok(mut file) = File::open(&self.path) else {
            assert_eq!(self.offset, 0, "the journal is gone");
            return;
        };
        let length = file.metadata().expect("an open file").len();
        assert!(length >= self.offset, "lines of the journal are gone");
        file.seek(SeekFrom::Start(self.offset))
            .expect("a file can seek");
        let mut added = Vec::new();
        file.read_to_end(&mut added)
            .expect("the journal is readable");
        for line in added.split_inclusive(|byte| *byte == b'\n') {
            if line.last() == Some(&b'\n') {
                self.offset += line.len() as u64;
                self.take(line);
            }
        }
    }

    fn take(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let value: Value = serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("a line of the journal is no JSON, {error}: {text}"));
        if value.get("journal").is_some() {
            self.runs += 1;
            return;
        }
        let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let needed = |name| member(name).unwrap_or_else(|| panic!("no {name} in {text}"));
        self.records.push(Record {
            path: needed("path"),
            instance: member("sop_instance"),
            outcome: needed("outcome"),
            status: member("status"),
            reason: member("reason"),
        });
    }

    /// All records so far, over all runs.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many runs have begun.
    pub fn runs(&self) -> usize {
        self.runs
    }
}

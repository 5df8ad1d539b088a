//! The lines of a journal.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{self, Path};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::storescu::job::clock::timestamp;
use crate::storescu::job::outcome::{Outcome, Verdict};

/// What the first member of a header says.
pub(super) const NAME: &str = "pdvault storescu";

/// The line that a run begins with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) journal: String,
    pub(super) version: u32,
    /// To whom this run sends; absent in what only looks like a header.
    #[serde(default)]
    pub(super) peer: String,
    #[serde(default)]
    time: String,
}

impl Header {
    pub(super) fn new(peer: &str, now: SystemTime) -> Self {
        Self {
            journal: NAME.to_owned(),
            version: VERSION,
            peer: peer.to_owned(),
            time: timestamp(now),
        }
    }

    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        write_json_line(&mut line, self);
        line
    }
}

/// One version of one file: what a journal knows an object by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storescu::job) struct FileVersion {
    /// The bytes of the absolute path.
    path: Vec<u8>,
    /// Bytes.
    size: u64,
    /// When it was last modified, in nanoseconds since 1970.
    modified: i64,
}

/// The bytes of the absolute path.
fn absolute(path: &Path) -> Vec<u8> {
    // It fails only without a working directory; then a relative path is as good as any.
    let absolute = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.as_os_str().as_bytes().to_vec()
}

impl FileVersion {
    /// The version of the file at `path` as it is now, if there is one that may be looked at.
    pub(in crate::storescu::job) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self::new(path, &metadata))
    }

    /// The version of the file at `path` that `metadata` describes.
    pub(in crate::storescu::job) fn new(path: &Path, metadata: &Metadata) -> Self {
        Self {
            path: absolute(path),
            size: metadata.size(),
            modified: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
        }
    }

    pub(super) fn parts(&self) -> (&[u8], u64, i64) {
        (&self.path, self.size, self.modified)
    }
}

/// What became of one object, as it is written.
#[derive(Debug)]
pub(in crate::storescu::job) struct Entry<'a> {
    /// Which object; `None` for a file that could not even be looked at.
    pub(in crate::storescu::job) file: Option<&'a FileVersion>,
    /// What became of it.
    pub(in crate::storescu::job) outcome: &'a Outcome,
    /// When that was known.
    pub(in crate::storescu::job) time: SystemTime,
}

#[derive(Serialize)]
struct Record<'a> {
    /// Whichever of the two can hold the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sop_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sop_instance: Option<&'a str>,
    outcome: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    time: String,
}

impl Entry<'_> {
    /// Appends the record of this entry.
    pub(super) fn write_line(&self, out: &mut Vec<u8>) {
        let bytes = match self.file {
            Some(file) => Cow::Borrowed(&file.path),
            None => Cow::Owned(absolute(&self.outcome.path)),
        };
        let text = std::str::from_utf8(&bytes).ok();
        let record = Record {
            path: text,
            path_hex: text.is_none().then(|| hex(&bytes)),
            size: self.file.map(|file| file.size),
            modified: self.file.map(|file| file.modified),
            sop_class: self.outcome.sop_class.as_deref(),
            sop_instance: self.outcome.sop_instance.as_deref(),
            outcome: self.outcome.verdict,
            status: self.outcome.status_text(),
            reason: self.outcome.reason.as_deref(),
            time: timestamp(self.time),
        };
        write_json_line(out, &record);
    }
}

fn write_json_line(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(&mut *out, value).expect("strings and numbers go into memory");
    out.push(b'\n');
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok())
        .collect()
}

/// A line as it is read: only what matters for the next run.
#[derive(Debug)]
pub(super) enum Line {
    Header(Header),
    /// An object that the peer has taken.
    Acknowledged(FileVersion),
    /// One that it has not.
    Failed,
}

#[derive(Deserialize)]
struct KnownRecord {
    path: Option<String>,
    path_hex: Option<String>,
    size: Option<u64>,
    modified: Option<i64>,
    outcome: Verdict,
}

impl Line {
    /// Reads a line without its end; `None` if it is not one of a journal. Members that a later
    /// version may add are passed over.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        if let Ok(header) = serde_json::from_slice::<Header>(text) {
            return (header.journal == NAME).then_some(Self::Header(header));
        }
        let record: KnownRecord = serde_json::from_slice(text).ok()?;
        let path = match (record.path, record.path_hex) {
            (Some(path), None) => path.into_bytes(),
            (None, Some(hex)) => from_hex(&hex)?,
            _ => return None,
        };
        if !record.outcome.is_acknowledged() {
            return Some(Self::Failed);
        }
        Some(Self::Acknowledged(FileVersion {
            path,
            size: record.size?,
            modified: record.modified?,
        }))
    }
}

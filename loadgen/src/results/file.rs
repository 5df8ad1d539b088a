//! Results as a JSON file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Results;

/// The version of the format. It changes when a field changes its meaning or goes away.
pub const FORMAT_VERSION: u32 = 1;

/// The longest results file that is read, in bytes: a run of a month has 2.6 million seconds, some
/// hundred bytes each.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is a directory, a device or a pipe, which may have no end.
    #[error("{0} is no regular file: give a file that loadgen --json wrote")]
    NoFile(PathBuf),
    /// It is longer than results can be.
    #[error("{0} is too long for results of pdvault loadgen")]
    TooLong(PathBuf),
    /// It holds something else, or is damaged.
    #[error("{path} holds no results of pdvault loadgen: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Another version wrote it.
    #[error(
        "{path} has results in format {found}, and this program reads format {FORMAT_VERSION}: \
         compare with the version of pdvault that wrote it, or repeat that run"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

/// What every version begins with.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

impl Results {
    /// The results as JSON, ending in a line break.
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("text keys, and no value that JSON lacks");
        text.push('\n');
        text
    }

    /// Reads results that [`Results::to_json`] wrote to a file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io {
            path: path.to_owned(),
            error,
        };
        // Before it is opened, as a pipe makes that wait for its other end.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(ReadError::NoFile(path.to_owned()));
        }
        let too_long = || ReadError::TooLong(path.to_owned());
        if metadata.len() > FILE_BYTES_MAX {
            return Err(too_long());
        }
        let file = File::open(path).map_err(failed)?;
        let text = read_bounded(file, FILE_BYTES_MAX).map_err(failed)?;
        Self::parse(&text.ok_or_else(too_long)?, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ReadError> {
        let malformed = |error: serde_json::Error| ReadError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let versioned: Versioned = serde_json::from_str(text).map_err(malformed)?;
        if versioned.format != u64::from(FORMAT_VERSION) {
            return Err(ReadError::OtherVersion {
                path: path.to_owned(),
                found: versioned.format,
            });
        }
        serde_json::from_str(text).map_err(malformed)
    }
}

/// All of a text; `None` if it has more bytes than that, whatever its length was said to be.
pub(super) fn read_bounded(reader: impl Read, bytes_max: u64) -> io::Result<Option<String>> {
    let mut text = String::new();
    reader.take(bytes_max + 1).read_to_string(&mut text)?;
    Ok((text.len() as u64 <= bytes_max).then_some(text))
}

//! Results as a JSON file.

use std::fs;
use std::io;
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
        let length = fs::metadata(path).map_err(failed)?.len();
        if length > FILE_BYTES_MAX {
            return Err(ReadError::TooLong(path.to_owned()));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text, path)
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

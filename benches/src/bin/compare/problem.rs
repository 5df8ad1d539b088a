//! What can go wrong with a comparison as a whole.

use std::io;
use std::path::Path;

/// Why the comparison cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// SIGINT or SIGTERM has come.
    #[error("interrupted: what is finished is kept, the same command goes on from there")]
    Interrupted,
    /// Anything else, in words that say what to do.
    #[error("{0}")]
    Other(String),
}

impl Problem {
    /// An operation on a file that failed.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Other(format!("{}: {error}", path.display()))
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

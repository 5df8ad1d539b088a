//! Why an object was not stored.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why an object was not stored. Nothing of it is left under a final name, except where a variant
/// says otherwise, and what was there before is untouched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFailure {
    /// No space, or the quota is used up.
    #[error("no space for {}: free some, or raise the quota", path.display())]
    NoSpace {
        /// Where the object was to go.
        path: PathBuf,
    },
    /// The system refused an operation.
    #[error("cannot {operation} {}: {text}", path.display())]
    Io {
        /// What was refused.
        operation: Operation,
        /// Where the object was to go.
        path: PathBuf,
        /// The system's error number, if there is one.
        errno: Option<i32>,
        /// The system's word on it.
        text: String,
    },
    /// The name is taken, and `--on-duplicate refuse` holds.
    #[error("{} exists already; --on-duplicate says what to do then", path.display())]
    Duplicate {
        /// The name that is taken.
        path: PathBuf,
    },
    /// The SOP instance UID gives no file name: it is empty or too long.
    #[error("SOP instance UID {sop_instance:?} gives no file name")]
    UnusableName {
        /// The UID.
        sop_instance: String,
    },
    /// So many objects have this name that no free one was found.
    #[error("{} and all numbered names beside it are taken", path.display())]
    NamesExhausted {
        /// The name without number.
        path: PathBuf,
    },
    /// The store was shut down before the object was committed, or the thread that had it died. If
    /// that was the one that syncs the directory, the file is complete under its final name.
    #[error("the store was shut down, or its thread has died")]
    ShutDown,
}

/// What the system was asked to do when it refused; reads after "cannot".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Make the file that the object is written to.
    Create,
    /// Write data.
    Write,
    /// Bring data to stable storage.
    SyncData,
    /// Give the file its final name. After a failure on replacing, the old file is still there.
    Publish,
    /// Bring the name to stable storage. The file is complete under its final name; whether it
    /// would survive a power cut is not known.
    SyncDirectory,
    /// Compare with the file that has the name.
    Compare,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Write => "write",
            Self::SyncData => "sync the data of",
            Self::Publish => "publish",
            Self::SyncDirectory => "sync the directory of",
            Self::Compare => "compare with",
        })
    }
}

impl StoreFailure {
    /// The file that was to be, where there is a name for it.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NoSpace { path }
            | Self::Io { path, .. }
            | Self::Duplicate { path }
            | Self::NamesExhausted { path } => Some(path),
            Self::UnusableName { .. } | Self::ShutDown => None,
        }
    }

    /// The failure that an error of the system means.
    pub(super) fn of_system(operation: Operation, path: &Path, error: &io::Error) -> Self {
        let errno = error.raw_os_error();
        let no_space = [Errno::NOSPC, Errno::DQUOT].map(|errno| Some(errno.raw_os_error()));
        if no_space.contains(&errno) {
            return Self::NoSpace {
                path: path.to_owned(),
            };
        }
        Self::Io {
            operation,
            path: path.to_owned(),
            errno,
            text: format!("{error}{}", advice(operation, errno)),
        }
    }
}

/// What to do about an error of the system, where that is known.
fn advice(operation: Operation, errno: Option<i32>) -> &'static str {
    match errno.map(Errno::from_raw_os_error) {
        Some(Errno::MFILE | Errno::NFILE) => "; raise the limit of open files",
        Some(Errno::NOENT) if operation == Operation::Create => {
            "; was the output directory removed or replaced? Then restart the receiver"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_told_from_other_errors() {
        let path = Path::new("/out/CT.1");
        let failure = |errno: Errno| {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            StoreFailure::of_system(Operation::Write, path, &error)
        };
        assert_eq!(
            failure(Errno::NOSPC),
            StoreFailure::NoSpace {
                path: path.to_owned()
            }
        );
        assert_eq!(
            failure(Errno::DQUOT),
            StoreFailure::NoSpace {
                path: path.to_owned()
            }
        );
        let StoreFailure::Io { errno, text, .. } = failure(Errno::IO) else {
            panic!("an input/output error is not a lack of space");
        };
        assert_eq!(errno, Some(Errno::IO.raw_os_error()));
        assert!(text.contains("Input/output"), "{text}");
        assert!(
            failure(Errno::IO)
                .to_string()
                .starts_with("cannot write /out/CT.1: ")
        );
    }
}

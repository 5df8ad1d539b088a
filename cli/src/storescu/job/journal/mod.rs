//! The journal: what became of every object, a line each, kept through crashes.
//!
//! A journal is a text file of JSON lines that only ever grows. A run begins with a header line that
//! names the format, its version and the peer; every object that was dealt with follows as a record.
//! A record is on stable storage before anybody is told of its object, so what the journal does not
//! show as acknowledged may be sent again, and what it does show need not be.
//!
//! One object is one version of one file: its absolute path, its size, and the time it was last
//! modified. A file that was changed, or merely touched, is another object and is sent again; so is
//! a copy under another name. What was acknowledged by another peer does not count.

mod format;
mod read;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

pub(super) use format::{Entry, FileVersion};
pub(super) use read::{Acknowledged, Elsewhere};

use format::Header;

/// The version of the format that is written, and the newest that is read.
const VERSION: u32 = 1;

/// The longest line, in bytes: a path of 4096 bytes in hexadecimal, UIDs and a reason fit many times.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    /// The system refuses.
    #[error("cannot {action} journal {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The journal.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process writes to it.
    #[error(
        "journal {} is in use by another process; wait for its end or name another file",
        .0.display()
    )]
    InUse(PathBuf),
    /// A pipe, a device or a directory: nothing that keeps lines.
    #[error("journal {} is not a regular file; name one, or one that does not exist yet", .0.display())]
    NotAFile(PathBuf),
    /// A file, but no journal. It is left as it is.
    #[error("{} is not a journal; name a file that does not exist yet", .0.display())]
    NotAJournal(PathBuf),
    /// Written by a later version of this program.
    #[error(
        "journal {} has version {found}, this program reads up to {VERSION}; use a newer pdvault \
         or another file",
        path.display()
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// The version of its header.
        found: u32,
    },
    /// A line in the middle cannot be read, so something other than a crash has changed the file.
    #[error(
        "line {line} of journal {} is damaged though others follow; repair it or name another file",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
}

/// A journal open for one run. No other process can open it meanwhile.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    lines: Vec<u8>,
}

impl Journal {
    /// Opens the journal, or begins it, for a run that sends to `peer`; tells what `peer` has
    /// acknowledged in earlier runs. A line that a crash cut short is removed.
    pub(super) fn open(path: &Path, peer: &str) -> Result<(Self, Acknowledged), JournalError> {
        let failed = |action| {
            move |error| JournalError::Io {
                action,
                path: path.to_owned(),
                error,
            }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            // A pipe must not make us wait for somebody at its other end.
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(failed("open"))?;
        if !file.metadata().map_err(failed("open"))?.is_file() {
            return Err(JournalError::NotAFile(path.to_owned()));
        }
        lock(&file).map_err(|errno| match errno {
            Errno::WOULDBLOCK => JournalError::InUse(path.to_owned()),
            errno => failed("lock")(errno.into()),
        })?;
        let earlier = read::read(path, &file, peer)?;
        file.set_len(earlier.bytes).map_err(failed("shorten"))?;
        file.seek(SeekFrom::End(0)).map_err(failed("write"))?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            lines: Vec::new(),
        };
        journal.lines = Header::new(peer, SystemTime::now()).line();
        journal.sync()?;
        sync_parent(path).map_err(failed("write"))?;
        Ok((journal, earlier.acknowledged))
    }

    /// Adds a record to those that the next [`Journal::sync`] writes.
    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        entry.write_line(&mut self.lines);
    }

    /// Writes what was added. When this returns `Ok`, it outlives a power cut.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        let written = self
            .file
            .write_all(&self.lines)
            .and_then(|()| self.file.sync_data());
        self.lines.clear();
        written.map_err(|error| JournalError::Io {
            action: "write",
            path: self.path.clone(),
            error,
        })
    }
}

fn lock(file: &File) -> Result<(), Errno> {
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Makes the name of a new journal durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests;

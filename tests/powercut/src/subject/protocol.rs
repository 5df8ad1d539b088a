//! Ways to store as bare system calls, many threads at once, with a group commit of the names.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use pdvault_tests::random::Pattern;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::load::{Item, Load};
use super::sync_range::sync_range;
use crate::ledger::{Ledger, Version};
use crate::record::Disk;

/// Offset, length and memory of a direct write are multiples of this, in bytes.
const BLOCK_BYTES: usize = 4096;

/// Files up to this size go through the page cache whole, in bytes.
const SMALL_BYTES_MAX: usize = 16 << 10;

/// A way to store.
#[derive(Clone, Copy)]
pub(super) struct Protocol {
    /// Under a hidden name from the start, in place of no name at all.
    is_hidden_first: bool,
    data: Data,
    names: Names,
    /// A file that is replaced is kept open until the name of the new one is durable, so that its
    /// blocks are not used again before.
    holds_replaced: bool,
}

/// What is done with a file's data before it gets its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    /// Nothing.
    Left,
    /// What went through the page cache is written to the disk; no journal commit, no flush.
    RangeSynced,
    /// fdatasync(2).
    Synced,
}

/// When the directory is synced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Never.
    Left,
    /// Before what it holds is acknowledged.
    Synced,
    /// After, at once.
    SyncedLate,
}

/// Each file synced, then named, then the directory synced for the group.
pub(super) const DATA_SYNC: Protocol = Protocol {
    is_hidden_first: false,
    data: Data::Synced,
    names: Names::Synced,
    holds_replaced: false,
};

/// As [`DATA_SYNC`], with hidden names.
pub(super) const HIDDEN_DATA_SYNC: Protocol = Protocol {
    is_hidden_first: true,
    ..DATA_SYNC
};

/// As [`DATA_SYNC`], but data are only brought to the disk: the sync of the directory is the one
/// journal commit and flush of the whole group.
pub(super) const RANGE_SYNC: Protocol = Protocol {
    data: Data::RangeSynced,
    ..DATA_SYNC
};

/// As [`RANGE_SYNC`], and a file that is replaced is kept until its successor is durable.
pub(super) const RANGE_SYNC_HOLD: Protocol = Protocol {
    holds_replaced: true,
    ..RANGE_SYNC
};

/// Durable names with nothing done for the data behind them.
pub(super) const NAMES_ONLY: Protocol = Protocol {
    data: Data::Left,
    ..DATA_SYNC
};

/// As [`RANGE_SYNC`], but acknowledged a moment too early.
pub(super) const EARLY: Protocol = Protocol {
    names: Names::SyncedLate,
    ..RANGE_SYNC
};

/// Written and named, no more.
pub(super) const NAIVE: Protocol = Protocol {
    names: Names::Left,
    ..NAMES_ONLY
};

impl Protocol {
    /// Stores a load in a directory.
    pub(super) fn store(self, directory: &Path, disk: &Disk, load: &Load) -> Ledger {
        let directory = File::open(directory).expect("the directory can be opened");
        let (committer, group) = channel::<Sender<()>>();
        thread::scope(|scope| {
            let directory = &directory;
            scope.spawn(move || self.commit(directory, &group));
            load.run(
                move || committer.clone(),
                |committer, item| {
                    let file = contents(item);
                    let replaced = self.replaced(directory, item);
                    self.put(directory, item, &file)
                        .unwrap_or_else(|error| panic!("storing {}: {error}", item.name));
                    let (done, answer) = channel();
                    committer.send(done).expect("the committer runs");
                    answer.recv().expect("the committer answers");
                    drop(replaced);
                    let version = Version {
                        file,
                        acknowledged: Some(disk.now()),
                    };
                    (item.name.clone(), version)
                },
            )
        })
    }

    /// Makes names durable, those of all that wait at once, and tells who waits.
    fn commit(self, directory: &File, group: &Receiver<Sender<()>>) {
        while let Ok(first) = group.recv() {
            let waiting: Vec<_> = std::iter::once(first).chain(group.try_iter()).collect();
            let sync = || rustix::fs::fsync(directory).expect("the directory can be synced");
            if self.names == Names::Synced {
                sync();
            }
            for done in waiting {
                let _ = done.send(());
            }
            if self.names == Names::SyncedLate {
                sync();
            }
        }
    }

    /// The file that an object will replace, to be kept.
    fn replaced(self, directory: &File, item: &Item) -> Option<OwnedFd> {
        if !self.holds_replaced || item.version == 0 {
            return None;
        }
        let opened = rustix::fs::openat(directory, &item.name, OFlags::PATH, Mode::empty());
        Some(opened.expect("an older object has the name"))
    }

    /// Writes one file and gives it its name.
    fn put(self, directory: &File, item: &Item, contents: &[u8]) -> io::Result<()> {
        let hidden = format!(".{}.part", item.name);
        let (name, flags) = if self.is_hidden_first {
            (&*hidden, OFlags::CREATE | OFlags::EXCL)
        } else {
            (".", OFlags::TMPFILE)
        };
        let mode = Mode::from_raw_mode(0o644);
        let file = rustix::fs::openat(directory, name, flags | OFlags::WRONLY, mode)?;
        let direct = match contents.len() {
            ..=SMALL_BYTES_MAX => 0,
            bytes => bytes - bytes % BLOCK_BYTES,
        };
        write_direct(&file, &contents[..direct])?;
        let tail = &contents[direct..];
        write_all(&file, tail, direct)?;
        match self.data {
            Data::RangeSynced if !tail.is_empty() => sync_range(&file, direct, tail.len())?,
            Data::Synced => rustix::fs::fdatasync(&file)?,
            Data::RangeSynced | Data::Left => {}
        }
        if self.is_hidden_first {
            return Ok(rustix::fs::renameat(
                directory, &hidden, directory, &item.name,
            )?);
        }
        publish(directory, &file, item, &hidden)
    }
}

fn contents(item: &Item) -> Vec<u8> {
    let mut contents = vec![0; item.bytes];
    Pattern::named(&item.name, item.version).fill(0, &mut contents);
    contents
}

fn write_direct(file: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    let mut memory = vec![0; bytes.len() + BLOCK_BYTES];
    let start = memory.as_ptr().align_offset(BLOCK_BYTES);
    let aligned = &mut memory[start..start + bytes.len()];
    aligned.copy_from_slice(bytes);
    rustix::fs::fcntl_setfl(file, OFlags::DIRECT)?;
    write_all(file, aligned, 0)?;
    rustix::fs::fcntl_setfl(file, OFlags::empty())?;
    Ok(())
}

fn write_all(file: &OwnedFd, bytes: &[u8], offset: usize) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        done += rustix::io::pwrite(file, &bytes[done..], (offset + done) as u64)?;
    }
    Ok(())
}

/// Gives an unnamed file its name; an older file of that name is replaced by way of a hidden name.
fn publish(directory: &File, file: &OwnedFd, item: &Item, hidden: &str) -> io::Result<()> {
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link =
        |name: &str| rustix::fs::linkat(CWD, &unnamed, directory, name, AtFlags::SYMLINK_FOLLOW);
    if item.version == 0 {
        return Ok(link(&item.name)?);
    }
    link(hidden)?;
    Ok(rustix::fs::renameat(
        directory, hidden, directory, &item.name,
    )?)
}

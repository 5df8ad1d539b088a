//! The output directory: everything that names files, relative to its descriptor.

mod journal;
mod lock;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, StatxFlags};
use rustix::io::Errno;

use super::OpenError;
use super::name::{is_part_name, part_name};
use crate::landing::BLOCK_BYTES;

/// How many hidden names are tried before giving up: they can only be taken by files that another
/// process left or holds.
const PART_NAME_TRIES_MAX: u32 = 1000;

/// The output directory.
#[derive(Debug)]
pub(super) struct Directory {
    descriptor: OwnedFd,
    path: PathBuf,
    way: Way,
    takes_direct_writes: bool,
    syncs_files: bool,
    weakness: Option<&'static str>,
    /// Held while a file is replaced, so that what is held is what is replaced.
    replacing: Mutex<()>,
    next_part: AtomicU64,
}

/// How a file comes into being and to its name here, found out once, at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// An unnamed file, linked by its descriptor (`AT_EMPTY_PATH`).
    LinkDescriptor,
    /// An unnamed file, linked through `/proc/self/fd`: what older kernels ask of ordinary users.
    LinkProc,
    /// A hidden file, renamed unless the name is taken (`RENAME_NOREPLACE`).
    Rename,
    /// A hidden file, linked and unlinked: where renaming can't be kept from replacing (NFS).
    LinkHidden,
}

/// All ways, the cheapest first.
const WAYS: [Way; 4] = [
    Way::LinkDescriptor,
    Way::LinkProc,
    Way::Rename,
    Way::LinkHidden,
];

/// A new file without a final name.
#[derive(Debug)]
pub(super) struct NewFile {
    pub(super) file: OwnedFd,
    /// Its hidden name, where the file system has no unnamed files.
    pub(super) hidden: Option<String>,
    /// Whether it was opened with `O_DIRECT`.
    pub(super) is_direct: bool,
}

impl Directory {
    /// Opens the directory, creates it if it is missing, finds out what it can do, and removes
    /// stale part files. Returns how many those were.
    pub(super) fn open(path: &Path) -> Result<(Self, usize), OpenError> {
        Self::open_by(path, None)
    }

    /// As [`Directory::open`]; by this way only, where one is given, safe here or not.
    fn open_by(path: &Path, way: Option<Way>) -> Result<(Self, usize), OpenError> {
        create_durably(path).map_err(|error| OpenError::Create {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let refused = |error: io::Error| OpenError::NotWritable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor =
            rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| refused(errno.into()))?;
        let kind = journal::Kind::of(descriptor.as_fd()).map_err(refused)?;
        let mut directory = Self {
            descriptor,
            path: path.to_owned(),
            way: Way::LinkDescriptor,
            takes_direct_writes: true,
            syncs_files: kind.syncs_files_with_directory(),
            weakness: kind.weakness(),
            replacing: Mutex::new(()),
            next_part: AtomicU64::new(0),
        };
        let stale = directory.join_receivers()?;
        let ways = match way {
            Some(way) => vec![way],
            None => safe_ways(kind),
        };
        directory.way =
            directory
                .find_way(&ways)
                .map_err(refused)?
                .ok_or_else(|| OpenError::Unsupported {
                    path: path.to_owned(),
                })?;
        directory.takes_direct_writes = directory.probe_direct_writes().map_err(refused)?;
        Ok((directory, stale))
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub(super) fn takes_direct_writes(&self) -> bool {
        self.takes_direct_writes
    }

    /// Whether a sync of the directory commits the data of the files in it, provided that it was
    /// written out before they got their names.
    pub(super) fn syncs_files(&self) -> bool {
        self.syncs_files
    }

    /// What of the file system may cost what was synced in a power cut, as far as is known.
    pub(super) fn weakness(&self) -> Option<&'static str> {
        self.weakness
    }

    /// The path of a file in here, as told to users.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes a file that has no final name yet. `name` is the one it will get, for a hidden name;
    /// `flags` are `WRONLY` or `RDWR`, maybe with `DIRECT`, which is dropped where it is refused.
    pub(super) fn create(&self, name: &str, flags: OFlags) -> io::Result<NewFile> {
        match self.create_as(name, flags) {
            Err(error) if is(&error, Errno::INVAL) && flags.contains(OFlags::DIRECT) => {
                self.create_as(name, flags - OFlags::DIRECT)
            }
            other => other,
        }
    }

    fn create_as(&self, name: &str, flags: OFlags) -> io::Result<NewFile> {
        let mode = Mode::from_raw_mode(0o666);
        let flags = flags | OFlags::CLOEXEC;
        if self.way.is_unnamed() {
            let is_direct = flags.contains(OFlags::DIRECT);
            let file = rustix::fs::openat(&self.descriptor, ".", flags | OFlags::TMPFILE, mode)?;
            return Ok(NewFile {
                file,
                hidden: None,
                is_direct,
            });
        }
        let create = (flags - OFlags::DIRECT) | OFlags::CREATE | OFlags::EXCL;
        let (hidden, file) = self.with_part_name(name, |hidden| {
            rustix::fs::openat(&self.descriptor, hidden, create, mode)
        })?;
        // Set afterwards: creating a file with a flag that is refused would leave the file.
        let is_direct = flags.contains(OFlags::DIRECT)
            && rustix::fs::fcntl_setfl(&file, OFlags::DIRECT).is_ok();
        Ok(NewFile {
            file,
            hidden: Some(hidden),
            is_direct,
        })
    }

    /// Gives a file its final name, unless that is taken: then `false`.
    pub(super) fn publish_new(
        &self,
        file: BorrowedFd<'_>,
        hidden: &mut Option<String>,
        name: &str,
    ) -> io::Result<bool> {
        let done = match hidden.as_deref() {
            None => self.link_unnamed(file, name),
            Some(hidden) if self.way == Way::Rename => {
                let directory = &self.descriptor;
                let flags = RenameFlags::NOREPLACE;
                rustix::fs::renameat_with(directory, hidden, directory, name, flags)
            }
            Some(hidden) => self.link_hidden(hidden, name),
        };
        match done {
            Ok(()) => *hidden = None,
            Err(Errno::EXIST) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
        Ok(true)
    }

    /// As [`Directory::publish_over`], and returns the file that was replaced, so that its blocks are not
    /// given to other files before it is let go.
    pub(super) fn publish_over_and_hold(
        &self,
        file: BorrowedFd<'_>,
        hidden: &mut Option<String>,
        name: &str,
    ) -> io::Result<Option<OwnedFd>> {
        // Nothing is kept under the lock that a panic could leave half done.
        let _alone = self
            .replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let replaced = self.hold(name)?;
        self.publish_over(file, hidden, name)?;
        Ok(replaced)
    }

    /// Gives a file its final name, in place of the file that has it, in one step.
    pub(super) fn publish_over(
        &self,
        file: BorrowedFd<'_>,
        hidden: &mut Option<String>,
        name: &str,
    ) -> io::Result<()> {
        let from = match hidden.take() {
            Some(from) => from,
            None => {
                self.with_part_name(name, |from| self.link_unnamed(file, from))?
                    .0
            }
        };
        // Kept until it is renamed, so that it is removed if that fails.
        let from = hidden.insert(from);
        rustix::fs::renameat(&self.descriptor, &*from, &self.descriptor, name)?;
        *hidden = None;
        Ok(())
    }

    /// What has a name, without opening it for anything. `None` when nothing has it.
    fn hold(&self, name: &str) -> io::Result<Option<OwnedFd>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(held) => Ok(Some(held)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Removes a hidden file. What can't be removed now is removed at the next start.
    pub(super) fn remove_hidden(&self, hidden: &str) {
        let _ = rustix::fs::unlinkat(&self.descriptor, hidden, AtFlags::empty());
    }

    /// Whether something has this name.
    pub(super) fn is_taken(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens a published file to read it. `None` when nothing, or no regular file, has the name.
    pub(super) fn open_published(&self, name: &str) -> io::Result<Option<fs::File>> {
        // Not blocking: something else may have put a pipe there.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(file) => {
                let file = fs::File::from(file);
                Ok(file.metadata()?.is_file().then_some(file))
            }
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    fn link_unnamed(&self, file: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
        if self.way == Way::LinkDescriptor {
            return rustix::fs::linkat(file, "", &self.descriptor, name, AtFlags::EMPTY_PATH);
        }
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, path, &self.descriptor, name, AtFlags::SYMLINK_FOLLOW)
    }

    fn link_hidden(&self, hidden: &str, name: &str) -> rustix::io::Result<()> {
        rustix::fs::linkat(
            &self.descriptor,
            hidden,
            &self.descriptor,
            name,
            AtFlags::empty(),
        )?;
        self.remove_hidden(hidden);
        Ok(())
    }

    /// Runs `take` with hidden names until one is not taken.
    fn with_part_name<T>(
        &self,
        name: &str,
        mut take: impl FnMut(&str) -> rustix::io::Result<T>,
    ) -> io::Result<(String, T)> {
        for _ in 0..PART_NAME_TRIES_MAX {
            let hidden = part_name(name, self.next_part.fetch_add(1, Ordering::Relaxed));
            match take(&hidden) {
                Ok(made) => return Ok((hidden, made)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(Errno::EXIST.into())
    }

    /// Tries out which way works here. `None` when none does; an error when files can't be made.
    fn find_way(&mut self, ways: &[Way]) -> io::Result<Option<Way>> {
        for &way in ways {
            self.way = way;
            match self.create("probe", OFlags::WRONLY) {
                Ok(new) => {
                    if self.can_publish(new) {
                        return Ok(Some(way));
                    }
                }
                // No unnamed files here: EOPNOTSUPP, or EISDIR before Linux 3.11.
                Err(_) if way.is_unnamed() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Gives an empty file a hidden name, as if that were final, and removes it.
    fn can_publish(&self, mut new: NewFile) -> bool {
        let target = part_name("probe", self.next_part.fetch_add(1, Ordering::Relaxed));
        let published = self.publish_new(new.file.as_fd(), &mut new.hidden, &target);
        if let Some(hidden) = &new.hidden {
            self.remove_hidden(hidden);
        }
        if matches!(published, Ok(true)) {
            self.remove_hidden(&target);
        }
        // A name that another process took in this moment proves the way as well.
        published.is_ok()
    }

    /// Asks the file system whether whole blocks can be written direct.
    fn probe_direct_writes(&self) -> io::Result<bool> {
        let new = self.create("probe", OFlags::WRONLY | OFlags::DIRECT)?;
        if let Some(hidden) = &new.hidden {
            self.remove_hidden(hidden);
        }
        Ok(new.is_direct && direct_alignment(&new.file) <= BLOCK_BYTES)
    }

    /// Removes what a crashed run left, unless another receiver uses the directory: then its part
    /// files are alive. Holds the shared lock from here on, before any part file of ours is made.
    fn join_receivers(&self) -> Result<usize, OpenError> {
        let mut removed = 0;
        if lock::try_alone(self.descriptor()) {
            removed = self
                .remove_stale_parts()
                .map_err(|error| OpenError::NotWritable {
                    path: self.path.clone(),
                    reason: error.to_string(),
                })?;
        }
        if lock::share(self.descriptor(), lock::PATIENCE) {
            Ok(removed)
        } else {
            Err(OpenError::Locked {
                path: self.path.clone(),
            })
        }
    }

    fn remove_stale_parts(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if is_stale_part(&entry.file_name(), entry.file_type()?) {
                let name = entry.file_name();
                rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Way {
    fn is_unnamed(self) -> bool {
        matches!(self, Self::LinkDescriptor | Self::LinkProc)
    }
}

fn is_stale_part(name: &OsStr, kind: fs::FileType) -> bool {
    kind.is_file() && is_part_name(Path::new(name))
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// The ways that keep what is acknowledged on such a file system.
fn safe_ways(kind: journal::Kind) -> Vec<Way> {
    let is_safe = |way: &Way| kind.syncs_unnamed_files() || !way.is_unnamed();
    WAYS.into_iter().filter(is_safe).collect()
}

/// The alignment that direct writes to this file need, in bytes; `usize::MAX` if they are refused.
/// Before Linux 6.1 the file system can't be asked: then a block, which serves nearly all, and the
/// sink notices if it does not.
fn direct_alignment(file: &OwnedFd) -> usize {
    let asked = rustix::fs::statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN);
    match asked {
        Ok(told) if told.stx_mask & StatxFlags::DIOALIGN.bits() != 0 => {
            let alignment = told.stx_dio_offset_align.max(told.stx_dio_mem_align);
            if told.stx_dio_offset_align == 0 {
                usize::MAX
            } else {
                alignment as usize
            }
        }
        _ => BLOCK_BYTES,
    }
}

/// Creates a directory and its missing parents, and makes their names durable: an object can't
/// survive a power cut in a directory that does not.
fn create_durably(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        None => return fs::create_dir(path),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    create_durably(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        other => other?,
    }
    fs::File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests;

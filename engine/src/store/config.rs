//! What the store can be told, and what it says when it can't start.

use std::path::PathBuf;

/// What must be true before Success goes to the peer (`--durability`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The object, data and name, is on stable storage: it survives a power cut.
    #[default]
    Object,
    /// The object is complete under its name, but may still be in volatile memory, as with other
    /// receivers: it survives the end of the process, not of the machine.
    None,
}

/// What happens to an object whose name is taken (`--on-duplicate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The new one replaces the old one in one step; until then, and upon any failure, the old
    /// one stays.
    #[default]
    Overwrite,
    /// Both stay: the new one gets the first free name of `NAME_0001`, `NAME_0002`, ...
    Keep,
    /// The new one fails with [`StoreFailure::Duplicate`](super::StoreFailure::Duplicate).
    Refuse,
    /// If transfer syntax and data set are those of the old one, byte for byte, nothing is written
    /// and the new one counts as stored. If not, as `Keep`, with a warning in the log.
    Same,
}

/// Default number of writer threads: 16. They spend their time waiting for the disk to sync, so
/// their number has little to do with that of the cores.
///
/// Chosen by measurement (bench `store`, conditions as at
/// [`SMALL_OBJECT_BYTES_MAX`](super::SMALL_OBJECT_BYTES_MAX)). Durable objects a second:
///
/// | writers             | 1     | 2     | 4     | 8     | 16    | 32    |
/// |---------------------|-------|-------|-------|-------|-------|-------|
/// | 8 KiB, 8 in flight  | 1,210 | 4,420 | 5,680 | 5,790 | 6,290 | 5,910 |
/// | 8 KiB, 64           | 1,710 | 3,350 | 5,800 | 8,770 | 8,670 | 9,070 |
/// | 512 KiB, 8          |   250 | 1,050 | 1,940 | 1,190 | 1,070 | 1,120 |
/// | 512 KiB, 64         |   280 | 1,250 | 1,190 | 2,020 | 2,380 | 2,740 |
///
/// Taken when every file was synced by itself, as it still is on btrfs and ext4 without a journal; to
/// be measured again for one sync of the directory. Without durability, two writers give all that one
/// disk takes, and more do no harm.
pub const WRITERS_DEFAULT: usize = 16;

/// The most writer threads: beyond any gain, and each costs a stack and a channel.
pub const WRITERS_MAX: usize = 1024;

/// How the store works. See [`StoreConfig::new`] for the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Where objects go. Created, with its parents, if missing. Nothing is ever written outside.
    pub directory: PathBuf,
    /// What must be true before Success. Default [`Durability::Object`].
    pub durability: Durability,
    /// What happens when a name is taken. Default [`OnDuplicate::Overwrite`].
    pub on_duplicate: OnDuplicate,
    /// Names from a new UID for each object (`PREFIX.X.2.25.…`), so that none is ever taken.
    pub unique_filenames: bool,
    /// Appended to every name, for example `.dcm`; at most [`EXTENSION_BYTES_MAX`] bytes, without
    /// `/` and NUL. Default empty.
    pub filename_extension: String,
    /// Writer threads, 1 to [`WRITERS_MAX`]. Default [`WRITERS_DEFAULT`].
    pub writers: usize,
    /// The bound of one writer's queue, in messages; at least 1. A message either carries a landing
    /// chunk or closes an object, so with `chunks + associations` a queue never fills while every
    /// association has one object on its way. Should it fill all the same, sending waits until the
    /// writer has dealt with one message, which it always does: it waits for the disk only.
    pub queue_depth: usize,
}

/// The longest file name extension, in bytes: with prefix, UID and counter a name stays below
/// [`NAME_BYTES_MAX`](super::NAME_BYTES_MAX).
pub const EXTENSION_BYTES_MAX: usize = 64;

/// Default bound of one writer's queue, in messages: the default landing memory (256 chunks) and
/// the default limit of associations (1000), rounded up.
pub const QUEUE_DEPTH_DEFAULT: usize = 1280;

impl StoreConfig {
    /// The defaults for this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            durability: Durability::default(),
            on_duplicate: OnDuplicate::default(),
            unique_filenames: false,
            filename_extension: String::new(),
            writers: WRITERS_DEFAULT,
            queue_depth: QUEUE_DEPTH_DEFAULT,
        }
    }

    /// Checks what can be checked without the file system.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        let extension = &self.filename_extension;
        if extension.len() > EXTENSION_BYTES_MAX || extension.contains(['/', '\0']) {
            return Err(OpenError::Extension {
                extension: extension.clone(),
            });
        }
        if !(1..=WRITERS_MAX).contains(&self.writers) {
            return Err(OpenError::Writers {
                writers: self.writers,
            });
        }
        if self.queue_depth == 0 {
            return Err(OpenError::QueueDepth);
        }
        Ok(())
    }
}

/// Why the store can't start. Each text says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The output directory is missing and can't be made.
    #[error(
        "cannot create output directory {}: {reason}; choose another with --output-directory or \
         create it",
        path.display()
    )]
    Create {
        /// The output directory.
        path: PathBuf,
        /// The system's word on it.
        reason: String,
    },
    /// The output directory can't be opened, read or written.
    #[error(
        "cannot write to output directory {}: {reason}; choose another with --output-directory or \
         change its permissions",
        path.display()
    )]
    NotWritable {
        /// The output directory.
        path: PathBuf,
        /// The system's word on it.
        reason: String,
    },
    /// Something holds the lock on the output directory that receivers hold only for a moment.
    #[error(
        "output directory {} is locked by another process; end that one or choose another \
         directory with --output-directory",
        path.display()
    )]
    Locked {
        /// The output directory.
        path: PathBuf,
    },
    /// The file system can't publish a file so that an existing one is safe.
    #[error(
        "the file system of output directory {} can neither link files nor rename them without \
         overwriting; choose another with --output-directory",
        path.display()
    )]
    Unsupported {
        /// The output directory.
        path: PathBuf,
    },
    /// The file name extension is too long or holds a `/` or NUL.
    #[error(
        "file name extension {extension:?} must have at most {EXTENSION_BYTES_MAX} bytes and no \
         slash; change --filename-extension"
    )]
    Extension {
        /// What was asked for.
        extension: String,
    },
    /// The number of writer threads is out of range.
    #[error("{writers} writers are not between 1 and {WRITERS_MAX}; change --writers")]
    Writers {
        /// What was asked for.
        writers: usize,
    },
    /// The queues have no room at all.
    #[error("a writer's queue needs room for one message at least")]
    QueueDepth,
    /// A thread could not be started.
    #[error("cannot start thread {name}: {reason}; lower --writers or raise the limit of threads")]
    Thread {
        /// The thread's name.
        name: String,
        /// The system's word on it.
        reason: String,
    },
}

//! The store: from landed bytes to a published, durable file, and the receipt for it.
//!
//! ```text
//!  Incoming ── bounded channel, one writer per object ──► writer 1..n ──► committer ──► Verdict
//!                                                    write, see to the     one sync of the
//!                                                    data, publish         directory for all
//! ```
//!
//! The store knows nothing of sockets, associations or DIMSE statuses. Its promises:
//!
//! - A file under a final name is complete, always: an object is written to an unnamed file
//!   (`O_TMPFILE`; where the file system has none, or does not sync it, to a hidden one,
//!   `.NAME.<n>.part`) and linked or renamed to its name at the end.
//! - With [`Durability::Object`], a name becomes durable after its data or together with it, and
//!   before the receipt is given: never a durable name without durable data, never a receipt for an
//!   object that a power cut could take. Where one journal takes up all changes in their order
//!   (ext4, XFS), data is written out, the name made, and the sync of the directory commits both;
//!   elsewhere each file is synced before it gets its name.
//! - A failed object leaves nothing behind, and what was under its name before stays.
//! - Nothing outside the output directory is touched: all names are relative to its descriptor, and
//!   none holds a `/`.
//! - Every committed object gets exactly one verdict, after its commit, whatever fails, a thread of
//!   the store included; no other object gets any. Every chunk goes back to its pool as soon as its
//!   bytes are written, or at once when its object has failed.
//!
//! Without durability, and while the page cache is quick, objects need no writer (`shortcut.rs`).
//!
//! Writer threads wait for the disk only. They never wait for whoever reads the verdicts, so a
//! reactor that waits for room in a writer's queue is always let go.
//!
//! Deliberately absent: any read-back of what was written, any index of what is stored, and locks
//! between processes beyond what the removal of stale part files needs.

#![deny(unsafe_code)]

mod commit;
mod config;
mod directory;
mod duplicate;
mod failure;
mod incoming;
mod name;
mod object;
mod page_cache;
mod part;
mod publish;
mod shortcut;
mod sink;
mod write_out;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;

pub use commit::{COMMIT_BATCH_MAX, Discarding, Outcome, StoredReceipt};
pub use config::{
    Durability, EXTENSION_BYTES_MAX, OnDuplicate, OpenError, QUEUE_DEPTH_DEFAULT, StoreConfig,
    WRITERS_DEFAULT, WRITERS_MAX,
};
pub use failure::{Operation, StoreFailure};
pub use incoming::{Incoming, ObjectHead, ReplyTo, Verdict};
pub use name::{KEEP_NUMBER_MAX, NAME_BYTES_MAX};
pub use part::SMALL_OBJECT_BYTES_MAX;
pub use sink::{BufferedSink, DirectSink, Sink, SinkFactory, SinkKind, SystemSinks};

use directory::Directory;
use page_cache::PageCache;
use write_out::WriteOut;
use writer::WriterPool;

/// What all threads of a store share.
struct Context {
    config: StoreConfig,
    directory: Directory,
    sinks: Arc<dyn SinkFactory>,
    page_cache: PageCache,
    write_out: WriteOut,
}

impl Context {
    fn new(
        config: StoreConfig,
        directory: Directory,
        sinks: Arc<dyn SinkFactory>,
        write_out: WriteOut,
    ) -> Self {
        Self {
            page_cache: PageCache::new(config.durability == Durability::None),
            config,
            directory,
            sinks,
            write_out,
        }
    }

    /// Whether each file is synced before it gets its name.
    fn syncs_each_file(&self) -> bool {
        self.config.durability == Durability::Object && !self.directory.syncs_files()
    }
}

/// A running store: its threads and its output directory.
///
/// Dropping it is [`Store::shutdown`].
#[derive(Debug)]
pub struct Store {
    handle: StoreHandle,
    /// In the order in which they end: the writers, then who works for them.
    threads: Vec<JoinHandle<()>>,
    stale_parts: usize,
    direct: bool,
    weakness: Option<&'static str>,
}

impl Store {
    /// Creates the output directory if it is missing, checks that it can be written, removes the
    /// part files that a crash left there, and starts the threads.
    pub fn open(config: StoreConfig) -> Result<Self, OpenError> {
        Self::open_with(config, Arc::new(SystemSinks))
    }

    /// As [`Store::open`], with other sinks: the seam for tests of faults (a disk that is full or
    /// refuses to sync) and for other ways to the disk.
    pub fn open_with(config: StoreConfig, sinks: Arc<dyn SinkFactory>) -> Result<Self, OpenError> {
        config.check()?;
        let (directory, stale_parts) = Directory::open(&config.directory)?;
        Self::start(config, sinks, directory, stale_parts)
    }

    fn start(
        config: StoreConfig,
        sinks: Arc<dyn SinkFactory>,
        directory: Directory,
        stale_parts: usize,
    ) -> Result<Self, OpenError> {
        let direct = directory.takes_direct_writes();
        let weakness = directory.weakness();
        let (write_out, write_out_thread) = WriteOut::start(config.durability)?;
        let context = Arc::new(Context::new(config, directory, sinks, write_out));
        let (committer, committer_thread) = commit::start(&context)?;
        let (pool, mut threads) = WriterPool::start(&context, &committer)?;
        threads.extend(committer_thread);
        threads.extend(write_out_thread);
        let handle = StoreHandle {
            writers: Arc::new(pool),
        };
        Ok(Self {
            handle,
            threads,
            stale_parts,
            direct,
            weakness,
        })
    }

    /// A handle that objects are given through; it can be cloned and sent to other threads.
    pub fn handle(&self) -> StoreHandle {
        self.handle.clone()
    }

    /// How many part files of an earlier, crashed run were removed at start.
    pub fn stale_parts(&self) -> usize {
        self.stale_parts
    }

    /// Why a power cut may cost what was acknowledged as durable on this file system, in a few words;
    /// `None` where no reason is known. ext4 without a journal cannot keep the promise, whatever is synced,
    /// as its directories change without order; nor can one that is mounted with `nobarrier`, nor tmpfs.
    pub fn weakness(&self) -> Option<&'static str> {
        self.weakness
    }

    /// Whether the output directory takes direct writes (`O_DIRECT`).
    pub fn is_direct(&self) -> bool {
        self.direct
    }

    /// Finishes every object that was committed, discards the others, and ends the threads.
    /// What is committed later is answered with [`StoreFailure::ShutDown`].
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.handle.writers.stop();
        // The committer ends when the last writer has let go of its channel.
        for thread in self.threads.drain(..) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!("store thread {name} has panicked");
            }
        }
    }
}

/// Gives objects to the store.
#[derive(Clone, Debug)]
pub struct StoreHandle {
    writers: Arc<WriterPool>,
}

impl StoreHandle {
    /// Begins an object. Nothing happens before its first bytes come: then it goes to the writer
    /// with the least to do, which keeps it to its end.
    pub fn begin(&self, object: ObjectHead) -> Incoming {
        Incoming::new(Arc::clone(&self.writers), object)
    }
}

#[cfg(test)]
mod tests;

//! What the store's tests share: directories on two file systems, objects, a receiver's side.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tempfile::TempDir;

use crate::dataset::{FILE_META_BYTES_MAX, FileMeta};
use crate::landing::{BLOCK_BYTES, LandingConfig, LandingPool, Slot, Wake};
use crate::store::{
    Incoming, ObjectHead, ReplyTo, SinkFactory, Store, StoreConfig, StoreFailure, StoreHandle,
    StoredReceipt, Verdict,
};
use crate::value::{AeTitle, Uid};

/// Longer than anything here takes, even on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Small, so that small objects have many extents.
pub(crate) const CHUNK_BYTES: usize = 4 * BLOCK_BYTES;

/// A fresh directory on the disk and one in memory (tmpfs).
pub(crate) fn directories() -> Vec<TempDir> {
    ["/var/tmp", "/dev/shm"]
        .into_iter()
        .filter(|place| Path::new(place).is_dir())
        .map(|place| tempfile::tempdir_in(place).expect("a temporary directory"))
        .collect()
}

/// A fresh directory on the disk.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in("/var/tmp").expect("a temporary directory")
}

/// The names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("readable")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT_LE: &str = "1.2.840.10008.1.2";

/// An object as it comes: its UID, its transfer syntax, its sender and its data set.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) uid: String,
    pub(crate) syntax: &'static str,
    pub(crate) sender: &'static str,
    pub(crate) data: Vec<u8>,
}

impl Sample {
    /// `len` bytes that differ by `seed`.
    pub(crate) fn new(uid: &str, len: usize, seed: u8) -> Self {
        let data = (0..len).map(|i| (i * 31 % 251) as u8 ^ seed).collect();
        Self {
            uid: uid.to_owned(),
            syntax: EXPLICIT_LE,
            sender: "SENDER",
            data,
        }
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let mut header = vec![0; FILE_META_BYTES_MAX];
        let len = FileMeta {
            sop_class: &Uid::from("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance: &Uid::from(self.uid.as_str()),
            transfer_syntax: &Uid::from(self.syntax),
            source_ae_title: &AeTitle::new(self.sender).expect("legal"),
        }
        .encode(&mut header);
        header.truncate(len);
        header
    }

    /// The file that it must become.
    pub(crate) fn file(&self) -> Vec<u8> {
        [self.header(), self.data.clone()].concat()
    }

    pub(crate) fn head(&self) -> ObjectHead {
        ObjectHead {
            sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance: Uid::from(self.uid.as_str()),
            transfer_syntax: Uid::from(self.syntax),
            prefix: "CT",
            header_len: self.header().len(),
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("CT.{}", self.uid)
    }
}

struct NoWake;

impl Wake for NoWake {
    fn wake(&self) {}
}

/// A receiver's side of a store: landing memory, and a channel for the verdicts.
pub(crate) struct Side {
    pub(crate) pool: LandingPool,
    pub(crate) store: StoreHandle,
    pub(crate) verdicts: Receiver<Verdict>,
    to: Sender<Verdict>,
}

impl Side {
    pub(crate) fn new(store: &Store) -> Self {
        let config = LandingConfig {
            total_bytes: 8 * CHUNK_BYTES,
            chunk_bytes: CHUNK_BYTES,
        };
        let pool = LandingPool::new(&config).expect("landing memory");
        let (to, verdicts) = unbounded();
        Self {
            pool,
            store: store.handle(),
            verdicts,
            to,
        }
    }

    pub(crate) fn reply(&self, ticket: u64) -> ReplyTo {
        ReplyTo {
            ticket,
            to: self.to.clone(),
            wake: Arc::new(NoWake),
        }
    }

    pub(crate) fn begin(&self, sample: &Sample, ticket: u64) -> Incoming {
        self.store.begin(sample.head(), self.reply(ticket))
    }

    /// Lands bytes in a slot and hands over the chunks that they fill.
    pub(crate) fn land(&self, slot: &mut Slot, incoming: &mut Incoming, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // A full chunk leaves only when more bytes come: it may be the last.
            if slot.is_full() {
                incoming.write(slot.take_full());
            }
            if slot.needs_chunk() {
                slot.put_chunk(self.chunk());
            }
            let room = slot.room();
            let len = room.len().min(bytes.len());
            room[..len].copy_from_slice(&bytes[..len]);
            slot.advance(len);
            bytes = &bytes[len..];
        }
    }

    fn chunk(&self) -> crate::landing::Chunk {
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            if let Some(chunk) = self.pool.take() {
                return chunk;
            }
            assert!(
                std::time::Instant::now() < end,
                "the writers give no chunk back"
            );
            std::thread::yield_now();
        }
    }

    /// Sends a whole object and commits it.
    pub(crate) fn send(&self, sample: &Sample, ticket: u64) {
        let mut incoming = self.begin(sample, ticket);
        let mut slot = Slot::new();
        self.land(&mut slot, &mut incoming, &sample.file());
        incoming.commit(slot.finish());
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdicts
            .recv_timeout(PATIENCE)
            .expect("a verdict for every commit")
    }

    /// Sends a whole object and waits for its verdict.
    pub(crate) fn store(&self, sample: &Sample) -> Result<StoredReceipt, StoreFailure> {
        self.send(sample, 7);
        let verdict = self.verdict();
        assert_eq!(verdict.ticket, 7);
        verdict.result
    }

    /// Checks that all chunks came back.
    pub(crate) fn assert_all_chunks_free(&self) {
        let end = std::time::Instant::now() + PATIENCE;
        while self.pool.free_count() < self.pool.chunk_count() {
            assert!(std::time::Instant::now() < end, "a chunk was lost");
            std::thread::yield_now();
        }
    }
}

/// A store and its receiver's side, in a directory.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) side: Side,
    pub(crate) path: PathBuf,
}

impl Fixture {
    pub(crate) fn new(config: StoreConfig) -> Self {
        Self::with_sinks(config, Arc::new(crate::store::SystemSinks))
    }

    pub(crate) fn with_sinks(config: StoreConfig, sinks: Arc<dyn SinkFactory>) -> Self {
        let path = config.directory.clone();
        let store = Store::open_with(config, sinks).expect("opened");
        Self {
            side: Side::new(&store),
            store,
            path,
        }
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path.join(name)).expect("published")
    }

    pub(crate) fn names(&self) -> Vec<String> {
        names_in(&self.path)
    }
}

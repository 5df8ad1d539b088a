//! Counters that every loop adds to.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counter {
    AssociationsAccepted,
    AssociationsRejected,
    AssociationsFailed,
    ConnectionsRefused,
    Echoes,
    ObjectsStored,
    ObjectsReplaced,
    ObjectsKeptBoth,
    ObjectsIdentical,
    ObjectsIgnored,
    ObjectsFailed,
    ObjectsRefused,
    ObjectsDropped,
    BytesReceived,
    BytesStored,
    BytesMoved,
    ChunkWaits,
    ChunksSpilled,
    FragmentsGuessed,
    FragmentsGuessedRight,
    Polls,
    Accepts,
    Reads,
    Writes,
}

const COUNTERS: usize = Counter::Writes as usize + 1;

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; COUNTERS]);

impl Counters {
    pub(super) fn add(&self, counter: Counter, n: u64) {
        // Each stands for itself; nobody draws conclusions from their order.
        self.0[counter as usize].fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].load(Ordering::Relaxed)
    }

    pub(super) fn read(&self, associations_open: usize) -> Statistics {
        Statistics {
            associations_open: associations_open as u64,
            associations_accepted: self.get(Counter::AssociationsAccepted),
            associations_rejected: self.get(Counter::AssociationsRejected),
            associations_failed: self.get(Counter::AssociationsFailed),
            connections_refused: self.get(Counter::ConnectionsRefused),
            echoes: self.get(Counter::Echoes),
            objects_stored: self.get(Counter::ObjectsStored),
            objects_replaced: self.get(Counter::ObjectsReplaced),
            objects_kept_both: self.get(Counter::ObjectsKeptBoth),
            objects_identical: self.get(Counter::ObjectsIdentical),
            objects_ignored: self.get(Counter::ObjectsIgnored),
            objects_failed: self.get(Counter::ObjectsFailed),
            objects_refused: self.get(Counter::ObjectsRefused),
            objects_dropped: self.get(Counter::ObjectsDropped),
            bytes_received: self.get(Counter::BytesReceived),
            bytes_stored: self.get(Counter::BytesStored),
            bytes_moved: self.get(Counter::BytesMoved),
            chunk_waits: self.get(Counter::ChunkWaits),
            chunks_spilled: self.get(Counter::ChunksSpilled),
            fragments_guessed: self.get(Counter::FragmentsGuessed),
            fragments_guessed_right: self.get(Counter::FragmentsGuessedRight),
            polls: self.get(Counter::Polls),
            accepts: self.get(Counter::Accepts),
            reads: self.get(Counter::Reads),
            writes: self.get(Counter::Writes),
        }
    }
}

/// What a receiver has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Associations open now.
    pub associations_open: u64,
    /// Associations accepted.
    pub associations_accepted: u64,
    /// Association requests answered by A-ASSOCIATE-RJ.
    pub associations_rejected: u64,
    /// Associations that ended other than by release, requests that never came included.
    pub associations_failed: u64,
    /// Connections closed at once because there were too many.
    pub connections_refused: u64,
    /// C-ECHO requests answered.
    pub echoes: u64,
    /// Objects stored and acknowledged.
    pub objects_stored: u64,
    /// Those of them that took the place of an older file.
    pub objects_replaced: u64,
    /// Those of them that got a numbered name beside an older file.
    pub objects_kept_both: u64,
    /// Those of them that were there already, byte for byte, and were not written again.
    pub objects_identical: u64,
    /// Objects acknowledged and thrown away, by request of whoever started the receiver.
    pub objects_ignored: u64,
    /// Objects received whole that could not be stored.
    pub objects_failed: u64,
    /// Objects refused on sight of their command.
    pub objects_refused: u64,
    /// Objects whose association ended before they were whole.
    pub objects_dropped: u64,
    /// Bytes read from all connections.
    pub bytes_received: u64,
    /// Bytes of the objects stored, file meta information included.
    pub bytes_stored: u64,
    /// Payload bytes that did not land where they stay and were moved once more.
    pub bytes_moved: u64,
    /// How often an object had to wait for landing memory.
    pub chunk_waits: u64,
    /// How often an object gave up a part-filled chunk because others waited.
    pub chunks_spilled: u64,
    /// Fragments of data sets that a read let land where they were guessed to belong, their headers
    /// unseen. What was certain is not counted.
    pub fragments_guessed: u64,
    /// Those of them for which the guess was right, so that they stay where they landed.
    pub fragments_guessed_right: u64,
    /// How often an event loop asked the kernel what has happened; under `io_uring`, gave it what to
    /// do as well: with connections open and queues that suffice, it makes no other system calls.
    pub polls: u64,
    /// Calls that accept connections, those included that found none.
    pub accepts: u64,
    /// Calls that read from connections, those included that found nothing.
    pub reads: u64,
    /// Calls that write to connections, those included that found no room.
    pub writes: u64,
}

impl Statistics {
    /// The system calls of the event loops: all that receiving and answering on an open connection
    /// takes, but for the wake-ups between threads and what the store does.
    pub fn loop_calls(&self) -> u64 {
        self.polls + self.accepts + self.reads + self.writes
    }
}

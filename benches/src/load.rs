//! The sending side of a store: objects that are already in landing memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use pdvault_engine::landing::{LandingPool, Slot, Wake};
use pdvault_engine::store::{ObjectHead, ReplyTo, StoreHandle, Verdict};
use pdvault_engine::value::Uid;

/// What a data set lacks to a whole number of blocks, in bytes: it ends anywhere in one.
const SHORT_OF_BLOCK_BYTES: usize = 346;

/// For a reader that sleeps at its channel.
struct NoWake;

impl Wake for NoWake {
    fn wake(&self) {}
}

/// Keeps objects under way and waits for their verdicts.
pub struct Load {
    store: StoreHandle,
    pool: LandingPool,
    to: Sender<Verdict>,
    verdicts: Receiver<Verdict>,
    next: AtomicU64,
}

impl Load {
    /// For this store, with objects in memory of this pool.
    pub fn new(store: StoreHandle, pool: LandingPool) -> Self {
        let (to, verdicts) = unbounded();
        Self {
            store,
            pool,
            to,
            verdicts,
            next: AtomicU64::new(0),
        }
    }

    /// Stores `objects` of about `size` bytes, at most a chunk, with up to `in_flight` of them under way,
    /// at most as many as there are chunks. Each has a name that no other of this load has.
    pub fn run(&self, objects: u64, in_flight: u64, size: usize) {
        for number in 0..objects {
            if number >= in_flight {
                self.verdict();
            }
            self.send(size - SHORT_OF_BLOCK_BYTES);
        }
        for _ in 0..in_flight.min(objects) {
            self.verdict();
        }
    }

    /// Starts to store an object of so many bytes, at most a chunk.
    pub fn send(&self, bytes: usize) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let reply = ReplyTo {
            ticket: number,
            to: self.to.clone(),
            wake: Arc::new(NoWake),
        };
        let head = ObjectHead {
            sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance: Uid::from(format!("1.2.826.0.1.3680043.2.{number}").as_str()),
            transfer_syntax: Uid::from("1.2.840.10008.1.2.1"),
            prefix: "CT",
            header_len: 0,
        };
        let chunk = self.pool.take();
        let mut slot = Slot::new();
        slot.put_chunk(chunk.expect("more chunks than objects under way"));
        slot.advance(bytes);
        self.store.begin(head).commit(slot.finish(), reply);
    }

    /// Waits until one of them is stored.
    pub fn verdict(&self) {
        let verdict = self.verdicts.recv().expect("the store answers");
        verdict.result.expect("stored");
    }
}

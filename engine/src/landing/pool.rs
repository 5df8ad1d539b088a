//! The pool of chunks: lock-free, first come, first served.
//!
//! Two queues, free chunks and waiters, and one rule: while nobody is in the middle of an
//! operation, at most one of them holds anything. Whoever adds to either queue calls
//! [`Shared::match_up`] afterwards, which pairs what it finds. Both sides first publish what they
//! add and then look at the other queue, with a sequentially consistent fence between, so of two
//! that cross at least one sees the other: no wake-up is lost.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use crossbeam_channel::Sender;
use crossbeam_queue::{ArrayQueue, SegQueue};
use memmap2::MmapMut;

use super::{CHUNK_BYTES_DEFAULT, Chunk, LANDING_BYTES_DEFAULT, LandingError, memory};

/// How many of the free chunks were used last and are used first again: their memory is still in the CPU's
/// caches, where it costs the kernel less to copy to. In turn with all 256, on an idle machine with 2 cores,
/// 512 KiB over 8 associations, `--durability none`: 6,000-6,400 in place of 5,500-5,800 objects a second,
/// at 148-166 in place of 176-191 us of CPU each.
const WARM_CHUNKS: usize = 8;

/// Wakes the thread that reads a channel, for example an event loop that sleeps in `epoll_wait`.
pub trait Wake: Send + Sync {
    /// Makes the thread look at its channels. Called after the message was sent, from any thread;
    /// must not block.
    fn wake(&self);
}

/// The size of a landing pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LandingConfig {
    /// All memory, in bytes; rounded down to whole chunks (between [`super::CHUNK_COUNT_MIN`] and
    /// [`super::CHUNK_COUNT_MAX`] of them). Default [`LANDING_BYTES_DEFAULT`].
    pub total_bytes: usize,
    /// The size of a chunk, in bytes: a multiple of [`super::BLOCK_BYTES`].
    /// Default [`CHUNK_BYTES_DEFAULT`].
    pub chunk_bytes: usize,
}

impl Default for LandingConfig {
    fn default() -> Self {
        Self {
            total_bytes: LANDING_BYTES_DEFAULT,
            chunk_bytes: CHUNK_BYTES_DEFAULT,
        }
    }
}

/// Somebody who wants a chunk and found none.
pub struct Waiter {
    /// Comes back with the [`Grant`]; its meaning is the waiter's own.
    pub ticket: u64,
    /// Where the grant goes. It must have room for one grant per waiter that uses it (an unbounded
    /// channel does): a grant that finds it full or closed goes to the next in turn.
    pub to: Sender<Grant>,
    /// Called after the grant was sent.
    pub wake: Arc<dyn Wake>,
}

/// A chunk for somebody who waited.
#[derive(Debug)]
pub struct Grant {
    /// The ticket of the [`Waiter`].
    pub ticket: u64,
    /// The chunk. Dropping it passes it on, so a waiter that gave up simply drops the grant.
    pub chunk: Chunk,
}

/// The landing memory of a receiver. A clone is a handle to the same memory.
#[derive(Clone)]
pub struct LandingPool {
    shared: Arc<Shared>,
}

impl LandingPool {
    /// Maps the memory and faults it in, with huge pages where the system has them for shared
    /// memory. This touches every page: about 0.1 s for 256 MiB.
    pub fn new(config: &LandingConfig) -> Result<Self, LandingError> {
        let chunks = memory::map_chunks(config)?;
        let free = Free::new(chunks);
        let waiting = AtomicUsize::new(0);
        let shared = Shared {
            free,
            waiters: SegQueue::new(),
            waiting,
            config: *config,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A chunk, if one is free and nobody has waited longer. On `None`: [`LandingPool::wait`].
    pub fn take(&self) -> Option<Chunk> {
        if self.is_under_pressure() {
            return None;
        }
        let memory = self.shared.free.pop()?;
        Some(Chunk::new(memory, Arc::clone(&self.shared)))
    }

    /// Queues for a chunk. It comes through the waiter's channel, to all threads in the order in
    /// which they came here; maybe before this call returns.
    ///
    /// There is no way out of the queue but a chunk: a waiter whose channel is closed stays in it,
    /// and counts as pressure, until one comes by.
    pub fn wait(&self, waiter: Waiter) {
        // Counted before it is queued, so that the count never runs below zero.
        self.shared.waiting.fetch_add(1, Ordering::SeqCst);
        self.shared.waiters.push(waiter);
        Shared::match_up(&self.shared);
    }

    /// Whether somebody waits: whoever holds a part-filled chunk of a quiet sender should
    /// [`spill`](super::Slot::spill) it. One atomic load.
    pub fn is_under_pressure(&self) -> bool {
        self.shared.waiting.load(Ordering::SeqCst) > 0
    }

    /// The size of a chunk, in bytes.
    pub fn chunk_bytes(&self) -> usize {
        self.shared.config.chunk_bytes
    }

    /// How many chunks there are.
    pub fn chunk_count(&self) -> usize {
        self.shared.free.count
    }

    /// How many chunks nobody holds, for statistics: true at some moment during the call.
    pub fn free_count(&self) -> usize {
        self.shared.free.len()
    }
}

impl fmt::Debug for LandingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LandingPool")
            .field("config", &self.shared.config)
            .field("free", &self.free_count())
            .finish_non_exhaustive()
    }
}

/// The free chunks: what was given back last first, as far as that pays.
///
/// Two queues do not weaken the rule of the [module](self): whoever adds a chunk looks for waiters
/// afterwards, and whoever waits looks at both queues afterwards, so the queue that the chunk went to is
/// looked at by one of them in time.
struct Free {
    warm: ArrayQueue<MmapMut>,
    /// With a place for every chunk that exists.
    cold: ArrayQueue<MmapMut>,
    /// All chunks, free or not.
    count: usize,
}

impl Free {
    fn new(chunks: Vec<MmapMut>) -> Self {
        let count = chunks.len();
        let (warm, cold) = (ArrayQueue::new(WARM_CHUNKS), ArrayQueue::new(count));
        for chunk in chunks {
            let _ = cold.push(chunk);
        }
        Self { warm, cold, count }
    }

    fn pop(&self) -> Option<MmapMut> {
        self.warm.pop().or_else(|| self.cold.pop())
    }

    fn push(&self, memory: MmapMut) {
        let refused = self
            .warm
            .push(memory)
            .or_else(|memory| self.cold.push(memory));
        debug_assert!(refused.is_ok(), "more chunks came back than were made");
    }

    fn len(&self) -> usize {
        self.warm.len() + self.cold.len()
    }
}

/// What the pool's handles and every chunk share.
pub(super) struct Shared {
    free: Free,
    waiters: SegQueue<Waiter>,
    /// Waiters counted in: `waiters.len() <= waiting`, equal while nobody is inside an operation.
    waiting: AtomicUsize,
    config: LandingConfig,
}

impl Shared {
    /// Takes memory back from a dropped chunk.
    pub(super) fn give_back(self: &Arc<Self>, memory: MmapMut) {
        self.free.push(memory);
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.match_up();
        }
    }

    /// Pairs free chunks with waiters until one of the two queues is empty.
    ///
    /// The delicate step is a chunk in hand and no waiter in sight: a waiter who comes just then
    /// finds no free chunk and leaves it to us. So the chunk is put back first and the waiters are
    /// looked at once more.
    fn match_up(self: &Arc<Self>) {
        fence(Ordering::SeqCst);
        while let Some(memory) = self.free.pop() {
            if let Some(waiter) = self.waiters.pop() {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                self.deliver(&waiter, memory);
            } else {
                self.free.push(memory);
                fence(Ordering::SeqCst);
                if self.waiters.is_empty() {
                    return;
                }
            }
        }
    }

    /// Sends a chunk to a waiter; if he is gone, the chunk is free again for the next turn.
    fn deliver(self: &Arc<Self>, waiter: &Waiter, memory: MmapMut) {
        let chunk = Chunk::new(memory, Arc::clone(self));
        match waiter.to.try_send(Grant {
            ticket: waiter.ticket,
            chunk,
        }) {
            Ok(()) => waiter.wake.wake(),
            // Not dropped as a chunk: that would come back here, once deeper for every waiter gone.
            Err(refused) => {
                if let Some(memory) = refused.into_inner().chunk.into_memory() {
                    self.free.push(memory);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

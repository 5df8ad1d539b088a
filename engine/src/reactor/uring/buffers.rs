//! Buffers that the kernel chooses from when bytes are there, so that a connection that waits for them
//! holds none.

#![expect(unsafe_code, reason = "memory shared with the kernel")]

use std::io;
use std::slice;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;
use io_uring::{IoUring, cqueue};
use memmap2::{MmapMut, MmapRaw};

use crate::association::READ_AHEAD_BYTES;

/// The name of the group.
pub(super) const GROUP: u16 = 0;

/// The most buffers of a loop; a power of two. As many connections can be read from in one turn; who
/// finds none is read from in the next.
const BUFFERS: u16 = 64;

/// How many there are to begin with. The kernel takes them in turn, so more than are needed would only
/// drive each other from the processor's cache.
const BUFFERS_AT_FIRST: u16 = 4;

const BUFFER_BYTES: usize = READ_AHEAD_BYTES;

const _: () = assert!(BUFFERS.is_power_of_two());

/// See the [module documentation](self).
pub(super) struct Buffers {
    /// The queue of buffers that are free: entries, the kernel's to read.
    queue: MmapRaw,
    memory: MmapRaw,
    /// How many were ever added to the queue, modulo 2^16.
    added: u16,
    /// How many are in use, by the kernel or by us.
    count: u16,
}

/// A buffer that the kernel has filled and handed over.
#[derive(Debug)]
pub(super) struct Filled {
    id: u16,
    len: usize,
}

impl Buffers {
    pub(super) fn new() -> io::Result<Self> {
        let queue_bytes = usize::from(BUFFERS) * size_of::<BufRingEntry>();
        let queue = MmapMut::map_anon(queue_bytes)?;
        let memory = MmapMut::map_anon(usize::from(BUFFERS) * BUFFER_BYTES)?;
        let mut this = Self {
            queue: queue.into(),
            memory: memory.into(),
            added: 0,
            count: 0,
        };
        this.grow_to(BUFFERS_AT_FIRST);
        Ok(this)
    }

    /// Makes them known to the kernel.
    ///
    /// # Safety
    ///
    /// They must not be dropped before the ring is gone.
    pub(super) unsafe fn register(&self, ring: &IoUring) -> io::Result<()> {
        let address = self.queue.as_mut_ptr().expose_provenance() as u64;
        // SAFETY: the queue is page-aligned and has `BUFFERS` entries; it stays, says the caller.
        unsafe {
            ring.submitter()
                .register_buf_ring_with_flags(address, BUFFERS, GROUP, 0)
        }
    }

    /// There were too few for a turn.
    pub(super) fn grow(&mut self) {
        self.grow_to((2 * self.count).min(BUFFERS));
    }

    fn grow_to(&mut self, count: u16) {
        for id in self.count..count {
            self.add(id);
        }
        self.count = count;
    }

    /// The buffer that a completion hands over, if it does.
    pub(super) fn filled(completion: &cqueue::Entry) -> Option<Filled> {
        let id = cqueue::buffer_select(completion.flags()).filter(|id| *id < BUFFERS)?;
        let len = usize::try_from(completion.result()).unwrap_or(0);
        Some(Filled {
            id,
            len: len.min(BUFFER_BYTES),
        })
    }

    pub(super) fn bytes<'a>(&'a self, filled: &'a Filled) -> &'a [u8] {
        // SAFETY: the offset is inside the memory, as `id < BUFFERS`.
        let start = unsafe { self.start(filled.id) };
        // SAFETY: `len` bytes from there are inside the memory too, and initialised, as all of a
        // mapping is. The kernel has handed this buffer over: it writes to it again only after
        // `give_back`, which takes what is borrowed here.
        unsafe { slice::from_raw_parts(start, filled.len) }
    }

    /// The kernel may use it again.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody may read it afterwards"
    )]
    pub(super) fn give_back(&mut self, filled: Filled) {
        self.add(filled.id);
    }

    /// # Safety
    ///
    /// `id` must be less than [`BUFFERS`].
    unsafe fn start(&self, id: u16) -> *mut u8 {
        // SAFETY: there are `BUFFERS` buffers in the mapping, says the caller.
        unsafe { self.memory.as_mut_ptr().add(usize::from(id) * BUFFER_BYTES) }
    }

    /// Adds a buffer at the end of the queue. There are never more of them than places.
    #[expect(clippy::cast_ptr_alignment, reason = "a mapping is aligned to a page")]
    fn add(&mut self, id: u16) {
        assert!(id < BUFFERS, "there is no buffer {id}");
        // SAFETY: checked just now.
        let address = unsafe { self.start(id) }.expose_provenance() as u64;
        let queue = self.queue.as_mut_ptr().cast::<BufRingEntry>();
        let place = usize::from(self.added & (BUFFERS - 1));
        // SAFETY: the place is inside the queue.
        let entry = unsafe { queue.add(place) };
        // SAFETY: the mapping is aligned to a page, and any bytes are an entry. The kernel does not look
        // at it before the tail has passed it, and nobody else has the queue.
        let entry = unsafe { &mut *entry };
        entry.set_addr(address);
        // 64 KiB.
        #[expect(clippy::cast_possible_truncation)]
        entry.set_len(BUFFER_BYTES as u32);
        entry.set_bid(id);
        self.added = self.added.wrapping_add(1);
        // SAFETY: the base of the queue, which is that of its first entry.
        let tail = unsafe { BufRingEntry::tail(queue) };
        // SAFETY: inside the mapping and aligned; it is written by this thread only, atomically, and
        // read by the kernel.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.added, Ordering::Release);
    }
}

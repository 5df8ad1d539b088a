//! Landing memory: where payload bytes arrive from the network and from where the disk takes them.
//!
//! This room knows neither sockets nor DICOM nor files. It hands out page-aligned [`Chunk`]s of
//! memory that was mapped and faulted in once, at start, and takes them back for ever.
//!
//! - A [`LandingPool`] owns the memory. Its size is a constant of the configuration, whatever the
//!   number, size and speed of the senders.
//! - A [`Chunk`] has one owner at a time, by type. Dropping it, wherever that happens, gives it to
//!   whoever has waited longest, else back to the pool.
//! - A [`Slot`] is the place of one object on its way in: it says where the next bytes land and
//!   turns what has landed into [`Extent`]s, which the store writes.
//!
//! Nothing here takes a lock, and nothing allocates while there are chunks enough. Under pressure
//! two things do: a slot that is emptied ([`Slot::spill`]) keeps up to one block in memory of its
//! own, and the queue of those who wait grows with their number, which is that of the connections.

#![deny(unsafe_code)]

mod chunk;
mod memory;
mod pool;
mod slot;

pub use chunk::Chunk;
pub use memory::LandingError;
pub use pool::{Grant, LandingConfig, LandingPool, Waiter, Wake};
pub use slot::{Extent, Memory, Slot};

/// Default size of a chunk: 1 MiB. One write of this size keeps a disk busy with few system
/// calls, and the usual object (a CT slice of 512 KiB) fits one chunk.
pub const CHUNK_BYTES_DEFAULT: usize = 1 << 20;

/// Default size of all landing memory: 256 MiB.
pub const LANDING_BYTES_DEFAULT: usize = 256 << 20;

/// The unit in which objects leave memory for the disk, in bytes: a page, and the strictest
/// alignment that direct I/O asks for on usual disks.
pub const BLOCK_BYTES: usize = 4096;

/// The most chunks of a pool: each is a mapping of its own, and Linux allows a process 65,530 of
/// them by default (`vm.max_map_count`). Half of that leaves room for everything else.
pub const CHUNK_COUNT_MAX: usize = 32_768;

/// The fewest chunks of a pool: one lands while another is written.
pub const CHUNK_COUNT_MIN: usize = 2;

// A chunk is cut into whole blocks.
const _: () = assert!(CHUNK_BYTES_DEFAULT.is_multiple_of(BLOCK_BYTES));
const _: () = assert!(LANDING_BYTES_DEFAULT / CHUNK_BYTES_DEFAULT <= CHUNK_COUNT_MAX);

//! One piece of landing memory and its way back.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use memmap2::MmapMut;

use super::pool::Shared;

/// A page-aligned piece of landing memory, owned by whoever holds it.
///
/// Dropping it, on any thread and for any reason, passes it to whoever has waited longest, else
/// back to the pool. What an earlier owner wrote is still in it.
pub struct Chunk {
    /// `None` only once the memory was taken out by [`Chunk::into_memory`] or by `drop`.
    memory: Option<MmapMut>,
    pool: Arc<Shared>,
}

impl Chunk {
    pub(super) fn new(memory: MmapMut, pool: Arc<Shared>) -> Self {
        Self {
            memory: Some(memory),
            pool,
        }
    }

    /// The memory without its way back, for the pool itself.
    pub(super) fn into_memory(mut self) -> Option<MmapMut> {
        self.memory.take()
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Chunk {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.as_deref_mut().unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.pool.give_back(memory);
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("bytes", &self.len())
            .finish_non_exhaustive()
    }
}

//! The place of one object on its way in.

use super::{BLOCK_BYTES, Chunk};

/// Bytes of an object that leave for the store.
///
/// The extents of an object follow each other without a gap. `file_offset` is always a multiple
/// of [`BLOCK_BYTES`], and so is `len`, except in the last extent of the object.
#[derive(Debug)]
pub struct Extent {
    /// What holds the bytes.
    pub memory: Memory,
    /// How many bytes of `memory`, from its start, belong to the object.
    pub len: usize,
    /// Where they belong in the file, in bytes.
    pub file_offset: u64,
}

impl Extent {
    /// The object's bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Chunk(chunk) => &chunk[..self.len],
            Memory::Stash(stash) => &stash[..self.len],
        }
    }

    /// Where the next extent begins, in bytes from the start of the file.
    pub fn file_end(&self) -> u64 {
        self.file_offset + self.len as u64
    }
}

/// What holds an extent's bytes.
#[derive(Debug)]
pub enum Memory {
    /// Landing memory, page-aligned.
    Chunk(Chunk),
    /// The rest of an object that gave its chunk up and ended without another: less than
    /// [`BLOCK_BYTES`], not aligned.
    Stash(Vec<u8>),
}

/// Where the bytes of one object land, and how they leave again.
///
/// ```text
///            file_offset                       (multiple of BLOCK_BYTES)
///                 |<------ filled ------>|<------ room() ------>|
///   ..written.....|#### landed ##########|                      |   the chunk
/// ```
///
/// Without a chunk, the slot may hold a stash: the last bytes landed, fewer than [`BLOCK_BYTES`],
/// that could not leave as a whole block. They go to the front of the next chunk.
#[derive(Debug, Default)]
pub struct Slot {
    chunk: Option<Chunk>,
    /// Bytes of the chunk in use; 0 without a chunk.
    filled: usize,
    /// Where the chunk (or the stash) begins in the file: a multiple of [`BLOCK_BYTES`].
    file_offset: u64,
    /// Empty while there is a chunk; `stash.len() < BLOCK_BYTES`.
    stash: Vec<u8>,
}

impl Slot {
    /// A slot for a new object, without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing can land before [`Slot::put_chunk`].
    pub fn needs_chunk(&self) -> bool {
        self.chunk.is_none()
    }

    /// Gives the slot memory; a stash moves to its front.
    ///
    /// # Panics
    ///
    /// When the slot has a chunk already: it would lose what has landed there.
    pub fn put_chunk(&mut self, mut chunk: Chunk) {
        assert!(self.chunk.is_none(), "a slot holds one chunk at a time");
        chunk[..self.stash.len()].copy_from_slice(&self.stash);
        self.filled = self.stash.len();
        self.stash.clear();
        self.chunk = Some(chunk);
    }

    /// Where the next bytes land. Empty without a chunk and when the chunk is full.
    pub fn room(&mut self) -> &mut [u8] {
        self.chunk
            .as_mut()
            .map_or(&mut [], |chunk| &mut chunk[self.filled..])
    }

    /// Tells that `n` bytes have landed in [`Slot::room`].
    ///
    /// # Panics
    ///
    /// When that is more than the room: the object would be damaged.
    pub fn advance(&mut self, n: usize) {
        let room = self
            .chunk
            .as_ref()
            .map_or(0, |chunk| chunk.len() - self.filled);
        assert!(
            n <= room,
            "{n} bytes cannot have landed in a room of {room}"
        );
        self.filled += n;
    }

    /// Whether there is a chunk without room: time for [`Slot::take_full`].
    pub fn is_full(&self) -> bool {
        self.chunk
            .as_ref()
            .is_some_and(|chunk| self.filled == chunk.len())
    }

    /// The full chunk, to be written.
    ///
    /// # Panics
    ///
    /// Unless [`Slot::is_full`].
    pub fn take_full(&mut self) -> Extent {
        assert!(
            self.is_full(),
            "a chunk leaves when it is full, spilled or the last"
        );
        self.give_up_chunk(self.filled)
            .expect("a full chunk is there and not empty")
    }

    /// Gives the chunk up under memory pressure, full or not: its whole blocks are to be written,
    /// the rest goes to the stash. `None` when not even one block is filled; the chunk is then
    /// back in the pool.
    pub fn spill(&mut self) -> Option<Extent> {
        let whole = self.filled - self.filled % BLOCK_BYTES;
        if let Some(chunk) = &self.chunk {
            self.stash.extend_from_slice(&chunk[whole..self.filled]);
        }
        self.give_up_chunk(whole)
    }

    /// The object has ended: what is left, of any length. `None` when everything has left, or
    /// nothing ever came. No chunk is needed for a stash. A new object wants a new slot.
    pub fn finish(&mut self) -> Option<Extent> {
        if self.chunk.is_some() {
            return self.give_up_chunk(self.filled);
        }
        let stash = std::mem::take(&mut self.stash);
        self.extent(stash.len(), Memory::Stash(stash))
    }

    /// How many bytes of the object have landed so far, written or not.
    pub fn bytes_landed(&self) -> u64 {
        self.file_offset + (self.filled + self.stash.len()) as u64
    }

    fn give_up_chunk(&mut self, len: usize) -> Option<Extent> {
        self.filled = 0;
        let chunk = self.chunk.take()?;
        self.extent(len, Memory::Chunk(chunk))
    }

    fn extent(&mut self, len: usize, memory: Memory) -> Option<Extent> {
        if len == 0 {
            return None;
        }
        let extent = Extent {
            memory,
            len,
            file_offset: self.file_offset,
        };
        self.file_offset += len as u64;
        Some(extent)
    }
}

#[cfg(test)]
mod tests;

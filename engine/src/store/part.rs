//! A file that is being written: complete or gone.

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::OFlags;

use super::directory::NewFile;
use super::sink::{Sink, SinkKind, whole_blocks};
use super::{Context, Durability, OnDuplicate};

/// The largest object, in bytes, that is written through the page cache although the file system
/// takes direct writes: 16 KiB. Larger ones, and those of several extents, are written direct.
///
/// Chosen by measurement (bench `store`: ext4, Linux 6.18, 2 cores, 8 writers; medians of 3 runs in
/// turn on a busy machine, so only ratios count). Objects a second on stable storage, buffered
/// against direct:
///
/// | bytes   | durable, 8 in flight | 64   | not durable, 8 | 64   |
/// |---------|----------------------|------|----------------|------|
/// | 8 KiB   | 1.15                 | 1.08 | 0.89           | 0.63 |
/// | 16 KiB  | 0.99                 | 1.12 | 1.11           | 1.07 |
/// | 32 KiB  | 0.98                 | 1.09 | 0.85           | 0.92 |
/// | 64 KiB  | 0.64                 | 0.41 | 0.24           | 0.23 |
/// | 512 KiB | 0.27                 | 0.20 | 0.18           | 0.19 |
///
/// Up to 16 KiB the single write of the page cache pays where durability is asked for, and the rest
/// is noise; from 64 KiB on it loses by far, the more so while memory is cold.
pub const SMALL_OBJECT_BYTES_MAX: usize = 16 << 10;

/// How often in a row an operation that a signal interrupted is tried again. Our threads get no
/// signals; a file system that does nothing but interrupt must not hold one for ever.
const INTERRUPTED_MAX: u32 = 100;

/// Space is reserved ahead from this size of an object on, in bytes. Below, the file system's own
/// allocation keeps it in one piece, and reserving would cost more than it gives.
const RESERVE_FROM_BYTES: u64 = 4 << 20;

/// Each reservation doubles the object, up to this much at once, in bytes: enough to keep a large
/// file in few pieces, and little to lend to each of many objects on their way.
const RESERVE_BYTES_MAX: u64 = 64 << 20;

/// A file, complete or on the way there. Dropped before it is published, it is gone.
pub(super) struct PartFile {
    context: Arc<Context>,
    sink: Box<dyn Sink>,
    /// Its hidden name, if it has one.
    hidden: Option<String>,
    kind: SinkKind,
    reserved: Reserved,
}

/// How far space was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reserved {
    /// Not at all so far.
    Nothing,
    /// Up to here, in bytes from the start of the file.
    UpTo(u64),
    /// It was refused: not to be tried again.
    Refused,
}

impl fmt::Debug for PartFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartFile").finish_non_exhaustive()
    }
}

impl PartFile {
    /// Makes the file. `name` is the one that it will get.
    pub(super) fn create(context: &Arc<Context>, name: &str, kind: SinkKind) -> io::Result<Self> {
        let access = match context.config.on_duplicate {
            // To be compared with a file that took the name in the meantime.
            OnDuplicate::Same => OFlags::RDWR,
            _ => OFlags::WRONLY,
        };
        let flags = match kind {
            SinkKind::Direct => access | OFlags::DIRECT,
            SinkKind::Buffered => access,
        };
        let NewFile {
            file,
            hidden,
            is_direct,
        } = context.directory.create(name, flags)?;
        let kind = if is_direct {
            SinkKind::Direct
        } else {
            SinkKind::Buffered
        };
        let sink = context.sinks.sink(file, kind);
        Ok(Self {
            context: Arc::clone(context),
            sink,
            hidden,
            kind,
            reserved: Reserved::Nothing,
        })
    }

    /// How an object is to be written whose first extent has this many bytes.
    pub(super) fn kind_for(context: &Context, first_len: usize, is_last: bool) -> SinkKind {
        let is_small = is_last && first_len <= SMALL_OBJECT_BYTES_MAX;
        let is_cached = is_small || context.page_cache.is_quick();
        if context.directory.takes_direct_writes() && !is_cached {
            SinkKind::Direct
        } else {
            SinkKind::Buffered
        }
    }

    /// Writes all of `bytes` at `offset`. `is_last`: the object ends with them.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64, is_last: bool) -> io::Result<()> {
        if !is_last && offset >= RESERVE_FROM_BYTES {
            self.reserve(offset, bytes.len() as u64);
        }
        let body = if is_last {
            self.write_tail(bytes, offset)?
        } else {
            bytes.len()
        };
        self.write_all(&bytes[..body], offset)
    }

    /// Writes what is behind the last whole block, where that has to take another way, and returns how much
    /// comes before. It goes first: then it is on the disk by the time the rest is, where last it would make
    /// everybody wait once more.
    fn write_tail(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let body = whole_blocks(bytes, offset);
        if self.kind == SinkKind::Buffered || body == 0 || body == bytes.len() {
            return Ok(bytes.len());
        }
        self.write_all(&bytes[body..], offset + body as u64)?;
        if self.context.config.durability == Durability::Object {
            self.start_securing()?;
        }
        Ok(body)
    }

    fn write_all(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            match retry_interrupted(|| self.sink.write_at(&bytes[done..], at))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => done += written,
            }
        }
        Ok(())
    }

    /// Reserves space for `len` bytes at `offset`, the present end, and for some to follow. What
    /// is refused here may still be written: without room for the steps there may be enough for
    /// the object.
    fn reserve(&mut self, offset: u64, len: u64) {
        let end = offset + len;
        match self.reserved {
            Reserved::Refused => return,
            Reserved::UpTo(reserved) if end <= reserved => return,
            Reserved::UpTo(_) | Reserved::Nothing => {}
        }
        let ahead = end + end.min(RESERVE_BYTES_MAX);
        self.reserved = Reserved::UpTo(ahead);
        if self.sink.allocate(ahead).is_err() {
            // Part of it may have been reserved all the same.
            let _ = self.sink.cut(offset);
            self.reserved = Reserved::Refused;
        }
    }

    /// The object has ended at `len`: gives back what was reserved beyond.
    pub(super) fn seal(&mut self, len: u64) -> io::Result<()> {
        match self.reserved {
            Reserved::UpTo(reserved) if reserved > len => self.sink.cut(len),
            _ => Ok(()),
        }
    }

    /// Starts on what [`PartFile::secure`] will wait for.
    pub(super) fn start_securing(&mut self) -> io::Result<()> {
        retry_interrupted(|| self.sink.start_write_back())
    }

    /// Sees to it that the data is on stable storage no later than the name that the file gets next:
    /// writes it out where the sync of the directory does the rest, syncs it elsewhere. After an
    /// error nothing of it can be trusted, a second try included: the kernel may have dropped what
    /// it could not write.
    pub(super) fn secure(&mut self) -> io::Result<()> {
        if self.context.directory.syncs_files() {
            retry_interrupted(|| self.sink.finish_write_back())
        } else {
            retry_interrupted(|| self.sink.sync_data())
        }
    }

    /// Gives the file its final name, unless that is taken: then `false`.
    pub(super) fn publish_new(&mut self, name: &str) -> io::Result<bool> {
        self.context
            .directory
            .publish_new(self.sink.file(), &mut self.hidden, name)
    }

    /// Gives the file its final name, in place of the file that has it. Returns that one if it must
    /// be held until the new name is durable: a power cut before may bring the old name back, and
    /// ext4 mounted with `data=writeback` would by then have given its blocks to other files.
    pub(super) fn publish_over(&mut self, name: &str) -> io::Result<Option<OwnedFd>> {
        let directory = &self.context.directory;
        let (file, hidden) = (self.sink.file(), &mut self.hidden);
        match self.context.config.durability {
            Durability::Object => directory.publish_over_and_hold(file, hidden, name),
            Durability::None => directory.publish_over(file, hidden, name).map(|()| None),
        }
    }

    /// Whether it goes to the page cache although nothing hinders direct writes.
    pub(super) fn is_cached(&self) -> bool {
        self.kind == SinkKind::Buffered && self.context.directory.takes_direct_writes()
    }

    /// The file, to read it.
    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.sink.file()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(hidden) = &self.hidden {
            self.context.directory.remove_hidden(hidden);
        }
    }
}

/// Runs an operation again when a signal interrupted it, a bounded number of times.
pub(super) fn retry_interrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut interrupted = 0;
    loop {
        match operation() {
            Err(error)
                if error.kind() == io::ErrorKind::Interrupted && interrupted < INTERRUPTED_MAX =>
            {
                interrupted += 1;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruptions_are_tried_again_but_not_for_ever() {
        let mut calls = 0;
        let answer = retry_interrupted(|| {
            calls += 1;
            if calls < 5 {
                Err(io::ErrorKind::Interrupted.into())
            } else {
                Ok(calls)
            }
        });
        assert_eq!(answer.expect("the fifth call"), 5);
        let mut calls = 0;
        let endless = retry_interrupted(|| {
            calls += 1;
            Err::<(), _>(io::ErrorKind::Interrupted.into())
        });
        assert_eq!(
            endless.expect_err("bounded").kind(),
            io::ErrorKind::Interrupted
        );
        assert_eq!(calls, INTERRUPTED_MAX + 1);
    }
}

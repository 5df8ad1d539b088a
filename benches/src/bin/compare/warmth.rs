//! Which memory a load finds: what a virtual machine has from its host already (*warm*), or what the
//! host gives it page by page as it is touched (*cold*), which costs ten times as much as writing to it.
//!
//! A host may take back free blocks of 2 MiB and more within seconds, and nothing says which. So both states
//! are made right before the load. Warm memory is touched and given back: what was freed last is
//! taken first. For cold memory all that is free is taken, without touching it, by a file in memory; how
//! long it takes to touch one page of each piece tells what it was, and the cold pieces are given back.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memmap2::{Advice, MmapMut};
use rustix::fs::{FallocateFlags, MemfdFlags};

use crate::problem::Problem;

/// Memory is taken and judged in pieces of this size.
const PIECE_BYTES: u64 = 4 << 20;

/// What the search for cold memory leaves to everybody else, and what it takes at most.
const LEFT_ALONE_BYTES: u64 = 2 << 30;
const TAKEN_BYTES_MAX: u64 = 20 << 30;

/// So much is touched at a time, in bytes.
const TOUCH_BYTES: usize = 64 << 20;

/// What is warmed of the available memory at most, as a divisor.
const WARMED_DIVISOR: u64 = 2;

/// Writing a byte to a new page takes 2 to 5 us with warm memory, 13 to 50 us with cold.
const COLD_FROM: Duration = Duration::from_micros(8);

/// A full page cache leaves less than this free.
const FREE_WHEN_FULL_BYTES: u64 = 512 << 20;

/// How often cold memory is looked for, and how long the host is given in between.
const SEARCHES: u32 = 5;
const SEARCH_EVERY: Duration = Duration::from_secs(3);

/// Is there where the kernel tells a host which memory is free.
const REPORTING: &str = "/sys/module/page_reporting";

/// A file in memory, of whole pieces.
#[derive(Debug)]
struct Pieces {
    file: File,
    bytes: u64,
}

/// What was left to a load after warm memory was taken away; it comes back with the value's end.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    _warm: Option<Pieces>,
    /// Free memory that was cold, in bytes.
    pub(crate) bytes: u64,
}

/// A file without blocks, of as many bytes as there is memory: read, it fills the page cache.
#[derive(Debug)]
pub(crate) struct Ballast {
    file: File,
    /// Where reading goes on. What was read longest ago goes first when memory is short.
    next: u64,
}

impl Ballast {
    pub(crate) fn new(path: &Path) -> Result<Self, Problem> {
        let file = File::create_new(path).map_err(Problem::at(path))?;
        let bytes = meminfo("MemTotal:") / PIECE_BYTES * PIECE_BYTES;
        file.set_len(bytes).map_err(Problem::at(path))?;
        Ok(Self { file, next: 0 })
    }

    /// Reads on until no memory is free.
    pub(crate) fn fill(&mut self, interrupted: &AtomicBool) -> std::io::Result<()> {
        let bytes = self.file.metadata()?.len();
        let mut piece = vec![0; step(PIECE_BYTES)];
        for _ in (0..bytes).step_by(step(PIECE_BYTES)) {
            let is_full = meminfo("MemFree:") < FREE_WHEN_FULL_BYTES;
            if is_full || interrupted.load(Ordering::Relaxed) {
                break;
            }
            self.file.read_exact_at(&mut piece, self.next)?;
            self.next = (self.next + PIECE_BYTES) % bytes;
        }
        Ok(())
    }
}

impl Cold {
    /// Takes warm memory away until so many bytes of what is free are cold. Where there is not as much,
    /// as on a machine that is not virtual, nothing is taken away.
    pub(crate) fn find(bytes: u64, interrupted: &AtomicBool) -> Result<Self, Problem> {
        let searches = if Path::new(REPORTING).exists() {
            SEARCHES
        } else {
            1
        };
        for search in 0..searches {
            if search > 0 {
                thread::sleep(SEARCH_EVERY);
            }
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            let found = Self::search(interrupted).map_err(|error| in_words(&error))?;
            if found.bytes >= bytes {
                return Ok(found);
            }
        }
        Ok(Self::default())
    }

    fn search(interrupted: &AtomicBool) -> std::io::Result<Self> {
        let taken = available_bytes().saturating_sub(LEFT_ALONE_BYTES);
        let pieces = Pieces::new(taken.min(TAKEN_BYTES_MAX))?;
        let mut cold = Vec::new();
        for start in pieces.starts() {
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            pieces.take(start)?;
        }
        for start in pieces.starts() {
            if pieces.is_cold(start)? {
                cold.push(start);
            }
        }
        for start in &cold {
            pieces.free(*start, PIECE_BYTES)?;
        }
        Ok(Self {
            bytes: cold.len() as u64 * PIECE_BYTES,
            _warm: Some(pieces),
        })
    }
}

impl Pieces {
    fn new(bytes: u64) -> std::io::Result<Self> {
        let file = File::from(rustix::fs::memfd_create("compare", MemfdFlags::CLOEXEC)?);
        let bytes = bytes / PIECE_BYTES * PIECE_BYTES;
        file.set_len(bytes)?;
        Ok(Self { file, bytes })
    }

    fn starts(&self) -> impl Iterator<Item = u64> + use<> {
        (0..self.bytes).step_by(step(PIECE_BYTES))
    }

    /// Takes memory for a piece without touching it.
    fn take(&self, start: u64) -> std::io::Result<()> {
        let flags = FallocateFlags::empty();
        Ok(rustix::fs::fallocate(
            &self.file,
            flags,
            start,
            PIECE_BYTES,
        )?)
    }

    fn free(&self, start: u64, bytes: u64) -> std::io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        Ok(rustix::fs::fallocate(&self.file, flags, start, bytes)?)
    }

    /// Whether a piece that was taken is cold, by one of its pages, which is so no longer.
    fn is_cold(&self, start: u64) -> std::io::Result<bool> {
        let before = Instant::now();
        self.file.write_all_at(&[1], start + PIECE_BYTES / 2)?;
        Ok(before.elapsed() >= COLD_FROM)
    }
}

/// Takes memory from the system, half of what is available at most, writes to every page of it and gives it back: the page cache is made
/// of it next, and it is already backed by the machine under a virtual one.
pub(crate) fn warm(bytes: u64, interrupted: &AtomicBool) -> Result<(), Problem> {
    let bytes = bytes.min(available_bytes() / WARMED_DIVISOR);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = usize::try_from(bytes).unwrap_or(usize::MAX) / threads;
    let touched: std::io::Result<Vec<()>> = thread::scope(|scope| {
        let touching: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| touch(share, interrupted)))
            .collect();
        let results = touching
            .into_iter()
            .map(|thread| thread.join().expect("no panic in it"));
        results.collect()
    });
    touched
        .map(drop)
        .map_err(|error| format!("cannot touch {bytes} bytes of memory: {error}").into())
}

fn touch(bytes: usize, interrupted: &AtomicBool) -> std::io::Result<()> {
    let memory = MmapMut::map_anon(bytes.max(TOUCH_BYTES))?;
    // Advice only; without it, it takes longer.
    let _ = memory.advise(Advice::HugePage);
    for start in (0..bytes).step_by(TOUCH_BYTES) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let length = TOUCH_BYTES.min(bytes - start);
        memory.advise_range(Advice::PopulateWrite, start, length)?;
    }
    Ok(())
}

fn in_words(error: &std::io::Error) -> Problem {
    format!("cannot set memory up: {error}").into()
}

fn step(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a few MiB")
}

fn available_bytes() -> u64 {
    meminfo("MemAvailable:")
}

/// A line of `/proc/meminfo`, in bytes.
fn meminfo(name: &str) -> u64 {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Empties the page cache.
pub(crate) fn drop_caches() -> Result<(), Problem> {
    rustix::fs::sync();
    let control = Path::new("/proc/sys/vm/drop_caches");
    std::fs::write(control, "3").map_err(Problem::at(control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_touched_without_complaint() {
        let interrupted = AtomicBool::new(false);
        warm((130 << 20) + 1, &interrupted).expect("there is so much");
        warm(0, &interrupted).expect("nothing");
        assert!(available_bytes() > 1 << 20);
    }

    #[test]
    fn a_piece_is_taken_and_given_back() {
        let pieces = Pieces::new(PIECE_BYTES).expect("a file");
        let held = || rustix::fs::fstat(&pieces.file).expect("a file").st_blocks * 512;
        pieces.take(0).expect("taken");
        assert_eq!(held(), 4 << 20);
        pieces.is_cold(0).expect("touched");
        pieces.free(0, PIECE_BYTES).expect("given back");
        assert_eq!(held(), 0);
    }
}

//! Mapping of the landing memory: a sealed memfd, mapped chunk by chunk, faulted in at start.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use memmap2::{Advice, MmapMut, MmapOptions};
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};

use super::{BLOCK_BYTES, CHUNK_COUNT_MAX, CHUNK_COUNT_MIN, LandingConfig};

/// Why landing memory could not be set up. Each text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LandingError {
    /// The size of a chunk is not a positive multiple of [`BLOCK_BYTES`].
    #[error("a landing chunk of {chunk_bytes} bytes is not a multiple of {BLOCK_BYTES}")]
    ChunkSize {
        /// What was asked for, in bytes.
        chunk_bytes: usize,
    },
    /// Fewer than [`CHUNK_COUNT_MIN`] chunks.
    #[error(
        "landing memory of {total_bytes} bytes is too small: it must hold {CHUNK_COUNT_MIN} chunks \
         of {chunk_bytes} bytes; raise --landing-memory"
    )]
    TooSmall {
        /// What was asked for, in bytes.
        total_bytes: usize,
        /// The size of a chunk, in bytes.
        chunk_bytes: usize,
    },
    /// More than [`CHUNK_COUNT_MAX`] chunks.
    #[error(
        "landing memory of {total_bytes} bytes is too large: it may hold {CHUNK_COUNT_MAX} chunks \
         of {chunk_bytes} bytes; lower --landing-memory"
    )]
    TooLarge {
        /// What was asked for, in bytes.
        total_bytes: usize,
        /// The size of a chunk, in bytes.
        chunk_bytes: usize,
    },
    /// More than the machine can give without taking it from others.
    #[error(
        "landing memory of {total_bytes} bytes is too large for this machine, which has \
         {available_bytes} bytes to spare; lower --landing-memory"
    )]
    NotAvailable {
        /// What was asked for, in bytes.
        total_bytes: usize,
        /// What the system says is available, in bytes.
        available_bytes: usize,
    },
    /// The system did not give the memory.
    #[error(
        "cannot get {total_bytes} bytes of landing memory ({operation}: {reason}); lower \
         --landing-memory"
    )]
    System {
        /// What was asked for, in bytes.
        total_bytes: usize,
        /// The step that failed.
        operation: &'static str,
        /// The system's word on it.
        reason: String,
    },
}

/// Maps every chunk of a pool.
///
/// Each chunk is a mapping of its own, so that the type system, not an argument, says that it has
/// one owner. They are made from the last to the first: the kernel places each new mapping below
/// the one before, and joins neighbours whose file offsets continue into one area.
pub(super) fn map_chunks(config: &LandingConfig) -> Result<Vec<MmapMut>, LandingError> {
    let count = chunk_count(config)?;
    let bytes = count * config.chunk_bytes;
    check_available(bytes, available_bytes())?;
    let failed = |operation| {
        move |error: io::Error| LandingError::System {
            total_bytes: bytes,
            operation,
            reason: error.to_string(),
        }
    };
    let file = sealed_memfd(bytes as u64).map_err(failed("memfd"))?;
    let chunks: Vec<MmapMut> = (0..count)
        .rev()
        .map(|index| {
            map_chunk(
                &file,
                (index * config.chunk_bytes) as u64,
                config.chunk_bytes,
            )
        })
        .collect::<io::Result<_>>()
        .map_err(failed("mmap"))?;
    fault_in(&file, &chunks, bytes as u64).map_err(failed("fault in"))?;
    Ok(chunks)
}

/// How many chunks the configuration asks for.
fn chunk_count(config: &LandingConfig) -> Result<usize, LandingError> {
    let LandingConfig {
        total_bytes,
        chunk_bytes,
    } = *config;
    if chunk_bytes == 0 || !chunk_bytes.is_multiple_of(BLOCK_BYTES) {
        return Err(LandingError::ChunkSize { chunk_bytes });
    }
    match total_bytes / chunk_bytes {
        0..CHUNK_COUNT_MIN => Err(LandingError::TooSmall {
            total_bytes,
            chunk_bytes,
        }),
        count @ CHUNK_COUNT_MIN..=CHUNK_COUNT_MAX => Ok(count),
        _ => Err(LandingError::TooLarge {
            total_bytes,
            chunk_bytes,
        }),
    }
}

/// Refuses what would leave the machine without memory: the kernel would give it, and then kill
/// processes, this one or others.
fn check_available(total_bytes: usize, available_bytes: Option<usize>) -> Result<(), LandingError> {
    match available_bytes {
        Some(available_bytes) if total_bytes > available_bytes => Err(LandingError::NotAvailable {
            total_bytes,
            available_bytes,
        }),
        _ => Ok(()),
    }
}

/// How much memory new work can have, as Linux estimates it; `None` where it does not tell.
fn available_bytes() -> Option<usize> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// An anonymous file of this length whose length nobody can change any more.
fn sealed_memfd(bytes: u64) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd: OwnedFd = rustix::fs::memfd_create("pdvault-landing", flags)?;
    rustix::fs::ftruncate(&memfd, bytes)?;
    rustix::fs::fcntl_add_seals(
        &memfd,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
    )?;
    Ok(File::from(memfd))
}

#[expect(unsafe_code, reason = "mapping a file is unsafe whoever does it")]
fn map_chunk(file: &File, offset: u64, len: usize) -> io::Result<MmapMut> {
    let mut options = MmapOptions::new();
    options.offset(offset).len(len);
    // SAFETY: a mapped file is a hazard when it is changed or shortened behind the mapping's back.
    // This one is a memfd that only this module has ever seen: its descriptor is close-on-exec,
    // never handed out, and closed when the last chunk is mapped; no other mapping covers
    // `offset..offset + len`; and the seals keep its length what it is, so no access can fault.
    unsafe { options.map_mut(file) }
}

/// Backs every page with memory now, so that a lack of it shows at start and not as a signal later.
fn fault_in(file: &File, chunks: &[MmapMut], bytes: u64) -> io::Result<()> {
    let populated = chunks
        .iter()
        .try_for_each(|chunk| chunk.advise(Advice::PopulateWrite));
    match populated {
        // Before Linux 5.14: reserve the memory through the file, the page tables fill on first use.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => Ok(
            rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes)?,
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(total_bytes: usize, chunk_bytes: usize) -> LandingConfig {
        LandingConfig {
            total_bytes,
            chunk_bytes,
        }
    }

    /// The kernel's own account of our mappings, in `/proc/self/smaps`.
    #[test]
    fn memory_is_a_memfd_with_every_page_there() {
        let chunks = map_chunks(&config(12 << 20, 1 << 20)).expect("memory");
        let smaps = std::fs::read_to_string("/proc/self/smaps").expect("Linux");
        for chunk in &chunks {
            let area = area_of(&smaps, chunk.as_ptr().addr());
            assert!(area[0].contains("memfd:pdvault-landing"), "{}", area[0]);
            let told = |key: &str| {
                let line = area.iter().find_map(|line| line.strip_prefix(key));
                line.expect("smaps tells").trim()
            };
            assert_eq!(told("Rss:"), told("Size:"), "every page is there");
        }
    }

    /// The lines of `smaps` about the area that holds this address.
    fn area_of(smaps: &str, address: usize) -> Vec<&str> {
        let range = |line: &str| {
            let (start, end) = line.split(' ').next()?.split_once('-')?;
            let number = |text| usize::from_str_radix(text, 16).ok();
            Some(number(start)?..number(end)?)
        };
        let holds = |line: &&str| range(line).is_some_and(|range| range.contains(&address));
        let mut lines = smaps.lines().skip_while(|line| !holds(line));
        let head = lines.next().expect("the address is mapped");
        std::iter::once(head)
            .chain(lines.take_while(|line| range(line).is_none()))
            .collect()
    }

    #[test]
    fn more_than_the_machine_has_is_refused_before_it_is_taken() {
        assert!(available_bytes().is_none_or(|bytes| bytes > 1 << 20));
        let error = check_available(101, Some(100)).expect_err("too much");
        assert!(
            error.to_string().contains("lower --landing-memory"),
            "{error}"
        );
        assert_eq!(check_available(100, Some(100)), Ok(()));
        assert_eq!(check_available(100, None), Ok(()));
    }

    #[test]
    fn sizes_that_cannot_work_are_refused_with_their_reason() {
        for chunk_bytes in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES + 1] {
            let refused = map_chunks(&config(1 << 20, chunk_bytes)).err();
            assert_eq!(refused, Some(LandingError::ChunkSize { chunk_bytes }));
        }
        let small = map_chunks(&config(2 * BLOCK_BYTES - 1, BLOCK_BYTES)).err();
        assert!(matches!(small, Some(LandingError::TooSmall { .. })));
        let large = map_chunks(&config(usize::MAX, BLOCK_BYTES)).err();
        assert!(matches!(large, Some(LandingError::TooLarge { .. })));
        assert!(
            large
                .expect("refused")
                .to_string()
                .contains("--landing-memory")
        );
    }

    #[test]
    fn chunks_are_aligned_apart_and_zeroed() {
        let mut chunks = map_chunks(&config(5 * BLOCK_BYTES + 7, BLOCK_BYTES)).expect("mapped");
        assert_eq!(chunks.len(), 5);
        for (index, chunk) in chunks.iter_mut().enumerate() {
            assert_eq!(chunk.as_ptr() as usize % BLOCK_BYTES, 0);
            assert!(
                chunk.iter().all(|&byte| byte == 0),
                "chunk {index} shows another's bytes"
            );
            chunk.fill(0xff);
        }
    }
}

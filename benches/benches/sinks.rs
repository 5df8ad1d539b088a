//! Sinks: a file made, written from landing memory and closed, by size, past the page cache and through
//! it. The files have no name and nothing is synced, so this is what writing costs the writer, not how
//! fast the disk is: for that there is the bench `store`.

use std::os::fd::OwnedFd;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pdvault_engine::landing::{Chunk, LandingConfig, LandingPool};
use pdvault_engine::store::{SinkFactory, SinkKind, SystemSinks};
use rustix::fs::{Mode, OFlags};

/// Sizes of files, in bytes: the store's smallest, a slice, and one of several chunks.
const SIZES: [usize; 4] = [8 << 10, 64 << 10, 512 << 10, 8 << 20];

/// A file without a name; `None` where direct writing is refused.
fn file(directory: &Path, kind: SinkKind) -> Option<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let flags = match kind {
        SinkKind::Direct => flags | OFlags::DIRECT,
        SinkKind::Buffered => flags,
    };
    rustix::fs::open(directory, flags, Mode::RUSR | Mode::WUSR).ok()
}

/// Writes a file of this size, a chunk at a time.
fn write(directory: &Path, kind: SinkKind, chunk: &Chunk, size: usize) {
    let file = file(directory, kind).expect("it could be made before");
    let mut sink = SystemSinks.sink(file, kind);
    let mut done = 0;
    while done < size {
        let bytes = &chunk[..chunk.len().min(size - done)];
        done += sink.write_at(bytes, done as u64).expect("written");
    }
}

fn sinks(criterion: &mut Criterion) {
    let pool = LandingPool::new(&LandingConfig {
        total_bytes: 16 << 20,
        ..LandingConfig::default()
    });
    let chunk = pool.expect("landing memory").take().expect("a free chunk");
    let mut group = criterion.benchmark_group("sinks");
    for (place, directory) in common::places() {
        for kind in [SinkKind::Direct, SinkKind::Buffered] {
            if file(directory.path(), kind).is_none() {
                println!("{place} refuses {kind:?}");
                continue;
            }
            for size in SIZES {
                group.throughput(Throughput::Bytes(size as u64));
                let name = format!("{kind:?} to {place}").to_lowercase();
                group.bench_function(BenchmarkId::new(name, size), |bencher| {
                    bencher.iter(|| write(directory.path(), kind, &chunk, size));
                });
            }
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::short();
    targets = sinks
}
criterion_main!(benches);

mod common;

//! Objects from landing memory to the writers, and their verdicts back: how long one takes alone, and
//! how many pass when many are under way. First with a sink that does nothing, where only the way and
//! the file system's names cost, then with the system's.
//!
//! Writes up to 5 GB below `target/`, and removes it at the end.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use std::{io, process};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use pdvault_benches::load::Load;
use pdvault_engine::landing::{LandingConfig, LandingPool};
use pdvault_engine::store::{
    Durability, Sink, SinkFactory, SinkKind, Store, StoreConfig, SystemSinks,
};

/// Objects under way: one alone, and enough to keep every writer busy.
const IN_FLIGHT: [u64; 2] = [1, 64];

/// Sizes of objects, in bytes: one that is stored where it is if it need not be durable, and one that
/// always goes to a writer.
const SIZES: [usize; 2] = [8 << 10, 64 << 10];

/// Says that everything was written and synced.
struct NullSinks;

struct NullSink(OwnedFd);

impl Sink for NullSink {
    fn write_at(&mut self, bytes: &[u8], _: u64) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn start_write_back(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish_write_back(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl SinkFactory for NullSinks {
    fn sink(&self, file: OwnedFd, _: SinkKind) -> Box<dyn Sink> {
        Box::new(NullSink(file))
    }

    fn sync_directory(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Measures each number of objects under way, in a directory of their own.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    (directory, durability, size): (&Path, Durability, usize),
    sinks: &Arc<dyn SinkFactory>,
) {
    let pool = LandingPool::new(&LandingConfig::default()).expect("landing memory");
    let config = StoreConfig {
        durability,
        ..StoreConfig::new(directory.join(format!("{}-{}", process::id(), name.replace(' ', "-"))))
    };
    let store = Store::open_with(config, Arc::clone(sinks)).expect("opened");
    let load = Load::new(store.handle(), pool);
    for in_flight in IN_FLIGHT {
        group.bench_function(format!("{name}, {in_flight} under way"), |bencher| {
            bencher.iter_custom(|objects| {
                let start = Instant::now();
                load.run(objects, in_flight, size);
                start.elapsed()
            });
        });
    }
}

fn handover(criterion: &mut Criterion) {
    let null: Arc<dyn SinkFactory> = Arc::new(NullSinks);
    let system: Arc<dyn SinkFactory> = Arc::new(SystemSinks);
    let mut group = criterion.benchmark_group("handover");
    group.throughput(Throughput::Elements(1));
    for (place, directory) in common::places() {
        for size in SIZES {
            for durability in [Durability::None, Durability::Object] {
                let what = format!("{size} {durability:?} {place}").to_lowercase();
                let setting = (directory.path(), durability, size);
                measure(&mut group, &format!("null sink {what}"), setting, &null);
                measure(&mut group, &format!("sink {what}"), setting, &system);
            }
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::short();
    targets = handover
}
criterion_main!(benches);

mod common;

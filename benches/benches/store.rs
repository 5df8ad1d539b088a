//! What the store does with objects that are already in landing memory: the figures behind the
//! number of writers and the size below which objects are written through the page cache.
//!
//! `cargo bench -p pdvault-benches --bench store [-- DIRECTORY]` writes about 6 GB below DIRECTORY
//! (`target/` unless given), in a fresh directory for each run, and removes all of it at the end
//! and nothing in between. Each line is the median of the rounds, which take turns.

#![allow(clippy::cast_precision_loss, reason = "rates are rounded anyway")]

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use pdvault_benches::load::Load;
use pdvault_engine::landing::{LandingConfig, LandingPool};
use pdvault_engine::store::{
    BufferedSink, DirectSink, Durability, Sink, SinkFactory, SinkKind, Store, StoreConfig,
    SystemSinks,
};
use rustix::fs::OFlags;

/// Runs of each setting, in turn with the others.
const ROUNDS: usize = 3;

/// Bytes that must be free before anything is written.
const FREE_BYTES_MIN: u64 = 12 << 30;

/// Object sizes in bytes, with the number of objects of one run.
const SIZES: [(usize, u64); 5] = [
    (8 << 10, 1200),
    (16 << 10, 600),
    (32 << 10, 300),
    (64 << 10, 400),
    (512 << 10, 80),
];

/// The sizes for which numbers of writers are compared.
const WRITERS_SIZES: [usize; 2] = [8 << 10, 512 << 10];

const WRITERS: [usize; 6] = [1, 2, 4, 8, 16, 32];

const IN_FLIGHT: [u64; 2] = [8, 64];

/// One setting.
#[derive(Clone, Copy)]
struct Setting {
    size: usize,
    objects: u64,
    in_flight: u64,
    durability: Durability,
    writers: usize,
    /// How to write; the store's own choice if `None`.
    kind: Option<SinkKind>,
}

/// Sinks of one kind whatever the store would choose, at the price of one more system call.
struct Only(SinkKind);

impl SinkFactory for Only {
    fn sink(&self, file: OwnedFd, _: SinkKind) -> Box<dyn Sink> {
        let flags = if self.0 == SinkKind::Direct {
            OFlags::DIRECT
        } else {
            OFlags::empty()
        };
        rustix::fs::fcntl_setfl(&file, flags).expect("the file system takes direct writes");
        match self.0 {
            SinkKind::Direct => Box::new(DirectSink::new(file)),
            SinkKind::Buffered => Box::new(BufferedSink::new(file)),
        }
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        SystemSinks.sync_directory(directory)
    }
}

/// Objects a second: acknowledged, and on stable storage.
struct Rates {
    acknowledged: f64,
    stable: f64,
}

fn measure(setting: &Setting, pool: &LandingPool, directory: PathBuf) -> Rates {
    let config = StoreConfig {
        writers: setting.writers,
        durability: setting.durability,
        ..StoreConfig::new(&directory)
    };
    let sinks: Arc<dyn SinkFactory> = match setting.kind {
        Some(kind) => Arc::new(Only(kind)),
        None => Arc::new(SystemSinks),
    };
    let store = Store::open_with(config, sinks).expect("opened");
    let load = Load::new(store.handle(), pool.clone());
    let start = Instant::now();
    load.run(setting.objects, setting.in_flight, setting.size);
    let acknowledged = start.elapsed();
    let root = fs::File::open(directory).expect("opened");
    rustix::fs::syncfs(&root).expect("synced");
    let rate = |time: Duration| setting.objects as f64 / time.as_secs_f64();
    Rates {
        acknowledged: rate(acknowledged),
        stable: rate(start.elapsed()),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures settings in turn and prints a line for each.
fn compare(settings: &[Setting], pool: &LandingPool, root: &Path, next: &mut u32) {
    let mut rates: Vec<Vec<Rates>> = settings.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (setting, rates) in settings.iter().zip(&mut rates) {
            *next += 1;
            rates.push(measure(setting, pool, root.join(next.to_string())));
        }
    }
    for (setting, rates) in settings.iter().zip(rates) {
        let acknowledged = median(rates.iter().map(|rate| rate.acknowledged).collect());
        let stable = median(rates.iter().map(|rate| rate.stable).collect());
        println!(
            "{:>7} {:>4} {:>7} {:>8} {:>9} {acknowledged:>9.0} {stable:>9.0} {:>8.2}",
            setting.size,
            setting.in_flight,
            format!("{:?}", setting.durability),
            setting
                .kind
                .map_or("chosen".to_owned(), |kind| format!("{kind:?}")),
            setting.writers,
            stable * setting.size as f64 / 1e9,
        );
    }
}

/// Every combination of size, objects in flight and durability.
fn cases() -> impl Iterator<Item = Setting> {
    let durabilities = [Durability::Object, Durability::None];
    SIZES.into_iter().flat_map(move |(size, objects)| {
        IN_FLIGHT.into_iter().flat_map(move |in_flight| {
            durabilities.into_iter().map(move |durability| Setting {
                size,
                objects,
                in_flight,
                durability,
                writers: pdvault_engine::store::WRITERS_DEFAULT,
                kind: None,
            })
        })
    })
}

fn main() {
    let given = env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let place = given.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let space = rustix::fs::statvfs(&place).expect("the directory exists");
    assert!(
        space.f_bavail * space.f_frsize >= FREE_BYTES_MIN,
        "not enough free space"
    );
    let root = tempfile::tempdir_in(place).expect("a directory for all runs");
    let pool = LandingPool::new(&LandingConfig::default()).expect("landing memory");
    let mut next = 0;
    println!("   size  fly durable     sink   writers    acked/s  stable/s     GB/s");
    for case in cases() {
        let settings = [SinkKind::Direct, SinkKind::Buffered].map(|kind| Setting {
            kind: Some(kind),
            ..case
        });
        compare(&settings, &pool, root.path(), &mut next);
    }
    for case in cases().filter(|case| WRITERS_SIZES.contains(&case.size)) {
        compare(
            &WRITERS.map(|writers| Setting { writers, ..case }),
            &pool,
            root.path(),
            &mut next,
        );
    }
}

//! The landing pool: a chunk taken and given back, by one thread and by two that get in each
//! other's way.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use pdvault_engine::landing::{LandingConfig, LandingPool};

fn landing(criterion: &mut Criterion) {
    let config = LandingConfig {
        total_bytes: 16 << 20,
        ..LandingConfig::default()
    };
    let pool = LandingPool::new(&config).expect("16 MiB of memory");
    let mut group = criterion.benchmark_group("landing");
    group.bench_function("take and give", |bencher| {
        bencher.iter(|| drop(black_box(pool.take())));
    });
    group.bench_function("take and give beside another thread", |bencher| {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop(black_box(pool.take()));
                }
            });
            bencher.iter(|| drop(black_box(pool.take())));
            stop.store(true, Ordering::Relaxed);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = landing
}
criterion_main!(benches);

mod common;

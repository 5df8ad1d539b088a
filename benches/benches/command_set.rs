//! Command sets: a C-STORE-RQ read and written.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pdvault_benches::object::{instance_uid, store_command};
use pdvault_engine::dimse::Request;

fn command_set(criterion: &mut Criterion) {
    let command = store_command(&instance_uid(0, 0));
    let Ok(Request::Store(request)) = Request::decode(&command) else {
        panic!("a valid C-STORE-RQ")
    };
    let mut group = criterion.benchmark_group("command set");
    group.bench_function("decode C-STORE-RQ", |bencher| {
        bencher.iter(|| Request::decode(black_box(&command)));
    });
    group.bench_function("encode C-STORE-RQ", |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            out.clear();
            black_box(&request).encode(&mut out);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = command_set
}
criterion_main!(benches);

mod common;

//! The rewriter on one CT image, in the pieces that a sender reads: what a conversion costs, in
//! bytes of the data set. Scanning is shown beside it, with the values left out as from a file.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pdvault_benches::object::{DataSet, instance_uid};
use pdvault_engine::dataset::{Encoding, HeadScan, RewriteOptions, Rewriter};

const OBJECT_BYTES: usize = 16 << 20;
const PIECE_BYTES: usize = 256 << 10;

fn rewrite(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rewrite");
    let native = DataSet::ct(OBJECT_BYTES, &instance_uid(0, 0)).bytes;
    group.throughput(Throughput::Bytes(native.len() as u64));
    for (name, to) in [
        ("to implicit", Encoding::ImplicitLittle),
        ("to big endian", Encoding::ExplicitBig),
        ("to deflated", Encoding::DeflatedExplicitLittle),
    ] {
        let mut out = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| convert(&native, to, &mut out));
        });
    }
    group.finish();
    criterion.bench_function("scan of a head", |bencher| {
        bencher.iter(|| {
            let mut scan = HeadScan::new(Encoding::ExplicitLittle);
            scan.push(&native[..4096]).expect("a valid data set")
        });
    });
}

/// Converts piece by piece; returns the bytes that came out, so that nothing is optimized away.
fn convert(native: &[u8], to: Encoding, out: &mut Vec<u8>) -> usize {
    let mut rewriter = Rewriter::new(Encoding::ExplicitLittle, to, RewriteOptions::default());
    let mut count = 0;
    for mut piece in native.chunks(PIECE_BYTES) {
        while !piece.is_empty() {
            let taken = rewriter.push(piece, out).expect("a valid data set");
            piece = &piece[taken..];
            count += out.len();
            out.clear();
        }
    }
    rewriter.finish(out).expect("a whole data set");
    count + out.len()
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = rewrite
}
criterion_main!(benches);

mod common;

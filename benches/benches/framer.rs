//! The framer on a recorded stream of P-DATA-TF PDUs: headers are fed, payload is only counted, as
//! when the socket puts it in place. So this is what framing itself costs, in bytes of the stream.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pdvault_benches::object::{DataSet, instance_uid, message};
use pdvault_engine::pdu::framer::{Framer, Need};

const OBJECT_BYTES: usize = 16 << 20;
const COMMAND_BYTES_MAX: usize = 64 << 10;

fn framer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("framer");
    let uid = instance_uid(0, 0);
    let data_set = DataSet::ct(OBJECT_BYTES, &uid);
    for pdu_bytes in [16 << 10, 128 << 10] {
        let stream = message(&uid, &data_set.bytes, pdu_bytes);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_function(format!("{} KiB PDUs", pdu_bytes >> 10), |bencher| {
            let max = u32::try_from(pdu_bytes).expect("a PDU length");
            bencher.iter(|| run_through(Framer::new(max, COMMAND_BYTES_MAX), &stream));
        });
    }
    group.finish();
}

/// Runs through the stream; returns the number of frames, so that none is optimized away.
fn run_through(mut framer: Framer, mut stream: &[u8]) -> usize {
    let mut count = 0;
    while !stream.is_empty() {
        let (used, frame) = match framer.need() {
            Need::Control(_) => framer.feed(stream).expect("a valid stream"),
            Need::Payload(n) => (n, framer.landed(n)),
        };
        stream = &stream[used..];
        count += usize::from(frame.is_some());
    }
    count
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = framer
}
criterion_main!(benches);

mod common;

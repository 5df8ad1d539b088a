//! The acceptor while a data set arrives: plan a read, then settle what came. Per read, the cost of
//! everything between two system calls but the system calls themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pdvault_benches::object::{DataSet, associate_rq, instance_uid, message};
use pdvault_engine::association::{Acceptor, Event, Need, Policy, Timeouts};
use pdvault_engine::pdu::Pdu;
use pdvault_engine::pdu::framer::{Guess, Segment};

const OBJECT_BYTES: usize = 16 << 20;

/// A chunk of landing memory.
const ROOM_BYTES: usize = 1 << 20;

/// What a read of a busy socket brings.
const READ_BYTES: usize = 256 << 10;

/// The proof of storage; no object is answered here.
type Proof = ();

fn scatter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scatter");
    let uid = instance_uid(0, 0);
    let data_set = DataSet::ct(OBJECT_BYTES, &uid);
    let now = Instant::now();
    for pdu_bytes in [16 << 10, 128 << 10] {
        let stream = message(&uid, &data_set.bytes, pdu_bytes);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_function(format!("{} KiB PDUs", pdu_bytes >> 10), |bencher| {
            bencher.iter_batched(
                || established(now),
                |acceptor| receive(acceptor, &stream, now),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn established(now: Instant) -> Acceptor<Proof> {
    let policy = Policy {
        max_pdu_bytes: 128 << 10,
        accept_all: false,
        promiscuous: false,
        operations_max: 1,
    };
    let timeouts = Timeouts {
        acse: Duration::from_secs(30),
        dimse: None,
        socket: None,
    };
    let mut acceptor = Acceptor::new(Arc::new(policy), timeouts, now);
    let mut request = Vec::new();
    Pdu::AssociateRq(associate_rq())
        .encode(&mut request)
        .expect("a short PDU");
    acceptor.received_control(&request, now);
    while acceptor.poll_event().is_some() {}
    acceptor.accept(now);
    assert!(matches!(
        acceptor.poll_event(),
        Some(Event::Established(..))
    ));
    let sent = acceptor.output().len();
    acceptor.sent(sent, now);
    acceptor
}

/// Takes the stream in reads of [`READ_BYTES`]; returns the number of reads.
fn receive(mut acceptor: Acceptor<Proof>, mut stream: &[u8], now: Instant) -> usize {
    let mut reads = 0;
    while !stream.is_empty() {
        let came = match acceptor.need() {
            Need::Payload => read_by_plan(&mut acceptor, stream, now),
            _ => acceptor.received_control(stream, now),
        };
        stream = &stream[came..];
        while acceptor.poll_event().is_some() {}
        reads += 1;
    }
    reads
}

/// One vectored read as it comes out when every guess is right: returns its length.
fn read_by_plan(acceptor: &mut Acceptor<Proof>, stream: &[u8], now: Instant) -> usize {
    let available = stream.len().min(READ_BYTES);
    let mut came = 0;
    for segment in acceptor.plan(ROOM_BYTES, Guess::Freely) {
        match segment {
            Segment::Header(n) => {
                let end = (came + n).min(available);
                came += acceptor.received_control(&stream[came..end], now);
            }
            Segment::Payload(n) => {
                let n = n.min(available - came).min(acceptor.payload_needed());
                acceptor.received_payload(n, now);
                came += n;
            }
        }
        if came == available {
            break;
        }
    }
    came
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = scatter
}
criterion_main!(benches);

mod common;

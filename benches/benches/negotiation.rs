//! Negotiation of a modality's request at its largest: 120 presentation contexts of three transfer
//! syntaxes each, from the bytes of the A-ASSOCIATE-RQ to those of the A-ASSOCIATE-AC.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pdvault_benches::object::associate_rq;
use pdvault_engine::association::{Policy, negotiate};
use pdvault_engine::pdu::{AssociateRq, PDU_HEADER_BYTES, Pdu, PduType, ProposedContext};
use pdvault_engine::registry;
use pdvault_engine::value::{PresentationContextId, Uid};

const CONTEXTS: u8 = 120;

/// Implicit little, explicit little and explicit big endian.
const TRANSFER_SYNTAXES: [&str; 3] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
];

fn negotiation(criterion: &mut Criterion) {
    let mut bytes = Vec::new();
    Pdu::AssociateRq(request())
        .encode(&mut bytes)
        .expect("a short PDU");
    let policy = Policy {
        max_pdu_bytes: 128 << 10,
        accept_all: false,
        promiscuous: false,
        operations_max: 1,
    };
    let mut group = criterion.benchmark_group("negotiation");
    group.throughput(Throughput::Elements(u64::from(CONTEXTS)));
    group.bench_function("120 contexts", |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            out.clear();
            answer(black_box(&bytes[PDU_HEADER_BYTES..]), &policy, &mut out);
        });
    });
    group.finish();
}

fn answer(body: &[u8], policy: &Policy, out: &mut Vec<u8>) {
    let Ok(Pdu::AssociateRq(request)) = Pdu::decode(PduType::AssociateRq.code(), body) else {
        panic!("a valid request")
    };
    let (reply, negotiated) = negotiate(&request, policy).expect("acceptance");
    assert_eq!(negotiated.contexts.len(), usize::from(CONTEXTS));
    Pdu::AssociateAc(reply).encode(out).expect("a short PDU");
}

fn request() -> AssociateRq {
    let storage = registry::SOP_CLASSES.iter().filter(|class| class.storage);
    let contexts = (0..CONTEXTS)
        .zip(storage)
        .map(|(index, class)| ProposedContext {
            id: PresentationContextId(2 * index + 1),
            abstract_syntax: Uid::from(class.uid),
            transfer_syntaxes: TRANSFER_SYNTAXES.map(Uid::from).to_vec(),
        });
    AssociateRq {
        presentation_contexts: contexts.collect(),
        ..associate_rq()
    }
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = negotiation
}
criterion_main!(benches);

mod common;

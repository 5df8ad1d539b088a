//! A counting allocator: in steady state, P-DATA allocates nothing per PDU, received or sent, and an
//! idle association holds little, whatever its request was.

#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Sender, data, eventually, fragments, object, request};
use pdvault_engine::association::{
    Acceptor, Event, Place, Policy, Requestor, StoreRequest, Timeouts, negotiate,
};
use pdvault_engine::dimse::{Status, StoreOutcome, StoreRq, encode_store_response};
use pdvault_engine::landing::{LandingConfig, LandingPool, Slot};
use pdvault_engine::pdu::framer::Guess;
use pdvault_engine::pdu::{MessageControl, Pdu, Pdv, ProposedContext};
use pdvault_engine::receiver::{Driver, Receiver};
use pdvault_engine::value::{PresentationContextId, Uid};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE_BYTES: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches no memory
// that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE_BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(act: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    act();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// One test, because the counters are the process's: nothing else may run beside it.
#[test]
fn p_data_allocates_nothing_per_pdu_and_idle_associations_hold_little() {
    core_allocates_nothing();
    requestor_allocates_nothing();
    for driver in [Driver::Mio, Driver::Auto] {
        receiver_allocates_nothing_per_pdu(driver);
        idle_association_holds_little(driver);
    }
}

/// Association and slot alone: not one allocation from the first fragment to the last but one.
fn core_allocates_nothing() {
    const FRAGMENT_BYTES: usize = 1000;
    const PDUS: usize = 1000;
    let now = Instant::now();
    let mut association: Acceptor<()> = Acceptor::new(Arc::new(policy()), timeouts(), now);
    let config = LandingConfig {
        total_bytes: 4 << 20,
        chunk_bytes: 1 << 20,
    };
    let pool = LandingPool::new(&config).expect("memory");
    let mut slot = Slot::new();

    let mut stream = Vec::new();
    Pdu::AssociateRq(request())
        .encode(&mut stream)
        .expect("short");
    give(&mut association, &mut slot, &stream, now);
    let data = data(1, FRAGMENT_BYTES * PDUS);
    let stream = object("1.2.3", &fragments(&data, &[FRAGMENT_BYTES]));
    let begun = stream.len() - PDUS * (FRAGMENT_BYTES + 12);
    give(&mut association, &mut slot, &stream[..begun], now);
    slot.put_chunk(pool.take().expect("a chunk"));

    let almost_all = &stream[begun..stream.len() - 10];
    let allocations = allocations_of(|| give(&mut association, &mut slot, almost_all, now));
    assert_eq!(slot.bytes_landed(), data.len() as u64 - 10);
    assert_eq!(allocations, 0, "for {PDUS} PDUs");
}

fn policy() -> Policy {
    Policy {
        max_pdu_bytes: 16384,
        accept_all: false,
        promiscuous: false,
        operations_max: 1,
    }
}

fn timeouts() -> Timeouts {
    let socket = Some(Duration::from_secs(60));
    Timeouts {
        acse: Duration::from_secs(30),
        dimse: socket,
        socket,
    }
}

fn give(association: &mut Acceptor<()>, slot: &mut Slot, mut bytes: &[u8], now: Instant) {
    while !bytes.is_empty() {
        let payload = association.payload_needed().min(bytes.len());
        let used = if payload > 0 {
            slot.room()[..payload].copy_from_slice(&bytes[..payload]);
            slot.advance(payload);
            association.received_payload(payload, now);
            payload
        } else {
            association.received_control(bytes, now)
        };
        bytes = &bytes[used..];
        let _ = association.plan(slot.room().len(), Guess::Freely);
        while let Some(event) = association.poll_event() {
            if event == Event::Requested {
                association.accept(now);
            }
        }
    }
}

/// The requesting side alone: nothing for a fragment, nor for a command.
fn requestor_allocates_nothing() {
    const OBJECTS: usize = 50;
    const FRAGMENTS_PER_OBJECT: usize = 20;
    let now = Instant::now();
    let asked = request();
    let (reply, _) = negotiate(&asked, &policy()).expect("accepted");
    let context = reply.presentation_contexts[0].id;
    let mut acceptance = Vec::new();
    Pdu::AssociateAc(reply)
        .encode(&mut acceptance)
        .expect("short");
    let mut requestor = Requestor::new(asked, timeouts(), now);
    requestor.connected(now);
    requestor.received(&acceptance, now);
    send_all(&mut requestor, now);

    let store = || StoreRequest {
        sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance: Uid::from("1.2.3"),
        priority: 0,
    };
    let mut send_object = |message_id: u16| {
        let store = store();
        let response = response(context, message_id);
        let allocations = allocations_of(|| {
            requestor.store(context, store, now);
            for fragment in 1..=FRAGMENTS_PER_OBJECT {
                let is_last = fragment == FRAGMENTS_PER_OBJECT;
                requestor.provide(requestor.provide_room().min(16372), is_last, now);
                if fragment % 4 == 0 {
                    send_all(&mut requestor, now);
                }
            }
        });
        requestor.received(&response, now);
        while requestor.poll_event().is_some() {}
        assert!(requestor.can_begin(), "{:?}", requestor.failure());
        allocations
    };
    send_object(1);
    let ids = 2..=u16::try_from(OBJECTS).expect("few");
    let allocations: u64 = ids.map(&mut send_object).sum();
    assert_eq!(allocations, 0, "for {OBJECTS} objects");
}

fn send_all(requestor: &mut Requestor, now: Instant) {
    let lengths = requestor.outgoing().map(|place| match place {
        Place::Own(bytes) => bytes.len(),
        Place::Payload { len, .. } => len,
    });
    let n = lengths.sum();
    requestor.sent(n, now);
}

/// A P-DATA-TF PDU with a C-STORE-RSP of success.
fn response(context: PresentationContextId, message_id: u16) -> Vec<u8> {
    let request = StoreRq {
        message_id,
        sop_class: Uid::from("1.2.3"),
        sop_instance: Uid::from("1.2.3"),
        priority: 0,
        has_data_set: true,
        move_originator: None,
    };
    let mut command = Vec::new();
    encode_store_response(&mut command, &request, &StoreOutcome::Stored(()));
    let mut response = Vec::new();
    let value = Pdv {
        context,
        control: MessageControl::new(true, true),
        fragment: command,
    };
    Pdu::PData(vec![value])
        .encode(&mut response)
        .expect("short");
    response
}

/// The whole receiver: what it allocates for an object does not grow with its number of PDUs.
fn receiver_allocates_nothing_per_pdu(driver: Driver) {
    const BYTES: usize = 16 << 20;
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::builder()
        .driver(driver)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(32 << 20)
        .start()
        .expect("the receiver starts");
    let mut sender = Sender::connect(receiver.local_addr());
    let data = data(2, BYTES);
    let mut allocations_with = |fragment_bytes| {
        let stream = object("1.2.3", &fragments(&data, &[fragment_bytes]));
        allocations_of(|| {
            sender.send(&stream);
            assert_eq!(sender.status(), Status::SUCCESS);
        })
    };
    allocations_with(100_000);
    let few = allocations_with(100_000);
    let many = allocations_with(2_000);
    let pdus = (BYTES / 2_000) as u64;
    println!("allocations for {BYTES} bytes: {few} in 168 PDUs, {many} in {pdus} PDUs");
    assert!(
        many < few + pdus / 20,
        "{many} allocations for {pdus} PDUs, {few} for 168"
    );
    sender.release();
    receiver.shutdown();
    receiver.join().expect("a clean end");
}

/// A request of half a megabyte is forgotten once it is answered, and what served it a moment later.
fn idle_association_holds_little(driver: Driver) {
    const EACH_BYTES_MAX: u64 = 16 << 10;
    const ASSOCIATIONS: u64 = 20;
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::builder()
        .driver(driver)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(16 << 20)
        .start()
        .expect("the receiver starts");
    let mut request = request();
    for n in 1..128_u8 {
        request.presentation_contexts.push(ProposedContext {
            id: PresentationContextId(2 * n + 1),
            abstract_syntax: Uid::from_wire(&[0xFE; 4000]),
            transfer_syntaxes: vec![Uid::from("1.2.840.10008.1.2")],
        });
    }
    let connect = || Sender::connect_with(receiver.local_addr(), request.clone());
    // The first ones bring what is there only once.
    let mut senders: Vec<Sender> = (0..2).map(|_| connect()).collect();
    // Until they too have come to rest: what is still held for them must not hide what comes later.
    std::thread::sleep(Duration::from_millis(500));
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    senders.extend((0..ASSOCIATIONS).map(|_| connect()));
    let each = || LIVE_BYTES.load(Ordering::Relaxed).saturating_sub(before) / ASSOCIATIONS;
    let is_little = eventually(|| each() < EACH_BYTES_MAX);
    println!("an idle association holds {} bytes", each());
    assert!(is_little, "an idle association holds {} bytes", each());
}

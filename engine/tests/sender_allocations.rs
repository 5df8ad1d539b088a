//! A counting allocator: what sending an object allocates does not grow with its length, nor with
//! the number of objects sent before.

#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::scp::accept;
use common::{data, memory, options, request, store_request};
use pdvault_engine::association::RequestorEvent;
use pdvault_engine::sender::{BlockingConnection, ConnectionEvent, FilePayload, Payload};
use pdvault_engine::value::PresentationContextId;

struct Counting;

thread_local! {
    /// Of the thread alone: the peer may allocate as it likes.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches no memory
// that it manages, and its cell needs neither allocation nor destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONTEXT: PresentationContextId = PresentationContextId(1);

/// What sending this object and waiting for its response allocates.
fn allocations_of<P: Payload>(link: &mut BlockingConnection<P>, payload: P) -> u64 {
    let request = store_request("1.2.3");
    let before = ALLOCATIONS.get();
    link.store(CONTEXT, request, payload).expect("a payload");
    loop {
        match link.wait(None).expect("a poll").expect("an event") {
            ConnectionEvent::Association(RequestorEvent::Stored(_)) => break,
            ConnectionEvent::Sent { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    ALLOCATIONS.get() - before
}

/// Allocations for each of ten short objects and one of 2000 fragments.
fn allocations_by_length<P: Payload>(payload: impl Fn(usize) -> P) -> (Vec<u64>, u64) {
    let (address, peer) = accept(1, |mut scp| scp.serve_to_the_end().len());
    let mut link =
        BlockingConnection::open(&[address], &request(), &options()).expect("an association");
    // The first brings what is kept.
    allocations_of(&mut link, payload(32 << 20));
    let short = (0..10)
        .map(|_| allocations_of(&mut link, payload(100)))
        .collect();
    let long = allocations_of(&mut link, payload(32 << 20));
    link.release().expect("a release");
    assert_eq!(peer.join().expect("a peer"), 12);
    (short, long)
}

fn assert_steady(source: &str, (short, long): (Vec<u64>, u64)) {
    println!("allocations for objects from {source}: {short:?} for 100 bytes, {long} for 32 MiB");
    let most = short.iter().max().copied().unwrap_or_default();
    assert!(most <= 8, "{source}: {short:?}");
    assert!(long <= most + 8, "{source}: {long} for 2000 fragments");
}

#[test]
fn sending_allocates_nothing_per_fragment() {
    let bytes = data(1, 32 << 20);
    assert_steady("memory", allocations_by_length(|len| memory(&bytes[..len])));
    let file = std::sync::Arc::new(tempfile::tempfile().expect("a file"));
    file.set_len(32 << 20).expect("room");
    assert_steady(
        "a file",
        allocations_by_length(|len| FilePayload::new(std::sync::Arc::clone(&file), 0, len as u64)),
    );
}

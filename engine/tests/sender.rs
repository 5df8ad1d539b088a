//! The sending side against the engine's own receiver, over real sockets: whatever a data set comes
//! from, what is stored is what it was.

mod common;

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{CT, data, memory, options, request, store_request, stored};
use pdvault_engine::association::RequestorEvent;
use pdvault_engine::dimse::Status;
use pdvault_engine::receiver::{Receiver, ReceiverHandle};
use pdvault_engine::sender::{
    BlockingConnection, Connection, ConnectionEvent, EventLoop, FilePayload, Payload,
    STREAM_BLOCK_BYTES, StreamPayload,
};
use pdvault_engine::value::PresentationContextId;
use proptest::prelude::*;

const CONTEXT: PresentationContextId = PresentationContextId(1);

fn start(directory: &Path, max_pdu_bytes: u32) -> ReceiverHandle {
    Receiver::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory)
        .max_pdu(max_pdu_bytes)
        .landing_memory(8 << 20)
        .start()
        .expect("the receiver starts")
}

fn finish(receiver: ReceiverHandle) -> u64 {
    receiver.shutdown();
    receiver.join().expect("a clean end").objects_stored
}

fn open(address: SocketAddr) -> BlockingConnection<Box<dyn Payload>> {
    BlockingConnection::open(&[address], &request(), &options()).expect("an association")
}

/// Waits for everything that is in flight; the statuses in the order of the responses.
fn statuses<P: Payload>(connection: &mut BlockingConnection<P>) -> Vec<Status> {
    let mut statuses = Vec::new();
    while connection.connection().in_flight() > 0 {
        match connection.wait(None).expect("a poll").expect("an event") {
            ConnectionEvent::Association(RequestorEvent::Stored(reply)) => {
                statuses.push(reply.status);
            }
            ConnectionEvent::Sent { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    statuses
}

fn file_with(bytes: &[u8], in_front: usize) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&vec![0xEE; in_front]).expect("room");
    file.write_all(bytes).expect("room");
    file.write_all(b"not of the data set").expect("room");
    file
}

/// The same data set from each kind of source.
fn payloads(data: &[u8]) -> [Box<dyn Payload>; 3] {
    let file = file_with(data, 133);
    [
        Box::new(memory(data)),
        Box::new(FilePayload::new(file, 133, data.len() as u64)),
        Box::new(StreamPayload::new(std::io::Cursor::new(data.to_vec()))),
    ]
}

fn send_from_each_source(address: SocketAddr, directory: &Path, lengths: &[usize]) {
    let mut connection = open(address);
    for (index, &len) in lengths.iter().enumerate() {
        let data = data(7, len);
        for (source, payload) in payloads(&data).into_iter().enumerate() {
            let instance = format!("1.2.{index}.{source}");
            connection
                .store(CONTEXT, store_request(&instance), payload)
                .expect("a payload");
            assert_eq!(statuses(&mut connection), [Status::SUCCESS]);
            assert!(
                stored(directory, &instance) == data,
                "{len} bytes, source {source}"
            );
        }
    }
    connection.release().expect("a release");
}

#[test]
fn data_sets_of_every_source_are_stored_whole_at_every_boundary() {
    let directory = tempfile::tempdir().expect("a directory");
    for (number, max_pdu_bytes) in [4096, 131_072].into_iter().enumerate() {
        let directory = directory.path().join(number.to_string());
        std::fs::create_dir(&directory).expect("a directory");
        let receiver = start(&directory, max_pdu_bytes);
        let fragment = max_pdu_bytes as usize - 12;
        let block = STREAM_BLOCK_BYTES;
        let lengths = [
            0,
            1,
            fragment - 1,
            fragment,
            fragment + 1,
            block - 1,
            block,
            block + 1,
            3_000_001,
        ];
        send_from_each_source(receiver.local_addr(), &directory, &lengths);
        assert_eq!(finish(receiver), 3 * lengths.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn data_sets_of_every_source_are_stored_whole_whatever_their_length(
        lengths in prop::collection::vec(0..2_000_000_usize, 1..4),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let receiver = start(directory.path(), 16_384);
        send_from_each_source(receiver.local_addr(), directory.path(), &lengths);
        prop_assert_eq!(finish(receiver), 3 * lengths.len() as u64);
    }
}

#[test]
fn one_file_can_be_sent_many_times_and_from_many_places() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 16_384);
    let data = data(3, 300_000);
    let file = Arc::new(file_with(&data, 0));
    let mut connection = open(receiver.local_addr());
    for part in 0..3_usize {
        let offset = part * 100_000;
        let payload = FilePayload::new(Arc::clone(&file), offset as u64, 100_000);
        let instance = format!("1.2.{part}");
        connection
            .store(CONTEXT, store_request(&instance), Box::new(payload))
            .expect("a payload");
        assert_eq!(statuses(&mut connection), [Status::SUCCESS]);
        assert!(stored(directory.path(), &instance) == data[offset..offset + 100_000]);
    }
    connection.release().expect("a release");
    finish(receiver);
}

#[test]
fn the_last_byte_of_each_data_set_is_told_of_before_its_response() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 16_384);
    let mut connection = open(receiver.local_addr());
    let data = data(3, 700_000);
    let operation = connection
        .store(CONTEXT, store_request("1.2.3"), Box::new(memory(&data)))
        .expect("a payload");
    let mut told = Vec::new();
    while told.len() < 2 {
        told.push(connection.wait(None).expect("a poll").expect("an event"));
    }
    assert!(
        matches!(told[0], ConnectionEvent::Sent { operation: o, bytes: 700_000 } if o == operation),
        "{told:?}"
    );
    connection.release().expect("a release");
    finish(receiver);
}

/// Sends `count` objects over each of `connections` connections in one loop; how often each response
/// was success.
fn send_by_one_loop(address: SocketAddr, connections: usize, count: u32, data: &[u8]) -> usize {
    let mut event_loop = EventLoop::new().expect("a poll");
    for _ in 0..connections {
        let connection = Connection::connect(address, request(), &options(), Instant::now());
        event_loop
            .add(connection.expect("a socket"))
            .expect("a poll");
    }
    let mut begun = HashMap::new();
    let mut successes = 0;
    while !event_loop.is_empty() {
        let round = event_loop.round(None, |index, connection, now| {
            while let Some(event) = connection.poll_event() {
                if let ConnectionEvent::Association(RequestorEvent::Stored(reply)) = event {
                    successes += usize::from(reply.status == Status::SUCCESS);
                }
            }
            let begun = begun.entry(index).or_insert(0);
            while *begun < count && connection.can_begin() {
                *begun += 1;
                let instance = format!("1.2.{successes}.{begun}.{index:?}")
                    .replace(|c: char| !c.is_ascii_digit() && c != '.', "");
                let request = store_request(&instance);
                connection
                    .store(CONTEXT, request, memory(data), now)
                    .expect("a payload");
            }
            if *begun == count && connection.in_flight() == 0 {
                connection.release(now);
            }
        });
        round.expect("a poll");
    }
    successes
}

#[test]
fn many_connections_share_one_loop() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 16_384);
    let data = data(5, 50_000);
    assert_eq!(send_by_one_loop(receiver.local_addr(), 12, 10, &data), 120);
    assert_eq!(finish(receiver), 120);
}

#[test]
fn a_receiver_that_stops_ends_the_association_with_a_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 16_384);
    let mut connection = open(receiver.local_addr());
    receiver.shutdown();
    let mut last = None;
    while let Some(event) = connection.wait(None).expect("a poll") {
        if let ConnectionEvent::Association(RequestorEvent::Failed(error)) = event {
            last = Some(error);
        }
    }
    assert!(connection.connection().is_closed());
    let error = last.expect("a reason");
    assert!(error.to_string().contains("abort"), "{error}");
    receiver.join().expect("a clean end");
}

#[test]
fn the_wait_for_an_event_ends_when_it_is_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 16_384);
    let mut connection = open(receiver.local_addr());
    let event = connection
        .wait(Some(Duration::from_millis(20)))
        .expect("a poll");
    assert!(event.is_none(), "{event:?}");
    assert!(!connection.connection().is_closed());
    assert_eq!(
        connection.connection().agreed().expect("agreed").contexts[0]
            .abstract_syntax
            .as_str(),
        CT
    );
    connection.release().expect("a release");
    finish(receiver);
}

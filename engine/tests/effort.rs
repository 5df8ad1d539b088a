//! What receiving takes, by the receiver's own count: each payload byte is copied once, by the kernel,
//! to where it stays; few system calls, and no guess at the place of a fragment that is wrong.

mod common;

use std::net::SocketAddr;

use common::{Sender, data, fragments, numbered_object, request_for_window};
use pdvault_engine::dimse::Status;
use pdvault_engine::receiver::{Builder, Driver, Receiver, Statistics};
use pdvault_engine::store::Durability;

/// Lengths of fragments, in bytes: the least that a maximum length allows, those of the usual ones, and
/// the longest.
const FRAGMENT_BYTES: [usize; 5] = [4084, 16_372, 32_756, 65_524, 131_060];

/// Lengths of data sets, in bytes: within a chunk of landing memory (of 1 MiB), and beyond one.
const OBJECT_BYTES: [usize; 2] = [300_001, 2_500_000];

const OBJECTS: u16 = 12;

/// What may be read ahead, and moved, at the beginning of an association: of which kind its objects are
/// is not known yet.
const READ_AHEAD_BYTES: u64 = 64 * 1024;

/// Each way of moving bytes; where the system forbids `io_uring`, the first is the second again.
const DRIVERS: [Driver; 2] = [Driver::Auto, Driver::Mio];

/// A receiver that makes nothing durable.
fn builder(directory: &tempfile::TempDir, driver: Driver) -> Builder {
    Receiver::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .driver(driver)
        .output_directory(directory.path())
        .landing_memory(64 << 20)
        .durability(Durability::None)
}

/// All pairs of lengths of objects and of their fragments.
fn lengths() -> impl Iterator<Item = (usize, usize)> {
    let fragments = |object| FRAGMENT_BYTES.into_iter().map(move |bytes| (object, bytes));
    OBJECT_BYTES.into_iter().flat_map(fragments)
}

/// Runs `send` against a receiver; returns what that has counted.
fn effort(builder: Builder, send: impl FnOnce(SocketAddr)) -> Statistics {
    let receiver = builder.start().expect("starts");
    send(receiver.local_addr());
    receiver.shutdown();
    receiver.join().expect("a clean end")
}

/// Objects of one length on the wire, numbered from 1.
fn objects(object_bytes: usize, fragment_bytes: usize) -> Vec<Vec<u8>> {
    let data = data(7, object_bytes);
    let object = |number| {
        let fragments = fragments(&data, &[fragment_bytes]);
        numbered_object(number, &format!("1.2.{number}"), &fragments)
    };
    (1..=OBJECTS).map(object).collect()
}

/// Sends one object after the other, each when the last was answered.
fn one_by_one(address: SocketAddr, objects: &[Vec<u8>]) {
    let mut sender = Sender::connect(address);
    for object in objects {
        sender.send(object);
        assert_eq!(sender.status(), Status::SUCCESS);
    }
    sender.release();
}

/// Sends all objects, with a window for all of them.
fn pipelined(address: SocketAddr, objects: &[Vec<u8>]) {
    let mut sender = Sender::connect_with(address, request_for_window(OBJECTS));
    let mut half = sender.another();
    std::thread::scope(|scope| {
        scope.spawn(|| objects.iter().for_each(|object| half.send(object)));
        for _ in objects {
            assert_eq!(sender.status(), Status::SUCCESS);
        }
    });
    sender.release();
}

#[test]
fn payload_of_senders_that_wait_for_each_response_is_never_moved() {
    for (object_bytes, fragment_bytes) in lengths() {
        let objects = objects(object_bytes, fragment_bytes);
        for (driver, ignore) in DRIVERS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
            let directory = tempfile::tempdir().expect("a directory");
            let builder = builder(&directory, driver).ignore(ignore);
            let done = effort(builder, |address| one_by_one(address, &objects));
            let what = format!("{object_bytes} in {fragment_bytes} by {driver}: {done:?}");
            assert!(done.bytes_moved <= READ_AHEAD_BYTES, "{what}");
            assert!(done.fragments_guessed > 0, "{what}");
            let right = done.fragments_guessed_right;
            assert_eq!(right, done.fragments_guessed, "{what}");
        }
    }
}

#[test]
fn of_pipelined_payload_no_more_is_moved_than_the_first_object() {
    for (object_bytes, fragment_bytes) in lengths() {
        let objects = objects(object_bytes, fragment_bytes);
        for driver in DRIVERS {
            let directory = tempfile::tempdir().expect("a directory");
            let builder = builder(&directory, driver);
            let done = effort(builder, |address| pipelined(address, &objects));
            assert!(
                done.bytes_moved <= object_bytes as u64,
                "{object_bytes} in {fragment_bytes} by {driver}: {done:?}"
            );
        }
    }
}

#[test]
fn each_answer_leaves_by_one_call() {
    for ignore in [false, true] {
        let directory = tempfile::tempdir().expect("a directory");
        let builder = builder(&directory, Driver::Mio).ignore(ignore);
        let objects = objects(300_001, 131_060);
        let done = effort(builder, |address| one_by_one(address, &objects));
        // Those to the association request and to the release, too.
        assert_eq!(done.writes, u64::from(OBJECTS) + 2, "{done:?}");
        assert!(done.reads > u64::from(OBJECTS), "{done:?}");
        assert!(done.accepts > 0 && done.polls > 0, "{done:?}");
    }
}

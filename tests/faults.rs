//! Disks that fail: a full one is answered with A700H, and service goes on once there is room.

use std::fs;

use pdvault_tests::disk::{SmallFileSystem, eventually};
use pdvault_tests::object::Object;
use pdvault_tests::peer::{Outcome, PATIENCE, Peer, SUCCESS};
use pdvault_tests::receiver::Launch;
use pdvault_tests::scratch::free_bytes;
use pdvault_tests::stored;

/// Status: out of resources (PS3.4 B.2.3).
const OUT_OF_RESOURCES: Outcome = Outcome::Status(0xA700);

/// Size of the file system: room for a few objects.
const DISK_MEBIBYTES: u64 = 48;

const OBJECT_BYTES: usize = 4 << 20;

/// More objects than the file system has room for.
const MANY: usize = 20;

/// What the file system's own bookkeeping may take while objects come and go.
const BOOKKEEPING_BYTES: u64 = 512 << 10;

fn object(number: usize) -> Object {
    Object::ct(&format!("2.25.{number}"), OBJECT_BYTES)
}

#[test]
fn a_full_disk_is_answered_out_of_resources_and_service_goes_on_once_there_is_room() {
    let disk = SmallFileSystem::mount(DISK_MEBIBYTES);
    let output = disk.path().join("out");
    let receiver = Launch::new("--landing-memory 16M").output(&output).start();
    let free_at_start = free_bytes(disk.path());
    let mut peer = Peer::ready(receiver.port());

    let mut kept: Vec<Object> = (0..MANY)
        .map(object)
        .take_while(|o| peer.store(o) == SUCCESS)
        .collect();
    assert!(kept.len() >= 3, "a few objects found room");
    for number in 100..120 {
        assert_eq!(
            peer.store(&object(number)),
            OUT_OF_RESOURCES,
            "same association, still full"
        );
    }
    receiver.assert_complained();
    let used = (kept.len() * OBJECT_BYTES) as u64 + BOOKKEEPING_BYTES;
    let given_back = eventually(PATIENCE, || free_bytes(disk.path()) + used >= free_at_start);
    assert!(given_back, "part files are gone, unnamed ones too");
    stored::assert_holds_exactly(&output, &kept.iter().collect::<Vec<_>>());

    for gone in kept.drain(..2) {
        fs::remove_file(output.join(format!("CT.{}", gone.instance))).expect("a stored file");
    }
    assert_eq!(peer.store(&object(200)), SUCCESS, "there is room again");
    peer.release();
    kept.push(object(200));
    stored::assert_holds_exactly(&output, &kept.iter().collect::<Vec<_>>());
}

#[test]
fn a_full_disk_leaves_the_old_copy_of_an_instance_alone() {
    let disk = SmallFileSystem::mount(DISK_MEBIBYTES);
    let output = disk.path().join("out");
    let receiver = Launch::new("--landing-memory 16M").output(&output).start();
    let old = object(1);
    let new = Object::ct_with_pixels("2.25.1", MANY * OBJECT_BYTES, 1);
    let mut peer = Peer::ready(receiver.port());
    assert_eq!(peer.store(&old), SUCCESS);
    assert_eq!(peer.store(&new), OUT_OF_RESOURCES);
    assert_eq!(peer.echo(), Ok(0));
    peer.release();
    stored::assert_holds_exactly(&output, &[&old]);
}

#[test]
fn many_senders_share_the_bad_news_of_a_full_disk_and_all_live_on() {
    let disk = SmallFileSystem::mount(DISK_MEBIBYTES);
    let output = disk.path().join("out");
    let receiver = Launch::new("--landing-memory 16M").output(&output).start();
    let outcomes: Vec<(Object, Outcome)> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..8)
            .map(|sender| {
                let port = receiver.port();
                scope.spawn(move || store_some(port, sender * 100))
            })
            .collect();
        senders
            .into_iter()
            .flat_map(|sender| sender.join().expect("a sender ends well"))
            .collect()
    });
    assert!(
        outcomes
            .iter()
            .all(|(_, o)| [SUCCESS, OUT_OF_RESOURCES].contains(o))
    );
    assert!(
        outcomes
            .iter()
            .any(|(_, outcome)| *outcome == OUT_OF_RESOURCES)
    );
    let stored = outcomes
        .iter()
        .filter(|(_, o)| *o == SUCCESS)
        .map(|(object, _)| object);
    stored::assert_holds_exactly(&output, &stored.collect::<Vec<_>>());
}

fn store_some(port: u16, first: usize) -> Vec<(Object, Outcome)> {
    let mut peer = Peer::ready(port);
    let outcomes = (first..first + 4).map(object).map(|object| {
        let outcome = peer.store(&object);
        (object, outcome)
    });
    let outcomes = outcomes.collect();
    peer.release();
    outcomes
}

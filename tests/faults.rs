//! Disks that fail: a full one is answered with A700H, and service goes on once there is room; under
//! the log alone it costs log lines.

use std::fs::{self, File};
use std::io::Write as _;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;

use pdvault_tests::disk::{SmallFileSystem, eventually};
use pdvault_tests::listening::{free_port, listens};
use pdvault_tests::object::Object;
use pdvault_tests::peer::{Outcome, PATIENCE, Peer, SUCCESS};
use pdvault_tests::receiver::{Launch, binary};
use pdvault_tests::scratch::{self, free_bytes};
use pdvault_tests::stored;
use pdvault_tests::storescu::Running;

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

/// Objects that are stored while no line about them finds room.
const UNLOGGED_OBJECTS: usize = 50;

#[test]
fn a_full_disk_under_the_log_is_told_of_once_and_holds_up_no_object() {
    let disk = SmallFileSystem::mount(DISK_MEBIBYTES);
    let log = disk.path().join("log");
    let home = scratch::directory();
    let port = free_port();
    let receiver = start_logging_to(&log, home.path(), port);
    let logs = |phrase| fs::read_to_string(&log).is_ok_and(|text| text.contains(phrase));
    assert!(eventually(PATIENCE, || logs("listening on")));

    let filler = fill(disk.path());
    let mut peer = Peer::ready(port);
    let mut store = |instance| {
        let stored = peer.store(&Object::ct(instance, 1500));
        assert_eq!(stored, SUCCESS);
    };
    let complaint = format!("log4cplus:ERROR cannot write {}: ", log.display());
    let complaints = || receiver.log().matches(&complaint).count();
    let is_told = eventually(PATIENCE, || {
        store("2.25.1");
        complaints() > 0
    });
    assert!(is_told, "{}", receiver.log());
    for _ in 0..UNLOGGED_OBJECTS {
        store("2.25.1");
    }
    assert_eq!(complaints(), 1, "{}", receiver.log());

    fs::remove_file(filler).expect("removed");
    // The room may be given back a moment later; the log is opened anew for each line.
    let is_logged = eventually(PATIENCE, || {
        store("2.25.2");
        logs("CT.2.25.2")
    });
    assert!(is_logged, "{}", receiver.log());
}

/// A receiver that stores in a directory and logs to a file, opened anew whenever it can't be written.
fn start_logging_to(log: &Path, home: &Path, port: u16) -> Running {
    let config = format!(
        "log4cplus.rootLogger=INFO, file\n\
         log4cplus.appender.file=log4cplus::FileAppender\n\
         log4cplus.appender.file.File={}\n\
         log4cplus.appender.file.ReopenDelay=0\n",
        log.display()
    );
    fs::write(home.join("log.cfg"), config).expect("written");
    let mut command = Command::new(binary());
    command.args(["storescp", "-lc", "log.cfg", "-od", "out"]);
    let receiver = Running::start(command.arg(port.to_string()).current_dir(home));
    assert!(eventually(PATIENCE, || listens(receiver.id(), port)));
    receiver
}

/// Fills a file system to the last block. What its bookkeeping has put by is there only once all is
/// written.
fn fill(directory: &Path) -> PathBuf {
    let path = directory.join("filler");
    let mut file = File::create(&path).expect("there is room for a name");
    let block = [0; 4096];
    loop {
        let blocks = iter::repeat_with(|| file.write_all(&block)).take_while(Result::is_ok);
        let is_full = blocks.count() == 0;
        file.sync_all().expect("written");
        if is_full {
            return path;
        }
    }
}

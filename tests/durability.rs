//! The order of things under `--durability object`: data secured, then the name given, then the
//! directory synced, then Success said. Seen from outside, by strace.
//!
//! What it takes to secure data depends on the file system: a sync of the file, or, where the sync of
//! the directory commits it too, writing it out.

use std::path::{Path, PathBuf};
use std::thread;

use pdvault_tests::disk::SmallFileSystem;
use pdvault_tests::object::Object;
use pdvault_tests::peer::{PATIENCE, Peer, SUCCESS};
use pdvault_tests::receiver::Launch;
use pdvault_tests::scratch;
use pdvault_tests::stored;
use pdvault_tests::trace::{Securing, Trace, strace_to};

/// Senders that store an object each at the same time, so that commits are grouped.
const SENDERS: usize = 12;

/// Object sizes: less than a block, one write, several chunks of landing memory.
const SIZES: [usize; 4] = [700, 4096, 300_000, (5 << 20) + 2];

/// An object and the local port of the connection by which it went.
type Sent = (Object, u16);

/// What is asked of every receiver here: what goes through a ring is no call of its own, and strace does
/// not see it.
const DRIVER: &str = "--driver mio";

/// Stores an object on an association of its own. It is not released: the answers are those to the
/// association request and to the object, and nothing else.
fn store(port: u16, number: usize) -> Sent {
    let object = Object::ct(&format!("2.25.{number}"), SIZES[number % SIZES.len()]);
    let mut peer = Peer::ready(port);
    assert_eq!(peer.store(&object), SUCCESS);
    (object, peer.local_addr().port())
}

/// Runs a receiver under strace while objects are stored, first one by one, then many at once.
fn traced(launch: Launch) -> (Vec<Sent>, PathBuf, Trace) {
    let home = scratch::directory();
    let file = home.path().join("trace");
    let mut receiver = launch.through(strace_to(&file)).start();
    let port = receiver.port();
    let mut sent: Vec<Sent> = (0..SIZES.len()).map(|number| store(port, number)).collect();
    thread::scope(|scope| {
        let senders: Vec<_> = (100..100 + SENDERS)
            .map(|number| scope.spawn(move || store(port, number)))
            .collect();
        sent.extend(
            senders
                .into_iter()
                .map(|sender| sender.join().expect("a sender ends well")),
        );
    });
    stored::assert_holds_exactly(
        receiver.output(),
        &sent.iter().map(|(o, _)| o).collect::<Vec<_>>(),
    );
    receiver.terminate();
    assert!(receiver.wait_for_end(PATIENCE).is_some(), "it ends");
    (sent, canonical(receiver.output()), Trace::read(&file))
}

/// The path as the kernel shows it.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().expect("the output directory exists")
}

/// Runs a receiver and checks every object it said Success to.
fn assert_durable_before_success(launch: Launch, securing: impl FnOnce(&Path) -> Securing) {
    let (sent, output, trace) = traced(launch);
    let securing = securing(&output);
    for (object, peer_port) in sent {
        let writes = trace.writes_to_port(peer_port);
        assert_eq!(
            writes.len(),
            2,
            "each answer leaves in one write: {writes:#?}"
        );
        assert!(trace.sends_without_delay(peer_port), "TCP_NODELAY");
        let name = format!("CT.{}", object.instance);
        assert_eq!(
            trace.durable_before(&name, &output, writes[1], securing),
            Ok(())
        );
    }
}

#[test]
fn data_and_name_are_durable_before_success_is_said() {
    assert_durable_before_success(
        Launch::new(&format!("{DRIVER} --durability object")),
        Securing::for_directory,
    );
}

#[test]
fn durability_of_objects_is_the_default() {
    assert_durable_before_success(Launch::new(DRIVER), Securing::for_directory);
}

#[test]
fn one_journal_is_committed_for_data_and_names_together() {
    // ext4 with a journal by a loop device, or tmpfs, which is treated alike.
    let file_system = SmallFileSystem::mount(128);
    let output = file_system.path().join("output");
    std::fs::create_dir(&output).expect("created");
    assert_durable_before_success(Launch::new(DRIVER).output(&output), |_| {
        Securing::WrittenOut
    });
}

#[test]
fn nothing_is_synced_for_an_object_when_no_durability_is_asked_for() {
    let (sent, _, trace) = traced(Launch::new(&format!("{DRIVER} --durability none")));
    // A sync at start, for an output directory just created, is nobody's object.
    let first_answer = trace.writes_to_port(sent[0].1)[0].started;
    let syncs: Vec<_> = trace
        .syncs()
        .into_iter()
        .filter(|call| call.started > first_answer)
        // The disk may be told to begin; nobody waits for it.
        .filter(|call| call.name != "sync_file_range" || call.text.contains("_WAIT_"))
        .collect();
    assert!(syncs.is_empty(), "{syncs:#?}");
}

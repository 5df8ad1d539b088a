//! The order of things under `--durability object`: data synced, then the name given, then the
//! directory synced, then Success said. Seen from outside, by strace.

use std::path::{Path, PathBuf};
use std::thread;

use pdvault_tests::object::Object;
use pdvault_tests::peer::{PATIENCE, Peer, SUCCESS};
use pdvault_tests::receiver::Launch;
use pdvault_tests::scratch;
use pdvault_tests::stored;
use pdvault_tests::trace::{Trace, strace_to};

/// Senders that store an object each at the same time, so that commits are grouped.
const SENDERS: usize = 12;

/// Object sizes: less than a block, one write, several chunks of landing memory.
const SIZES: [usize; 4] = [700, 4096, 300_000, (5 << 20) + 2];

/// An object and the local port of the connection by which it went.
type Sent = (Object, u16);

/// Stores an object on an association of its own. It is not released: the answers are those to the
/// association request and to the object, and nothing else.
fn store(port: u16, number: usize) -> Sent {
    let object = Object::ct(&format!("2.25.{number}"), SIZES[number % SIZES.len()]);
    let mut peer = Peer::ready(port);
    assert_eq!(peer.store(&object), SUCCESS);
    (object, peer.local_addr().port())
}

/// Runs a receiver under strace while objects are stored, first one by one, then many at once.
fn traced(options: &str) -> (Vec<Sent>, PathBuf, Trace) {
    let home = scratch::directory();
    let file = home.path().join("trace");
    let mut receiver = Launch::new(options).through(strace_to(&file)).start();
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

#[test]
fn data_and_name_are_durable_before_success_is_said() {
    let (sent, output, trace) = traced("--durability object");
    for (object, peer_port) in sent {
        let writes = trace.writes_to_port(peer_port);
        assert_eq!(
            writes.len(),
            2,
            "each answer leaves in one write: {writes:#?}"
        );
        assert!(trace.sends_without_delay(peer_port), "TCP_NODELAY");
        let name = format!("CT.{}", object.instance);
        assert_eq!(trace.durable_before(&name, &output, writes[1]), Ok(()));
    }
}

#[test]
fn durability_of_objects_is_the_default() {
    let (sent, output, trace) = traced("");
    for (object, peer_port) in sent {
        let answers = trace.writes_to_port(peer_port);
        let name = format!("CT.{}", object.instance);
        assert_eq!(trace.durable_before(&name, &output, answers[1]), Ok(()));
    }
}

#[test]
fn nothing_is_synced_for_an_object_when_no_durability_is_asked_for() {
    let (sent, _, trace) = traced("--durability none");
    // A sync at start, for an output directory just created, is nobody's object.
    let first_answer = trace.writes_to_port(sent[0].1)[0].started;
    let syncs: Vec<_> = trace
        .syncs()
        .into_iter()
        .filter(|call| call.started > first_answer)
        .collect();
    assert!(syncs.is_empty(), "{syncs:#?}");
}

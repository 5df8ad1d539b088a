//! An answer leaves in the turn of the event loop in which it is known: the loop does not first ask for
//! more events. Seen from outside, by strace, under mio; under `io_uring` waiting and sending are one
//! call.

use std::path::Path;

use pdvault_tests::object::Object;
use pdvault_tests::peer::{PATIENCE, Peer, SUCCESS};
use pdvault_tests::receiver::Launch;
use pdvault_tests::scratch;
use pdvault_tests::trace::{Call, Trace, strace_turns_to};

/// Objects of as many sizes.
const OBJECTS: usize = 40;

/// The size of an object, in bytes: the least is what goes through a writer thread, the most takes more
/// reads than a turn has. Under strace the sender is far ahead of the receiver, so most reads are full,
/// and some of these objects end with the last read of a turn.
fn size(number: usize) -> usize {
    17_000 + number * 50_000
}

/// Stores an object of each size, on an association of its own, and checks the calls that sent the
/// answers to them.
fn traced(options: &str, check: impl Fn(&Trace, &Call)) {
    let home = scratch::directory();
    let file = home.path().join("trace");
    let options = format!("--driver mio --workers 1 {options}");
    let mut receiver = Launch::new(&options)
        .through(strace_turns_to(&file))
        .start();
    let ports: Vec<u16> = (0..OBJECTS)
        .map(|number| store(receiver.port(), number))
        .collect();
    receiver.terminate();
    assert!(receiver.wait_for_end(PATIENCE).is_some(), "it ends");
    let trace = Trace::read(Path::new(&file));
    for port in ports {
        let answers = trace.writes_to_port(port);
        assert_eq!(answers.len(), 2, "{answers:#?}");
        check(&trace, answers[1]);
    }
}

/// Returns the local port of the connection.
fn store(port: u16, number: usize) -> u16 {
    let mut peer = Peer::ready(port);
    let object = Object::ct(&format!("2.25.{number}"), size(number));
    assert_eq!(peer.store(&object), SUCCESS);
    peer.local_addr().port()
}

#[test]
fn answer_to_an_ignored_object_follows_the_read_of_its_last_byte() {
    traced("--ignore", |trace, answer| {
        let last = trace
            .before(answer)
            .find(|call| call.is_poll() || call.name.starts_with("re"));
        let last = last.expect("the object was read");
        assert!(!last.is_poll(), "{answer:#?} waited for {last:#?}");
    });
}

#[test]
fn answer_to_a_stored_object_follows_the_wake_up_by_the_store() {
    for durability in ["none", "object"] {
        traced(&format!("--durability {durability}"), |trace, answer| {
            let is_earlier = |call: &&Call| call.ended < answer.started;
            let wake = trace.wakes().filter(is_earlier).last();
            let wake = wake.expect("the store has woken the loop");
            // One may have begun after the wake-up, and seen it at once; none after that one.
            let polls = trace
                .before(answer)
                .filter(|call| call.is_poll() && call.started > wake.ended)
                .count();
            assert!(
                polls <= 1,
                "{polls} polls between {wake:#?} and {answer:#?}"
            );
        });
    }
}

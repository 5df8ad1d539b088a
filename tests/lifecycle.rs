//! Start, time limits, and the end: nothing that was promised is lost, nothing waits for ever.

use std::fs;
use std::time::{Duration, Instant};

use pdvault_tests::disk::eventually;
use pdvault_tests::object::Object;
use pdvault_tests::peer::{PATIENCE, Peer, SUCCESS, store_once};
use pdvault_tests::receiver::{Launch, Receiver};
use pdvault_tests::scratch;
use pdvault_tests::stored;
use pdvault_tests::wire::{AssociateRq, Incoming};

/// What a loaded machine may add to a time limit. The limits that would strike if the one in question
/// did not are all longer (30 s and more).
const TOLERANCE: Duration = Duration::from_secs(20);

/// How long nothing may happen before a test believes that nothing will.
const CALM: Duration = Duration::from_millis(300);

fn object() -> Object {
    Object::ct("2.25.400", 3 << 20)
}

/// An association in the middle of an object, which the receiver has begun to take.
fn in_mid_object(receiver: &Receiver) -> (Peer, u16) {
    let mut peer = Peer::ready(receiver.port());
    let id = peer.begin(&object());
    peer.send_data(&object().data[..1_000_000], false);
    receiver.wait_for_log("Received Store Request");
    (peer, id)
}

fn finish(peer: &mut Peer) {
    peer.send_data(&object().data[1_000_000..], true);
}

/// Whether a new sender gets no association.
fn turns_newcomers_away(port: u16) -> bool {
    let Ok(mut peer) = Peer::connect(port) else {
        return true;
    };
    peer.set_patience(CALM);
    peer.send(&AssociateRq::default().encode());
    !matches!(peer.receive(), Incoming::Accepted(_))
}

/// Waits until a connection is closed or aborted and says how long it took.
fn time_to_end(peer: &mut Peer) -> Duration {
    let started = Instant::now();
    let answer = peer.receive_end();
    assert!(
        matches!(answer, Incoming::Closed | Incoming::Aborted(..)),
        "{answer:?}"
    );
    started.elapsed()
}

#[test]
fn an_object_in_flight_is_finished_after_sigterm_and_the_exit_status_is_0() {
    let mut receiver = Receiver::start("");
    let (mut peer, id) = in_mid_object(&receiver);
    receiver.terminate();
    let port = receiver.port();
    assert!(
        eventually(PATIENCE, || turns_newcomers_away(port)),
        "newcomers are turned away"
    );
    assert!(receiver.is_running(), "it waits for the object in flight");
    finish(&mut peer);
    assert_eq!(peer.store_response(id), SUCCESS);
    drop(peer);
    let status = receiver
        .wait_for_end(PATIENCE)
        .expect("it ends once the object is stored");
    assert_eq!(status.code(), Some(0));
    stored::assert_holds_exactly(receiver.output(), &[&object()]);
}

#[test]
fn without_anything_in_flight_sigterm_and_sigint_end_it_at_once() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let mut receiver = Receiver::start("");
        store_once(receiver.port(), &object());
        receiver.signal(signal);
        let status = receiver.wait_for_end(TOLERANCE).expect("it ends");
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn the_drain_timeout_bounds_the_wait_for_a_stalled_sender() {
    let mut receiver = Receiver::start("--drain-timeout 1");
    let (_peer, _) = in_mid_object(&receiver);
    let started = Instant::now();
    receiver.terminate();
    let status = receiver
        .wait_for_end(Duration::from_secs(1) + TOLERANCE)
        .expect("it ends");
    assert_eq!(status.code(), Some(0));
    assert!(
        started.elapsed() >= Duration::from_millis(900),
        "took {:?}",
        started.elapsed()
    );
    stored::assert_holds_exactly(receiver.output(), &[]);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut receiver = Receiver::start("");
    let (_peer, _) = in_mid_object(&receiver);
    receiver.terminate();
    std::thread::sleep(CALM);
    assert!(receiver.is_running(), "it waits for the object in flight");
    // Another one: the same so soon would be taken for a repetition.
    receiver.signal(rustix::process::Signal::INT);
    assert!(receiver.wait_for_end(TOLERANCE).is_some(), "it ends");
    assert_eq!(stored::final_names(receiver.output()), [""; 0]);
}

#[test]
fn a_silent_connection_is_closed_after_the_acse_timeout() {
    let receiver = Receiver::start("--acse-timeout 1");
    let mut silent = Peer::connect(receiver.port()).expect("a connection");
    let mut hesitant = Peer::connect(receiver.port()).expect("a connection");
    hesitant.send(&AssociateRq::default().encode()[..20]);
    for peer in [&mut silent, &mut hesitant] {
        assert!(time_to_end(peer) < Duration::from_secs(1) + TOLERANCE);
    }
    store_once(receiver.port(), &object());
}

#[test]
fn a_peer_that_does_not_hang_up_after_its_release_is_closed() {
    let receiver = Receiver::start("--acse-timeout 1");
    let mut peer = Peer::ready(receiver.port());
    peer.send(&pdvault_tests::wire::pdu(
        pdvault_tests::wire::RELEASE_RQ,
        &[0; 4],
    ));
    assert_eq!(peer.receive(), Incoming::Released);
    assert!(time_to_end(&mut peer) < Duration::from_secs(1) + TOLERANCE);
}

#[test]
fn a_sender_that_stalls_in_mid_object_is_dropped_after_the_dimse_timeout() {
    let receiver = Receiver::start("--dimse-timeout 1 --socket-timeout 0");
    let (mut peer, _) = in_mid_object(&receiver);
    assert!(time_to_end(&mut peer) < Duration::from_secs(1) + TOLERANCE);
    receiver.assert_complained();
    stored::assert_holds_exactly(receiver.output(), &[]);
    store_once(receiver.port(), &object());
}

#[test]
fn the_dimse_timeout_does_not_strike_between_objects() {
    let receiver = Receiver::start("--dimse-timeout 1 --socket-timeout 0");
    let mut peer = Peer::ready(receiver.port());
    assert_eq!(peer.store(&object()), SUCCESS);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(peer.echo(), Ok(0));
    peer.release();
}

#[test]
fn an_idle_association_is_dropped_after_the_socket_timeout() {
    let receiver = Receiver::start("--socket-timeout 1");
    let mut peer = Peer::ready(receiver.port());
    let (mut stalled, _) = in_mid_object(&receiver);
    assert!(time_to_end(&mut peer) < Duration::from_secs(1) + TOLERANCE);
    assert!(time_to_end(&mut stalled) < Duration::from_secs(1) + TOLERANCE);
    stored::assert_holds_exactly(receiver.output(), &[]);
    store_once(receiver.port(), &object());
}

#[test]
fn a_slow_sender_that_keeps_sending_is_not_dropped() {
    let receiver = Receiver::start("--dimse-timeout 6 --socket-timeout 6");
    let small = Object::ct("2.25.400", 2000);
    let mut peer = Peer::ready(receiver.port());
    let id = peer.begin(&small);
    for part in small.data.chunks(125) {
        std::thread::sleep(Duration::from_millis(500));
        peer.send_data(part, false);
    }
    peer.send_data(&[], true);
    assert_eq!(peer.store_response(id), SUCCESS);
    stored::assert_holds_exactly(receiver.output(), &[&small]);
}

#[test]
fn an_output_directory_that_cannot_be_written_is_an_error_at_start_that_says_what_to_do() {
    let home = scratch::directory();
    let file = home.path().join("file");
    fs::write(&file, b"in the way").expect("a file");
    for directory in [file.clone(), file.join("below"), "/proc/pdvault".into()] {
        let (status, log) = Launch::new("").output(&directory).start_in_vain();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(
            log.contains(&*directory.to_string_lossy()),
            "names the directory: {log}"
        );
    }
    assert_eq!(fs::read(&file).expect("still there"), b"in the way");
}

#[test]
fn a_missing_output_directory_is_created() {
    let home = scratch::directory();
    let deep = home.path().join("a/b/c");
    let receiver = Launch::new("").output(&deep).start();
    store_once(receiver.port(), &object());
    stored::assert_holds_exactly(&deep, &[&object()]);
}

#[test]
fn a_port_in_use_is_an_error_at_start() {
    let receiver = Receiver::start("");
    let (status, log) = Launch::new("").port(receiver.port()).start_in_vain();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains(&receiver.port().to_string()),
        "names the port: {log}"
    );
}

#[test]
fn an_option_that_is_unknown_or_not_offered_yet_is_refused_at_start() {
    for option in [
        "--no-such-option",
        "--inetd",
        "--sort-on-patientname",
        "--enable-tls k c",
    ] {
        let (status, log) = Launch::new(option).start_in_vain();
        assert_eq!(status.code(), Some(1), "{option}: {log}");
        let name = option.split(' ').next().expect("a word");
        assert!(log.contains(name), "names the option {name}: {log}");
    }
}

#[test]
fn a_binary_called_storescp_needs_no_subcommand() {
    let receiver = Launch::new("").called_storescp().start();
    store_once(receiver.port(), &object());
    stored::assert_holds_exactly(receiver.output(), &[&object()]);
}

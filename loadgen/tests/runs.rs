//! Whole runs against the engine's own receiver.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pdvault_engine::association::RequestorTimeouts;
use pdvault_engine::receiver::{Builder, Receiver, ReceiverHandle};
use pdvault_engine::registry::transfer_syntax;
use pdvault_engine::sender::ConnectionOptions;
use pdvault_engine::store::Durability;
use pdvault_engine::value::AeTitle;
use pdvault_loadgen::corpus::{Corpus, Mix};
use pdvault_loadgen::fault::{Fault, FaultMix, FaultShare};
use pdvault_loadgen::results::Results;
use pdvault_loadgen::run::{self, Outcome, Pace, RunError, RunOptions};
use pdvault_loadgen::schedule::Arrivals;
use pdvault_loadgen::verify::verify;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn receiver() -> Builder {
    Receiver::builder()
        .listen((Ipv4Addr::LOCALHOST, 0).into())
        .landing_memory(32 << 20)
        .durability(Durability::None)
}

fn start(builder: Builder) -> ReceiverHandle {
    builder.start().expect("a free port")
}

fn corpus(mix: Mix) -> Arc<Corpus> {
    let syntax = transfer_syntax(EXPLICIT).expect("known");
    Arc::new(Corpus::of_mix(mix, syntax).expect("made"))
}

/// A closed loop of so many objects over two associations.
fn options(address: SocketAddr, objects: u64) -> RunOptions {
    RunOptions {
        address,
        calling_ae_title: AeTitle::new("LOADGEN").expect("legal"),
        called_ae_title: AeTitle::new("RECEIVER").expect("legal"),
        max_pdu_bytes: 16_384,
        associations: 2,
        operations: 1,
        per_object: false,
        pace: Pace::Closed,
        ramp: Duration::ZERO,
        warm_up: Duration::ZERO,
        duration: None,
        objects: Some(objects),
        drain: Duration::from_secs(60),
        threads: 2,
        connection: ConnectionOptions {
            timeouts: RequestorTimeouts {
                acse: Duration::from_secs(60),
                dimse: None,
                socket: Some(Duration::from_secs(60)),
            },
            connect_timeout: Some(Duration::from_secs(60)),
            max_send_pdu_bytes: 131_072,
        },
        faults: FaultMix::default(),
        seed: 1,
        keep_acknowledged: true,
    }
}

fn run(options: RunOptions, corpus: &Arc<Corpus>) -> Outcome {
    let running = run::start(options, Arc::clone(corpus)).expect("it starts");
    running.join().expect("it runs")
}

fn results(outcome: &Outcome) -> Results {
    outcome.results(BTreeMap::new())
}

fn assert_all_stored(outcome: &Outcome, corpus: &Corpus, directory: &Path, objects: u64) {
    let found = verify(directory, corpus, outcome.acknowledged()).expect("readable");
    assert!(found.is_good(), "{found}");
    assert_eq!(found.found, objects);
}

#[test]
fn every_object_of_a_mix_is_acknowledged_and_stored_as_it_was_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(receiver().output_directory(directory.path()));
    let corpus = corpus(Mix::Mixed);
    let outcome = run(options(receiver.local_addr(), 60), &corpus);
    let results = results(&outcome);
    assert_eq!((results.totals.objects, results.totals.failed), (60, 0));
    assert_eq!(results.totals.associations, 2);
    assert_eq!(results.totals.measured_objects, 60);
    assert_all_stored(&outcome, &corpus, directory.path(), 60);
}

#[test]
fn with_an_association_per_object_there_are_as_many_of_both() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(receiver().output_directory(directory.path()));
    let corpus = corpus(Mix::Sr);
    let options = RunOptions {
        per_object: true,
        ..options(receiver.local_addr(), 50)
    };
    let outcome = run(options, &corpus);
    let results = results(&outcome);
    assert_eq!((results.totals.objects, results.totals.failed), (50, 0));
    assert_eq!(results.totals.associations, 50);
    assert_all_stored(&outcome, &corpus, directory.path(), 50);
}

#[test]
fn a_pipelined_run_loses_nothing() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        operations: 16,
        associations: 3,
        ..options(receiver.local_addr(), 2000)
    };
    let totals = results(&run(options, &corpus(Mix::Sr))).totals;
    assert_eq!((totals.objects, totals.failed), (2000, 0));
}

#[test]
fn a_run_of_some_time_ends_and_its_warm_up_is_not_measured() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        objects: None,
        warm_up: Duration::from_millis(300),
        duration: Some(Duration::from_secs(2)),
        ramp: Duration::from_millis(100),
        ..options(receiver.local_addr(), 0)
    };
    let totals = results(&run(options, &corpus(Mix::Sr))).totals;
    assert!(totals.measured_objects > 0 && totals.measured_objects <= totals.objects);
    assert_eq!(totals.failed, 0);
}

/// An open loop at a rate that one association with a response every 10 ms cannot hold: were
/// latency counted from when an object was begun, it would stay at about that.
#[test]
fn an_open_loop_that_outruns_the_receiver_shows_latency_that_grows_with_the_queue() {
    let receiver = start(receiver().ignore(true));
    let slow = slow_link(receiver.local_addr());
    let options = RunOptions {
        associations: 1,
        objects: None,
        pace: Pace::Open {
            per_second: 400.0,
            arrivals: Arrivals::Fixed,
        },
        duration: Some(Duration::from_secs(2)),
        ..options(slow, 0)
    };
    let results = results(&run(options, &corpus(Mix::Sr)));
    // All that was due is sent, and what was due last waited for all before it. At 10 ms each, 800
    // objects take 8 s; the last ones wait 6 s.
    assert_eq!((results.totals.objects, results.totals.failed), (800, 0));
    let longest = results.latency().expect("measured").max_ms;
    assert!(longest > 4000.0, "{longest}");
    let median = results.percentile_ms(50.0).expect("reported");
    assert!(median > 1000.0 && median < longest, "{median}");
    assert!(results.phases.waiting_s > 10.0 * results.phases.answering_s);
    let seconds = results.seconds.iter().filter(|second| second.objects > 0);
    let means: Vec<_> = seconds.map(|second| second.latency_mean_ms).collect();
    assert!(means.is_sorted(), "{means:?}");
}

/// Passes bytes on in both directions, responses 10 ms later, one connection after the other.
fn slow_link(receiver: SocketAddr) -> SocketAddr {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(receiver) else {
                return;
            };
            let (mut up_from, mut up_to) = (
                client.try_clone().expect("a descriptor"),
                server.try_clone().expect("a descriptor"),
            );
            thread::spawn(move || std::io::copy(&mut up_from, &mut up_to));
            let (mut down_from, mut down_to) = (server, client);
            let mut buffer = [0; 4096];
            while let Ok(count) = down_from.read(&mut buffer) {
                thread::sleep(Duration::from_millis(10));
                if count == 0 || down_to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            // Both ends know when one is closed.
            let _ = down_to.shutdown(std::net::Shutdown::Both);
            let _ = down_from.shutdown(std::net::Shutdown::Both);
        }
    });
    address
}

#[test]
fn an_open_loop_that_the_receiver_holds_sends_what_was_due_on_time() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        objects: None,
        pace: Pace::Open {
            per_second: 100.0,
            arrivals: Arrivals::Poisson,
        },
        duration: Some(Duration::from_secs(2)),
        ..options(receiver.local_addr(), 0)
    };
    let results = results(&run(options, &corpus(Mix::Sr)));
    assert_eq!(results.totals.failed, 0);
    // The standard deviation is 14.
    assert!(
        (130..270).contains(&results.totals.objects),
        "{}",
        results.totals.objects
    );
}

#[test]
fn faults_leave_normal_objects_acknowledged_and_stored() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(receiver().output_directory(directory.path()));
    let corpus = corpus(Mix::Mr);
    let shares = Fault::ALL.map(|fault| FaultShare {
        fault,
        percent: 5.0,
    });
    let faults = FaultMix::new(&shares, 3).expect("30 %");
    let spoilt = (0..200)
        .filter(|number| faults.of(*number).is_some())
        .count() as u64;
    let options = RunOptions {
        faults,
        ..options(receiver.local_addr(), 200)
    };
    let running = run::start(options, Arc::clone(&corpus)).expect("it starts");
    let _watched = running.monitor();
    let outcome = running.join().expect("it runs");
    let results = results(&outcome);
    assert_eq!(
        (results.totals.objects, results.totals.failed),
        (200 - spoilt, 0)
    );
    let made: u64 = results
        .faults
        .iter()
        .map(|fault| fault.made + fault.left_out)
        .sum();
    assert_eq!((results.faults.len(), made), (Fault::ALL.len(), spoilt));
    for counts in &results.faults {
        let expected: &[&str] = match counts.fault.as_str() {
            "abort" | "half-pdu" => &["connection closed"],
            // The abort may get lost when the connection is closed right behind it.
            "large-pdu" => &["aborted by the receiver", "connection closed"],
            _ => &["acknowledged"],
        };
        let mut outcomes = counts.outcomes.keys();
        let is_expected = outcomes.all(|outcome| expected.contains(&outcome.as_str()));
        assert!(is_expected, "{counts:?}");
    }
    assert_all_stored(
        &outcome,
        &corpus,
        directory.path(),
        outcome.acknowledged().len(),
    );
}

#[test]
fn a_receiver_that_takes_nothing_and_one_that_is_not_there_end_the_run_with_a_reason() {
    let receiver = start(receiver().ignore(true));
    let syntax = transfer_syntax("1.2.840.10008.1.2.4.90").expect("known");
    let compressed = Corpus::of_mix(Mix::Mr, syntax).expect("made");
    let running = run::start(options(receiver.local_addr(), 10), Arc::new(compressed));
    let error = running.expect("it starts").join().expect_err("refused");
    assert!(matches!(error, RunError::NothingAccepted(1)), "{error}");

    let address = receiver.local_addr();
    drop(receiver);
    let running = run::start(options(address, 10), corpus(Mix::Sr)).expect("it starts");
    let error = running.join().expect_err("nobody there");
    assert!(error.to_string().contains("cannot connect: "), "{error}");
}

#[test]
fn objects_of_a_receiver_that_goes_away_are_failures_and_a_stopped_run_ends() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        objects: None,
        duration: Some(Duration::from_secs(3600)),
        ..options(receiver.local_addr(), 0)
    };
    let running = run::start(options, corpus(Mix::Mr)).expect("it starts");
    let monitor = running.monitor();
    while monitor.progress().objects < 100 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(receiver);
    while monitor.progress().failed < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    monitor.stop();
    let results = results(&running.join().expect("it runs"));
    assert!(results.totals.objects >= 100 && results.totals.failed >= 2);
    assert!(results.is_interrupted && results.totals.run_s < 3600.0);
    let table = results.table();
    assert!(table.starts_with("INTERRUPTED    after "), "{table}");
}

#[test]
fn an_outage_until_the_end_of_a_timed_run_counts_in_its_rate() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        objects: None,
        warm_up: Duration::from_millis(100),
        duration: Some(Duration::from_secs(3)),
        ..options(receiver.local_addr(), 0)
    };
    let running = run::start(options, corpus(Mix::Sr)).expect("it starts");
    let monitor = running.monitor();
    while monitor.progress().objects < 10 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(receiver);
    let results = results(&running.join().expect("it runs"));
    assert!(results.totals.failed > 0 && !results.is_interrupted);
    assert!(results.totals.measured_s >= 3.0, "{:?}", results.totals);
}

#[test]
fn a_short_run_that_reaches_nobody_tells_the_attempts_that_failed() {
    let receiver = start(receiver().ignore(true));
    let options = RunOptions {
        objects: None,
        duration: Some(Duration::from_millis(500)),
        ..options(receiver.local_addr(), 0)
    };
    drop(receiver);
    let results = results(&run(options, &corpus(Mix::Sr)));
    assert!(results.is_failure() && results.totals.failed > 0);
    let mut reasons = results.totals.failures.keys();
    assert!(
        reasons.all(|reason| reason.starts_with("cannot connect: ")),
        "{:?}",
        results.totals
    );
}

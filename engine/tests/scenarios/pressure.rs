// Included once for each driver; see the file of that name above.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::alone;
use crate::common::{
    PATIENCE, Sender, data, eventually, fragments, object, request, request_for_window,
};
use pdvault_engine::dimse::Status;
use pdvault_engine::pdu::AssociateRq;
use pdvault_engine::receiver::{Builder, Receiver, ReceiverHandle};

fn builder(directory: &tempfile::TempDir) -> Builder {
    Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
}

/// CPU time of this process so far, in clock ticks of 10 ms.
fn cpu_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("proc");
    let rest = stat.rsplit_once(')').expect("stat").1;
    let field = |n: usize| {
        rest.split_whitespace()
            .nth(n)
            .expect("stat")
            .parse::<u64>()
            .expect("number")
    };
    field(11) + field(12)
}

fn anon_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .expect("RssAnon");
    line.split_whitespace()
        .nth(1)
        .expect("number")
        .parse()
        .expect("number")
}

/// The first part of an object, never ended.
fn beginning(instance: &str, len: usize) -> Vec<u8> {
    let data = data(1, len + 100);
    let mut stream = object(instance, &fragments(&data, &[16_000]));
    stream.truncate(stream.len() - 100);
    stream
}

/// Senders that have sent the first 2000 bytes of an object each, and nothing since.
fn stalled(receiver: &ReceiverHandle, count: usize) -> Vec<Sender> {
    let stall = |n| {
        let mut sender = Sender::connect(receiver.local_addr());
        sender.send(&beginning(&format!("1.2.{n}"), 2000));
        sender
    };
    (0..count).map(stall).collect()
}

#[test]
fn a_draining_loop_does_not_spin() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .workers(1)
        .drain_timeout(Duration::from_secs(3))
        .start()
        .expect("starts");
    let mut sender = Sender::connect(receiver.local_addr());
    sender.send(&beginning("1.2.3", 50_000));
    sleep(Duration::from_millis(300));
    receiver.shutdown();
    sleep(Duration::from_millis(200));
    let before = cpu_ticks();
    sleep(Duration::from_secs(2));
    let used = cpu_ticks() - before;
    let _ = receiver.join();
    assert!(
        used < 20,
        "{used} ticks of 10 ms in 2 s of waiting for one stalled sender"
    );
}

#[test]
fn memory_pressure_does_not_make_a_loop_spin() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .workers(1)
        .landing_memory(1 << 20)
        .start()
        .expect("starts");
    let _stalled = stalled(&receiver, 40);
    sleep(Duration::from_secs(1));
    let before = cpu_ticks();
    sleep(Duration::from_secs(2));
    let used = cpu_ticks() - before;
    receiver.abort();
    let _ = receiver.join();
    assert!(
        used < 20,
        "{used} ticks of 10 ms in 2 s without a byte from anybody"
    );
}

#[test]
fn stalled_senders_time_out_even_if_they_outnumber_the_chunks() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(1 << 20)
        .socket_timeout(Some(Duration::from_secs(2)))
        .start()
        .expect("starts");
    let _stalled = stalled(&receiver, 40);
    let all_closed = eventually(|| receiver.statistics().associations_open == 0);
    receiver.abort();
    let _ = receiver.join();
    assert!(
        all_closed,
        "silent for a minute with a socket timeout of 2 s"
    );
}

/// How long an object of 10 MiB takes. One measurement says little where others use the disk and the
/// processors too: the tests repeat it, and fail when it is never fast.
fn time_to_store(sender: &mut Sender) -> Duration {
    let data = data(1, 10 << 20);
    let started = Instant::now();
    assert_eq!(sender.store("1.1", &data, 16_000), Status::SUCCESS);
    started.elapsed()
}

#[test]
fn stalled_senders_do_not_slow_down_an_object_of_many_chunks() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(16 << 20)
        .start()
        .expect("starts");
    let mut honest = Sender::connect(receiver.local_addr());
    let alone = time_to_store(&mut honest);
    let _stalled = stalled(&receiver, 200);
    sleep(Duration::from_secs(5));
    let mut beside = Duration::MAX;
    let is_undisturbed = eventually(|| {
        beside = beside.min(time_to_store(&mut honest));
        beside < alone + Duration::from_secs(1)
    });
    receiver.abort();
    let _ = receiver.join();
    assert!(
        is_undisturbed,
        "10 MiB: {alone:?} alone, {beside:?} at best beside 200 stalled senders"
    );
}

#[test]
fn bytes_sent_ahead_do_not_pile_up_outside_landing_memory() {
    send_ahead(&request());
}

#[test]
fn pipelined_bytes_do_not_pile_up_outside_landing_memory() {
    send_ahead(&request_for_window(16));
}

/// A hundred peers send many objects without waiting for a response, and read none.
fn send_ahead(request: &AssociateRq) {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(16 << 20)
        .workers(1)
        .start()
        .expect("starts");
    let address = receiver.local_addr();
    let before = anon_kib();
    let blob = Arc::new({
        // A first object that widens the window; behind it, without waiting, many small ones.
        let mut stream = object("1.2.3", &fragments(&data(1, 3 << 20), &[16_000]));
        for n in 0..150 {
            stream.extend(object(
                &format!("1.2.4.{n}"),
                &fragments(&data(2, 20_000), &[16_000]),
            ));
        }
        stream
    });
    let senders: Vec<_> = (0..100)
        .map(|_| {
            let (blob, request) = (Arc::clone(&blob), request.clone());
            std::thread::spawn(move || {
                let mut sender = Sender::connect_with(address, request);
                sender.send(&blob);
                sleep(Duration::from_secs(4));
            })
        })
        .collect();
    let mut most = 0;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(6) {
        most = most.max(anon_kib().saturating_sub(before));
        sleep(Duration::from_millis(10));
    }
    for sender in senders {
        let _ = sender.join();
    }
    receiver.abort();
    let moved = receiver.statistics().bytes_moved;
    let _ = receiver.join();
    assert!(
        most < 40 << 10,
        "{most} KiB beside 16 MiB of landing memory, {moved} bytes moved"
    );
}

#[test]
fn a_dead_event_loop_ends_the_receiver() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(16 << 20)
        .workers(2)
        .on_stored(|_| panic!("a user's mistake"))
        .start()
        .expect("starts");
    let address = receiver.local_addr();
    let mut first = Sender::connect(address);
    first.send(&object("1.2.3", &[&[0; 100][..]]));
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(receiver.join().is_err()));
    let is_error = ended.recv_timeout(PATIENCE).expect("the receiver ends");
    assert!(is_error);
}

#[test]
fn slow_senders_do_not_slow_down_a_fast_one() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(16 << 20)
        .start()
        .expect("starts");
    let mut honest = Sender::connect(receiver.local_addr());
    let mut slow: Vec<_> = (0..200)
        .map(|n| {
            let mut sender = Sender::connect(receiver.local_addr());
            let stream = object(
                &format!("1.2.{n}"),
                &fragments(&data(1, 600_000), &[16_000]),
            );
            sender.send(&stream[..2000]);
            (sender, stream, 2000)
        })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let dripping = std::thread::spawn(move || {
        while !stopping.load(Ordering::Relaxed) {
            for (sender, stream, at) in &mut slow {
                sender.send(&stream[*at..*at + 500]);
                *at += 500;
            }
            sleep(Duration::from_millis(100));
        }
    });
    sleep(Duration::from_secs(4));
    let mut beside = Duration::MAX;
    let is_undisturbed = eventually(|| {
        beside = beside.min(time_to_store(&mut honest));
        beside < Duration::from_secs(2)
    });
    let statistics = receiver.statistics();
    stop.store(true, Ordering::Relaxed);
    dripping.join().expect("no send fails");
    receiver.abort();
    let _ = receiver.join();
    assert!(
        is_undisturbed,
        "10 MiB in {beside:?} at best beside 200 slow senders; {statistics:?}"
    );
}

// Included once for each driver; see the file of that name above.

use std::net::Shutdown;
use std::time::Duration;

use crate::common::{PATIENCE, Sender, data, eventually, fragments, object, response, stored};
use pdvault_engine::dimse::Status;
use pdvault_engine::pdu::Pdu;
use pdvault_engine::receiver::{Builder, Receiver};

/// Memory for two objects on their way at a time.
const LANDING_BYTES: usize = 128 << 10;

fn builder(directory: &tempfile::TempDir) -> Builder {
    Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
}

/// The first bytes of an object on the wire, so many.
fn beginning(instance: &str, bytes: usize) -> Vec<u8> {
    let mut stream = object(instance, &fragments(&data(7, 100_000), &[16_372]));
    stream.truncate(bytes);
    stream
}

/// Reads are in flight for each kind of peer: silent from the start, silent between two objects, in a
/// command, in a data set.
#[test]
fn a_receiver_that_is_aborted_ends_with_reads_in_flight() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory).start().expect("it starts");
    let silent: Vec<_> = (0..10)
        .map(|_| std::net::TcpStream::connect(receiver.local_addr()).expect("it listens"))
        .collect();
    let peers: Vec<_> = (0..30)
        .map(|n| {
            let mut peer = Sender::connect(receiver.local_addr());
            peer.send(&beginning("1.2.3", [0, 50, 20_000][n % 3]));
            peer
        })
        .collect();
    let in_data_sets = || receiver.statistics().bytes_received >= 10 * 20_000;
    assert!(eventually(in_data_sets), "{:?}", receiver.statistics());
    receiver.abort();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.objects_stored, 0);
    assert_eq!(statistics.objects_dropped, 10);
    assert_eq!(statistics.associations_open, 0);
    drop((silent, peers));
}

#[test]
fn dropping_a_receiver_ends_it_with_reads_in_flight() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory).start().expect("it starts");
    let mut peer = Sender::connect(receiver.local_addr());
    peer.send(&beginning("1.2.3", 20_000));
    let address = receiver.local_addr();
    drop(receiver);
    assert!(std::net::TcpStream::connect(address).is_err());
}

/// Each of them leaves with a chunk, of which there are two: one that was not given back would be
/// missed.
#[test]
fn peers_that_vanish_in_mid_receive_leave_their_memory_behind() {
    const PEERS: u64 = 20;
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(LANDING_BYTES)
        .start()
        .expect("it starts");
    for n in 1..=PEERS {
        let mut peer = Sender::connect(receiver.local_addr());
        peer.send(&beginning("1.2.3", 30_000));
        let all_there = || receiver.statistics().bytes_received > n * 30_000;
        assert!(eventually(all_there), "{:?}", receiver.statistics());
        if n % 2 == 0 {
            // A reset, where there is something unread; otherwise an orderly end.
            peer.shut_down(Shutdown::Both);
        }
        drop(peer);
        let is_gone = || receiver.statistics().objects_dropped == n;
        assert!(eventually(is_gone), "{:?}", receiver.statistics());
    }
    let mut sender = Sender::connect(receiver.local_addr());
    let data = data(1, 300_000);
    assert_eq!(sender.store("1.2.4", &data, 16_372), Status::SUCCESS);
    assert!(stored(directory.path(), "1.2.4") == data);
    sender.release();
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.associations_failed, PEERS);
}

/// The time-out strikes while a read waits for payload: the memory it waits with comes back, although
/// the peer stays.
#[test]
fn a_time_out_takes_the_memory_from_a_read_that_waits() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(LANDING_BYTES)
        .dimse_timeout(Some(Duration::from_millis(300)))
        .start()
        .expect("it starts");
    let mut peers = Vec::new();
    for n in 1..=4 {
        let mut peer = Sender::connect(receiver.local_addr());
        peer.send(&beginning("1.2.3", 30_000));
        assert!(matches!(peer.read_pdu(), Pdu::Abort(_)));
        assert_eq!(receiver.statistics().objects_dropped, n);
        peers.push(peer);
    }
    let is_stored = || {
        let mut sender = Sender::connect(receiver.local_addr());
        sender.send(&object("1.2.4", &[b"data"]));
        // On a slow machine it may be late itself; without memory it would wait for ever.
        let status = response(&sender.read_pdu()).map(|(_, status)| status);
        status == Some(Status::SUCCESS)
    };
    assert!(eventually(is_stored), "{:?}", receiver.statistics());
    drop(peers);
    receiver.shutdown();
    receiver.join().expect("a clean end");
}

#[test]
fn a_thousand_associations_are_served() {
    // Two ends each, under both drivers at a time, beside what else is open.
    let count = (crate::descriptors() / 4).saturating_sub(50);
    let count = count.clamp(10, 1000);
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(16 << 20)
        .socket_timeout(Some(2 * PATIENCE))
        .start()
        .expect("it starts");
    let mut peers: Vec<_> = (0..count)
        .map(|_| Sender::connect(receiver.local_addr()))
        .collect();
    // All at once, and in parts, so that reads wait in the middle of every one.
    let stream = |n: usize| object(&format!("1.2.{n}"), &fragments(&data(7, 9_000), &[4_000]));
    for cut in [0..200, 200..5_000, 5_000..usize::MAX] {
        for (n, peer) in peers.iter_mut().enumerate() {
            let stream = stream(n);
            peer.send(&stream[cut.start..cut.end.min(stream.len())]);
        }
    }
    for peer in &mut peers {
        assert_eq!(peer.status(), Status::SUCCESS);
    }
    for peer in peers {
        peer.release();
    }
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.objects_stored, count as u64);
}

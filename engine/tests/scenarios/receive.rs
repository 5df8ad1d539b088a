// Included once for each driver; see the file of that name above.

use std::fs;
use std::path::Path;

use crate::common::{CT, Sender, data, eventually, fragments, object, stored};
use pdvault_engine::dimse::Status;
use pdvault_engine::receiver::{Receiver, ReceiverHandle};
use pdvault_engine::store::OnDuplicate;
use proptest::prelude::*;

fn start(directory: &Path, landing_bytes: usize) -> ReceiverHandle {
    Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory)
        .landing_memory(landing_bytes)
        .start()
        .expect("the receiver starts")
}

fn finish(receiver: ReceiverHandle) -> pdvault_engine::receiver::Statistics {
    receiver.shutdown();
    receiver.join().expect("a clean end")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Every guess of the scatter plan is made wrong somewhere here: fragments grow, shrink and
    /// vanish, and writes end anywhere.
    #[test]
    fn objects_are_stored_whole_whatever_the_sizes_of_fragments_and_writes(
        len in 0..400_000_usize,
        sizes in prop::collection::vec(1..20_000_usize, 1..6),
        writes in prop::collection::vec(1..70_000_usize, 1..6),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let receiver = start(directory.path(), 2 << 20);
        let mut sender = Sender::connect(receiver.local_addr());
        for number in 0..3_u32 {
            let data = data(number, len + number as usize);
            let stream = object(&format!("1.2.{number}"), &fragments(&data, &sizes));
            for piece in fragments(&stream, &writes) {
                sender.send(piece);
            }
            prop_assert_eq!(sender.status(), Status::SUCCESS);
            let is_whole = stored(directory.path(), &format!("1.2.{number}")) == data;
            prop_assert!(is_whole);
        }
        sender.release();
        prop_assert_eq!(finish(receiver).objects_stored, 3);
    }
}

#[test]
fn objects_sent_ahead_of_their_responses_are_served_in_turn() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 2 << 20);
    let mut sender = Sender::connect(receiver.local_addr());
    let objects: Vec<Vec<u8>> = (0..8).map(|seed| data(seed, 100_000)).collect();
    let stream: Vec<u8> = objects
        .iter()
        .enumerate()
        .flat_map(|(number, data)| object(&format!("1.2.{number}"), &fragments(data, &[16_372])))
        .collect();
    sender.send(&stream);
    for (number, data) in objects.iter().enumerate() {
        assert_eq!(sender.status(), Status::SUCCESS);
        assert!(stored(directory.path(), &format!("1.2.{number}")) == *data);
    }
    sender.release();
    finish(receiver);
}

#[test]
fn many_senders_share_little_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    // Four chunks for sixteen senders of objects of many chunks each.
    let receiver = start(directory.path(), 256 << 10);
    let address = receiver.local_addr();
    let send = |number: u32| {
        std::thread::spawn(move || {
            let mut sender = Sender::connect(address);
            let data = data(number, 1_000_003);
            assert_eq!(
                sender.store(&format!("1.2.{number}"), &data, 16_372),
                Status::SUCCESS
            );
            sender.release();
            data
        })
    };
    let senders: Vec<_> = (0..16).map(send).collect();
    for (number, sender) in senders.into_iter().enumerate() {
        let data = sender.join().expect("a sender that is served");
        assert!(stored(directory.path(), &format!("1.2.{number}")) == data);
    }
    let statistics = finish(receiver);
    assert_eq!(statistics.objects_stored, 16);
    assert!(
        statistics.chunk_waits > 0,
        "memory was scarce: {statistics:?}"
    );
}

#[test]
fn stalled_senders_give_their_memory_up_and_go_on_later() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 256 << 10);
    let halves: Vec<_> = (0..12_u32)
        .map(|number| {
            let data = data(number, 90_001);
            let stream = object(&format!("1.2.{number}"), &fragments(&data, &[9_000]));
            let mut sender = Sender::connect(receiver.local_addr());
            sender.send(&stream[..stream.len() / 2]);
            (sender, stream, data)
        })
        .collect();
    let mut normal = Sender::connect(receiver.local_addr());
    let normal_data = data(99, 300_000);
    assert_eq!(
        normal.store("1.2.99", &normal_data, 16_372),
        Status::SUCCESS
    );
    for (number, (mut sender, stream, data)) in halves.into_iter().enumerate() {
        sender.send(&stream[stream.len() / 2..]);
        assert_eq!(sender.status(), Status::SUCCESS);
        assert!(stored(directory.path(), &format!("1.2.{number}")) == data);
    }
    let statistics = finish(receiver);
    assert!(
        statistics.chunks_spilled > 0,
        "memory was scarce: {statistics:?}"
    );
}

#[test]
fn every_stored_object_is_told_of_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (tell, told) = std::sync::mpsc::channel();
    let receiver = Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(2 << 20)
        .on_duplicate(OnDuplicate::Keep)
        .on_stored(move |object| tell.send(object.clone()).expect("the test listens"))
        .start()
        .expect("the receiver starts");
    let mut sender = Sender::connect(receiver.local_addr());
    for _ in 0..2 {
        assert_eq!(sender.store("1.2.3", b"data", 100), Status::SUCCESS);
    }
    sender.release();
    let statistics = finish(receiver);
    let objects: Vec<_> = told.into_iter().collect();
    assert_eq!((objects.len(), statistics.objects_stored), (2, 2));
    assert_ne!(objects[0].path, objects[1].path);
    for object in objects {
        assert_eq!(object.sop_class.as_str(), CT);
        assert_eq!(object.calling_ae_title.to_string(), "TESTER");
        assert_eq!(
            fs::metadata(&object.path).expect("the file").len(),
            object.bytes
        );
    }
}

#[test]
fn draining_receiver_finishes_the_object_in_flight_and_takes_no_new_connection() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = start(directory.path(), 2 << 20);
    let data = data(1, 200_000);
    let stream = object("1.2.3", &fragments(&data, &[16_372]));
    let mut sender = Sender::connect(receiver.local_addr());
    sender.send(&stream[..100_000]);
    let is_begun = eventually(|| receiver.statistics().bytes_received >= 100_000);
    assert!(is_begun, "the object is in flight");
    receiver.shutdown();
    let address = receiver.local_addr();
    let nobody_listens = eventually(|| std::net::TcpStream::connect(address).is_err());
    assert!(nobody_listens, "no new connection is taken");
    sender.send(&stream[100_000..]);
    assert_eq!(sender.status(), Status::SUCCESS);
    sender.release();
    receiver.join().expect("a clean end");
    assert!(stored(directory.path(), "1.2.3") == data);
}

#[test]
fn ignored_objects_are_acknowledged_and_not_stored() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(2 << 20)
        .ignore(true)
        .start()
        .expect("the receiver starts");
    let mut sender = Sender::connect(receiver.local_addr());
    for number in 0..3_u32 {
        let data = data(number, 1_500_000);
        assert_eq!(
            sender.store(&format!("1.2.{number}"), &data, 16_372),
            Status::SUCCESS
        );
    }
    sender.release();
    assert_eq!(finish(receiver).objects_ignored, 3);
    assert_eq!(
        fs::read_dir(directory.path()).expect("a directory").count(),
        0
    );
}

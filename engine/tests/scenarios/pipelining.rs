// Included once for each driver; see the file of that name above.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{self, Receiver as Letters, Sender as Letterbox};
use std::sync::{Arc, Mutex};

use crate::common::{
    Sender, data, encode, fragments, numbered_object, request, request_for_window, response,
};
use pdvault_engine::dataset::file_meta;
use pdvault_engine::dimse::Status;
use pdvault_engine::pdu::framer::FRAGMENT_HEADERS_BYTES;
use pdvault_engine::pdu::{Abort, AbortSource, Pdu};
use pdvault_engine::receiver::{Builder, Receiver};
use pdvault_engine::store::{Sink, SinkFactory, SinkKind, SystemSinks};
use proptest::prelude::*;

fn builder(directory: &tempfile::TempDir) -> Builder {
    Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(2 << 20)
}

/// The data set of a stored file.
fn stored(directory: &Path, instance: &str) -> Vec<u8> {
    let file = fs::read(directory.join(format!("CT.{instance}"))).expect("the file is there");
    let meta = file_meta::parse(&file).expect("file meta information");
    file[meta.data_set_offset..].to_vec()
}

fn files(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}

/// The UID of an object of a peer.
fn instance(peer: u32, number: u16) -> String {
    format!("1.2.{peer}.{number}")
}

/// The data of an object, and the object on the wire.
fn numbered(peer: u32, number: u16, len: usize, fragment_bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let data = data(peer * 65_536 + u32::from(number), len);
    let fragments = fragments(&data, &[fragment_bytes]);
    let stream = numbered_object(number, &instance(peer, number), &fragments);
    (data, stream)
}

/// Sends objects of these sizes with at most `window` of them unanswered, in writes of these sizes,
/// and checks that each is answered once, with success, and stored.
fn pipeline(
    address: SocketAddr,
    directory: &Path,
    peer: u32,
    window: u16,
    sizes: &[usize],
    writes: &[usize],
) {
    let mut sender = Sender::connect_with(address, request_for_window(window));
    let mut half = sender.another();
    let (permit, permits) = mpsc::channel();
    (0..window).for_each(|_| permit.send(()).expect("the other end lives"));
    let objects: Vec<_> = (1..)
        .zip(sizes)
        .map(|(number, &len)| numbered(peer, number, len, 16_372))
        .collect();
    let streams: Vec<_> = objects.iter().map(|(_, stream)| stream.clone()).collect();
    let writes = writes.to_vec();
    let writing = std::thread::spawn(move || {
        for stream in streams {
            permits.recv().expect("a response for each object");
            for piece in fragments(&stream, &writes) {
                half.send(piece);
            }
        }
    });
    let mut answered = vec![0; sizes.len()];
    for _ in sizes {
        let (number, status) = sender.response();
        assert_eq!(status, Status::SUCCESS);
        answered[usize::from(number) - 1] += 1;
        // The writer ends before the last responses come.
        let _ = permit.send(());
        let (data, _) = &objects[usize::from(number) - 1];
        assert!(stored(directory, &instance(peer, number)) == *data);
    }
    writing.join().expect("no write fails");
    assert!(answered.iter().all(|&times| times == 1), "{answered:?}");
    sender.release();
}

/// Sizes of all kinds: empty, small, of a chunk, of several.
fn mixed_sizes(count: usize) -> Vec<usize> {
    let sizes = [8_000, 8_192, 0, 100_000, 1, 33_333, 8_000, 16_372, 300_001];
    sizes.into_iter().cycle().take(count).collect()
}

#[test]
fn hundreds_of_objects_of_mixed_sizes_are_stored_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory).start().expect("starts");
    let sizes = mixed_sizes(400);
    pipeline(
        receiver.local_addr(),
        directory.path(),
        1,
        16,
        &sizes,
        &[1 << 20],
    );
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.objects_stored, 400);
    assert_eq!(files(directory.path()), 400);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn pipelined_objects_are_stored_whole_whatever_their_sizes_and_those_of_writes(
        window in 2..20_u16,
        sizes in prop::collection::vec(
            prop_oneof![0..20_000_usize, 8_000..8_010_usize, 0..400_000_usize],
            1..30,
        ),
        writes in prop::collection::vec(1..70_000_usize, 1..6),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let receiver = builder(&directory).start().expect("starts");
        pipeline(receiver.local_addr(), directory.path(), 1, window, &sizes, &writes);
    }
}

#[test]
fn objects_of_one_size_land_where_they_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .landing_memory(64 << 20)
        .start()
        .expect("starts");
    let sizes = [300_000; 64];
    pipeline(
        receiver.local_addr(),
        directory.path(),
        1,
        8,
        &sizes,
        &[1 << 20],
    );
    // The end of the first object has to be guessed; commands differ by a byte or two.
    let moved = receiver.statistics().bytes_moved;
    assert!(moved < 300_000, "{moved} of 19 million bytes were moved");
}

#[test]
fn objects_are_stored_whole_when_they_come_byte_by_byte() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory).start().expect("starts");
    let sizes = [700, 0, 20_000, 3, 700];
    pipeline(receiver.local_addr(), directory.path(), 1, 4, &sizes, &[1]);
}

#[test]
fn pipelining_peers_share_little_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    // Four chunks for eight peers with sixteen objects each.
    let receiver = builder(&directory)
        .landing_memory(256 << 10)
        .start()
        .expect("starts");
    let address = receiver.local_addr();
    std::thread::scope(|scope| {
        for peer in 0..8 {
            let path = directory.path();
            scope.spawn(move || pipeline(address, path, peer, 16, &mixed_sizes(60), &[50_000]));
        }
    });
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.objects_stored, 8 * 60);
    assert!(
        statistics.chunk_waits > 0,
        "memory was scarce: {statistics:?}"
    );
}

#[test]
fn peer_that_sends_more_than_was_granted_is_held_back_and_served() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory)
        .max_operations(3)
        .start()
        .expect("starts");
    for (peer, asked) in [(1, Some(0)), (2, None)] {
        let request = asked.map_or_else(request, request_for_window);
        let mut sender = Sender::connect_with(receiver.local_addr(), request);
        let objects: Vec<_> = (1..=100)
            .map(|number| numbered(peer, number, 8_000, 16_372))
            .collect();
        let stream: Vec<u8> = objects
            .iter()
            .flat_map(|(_, stream)| stream.clone())
            .collect();
        let mut half = sender.another();
        let writing = std::thread::spawn(move || half.send(&stream));
        for _ in &objects {
            let (number, status) = sender.response();
            assert_eq!(status, Status::SUCCESS);
            let (data, _) = &objects[usize::from(number) - 1];
            assert!(stored(directory.path(), &instance(peer, number)) == *data);
        }
        writing.join().expect("no write fails");
        sender.release();
    }
    assert_eq!(receiver.statistics().objects_stored, 200);
}

#[test]
fn after_an_abort_what_was_acknowledged_is_stored_and_nothing_is_stored_in_part() {
    let directory = tempfile::tempdir().expect("a directory");
    let receiver = builder(&directory).start().expect("starts");
    let mut sender = Sender::connect_with(receiver.local_addr(), request_for_window(16));
    let sizes = mixed_sizes(40);
    let objects: BTreeMap<u16, _> = (1..)
        .zip(&sizes)
        .map(|(number, &len)| (number, numbered(1, number, len, 16_372)))
        .collect();
    let mut acknowledged = Vec::new();
    for (number, (_, stream)) in &objects {
        sender.send(stream);
        if *number > 10 {
            let (answered, status) = sender.response();
            assert_eq!(status, Status::SUCCESS);
            acknowledged.push(answered);
        }
    }
    // An object without its last fragment.
    let (_, cut) = numbered(2, 1, 2 * 16_372 + 100, 16_372);
    sender.send(&cut[..cut.len() - 100 - FRAGMENT_HEADERS_BYTES]);
    let source = AbortSource::ServiceUser;
    sender.send(&encode(&Pdu::Abort(Abort { source })));
    sender.until_closed();
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(statistics.objects_dropped, 1, "{statistics:?}");
    for number in acknowledged {
        assert!(stored(directory.path(), &instance(1, number)) == objects[&number].0);
    }
    let mut names = 0;
    for (number, (data, _)) in &objects {
        let name = format!("CT.{}", instance(1, *number));
        if directory.path().join(name).exists() {
            assert!(stored(directory.path(), &instance(1, *number)) == *data);
            names += 1;
        }
    }
    assert_eq!(files(directory.path()), names, "nothing else is there");
}

// Verdicts in another order.

/// Sinks that hold the writes of one instance back until they are let go.
struct Holding {
    instance: &'static str,
    /// Told of each write that is held back.
    held: Letterbox<()>,
    go: Arc<Mutex<Letters<()>>>,
}

impl SinkFactory for Holding {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        Box::new(HoldingSink {
            inner: SystemSinks.sink(file, kind),
            instance: self.instance,
            held: self.held.clone(),
            go: Arc::clone(&self.go),
        })
    }
}

struct HoldingSink {
    inner: Box<dyn Sink>,
    instance: &'static str,
    held: Letterbox<()>,
    go: Arc<Mutex<Letters<()>>>,
}

impl Sink for HoldingSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let uid = self.instance.as_bytes();
        if offset == 0 && bytes.windows(uid.len()).any(|window| window == uid) {
            self.held.send(()).expect("the test listens");
            let go = self.go.lock().expect("no test panics here");
            go.recv().expect("the test lets it go");
        }
        self.inner.write_at(bytes, offset)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

/// A sink factory that holds this instance back; a message when it does; and the way to let it go.
fn holding(instance: &'static str) -> (Holding, Letters<()>, Letterbox<()>) {
    let (held, is_held) = mpsc::channel();
    let (let_go, go) = mpsc::channel();
    let go = Arc::new(Mutex::new(go));
    let sinks = Holding { instance, held, go };
    (sinks, is_held, let_go)
}

#[test]
fn slow_object_is_overtaken_by_those_behind_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (sinks, is_held, let_go) = holding("1.2.1.1");
    let receiver = builder(&directory)
        .sinks(Arc::new(sinks))
        .start()
        .expect("starts");
    let mut sender = Sender::connect_with(receiver.local_addr(), request_for_window(4));
    for number in 1..=4 {
        sender.send(&numbered(1, number, 50_000, 16_372).1);
    }
    let mut overtaking: Vec<_> = (2..=4).map(|_| sender.response()).collect();
    overtaking.sort_unstable_by_key(|(number, _)| *number);
    let expected = [2, 3, 4].map(|number| (number, Status::SUCCESS));
    assert_eq!(overtaking, expected);
    is_held.recv().expect("the first is held back");
    let_go.send(()).expect("it waits");
    assert_eq!(sender.response(), (1, Status::SUCCESS));
    sender.release();
    assert_eq!(files(directory.path()), 4);
}

#[test]
fn draining_receiver_answers_all_that_is_in_flight_and_begins_nothing_new() {
    let directory = tempfile::tempdir().expect("a directory");
    let (sinks, is_held, let_go) = holding("1.2.1.3");
    let receiver = builder(&directory)
        .sinks(Arc::new(sinks))
        .start()
        .expect("starts");
    let mut sender = Sender::connect_with(receiver.local_addr(), request_for_window(8));
    for number in 1..=3 {
        sender.send(&numbered(1, number, 50_000, 16_372).1);
    }
    is_held.recv().expect("the third is held back");
    receiver.shutdown();
    sender.send(&numbered(1, 4, 50_000, 16_372).1);
    let_go.send(()).expect("it waits");
    let mut answered = Vec::new();
    let end = loop {
        let pdu = sender.read_pdu();
        match response(&pdu) {
            Some((number, status)) => answered.push((number, status)),
            None => break pdu,
        }
    };
    assert!(matches!(end, Pdu::Abort(_)), "{end:?}");
    answered.sort_unstable_by_key(|(number, _)| *number);
    let expected = [1, 2, 3].map(|number| (number, Status::SUCCESS));
    assert_eq!(answered, expected);
    receiver.join().expect("a clean end");
    assert_eq!(files(directory.path()), 3);
}

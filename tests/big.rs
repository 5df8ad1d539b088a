//! Much at once: an object far larger than memory, very many associations, very many that stall.

use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pdvault_tests::gate::Gate;
use pdvault_tests::object::{LONG_HEADER_BYTES, Object, ct_header, long_header};
use pdvault_tests::peer::{Peer, SUCCESS, store_once};
use pdvault_tests::random::Pattern;
use pdvault_tests::receiver::{Launch, Receiver};
use pdvault_tests::scratch;
use pdvault_tests::stored;
use pdvault_tests::wire::{self, AssociateRq};

/// Bytes of the big object: 4 GiB and a little, so that no 32-bit count holds it.
const BIG_BYTES: u64 = (4 << 30) + (4 << 20) + 1234;

/// Bytes after Pixel Data in the big object (Data Set Trailing Padding): one element cannot hold
/// 4 GiB.
const TRAILER_BYTES: u64 = 8 << 20;

/// The highest resident memory allowed while it arrives with `--landing-memory 64M`.
const RESIDENT_BYTES_MAX: u64 = 160 << 20;

/// Bytes generated and sent, or read and compared, at a time.
const STEP_BYTES: usize = 1 << 20;

/// Associations at once.
const CROWD: usize = 500;

/// Senders that stall.
const STALLED: usize = 200;

/// A normal sender is served within this time, whoever stalls.
const SERVED_WITHIN: Duration = Duration::from_secs(1);

/// How often that is measured: the shortest time counts, since others use the machine too.
const MEASUREMENTS: usize = 8;

/// How long the receiver has to take in what the stalled senders sent before they fell silent.
const SETTLING: Duration = Duration::from_secs(4);

/// Stack of a sender's thread: a few hundred of them should cost little.
const STACK_BYTES: usize = 256 << 10;

/// Held by each test of this file: they measure time and memory, and need the machine for
/// themselves.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    // A test that failed before spoils nothing for the next.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const BIG_INSTANCE: &str = "2.25.4294967296";

/// The big object, made piece by piece.
struct BigObject {
    head: Vec<u8>,
    trailer_at: u64,
    pattern: Pattern,
}

impl BigObject {
    fn new() -> Self {
        let head = ct_header(BIG_INSTANCE, BIG_BYTES, TRAILER_BYTES);
        let pattern = Pattern::named(BIG_INSTANCE, 0);
        Self {
            head,
            trailer_at: BIG_BYTES - TRAILER_BYTES,
            pattern,
        }
    }

    /// The bytes from `offset` on, which is a multiple of [`STEP_BYTES`].
    fn piece(&self, offset: u64, out: &mut [u8]) {
        self.pattern.fill(offset, out);
        lay_over(out, offset, &self.head, 0);
        let trailer = long_header((0xFFFC, 0xFFFC), *b"OB", TRAILER_BYTES - LONG_HEADER_BYTES);
        lay_over(out, offset, &trailer, self.trailer_at);
    }

    /// Offsets and lengths of all pieces.
    fn pieces() -> impl Iterator<Item = (u64, usize)> {
        (0..BIG_BYTES).step_by(STEP_BYTES).map(|offset| {
            let length = (BIG_BYTES - offset).min(STEP_BYTES as u64);
            (offset, usize::try_from(length).expect("a step fits"))
        })
    }
}

/// Copies `part`, which begins at `part_at` of the whole, over the window `out` at `offset`.
fn lay_over(out: &mut [u8], offset: u64, part: &[u8], part_at: u64) {
    for (byte, at) in part.iter().zip(part_at..) {
        let index = at
            .checked_sub(offset)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(place) = index.and_then(|index| out.get_mut(index)) {
            *place = *byte;
        }
    }
}

#[test]
fn an_object_of_4_gib_is_stored_whole_in_64_mib_of_landing_memory() {
    let _alone = alone();
    scratch::require_free(BIG_BYTES + (1 << 30));
    let receiver = Receiver::start("--landing-memory 64M --max-pdu 131072");
    let object = BigObject::new();
    send_big(&receiver, &object);
    let resident = receiver.peak_resident_bytes();
    println!("peak resident memory: {} MiB", resident >> 20);
    assert!(
        resident < RESIDENT_BYTES_MAX,
        "peak resident memory: {} MiB",
        resident >> 20
    );
    compare_big(&receiver, &object);
}

fn send_big(receiver: &Receiver, object: &BigObject) {
    let mut peer = Peer::ready(receiver.port());
    let id = peer.next_message_id();
    let command = wire::store_rq(
        id,
        wire::CT.as_bytes(),
        BIG_INSTANCE.as_bytes(),
        wire::WITH_DATA_SET,
    );
    peer.send(&wire::p_data(1, wire::COMMAND_LAST, &command));
    let mut piece = vec![0; STEP_BYTES];
    for (offset, length) in BigObject::pieces() {
        object.piece(offset, &mut piece[..length]);
        let end = offset + length as u64 == BIG_BYTES;
        peer.try_send_data(&piece[..length], end, 131_072 - 6)
            .expect("the receiver reads");
    }
    // The last bytes may still have to reach a slow disk.
    peer.set_patience(Duration::from_secs(120));
    assert_eq!(peer.store_response(id), SUCCESS);
    peer.release();
}

fn compare_big(receiver: &Receiver, object: &BigObject) {
    stored::assert_no_leftovers(receiver.output());
    let files = stored::files(receiver.output());
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].data_bytes(), BIG_BYTES);
    let mut reader = files[0].data_reader();
    let (mut expected, mut actual) = (vec![0; STEP_BYTES], vec![0; STEP_BYTES]);
    for (offset, length) in BigObject::pieces() {
        object.piece(offset, &mut expected[..length]);
        reader
            .read_exact(&mut actual[..length])
            .expect("the file is as long as it says");
        assert!(
            expected[..length] == actual[..length],
            "differs within 1 MiB from {offset}"
        );
    }
}

/// Runs `senders` threads with small stacks.
fn crowd<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    senders: usize,
    send: impl Fn(usize) + Copy + Send + 'scope,
) {
    for number in 0..senders {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        builder
            .spawn_scoped(scope, move || send(number))
            .expect("a thread");
    }
}

#[test]
fn five_hundred_associations_at_once_are_all_served() {
    let _alone = alone();
    // Open files are limited as in an ordinary login; the receiver may raise the soft limit.
    let receiver = Launch::new("")
        .through(["prlimit", "--nofile=1024:"])
        .start();
    let objects: Vec<_> = (0..CROWD)
        .map(|n| Object::ct(&format!("2.25.{n}"), 20_000 + 2 * n))
        .collect();
    let all_associated = Gate::new(CROWD);
    thread::scope(|scope| {
        let (receiver, objects, all_associated) = (&receiver, &objects, &all_associated);
        crowd(scope, CROWD, move |number| {
            let mut peer = Peer::associate(receiver.port(), &AssociateRq::default());
            all_associated.wait();
            assert_eq!(peer.store(&objects[number]), SUCCESS);
            peer.release();
        });
    });
    stored::assert_holds_exactly(receiver.output(), &objects.iter().collect::<Vec<_>>());
}

#[test]
fn two_hundred_stalled_senders_delay_nobody_and_can_go_on_later() {
    let _alone = alone();
    // By default there is a chunk for each of them; then too few; then hardly any.
    for memory in ["256M", "64M", "16M"] {
        let elapsed = serve_beside_stalled(memory);
        println!("{memory}: served in {elapsed:?} beside {STALLED} stalled senders");
        assert!(elapsed < SERVED_WITHIN, "{memory}: served in {elapsed:?}");
    }
}

/// Lets senders stall, serves an honest one, lets the others finish, and checks that all is stored.
/// Returns the shortest time that the honest one took.
fn serve_beside_stalled(memory: &str) -> Duration {
    let receiver = Receiver::start(&format!("--landing-memory {memory}"));
    let objects: Vec<_> = (0..STALLED)
        .map(|n| Object::ct(&format!("2.25.{n}"), 600_000))
        .collect();
    let (all_stalled, go_on) = (Gate::new(STALLED + 1), Gate::new(STALLED + 1));
    let honest = Object::ct("2.25.1000", 512 << 10);
    let elapsed = thread::scope(|scope| {
        let (objects, all_stalled, go_on) = (&objects, &all_stalled, &go_on);
        let port = receiver.port();
        crowd(scope, STALLED, move |number| {
            stall_and_go_on(port, &objects[number], all_stalled, go_on);
        });
        all_stalled.wait();
        thread::sleep(SETTLING);
        let elapsed = (0..MEASUREMENTS)
            .map(|_| time_to_store(port, &honest))
            .min();
        go_on.wait();
        elapsed.expect("measured")
    });
    let expected: Vec<_> = objects.iter().chain([&honest]).collect();
    stored::assert_holds_exactly(receiver.output(), &expected);
    elapsed
}

fn time_to_store(port: u16, object: &Object) -> Duration {
    let started = Instant::now();
    store_once(port, object);
    started.elapsed()
}

/// Sends an object but for its second half, waits, and sends the rest.
fn stall_and_go_on(port: u16, object: &Object, all_stalled: &Gate, go_on: &Gate) {
    let mut peer = Peer::associate(port, &AssociateRq::default());
    let id = peer.begin(object);
    // Different places to stall: inside the first block, beyond it, in the middle.
    let middle = match id_of(object) % 3 {
        0 => 1000,
        1 => 5000,
        _ => object.data.len() / 2,
    };
    peer.send_data(&object.data[..middle], false);
    all_stalled.wait();
    go_on.wait();
    peer.send_data(&object.data[middle..], true);
    assert_eq!(peer.store_response(id), SUCCESS);
    peer.release();
}

fn id_of(object: &Object) -> usize {
    object
        .instance
        .rsplit('.')
        .next()
        .and_then(|text| text.parse().ok())
        .expect("a number")
}

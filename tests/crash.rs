//! `kill -9` at random moments: what was acknowledged is there, whole; what was not is either whole
//! or not there under a final name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pdvault_tests::object::Object;
use pdvault_tests::peer::{FRAGMENT_BYTES, Outcome, Peer, store_once};
use pdvault_tests::random::Random;
use pdvault_tests::receiver::{Launch, Receiver};
use pdvault_tests::stored;
use pdvault_tests::{scratch, wire};

/// How often the receiver is killed at least.
const ROUNDS: u64 = 20;

/// How often at most, until enough was under way: a slow disk acknowledges little in a short life.
const ROUNDS_MAX: u64 = 200;

/// Senders at work at the same time.
const SENDERS: u64 = 6;

/// The longest time from the first association to the kill.
const LIFE_MS_MAX: u64 = 400;

/// Object sizes in bytes: from less than a block to several chunks of landing memory.
const SIZES: [usize; 6] = [700, 4096, 60_000, 512 << 10, (1 << 20) + 6, 3 << 20];

#[test]
fn what_was_acknowledged_survives_kill_9_at_any_moment() {
    let mut random = Random::from_clock();
    let mut acknowledged_count = 0;
    let cut_off = AtomicU64::new(0);
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS && acknowledged_count.min(cut_off.load(Ordering::Relaxed)) > ROUNDS {
            break;
        }
        let output = scratch::directory();
        let mut receiver = Launch::new("").output(output.path()).start();
        let acknowledged = send_until_killed(&mut receiver, &mut random, &cut_off);
        check(output.path(), &acknowledged);
        acknowledged_count += acknowledged.len() as u64;
        start_again(output.path());
    }
    println!("{acknowledged_count} objects acknowledged, {cut_off:?} cut off");
    assert!(
        acknowledged_count > ROUNDS,
        "the receiver was at work when it was killed"
    );
    assert!(
        cut_off.into_inner() > ROUNDS,
        "objects were under way when it was killed"
    );
}

/// A receiver that starts where another one was killed serves, and clears up what that one left.
fn start_again(output: &Path) {
    let receiver = Launch::new("").output(output).start();
    store_once(receiver.port(), &Object::ct("2.25.999", SIZES[0]));
    stored::assert_no_leftovers(output);
}

/// Instance UID to size of the objects that were acknowledged.
fn send_until_killed(
    receiver: &mut Receiver,
    random: &mut Random,
    cut_off: &AtomicU64,
) -> BTreeMap<String, usize> {
    let port = receiver.port();
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let sizes = random.fork();
                scope.spawn(move || store_until_broken(port, sender, sizes, cut_off))
            })
            .collect();
        thread::sleep(Duration::from_millis(random.below(LIFE_MS_MAX)));
        receiver.kill();
        senders
            .into_iter()
            .flat_map(|sender| sender.join().expect("a sender ends well"))
            .collect()
    })
}

fn store_until_broken(
    port: u16,
    sender: u64,
    mut sizes: Random,
    cut_off: &AtomicU64,
) -> BTreeMap<String, usize> {
    let mut acknowledged = BTreeMap::new();
    let Ok(mut peer) = Peer::connect(port) else {
        return acknowledged;
    };
    peer.send(&wire::AssociateRq::default().encode());
    if !matches!(peer.receive(), wire::Incoming::Accepted(_)) {
        return acknowledged;
    }
    for number in 0.. {
        let size = sizes.pick(&SIZES);
        let object = Object::ct(&format!("2.25.{sender}.{number}"), size);
        let id = peer.begin(&object);
        let sent = peer.try_send_data(&object.data, true, FRAGMENT_BYTES);
        let Ok(Outcome::Status(status)) = sent.map(|()| peer.store_response(id)) else {
            cut_off.fetch_add(1, Ordering::Relaxed);
            break;
        };
        assert_eq!(status, 0);
        acknowledged.insert(object.instance, size);
    }
    acknowledged
}

/// Every file under a final name is whole, and every acknowledged object is among them.
fn check(output: &Path, acknowledged: &BTreeMap<String, usize>) {
    let mut missing: Vec<_> = acknowledged.keys().collect();
    for file in stored::files(output) {
        let instance = file.meta.instance();
        let bytes = usize::try_from(file.data_bytes()).expect("a size in memory");
        assert!(SIZES.contains(&bytes), "{} has {bytes} bytes", file.name());
        let whole = file.holds(&Object::ct(instance, bytes));
        assert!(whole, "{} is not what was sent", file.name());
        missing.retain(|wanted| *wanted != instance);
    }
    assert!(
        missing.is_empty(),
        "acknowledged, but not on disk: {missing:?}"
    );
}

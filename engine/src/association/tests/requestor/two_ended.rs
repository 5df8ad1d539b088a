//! Our requestor and our acceptor, and nothing between them but bytes.

use super::*;

/// Moves bytes both ways in pieces of these sizes, until nothing moves any more.
fn exchange(sender: &mut Sender, receiver: &mut Driver, sizes: &mut impl Iterator<Item = usize>) {
    loop {
        let there = sender.send(sizes.next().expect("endless"));
        let mut rest = there.as_slice();
        while !rest.is_empty() {
            let left = receiver.give(rest);
            assert!(left.len() < rest.len(), "the receiver takes more");
            rest = left;
        }
        let output = receiver.acceptor.output();
        let back = output[..output.len().min(sizes.next().expect("endless"))].to_vec();
        receiver.acceptor.sent(back.len(), receiver.now);
        sender.give(&back);
        if there.is_empty() && back.is_empty() {
            return;
        }
    }
}

/// Stores objects as the window allows, then releases. Returns what arrived.
fn play(objects: &[Vec<u8>], mut sizes: impl Iterator<Item = usize>) -> (Sender, Driver) {
    let mut sender = Sender::new(asking(Some(WINDOW)));
    let mut receiver = Driver::new();
    sender.requestor.connected(sender.now);
    exchange(&mut sender, &mut receiver, &mut sizes);
    for object in objects {
        while !sender.requestor.can_begin() {
            exchange(&mut sender, &mut receiver, &mut sizes);
        }
        sender.begin(object);
        let mut left = object.len();
        while sender.requestor.awaits_data().is_some() {
            let n = sizes.next().expect("endless").min(left);
            let n = n.min(sender.requestor.provide_room());
            left -= n;
            sender.requestor.provide(n, left == 0, sender.now);
            let there = sender.send(sizes.next().expect("endless"));
            assert!(receiver.give(&there).is_empty());
        }
    }
    exchange(&mut sender, &mut receiver, &mut sizes);
    sender.requestor.release(sender.now);
    exchange(&mut sender, &mut receiver, &mut sizes);
    (sender, receiver)
}

fn check(objects: &[Vec<u8>], sizes: impl Iterator<Item = usize>) {
    let (sender, receiver) = play(objects, sizes);
    assert_eq!(receiver.payload, objects.concat());
    let mut expected = vec![RequestorEvent::Established];
    let ids = (1..).map(OperationId).take(objects.len());
    expected.extend(ids.map(|operation| stored(operation, Status::SUCCESS)));
    expected.push(RequestorEvent::Released);
    assert_eq!(sender.events, expected);
    assert!(sender.requestor.is_closed());
    assert_eq!(receiver.events.last(), Some(&Event::Released));
    assert_eq!(receiver.acceptor.state(), State::AwaitingTransportClose);
}

fn objects() -> Vec<Vec<u8>> {
    let patterned = |len: usize| (0..=u8::MAX).cycle().take(len).collect();
    [1, 300, 0, 16372, 16373, 50_000, 2].map(patterned).to_vec()
}

#[test]
fn objects_arrive_as_they_were_sent() {
    check(&objects(), std::iter::repeat(usize::MAX));
}

#[test]
fn objects_arrive_one_byte_at_a_time() {
    check(&objects()[..3], std::iter::repeat(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn objects_arrive_however_the_stream_is_split(
        lengths in prop::collection::vec(0..40_000_usize, 1..12),
        sizes in prop::collection::vec(1..30_000_usize, 1..50),
    ) {
        let objects: Vec<Vec<u8>> = lengths
            .iter()
            .map(|&len| (0..=u8::MAX).cycle().skip(len % 256).take(len).collect())
            .collect();
        check(&objects, sizes.iter().copied().cycle());
    }
}

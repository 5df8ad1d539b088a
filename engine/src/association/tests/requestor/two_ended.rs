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

/// A receiver that grants the window, and answers when it is told to.
fn slow_receiver() -> Driver {
    let mut receiver = Driver::new();
    let policy = Policy {
        operations_max: WINDOW.into(),
        ..policy()
    };
    receiver.acceptor = Acceptor::new(Arc::new(policy), timeouts(), receiver.now);
    receiver
}

/// Answers one of the objects that await it: those of even number are stored, the others not.
fn answer(receiver: &mut Driver, unanswered: &mut Vec<(u64, ObjectToken)>, index: usize) -> u64 {
    let (number, token) = unanswered.remove(index % unanswered.len());
    let status = FailureStatus::OUT_OF_RESOURCES;
    let failed = StoreOutcome::Failed {
        status,
        comment: "",
    };
    let outcome = [StoreOutcome::Stored(Proof), failed];
    let outcome = &outcome[usize::from(number % 2 == 1)];
    receiver.acceptor.complete(token, outcome, receiver.now);
    number
}

/// Keeps the window full, and answers in the order of `choices`. Every reply must be that of its
/// object.
fn play_pipelined(choices: &[usize], mut sizes: impl Iterator<Item = usize>) {
    let (mut sender, mut receiver) = (Sender::new(asking(Some(WINDOW))), slow_receiver());
    sender.requestor.connected(sender.now);
    exchange(&mut sender, &mut receiver, &mut sizes);
    receiver.answers = false;
    let (mut landed, mut unanswered, mut expected) = (0, Vec::new(), Vec::new());
    for &choice in choices {
        while sender.requestor.can_begin() {
            sender.store(&[7; 300]);
        }
        exchange(&mut sender, &mut receiver, &mut sizes);
        for event in receiver.events.drain(..) {
            if let Event::ObjectLanded(token) = event {
                landed += 1;
                unanswered.push((landed, token));
            }
        }
        assert_eq!(unanswered.len(), usize::from(WINDOW), "all of it is used");
        let number = answer(&mut receiver, &mut unanswered, choice);
        exchange(&mut sender, &mut receiver, &mut sizes);
        let statuses = [Status::SUCCESS, Status::OUT_OF_RESOURCES];
        let status = statuses[usize::from(number % 2 == 1)];
        expected.push((OperationId(number), status));
    }
    let replies = sender.events.iter().filter_map(|event| match event {
        RequestorEvent::Stored(reply) => Some((reply.operation, reply.status)),
        _ => None,
    });
    assert_eq!(replies.collect::<Vec<_>>(), expected);
    assert_eq!(sender.requestor.failure(), None);
}

#[test]
fn window_is_kept_full_and_answered_from_its_end() {
    play_pipelined(&[3; 20], std::iter::repeat(usize::MAX));
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
    #[test]
    fn window_is_kept_full_whatever_the_order_of_answers(
        choices in prop::collection::vec(any::<usize>(), 1..30),
        sizes in prop::collection::vec(1..1000_usize, 1..50),
    ) {
        play_pipelined(&choices, sizes.iter().copied().cycle());
    }
}

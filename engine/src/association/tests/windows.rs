//! Stores beside each other: the asynchronous operations window (PS3.7 D.3.3.3).

use super::*;
use crate::pdu::framer::{Guess, Segment};

fn store(message_id: u16, instance: &str, data: &[u8]) -> Vec<u8> {
    let mut command = Vec::new();
    StoreRq {
        message_id,
        sop_class: Uid::from(CT),
        sop_instance: Uid::from(instance),
        priority: 0,
        has_data_set: true,
        move_originator: None,
    }
    .encode(&mut command);
    let mut stream = command_pdu(&command);
    stream.extend(p_data(vec![pdv(STORE_CONTEXT, false, true, data)]));
    stream
}

/// The objects that have landed, in order.
fn landed(driver: &Driver) -> Vec<ObjectToken> {
    let tokens = driver.events.iter().filter_map(|event| match event {
        Event::ObjectLanded(token) => Some(*token),
        _ => None,
    });
    tokens.collect()
}

/// The message IDs that were answered since the last call, and how.
fn answers(driver: &mut Driver) -> Vec<(u16, Status)> {
    let answer = |pdu: &Pdu| {
        let response = response(pdu);
        (response.message_id, response.status)
    };
    driver.sent().iter().map(answer).collect()
}

fn complete(driver: &mut Driver, token: ObjectToken) {
    let outcome = StoreOutcome::Stored(Proof);
    driver.acceptor.complete(token, &outcome, driver.now);
}

#[test]
fn stores_are_read_up_to_the_window_and_answered_in_any_order() {
    let mut driver = Driver::with_window(3);
    driver.answers = false;
    let stream: Vec<u8> = (1..=4).flat_map(|n| store(n, "1.2.3", b"data")).collect();
    let rest = driver.give(&stream).to_vec();
    assert_eq!(rest, store(4, "1.2.3", b"data"), "the fourth is not read");
    assert_eq!(driver.acceptor.need(), Need::Nothing);
    let tokens = landed(&driver);
    complete(&mut driver, tokens[1]);
    assert_ne!(driver.acceptor.need(), Need::Nothing, "there is room again");
    assert!(driver.give(&rest).is_empty());
    complete(&mut driver, tokens[2]);
    let failed = StoreOutcome::Failed {
        status: FailureStatus::OUT_OF_RESOURCES,
        comment: "no space",
    };
    let last = landed(&driver)[3];
    driver.acceptor.complete(last, &failed, driver.now);
    complete(&mut driver, tokens[0]);
    let expected = [
        (2, Status::SUCCESS),
        (3, Status::SUCCESS),
        (4, Status(0xA700)),
        (1, Status::SUCCESS),
    ];
    assert_eq!(answers(&mut driver), expected);
}

#[test]
fn who_asked_for_no_window_has_none() {
    let mut driver = Driver::established();
    driver.answers = false;
    let two = [store(1, "1.2.3", b"data"), store(2, "1.2.4", b"data")].concat();
    assert_eq!(driver.give(&two), store(2, "1.2.4", b"data"));
}

#[test]
fn release_is_confirmed_after_the_last_response() {
    let mut driver = Driver::with_window(8);
    driver.answers = false;
    let stream: Vec<u8> = (1..=3).flat_map(|n| store(n, "1.2.3", b"data")).collect();
    driver.give(&stream);
    driver.give(&bytes(&Pdu::ReleaseRq));
    for token in landed(&driver) {
        assert!(!driver.sent_kinds().contains(&PduType::ReleaseRp));
        complete(&mut driver, token);
    }
    let kinds = driver.sent_kinds();
    assert_eq!(kinds, [PduType::PData, PduType::ReleaseRp]);
}

#[test]
fn abort_among_stores_drops_the_one_that_is_arriving_and_answers_no_other() {
    let mut driver = Driver::with_window(8);
    driver.answers = false;
    driver.give(&store(1, "1.2.3", b"data"));
    driver.give(&command_pdu(&store_command("1.2.4")));
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, false, b"da")]));
    let source = AbortSource::ServiceUser;
    driver.give(&bytes(&Pdu::Abort(Abort { source })));
    let dropped = |event: &&Event| matches!(event, Event::ObjectDropped(_));
    assert_eq!(driver.events.iter().filter(dropped).count(), 1);
    let token = landed(&driver)[0];
    complete(&mut driver, token);
    assert!(driver.sent().is_empty(), "nobody is there to be told");
}

#[test]
fn no_clock_runs_against_a_peer_that_has_not_used_its_window_up() {
    let mut driver = Driver::with_window(8);
    driver.answers = false;
    driver.give(&store(1, "1.2.3", b"data"));
    assert_eq!(driver.acceptor.deadline(), None, "it waits for us");
    driver.give(&command_pdu(&store_command("1.2.4")));
    let deadline = driver.now + Duration::from_secs(20);
    assert_eq!(driver.acceptor.deadline(), Some(deadline), "it owes data");
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
    for token in landed(&driver) {
        complete(&mut driver, token);
    }
    driver.sent();
    let deadline = driver.now + Duration::from_secs(60);
    assert_eq!(driver.acceptor.deadline(), Some(deadline), "it is its turn");
}

#[test]
fn association_that_winds_down_begins_no_store_beside_another() {
    let mut driver = Driver::with_window(8);
    driver.answers = false;
    driver.give(&store(1, "1.2.3", b"data"));
    driver.acceptor.wind_down();
    assert_eq!(driver.acceptor.need(), Need::Nothing);
    let token = landed(&driver)[0];
    complete(&mut driver, token);
    assert_ne!(driver.acceptor.need(), Need::Nothing);
}

// Plans.

/// A driver with a window of 8 that has received a data set in these fragments, and the command of
/// another and the headers of its first fragment.
fn after_data_set_of(sizes: &[usize]) -> Driver {
    let mut driver = Driver::with_window(8);
    driver.give(&command_pdu(&store_command("1.2.3")));
    for (index, size) in sizes.iter().enumerate() {
        let is_last = index + 1 == sizes.len();
        let fragment = pdv(STORE_CONTEXT, false, is_last, &vec![0; *size]);
        driver.give(&p_data(vec![fragment]));
    }
    driver.give(&command_pdu(&store_command("1.2.4")));
    let begun = pdv(STORE_CONTEXT, false, sizes.len() == 1, &vec![0; sizes[0]]);
    driver.give(&p_data(vec![begun])[..12]);
    driver
}

/// What comes behind a data set: a command as above and the headers behind it.
fn behind() -> Segment {
    Segment::Header(command_pdu(&store_command("1.2.4")).len() + 12)
}

#[test]
fn plan_goes_to_the_expected_end_and_to_the_headers_of_the_next_data_set() {
    let driver = after_data_set_of(&[10_000, 10_000, 777]);
    let plan = driver.acceptor.plan(1 << 20, Guess::Freely);
    let expected = [
        Segment::Payload(10_000),
        Segment::Header(12),
        Segment::Payload(10_000),
        Segment::Header(12),
        Segment::Payload(777),
        behind(),
    ];
    assert_eq!(plan.as_slice(), expected);
}

#[test]
fn plan_of_a_longer_data_set_goes_on_with_whole_fragments_for_a_while() {
    let mut driver = after_data_set_of(&[10_000, 10_000, 777]);
    for _ in 0..3 {
        driver.acceptor.received_payload(10_000, driver.now);
        let next = pdv(STORE_CONTEXT, false, false, &[0; 10_000]);
        driver.give(&p_data(vec![next])[..12]);
    }
    let plan = driver.acceptor.plan(1 << 20, Guess::Freely);
    let payload = plan.iter().map(|segment| match segment {
        Segment::Payload(n) => *n,
        Segment::Header(_) => 0,
    });
    assert_eq!(payload.sum::<usize>(), 10_000 + 130_000);
    assert_eq!(plan.last(), Some(&Segment::Header(12)));
}

#[test]
fn plan_behind_small_objects_takes_as_many_of_them_as_there_are() {
    let driver = after_data_set_of(&[8_000]);
    let plan = driver.acceptor.plan(1 << 20, Guess::Freely);
    let expected = [Segment::Payload(8_000), Segment::Header(READ_AHEAD_BYTES)];
    assert_eq!(plan.as_slice(), expected);
    let exact = driver.acceptor.plan(1 << 20, Guess::HeadersOnly);
    assert_eq!(exact.as_slice(), [Segment::Payload(8_000)]);
}

#[test]
fn read_goes_ahead_only_where_small_objects_are_expected_or_possible() {
    let mut driver = Driver::with_window(8);
    let first = driver.acceptor.read_ahead_bytes();
    assert_eq!(first, 17 * 1024, "a small object, with its command");
    driver.give(&store(1, "1.2.3", b"data"));
    assert_eq!(driver.acceptor.read_ahead_bytes(), READ_AHEAD_BYTES);
    let driver = after_data_set_of(&[16_000, 385]);
    assert_eq!(driver.acceptor.read_ahead_bytes(), 0, "16 KiB and a byte");
}

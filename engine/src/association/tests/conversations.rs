use super::*;

/// A conversation with everything in it: echo; command and data in one PDU; several fragments; an
/// empty fragment; several PDVs to a PDU; a refused object; an unknown command; release.
fn conversation() -> Vec<u8> {
    let data = |last, fragment: &[u8]| pdv(STORE_CONTEXT, false, last, fragment);
    let mut stream = bytes(&Pdu::AssociateRq(request()));
    stream.extend(p_data(vec![pdv(ECHO_CONTEXT, true, true, &echo_command())]));
    let command = pdv(STORE_CONTEXT, true, true, &store_command("1.2.3"));
    stream.extend(p_data(vec![command, data(true, b"command and data")]));
    let command = store_command("1.2.4");
    let (head, tail) = command.split_at(20);
    stream.extend(p_data(vec![pdv(STORE_CONTEXT, true, false, head)]));
    stream.extend(p_data(vec![pdv(STORE_CONTEXT, true, true, tail)]));
    stream.extend(p_data(vec![data(false, &[1; 300]), data(false, &[2; 3])]));
    stream.extend(p_data(vec![data(false, b"")]));
    stream.extend(p_data(vec![data(false, &[3; 300])]));
    stream.extend(p_data(vec![data(true, b"")]));
    stream.extend(command_pdu(&store_command("../../etc/passwd")));
    stream.extend(p_data(vec![data(true, b"not wanted")]));
    stream.extend(bytes(&Pdu::ReleaseRq));
    stream
}

fn play(pieces: impl IntoIterator<Item = Vec<u8>>) -> (Vec<Event>, Vec<u8>, Vec<Pdu>, State) {
    let mut driver = Driver::new();
    for piece in pieces {
        assert!(driver.give(&piece).is_empty());
    }
    driver.drain();
    let sent = driver.sent();
    (driver.events, driver.payload, sent, driver.acceptor.state())
}

#[test]
fn conversation_is_served_to_its_end() {
    let (events, payload, sent, state) = play([conversation()]);
    let mut expected = b"command and data".to_vec();
    expected.extend([1; 300]);
    expected.extend([2; 3]);
    expected.extend([3; 300]);
    assert_eq!(payload, expected);
    assert_eq!(state, State::AwaitingTransportClose);
    assert_eq!(events.last(), Some(&Event::Released));
    let statuses: Vec<Status> = sent[1..5].iter().map(|pdu| response(pdu).status).collect();
    assert_eq!(
        statuses,
        [
            Status::SUCCESS,
            Status::SUCCESS,
            Status::SUCCESS,
            Status::INVALID_SOP_INSTANCE
        ]
    );
    assert_eq!(sent[5], Pdu::ReleaseRp);
}

/// What DCMTK's storescu sent to store three objects of pydicom's test files, in fragments of 4 KiB.
const RECORDED: &[u8] = include_bytes!("../fixtures/dcmtk_storescu.bin");

#[test]
fn recorded_conversation_is_served_to_its_end() {
    let (events, payload, sent, state) = play([RECORDED.to_vec()]);
    let landed = events
        .iter()
        .filter(|event| matches!(event, Event::ObjectLanded(_)))
        .count();
    assert_eq!(landed, 3, "{events:?}");
    assert!(payload.len() > 10_000);
    let statuses: Vec<Status> = sent[1..4].iter().map(|pdu| response(pdu).status).collect();
    assert_eq!(statuses, [Status::SUCCESS; 3]);
    assert_eq!(events.last(), Some(&Event::Released));
    assert_eq!(state, State::AwaitingTransportClose);
}

#[test]
fn recorded_conversation_gives_the_same_events_one_byte_at_a_time() {
    let bytewise = RECORDED.iter().map(|&byte| vec![byte]);
    assert_eq!(play(bytewise), play([RECORDED.to_vec()]));
}

#[test]
fn recorded_conversation_gives_the_same_events_cut_in_two_anywhere() {
    let whole = play([RECORDED.to_vec()]);
    for cut in 0..RECORDED.len() {
        let (head, tail) = RECORDED.split_at(cut);
        assert!(
            play([head.to_vec(), tail.to_vec()]) == whole,
            "cut at {cut}"
        );
    }
}

#[test]
fn conversation_gives_the_same_events_one_byte_at_a_time() {
    let bytewise = conversation().into_iter().map(|byte| vec![byte]);
    assert_eq!(play(bytewise), play([conversation()]));
}

proptest! {
    #[test]
    fn conversation_gives_the_same_events_however_it_is_split(
        cuts in prop::collection::vec(0..2000_usize, 0..40)
    ) {
        let stream = conversation();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % stream.len()).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| stream[cut[0]..cut[1]].to_vec());
        prop_assert_eq!(play(pieces), play([stream.clone()]));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_store(
        bytes in prop::collection::vec(any::<u8>(), 0..2000)
    ) {
        let mut driver = Driver::new();
        driver.give(&bytes);
        driver.drain();
        prop_assert!(!driver.events.iter().any(|event| matches!(event, Event::ObjectLanded(_))));
    }

    #[test]
    fn damaged_conversation_never_panics_and_comes_to_an_end(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut stream = conversation();
        for (index, byte) in damage {
            *index.get_mut(&mut stream) = byte;
        }
        let mut driver = Driver::new();
        driver.give(&stream);
        driver.acceptor.connection_closed(driver.now);
        driver.drain();
        prop_assert!(driver.acceptor.is_closed());
    }
}

#[test]
fn response_is_split_for_a_peer_with_a_small_maximum_length() {
    let mut driver = Driver::new();
    let mut request = request();
    request.user_information.maximum_length = 100;
    driver.give(&bytes(&Pdu::AssociateRq(request)));
    driver.sent();
    driver.give(&command_pdu(&store_command("1.2.3")));
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
    let sent = driver.sent();
    assert!(sent.len() > 1, "one PDU of at most 100 bytes is not enough");
    let fragments = sent.iter().flat_map(|pdu| match pdu {
        Pdu::PData(pdvs) => pdvs.clone(),
        other => panic!("{other:?}"),
    });
    let all: Vec<Pdv> = fragments.collect();
    assert!(all.iter().all(|pdv| pdv.fragment.len() + 12 <= 100));
    assert_eq!(response(&Pdu::PData(all)).status, Status::SUCCESS);
}

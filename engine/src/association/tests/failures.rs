use super::table_cells::{driver_in, raise};
use super::*;

#[test]
fn failure_stays_and_nothing_more_is_answered() {
    let mut driver = Driver::established();
    driver.give(&[0x99, 0, 0, 0, 0, 4]);
    let source = AbortSource::ServiceProvider(AbortReason::UnrecognizedPdu);
    assert_eq!(abort_of(&mut driver), Abort { source });
    let failure = driver.acceptor.failure().cloned();
    assert!(
        matches!(failure, Some(AssociationError::InvalidMessage(_))),
        "{failure:?}"
    );
    driver.give(&p_data(vec![pdv(
        ECHO_CONTEXT,
        true,
        true,
        &echo_command(),
    )]));
    assert!(driver.sent().is_empty());
    assert_eq!(driver.acceptor.failure().cloned(), failure);
}

#[test]
fn misbehaviour_is_answered_by_its_own_reason() {
    let store = command_pdu(&store_command("1.2.3"));
    let data = |context, bytes: &[u8]| p_data(vec![pdv(context, false, false, bytes)]);
    let unexpected = AbortReason::UnexpectedPdu;
    let invalid = AbortReason::InvalidPduParameterValue;
    let cases: [(&str, Vec<u8>, AbortReason); 8] = [
        (
            "data without command",
            data(STORE_CONTEXT, b"x"),
            unexpected,
        ),
        (
            "command within data",
            [store.clone(), data(STORE_CONTEXT, b"x"), store.clone()].concat(),
            unexpected,
        ),
        (
            "release within data",
            [store.clone(), bytes(&Pdu::ReleaseRq)].concat(),
            unexpected,
        ),
        (
            "second request",
            bytes(&Pdu::AssociateRq(request())),
            unexpected,
        ),
        (
            "unknown context",
            data(PresentationContextId(99), b"x"),
            invalid,
        ),
        (
            "changed context",
            [store.clone(), data(ECHO_CONTEXT, b"x")].concat(),
            invalid,
        ),
        (
            "PDV beyond its PDU",
            vec![4, 0, 0, 0, 0, 8, 0, 0, 0, 99, 1, 3, 0, 0],
            invalid,
        ),
        ("PDU beyond the maximum", vec![4, 0, 0, 1, 0, 0], invalid),
    ];
    for (name, stream, reason) in cases {
        let mut driver = Driver::established();
        driver.give(&stream);
        let abort = abort_of(&mut driver);
        assert_eq!(abort.source, AbortSource::ServiceProvider(reason), "{name}");
    }
}

#[test]
fn object_in_progress_is_dropped_when_the_association_ends() {
    for end in [
        TableEvent::TransportClosed,
        TableEvent::Abort,
        TableEvent::InvalidPdu,
    ] {
        let mut driver = Driver::established();
        driver.give(&command_pdu(&store_command("1.2.3")));
        driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, false, b"half")]));
        raise(&mut driver, end);
        driver.drain();
        let dropped = driver
            .events
            .iter()
            .any(|event| matches!(event, Event::ObjectDropped(_)));
        assert!(dropped, "{end}");
    }
}

#[test]
fn store_that_cannot_be_served_gets_a_failure_and_the_association_lives_on() {
    let cases = [
        (
            store_command_of(Uid::from("1.2.3"), false),
            Status::CANNOT_UNDERSTAND,
        ),
        (store_command("../1.2"), Status::INVALID_SOP_INSTANCE),
        (
            store_command_of(Uid::from_wire(b"1\x002"), true),
            Status::INVALID_SOP_INSTANCE,
        ),
        (
            store_command(&"1".repeat(1000)),
            Status::INVALID_SOP_INSTANCE,
        ),
    ];
    for (command, status) in cases {
        let mut driver = Driver::established();
        driver.give(&command_pdu(&command));
        if driver.acceptor.need() == Need::Discard {
            driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
        }
        assert_eq!(response(&driver.sent()[0]).status, status);
        driver.give(&p_data(vec![pdv(
            ECHO_CONTEXT,
            true,
            true,
            &echo_command(),
        )]));
        assert_eq!(response(&driver.sent()[0]).status, Status::SUCCESS);
        assert!(driver.payload.is_empty());
    }
}

#[test]
fn failure_of_the_store_reaches_the_peer_as_a_status() {
    let mut driver = Driver::established();
    driver.answers = false;
    driver.give(&command_pdu(&store_command("1.2.3")));
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
    driver.drain();
    let Some(Event::ObjectLanded(token)) = driver.events.last().cloned() else {
        panic!("landed")
    };
    assert_eq!(
        driver.acceptor.need(),
        Need::Nothing,
        "the peer waits for its response"
    );
    let status = FailureStatus::OUT_OF_RESOURCES;
    let outcome = StoreOutcome::Failed {
        status,
        comment: "no space left",
    };
    driver.acceptor.complete(token, &outcome, driver.now);
    let response = response(&driver.sent()[0]);
    assert_eq!(response.status, Status::OUT_OF_RESOURCES);
    driver
        .acceptor
        .complete(token, &StoreOutcome::Stored(Proof), driver.now);
    assert!(driver.sent().is_empty(), "an object is answered once");
}

#[test]
fn what_comes_after_the_end_is_answered_once_and_changes_nothing() {
    let requests = bytes(&Pdu::AssociateRq(request())).repeat(1000);
    for flood in [requests, vec![0xFF; 1000]] {
        let mut driver = driver_in(State::AwaitingTransportClose);
        let ended = driver.events.len();
        assert!(driver.give(&flood).is_empty());
        assert_eq!(driver.sent_kinds(), [PduType::Abort]);
        assert_eq!(driver.events.len(), ended, "{:?}", driver.events);
        assert_eq!(driver.acceptor.failure(), None);
    }
}

#[test]
fn peer_that_goes_on_and_on_after_the_end_is_left() {
    let mut driver = Driver::established();
    driver.give(&[0x99; 6]);
    for _ in 0..100 {
        driver.give(&vec![0; 1 << 20]);
    }
    assert!(driver.acceptor.is_closed());
}

#[test]
fn association_whose_release_is_not_confirmed_yet_is_not_quiet() {
    let mut driver = Driver::established();
    driver.give(&bytes(&Pdu::ReleaseRq));
    assert!(!driver.acceptor.is_quiet());
    driver.sent();
    assert!(driver.acceptor.is_quiet());
}

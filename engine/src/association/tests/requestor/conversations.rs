use super::*;

#[test]
fn objects_and_echoes_are_sent_and_answered() {
    let mut sender = Sender::new(asking(None));
    assert!(!sender.requestor.has_outgoing(), "nobody is connected");
    sender.requestor.connected(sender.now);
    assert_eq!(sender.sent(), [Pdu::AssociateRq(asking(None))]);
    assert!(!sender.requestor.can_begin());
    sender.give(&bytes(&Pdu::AssociateAc(acceptance(None))));
    assert!(sender.requestor.can_begin());

    let operation = sender.store(b"an object");
    assert_eq!(operation, OperationId(1));
    assert!(!sender.requestor.can_begin(), "no window was agreed on");
    let sent = messages(&sender.sent());
    assert_eq!(sent.len(), 1);
    assert!(matches!(&sent[0].0, Request::Store(store) if store.message_id == 1));
    assert_eq!(sent[0].1, b"an object");
    sender.give(&store_response(1, Status::COERCION_OF_DATA_ELEMENTS));

    let echo = sender.requestor.echo(ECHO_CONTEXT, sender.now);
    let sent = messages(&sender.sent());
    assert!(matches!(&sent[0].0, Request::Echo(echo) if echo.message_id == 2));
    sender.give(&echo_response(2));

    sender.requestor.release(sender.now);
    assert_eq!(sender.sent(), [Pdu::ReleaseRq]);
    assert!(!sender.requestor.is_closed());
    sender.give(&bytes(&Pdu::ReleaseRp));
    assert!(sender.requestor.is_closed());
    assert_eq!(
        sender.events,
        [
            RequestorEvent::Established,
            stored(operation, Status::COERCION_OF_DATA_ELEMENTS),
            RequestorEvent::Echoed {
                operation: echo,
                status: Status::SUCCESS
            },
            RequestorEvent::Released,
        ]
    );
    assert_eq!(sender.requestor.failure(), None);
}

#[test]
fn rejection_closes_the_connection() {
    let mut sender = Sender::new(asking(None));
    sender.requestor.connected(sender.now);
    let rejection = AssociateRj {
        result: RejectResult::Transient,
        reason: RejectReason::LocalLimitExceeded,
    };
    sender.give(&bytes(&Pdu::AssociateRj(rejection)));
    assert_eq!(sender.events, [RequestorEvent::Rejected(rejection)]);
    assert!(sender.requestor.is_closed());
    assert_eq!(sender.requestor.failure(), None);
}

#[test]
fn window_is_no_wider_than_asked_for_granted_and_sensible() {
    let cases = [
        (None, None, 1),
        (None, Some(8), 1),
        (Some(8), None, 1),
        (Some(8), Some(1), 1),
        (Some(8), Some(4), 4),
        (Some(4), Some(8), 4),
        (Some(8), Some(0), 8),
        (Some(0), Some(8), 8),
        (Some(0), Some(0), OPERATIONS_MAX),
        (Some(u16::MAX), Some(u16::MAX), OPERATIONS_MAX),
    ];
    for (asked, granted, window) in cases {
        let mut sender = Sender::new(asking(asked));
        sender.requestor.connected(sender.now);
        sender.give(&bytes(&Pdu::AssociateAc(acceptance(granted))));
        let agreed = sender.requestor.agreed().expect("established").clone();
        assert_eq!(agreed.operations_max, window, "{asked:?} {granted:?}");
        let mut begun = 0;
        while sender.requestor.can_begin() {
            sender.requestor.echo(ECHO_CONTEXT, sender.now);
            begun += 1;
        }
        assert_eq!(begun, window);
    }
}

#[test]
fn acceptance_tells_what_was_agreed_on() {
    let mut sender = Sender::new(asking(None));
    sender.requestor.connected(sender.now);
    let mut reply = acceptance(None);
    reply.presentation_contexts[1].result = AbstractSyntaxNotSupported;
    reply.presentation_contexts[1].transfer_syntax = Uid::default();
    reply.user_information.user_identity_response = Some(b"ticket".to_vec());
    reply.user_information.implementation_version_name = Some(b"PEER".to_vec());
    sender.give(&bytes(&Pdu::AssociateAc(reply.clone())));
    let agreed = sender.requestor.agreed().expect("established");
    let context = AgreedContext {
        id: STORE_CONTEXT,
        abstract_syntax: Uid::from(CT),
        transfer_syntax: Uid::from(EXPLICIT_LE),
    };
    assert_eq!(agreed.contexts, [context]);
    assert_eq!(agreed.results, reply.presentation_contexts);
    assert_eq!(agreed.peer_max_pdu_bytes, 16384);
    assert_eq!(
        agreed.user_identity_response.as_deref(),
        Some(&b"ticket"[..])
    );
    assert_eq!(
        agreed.implementation_version_name.as_deref(),
        Some(&b"PEER"[..])
    );
}

#[test]
fn responses_may_come_in_any_order() {
    let mut sender = Sender::established(Some(WINDOW));
    let operations: Vec<OperationId> = (0..4).map(|n| sender.store(&[n; 10])).collect();
    assert!(!sender.requestor.can_begin());
    assert_eq!(sender.requestor.in_flight(), 4);
    let sent = messages(&sender.sent());
    let payloads: Vec<&[u8]> = sent.iter().map(|(_, data)| data.as_slice()).collect();
    assert_eq!(payloads, [[0; 10], [1; 10], [2; 10], [3; 10]]);
    for message_id in [3, 1, 4] {
        sender.give(&store_response(message_id, Status::SUCCESS));
    }
    assert_eq!(sender.requestor.in_flight(), 1);
    sender.requestor.release(sender.now);
    assert!(!sender.requestor.has_outgoing(), "one awaits its response");
    sender.give(&store_response(2, Status::SUCCESS));
    let order = [2, 0, 3, 1].map(|n| stored(operations[n], Status::SUCCESS));
    assert_eq!(sender.events, order);
}

#[test]
fn message_id_of_an_operation_in_flight_is_not_given_again() {
    let mut sender = Sender::established(Some(2));
    let first = sender.requestor.echo(ECHO_CONTEXT, sender.now);
    for n in 2..=u32::from(u16::MAX) + 10 {
        let operation = sender.requestor.echo(ECHO_CONTEXT, sender.now);
        assert_eq!(operation, OperationId(n.into()));
        let sent = messages(&sender.sent());
        let Some((Request::Echo(echo), _)) = sent.last() else {
            panic!("{sent:?}")
        };
        assert!(echo.message_id > 1, "1 awaits its response, 0 is none");
        sender.give(&echo_response(echo.message_id));
    }
    sender.give(&echo_response(1));
    assert_eq!(sender.requestor.in_flight(), 0);
    let status = Status::SUCCESS;
    let echoed = RequestorEvent::Echoed {
        operation: first,
        status,
    };
    assert_eq!(sender.events.last(), Some(&echoed));
}

#[test]
fn refusal_may_come_before_the_data_set_is_sent_which_goes_on() {
    let mut sender = Sender::established(Some(WINDOW));
    let operation = sender.begin(&[7; 100]);
    sender.requestor.provide(40, false, sender.now);
    let mut wire = sender.send(usize::MAX);
    sender.give(&store_response(1, Status::OUT_OF_RESOURCES));
    assert_eq!(sender.events, [stored(operation, Status::OUT_OF_RESOURCES)]);
    assert_eq!(sender.requestor.awaits_data(), Some(operation));
    assert!(!sender.requestor.can_begin());
    sender.requestor.release(sender.now);
    assert!(!sender.requestor.has_outgoing(), "half a data set is due");
    sender.requestor.provide(60, true, sender.now);
    assert!(sender.requestor.can_begin());
    wire.extend(sender.send(usize::MAX));
    assert_eq!(messages(&pdus(&wire))[0].1, [7; 100]);
}

#[test]
fn no_pdu_is_longer_than_the_peer_or_the_user_wants() {
    for (peer, ours, expected) in [
        (16384, MAX_SEND_PDU_BYTES, 16384),
        (0, MAX_SEND_PDU_BYTES, MAX_SEND_PDU_BYTES),
        (u32::MAX, u32::MAX, MAX_SEND_PDU_BYTES),
        (16384, 4096, 4096),
        (16383, 32768, 16382),
    ] {
        let mut sender = Sender::new(asking(None));
        sender.requestor.set_max_send_pdu_bytes(ours);
        sender.requestor.connected(sender.now);
        sender.sent();
        let mut reply = acceptance(None);
        reply.user_information.maximum_length = peer;
        sender.give(&bytes(&Pdu::AssociateAc(reply)));
        sender.begin(&vec![1; PROVIDE_BYTES_MAX]);
        let room = sender.requestor.provide_room();
        sender.requestor.provide(room, false, sender.now);
        assert_eq!(sender.requestor.provide_room(), 0);
        let wire = sender.send(usize::MAX);
        let lengths = pdus(&wire)
            .iter()
            .skip(1)
            .map(|pdu| bytes(pdu).len())
            .collect();
        let all_full: Vec<usize> = lengths;
        assert!(!all_full.is_empty());
        let expected = expected as usize;
        assert!(
            all_full.iter().all(|&length| length == expected),
            "{peer} {ours}: {all_full:?}"
        );
    }
}

#[test]
fn empty_data_set_is_one_empty_fragment() {
    let mut sender = Sender::established(None);
    sender.store(b"");
    let sent = sender.sent();
    let empty = Pdu::PData(vec![pdv(STORE_CONTEXT, false, true, b"")]);
    assert_eq!(sent[1..], [empty]);
}

#[test]
fn release_of_the_peer_is_confirmed() {
    let mut sender = Sender::established(None);
    sender.give(&bytes(&Pdu::ReleaseRq));
    assert_eq!(sender.sent(), [Pdu::ReleaseRp]);
    assert_eq!(sender.events, [RequestorEvent::Released]);
    assert_eq!(sender.requestor.state(), State::AwaitingTransportClose);
    sender.requestor.connection_closed(sender.now);
    assert!(sender.requestor.is_closed());
    assert_eq!(sender.requestor.failure(), None);
}

#[test]
fn both_sides_may_release_at_once() {
    let mut sender = Sender::established(None);
    sender.requestor.release(sender.now);
    sender.give(&bytes(&Pdu::ReleaseRq));
    assert_eq!(sender.sent(), [Pdu::ReleaseRq, Pdu::ReleaseRp]);
    assert_eq!(
        sender.requestor.state(),
        State::CollisionRequestorAwaitingRp
    );
    assert_eq!(sender.events, []);
    sender.give(&bytes(&Pdu::ReleaseRp));
    assert_eq!(sender.events, [RequestorEvent::Released]);
    assert!(sender.requestor.is_closed());
}

#[test]
fn room_for_payload_comes_back_as_it_is_sent() {
    let mut sender = Sender::established(None);
    sender.begin(&vec![3; 3 * PROVIDE_BYTES_MAX]);
    let mut left = 3 * PROVIDE_BYTES_MAX;
    let mut wire = Vec::new();
    while left > 0 {
        let n = sender.requestor.provide_room().min(left);
        assert!(n > 0);
        left -= n;
        sender.requestor.provide(n, left == 0, sender.now);
        wire.extend(sender.send(usize::MAX));
    }
    assert_eq!(messages(&pdus(&wire))[0].1.len(), 3 * PROVIDE_BYTES_MAX);
}

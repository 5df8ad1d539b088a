use super::*;
use crate::pdu::PduError;

type Change = fn(&mut AssociateAc);

fn connected(request: AssociateRq) -> Sender {
    let mut sender = Sender::new(request);
    sender.requestor.connected(sender.now);
    sender.sent();
    sender
}

fn aborts_with(sender: &mut Sender, source: AbortSource) {
    // In front of it there may be the rest of a PDU.
    let wire = sender.send(usize::MAX);
    let abort = bytes(&Pdu::Abort(Abort { source }));
    assert!(wire.ends_with(&abort), "{wire:?}");
    assert_eq!(sender.requestor.state(), State::AwaitingTransportClose);
}

#[test]
fn acceptance_of_what_was_not_asked_for_is_aborted() {
    let stranger = PresentationContextId(9);
    let cases: [(Change, PeerMisbehaved); 3] = [
        (
            |reply| reply.presentation_contexts[0].id = PresentationContextId(9),
            PeerMisbehaved::ContextNotProposed(stranger),
        ),
        (
            |reply| reply.presentation_contexts[0].transfer_syntax = Uid::from("1.2.3"),
            PeerMisbehaved::TransferSyntaxNotProposed(STORE_CONTEXT),
        ),
        (
            |reply| reply.presentation_contexts[1].id = STORE_CONTEXT,
            PeerMisbehaved::InvalidContextId(STORE_CONTEXT),
        ),
    ];
    for (change, error) in cases {
        let mut sender = connected(asking(None));
        let mut reply = acceptance(None);
        change(&mut reply);
        sender.give(&bytes(&Pdu::AssociateAc(reply)));
        assert_eq!(failure(&sender), error.into());
        assert!(sender.requestor.agreed().is_none());
        let reason = AbortReason::InvalidPduParameterValue;
        aborts_with(&mut sender, AbortSource::ServiceProvider(reason));
    }
}

#[test]
fn responses_that_answer_nothing_are_aborted() {
    let success = Status::SUCCESS;
    let unexpected = |message_id| PeerMisbehaved::UnexpectedResponse(message_id).into();
    let other_context = PeerMisbehaved::ContextChanged {
        expected: STORE_CONTEXT,
        found: ECHO_CONTEXT,
    };
    let command = response_command(0x8001, 1, success);
    let cases: [(Vec<u8>, AssociationError); 4] = [
        (store_response(2, success), unexpected(2)),
        (store_response(1, success).repeat(2), unexpected(1)),
        (
            command_pdu(&response_command(0x8030, 1, success)),
            unexpected(1),
        ),
        (
            p_data(vec![pdv(ECHO_CONTEXT, true, true, &command)]),
            other_context.into(),
        ),
    ];
    for (stream, error) in cases {
        let mut sender = Sender::established(Some(WINDOW));
        sender.store(b"object");
        sender.sent();
        sender.give(&stream);
        assert_eq!(failure(&sender), error);
        assert_eq!(sender.requestor.in_flight(), 0);
        assert_eq!(sender.sent_kinds(), [PduType::Abort]);
    }
}

#[test]
fn success_before_the_object_is_sent_is_a_lie() {
    let lies = |sender: &mut Sender, message_id| {
        sender.give(&store_response(message_id, Status::SUCCESS));
        let error = PeerMisbehaved::EarlySuccess(message_id);
        assert_eq!(failure(sender), error.into());
        aborts_with(sender, AbortSource::ServiceUser);
    };
    let mut sender = Sender::established(None);
    sender.begin(b"not provided to its end");
    sender.requestor.provide(4, false, sender.now);
    sender.sent();
    lies(&mut sender, 1);

    let mut sender = Sender::established(Some(2));
    sender.store(b"first");
    sender.sent();
    sender.store(b"one byte is not sent");
    let all: usize = sender
        .requestor
        .outgoing()
        .map(|place| match place {
            Place::Own(bytes) => bytes.len(),
            Place::Payload { len, .. } => len,
        })
        .sum();
    sender.send(all - 1);
    sender.give(&store_response(1, Status::SUCCESS));
    assert_eq!(sender.events.len(), 1, "the first was sent");
    lies(&mut sender, 2);
}

#[test]
fn requests_and_data_sets_of_the_peer_are_not_served() {
    let request = command_pdu(&store_command("1.2.3"));
    let data = p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]);
    let reason = AbortReason::UnexpectedPdu;
    for (stream, source) in [
        (request, AbortSource::ServiceUser),
        (data, AbortSource::ServiceProvider(reason)),
    ] {
        let mut sender = Sender::established(None);
        sender.give(&stream);
        aborts_with(&mut sender, source);
    }
}

#[test]
fn peer_that_releases_and_owes_responses_is_aborted() {
    let mut sender = Sender::established(None);
    sender.store(b"object");
    sender.sent();
    sender.give(&bytes(&Pdu::ReleaseRq));
    let error = PeerMisbehaved::ReleaseWithinOperations(1);
    assert_eq!(failure(&sender), error.into());
    aborts_with(&mut sender, AbortSource::ServiceUser);
}

#[test]
fn abort_follows_the_pdu_of_which_a_part_was_sent() {
    let mut sender = Sender::established(Some(WINDOW));
    sender.store(&[1; 100]);
    let command = bytes(&sender.sent()[0]).len();
    sender.store(&[2; 100]);
    sender.store(&[3; 100]);
    // Behind the command, within the payload.
    let mut wire = sender.send(command + 12 + 50);
    sender.requestor.abort(sender.now);
    sender.drain();
    assert_eq!(failure(&sender), LocalAbort::Requested.into());
    wire.extend(sender.send(usize::MAX));
    let kinds: Vec<PduType> = pdus(&wire).iter().map(Pdu::kind).collect();
    assert_eq!(kinds, [PduType::PData, PduType::PData, PduType::Abort]);
    assert_eq!(messages(&pdus(&wire))[0].1, [2; 100]);
}

#[test]
fn lost_payload_aborts_where_the_pdu_at_hand_can_be_completed() {
    let mut sender = Sender::established(Some(WINDOW));
    sender.store(&[1; 100]);
    let lost = sender.begin(&[2; 100]);
    sender.requestor.provide(50, false, sender.now);
    let mut wire = sender.send(20);
    sender.requestor.payload_lost(lost, sender.now);
    sender.drain();
    assert_eq!(failure(&sender), LocalAbort::PayloadLost.into());
    wire.extend(sender.send(usize::MAX));
    let kinds: Vec<PduType> = pdus(&wire).iter().map(Pdu::kind).collect();
    assert_eq!(kinds, [PduType::PData, PduType::Abort]);
    assert_eq!(messages(&pdus(&wire))[0].1, b"", "the rest is not sent");
}

#[test]
fn payload_lost_between_pdus_is_not_asked_for() {
    let mut sender = Sender::established(None);
    let lost = sender.begin(&[2; 100]);
    sender.sent();
    sender.requestor.provide(50, false, sender.now);
    sender.requestor.payload_lost(lost, sender.now);
    assert_eq!(sender.sent_kinds(), [PduType::Abort]);
}

#[test]
fn payload_lost_within_its_pdu_closes_the_connection_at_once() {
    for in_pdu in [1, 12, 30] {
        let mut sender = Sender::established(None);
        let lost = sender.begin(&[2; 100]);
        sender.sent();
        sender.requestor.provide(50, true, sender.now);
        sender.send(in_pdu);
        sender.requestor.payload_lost(lost, sender.now);
        sender.drain();
        assert_eq!(failure(&sender), LocalAbort::PayloadLost.into());
        assert!(sender.requestor.is_closed());
        assert!(!sender.requestor.has_outgoing());
        assert_eq!(sender.requestor.outgoing().count(), 0);
    }
}

#[test]
fn request_that_does_not_fit_its_fields_is_an_error_and_not_sent() {
    let mut request = asking(None);
    request.user_information.implementation_version_name = Some(vec![b'x'; 70_000]);
    let mut sender = Sender::new(request);
    sender.requestor.connected(sender.now);
    sender.drain();
    let error = failure(&sender);
    let expected = AssociationError::Local(LocalAbort::RequestTooLong(PduError::TooLong {
        field: "implementation version name",
        length: 70_000,
    }));
    assert_eq!(error, expected);
    assert!(sender.requestor.is_closed());
    assert!(!sender.requestor.has_outgoing());
}

#[test]
fn nothing_happens_to_an_association_that_is_over() {
    let mut sender = Sender::established(None);
    sender.begin(b"object");
    sender.sent();
    let abort = Abort {
        source: AbortSource::ServiceUser,
    };
    sender.give(&bytes(&Pdu::Abort(abort)));
    let aborted = AssociationError::PeerAborted(AbortSource::ServiceUser);
    assert_eq!(failure(&sender), aborted);
    assert!(sender.requestor.is_closed());
    let now = sender.now;
    sender.requestor.provide(6, true, now);
    sender.requestor.release(now);
    sender.requestor.abort(now);
    sender.requestor.payload_lost(OperationId(1), now);
    sender.requestor.connected(now);
    sender.requestor.connection_closed(now);
    sender.requestor.expired(now + ARTIM);
    sender.drain();
    assert!(!sender.requestor.can_begin());
    assert!(!sender.requestor.has_outgoing());
    assert_eq!(failure(&sender), aborted);
    assert_eq!(sender.events.len(), 1);
}

#[test]
fn peer_that_goes_on_and_on_after_the_end_is_left() {
    let mut sender = Sender::established(None);
    sender.give(&[0x99; 6]);
    sender.sent();
    for _ in 0..17 {
        sender.give(&vec![0; 1 << 20]);
    }
    assert!(sender.requestor.is_closed());
}

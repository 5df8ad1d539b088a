//! Bad input: a peer that breaks the rules gets an abort, a rejection or a failure status; nothing
//! of it comes to lie under a final name; everybody else is served as before.

use std::time::Duration;

use pdvault_tests::object::Object;
use pdvault_tests::peer::{Outcome, PATIENCE, Peer, SUCCESS, store_once};
use pdvault_tests::receiver::Receiver;
use pdvault_tests::stored;
use pdvault_tests::wire::{
    self, AssociateRq, C_FIND_RQ, COMMAND, COMMAND_LAST, CT, DATA, DATA_LAST, DEFLATED, EXPLICIT,
    IMPLICIT, Incoming, NO_DATA_SET, Proposal, WITH_DATA_SET, element, p_data, pdu, pdv,
};

/// Little memory for landing, so that a few chunks not given back show at once.
const OPTIONS: &str = "+xa --landing-memory 16M";

/// More often than there are chunks in that memory, even at a quarter of the default size.
const REPETITIONS: usize = 70;

/// Bytes of the headers of a PDU and of one PDV in it. Senders differ in whether these count towards
/// the maximum length, so that much is tolerated.
const HEADERS_BYTES: u32 = 12;

/// A-ABORT source and reason (PS3.8 9.3.8): the service provider met an unrecognised PDU type.
const UNRECOGNIZED_PDU: Incoming = Incoming::Aborted(2, 1);

/// The service provider met a PDU that has no place in the present state.
const UNEXPECTED_PDU: Incoming = Incoming::Aborted(2, 2);

/// Status: invalid SOP instance (PS3.7 C.5.8).
const INVALID_INSTANCE: Outcome = Outcome::Status(0x0117);

/// Status: unrecognised operation (PS3.7 C.5.27).
const UNRECOGNIZED_OPERATION: u16 = 0x0211;

fn ct() -> Object {
    Object::ct("2.25.400", 200_000)
}

/// Asserts that an honest sender is served and that its object is all that was ever stored.
fn assert_unharmed(receiver: &Receiver) {
    let honest = Object::ct("2.25.1", 100_000);
    store_once(receiver.port(), &honest);
    stored::assert_holds_exactly(receiver.output(), &[&honest]);
}

/// Plays a misdeed once against a fresh receiver; its answer has to be as `judged`.
fn misdeed(commit: impl FnOnce(u16) -> Incoming, judge: impl FnOnce(&Incoming) -> bool) {
    let receiver = Receiver::start(OPTIONS);
    let answer = commit(receiver.port());
    assert!(judge(&answer), "answered by {answer:?}");
    receiver.assert_complained();
    assert_unharmed(&receiver);
}

/// An abort from whichever side: PS3.8 leaves the choice where the state machine says AA-1, and where
/// the fault is one of DIMSE.
fn is_abort(answer: &Incoming) -> bool {
    matches!(answer, Incoming::Aborted(0 | 2, _))
}

/// An abort that says that the service provider gave up.
fn is_provider_abort(answer: &Incoming) -> bool {
    matches!(answer, Incoming::Aborted(2, _))
}

/// Sends bytes on a fresh connection and returns the answer.
fn before_association(bytes: &[u8]) -> impl FnOnce(u16) -> Incoming {
    move |port| {
        let mut peer = Peer::connect(port).expect("a connection");
        peer.send(bytes);
        peer.receive()
    }
}

/// Sends bytes on an established association and returns how it ends.
fn on_association(bytes: &[u8]) -> impl FnOnce(u16) -> Incoming {
    move |port| {
        let mut peer = Peer::ready(port);
        peer.send(bytes);
        peer.receive_end()
    }
}

/// Begins an object, sends bytes in the middle of it and returns how the association ends.
fn in_mid_object(bytes: &[u8]) -> impl FnOnce(u16) -> Incoming {
    move |port| {
        let mut peer = Peer::ready(port);
        peer.begin(&ct());
        peer.send_data(&ct().data[..50_000], false);
        peer.send(bytes);
        peer.receive_end()
    }
}

fn store_command(data_set_type: u16) -> Vec<u8> {
    wire::store_rq(1, CT.as_bytes(), b"2.25.400", data_set_type)
}

// --- Before there is an association -------------------------------------------------------------

#[test]
fn data_before_an_association_is_aborted() {
    misdeed(
        before_association(&p_data(1, COMMAND_LAST, &store_command(1))),
        is_abort,
    );
}

#[test]
fn an_unknown_pdu_type_before_an_association_is_aborted() {
    misdeed(before_association(&pdu(0x42, b"????")), is_abort);
}

#[test]
fn a_web_browser_gets_no_further() {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    misdeed(before_association(request), |answer| {
        is_abort(answer) || *answer == Incoming::Closed
    });
}

#[test]
fn an_association_request_of_absurd_length_is_aborted_before_it_arrives() {
    let request = AssociateRq::default().body();
    for length in [1 << 24, 0x7FFF_FFFF, u32::MAX] {
        let bytes = wire::pdu_claiming(wire::ASSOCIATE_RQ, length, &request);
        misdeed(before_association(&bytes), is_abort);
    }
}

#[test]
fn an_association_request_that_is_too_short_is_aborted() {
    for kept in [0, 1, 67] {
        let bytes = pdu(wire::ASSOCIATE_RQ, &AssociateRq::default().body()[..kept]);
        misdeed(before_association(&bytes), is_abort);
    }
}

#[test]
fn an_item_that_runs_over_the_end_of_its_pdu_is_aborted() {
    let mut body = AssociateRq::default().body();
    body.extend([0x50, 0, 0xFF, 0xFF, 1, 2, 3]);
    misdeed(
        before_association(&pdu(wire::ASSOCIATE_RQ, &body)),
        is_abort,
    );
}

#[test]
fn another_application_context_is_rejected_for_good() {
    let request = AssociateRq {
        application_context: "1.2.3.4".to_owned(),
        ..AssociateRq::default()
    };
    misdeed(before_association(&request.encode()), |a| {
        *a == Incoming::Rejected(1, 1, 2)
    });
}

#[test]
fn another_protocol_version_is_rejected_for_good() {
    let request = AssociateRq {
        protocol_version: 2,
        ..AssociateRq::default()
    };
    misdeed(before_association(&request.encode()), |a| {
        *a == Incoming::Rejected(1, 2, 2)
    });
}

#[test]
fn further_protocol_versions_beside_the_first_are_no_obstacle() {
    let receiver = Receiver::start(OPTIONS);
    let request = AssociateRq {
        protocol_version: 0xFFFF,
        ..AssociateRq::default()
    };
    Peer::associate(receiver.port(), &request).release();
}

#[test]
fn a_request_without_presentation_contexts_is_rejected() {
    let receiver = Receiver::start(OPTIONS);
    let request = AssociateRq {
        contexts: Vec::new(),
        ..AssociateRq::default()
    };
    let (_, answer) = Peer::request(receiver.port(), &request);
    assert_eq!(
        answer,
        Incoming::Rejected(1, 1, 1),
        "permanent, user, no reason"
    );
    assert_unharmed(&receiver);
}

#[test]
fn contexts_that_are_even_or_twice_there_or_too_many_are_aborted() {
    let proposals: [Vec<Proposal>; 3] = [
        vec![Proposal::new(2, CT, EXPLICIT)],
        vec![
            Proposal::new(1, CT, EXPLICIT),
            Proposal::new(1, CT, IMPLICIT),
        ],
        (0..=255)
            .map(|id| Proposal::new(id, CT, EXPLICIT))
            .collect(),
    ];
    for contexts in proposals {
        let receiver = Receiver::start(OPTIONS);
        let request = AssociateRq {
            contexts,
            ..AssociateRq::default()
        };
        let (_, answer) = Peer::request(receiver.port(), &request);
        assert_eq!(
            answer,
            Incoming::Aborted(2, 6),
            "provider, invalid parameter value"
        );
        assert_unharmed(&receiver);
    }
}

#[test]
fn contexts_that_cannot_be_served_are_refused_one_by_one() {
    let receiver = Receiver::start("");
    let request = AssociateRq {
        contexts: vec![
            Proposal::new(1, CT, EXPLICIT),
            Proposal::new(3, "1.2.3.4", EXPLICIT),
            Proposal::new(5, CT, "1.2.840.10008.1.2.4.90"),
        ],
        ..AssociateRq::default()
    };
    let (peer, accepted) = Peer::associate_some(receiver.port(), &request);
    let results: Vec<_> = accepted
        .contexts
        .values()
        .map(|(result, _)| *result)
        .collect();
    assert_eq!(results, [0, 3, 4]);
    peer.release();
}

#[test]
fn the_association_beyond_the_limit_is_rejected_for_now() {
    let receiver = Receiver::start("--max-associations 2");
    let first = Peer::ready(receiver.port());
    let second = Peer::ready(receiver.port());
    let (_, answer) = Peer::request(receiver.port(), &AssociateRq::default());
    assert_eq!(
        answer,
        Incoming::Rejected(2, 3, 2),
        "transient, local limit exceeded"
    );
    receiver.assert_complained();
    first.release();
    let again = pdvault_tests::disk::eventually(PATIENCE, || {
        let (_, answer) = Peer::request(receiver.port(), &AssociateRq::default());
        matches!(answer, Incoming::Accepted(_))
    });
    assert!(again, "a place that was given back is free again");
    second.release();
}

// --- On an association ----------------------------------------------------------------------------

#[test]
fn an_unknown_pdu_type_is_aborted_as_unrecognized() {
    let bytes = pdu(0x42, b"????");
    misdeed(on_association(&bytes), |answer| *answer == UNRECOGNIZED_PDU);
    misdeed(in_mid_object(&bytes), |answer| *answer == UNRECOGNIZED_PDU);
}

#[test]
fn a_pdu_out_of_place_is_aborted_as_unexpected() {
    let request = AssociateRq::default().encode();
    let response = pdu(wire::RELEASE_RP, &[0; 4]);
    let rejection = pdu(wire::ASSOCIATE_RJ, &[0, 1, 1, 1]);
    for bytes in [request, response, rejection] {
        misdeed(on_association(&bytes), |answer| *answer == UNEXPECTED_PDU);
        misdeed(in_mid_object(&bytes), |answer| *answer == UNEXPECTED_PDU);
    }
}

#[test]
fn a_pdu_over_the_agreed_length_is_aborted() {
    let receiver = Receiver::start("--max-pdu 16384");
    for length in [16_384 + HEADERS_BYTES + 2, 1 << 20, u32::MAX] {
        let (mut peer, accepted) = Peer::associate_some(receiver.port(), &AssociateRq::default());
        assert_eq!(accepted.maximum_length, 16_384);
        peer.begin(&ct());
        peer.send(&wire::pdu_claiming(
            wire::P_DATA,
            length,
            &pdv(1, DATA, &[0; 1000]),
        ));
        let answer = peer.receive_end();
        assert!(
            is_provider_abort(&answer),
            "a PDU of {length} bytes: {answer:?}"
        );
    }
    assert_unharmed(&receiver);
}

#[test]
fn a_pdu_over_the_agreed_length_by_its_own_headers_is_taken() {
    let receiver = Receiver::start("--max-pdu 16384");
    let mut peer = Peer::ready(receiver.port());
    let id = peer.begin(&ct());
    peer.try_send_data(&ct().data, true, 16_384 + 6)
        .expect("the receiver reads");
    assert_eq!(peer.store_response(id), SUCCESS);
    stored::assert_holds_exactly(receiver.output(), &[&ct()]);
}

#[test]
fn a_pdu_of_just_the_agreed_length_is_taken() {
    for max_pdu in [4096, 16_384, 131_072] {
        let receiver = Receiver::start(&format!("--max-pdu {max_pdu}"));
        let mut peer = Peer::ready(receiver.port());
        let id = peer.begin(&ct());
        peer.try_send_data(&ct().data, true, max_pdu - 6)
            .expect("the receiver reads");
        assert_eq!(peer.store_response(id), SUCCESS);
        stored::assert_holds_exactly(receiver.output(), &[&ct()]);
    }
}

#[test]
fn a_pdv_longer_than_its_pdu_is_aborted() {
    for length in [1000, 0x7FFF_FFFF, u32::MAX] {
        let bytes = pdu(
            wire::P_DATA,
            &wire::pdv_claiming(1, DATA, length, &[0; 100]),
        );
        misdeed(in_mid_object(&bytes), is_provider_abort);
    }
}

#[test]
fn a_pdv_without_room_for_its_own_header_is_aborted() {
    for length in [0, 1] {
        let bytes = pdu(wire::P_DATA, &wire::pdv_claiming(1, DATA, length, &[]));
        misdeed(in_mid_object(&bytes), is_provider_abort);
    }
}

#[test]
fn a_pdu_that_ends_inside_a_pdv_header_is_aborted() {
    let mut body = pdv(1, DATA, &[0; 100]);
    body.extend([0, 0, 0]);
    misdeed(in_mid_object(&pdu(wire::P_DATA, &body)), is_provider_abort);
}

#[test]
fn a_release_request_or_abort_of_wrong_length_does_no_harm() {
    for kind in [wire::RELEASE_RQ, wire::ABORT] {
        for length in [0, 3, 5000] {
            let receiver = Receiver::start(OPTIONS);
            let answer = on_association(&pdu(kind, &vec![0; length]))(receiver.port());
            assert_ne!(
                answer,
                Incoming::Silence,
                "PDU type {kind} with {length} bytes"
            );
            assert_unharmed(&receiver);
        }
    }
}

#[test]
fn data_without_a_command_is_aborted() {
    misdeed(
        on_association(&p_data(1, DATA_LAST, &ct().data[..1000])),
        is_abort,
    );
}

#[test]
fn a_context_that_was_never_proposed_is_aborted() {
    misdeed(
        on_association(&p_data(99, COMMAND_LAST, &store_command(WITH_DATA_SET))),
        is_abort,
    );
}

#[test]
fn data_on_another_context_than_its_command_is_aborted() {
    misdeed(in_mid_object(&p_data(3, DATA_LAST, &[0; 100])), is_abort);
}

#[test]
fn a_context_that_was_refused_is_of_no_use() {
    let receiver = Receiver::start("");
    let request = AssociateRq::for_class("1.2.3.4", EXPLICIT);
    let (mut peer, _) = Peer::associate_some(receiver.port(), &request);
    let outcome = peer.store(&ct());
    assert!(
        matches!(&outcome, Outcome::Broken(answer) if is_abort(answer)),
        "{outcome:?}"
    );
    assert_unharmed(&receiver);
}

#[test]
fn a_store_request_without_a_data_set_fails() {
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    peer.send(&p_data(1, COMMAND_LAST, &store_command(NO_DATA_SET)));
    match peer.store_response(1) {
        Outcome::Status(status) => assert!(is_failure(status), "status {status:04X}"),
        Outcome::Broken(answer) => assert!(is_abort(&answer), "{answer:?}"),
    }
    receiver.assert_complained();
    assert_unharmed(&receiver);
}

#[test]
fn a_command_in_place_of_the_data_set_is_aborted() {
    misdeed(
        in_mid_object(&p_data(1, COMMAND_LAST, &store_command(WITH_DATA_SET))),
        is_abort,
    );
}

#[test]
fn a_response_to_nothing_is_aborted() {
    let response = wire::command(&[
        (element::COMMAND_FIELD, wire::us(wire::C_STORE_RSP)),
        (element::MESSAGE_ID_RESPONDED, wire::us(1)),
        (element::DATA_SET_TYPE, wire::us(NO_DATA_SET)),
        (element::STATUS, wire::us(0)),
    ]);
    misdeed(
        on_association(&p_data(1, COMMAND_LAST, &response)),
        is_abort,
    );
}

#[test]
fn a_malformed_command_set_is_aborted() {
    let mut overrun = store_command(WITH_DATA_SET);
    overrun.extend([0, 0, 0, 0x10, 0xFF, 0xFF, 0xFF, 0x7F, b'1']);
    let cut = store_command(WITH_DATA_SET)[..50].to_vec();
    for bytes in [overrun, cut, Vec::new(), b"no command set at all".to_vec()] {
        misdeed(on_association(&p_data(1, COMMAND_LAST, &bytes)), is_abort);
    }
}

#[test]
fn a_command_set_without_end_is_aborted() {
    let fragment = wire::command_element(0x9000, &[b'x'; 10_000]);
    let endless: Vec<u8> = (0..100)
        .flat_map(|_| p_data(1, COMMAND, &fragment))
        .collect();
    misdeed(on_association(&endless), |a| {
        is_abort(a) || *a == Incoming::Closed
    });
}

#[test]
fn an_unsupported_command_is_answered_and_the_association_lives_on() {
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    for data_set_type in [NO_DATA_SET, WITH_DATA_SET] {
        let id = peer.next_message_id();
        let find = wire::other_rq(C_FIND_RQ, id, CT, data_set_type);
        peer.send(&p_data(1, COMMAND_LAST, &find));
        if data_set_type == WITH_DATA_SET {
            peer.send(&p_data(1, DATA, b"identif"));
            peer.send(&p_data(1, DATA_LAST, b"ier"));
        }
        let response = peer.response().expect("a response");
        assert_eq!(
            response.number(element::STATUS),
            Some(UNRECOGNIZED_OPERATION)
        );
        assert_eq!(
            response.number(element::COMMAND_FIELD),
            Some(C_FIND_RQ | 0x8000)
        );
        assert_eq!(response.number(element::MESSAGE_ID_RESPONDED), Some(id));
    }
    assert_eq!(peer.echo(), Ok(0));
    assert_eq!(peer.store(&ct()), SUCCESS);
    peer.release();
    stored::assert_holds_exactly(receiver.output(), &[&ct()]);
}

#[test]
fn a_request_for_a_normalised_service_is_answered_as_well() {
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    let action = wire::command(&[
        (element::REQUESTED_SOP_CLASS, wire::ui(CT.as_bytes())),
        (element::COMMAND_FIELD, wire::us(wire::N_ACTION_RQ)),
        (element::MESSAGE_ID, wire::us(9)),
        (element::DATA_SET_TYPE, wire::us(NO_DATA_SET)),
    ]);
    peer.send(&p_data(1, COMMAND_LAST, &action));
    let response = peer.response().expect("a response");
    assert_eq!(
        response.number(element::STATUS),
        Some(UNRECOGNIZED_OPERATION)
    );
    assert_eq!(
        response.number(element::COMMAND_FIELD),
        Some(wire::N_ACTION_RQ | 0x8000)
    );
    peer.release();
}

#[test]
fn a_cancel_request_has_no_answer_and_does_no_harm() {
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    let cancel = wire::command(&[
        (element::COMMAND_FIELD, wire::us(wire::C_CANCEL_RQ)),
        (element::MESSAGE_ID_RESPONDED, wire::us(1)),
        (element::DATA_SET_TYPE, wire::us(NO_DATA_SET)),
    ]);
    peer.send(&p_data(1, COMMAND_LAST, &cancel));
    assert_eq!(peer.echo(), Ok(0));
    peer.release();
}

fn is_failure(status: u16) -> bool {
    status != 0 && !matches!(status, 0xB000..=0xBFFF | 0x0001 | 0x0107 | 0x0116)
}

// --- Names that would lead astray -----------------------------------------------------------------

#[test]
fn an_instance_uid_that_cannot_be_a_name_is_refused_and_the_association_lives_on() {
    let long = "1".repeat(1000);
    let sixty_five = "1".repeat(65);
    let uids = [
        "../../../etc/cron.d/evil",
        "/etc/cron.d/evil",
        "1.2/3",
        "1.2\0.3",
        "1.2\n3",
        "1.2\u{7f}3",
        &sixty_five,
        &long,
    ];
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    for uid in uids {
        assert_eq!(
            peer.store(&Object::ct(uid, 100_000)),
            INVALID_INSTANCE,
            "{uid:?}"
        );
        receiver.assert_complained();
    }
    assert_eq!(peer.store(&ct()), SUCCESS);
    peer.release();
    stored::assert_holds_exactly(receiver.output(), &[&ct()]);
}

#[test]
fn a_store_request_that_names_no_instance_fails() {
    let receiver = Receiver::start(OPTIONS);
    match Peer::ready(receiver.port()).store(&Object::ct("", 100_000)) {
        Outcome::Status(status) => assert!(is_failure(status), "status {status:04X}"),
        Outcome::Broken(answer) => assert!(is_abort(&answer), "{answer:?}"),
    }
    assert_unharmed(&receiver);
}

#[test]
fn dots_alone_stay_inside_the_directory() {
    let receiver = Receiver::start(OPTIONS);
    let dots = Object::ct("..", 2000);
    let outcome = Peer::ready(receiver.port()).store(&dots);
    let expected: &[&Object] = if outcome == SUCCESS { &[&dots] } else { &[] };
    stored::assert_holds_exactly(receiver.output(), expected);
    let parent = receiver
        .output()
        .parent()
        .expect("the output directory has a parent");
    assert_eq!(stored::final_names(parent), ["out", "stderr"]);
}

#[test]
fn a_class_uid_that_would_lead_astray_leads_nowhere() {
    let receiver = Receiver::start("--promiscuous --landing-memory 16M");
    for class in ["../../evil", "1.2/3", "1.2\n3"] {
        let evil = Object {
            class: class.to_owned(),
            ..ct()
        };
        let mut peer = Peer::ready(receiver.port());
        peer.store(&evil);
        stored::assert_no_leftovers(receiver.output());
        for name in stored::final_names(receiver.output()) {
            assert!(name.ends_with(".2.25.400"), "{name}");
        }
    }
    let parent = receiver
        .output()
        .parent()
        .expect("the output directory has a parent");
    assert_eq!(stored::final_names(parent), ["out", "stderr"]);
    store_once(receiver.port(), &ct());
}

#[test]
fn refused_objects_give_their_memory_back() {
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::ready(receiver.port());
    for _ in 0..REPETITIONS {
        assert_eq!(peer.store(&Object::ct("1/2", 300_000)), INVALID_INSTANCE);
    }
    assert_unharmed(&receiver);
}

// --- Peers that break off -------------------------------------------------------------------------

#[test]
fn peers_that_vanish_in_mid_object_leave_nothing_and_give_their_memory_back() {
    let receiver = Receiver::start(OPTIONS);
    let object = Object::ct("2.25.400", 3 << 20);
    for round in 0..REPETITIONS {
        let mut peer = Peer::ready(receiver.port());
        peer.begin(&object);
        peer.send_data(&object.data[..=round * 40_000], false);
        match round % 3 {
            0 => peer.send(&pdu(wire::ABORT, &[0; 4])),
            1 => peer.half_close(),
            _ => {}
        }
    }
    assert_unharmed(&receiver);
}

#[test]
fn a_peer_that_stops_inside_a_header_leaves_nothing() {
    let receiver = Receiver::start(OPTIONS);
    let whole = p_data(1, DATA_LAST, &ct().data[..10_000]);
    for sent in 1..13 {
        let mut peer = Peer::ready(receiver.port());
        peer.begin(&ct());
        peer.send(&whole[..sent]);
    }
    assert_unharmed(&receiver);
}

#[test]
fn a_release_in_mid_object_stores_nothing() {
    let receiver = Receiver::start(OPTIONS);
    let answer = in_mid_object(&pdu(wire::RELEASE_RQ, &[0; 4]))(receiver.port());
    assert!(
        is_abort(&answer) || answer == Incoming::Released,
        "{answer:?}"
    );
    assert_unharmed(&receiver);
}

#[test]
fn a_peer_that_does_not_wait_for_its_response_does_no_harm() {
    let receiver = Receiver::start(OPTIONS);
    for _ in 0..REPETITIONS {
        let mut peer = Peer::ready(receiver.port());
        peer.begin(&ct());
        peer.send_data(&ct().data, true);
    }
    let honest = Object::ct("2.25.1", 100_000);
    store_once(receiver.port(), &honest);
    stored::assert_no_leftovers(receiver.output());
    assert!(
        stored::files(receiver.output())
            .iter()
            .all(|f| f.holds(&ct()) || f.holds(&honest))
    );
}

// --- Odd, but to be taken -------------------------------------------------------------------------

/// Stores an object by sending these PDUs after the association is there, and checks that it was
/// taken as it is.
fn assert_taken(object: &Object, pdus: &[u8]) {
    let receiver = Receiver::start(OPTIONS);
    let request = AssociateRq::for_class(&object.class, &object.syntax);
    let mut peer = Peer::associate(receiver.port(), &request);
    peer.send(pdus);
    assert_eq!(peer.store_response(1), SUCCESS);
    peer.release();
    stored::assert_holds_exactly(receiver.output(), &[object]);
}

fn command_for(object: &Object) -> Vec<u8> {
    wire::store_rq(
        1,
        object.class.as_bytes(),
        object.instance.as_bytes(),
        WITH_DATA_SET,
    )
}

fn fragments(data: &[u8], bytes: usize) -> impl Iterator<Item = (u8, &[u8])> {
    let count = data.len().div_ceil(bytes);
    data.chunks(bytes)
        .enumerate()
        .map(move |(index, part)| (if index + 1 == count { DATA_LAST } else { DATA }, part))
}

#[test]
fn fragments_of_odd_length_are_taken() {
    let object = Object::ct("2.25.400", 30_000);
    for bytes in [1, 3, 777, 4095] {
        let mut stream = p_data(1, COMMAND_LAST, &command_for(&object));
        for (control, part) in fragments(&object.data, bytes) {
            stream.extend(p_data(1, control, part));
        }
        assert_taken(&object, &stream);
    }
}

#[test]
fn a_deflated_data_set_of_odd_length_is_taken() {
    for bytes in [1, 999, 40_001] {
        let data = ct().data[..bytes].to_vec();
        let object = Object {
            syntax: DEFLATED.to_owned(),
            data,
            ..ct()
        };
        let mut stream = p_data(1, COMMAND_LAST, &command_for(&object));
        for (control, part) in fragments(&object.data, 10_000) {
            stream.extend(p_data(1, control, part));
        }
        assert_taken(&object, &stream);
    }
}

#[test]
fn command_and_data_in_one_pdu_are_taken() {
    let object = Object::ct("2.25.400", 10_000);
    let mut body = pdv(1, COMMAND_LAST, &command_for(&object));
    body.extend(pdv(1, DATA_LAST, &object.data));
    assert_taken(&object, &pdu(wire::P_DATA, &body));
}

#[test]
fn a_command_in_pieces_and_many_fragments_in_one_pdu_are_taken() {
    let object = Object::ct("2.25.400", 10_000);
    let command = command_for(&object);
    let mut body = Vec::new();
    for byte in &command[..command.len() - 1] {
        body.extend(pdv(1, COMMAND, &[*byte]));
    }
    body.extend(pdv(1, COMMAND_LAST, &command[command.len() - 1..]));
    for (control, part) in fragments(&object.data, 100) {
        body.extend(pdv(1, control, part));
    }
    assert_taken(&object, &pdu(wire::P_DATA, &body));
}

#[test]
fn empty_fragments_are_taken_wherever_they_come() {
    let object = Object::ct("2.25.400", 10_000);
    let mut stream = p_data(1, COMMAND, b"");
    stream.extend(p_data(1, COMMAND_LAST, &command_for(&object)));
    stream.extend(p_data(1, DATA, b""));
    stream.extend(p_data(1, DATA, &object.data));
    stream.extend(p_data(1, DATA, b""));
    stream.extend(p_data(1, DATA_LAST, b""));
    assert_taken(&object, &stream);
}

#[test]
fn a_stream_that_drips_byte_by_byte_is_taken() {
    let object = Object::ct("2.25.400", 2_000);
    let receiver = Receiver::start(OPTIONS);
    let mut peer = Peer::connect(receiver.port()).expect("a connection");
    let drip = |peer: &mut Peer, bytes: &[u8]| bytes.iter().for_each(|byte| peer.send(&[*byte]));
    drip(&mut peer, &AssociateRq::default().encode());
    assert!(matches!(peer.receive(), Incoming::Accepted(_)));
    drip(&mut peer, &p_data(1, COMMAND_LAST, &command_for(&object)));
    drip(&mut peer, &p_data(1, DATA_LAST, &object.data));
    assert_eq!(peer.store_response(1), SUCCESS);
    stored::assert_holds_exactly(receiver.output(), &[&object]);
}

#[test]
fn any_calling_title_is_welcome_and_both_are_echoed() {
    let receiver = Receiver::start("--aetitle OURS");
    for calling in ["X", "SIXTEEN CHARS AE", "with'quote"] {
        let request = AssociateRq {
            calling: calling.to_owned(),
            called: "WHOEVER".to_owned(),
            ..AssociateRq::default()
        };
        let (peer, accepted) = Peer::associate_some(receiver.port(), &request);
        assert_eq!(
            accepted.ae_titles,
            ("WHOEVER".to_owned(), calling.to_owned())
        );
        peer.release();
    }
}

#[test]
fn patient_data_never_reaches_the_log_at_info() {
    let receiver = Receiver::start(OPTIONS);
    store_once(receiver.port(), &ct());
    let _ = Peer::ready(receiver.port()).store(&Object::ct("1/2", 3000));
    receiver.wait_for_log("Received Store Request");
    assert!(!receiver.log().contains("SECRET"), "{}", receiver.log());
}

#[test]
fn a_peer_that_only_connects_delays_nobody() {
    let receiver = Receiver::start(OPTIONS);
    let silent: Vec<_> = (0..50).map(|_| Peer::connect(receiver.port())).collect();
    let started = std::time::Instant::now();
    assert_unharmed(&receiver);
    // Well before the receiver gives up on any of them (30 s).
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "took {:?}",
        started.elapsed()
    );
    drop(silent);
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::table::Action::{Aa1, Aa7, Aa8, Ae7, Ae8};
use super::table::{Event as TableEvent, Next, State, cell};
use super::*;
use crate::dimse::{EchoRq, FailureStatus, Response, Status, StoreOutcome, StoreRq};
use crate::pdu::ContextOutcome::{
    AbstractSyntaxNotSupported, Acceptance, TransferSyntaxesNotSupported,
};
use crate::pdu::{
    APPLICATION_CONTEXT, Abort, AbortReason, AbortSource, AssociateAc, AssociateRj, AssociateRq,
    MessageControl, Pdu, PduType, Pdv, ProposedContext, RejectReason, RejectResult,
    UserInformation,
};
use crate::value::{AeTitle, PresentationContextId, Uid};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
const STORE_CONTEXT: PresentationContextId = PresentationContextId(1);
const ECHO_CONTEXT: PresentationContextId = PresentationContextId(3);
const ARTIM: Duration = Duration::from_secs(30);

/// The proof of these tests, in the place of the store's receipt.
struct Proof;

fn policy() -> Policy {
    Policy {
        max_pdu_bytes: 16384,
        accept_all: false,
        promiscuous: false,
        operations_max: 1,
    }
}

fn timeouts() -> Timeouts {
    Timeouts {
        acse: ARTIM,
        dimse: Some(Duration::from_secs(20)),
        socket: Some(Duration::from_secs(60)),
    }
}

fn acceptor(now: Instant) -> Acceptor<Proof> {
    Acceptor::new(Arc::new(policy()), timeouts(), now)
}

fn request() -> AssociateRq {
    let context = |id, abstract_syntax: &str| ProposedContext {
        id,
        abstract_syntax: Uid::from(abstract_syntax),
        transfer_syntaxes: vec![Uid::from(IMPLICIT_LE), Uid::from(EXPLICIT_LE)],
    };
    AssociateRq {
        protocol_version: 1,
        called_ae_title: AeTitle::new("PDVAULT").expect("legal"),
        calling_ae_title: AeTitle::new("TESTER").expect("legal"),
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![
            context(STORE_CONTEXT, CT),
            context(ECHO_CONTEXT, crate::registry::VERIFICATION),
        ],
        user_information: UserInformation {
            maximum_length: 16384,
            ..Default::default()
        },
    }
}

fn bytes(pdu: &Pdu) -> Vec<u8> {
    let mut out = Vec::new();
    pdu.encode(&mut out).expect("test PDUs are short");
    out
}

fn pdv(context: PresentationContextId, command: bool, last: bool, fragment: &[u8]) -> Pdv {
    Pdv {
        context,
        control: MessageControl::new(command, last),
        fragment: fragment.to_vec(),
    }
}

fn store_command(instance: &str) -> Vec<u8> {
    store_command_of(Uid::from(instance), true)
}

fn store_command_of(sop_instance: Uid, has_data_set: bool) -> Vec<u8> {
    let request = StoreRq {
        message_id: 7,
        sop_class: Uid::from(CT),
        sop_instance,
        priority: 0,
        has_data_set,
        move_originator: None,
    };
    let mut out = Vec::new();
    request.encode(&mut out);
    out
}

fn echo_command() -> Vec<u8> {
    let mut out = Vec::new();
    let sop_class = Uid::from(crate::registry::VERIFICATION);
    EchoRq {
        message_id: 9,
        sop_class,
        has_data_set: false,
    }
    .encode(&mut out);
    out
}

fn p_data(pdvs: Vec<Pdv>) -> Vec<u8> {
    bytes(&Pdu::PData(pdvs))
}

fn command_pdu(command: &[u8]) -> Vec<u8> {
    p_data(vec![pdv(STORE_CONTEXT, true, true, command)])
}

/// Plays the driver: gives what is needed, keeps the payload, answers what must be answered.
struct Driver {
    acceptor: Acceptor<Proof>,
    now: Instant,
    events: Vec<Event>,
    payload: Vec<u8>,
    answers: bool,
}

impl Driver {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            acceptor: acceptor(now),
            now,
            events: vec![],
            payload: vec![],
            answers: true,
        }
    }

    fn established() -> Self {
        let mut driver = Self::new();
        driver.give(&bytes(&Pdu::AssociateRq(request())));
        assert_eq!(driver.acceptor.state(), State::Established);
        driver.sent();
        driver.events.clear();
        driver
    }

    /// Gives bytes of the stream; returns those that are not wanted yet.
    fn give<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            self.drain();
            let used = match self.acceptor.need() {
                Need::Nothing => return bytes,
                Need::Drain => {
                    self.acceptor.drained(bytes.len());
                    bytes.len()
                }
                need if bytes.is_empty() => {
                    assert_ne!(need, Need::Nothing);
                    return bytes;
                }
                need => self.give_piece(need, bytes),
            };
            bytes = &bytes[used..];
            if used == 0 {
                return bytes;
            }
        }
    }

    fn give_piece(&mut self, need: Need, bytes: &[u8]) -> usize {
        let payload = self.acceptor.payload_needed().min(bytes.len());
        if payload == 0 {
            return self.acceptor.received_control(bytes, self.now);
        }
        if need == Need::Payload {
            self.payload.extend(&bytes[..payload]);
        }
        self.acceptor.received_payload(payload, self.now);
        payload
    }

    fn drain(&mut self) {
        while let Some(event) = self.acceptor.poll_event() {
            match &event {
                Event::Requested if self.answers => self.acceptor.accept(self.now),
                Event::ObjectLanded(token) if self.answers => {
                    self.acceptor
                        .complete(*token, &StoreOutcome::Stored(Proof), self.now);
                }
                _ => {}
            }
            self.events.push(event);
        }
    }

    /// What was sent since the last call, as PDUs.
    fn sent(&mut self) -> Vec<Pdu> {
        let mut bytes = self.acceptor.output();
        let mut pdus = Vec::new();
        while !bytes.is_empty() {
            let length = u32::from_be_bytes(bytes[2..6].try_into().expect("4 bytes")) as usize;
            pdus.push(Pdu::decode(bytes[0], &bytes[6..6 + length]).expect("we send valid PDUs"));
            bytes = &bytes[6 + length..];
        }
        let n = self.acceptor.output().len();
        self.acceptor.sent(n, self.now);
        pdus
    }

    fn sent_kinds(&mut self) -> Vec<PduType> {
        self.sent().iter().map(Pdu::kind).collect()
    }
}

fn response(pdu: &Pdu) -> Response {
    let Pdu::PData(pdvs) = pdu else {
        panic!("no P-DATA-TF: {pdu:?}")
    };
    let command: Vec<u8> = pdvs.iter().flat_map(|pdv| pdv.fragment.clone()).collect();
    Response::decode(&command).expect("we send valid command sets")
}

fn abort_of(driver: &mut Driver) -> Abort {
    match driver.sent().as_slice() {
        [.., Pdu::Abort(abort)] => *abort,
        other => panic!("no A-ABORT at the end of {other:?}"),
    }
}

// The table, cell by cell.

/// The states that the acceptor of this association can be in. Sta4, Sta5 belong to a requestor;
/// Sta7 and Sta9 to Sta12 to a side that asks for the release, which we never do.
const REACHABLE: [State; 6] = [
    State::Idle,
    State::AwaitingAssociateRq,
    State::AwaitingAssociateResponse,
    State::Established,
    State::AwaitingReleaseResponse,
    State::AwaitingTransportClose,
];

/// An acceptor that has come to this state by a conversation.
fn driver_in(state: State) -> Driver {
    let mut driver = Driver::new();
    driver.answers = state != State::AwaitingAssociateResponse;
    match state {
        State::Idle => driver.acceptor.connection_closed(driver.now),
        State::AwaitingAssociateRq => {}
        State::AwaitingAssociateResponse => {
            driver.give(&bytes(&Pdu::AssociateRq(request())));
        }
        State::Established => driver = Driver::established(),
        State::AwaitingReleaseResponse => {
            // A store that awaits its response holds the release up; two operations may be open.
            driver.acceptor = Acceptor::new(
                Arc::new(Policy {
                    operations_max: 2,
                    ..policy()
                }),
                timeouts(),
                driver.now,
            );
            driver.give(&bytes(&Pdu::AssociateRq(request())));
            driver.answers = false;
            driver.give(&command_pdu(&store_command("1.2.3")));
            driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
            driver.give(&bytes(&Pdu::ReleaseRq));
        }
        State::AwaitingTransportClose => {
            driver = Driver::established();
            driver.give(&bytes(&Pdu::ReleaseRq));
        }
        other => panic!("{other} is not reachable"),
    }
    driver.drain();
    driver.sent();
    assert_eq!(driver.acceptor.state(), state);
    driver
}

/// Raises an event; `false` where nothing in this state can raise it.
fn raise(driver: &mut Driver, event: TableEvent) -> bool {
    let now = driver.now;
    let rejection = AssociateRj {
        result: RejectResult::Permanent,
        reason: RejectReason::NoReasonGiven,
    };
    let acceptance = AssociateAc {
        protocol_version: 1,
        called_ae_title: request().called_ae_title,
        calling_ae_title: request().calling_ae_title,
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![],
        user_information: UserInformation::default(),
    };
    let abort = Abort {
        source: AbortSource::ServiceUser,
    };
    let pdu = match event {
        TableEvent::AssociateAc => bytes(&Pdu::AssociateAc(acceptance)),
        TableEvent::AssociateRj => bytes(&Pdu::AssociateRj(rejection)),
        TableEvent::AssociateRq => bytes(&Pdu::AssociateRq(request())),
        TableEvent::PData => command_pdu(&store_command("1.2.3")),
        TableEvent::ReleaseRq => bytes(&Pdu::ReleaseRq),
        TableEvent::ReleaseRp => bytes(&Pdu::ReleaseRp),
        TableEvent::Abort => bytes(&Pdu::Abort(abort)),
        TableEvent::InvalidPdu => vec![0x42, 0, 0, 0, 0, 4, 0, 0, 0, 0],
        TableEvent::AcceptResponse => {
            let is_due = driver.acceptor.request().is_some();
            driver.acceptor.accept(now);
            return is_due;
        }
        TableEvent::RejectResponse => {
            let is_due = driver.acceptor.request().is_some();
            driver.acceptor.reject(Rejection::LocalLimit, now);
            return is_due;
        }
        TableEvent::ReleaseResponse | TableEvent::DataRequest => {
            let landed = driver.events.iter().find_map(|event| match event {
                Event::ObjectLanded(token) => Some(*token),
                _ => None,
            });
            let Some(token) = landed else { return false };
            driver
                .acceptor
                .complete(token, &StoreOutcome::Stored(Proof), now);
            return true;
        }
        TableEvent::AbortRequest => {
            driver.acceptor.shut_down(now);
            return true;
        }
        TableEvent::TransportClosed => {
            driver.acceptor.connection_closed(now);
            return true;
        }
        TableEvent::ArtimExpired => {
            driver.acceptor.expired(now + ARTIM);
            return true;
        }
        TableEvent::AssociateRequest
        | TableEvent::TransportConfirm
        | TableEvent::TransportIndication
        | TableEvent::ReleaseRequest => return false,
    };
    driver.give(&pdu).is_empty()
}

#[test]
fn acceptor_does_what_table_9_10_says_for_every_event_in_every_state() {
    let mut cells = 0;
    for state in REACHABLE {
        for event in TableEvent::ALL {
            let mut driver = driver_in(state);
            if raise(&mut driver, event) {
                cells += 1;
                driver.drain();
                check_cell(&mut driver, state, event);
            }
        }
    }
    assert_eq!(cells, 62, "cells that can be tried");
}

fn check_cell(driver: &mut Driver, state: State, event: TableEvent) {
    let kinds = driver.sent_kinds();
    let after = driver.acceptor.state();
    let context = format!("{event} in {state}: {after}, sent {kinds:?}");
    let Some((action, next)) = cell(state, event) else {
        // Nothing happens, but that the owner may close what has no peer to abort.
        assert!(kinds.is_empty(), "{context}");
        assert!(
            after == state || event == TableEvent::AbortRequest,
            "{context}"
        );
        return;
    };
    let expected = match (state, event) {
        // Evt6 is followed by the answer, which the driver gives at once.
        (State::AwaitingAssociateRq, TableEvent::AssociateRq) => State::Established,
        // Evt12 is followed by Evt14, Evt9 by Evt14, as nothing holds the release up.
        (State::Established, TableEvent::ReleaseRq)
        | (State::AwaitingReleaseResponse, TableEvent::DataRequest) => {
            State::AwaitingTransportClose
        }
        _ => match next {
            Next::Always(next) | Next::Either(next, _) => next,
        },
    };
    assert_eq!(after, expected, "{context}");
    let sends = |kind| kinds.contains(&kind);
    match action {
        Aa1 | Aa7 | Aa8 => assert_eq!(kinds, [PduType::Abort], "{context}"),
        Ae7 => assert!(sends(PduType::AssociateAc), "{context}"),
        Ae8 => assert!(sends(PduType::AssociateRj), "{context}"),
        _ => assert!(
            !sends(PduType::Abort) && !sends(PduType::AssociateRj),
            "{context}"
        ),
    }
    let is_waiting = matches!(
        after,
        State::AwaitingTransportClose | State::AwaitingAssociateRq
    );
    assert!(
        driver.acceptor.deadline().is_some() || !is_waiting,
        "ARTIM must run: {context}"
    );
    assert_eq!(
        driver.acceptor.is_closed(),
        after == State::Idle,
        "{context}"
    );
}

// Conversations.

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
const RECORDED: &[u8] = include_bytes!("fixtures/dcmtk_storescu.bin");

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

// Failures.

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

// Negotiation.

#[test]
fn own_ranking_decides_about_the_transfer_syntax() {
    let (reply, agreed) = negotiate(&request(), &policy()).expect("accepted");
    let chosen: Vec<&str> = reply
        .presentation_contexts
        .iter()
        .map(|context| context.transfer_syntax.as_str())
        .collect();
    assert_eq!(chosen, [EXPLICIT_LE, EXPLICIT_LE]);
    assert_eq!(agreed.contexts.len(), 2);
    assert_eq!(reply.called_ae_title, request().called_ae_title);
    assert_eq!(reply.calling_ae_title, request().calling_ae_title);
}

#[test]
fn refused_contexts_say_what_was_not_supported() {
    let jpeg = "1.2.840.10008.1.2.4.50";
    let find = "1.2.840.10008.5.1.4.1.2.2.1";
    let unknown = "1.2.3.4.5";
    let outcome = |abstract_syntax: &str, syntax: &str, policy: &Policy| {
        let mut request = request();
        request.presentation_contexts = vec![ProposedContext {
            id: PresentationContextId(5),
            abstract_syntax: Uid::from(abstract_syntax),
            transfer_syntaxes: vec![Uid::from(syntax)],
        }];
        let (reply, _) = negotiate(&request, policy).expect("accepted");
        reply.presentation_contexts[0].result
    };
    let plain = policy();
    let all = Policy {
        accept_all: true,
        ..policy()
    };
    let promiscuous = Policy {
        promiscuous: true,
        ..policy()
    };
    assert_eq!(outcome(CT, jpeg, &plain), TransferSyntaxesNotSupported);
    assert_eq!(outcome(CT, jpeg, &all), Acceptance);
    assert_eq!(
        outcome(find, IMPLICIT_LE, &plain),
        AbstractSyntaxNotSupported
    );
    assert_eq!(
        outcome(find, IMPLICIT_LE, &promiscuous),
        AbstractSyntaxNotSupported
    );
    assert_eq!(
        outcome(unknown, IMPLICIT_LE, &plain),
        AbstractSyntaxNotSupported
    );
    assert_eq!(outcome(unknown, IMPLICIT_LE, &promiscuous), Acceptance);
}

#[test]
fn requests_that_break_the_rules_are_rejected_or_aborted() {
    let judge = |change: &dyn Fn(&mut AssociateRq)| {
        let mut request = request();
        change(&mut request);
        negotiate(&request, &policy()).expect_err("refused")
    };
    let rejected = |rejection| Refusal::Reject(rejection);
    assert_eq!(
        judge(&|rq| rq.protocol_version = 2),
        rejected(Rejection::ProtocolVersion)
    );
    assert_eq!(
        judge(&|rq| rq.application_context = Uid::from("1.2.3")),
        rejected(Rejection::ApplicationContext)
    );
    assert_eq!(
        judge(&|rq| rq.presentation_contexts.clear()),
        rejected(Rejection::NoPresentationContext)
    );
    for bad in [0, 2, ECHO_CONTEXT.0] {
        let id = PresentationContextId(bad);
        let error = PeerMisbehaved::InvalidContextId(id);
        assert_eq!(
            judge(&|rq| rq.presentation_contexts[0].id = id),
            Refusal::Abort(match bad {
                // The second of the two is the one found out.
                3 => PeerMisbehaved::InvalidContextId(ECHO_CONTEXT),
                _ => error,
            })
        );
    }
}

// Time.

#[test]
fn silent_connection_is_closed_by_artim() {
    let mut driver = Driver::new();
    assert_eq!(driver.acceptor.deadline(), Some(driver.now + ARTIM));
    driver.acceptor.expired(
        driver.now
            + (ARTIM
                .checked_sub(Duration::from_nanos(1))
                .expect("positive")),
    );
    assert!(!driver.acceptor.is_closed());
    driver.acceptor.expired(driver.now + ARTIM);
    assert!(driver.acceptor.is_closed());
    let gone = AssociationError::PeerGone(PeerGone::AcseTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn idle_association_is_aborted_after_the_socket_timeout() {
    let mut driver = Driver::established();
    let deadline = driver.now + Duration::from_secs(60);
    assert_eq!(driver.acceptor.deadline(), Some(deadline));
    driver.acceptor.expired(deadline);
    assert_eq!(driver.sent_kinds(), [PduType::Abort]);
    let gone = AssociationError::PeerGone(PeerGone::SocketTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn data_set_that_stops_arriving_is_aborted_after_the_dimse_timeout() {
    let mut driver = Driver::established();
    driver.give(&command_pdu(&store_command("1.2.3")));
    let deadline = driver.now + Duration::from_secs(20);
    assert_eq!(driver.acceptor.deadline(), Some(deadline));
    driver.acceptor.pause_clock();
    assert_eq!(driver.acceptor.deadline(), None, "the wait is ours");
    driver.now += Duration::from_secs(100);
    driver.acceptor.resume_clock(driver.now);
    assert_eq!(
        driver.acceptor.deadline(),
        Some(driver.now + Duration::from_secs(20))
    );
    driver
        .acceptor
        .expired(driver.now + Duration::from_secs(20));
    let gone = AssociationError::PeerGone(PeerGone::DimseTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn no_clock_runs_against_the_peer_while_it_waits_for_us() {
    let mut driver = Driver::established();
    driver.answers = false;
    driver.give(&command_pdu(&store_command("1.2.3")));
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
    assert_eq!(driver.acceptor.deadline(), None);
}

#[test]
fn peer_that_takes_no_response_is_given_up() {
    let mut driver = Driver::established();
    driver.give(&p_data(vec![pdv(
        ECHO_CONTEXT,
        true,
        true,
        &echo_command(),
    )]));
    driver.now += Duration::from_secs(50);
    driver.give(&p_data(vec![pdv(
        ECHO_CONTEXT,
        true,
        true,
        &echo_command(),
    )]));
    driver
        .acceptor
        .expired(driver.now + Duration::from_secs(10));
    let gone = AssociationError::PeerGone(PeerGone::SocketTimeout);
    assert_eq!(
        driver.acceptor.failure(),
        Some(&gone),
        "60 s after the first response was queued"
    );
}

#[test]
fn flood_of_requests_whose_responses_are_not_read_is_not_read_either() {
    let mut driver = Driver::established();
    let echo = p_data(vec![pdv(ECHO_CONTEXT, true, true, &echo_command())]);
    let flood: Vec<u8> = echo
        .iter()
        .copied()
        .cycle()
        .take(echo.len() * 5000)
        .collect();
    let left = driver.give(&flood).len();
    assert!(left > 0, "reading stops");
    assert!(
        driver.acceptor.output().len() < 66 * 1024,
        "output is bounded"
    );
    driver.sent();
    assert_ne!(
        driver.acceptor.need(),
        Need::Nothing,
        "and goes on once the peer reads"
    );
}

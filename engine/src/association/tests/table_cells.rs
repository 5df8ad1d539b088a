use super::*;

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
pub(super) fn driver_in(state: State) -> Driver {
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
            driver = Driver::with_window(2);
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
pub(super) fn raise(driver: &mut Driver, event: TableEvent) -> bool {
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

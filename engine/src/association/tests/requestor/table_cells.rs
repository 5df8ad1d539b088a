use super::*;
use crate::association::table::Action;

/// The states that a requestor can be found in. Sta2, Sta3, Sta10 and Sta12 belong to an acceptor;
/// Sta8 and Sta9 are left at once, as a release of the peer is confirmed without asking.
const REACHABLE: [State; 7] = [
    State::Idle,
    State::AwaitingTransport,
    State::AwaitingAssociateReply,
    State::Established,
    State::AwaitingReleaseRp,
    State::CollisionRequestorAwaitingRp,
    State::AwaitingTransportClose,
];

/// A requestor that has come to this state by a conversation.
fn sender_in(state: State) -> Sender {
    let mut sender = match state {
        State::Idle | State::AwaitingTransport | State::AwaitingAssociateReply => {
            Sender::new(asking(None))
        }
        _ => Sender::established(None),
    };
    let now = sender.now;
    match state {
        State::Idle => sender.requestor.connection_closed(now),
        State::AwaitingAssociateReply => sender.requestor.connected(now),
        State::AwaitingReleaseRp => sender.requestor.release(now),
        State::CollisionRequestorAwaitingRp => {
            sender.requestor.release(now);
            sender.give(&bytes(&Pdu::ReleaseRq));
        }
        State::AwaitingTransportClose => sender.give(&bytes(&Pdu::ReleaseRq)),
        _ => {}
    }
    sender.drain();
    sender.sent();
    assert_eq!(sender.requestor.state(), state);
    sender
}

/// The PDU that is this event.
fn pdu_of(event: TableEvent) -> Option<Vec<u8>> {
    let rejection = AssociateRj {
        result: RejectResult::Permanent,
        reason: RejectReason::NoReasonGiven,
    };
    let abort = Abort {
        source: AbortSource::ServiceUser,
    };
    Some(match event {
        TableEvent::AssociateAc => bytes(&Pdu::AssociateAc(acceptance(None))),
        TableEvent::AssociateRj => bytes(&Pdu::AssociateRj(rejection)),
        TableEvent::AssociateRq => bytes(&Pdu::AssociateRq(request())),
        // No whole response, which would be one to nothing.
        TableEvent::PData => p_data(vec![pdv(STORE_CONTEXT, true, false, b"begun")]),
        TableEvent::ReleaseRq => bytes(&Pdu::ReleaseRq),
        TableEvent::ReleaseRp => bytes(&Pdu::ReleaseRp),
        TableEvent::Abort => bytes(&Pdu::Abort(abort)),
        TableEvent::InvalidPdu => vec![0x42, 0, 0, 0, 0, 4, 0, 0, 0, 0],
        _ => return None,
    })
}

/// Raises an event; `false` where nothing in this state can raise it.
fn raise(sender: &mut Sender, event: TableEvent) -> bool {
    let (now, state) = (sender.now, sender.requestor.state());
    if let Some(pdu) = pdu_of(event) {
        let is_connected = !matches!(state, State::Idle | State::AwaitingTransport);
        if is_connected {
            sender.give(&pdu);
        }
        return is_connected;
    }
    let requestor = &mut sender.requestor;
    match event {
        TableEvent::TransportConfirm => requestor.connected(now),
        TableEvent::DataRequest if requestor.can_begin() => {
            requestor.echo(ECHO_CONTEXT, now);
        }
        TableEvent::ReleaseRequest => requestor.release(now),
        TableEvent::AbortRequest => requestor.abort(now),
        TableEvent::TransportClosed => requestor.connection_closed(now),
        // Where an answer is awaited, another clock runs, whose end is Evt15.
        TableEvent::ArtimExpired
            if state == State::AwaitingTransportClose || requestor.deadline().is_none() =>
        {
            requestor.expired(now + ARTIM);
        }
        _ => return false,
    }
    sender.drain();
    true
}

#[test]
fn requestor_does_what_table_9_10_says_for_every_event_in_every_state() {
    let mut cells = 0;
    for state in REACHABLE {
        for event in TableEvent::ALL {
            let mut sender = sender_in(state);
            if raise(&mut sender, event) {
                cells += 1;
                check_cell(&mut sender, state, event);
            }
        }
    }
    assert_eq!(cells, 73, "cells that can be tried");
}

/// The PDU that an action sends.
fn sends(action: Action) -> Option<PduType> {
    match action {
        Action::Ae2 => Some(PduType::AssociateRq),
        Action::Dt1 => Some(PduType::PData),
        Action::Ar1 => Some(PduType::ReleaseRq),
        // Both are confirmed at once.
        Action::Ar2 | Action::Ar8 => Some(PduType::ReleaseRp),
        Aa1 | Aa7 | Aa8 => Some(PduType::Abort),
        _ => None,
    }
}

fn check_cell(sender: &mut Sender, state: State, event: TableEvent) {
    let kinds = sender.sent_kinds();
    let after = sender.requestor.state();
    let context = format!("{event} in {state}: {after}, sent {kinds:?}");
    let Some((action, next)) = cell(state, event) else {
        // Nothing happens, but that the owner may close what has no peer to abort.
        assert!(kinds.is_empty(), "{context}");
        let may_close = event == TableEvent::AbortRequest;
        assert!(
            after == state || may_close && after == State::Idle,
            "{context}"
        );
        return;
    };
    let expected = match action {
        // Each is followed by Evt14, for nothing holds the release up.
        Action::Ar2 => State::AwaitingTransportClose,
        Action::Ar8 => State::CollisionRequestorAwaitingRp,
        _ => match next {
            Next::Always(next) | Next::Either(next, _) => next,
        },
    };
    assert_eq!(after, expected, "{context}");
    assert_eq!(kinds, Vec::from_iter(sends(action)), "{context}");
    let is_closed = after == State::Idle;
    assert_eq!(sender.requestor.is_closed(), is_closed, "{context}");
    if after == State::AwaitingTransportClose {
        let deadline = sender.requestor.deadline();
        assert!(deadline.is_some(), "ARTIM must run: {context}");
    }
}

#[test]
fn every_end_but_release_and_rejection_is_a_failure_that_is_told_once() {
    for state in REACHABLE {
        for event in TableEvent::ALL {
            let mut sender = sender_in(state);
            let was_over = matches!(state, State::Idle | State::AwaitingTransportClose);
            sender.events.clear();
            if !raise(&mut sender, event) || was_over {
                continue;
            }
            sender.requestor.connection_closed(sender.now);
            sender.drain();
            let ends = sender.events.iter().filter(|event| {
                matches!(
                    event,
                    RequestorEvent::Released
                        | RequestorEvent::Rejected(_)
                        | RequestorEvent::Failed(_)
                )
            });
            assert_eq!(ends.count(), 1, "{event} in {state}: {:?}", sender.events);
        }
    }
}

//! PS3.8 Table 9-10 as data: what the state machine does for each event in each state.
//!
//! All 19 events and 13 states are here, the requestor's too. A cell without an entry is an event
//! that cannot occur in that state; whoever raises it has a bug, or is a service user out of turn.

use std::fmt;

/// A state of the protocol machine (PS3.8 Tables 9-1 to 9-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Sta1: no association.
    Idle = 1,
    /// Sta2: the transport connection is open, an A-ASSOCIATE-RQ is awaited.
    AwaitingAssociateRq,
    /// Sta3: the local user is to accept or reject.
    AwaitingAssociateResponse,
    /// Sta4: the transport connection is being opened.
    AwaitingTransport,
    /// Sta5: an A-ASSOCIATE-AC or A-ASSOCIATE-RJ is awaited.
    AwaitingAssociateReply,
    /// Sta6: the association is established, data may be transferred.
    Established,
    /// Sta7: an A-RELEASE-RP is awaited.
    AwaitingReleaseRp,
    /// Sta8: the local user is to answer a release.
    AwaitingReleaseResponse,
    /// Sta9: release collision, requestor's side; the local user is to answer.
    CollisionRequestorAwaitingResponse,
    /// Sta10: release collision, acceptor's side; an A-RELEASE-RP is awaited.
    CollisionAcceptorAwaitingRp,
    /// Sta11: release collision, requestor's side; an A-RELEASE-RP is awaited.
    CollisionRequestorAwaitingRp,
    /// Sta12: release collision, acceptor's side; the local user is to answer.
    CollisionAcceptorAwaitingResponse,
    /// Sta13: the association is over, the transport connection is to be closed by the peer.
    AwaitingTransportClose,
}

impl State {
    /// Every state, in the order of the standard.
    pub const ALL: [Self; 13] = [
        Self::Idle,
        Self::AwaitingAssociateRq,
        Self::AwaitingAssociateResponse,
        Self::AwaitingTransport,
        Self::AwaitingAssociateReply,
        Self::Established,
        Self::AwaitingReleaseRp,
        Self::AwaitingReleaseResponse,
        Self::CollisionRequestorAwaitingResponse,
        Self::CollisionAcceptorAwaitingRp,
        Self::CollisionRequestorAwaitingRp,
        Self::CollisionAcceptorAwaitingResponse,
        Self::AwaitingTransportClose,
    ];
}

impl fmt::Display for State {
    /// Shows the standard's label, such as `Sta6`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sta{}", *self as u8)
    }
}

/// An event of the protocol machine (PS3.8 Table 9-10, first column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Event {
    /// Evt1: the local user requests an association.
    AssociateRequest = 1,
    /// Evt2: the transport connection that was asked for is open.
    TransportConfirm,
    /// Evt3: an A-ASSOCIATE-AC PDU arrived.
    AssociateAc,
    /// Evt4: an A-ASSOCIATE-RJ PDU arrived.
    AssociateRj,
    /// Evt5: a transport connection came in.
    TransportIndication,
    /// Evt6: an A-ASSOCIATE-RQ PDU arrived.
    AssociateRq,
    /// Evt7: the local user accepts the association.
    AcceptResponse,
    /// Evt8: the local user rejects the association.
    RejectResponse,
    /// Evt9: the local user sends data.
    DataRequest,
    /// Evt10: a P-DATA-TF PDU arrived.
    PData,
    /// Evt11: the local user requests a release.
    ReleaseRequest,
    /// Evt12: an A-RELEASE-RQ PDU arrived.
    ReleaseRq,
    /// Evt13: an A-RELEASE-RP PDU arrived.
    ReleaseRp,
    /// Evt14: the local user answers a release.
    ReleaseResponse,
    /// Evt15: the local user aborts.
    AbortRequest,
    /// Evt16: an A-ABORT PDU arrived.
    Abort,
    /// Evt17: the transport connection was closed.
    TransportClosed,
    /// Evt18: the ARTIM timer ran out.
    ArtimExpired,
    /// Evt19: an unrecognized or invalid PDU arrived.
    InvalidPdu,
}

impl Event {
    /// Every event, in the order of the standard.
    pub const ALL: [Self; 19] = [
        Self::AssociateRequest,
        Self::TransportConfirm,
        Self::AssociateAc,
        Self::AssociateRj,
        Self::TransportIndication,
        Self::AssociateRq,
        Self::AcceptResponse,
        Self::RejectResponse,
        Self::DataRequest,
        Self::PData,
        Self::ReleaseRequest,
        Self::ReleaseRq,
        Self::ReleaseRp,
        Self::ReleaseResponse,
        Self::AbortRequest,
        Self::Abort,
        Self::TransportClosed,
        Self::ArtimExpired,
        Self::InvalidPdu,
    ];
}

impl fmt::Display for Event {
    /// Shows the standard's label, such as `Evt10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evt{}", *self as u8)
    }
}

/// An action of the protocol machine (PS3.8 Tables 9-6 to 9-9), under the standard's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// AE-1: open the transport connection.
    Ae1,
    /// AE-2: send A-ASSOCIATE-RQ.
    Ae2,
    /// AE-3: confirm the association as accepted.
    Ae3,
    /// AE-4: confirm the association as rejected, close the transport connection.
    Ae4,
    /// AE-5: answer the transport connection, start ARTIM.
    Ae5,
    /// AE-6: stop ARTIM; indicate the association, or reject it at once.
    Ae6,
    /// AE-7: send A-ASSOCIATE-AC.
    Ae7,
    /// AE-8: send A-ASSOCIATE-RJ, start ARTIM.
    Ae8,
    /// DT-1: send P-DATA-TF.
    Dt1,
    /// DT-2: indicate data.
    Dt2,
    /// AR-1: send A-RELEASE-RQ.
    Ar1,
    /// AR-2: indicate the release.
    Ar2,
    /// AR-3: confirm the release, close the transport connection.
    Ar3,
    /// AR-4: send A-RELEASE-RP, start ARTIM.
    Ar4,
    /// AR-5: stop ARTIM.
    Ar5,
    /// AR-6: indicate data.
    Ar6,
    /// AR-7: send P-DATA-TF.
    Ar7,
    /// AR-8: indicate the release (collision).
    Ar8,
    /// AR-9: send A-RELEASE-RP.
    Ar9,
    /// AR-10: confirm the release.
    Ar10,
    /// AA-1: send A-ABORT as the service user, start ARTIM.
    Aa1,
    /// AA-2: stop ARTIM, close the transport connection.
    Aa2,
    /// AA-3: indicate the abort, close the transport connection.
    Aa3,
    /// AA-4: indicate a provider abort.
    Aa4,
    /// AA-5: stop ARTIM.
    Aa5,
    /// AA-6: ignore the PDU.
    Aa6,
    /// AA-7: send A-ABORT.
    Aa7,
    /// AA-8: send A-ABORT as the service provider, indicate the abort, start ARTIM.
    Aa8,
}

/// The state after an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Always this one.
    Always(State),
    /// The first, or the second where the action says so: AE-6 rejects at once, AR-8 is the
    /// acceptor's.
    Either(State, State),
}

/// What Table 9-10 has for `event` in `state`; `None` where the cell is empty.
pub const fn cell(state: State, event: Event) -> Option<(Action, Next)> {
    TABLE[event as usize - 1][state as usize - 1]
}

type Cell = Option<(Action, Next)>;

#[expect(clippy::unnecessary_wraps, reason = "it makes cells")]
const fn to(action: Action, state: State) -> Cell {
    Some((action, Next::Always(state)))
}

use State::{
    AwaitingAssociateReply as S5, AwaitingAssociateResponse as S3, AwaitingAssociateRq as S2,
    AwaitingReleaseResponse as S8, AwaitingReleaseRp as S7, AwaitingTransport as S4,
    AwaitingTransportClose as S13, CollisionAcceptorAwaitingResponse as S12,
    CollisionAcceptorAwaitingRp as S10, CollisionRequestorAwaitingResponse as S9,
    CollisionRequestorAwaitingRp as S11, Established as S6, Idle as S1,
};

// The cells that many rows share.
const NONE: Cell = None;
const AA1: Cell = to(Action::Aa1, S13);
const AA2: Cell = to(Action::Aa2, S1);
const AA3: Cell = to(Action::Aa3, S1);
const AA4: Cell = to(Action::Aa4, S1);
const AA5: Cell = to(Action::Aa5, S1);
const AA6: Cell = to(Action::Aa6, S13);
const AA7: Cell = to(Action::Aa7, S13);
const AA8: Cell = to(Action::Aa8, S13);
const AE1: Cell = to(Action::Ae1, S4);
const AE2: Cell = to(Action::Ae2, S5);
const AE3: Cell = to(Action::Ae3, S6);
const AE4: Cell = to(Action::Ae4, S1);
const AE5: Cell = to(Action::Ae5, S2);
const AE6: Cell = Some((Action::Ae6, Next::Either(S3, S13)));
const AE7: Cell = to(Action::Ae7, S6);
const AE8: Cell = to(Action::Ae8, S13);
const AR3: Cell = to(Action::Ar3, S1);
const AR4: Cell = to(Action::Ar4, S13);
const AR8: Cell = Some((Action::Ar8, Next::Either(S9, S10)));

/// Rows are Evt1 to Evt19, columns Sta1 to Sta13.
#[rustfmt::skip]
static TABLE: [[Cell; 13]; 19] = [
    //         Sta1  Sta2  Sta3  Sta4  Sta5  Sta6                  Sta7                  Sta8                  Sta9                   Sta10                   Sta11 Sta12 Sta13
    /* Evt1 */ [AE1,  NONE, NONE, NONE, NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt2 */ [NONE, NONE, NONE, AE2,  NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt3 */ [NONE, AA1,  AA8,  NONE, AE3,  AA8,                  AA8,                  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA6],
    /* Evt4 */ [NONE, AA1,  AA8,  NONE, AE4,  AA8,                  AA8,                  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA6],
    /* Evt5 */ [AE5,  NONE, NONE, NONE, NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt6 */ [NONE, AE6,  AA8,  NONE, AA8,  AA8,                  AA8,                  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA7],
    /* Evt7 */ [NONE, NONE, AE7,  NONE, NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt8 */ [NONE, NONE, AE8,  NONE, NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt9 */ [NONE, NONE, NONE, NONE, NONE, to(Action::Dt1, S6),  NONE,                 to(Action::Ar7, S8),  NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt10 */[NONE, AA1,  AA8,  NONE, AA8,  to(Action::Dt2, S6),  to(Action::Ar6, S7),  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA6],
    /* Evt11 */[NONE, NONE, NONE, NONE, NONE, to(Action::Ar1, S7),  NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, NONE],
    /* Evt12 */[NONE, AA1,  AA8,  NONE, AA8,  to(Action::Ar2, S8),  AR8,                  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA6],
    /* Evt13 */[NONE, AA1,  AA8,  NONE, AA8,  AA8,                  AR3,                  AA8,                  AA8,                   to(Action::Ar10, S12),  AR3,  AA8,  AA6],
    /* Evt14 */[NONE, NONE, NONE, NONE, NONE, NONE,                 NONE,                 AR4,                  to(Action::Ar9, S11),  NONE,                   NONE, AR4,  NONE],
    /* Evt15 */[NONE, NONE, AA1,  AA2,  AA1,  AA1,                  AA1,                  AA1,                  AA1,                   AA1,                    AA1,  AA1,  NONE],
    /* Evt16 */[NONE, AA2,  AA3,  NONE, AA3,  AA3,                  AA3,                  AA3,                  AA3,                   AA3,                    AA3,  AA3,  AA2],
    /* Evt17 */[NONE, AA5,  AA4,  AA4,  AA4,  AA4,                  AA4,                  AA4,                  AA4,                   AA4,                    AA4,  AA4,  to(Action::Ar5, S1)],
    /* Evt18 */[NONE, AA2,  NONE, NONE, NONE, NONE,                 NONE,                 NONE,                 NONE,                  NONE,                   NONE, NONE, AA2],
    /* Evt19 */[NONE, AA1,  AA8,  NONE, AA8,  AA8,                  AA8,                  AA8,                  AA8,                   AA8,                    AA8,  AA8,  AA7],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_events_stand_in_the_order_of_the_standard() {
        for (index, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(state.to_string(), format!("Sta{}", index + 1));
        }
        for (index, event) in Event::ALL.into_iter().enumerate() {
            assert_eq!(event.to_string(), format!("Evt{}", index + 1));
        }
    }

    #[test]
    fn table_has_the_123_cells_of_the_standard() {
        let filled = |event: Event| {
            State::ALL
                .into_iter()
                .filter(|&state| cell(state, event).is_some())
                .count()
        };
        let per_event: Vec<usize> = Event::ALL.into_iter().map(filled).collect();
        assert_eq!(
            per_event,
            [
                1, 1, 11, 11, 1, 11, 1, 1, 2, 11, 1, 11, 11, 3, 10, 11, 12, 2, 11
            ]
        );
        assert_eq!(per_event.iter().sum::<usize>(), 123);
    }

    #[test]
    fn every_action_leads_to_the_state_that_its_own_table_names() {
        for event in Event::ALL {
            for state in State::ALL {
                let Some((action, next)) = cell(state, event) else {
                    continue;
                };
                assert!(
                    leads_to(action, state, next),
                    "{event} in {state}: {action:?}, {next:?}"
                );
            }
        }
    }

    /// PS3.8 Tables 9-6 to 9-9, second column: the action's next state.
    fn leads_to(action: Action, from: State, next: Next) -> bool {
        let expected = match action {
            Action::Ae1 => S4,
            Action::Ae2 => S5,
            Action::Ae3 | Action::Ae7 | Action::Dt1 | Action::Dt2 => S6,
            Action::Ae4
            | Action::Ar3
            | Action::Ar5
            | Action::Aa2
            | Action::Aa3
            | Action::Aa4
            | Action::Aa5 => S1,
            Action::Ae5 => S2,
            Action::Ae6 => return next == Next::Either(S3, S13),
            Action::Ar8 => return next == Next::Either(S9, S10),
            Action::Ae8 | Action::Ar4 | Action::Aa1 | Action::Aa6 | Action::Aa7 | Action::Aa8 => {
                S13
            }
            Action::Ar1 | Action::Ar6 => S7,
            Action::Ar2 | Action::Ar7 => S8,
            Action::Ar9 => S11,
            Action::Ar10 => S12,
        };
        // Data that is indicated or sent leaves the state as it is.
        let stays = matches!(
            action,
            Action::Dt1 | Action::Dt2 | Action::Ar6 | Action::Ar7
        );
        next == Next::Always(expected) && (!stays || from == expected)
    }
}

//! What the peer of a requestor has to do, and by when.

use std::time::Instant;

use crate::association::error::PeerGone;
use crate::association::machine::Side;
use crate::association::table::{self, State};

use super::Requestor;

impl Requestor {
    /// When [`Requestor::expired`] is to be called, unless something happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let deadline = self.expectations().map(|(at, _)| at).min();
        self.machine
            .timers
            .artim()
            .into_iter()
            .chain(deadline)
            .min()
    }

    /// Acts on deadlines that have passed.
    pub fn expired(&mut self, now: Instant) {
        if self.machine.timers.artim().is_some_and(|at| at <= now) {
            self.step(table::Event::ArtimExpired, now);
            return;
        }
        let passed = self.expectations().find(|(at, _)| *at <= now);
        if let Some((_, gone)) = passed {
            self.fail(gone, now);
        }
    }

    /// What the peer has to do, and by when.
    fn expectations(&self) -> impl Iterator<Item = (Instant, PeerGone)> {
        let timers = &self.machine.timers;
        let answer = self.awaited_answer();
        let is_sending = !self.outgoing.is_empty() && !self.machine.is_over();
        let response = self.machine.state == State::Established
            && !self.operations.is_empty()
            && self.unprovided.is_none()
            && self.outgoing.is_empty();
        let due = |is_due: bool, at: Option<Instant>, gone| at.filter(|_| is_due).zip(Some(gone));
        [
            due(is_sending, timers.send_deadline(), PeerGone::SocketTimeout),
            answer.and_then(|gone| due(true, timers.answer_deadline(), gone)),
            due(response, timers.response_deadline(), PeerGone::NoResponse),
            due(response, timers.silence_deadline(), PeerGone::SocketTimeout),
        ]
        .into_iter()
        .flatten()
    }

    /// The silence that it is while a PDU of the peer is awaited which it has to send soon.
    fn awaited_answer(&self) -> Option<PeerGone> {
        match self.machine.state {
            State::AwaitingAssociateReply => Some(PeerGone::NoAssociateReply),
            State::AwaitingReleaseRp | State::CollisionRequestorAwaitingRp => {
                Some(PeerGone::NoReleaseReply)
            }
            _ => None,
        }
    }
}

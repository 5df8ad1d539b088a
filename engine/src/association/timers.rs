//! The clocks of an association. Time comes in as an argument; deadlines go out.

use std::time::{Duration, Instant};

/// How long a peer may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the A-ASSOCIATE-RQ and for the peer to close the connection (ARTIM, PS3.8 9.1.5); on the
    /// requesting side also for the answer to a request for an association or its release.
    pub acse: Duration,
    /// For the next bytes of a data set, on the requesting side for the next response; `None` waits
    /// for ever.
    pub dimse: Option<Duration>,
    /// For any bytes at all while it is the peer's turn, and for it to take what we send; `None`
    /// waits for ever.
    pub socket: Option<Duration>,
}

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct Timers {
    timeouts: Timeouts,
    artim: Option<Instant>,
    asked_at: Instant,
    received_at: Instant,
    sent_at: Instant,
    is_paused: bool,
}

impl Timers {
    pub(super) fn new(timeouts: Timeouts, now: Instant) -> Self {
        Self {
            timeouts,
            artim: None,
            asked_at: now,
            received_at: now,
            sent_at: now,
            is_paused: false,
        }
    }

    pub(super) fn start_artim(&mut self, now: Instant) {
        self.artim = now.checked_add(self.timeouts.acse);
    }

    pub(super) fn stop_artim(&mut self) {
        self.artim = None;
    }

    pub(super) fn artim(&self) -> Option<Instant> {
        self.artim
    }

    /// The peer was asked for an association, or for its release.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked_at = now;
    }

    pub(super) fn answer_deadline(&self) -> Option<Instant> {
        self.asked_at.checked_add(self.timeouts.acse)
    }

    pub(super) fn received(&mut self, now: Instant) {
        self.received_at = now;
    }

    pub(super) fn received_at(&self) -> Instant {
        self.received_at
    }

    /// Some output was taken by the peer.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent_at = now;
    }

    /// Output is queued; the clock starts where there was none before.
    pub(super) fn queued(&mut self, was_empty: bool, now: Instant) {
        if was_empty {
            self.sent_at = now;
        }
    }

    pub(super) fn pause(&mut self) {
        self.is_paused = true;
    }

    pub(super) fn resume(&mut self, now: Instant) {
        self.is_paused = false;
        self.received_at = now;
    }

    pub(super) fn send_deadline(&self) -> Option<Instant> {
        self.sent_at.checked_add(self.timeouts.socket?)
    }

    pub(super) fn receive_deadline(&self) -> Option<Instant> {
        self.after_last_byte(self.timeouts.socket)
    }

    pub(super) fn data_set_deadline(&self) -> Option<Instant> {
        self.after_last_byte(self.timeouts.dimse)
    }

    /// When a response is overdue, where a request is the last that was sent.
    pub(super) fn response_deadline(&self) -> Option<Instant> {
        self.after_last_move(self.timeouts.dimse)
    }

    /// When the peer has been silent for too long, though it is its turn.
    pub(super) fn silence_deadline(&self) -> Option<Instant> {
        self.after_last_move(self.timeouts.socket)
    }

    fn after_last_move(&self, timeout: Option<Duration>) -> Option<Instant> {
        self.received_at.max(self.sent_at).checked_add(timeout?)
    }

    fn after_last_byte(&self, timeout: Option<Duration>) -> Option<Instant> {
        if self.is_paused {
            None
        } else {
            self.received_at.checked_add(timeout?)
        }
    }
}

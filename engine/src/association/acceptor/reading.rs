//! What must come next, how much of it, and where it belongs.

use std::time::Instant;

use crate::pdu::framer::{
    ExpectedEnd, FRAGMENT_HEADERS_BYTES, Guess, Need as FramerNeed, ScatterPlan,
};

use super::super::machine::Side;
use super::super::table::State;
use super::messages::{Message, Purpose};
use super::{Acceptor, Need};

/// How many bytes are asked for at a time before the association is established: an
/// A-ASSOCIATE-RQ with many contexts in a few reads.
const ASSOCIATE_READ_BYTES: usize = 16 * 1024;

/// How many bytes are asked for at a time where small objects are expected: several of them, with
/// their commands, in one read. They are copied to their places, which up to 16 KiB
/// costs less than the system calls that it saves.
pub const READ_AHEAD_BYTES: usize = 64 * 1024;

/// A data set up to this length, in bytes, is a small object.
const SMALL_OBJECT_BYTES: usize = 16 * 1024;

/// How many bytes are asked for at the beginning of an association, of whose objects nothing is known
/// yet: a small one and its command. Many associations bring just one. Where it is a large one, this
/// much is copied once.
const FIRST_READ_BYTES: usize = SMALL_OBJECT_BYTES + 1024;

/// How many bytes a peer may leave unread before it is no longer listened to: some 700 responses.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

impl<R> Acceptor<R> {
    /// What must come next.
    pub fn need(&self) -> Need {
        if self.machine.is_deaf() && self.machine.state == State::AwaitingTransportClose {
            return Need::Drain;
        }
        if !self.is_listening() {
            return Need::Nothing;
        }
        match self.machine.framer.need() {
            FramerNeed::Control(needed) if !self.awaits_fragment() => {
                Need::Control(self.control_bytes(needed))
            }
            _ if matches!(
                self.message,
                Message::DataSet(_, Purpose::Store { discard: false, .. })
            ) =>
            {
                Need::Payload
            }
            _ => Need::Discard,
        }
    }

    /// How many bytes to ask for beyond what [`Need::Control`] says, if what comes too early can be
    /// kept: none, or up to [`READ_AHEAD_BYTES`] in all where the next object may be a small one.
    pub fn read_ahead_bytes(&self) -> usize {
        match self.data_set_bytes_last {
            0 => FIRST_READ_BYTES,
            1..=SMALL_OBJECT_BYTES => READ_AHEAD_BYTES,
            _ => 0,
        }
    }

    /// Where the next bytes belong when [`Need::Payload`] or [`Need::Discard`] is asked for, with
    /// room for `room` bytes of payload; beyond what is certain only as `guess` allows. The last
    /// header segment is no longer than [`READ_AHEAD_BYTES`], the others are headers of fragments.
    pub fn plan(&self, room: usize, guess: Guess) -> ScatterPlan {
        let guess = match guess {
            Guess::Freely if self.operations() > 1 => Guess::ToEnd(self.expected_end()),
            guess => guess,
        };
        self.machine.framer.plan(room, guess)
    }

    /// Takes bytes that are no payload. Returns how many were used: fewer than given when an event
    /// is to be seen first, or when the rest is payload.
    pub fn received_control(&mut self, bytes: &[u8], now: Instant) -> usize {
        self.machine.timers.received(now);
        let mut used = 0;
        while self.events.is_empty() && self.is_framing() {
            match self.machine.framer.feed(&bytes[used..]) {
                Ok((n, frame)) => {
                    used += n;
                    self.command_bytes += n;
                    let Some(frame) = frame else { break };
                    self.on_frame(frame, now);
                }
                Err(error) => {
                    self.on_invalid_frame(error, now);
                    // Where frames cannot be told any more, the rest means nothing.
                    used = bytes.len();
                }
            }
        }
        used
    }

    /// Takes note of `n` bytes that were read for [`Need::Drain`]. A peer that goes on and on is not
    /// waited for any longer.
    pub fn drained(&mut self, n: usize) {
        self.machine.drained(n);
    }

    /// How many payload bytes belong to the fragment at hand; 0 when something else comes next.
    pub fn payload_needed(&self) -> usize {
        match self.machine.framer.need() {
            FramerNeed::Payload(n) if self.is_framing() => n,
            _ => 0,
        }
    }

    /// Takes note of `n` payload bytes that are in place, at most [`Acceptor::payload_needed`].
    pub fn received_payload(&mut self, n: usize, now: Instant) {
        self.machine.timers.received(now);
        self.data_set_bytes += n;
        if let Some(frame) = self.machine.framer.landed(n) {
            self.on_frame(frame, now);
        }
    }

    /// Whether bytes of the peer are welcome now.
    pub(super) fn is_listening(&self) -> bool {
        let may_begin =
            self.pending.len() < self.operations() && self.output.bytes().len() < OUTPUT_BYTES_MAX;
        match self.machine.state {
            State::Idle => false,
            State::Established => may_begin || !matches!(self.message, Message::None),
            // Nothing may come while we owe an answer, but for an A-ABORT.
            _ => true,
        }
    }

    /// How many stores may await their response.
    pub(super) fn operations(&self) -> usize {
        let agreed = self.negotiated.as_ref().map(|agreed| agreed.operations);
        agreed.filter(|_| !self.is_winding_down).unwrap_or(1)
    }

    /// Whether the stream still has frames.
    fn is_framing(&self) -> bool {
        !self.machine.is_deaf() && self.is_listening()
    }

    /// Whether the next bytes are a data set's, or the headers of its next fragment.
    fn awaits_fragment(&self) -> bool {
        matches!(self.message, Message::DataSet(..))
            || matches!(self.machine.framer.need(), FramerNeed::Payload(_))
    }

    /// How many bytes to ask for where `needed` are certain. A command is as long as the last, and
    /// the headers behind it come along; so the data set begins at the front of a read of its own.
    fn control_bytes(&self, needed: usize) -> usize {
        match (self.machine.state, &self.message) {
            (State::Established, Message::None) => {
                let expected = self.command_bytes_last.saturating_sub(self.command_bytes);
                needed.max(expected + FRAGMENT_HEADERS_BYTES)
            }
            (State::Established, _) => needed + FRAGMENT_HEADERS_BYTES,
            _ => needed.max(ASSOCIATE_READ_BYTES),
        }
    }

    /// Where the data set at hand ends if it is as long as the last, and what a peer that does not
    /// wait for its response sends next: a command like the last and the headers behind it, or
    /// small objects, as many as can be had.
    fn expected_end(&self) -> ExpectedEnd {
        let command = self.command_bytes_last + FRAGMENT_HEADERS_BYTES;
        ExpectedEnd {
            payload_left: self.data_set_bytes_last.saturating_sub(self.data_set_bytes),
            behind: command.max(self.read_ahead_bytes()).min(READ_AHEAD_BYTES),
        }
    }
}

//! What goes to the peer, in order: our own bytes, which are here, and the payload of operations,
//! which is elsewhere and only counted.

use std::collections::VecDeque;
use std::collections::vec_deque;

use crate::association::output::Output;
use crate::pdu::{MessageControl, Pdu, PduError};
use crate::value::PresentationContextId;

use super::operations::OperationId;

/// The memory for own bytes that an association keeps, in bytes: for the commands and headers of
/// some 250 small objects, twice as many as are provided at once.
const OWN_BYTES_KEPT: usize = 64 * 1024;

/// A part of what is to be sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// These bytes; never empty.
    Own(&'a [u8]),
    /// The next bytes of an operation's data set.
    Payload {
        /// Whose.
        operation: OperationId,
        /// How many; never 0.
        len: usize,
    },
}

/// What is left of one or more whole PDUs: bytes of the output, then payload.
#[derive(Clone, Copy, Debug)]
struct Part {
    own: usize,
    payload: usize,
    /// What the PDUs belong to; `None` for control PDUs.
    operation: Option<OperationId>,
}

impl Part {
    fn payload(&self) -> Option<(OperationId, usize)> {
        let operation = self.operation.filter(|_| self.payload > 0)?;
        Some((operation, self.payload))
    }
}

/// A queue of PDUs. In steady state it allocates nothing.
#[derive(Debug)]
pub(super) struct Outgoing {
    own: Output,
    parts: VecDeque<Part>,
    payload_bytes: usize,
    /// Whether some bytes of the first part were sent.
    is_begun: bool,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self {
            own: Output::new(OWN_BYTES_KEPT),
            parts: VecDeque::new(),
            payload_bytes: 0,
            is_begun: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many bytes of payload are queued.
    pub(super) fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Queues a control PDU; says if one of its values does not fit its length field.
    pub(super) fn push_pdu(&mut self, pdu: &Pdu) -> Result<(), PduError> {
        let before = self.own.bytes().len();
        self.own.push_pdu(pdu)?;
        self.push_part(before, 0, None);
        Ok(())
    }

    /// Queues a command set in fragments of at most `fragment_bytes`.
    pub(super) fn push_command(
        &mut self,
        operation: OperationId,
        context: PresentationContextId,
        command: &[u8],
        fragment_bytes: usize,
    ) {
        let before = self.own.bytes().len();
        self.own.push_command(context, command, fragment_bytes);
        self.push_part(before, 0, Some(operation));
    }

    /// Queues a fragment of a data set, which may be empty.
    pub(super) fn push_fragment(
        &mut self,
        operation: OperationId,
        context: PresentationContextId,
        len: usize,
        is_last: bool,
    ) {
        let before = self.own.bytes().len();
        let control = MessageControl::new(false, is_last);
        self.own.push_headers(context, control, len);
        self.push_part(before, len, Some(operation));
    }

    fn push_part(&mut self, own_before: usize, payload: usize, operation: Option<OperationId>) {
        let own = self.own.bytes().len() - own_before;
        self.payload_bytes += payload;
        self.parts.push_back(Part {
            own,
            payload,
            operation,
        });
    }

    /// The places, own bytes that adjoin in one.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            own: self.own.bytes(),
            parts: self.parts.iter(),
            payload: None,
        }
    }

    /// Forgets the first `n` bytes of all that is queued.
    ///
    /// # Panics
    /// When fewer are queued.
    pub(super) fn sent(&mut self, n: usize) {
        let mut left = n;
        let mut own_sent = 0;
        while left > 0 {
            let part = self.parts.front_mut().expect("more sent than was queued");
            own_sent += take(&mut part.own, &mut left);
            self.payload_bytes -= take(&mut part.payload, &mut left);
            self.is_begun = part.own > 0 || part.payload > 0;
            if !self.is_begun {
                self.parts.pop_front();
            }
        }
        self.own.sent(own_sent);
    }

    /// Whether anything of this operation has not been sent. Operations leave in their order.
    pub(super) fn holds(&self, operation: OperationId) -> bool {
        let first = self.parts.iter().find_map(|part| part.operation);
        first.is_some_and(|first| first <= operation)
    }

    /// Whether bytes of this operation's payload must follow before anything else can.
    pub(super) fn is_within_payload_of(&self, operation: OperationId) -> bool {
        let first = self.parts.front().and_then(Part::payload);
        self.is_begun && first.is_some_and(|(first, _)| first == operation)
    }

    /// Forgets all but the rest of what has been begun.
    pub(super) fn cut(&mut self) {
        self.parts.truncate(usize::from(self.is_begun));
        let rest = self.parts.front();
        self.own.truncate(rest.map_or(0, |part| part.own));
        self.payload_bytes = rest.map_or(0, |part| part.payload);
    }
}

/// Takes from `room` what `left` has, at most; returns how much.
fn take(room: &mut usize, left: &mut usize) -> usize {
    let taken = (*room).min(*left);
    *room -= taken;
    *left -= taken;
    taken
}

/// See [`Outgoing::places`].
#[derive(Clone, Debug)]
pub(super) struct Places<'a> {
    own: &'a [u8],
    parts: vec_deque::Iter<'a, Part>,
    /// Payload that follows the own bytes given last.
    payload: Option<(OperationId, usize)>,
}

impl<'a> Iterator for Places<'a> {
    type Item = Place<'a>;

    fn next(&mut self) -> Option<Place<'a>> {
        let mut own = 0;
        while self.payload.is_none() {
            let Some(part) = self.parts.next() else { break };
            own += part.own;
            self.payload = part.payload();
        }
        if own > 0 {
            let (bytes, rest) = self.own.split_at(own);
            self.own = rest;
            return Some(Place::Own(bytes));
        }
        let (operation, len) = self.payload.take()?;
        Some(Place::Payload { operation, len })
    }
}

//! The incremental framer: where the next bytes of the stream belong (PS3.8 9.3, annex E).
//!
//! The framer sees every header and command byte, and no payload byte at all. Of the payload (the
//! fragments of data sets) it only counts how much has arrived, so that whoever reads the socket
//! can let it land where it will stay. It works on any split of the stream: the same bytes give the
//! same frames, one at a time or a megabyte at once.
//!
//! Driving it: ask [`Framer::need`]. For [`Need::Control`], hand bytes to [`Framer::feed`]; for
//! [`Need::Payload`], put bytes in place and tell [`Framer::landed`] how many. Either may return one
//! [`Frame`]; act on it before going on. After an error the framer is not used again.

use arrayvec::ArrayVec;

use super::{
    AbortReason, CONTROL_PDU_BYTES_MAX, PDU_HEADER_BYTES, PDV_HEADER_BYTES, PduHeader, PduType,
    PdvHeader,
};

/// The headers in front of a fragment that starts a PDU, in bytes.
pub const FRAGMENT_HEADERS_BYTES: usize = PDU_HEADER_BYTES + PDV_HEADER_BYTES;

/// How many bytes a P-DATA-TF PDU may be longer than agreed. Senders differ in whether the PDU's and
/// the PDV's own headers count towards the maximum length; both readings are served.
pub const PDU_LENGTH_TOLERANCE_BYTES: u32 = 12;

/// The most header and payload pairs that one plan guesses: 64 fragments of 16 KiB, the commonest
/// size, fill a landing chunk of 1 MiB.
pub const PLAN_FRAGMENTS_MAX: usize = 64;

/// The most segments of one plan: the rest of a fragment, then pairs, then what follows the data set.
pub const PLAN_SEGMENTS_MAX: usize = 2 * PLAN_FRAGMENTS_MAX + 2;

/// How far a plan guesses beyond the expected end of a data set, in bytes. Behind the true end, the
/// next message may be under way already, and what is read of it by a wrong guess is moved twice:
/// at this length, that costs about as much as the system calls which a longer guess would save.
const GUESS_BEYOND_END_BYTES: usize = 128 * 1024;

/// The memory for command sets that an association keeps, in bytes; a C-STORE-RQ takes about 150.
const BODY_BYTES_KEPT: usize = 1024;

/// The longest body of a PDU that is neither A-ASSOCIATE-RQ, A-ASSOCIATE-AC nor P-DATA-TF
/// (PS3.8 9.3.4, 9.3.6 to 9.3.8: four bytes each).
const FIXED_BODY_BYTES: u32 = 4;

/// What the framer must be given next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// This many bytes at most, through [`Framer::feed`]; 0 only where an empty fragment has begun
    /// and is about to end.
    Control(usize),
    /// This many payload bytes at most, in their place, through [`Framer::landed`]; never 0.
    Payload(usize),
}

/// What a step through the stream has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The header of a PDU is complete; its body has not been read.
    PduBegun(PduType),
    /// A PDU other than P-DATA-TF is complete; its body is [`Framer::body`] until the next step.
    Control(PduType),
    /// The header of a PDV is complete; its fragment has not been read.
    FragmentBegun(PdvHeader),
    /// A fragment is complete. Command bytes collect in [`Framer::body`] until
    /// [`Framer::clear_body`].
    FragmentEnded(PdvHeader),
}

/// A malformed frame. The peer is at fault in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// PS3.8 9.3.1 knows seven types.
    #[error("unrecognized PDU type {0:02X}H")]
    UnrecognizedPdu(u8),
    /// A body longer than the bound of its type.
    #[error("{kind:?} PDU of {length} bytes, at most {max} are accepted")]
    PduTooLong {
        /// The type of the PDU.
        kind: PduType,
        /// Its length field, in bytes.
        length: u32,
        /// The bound, in bytes.
        max: u32,
    },
    /// A PDU without a body; each type has one (PS3.8 9.3.2 to 9.3.8).
    #[error("{0:?} PDU without a body")]
    EmptyPdu(PduType),
    /// A PDV item whose length does not cover context and control byte (PS3.8 9.3.5.1).
    #[error("PDV item of {0} bytes, at least 2 are needed")]
    PdvTooShort(u32),
    /// A PDV item that reaches beyond its PDU, or rest bytes that hold no PDV item.
    #[error("PDV item does not fit in the {left} bytes left of its PDU")]
    PdvBeyondPdu {
        /// What was left of the PDU, in bytes.
        left: usize,
    },
    /// Command fragments that add up to more than a command set can be.
    #[error("command set of {length} bytes or more, at most {max} are accepted")]
    CommandSetTooLong {
        /// The sum of the fragments so far, in bytes.
        length: usize,
        /// The bound, in bytes.
        max: usize,
    },
}

impl FrameError {
    /// The reason that the A-ABORT gives (PS3.8 9.3.8).
    pub fn abort_reason(&self) -> AbortReason {
        match self {
            Self::UnrecognizedPdu(_) => AbortReason::UnrecognizedPdu,
            _ => AbortReason::InvalidPduParameterValue,
        }
    }
}

/// How far a [`ScatterPlan`] may go beyond what is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// As far as there is room: the fastest, and up to all of it must be moved if the guess is wrong.
    Freely,
    /// To the expected end of the data set, for a peer that sends the next message right behind it.
    ToEnd(ExpectedEnd),
    /// No further than the headers of the next fragment.
    HeadersOnly,
}

/// Where a data set is expected to end, and what may be read behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedEnd {
    /// The payload that is left of the data set, in bytes; 0 when it is longer than expected.
    pub payload_left: usize,
    /// The bytes behind the data set for which there is scratch memory.
    pub behind: usize,
}

/// A part of a [`ScatterPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Bytes of headers, for the driver's scratch memory.
    Header(usize),
    /// Bytes of payload, for the landing slot.
    Payload(usize),
}

/// Where the next bytes of the stream should land, in order. The first segment is certain; what
/// follows is a guess that the next PDUs look like the last.
pub type ScatterPlan = ArrayVec<Segment, PLAN_SEGMENTS_MAX>;

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    PduHeader,
    Body {
        kind: PduType,
        left: usize,
    },
    PdvHeader {
        pdu_left: usize,
    },
    Fragment {
        header: PdvHeader,
        left: usize,
        pdu_left: usize,
    },
}

/// See the [module documentation](self).
#[derive(Debug)]
pub struct Framer {
    place: Place,
    /// The first `header_filled` bytes of the header that is being read.
    header: [u8; PDU_HEADER_BYTES],
    header_filled: usize,
    /// A control PDU's body, or the command set so far.
    body: Vec<u8>,
    p_data_bytes_max: u32,
    command_bytes_max: usize,
    /// The size of the last data fragment that filled its PDU, in bytes; 0 before the first.
    fragment_guess: usize,
}

// Both readings of the maximum length differ by the headers of a fragment.
const _: () = assert!(PDU_LENGTH_TOLERANCE_BYTES as usize == FRAGMENT_HEADERS_BYTES);

// One scratch array serves both headers.
const _: () = assert!(PDU_HEADER_BYTES == PDV_HEADER_BYTES);

impl Framer {
    /// A framer at the start of a stream. `p_data_bytes_max` is the maximum length that was
    /// announced (PS3.8 D.1), `command_bytes_max` bounds a command set; both in bytes.
    pub fn new(p_data_bytes_max: u32, command_bytes_max: usize) -> Self {
        Self {
            place: Place::PduHeader,
            header: [0; PDU_HEADER_BYTES],
            header_filled: 0,
            body: Vec::new(),
            p_data_bytes_max,
            command_bytes_max,
            fragment_guess: 0,
        }
    }

    /// What must come next.
    pub fn need(&self) -> Need {
        let header_left = PDU_HEADER_BYTES - self.header_filled;
        match self.place {
            Place::PduHeader | Place::PdvHeader { .. } => Need::Control(header_left),
            Place::Body { left, .. } => Need::Control(left),
            Place::Fragment { header, left, .. } if left == 0 || header.control.is_command() => {
                Need::Control(left)
            }
            Place::Fragment { left, .. } => Need::Payload(left),
        }
    }

    /// The body of the control PDU just completed, or the command set as far as it has arrived.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Forgets the body or command set once it has been read. Memory that only an A-ASSOCIATE PDU
    /// needs is given back; what a command set needs is kept for the next.
    pub fn clear_body(&mut self) {
        self.body.clear();
        self.body.shrink_to(BODY_BYTES_KEPT);
    }

    /// Takes header, body or command bytes from the front of `bytes`; returns how many were used and
    /// the frame that they completed. Uses none when payload is needed. After a frame it is called
    /// again, with what is left, even if that is nothing: a fragment may be empty.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Option<Frame>), FrameError> {
        if let Place::Fragment {
            header,
            left: 0,
            pdu_left,
        } = self.place
        {
            return Ok((0, Some(self.end_fragment(header, pdu_left))));
        }
        let Need::Control(needed) = self.need() else {
            return Ok((0, None));
        };
        let used = needed.min(bytes.len());
        let frame = match self.place {
            Place::PduHeader | Place::PdvHeader { .. } => self.feed_header(&bytes[..used])?,
            Place::Body { kind, left } => {
                self.body.extend_from_slice(&bytes[..used]);
                self.body_advanced(kind, left, used)
            }
            Place::Fragment { .. } => {
                self.body.extend_from_slice(&bytes[..used]);
                self.fragment_advanced(used)
            }
        };
        Ok((used, frame))
    }

    /// Counts `n` payload bytes that have been put in place.
    ///
    /// # Panics
    /// When `n` is more than [`Need::Payload`] asked for.
    pub fn landed(&mut self, n: usize) -> Option<Frame> {
        assert!(
            matches!(self.need(), Need::Payload(max) if n <= max),
            "more payload than needed"
        );
        self.fragment_advanced(n)
    }

    /// Plans a read while a data set is arriving, for a slot with `room` bytes left. Empty only
    /// where payload is needed and there is no room.
    pub fn plan(&self, room: usize, guess: Guess) -> ScatterPlan {
        let mut planner = Planner::new(room, guess);
        match self.place {
            Place::Fragment {
                header,
                left,
                pdu_left,
            } if !header.control.is_command() => {
                let complete = planner.payload(left);
                if complete && header.control.is_last() {
                    planner.behind();
                } else if complete {
                    planner.header(headers_before_next_fragment(pdu_left));
                    planner.guess_fragments(self.fragment_guess);
                }
            }
            Place::PduHeader => {
                planner.header(FRAGMENT_HEADERS_BYTES - self.header_filled);
                planner.guess_fragments(self.fragment_guess);
            }
            Place::PdvHeader { .. } => {
                planner.header(PDV_HEADER_BYTES - self.header_filled);
                planner.guess_fragments(self.fragment_guess);
            }
            Place::Body { left, .. } | Place::Fragment { left, .. } => {
                planner.header(left);
            }
        }
        planner.plan
    }

    fn feed_header(&mut self, bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        let end = self.header_filled + bytes.len();
        self.header[self.header_filled..end].copy_from_slice(bytes);
        self.header_filled = end;
        if end < PDU_HEADER_BYTES {
            return Ok(None);
        }
        self.header_filled = 0;
        match self.place {
            Place::PdvHeader { pdu_left } => self.begin_fragment(pdu_left),
            _ => self.begin_pdu(),
        }
        .map(Some)
    }

    fn begin_pdu(&mut self) -> Result<Frame, FrameError> {
        let PduHeader { kind, length } = PduHeader::decode(self.header);
        let kind = PduType::from_code(kind).ok_or(FrameError::UnrecognizedPdu(kind))?;
        let max = self.body_bytes_max(kind);
        if length > max {
            return Err(FrameError::PduTooLong { kind, length, max });
        }
        let length = length as usize;
        self.place = if kind == PduType::PData {
            check_pdv_fits(length)?;
            Place::PdvHeader { pdu_left: length }
        } else {
            if length == 0 {
                return Err(FrameError::EmptyPdu(kind));
            }
            self.body.clear();
            Place::Body { kind, left: length }
        };
        Ok(Frame::PduBegun(kind))
    }

    fn body_bytes_max(&self, kind: PduType) -> u32 {
        match kind {
            PduType::AssociateRq | PduType::AssociateAc => CONTROL_PDU_BYTES_MAX,
            PduType::PData => self
                .p_data_bytes_max
                .saturating_add(PDU_LENGTH_TOLERANCE_BYTES),
            _ => FIXED_BODY_BYTES,
        }
    }

    fn begin_fragment(&mut self, pdu_left: usize) -> Result<Frame, FrameError> {
        let header = PdvHeader::decode(self.header);
        let left = header
            .fragment_len()
            .ok_or(FrameError::PdvTooShort(header.length))? as usize;
        // `check_pdv_fits` has seen to it that the header itself lies within the PDU.
        let left_after_header = pdu_left - PDV_HEADER_BYTES;
        let pdu_left = left_after_header
            .checked_sub(left)
            .ok_or(FrameError::PdvBeyondPdu {
                left: left_after_header,
            })?;
        if pdu_left > 0 {
            check_pdv_fits(pdu_left)?;
        }
        if header.control.is_command() {
            self.check_command_len(left)?;
        } else if pdu_left == 0 && !header.control.is_last() {
            self.fragment_guess = left;
        }
        self.place = Place::Fragment {
            header,
            left,
            pdu_left,
        };
        Ok(Frame::FragmentBegun(header))
    }

    fn check_command_len(&self, more: usize) -> Result<(), FrameError> {
        let length = self.body.len().saturating_add(more);
        let max = self.command_bytes_max;
        if length > max {
            Err(FrameError::CommandSetTooLong { length, max })
        } else {
            Ok(())
        }
    }

    fn body_advanced(&mut self, kind: PduType, left: usize, n: usize) -> Option<Frame> {
        let left = left - n;
        if left > 0 {
            self.place = Place::Body { kind, left };
            return None;
        }
        self.place = Place::PduHeader;
        Some(Frame::Control(kind))
    }

    fn fragment_advanced(&mut self, n: usize) -> Option<Frame> {
        let Place::Fragment {
            header,
            left,
            pdu_left,
        } = self.place
        else {
            return None;
        };
        let left = left - n;
        self.place = Place::Fragment {
            header,
            left,
            pdu_left,
        };
        if left > 0 {
            None
        } else {
            Some(self.end_fragment(header, pdu_left))
        }
    }

    fn end_fragment(&mut self, header: PdvHeader, pdu_left: usize) -> Frame {
        self.place = if pdu_left == 0 {
            Place::PduHeader
        } else {
            Place::PdvHeader { pdu_left }
        };
        Frame::FragmentEnded(header)
    }
}

/// Checks that a PDV item can begin where `pdu_left` bytes are left of the PDU.
fn check_pdv_fits(pdu_left: usize) -> Result<(), FrameError> {
    if (pdu_left) < PDV_HEADER_BYTES {
        return Err(FrameError::PdvBeyondPdu { left: pdu_left });
    }
    Ok(())
}

/// How many bytes of headers stand between this fragment and the next.
fn headers_before_next_fragment(pdu_left: usize) -> usize {
    if pdu_left == 0 {
        FRAGMENT_HEADERS_BYTES
    } else {
        PDV_HEADER_BYTES
    }
}

/// A plan in the making.
struct Planner {
    plan: ScatterPlan,
    /// The room that is left in the slot, in bytes.
    room: usize,
    /// The payload that is left of the data set, in bytes; `None` where that does not matter.
    expected: Option<usize>,
    /// What may be read behind the data set, in bytes.
    behind: usize,
    may_guess: bool,
}

impl Planner {
    fn new(room: usize, guess: Guess) -> Self {
        let (expected, behind) = match guess {
            Guess::ToEnd(end) => (Some(end.payload_left), end.behind),
            Guess::Freely | Guess::HeadersOnly => (None, 0),
        };
        Self {
            plan: ScatterPlan::new(),
            room,
            expected,
            behind,
            may_guess: guess != Guess::HeadersOnly,
        }
    }

    fn header(&mut self, bytes: usize) {
        self.plan.push(Segment::Header(bytes));
    }

    /// Plans as much of a fragment as there is room for; says whether that is all of it.
    fn payload(&mut self, bytes: usize) -> bool {
        let planned = bytes.min(self.room);
        if planned > 0 {
            self.plan.push(Segment::Payload(planned));
            self.room -= planned;
        }
        if let Some(expected) = &mut self.expected {
            *expected = expected.saturating_sub(planned);
        }
        planned == bytes
    }

    /// Plans what may follow the data set.
    fn behind(&mut self) {
        if self.behind > 0 {
            self.header(self.behind);
        }
    }

    /// Continues a plan that ends with the headers of a fragment: fragments like the last one, up to
    /// the expected end and beyond it. A data set that is longer than expected may end with any of
    /// them.
    fn guess_fragments(&mut self, fragment: usize) {
        if !self.may_guess || fragment == 0 {
            return;
        }
        let (mut left, is_end_known) = match self.expected {
            None => (usize::MAX, false),
            Some(0) => (fragment * (GUESS_BEYOND_END_BYTES / fragment).max(1), false),
            Some(left) => (left, true),
        };
        loop {
            let planned = fragment.min(left);
            if !self.payload(planned) {
                return;
            }
            left -= planned;
            if left == 0 && is_end_known {
                self.behind();
                return;
            }
            if !self.pairs_left() {
                return;
            }
            self.header(FRAGMENT_HEADERS_BYTES);
            if left == 0 {
                return;
            }
        }
    }

    /// Whether another header and its payload fit, and what follows the data set.
    fn pairs_left(&self) -> bool {
        self.plan.remaining_capacity() > 2
    }
}

#[cfg(test)]
mod tests;

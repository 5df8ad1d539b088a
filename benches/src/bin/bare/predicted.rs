//! The fast way in: a message is expected to look like the last one, and read in one go, each part of
//! it to its place. What turns out to look different is handed over as a plain stream of bytes.

use std::io::{self, IoSliceMut, Read};
use std::net::TcpStream;

use arrayvec::ArrayVec;
use pdvault_engine::pdu::{MessageControl, PduHeader, PduType, PdvHeader};
use pdvault_engine::value::PresentationContextId;

/// A PDU header and a PDV header.
pub(crate) const HEADERS_BYTES: usize = 12;

/// What a PDV item counts besides its fragment: context and control header (PS3.8 9.3.5.1).
const COUNTED_BYTES: usize = 2;

/// The most fragments that are expected of one read.
const FRAGMENTS_MAX: usize = 64;

/// The command, and two pieces for each fragment.
const PIECES_MAX: usize = 2 * FRAGMENTS_MAX + 1;

/// What a C-STORE-RQ looks like as a stream: a PDU with the whole command, then PDUs with a fragment
/// of the data set each, of one length but for the last. All in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) context: PresentationContextId,
    /// The first PDU with its headers.
    pub(crate) command: usize,
    /// The payload of a PDU.
    pub(crate) fragment: usize,
    /// The payload of all of them.
    pub(crate) payload: usize,
}

impl Shape {
    /// Where the fragment ends that holds payload byte `done`.
    fn fragment_end(&self, done: usize) -> usize {
        (done - done % self.fragment + self.fragment).min(self.payload)
    }

    /// The headers of the fragment that begins at payload byte `done`.
    fn data_headers(&self, done: usize) -> [u8; HEADERS_BYTES] {
        let end = self.fragment_end(done);
        self.headers(end - done, MessageControl::new(false, end == self.payload))
    }

    fn command_headers(&self) -> [u8; HEADERS_BYTES] {
        self.headers(
            self.command - HEADERS_BYTES,
            MessageControl::new(true, true),
        )
    }

    fn headers(&self, fragment: usize, control: MessageControl) -> [u8; HEADERS_BYTES] {
        let length =
            u32::try_from(fragment + COUNTED_BYTES).expect("it was read from such a field");
        let value = PdvHeader {
            length,
            context: self.context,
            control,
        };
        let pdu = PduHeader {
            kind: PduType::PData.code(),
            length: length + 4,
        };
        let mut headers = [0; HEADERS_BYTES];
        headers[..6].copy_from_slice(&pdu.encode());
        headers[6..].copy_from_slice(&value.encode());
        headers
    }
}

/// Where in the message the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    Command {
        filled: usize,
    },
    Headers {
        slot: usize,
        done: usize,
        filled: usize,
    },
    Payload {
        done: usize,
    },
}

/// What one read brought.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The command is complete.
    pub(crate) command: bool,
    /// So many bytes of payload.
    pub(crate) landed: usize,
    /// The message is complete.
    pub(crate) ended: bool,
    /// The message is different from here on; these are its next bytes.
    pub(crate) spilled: Option<Vec<u8>>,
}

/// A message that is expected.
#[derive(Debug)]
pub(crate) struct Predicted {
    shape: Shape,
    place: Place,
    command: Vec<u8>,
    headers: [[u8; HEADERS_BYTES]; FRAGMENTS_MAX],
}

impl Predicted {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            place: Place::Command { filled: 0 },
            command: vec![0; shape.command],
            headers: [[0; HEADERS_BYTES]; FRAGMENTS_MAX],
        }
    }

    /// What is expected.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// The command set, once it is complete.
    pub(crate) fn command_set(&self) -> &[u8] {
        &self.command[HEADERS_BYTES..]
    }

    /// Reads as far as the message and `room` go. `None`: the peer has closed the connection.
    pub(crate) fn read(
        &mut self,
        mut stream: &TcpStream,
        room: &mut [u8],
    ) -> io::Result<Option<Brought>> {
        let plan = self.plan(room.len());
        let count = stream.read_vectored(&mut self.slices(&plan, room))?;
        Ok((count > 0).then(|| self.walk(&plan, count, room)))
    }

    /// The pieces of one read, each with its length.
    fn plan(&self, mut room: usize) -> ArrayVec<(Place, usize), PIECES_MAX> {
        let (mut plan, mut place, mut slots) = (ArrayVec::new(), self.place, 1..FRAGMENTS_MAX);
        while !plan.is_full() {
            let (length, next) = match place {
                Place::Command { filled } => (self.shape.command - filled, Some(0)),
                Place::Headers { done, filled, .. } => {
                    plan.push((place, HEADERS_BYTES - filled));
                    place = Place::Payload { done };
                    continue;
                }
                Place::Payload { done } => {
                    let end = self.shape.fragment_end(done);
                    let length = (end - done).min(room);
                    room -= length;
                    let goes_on = length == end - done && end < self.shape.payload;
                    (length, goes_on.then_some(end))
                }
            };
            plan.push((place, length));
            let (Some(done), Some(slot)) = (next, slots.next()) else {
                break;
            };
            let filled = 0;
            place = Place::Headers { slot, done, filled };
        }
        plan
    }

    fn slices<'a>(
        &'a mut self,
        plan: &[(Place, usize)],
        mut room: &'a mut [u8],
    ) -> ArrayVec<IoSliceMut<'a>, PIECES_MAX> {
        let mut headers = self.headers.iter_mut();
        let mut command = Some(&mut self.command);
        // Slot 0 is for headers of which a part has been read.
        let mut next_slot = 0;
        let slices = plan.iter().map(|&(place, length)| match place {
            Place::Command { filled } => {
                let command = command.take().expect("it comes once");
                IoSliceMut::new(&mut command[filled..])
            }
            Place::Headers { slot, filled, .. } => {
                let header = headers.nth(slot - next_slot).expect("as many as planned");
                next_slot = slot + 1;
                IoSliceMut::new(&mut header[filled..])
            }
            Place::Payload { .. } => {
                let (piece, rest) = std::mem::take(&mut room).split_at_mut(length);
                room = rest;
                IoSliceMut::new(piece)
            }
        });
        slices.collect()
    }

    /// Goes over `count` bytes that were read as planned.
    fn walk(&mut self, plan: &[(Place, usize)], mut count: usize, room: &[u8]) -> Brought {
        let mut brought = Brought::default();
        for (index, &(place, planned)) in plan.iter().enumerate() {
            let length = planned.min(count);
            let is_expected = self.step(place, length, &mut brought);
            if !is_expected {
                let rest = room[brought.landed..].iter().copied();
                brought.spilled = Some(self.spill(&plan[index..], count, rest));
                return brought;
            }
            count -= length;
            if count == 0 {
                break;
            }
        }
        brought
    }

    /// Takes `length` bytes of one piece. `false` when they are not what was expected.
    fn step(&mut self, place: Place, length: usize, brought: &mut Brought) -> bool {
        match place {
            Place::Command { filled } => {
                let filled = filled + length;
                let seen = filled.min(HEADERS_BYTES);
                if self.command[..seen] != self.shape.command_headers()[..seen] {
                    return false;
                }
                brought.command = filled == self.shape.command;
                self.place = if brought.command {
                    Self::headers_of(0)
                } else {
                    Place::Command { filled }
                };
                true
            }
            Place::Headers { slot, done, filled } => {
                let filled = filled + length;
                self.headers[0] = self.headers[slot];
                self.place = if filled == HEADERS_BYTES {
                    Place::Payload { done }
                } else {
                    Place::Headers {
                        slot: 0,
                        done,
                        filled,
                    }
                };
                self.headers[0][..filled] == self.shape.data_headers(done)[..filled]
            }
            Place::Payload { done } => {
                brought.landed += length;
                self.place = self.after_payload(done, done + length);
                brought.ended = done + length == self.shape.payload;
                true
            }
        }
    }

    fn after_payload(&self, before: usize, done: usize) -> Place {
        if done == self.shape.payload {
            Place::Command { filled: 0 }
        } else if done == self.shape.fragment_end(before) {
            Self::headers_of(done)
        } else {
            Place::Payload { done }
        }
    }

    /// The headers in front of payload byte `done`, of which nothing has been read.
    fn headers_of(done: usize) -> Place {
        Place::Headers {
            slot: 0,
            done,
            filled: 0,
        }
    }

    /// The `count` bytes that were read as these pieces, in order, and what came before of the first.
    fn spill(
        &self,
        plan: &[(Place, usize)],
        mut count: usize,
        mut payload: impl Iterator<Item = u8>,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, &(place, planned)) in plan.iter().enumerate() {
            let length = planned.min(count);
            match place {
                Place::Command { filled } => bytes.extend(&self.command[..filled + length]),
                // The first of them was moved to slot 0 when it was looked at.
                Place::Headers { filled, .. } if index == 0 => {
                    bytes.extend(&self.headers[0][..filled + length]);
                }
                Place::Headers { slot, .. } => bytes.extend(&self.headers[slot][..length]),
                Place::Payload { .. } => bytes.extend(payload.by_ref().take(length)),
            }
            count -= length;
        }
        bytes
    }
}

//! What comes in, message by message: as predicted, or step by step where nothing can be.

use std::io::{self, Read};
use std::net::TcpStream;

use pdvault_engine::dimse::{COMMAND_SET_BYTES_MAX, Request, StoreRq};
use pdvault_engine::pdu::framer::{Frame, Framer, Need};
use pdvault_engine::pdu::{PduType, PdvHeader};
use pdvault_engine::value::PresentationContextId;

use crate::answer::MAX_PDU_BYTES;
use crate::predicted::{HEADERS_BYTES, Predicted, Shape};

/// The most that is read at a time while step by step, in bytes.
const STEP_BYTES: usize = 4096;

/// What has arrived.
#[derive(Debug)]
pub(crate) enum Arrived {
    /// The peer has closed the connection.
    Closed,
    /// A PDU without data, and its body.
    Control(PduType, Vec<u8>),
    /// Something of an object.
    Object(Part),
}

/// A part of an object.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// It begins.
    pub(crate) begun: Option<(PresentationContextId, StoreRq)>,
    /// So much of it has landed, in bytes.
    pub(crate) landed: usize,
    /// It is complete.
    pub(crate) ended: bool,
}

/// A connection's receiving side.
#[derive(Debug)]
pub(crate) struct Inbound<'a> {
    stream: &'a TcpStream,
    predicted: Option<Predicted>,
    framer: Framer,
    /// Bytes that were read where they don't belong, and how many of them are used.
    spilled: Vec<u8>,
    used: usize,
    /// What the present message looks like so far, if its beginning was seen.
    shape: Option<Shape>,
}

impl<'a> Inbound<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        Self {
            stream,
            predicted: None,
            framer: Framer::new(MAX_PDU_BYTES, COMMAND_SET_BYTES_MAX),
            spilled: Vec::new(),
            used: 0,
            shape: None,
        }
    }

    /// Waits for something to arrive; payload goes to the front of `room`.
    pub(crate) fn next(&mut self, room: &mut [u8]) -> io::Result<Arrived> {
        let Some(predicted) = &mut self.predicted else {
            return self.step_by_step(room);
        };
        let Some(brought) = predicted.read(self.stream, room)? else {
            return Ok(Arrived::Closed);
        };
        let mut part = Part {
            begun: None,
            landed: brought.landed,
            ended: brought.ended,
        };
        if brought.command {
            let request = store_request(predicted.command_set())?;
            part.begun = Some((predicted.shape().context, request));
        }
        if let Some(bytes) = brought.spilled {
            (self.spilled, self.used) = (bytes, 0);
            self.predicted = None;
            self.shape = None;
        }
        Ok(Arrived::Object(part))
    }

    fn step_by_step(&mut self, room: &mut [u8]) -> io::Result<Arrived> {
        loop {
            let frame = match self.framer.need() {
                Need::Payload(length) => {
                    let length = length.min(room.len());
                    let landed = self.take(&mut room[..length])?;
                    if landed == 0 {
                        return Ok(Arrived::Closed);
                    }
                    if let Some(shape) = &mut self.shape {
                        shape.payload += landed;
                    }
                    let ended = match self.framer.landed(landed) {
                        Some(Frame::FragmentEnded(header)) => self.fragment_ended(header),
                        _ => false,
                    };
                    return Ok(Arrived::Object(Part {
                        begun: None,
                        landed,
                        ended,
                    }));
                }
                Need::Control(length) => {
                    let mut bytes = [0; STEP_BYTES];
                    let length = length.min(STEP_BYTES);
                    let count = self.take(&mut bytes[..length])?;
                    if count == 0 && length > 0 {
                        return Ok(Arrived::Closed);
                    }
                    let (_, frame) = self
                        .framer
                        .feed(&bytes[..count])
                        .map_err(io::Error::other)?;
                    frame
                }
            };
            if let Some(arrived) = frame.map_or(Ok(None), |frame| self.act_on(frame))? {
                return Ok(arrived);
            }
        }
    }

    fn act_on(&mut self, frame: Frame) -> io::Result<Option<Arrived>> {
        match frame {
            Frame::Control(kind) => {
                let body = self.framer.body().to_vec();
                self.framer.clear_body();
                Ok(Some(Arrived::Control(kind, body)))
            }
            Frame::FragmentEnded(header) if header.control.is_command() => {
                if !header.control.is_last() {
                    return Ok(None);
                }
                let begun = Some((header.context, store_request(self.framer.body())?));
                self.shape = Some(Shape {
                    context: header.context,
                    command: HEADERS_BYTES + self.framer.body().len(),
                    fragment: 0,
                    payload: 0,
                });
                self.framer.clear_body();
                Ok(Some(Arrived::Object(Part {
                    begun,
                    ..Part::default()
                })))
            }
            Frame::FragmentEnded(header) => {
                let ended = self.fragment_ended(header);
                Ok(Some(Arrived::Object(Part {
                    ended,
                    ..Part::default()
                })))
            }
            Frame::PduBegun(_) | Frame::FragmentBegun(_) => Ok(None),
        }
    }

    /// Whether the object ends with this fragment of it. Then the next is expected to look alike, if
    /// nothing of it was read already.
    fn fragment_ended(&mut self, header: PdvHeader) -> bool {
        let is_last = header.control.is_last();
        if let Some(shape) = &mut self.shape {
            if shape.fragment == 0 {
                shape.fragment = shape.payload;
            }
            if is_last && shape.payload > 0 && self.used == self.spilled.len() {
                self.predicted = Some(Predicted::new(*shape));
            }
        }
        is_last
    }

    /// Fills `out` from what was spilled or else from the socket, as far as one read goes.
    fn take(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = &self.spilled[self.used..];
        if left.is_empty() {
            return self.stream.read(out);
        }
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.used += count;
        Ok(count)
    }
}

fn store_request(command_set: &[u8]) -> io::Result<StoreRq> {
    match Request::decode(command_set) {
        Ok(Request::Store(request)) => Ok(request),
        Ok(_) => Err(io::Error::other("not a C-STORE-RQ")),
        Err(error) => Err(io::Error::other(error)),
    }
}

//! An association over a blocking socket that says exactly what it is told to, right or wrong.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use pdvault_engine::dimse::{Response, Status, StatusCategory, StoreRq};
use pdvault_engine::pdu::{
    Abort, AbortSource, AssociateAc, AssociateRq, ContextOutcome, MessageControl, PDU_HEADER_BYTES,
    PDV_HEADER_BYTES, Pdu, PduHeader, Pdv,
};
use pdvault_engine::value::{PresentationContextId, Uid};

use crate::corpus::Object;

/// How long a receiver may be silent before a fault is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest PDU that is believed, in bytes: responses and A-ASSOCIATE-AC are far shorter.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// The longest PDU that is sent to a receiver that sets no limit, in bytes.
const PDU_BYTES_UNLIMITED: usize = 128 << 10;

/// The shortest limit that is believed, in bytes: fragments have to have some.
const PDU_BYTES_MIN: usize = 1024;

/// What the receiver did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Acknowledged,
    Status(Status),
    Aborted,
    Closed,
    Silent,
    /// Not even an association for the object.
    Refused,
    /// Something that has no place here.
    Unexpected,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Acknowledged => "acknowledged",
            Self::Status(status) => return write!(f, "status 0x{:04X}", status.0),
            Self::Aborted => "aborted by the receiver",
            Self::Closed => "connection closed",
            Self::Silent => "no answer",
            Self::Refused => "association refused",
            Self::Unexpected => "answered with something else",
        })
    }
}

impl From<io::Error> for Outcome {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::Silent,
            ErrorKind::InvalidData => Self::Unexpected,
            _ => Self::Closed,
        }
    }
}

/// See the [module documentation](self).
pub(super) struct Conversation {
    stream: TcpStream,
    context: PresentationContextId,
    /// The longest P-DATA-TF PDU that the receiver takes, in bytes.
    pub(super) pdu_bytes: usize,
    message_id: u16,
}

impl Conversation {
    /// Opens an association over a stream, for objects of one presentation context.
    pub(super) fn open(
        stream: TcpStream,
        request: AssociateRq,
        context: PresentationContextId,
    ) -> Result<Self, Outcome> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut conversation = Self {
            stream,
            context,
            pdu_bytes: PDU_BYTES_UNLIMITED,
            message_id: 0,
        };
        conversation.send(&Pdu::AssociateRq(request))?;
        match conversation.receive()? {
            Pdu::AssociateAc(reply) if accepts(&reply, context) => {
                let max = reply.user_information.maximum_length as usize;
                if max > 0 {
                    conversation.pdu_bytes = max.max(PDU_BYTES_MIN);
                }
                Ok(conversation)
            }
            _ => Err(Outcome::Refused),
        }
    }

    /// The command that an object follows.
    pub(super) fn begin(&mut self, object: &Object) -> Result<(), Outcome> {
        self.message_id += 1;
        let request = StoreRq {
            message_id: self.message_id,
            sop_class: Uid::from(object.template().sop_class()),
            sop_instance: Uid::from(object.sop_instance()),
            priority: 0,
            has_data_set: true,
            move_originator: None,
        };
        let mut command = Vec::new();
        request.encode(&mut command);
        let control = MessageControl::new(true, true);
        Ok(self.send_fragment(control, command)?)
    }

    /// A part of the data set, in PDUs of at most `pdu_bytes`; the end of it ends the data set.
    pub(super) fn send_part(
        &mut self,
        object: &Object,
        part: Range<u64>,
        pdu_bytes: usize,
    ) -> Result<(), Outcome> {
        let mut offset = part.start;
        while offset < part.end {
            let room = (pdu_bytes - PDV_HEADER_BYTES) as u64;
            let end = part.end.min(offset + room);
            let is_last = end == object.data_set_bytes();
            let fragment = bytes_of(object, offset..end);
            self.send_fragment(MessageControl::new(false, is_last), fragment)?;
            offset = end;
        }
        Ok(())
    }

    /// The first half of the first PDU of the data set.
    pub(super) fn send_half_pdu(&mut self, object: &Object) -> Result<(), Outcome> {
        let room = (self.pdu_bytes - PDV_HEADER_BYTES) as u64;
        let fragment = bytes_of(object, 0..room.min(object.data_set_bytes()));
        let pdu = self.encode(MessageControl::new(false, false), fragment)?;
        Ok(self.stream.write_all(&pdu[..pdu.len() / 2])?)
    }

    fn send_fragment(&mut self, control: MessageControl, fragment: Vec<u8>) -> io::Result<()> {
        let bytes = self.encode(control, fragment)?;
        self.stream.write_all(&bytes)
    }

    fn encode(&self, control: MessageControl, fragment: Vec<u8>) -> io::Result<Vec<u8>> {
        encoded(&Pdu::PData(vec![Pdv {
            context: self.context,
            control,
            fragment,
        }]))
    }

    pub(super) fn abort(&mut self) -> Result<(), Outcome> {
        Ok(self.send(&Pdu::Abort(Abort {
            source: AbortSource::ServiceUser,
        }))?)
    }

    /// The response to an object, or what came instead.
    pub(super) fn response(&mut self) -> Outcome {
        match self.receive() {
            Ok(Pdu::PData(values)) => {
                let command: Vec<u8> = values.into_iter().flat_map(|pdv| pdv.fragment).collect();
                Response::decode(&command).map_or(Outcome::Unexpected, |response| {
                    match response.status.category() {
                        StatusCategory::Success | StatusCategory::Warning => Outcome::Acknowledged,
                        _ => Outcome::Status(response.status),
                    }
                })
            }
            Ok(Pdu::Abort(_)) => Outcome::Aborted,
            Ok(_) => Outcome::Unexpected,
            Err(error) => error.into(),
        }
    }

    /// Ends the association in good order, if the receiver goes along.
    pub(super) fn release(mut self) {
        if self.send(&Pdu::ReleaseRq).is_ok() {
            // What comes instead of the response changes nothing any more.
            let _ = self.receive();
        }
    }

    /// Waits until the receiver closes the connection.
    pub(super) fn wait_for_end(&mut self) -> Outcome {
        let mut buffer = [0; 256];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Outcome::Closed,
                Ok(_) => {}
                Err(error) => return error.into(),
            }
        }
    }

    fn send(&mut self, pdu: &Pdu) -> io::Result<()> {
        self.stream.write_all(&encoded(pdu)?)
    }

    /// The next PDU, read byte by byte if the window is that small.
    fn receive(&mut self) -> io::Result<Pdu> {
        let mut header = [0; PDU_HEADER_BYTES];
        self.stream.read_exact(&mut header)?;
        let PduHeader { kind, length } = PduHeader::decode(header);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > REPLY_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Pdu::decode(kind, &body).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

fn accepts(reply: &AssociateAc, context: PresentationContextId) -> bool {
    let mut results = reply.presentation_contexts.iter();
    results.any(|result| result.id == context && result.result == ContextOutcome::Acceptance)
}

fn bytes_of(object: &Object, range: Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offset = range.start;
    while offset < range.end {
        let piece = object.piece(offset);
        let left = usize::try_from(range.end - offset).unwrap_or(usize::MAX);
        let piece = &piece[..piece.len().min(left)];
        bytes.extend_from_slice(piece);
        offset += piece.len() as u64;
    }
    bytes
}

fn encoded(pdu: &Pdu) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pdu.encode(&mut bytes)
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    Ok(bytes)
}

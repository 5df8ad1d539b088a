//! One association, from the sender's side, over a blocking socket.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use pdvault_benches::object::{self, DataSet, INSTANCE_UID_BYTES};
use pdvault_engine::dimse::{Response, Status};
use pdvault_engine::pdu::{
    AsynchronousOperations, ContextOutcome, PDU_HEADER_BYTES, PDV_HEADER_BYTES, Pdu, PduHeader,
};

/// How long a receiver may take to start listening.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest PDU that is believed, in bytes: responses and A-ASSOCIATE-AC are far shorter.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// The smallest fragments are still longer than what changes from object to object.
const PDU_BYTES_MIN: usize = 4096;

/// An object on the wire.
pub(crate) struct Message {
    bytes: Vec<u8>,
    /// Where the instance UID stands: in the command set and in the data set.
    uids: Vec<usize>,
    /// What changes lies in front of this.
    head_len: usize,
}

impl Message {
    /// The data set in PDUs of at most `pdu_bytes`.
    pub(crate) fn new(data_set: &DataSet, pdu_bytes: usize) -> Self {
        let uid = &data_set.bytes[data_set.instance_uid.clone()];
        let instance = String::from_utf8_lossy(uid);
        let bytes = object::message(&instance, &data_set.bytes, pdu_bytes.max(PDU_BYTES_MIN));
        let uids: Vec<usize> = bytes[..PDU_BYTES_MIN.min(bytes.len())]
            .windows(uid.len())
            .enumerate()
            .filter_map(|(at, window)| (window == uid).then_some(at))
            .collect();
        let head_len = uids.last().map_or(0, |at| at + INSTANCE_UID_BYTES);
        Self {
            bytes,
            uids,
            head_len,
        }
    }

    /// The part that each association has a copy of.
    pub(crate) fn head(&self) -> Vec<u8> {
        self.bytes[..self.head_len].to_vec()
    }
}

/// An association that has been accepted.
pub(crate) struct Association {
    stream: TcpStream,
    reply: Vec<u8>,
    /// The longest PDU that the receiver takes, in bytes; 0 is no limit (PS3.8 D.1).
    pub(crate) pdu_bytes_max: usize,
    /// How many objects may await their response.
    pub(crate) window: usize,
}

impl Association {
    /// Connects, as soon as the receiver listens, and has the association accepted. A window of one
    /// is not asked for.
    pub(crate) fn open(address: SocketAddr, window: u16) -> io::Result<Self> {
        let stream = connect(address)?;
        stream.set_nodelay(true)?;
        let mut association = Self {
            stream,
            reply: Vec::new(),
            pdu_bytes_max: 0,
            window: 1,
        };
        let mut request = object::associate_rq();
        request.user_information.asynchronous_operations =
            (window > 1).then_some(AsynchronousOperations {
                invoked: window,
                performed: 1,
            });
        association.send(&Pdu::AssociateRq(request))?;
        match association.read_pdu()? {
            Pdu::AssociateAc(reply)
                if reply
                    .presentation_contexts
                    .iter()
                    .all(|context| context.result == ContextOutcome::Acceptance) =>
            {
                let agreed = reply.user_information;
                association.pdu_bytes_max = agreed.maximum_length as usize;
                let granted = agreed.asynchronous_operations;
                association.window = granted.map_or(1, |window| window.invoked.into());
                Ok(association)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Sends an object. `head` is this association's copy of the head.
    pub(crate) fn begin_store(
        &mut self,
        message: &Message,
        head: &mut [u8],
        instance: &str,
    ) -> io::Result<()> {
        for at in &message.uids {
            head[*at..*at + INSTANCE_UID_BYTES].copy_from_slice(instance.as_bytes());
        }
        write_all(&mut self.stream, head, &message.bytes[message.head_len..])
    }

    /// Waits for the response to an object.
    pub(crate) fn end_store(&mut self) -> io::Result<()> {
        let Pdu::PData(pdvs) = self.read_pdu()? else {
            return Err(invalid("a response was due, and something else came"));
        };
        let command: Vec<u8> = pdvs.into_iter().flat_map(|pdv| pdv.fragment).collect();
        let response = Response::decode(&command).map_err(invalid)?;
        match response.status {
            Status::SUCCESS => Ok(()),
            status => Err(invalid(format!("an object was refused: {status}"))),
        }
    }

    /// Releases the association.
    pub(crate) fn release(mut self) -> io::Result<()> {
        self.send(&Pdu::ReleaseRq)?;
        match self.read_pdu()? {
            Pdu::ReleaseRp => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    fn send(&mut self, pdu: &Pdu) -> io::Result<()> {
        let mut bytes = Vec::new();
        pdu.encode(&mut bytes).map_err(invalid)?;
        self.stream.write_all(&bytes)
    }

    fn read_pdu(&mut self) -> io::Result<Pdu> {
        let header = self.read_reply(0, PDU_HEADER_BYTES)?;
        let header = header.first_chunk().expect("as long as was read");
        let PduHeader { kind, length } = PduHeader::decode(*header);
        let length = length as usize;
        if length > REPLY_BYTES_MAX {
            return Err(invalid("the receiver sent a PDU that is too long"));
        }
        let body = self.read_reply(PDU_HEADER_BYTES, length)?;
        let pdu = Pdu::decode(kind, body).map_err(invalid)?;
        self.reply.drain(..PDU_HEADER_BYTES + length);
        Ok(pdu)
    }

    /// The next bytes of the stream, from `at` on; reads as much as comes at once.
    fn read_reply(&mut self, at: usize, len: usize) -> io::Result<&[u8]> {
        let mut buffer = [0; 4096];
        while self.reply.len() < at + len {
            match self.stream.read(&mut buffer)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                n => self.reply.extend(&buffer[..n]),
            }
        }
        Ok(&self.reply[at..at + len])
    }
}

// A longer command set or more elements in front of the UID would not be found.
const _: () = assert!(PDU_BYTES_MIN > 512 + PDV_HEADER_BYTES);

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Err(error)
                if error.kind() == ErrorKind::ConnectionRefused
                    && start.elapsed() < CONNECT_TIMEOUT =>
            {
                thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

/// Writes both, in as few calls as the socket allows.
fn write_all(stream: &mut TcpStream, head: &[u8], tail: &[u8]) -> io::Result<()> {
    let mut slices = [IoSlice::new(head), IoSlice::new(tail)];
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match stream.write_vectored(left) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut left, n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn unexpected(pdu: &Pdu) -> io::Error {
    invalid(format!("the receiver answered {}", pdu.name()))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

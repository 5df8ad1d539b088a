//! A scripted peer: it says exactly what a test tells it to say, right or wrong.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::object::Object;
use crate::wire::{self, Accepted, AssociateRq, Command, Incoming, element};

/// How long a peer waits for an answer before it calls it silence. Generous: a loaded machine with
/// two cores is the rule, and no test of a time limit relies on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Payload of one P-DATA PDU when a test does not care: within every receiver's default limit.
pub const FRAGMENT_BYTES: usize = 16_384 - 6;

/// A TCP connection to the receiver, with or without an association on it.
pub struct Peer {
    stream: TcpStream,
    message_id: u16,
}

/// How an attempt to store ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A C-STORE response with this status.
    Status(u16),
    /// Anything else: an abort, a closed connection, silence.
    Broken(Incoming),
}

/// Status of a C-STORE that went well.
pub const SUCCESS: Outcome = Outcome::Status(0);

impl Peer {
    /// Opens a TCP connection and says nothing.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            message_id: 0,
        })
    }

    /// Connects and sends a request; the answer is the second part.
    pub fn request(port: u16, request: &AssociateRq) -> (Self, Incoming) {
        let mut peer = Self::connect(port).expect("the receiver takes connections");
        peer.send(&request.encode());
        let answer = peer.receive();
        (peer, answer)
    }

    /// Connects and opens an association; every context must have been accepted.
    pub fn associate(port: u16, request: &AssociateRq) -> Self {
        let (peer, accepted) = Self::associate_some(port, request);
        let refused: Vec<_> = accepted
            .contexts
            .iter()
            .filter(|(_, (r, _))| *r != 0)
            .collect();
        assert!(refused.is_empty(), "contexts refused: {refused:?}");
        peer
    }

    /// Connects and opens an association, whatever became of the contexts.
    pub fn associate_some(port: u16, request: &AssociateRq) -> (Self, Accepted) {
        match Self::request(port, request) {
            (peer, Incoming::Accepted(accepted)) => (peer, accepted),
            (_, other) => panic!("association not accepted: {other:?}"),
        }
    }

    /// An association with the default contexts (CT Image Storage 1, Verification 3).
    pub fn ready(port: u16) -> Self {
        Self::associate(port, &AssociateRq::default())
    }

    /// The address of this end.
    pub fn local_addr(&self) -> SocketAddr {
        self.stream
            .local_addr()
            .expect("a connected socket has an address")
    }

    /// Sends bytes as they are. The receiver may have closed already; the test sees that when it
    /// receives.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.try_send(bytes);
    }

    /// Sends bytes as they are and says whether the connection still took them.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Closes the sending direction only.
    pub fn half_close(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sets how long `receive` waits.
    pub fn set_patience(&self, patience: Duration) {
        self.stream
            .set_read_timeout(Some(patience))
            .expect("a positive time-out is legal");
    }

    /// The next PDU.
    pub fn receive(&mut self) -> Incoming {
        self.try_receive()
            .unwrap_or_else(|error| match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Incoming::Silence,
                _ => Incoming::Closed,
            })
    }

    fn try_receive(&mut self) -> io::Result<Incoming> {
        let mut header = [0; 6];
        self.stream.read_exact(&mut header)?;
        let length = u32::from_be_bytes(header[2..].try_into().expect("four bytes"));
        assert!(
            length < 1 << 20,
            "the receiver sent a PDU of {length} bytes"
        );
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body)?;
        Ok(Incoming::decode(header[0], &body))
    }

    /// Receives until the connection is closed and returns the abort that came before, if any.
    pub fn receive_end(&mut self) -> Incoming {
        loop {
            match self.receive() {
                Incoming::Data(_) => {}
                other => return other,
            }
        }
    }

    /// The next message ID; message IDs of one association differ.
    pub fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.wrapping_add(1);
        self.message_id
    }

    /// Sends the C-STORE request for an object on context 1 and returns its message ID.
    pub fn begin(&mut self, object: &Object) -> u16 {
        let id = self.next_message_id();
        let command = wire::store_rq(
            id,
            object.class.as_bytes(),
            object.instance.as_bytes(),
            wire::WITH_DATA_SET,
        );
        self.send(&wire::p_data(1, wire::COMMAND_LAST, &command));
        id
    }

    /// Sends data fragments on context 1; the last one is marked so if `end` says so.
    pub fn send_data(&mut self, data: &[u8], end: bool) {
        let _ = self.try_send_data(data, end, FRAGMENT_BYTES);
    }

    /// Sends data in fragments of a given size and says whether the connection still took it.
    pub fn try_send_data(&mut self, data: &[u8], end: bool, fragment: usize) -> io::Result<()> {
        let mut rest = data;
        loop {
            let (now, later) = rest.split_at(rest.len().min(fragment));
            let last = end && later.is_empty();
            let control = if last { wire::DATA_LAST } else { wire::DATA };
            self.try_send(&wire::p_data(1, control, now))?;
            rest = later;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Stores one object and returns how it ended.
    pub fn store(&mut self, object: &Object) -> Outcome {
        let id = self.begin(object);
        self.send_data(&object.data, true);
        self.store_response(id)
    }

    /// Waits for the C-STORE response to a message.
    pub fn store_response(&mut self, message_id: u16) -> Outcome {
        match self.response() {
            Ok(response) => {
                assert_eq!(
                    response.number(element::COMMAND_FIELD),
                    Some(wire::C_STORE_RSP)
                );
                assert_eq!(
                    response.number(element::MESSAGE_ID_RESPONDED),
                    Some(message_id)
                );
                assert_eq!(
                    response.number(element::DATA_SET_TYPE),
                    Some(wire::NO_DATA_SET)
                );
                Outcome::Status(
                    response
                        .number(element::STATUS)
                        .expect("a response has a status"),
                )
            }
            Err(other) => Outcome::Broken(other),
        }
    }

    /// Waits for a whole response command set, in as many fragments as it comes.
    pub fn response(&mut self) -> Result<Command, Incoming> {
        let mut bytes = Vec::new();
        loop {
            let pdvs = match self.receive() {
                Incoming::Data(pdvs) => pdvs,
                other => return Err(other),
            };
            for pdv in pdvs {
                assert_eq!(
                    pdv.control & 1,
                    1,
                    "a response of this receiver has no data set"
                );
                bytes.extend(&pdv.fragment);
                if pdv.control == wire::COMMAND_LAST {
                    let command = Command::decode(&bytes);
                    assert!(
                        command.group_length_is_right(&bytes),
                        "group length of a response"
                    );
                    return Ok(command);
                }
            }
        }
    }

    /// Verification on context 3; the status, or what came instead.
    pub fn echo(&mut self) -> Result<u16, Incoming> {
        let id = self.next_message_id();
        let request = wire::other_rq(wire::C_ECHO_RQ, id, wire::VERIFICATION, wire::NO_DATA_SET);
        self.send(&wire::p_data(3, wire::COMMAND_LAST, &request));
        let response = self.response()?;
        assert_eq!(response.number(element::MESSAGE_ID_RESPONDED), Some(id));
        Ok(response
            .number(element::STATUS)
            .expect("a response has a status"))
    }

    /// Releases the association in good order.
    pub fn release(mut self) {
        self.send(&wire::pdu(wire::RELEASE_RQ, &[0; 4]));
        assert_eq!(
            self.receive(),
            Incoming::Released,
            "answer to a release request"
        );
    }
}

/// Opens an association, stores one object successfully and releases: what every honest sender
/// expects at any time.
pub fn store_once(port: u16, object: &Object) {
    let mut peer = Peer::associate(port, &AssociateRq::for_class(&object.class, &object.syntax));
    assert_eq!(peer.store(object), SUCCESS, "storing {}", object.instance);
    peer.release();
}

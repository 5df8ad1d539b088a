//! Peers over real sockets, for the engine's own tests: here one that sends. Each test crate uses a
//! part of it.

#![allow(dead_code, unused_imports)]

mod requests;
pub(crate) mod scp;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use pdvault_engine::dimse::{Response, Status, StoreRq};
use pdvault_engine::pdu::{
    APPLICATION_CONTEXT, AssociateRq, AsynchronousOperations, MessageControl, PDU_HEADER_BYTES,
    Pdu, PduHeader, Pdv, ProposedContext, UserInformation,
};
use pdvault_engine::value::{AeTitle, PresentationContextId, Uid};

pub(crate) use requests::{memory, options, store_request, stored};

/// Longer than anything here takes, even on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until `done` or until patience ends; says which.
pub(crate) fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// CT Image Storage.
pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const CONTEXT: PresentationContextId = PresentationContextId(1);

/// An association from the requestor's side.
pub(crate) struct Sender {
    stream: TcpStream,
}

impl Sender {
    /// Connects and has the association accepted.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, request())
    }

    /// Likewise, with this request.
    pub(crate) fn connect_with(address: SocketAddr, request: AssociateRq) -> Self {
        let stream = TcpStream::connect(address).expect("the receiver listens");
        stream.set_nodelay(true).expect("a TCP option");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a TCP option");
        let mut sender = Self { stream };
        sender.send(&encode(&Pdu::AssociateRq(request)));
        let reply = sender.read_pdu();
        assert!(matches!(reply, Pdu::AssociateAc(_)), "{reply:?}");
        sender
    }

    /// Writes bytes of the stream.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the receiver reads");
    }

    /// The next PDU of the receiver.
    pub(crate) fn read_pdu(&mut self) -> Pdu {
        let mut header = [0; PDU_HEADER_BYTES];
        self.stream
            .read_exact(&mut header)
            .expect("the receiver answers");
        let PduHeader { kind, length } = PduHeader::decode(header);
        let mut body = vec![0; length as usize];
        self.stream
            .read_exact(&mut body)
            .expect("the receiver answers");
        Pdu::decode(kind, &body).expect("a valid PDU")
    }

    /// The status of the next response.
    pub(crate) fn status(&mut self) -> Status {
        self.response().1
    }

    /// The message ID and the status of the next response.
    pub(crate) fn response(&mut self) -> (u16, Status) {
        let pdu = self.read_pdu();
        response(&pdu).unwrap_or_else(|| panic!("a response was due, {pdu:?} came"))
    }

    /// Reads whatever still comes until the receiver closes the connection.
    pub(crate) fn until_closed(mut self) {
        let mut rest = Vec::new();
        self.stream
            .read_to_end(&mut rest)
            .expect("the receiver closes");
    }

    /// Ends the connection in this direction, or both.
    pub(crate) fn shut_down(&self, how: std::net::Shutdown) {
        self.stream.shutdown(how).expect("it was connected");
    }

    /// A second handle on the same association, to write while another thread reads.
    pub(crate) fn another(&self) -> Self {
        let stream = self.stream.try_clone().expect("a descriptor");
        Self { stream }
    }

    /// Sends an object in fragments of this size and waits for its status.
    pub(crate) fn store(&mut self, instance: &str, data: &[u8], fragment_bytes: usize) -> Status {
        let stream = object(instance, &fragments(data, &[fragment_bytes]));
        self.send(&stream);
        self.status()
    }

    /// Releases the association.
    pub(crate) fn release(mut self) {
        self.send(&encode(&Pdu::ReleaseRq));
        assert_eq!(self.read_pdu(), Pdu::ReleaseRp);
    }
}

/// The message ID and the status of a response.
pub(crate) fn response(pdu: &Pdu) -> Option<(u16, Status)> {
    let Pdu::PData(pdvs) = pdu else {
        return None;
    };
    let fragments = pdvs.iter().flat_map(|pdv| pdv.fragment.iter().copied());
    let command: Vec<u8> = fragments.collect();
    let response = Response::decode(&command).expect("a valid response");
    Some((response.message_id, response.status))
}

/// A request that asks for an asynchronous operations window; 0 is no limit.
pub(crate) fn request_for_window(operations: u16) -> AssociateRq {
    let mut request = request();
    request.user_information.asynchronous_operations = Some(AsynchronousOperations {
        invoked: operations,
        performed: 1,
    });
    request
}

pub(crate) fn request() -> AssociateRq {
    AssociateRq {
        protocol_version: 1,
        called_ae_title: AeTitle::new("PDVAULT").expect("legal"),
        calling_ae_title: AeTitle::new("TESTER").expect("legal"),
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![ProposedContext {
            id: CONTEXT,
            abstract_syntax: Uid::from(CT),
            transfer_syntaxes: vec![Uid::from(EXPLICIT_LE)],
        }],
        user_information: UserInformation {
            maximum_length: 16384,
            ..Default::default()
        },
    }
}

pub(crate) fn encode(pdu: &Pdu) -> Vec<u8> {
    let mut out = Vec::new();
    pdu.encode(&mut out).expect("short PDUs");
    out
}

/// Cuts data into fragments of these sizes, over and over.
pub(crate) fn fragments<'a>(mut data: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut cut = Vec::new();
    for &size in sizes.iter().cycle() {
        let (fragment, rest) = data.split_at(size.min(data.len()));
        cut.push(fragment);
        data = rest;
        if data.is_empty() {
            return cut;
        }
    }
    cut
}

/// A C-STORE-RQ and its data set, a PDU to a fragment.
pub(crate) fn object(instance: &str, fragments: &[&[u8]]) -> Vec<u8> {
    numbered_object(1, instance, fragments)
}

/// Likewise, with this message ID.
pub(crate) fn numbered_object(message_id: u16, instance: &str, fragments: &[&[u8]]) -> Vec<u8> {
    let request = StoreRq {
        message_id,
        sop_class: Uid::from(CT),
        sop_instance: Uid::from(instance),
        priority: 0,
        has_data_set: true,
        move_originator: None,
    };
    let mut command = Vec::new();
    request.encode(&mut command);
    let mut stream = p_data(true, true, &command);
    for (index, fragment) in fragments.iter().enumerate() {
        stream.extend(p_data(false, index + 1 == fragments.len(), fragment));
    }
    stream
}

fn p_data(command: bool, last: bool, fragment: &[u8]) -> Vec<u8> {
    let control = MessageControl::new(command, last);
    encode(&Pdu::PData(vec![Pdv {
        context: CONTEXT,
        control,
        fragment: fragment.to_vec(),
    }]))
}

/// Bytes that differ from each other, and from object to object.
pub(crate) fn data(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next)
        .flatten()
        .take(len)
        .collect()
}

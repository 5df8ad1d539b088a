//! A peer made by hand that accepts associations, for tests of the sending side: it does what a test
//! tells it to, right or wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use pdvault_engine::dimse::{
    FailureStatus, Request, StoreOutcome, StoreRq, encode_echo_response, encode_store_response,
};
use pdvault_engine::pdu::{
    AssociateAc, AsynchronousOperations, ContextOutcome, ContextResult, MessageControl,
    PDU_HEADER_BYTES, Pdu, PduHeader, Pdv, UserInformation,
};
use pdvault_engine::value::PresentationContextId;

/// One connection, seen from the acceptor.
pub(crate) struct Scp {
    pub(crate) stream: TcpStream,
    context: PresentationContextId,
}

/// A request and its data set.
pub(crate) struct Received {
    pub(crate) request: StoreRq,
    pub(crate) data: Vec<u8>,
    /// How long each fragment of the data set was.
    pub(crate) fragments: Vec<usize>,
}

/// Listens, and lets `serve` have the first connection, in a thread of its own.
pub(crate) fn listen<T: Send + 'static>(
    serve: impl FnOnce(Scp) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a sender");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a TCP option");
        serve(Scp {
            stream,
            context: PresentationContextId(1),
        })
    });
    (address, thread)
}

/// As [`listen`], with the association accepted, each of its contexts with the first transfer syntax,
/// and a window of `operations`.
pub(crate) fn accept<T: Send + 'static>(
    operations: u16,
    serve: impl FnOnce(Scp) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    listen(move |mut scp| {
        scp.accept(operations);
        serve(scp)
    })
}

impl Scp {
    /// Reads the A-ASSOCIATE-RQ and accepts it.
    pub(crate) fn accept(&mut self, operations: u16) {
        self.answer_request(operations, ContextOutcome::Acceptance);
    }

    /// Reads the A-ASSOCIATE-RQ and accepts it, but none of its presentation contexts.
    pub(crate) fn accept_none(&mut self) {
        self.answer_request(1, ContextOutcome::AbstractSyntaxNotSupported);
    }

    fn answer_request(&mut self, operations: u16, result: ContextOutcome) {
        let Some(Pdu::AssociateRq(request)) = self.read_pdu() else {
            panic!("an A-ASSOCIATE-RQ was due");
        };
        let contexts = request.presentation_contexts.iter();
        let accepted = contexts.map(|context| ContextResult {
            id: context.id,
            result,
            transfer_syntax: context.transfer_syntaxes[0].clone(),
        });
        let answer = AssociateAc {
            protocol_version: 1,
            called_ae_title: request.called_ae_title,
            calling_ae_title: request.calling_ae_title,
            application_context: request.application_context,
            presentation_contexts: accepted.collect(),
            user_information: UserInformation {
                maximum_length: 16_384,
                asynchronous_operations: (operations > 1).then_some(AsynchronousOperations {
                    invoked: operations,
                    performed: 1,
                }),
                ..Default::default()
            },
        };
        self.send(&Pdu::AssociateAc(answer));
    }

    pub(crate) fn send(&mut self, pdu: &Pdu) {
        let mut bytes = Vec::new();
        pdu.encode(&mut bytes).expect("short PDUs");
        self.stream.write_all(&bytes).expect("the sender reads");
    }

    /// The next PDU; none at the end of the connection, wherever that is.
    pub(crate) fn read_pdu(&mut self) -> Option<Pdu> {
        let mut header = [0; PDU_HEADER_BYTES];
        self.stream.read_exact(&mut header).ok()?;
        let PduHeader { kind, length } = PduHeader::decode(header);
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body).ok()?;
        Some(Pdu::decode(kind, &body).expect("a valid PDU"))
    }

    /// The next request, without its data set; none at the end of the association.
    pub(crate) fn read_request(&mut self) -> Option<Request> {
        let (command, _) = self.read_part(true)?;
        Some(Request::decode(&command).expect("a valid request"))
    }

    /// The next C-STORE-RQ with its data set; none at the end of the association.
    pub(crate) fn read_store(&mut self) -> Option<Received> {
        let Request::Store(request) = self.read_request()? else {
            panic!("a C-STORE-RQ was due");
        };
        let (data, fragments) = self.read_part(false)?;
        Some(Received {
            request,
            data,
            fragments,
        })
    }

    /// A command or a data set, and the lengths of its fragments.
    pub(crate) fn read_part(&mut self, is_command: bool) -> Option<(Vec<u8>, Vec<usize>)> {
        let (mut part, mut fragments) = (Vec::new(), Vec::new());
        loop {
            let Pdu::PData(pdvs) = self.read_pdu()? else {
                return None;
            };
            for pdv in pdvs {
                assert_eq!(pdv.control.is_command(), is_command);
                self.context = pdv.context;
                fragments.push(pdv.fragment.len());
                part.extend(pdv.fragment);
                if pdv.control.is_last() {
                    return Some((part, fragments));
                }
            }
        }
    }

    /// Answers with success.
    pub(crate) fn stored(&mut self, request: &StoreRq) {
        self.answer(request, &StoreOutcome::Stored(()));
    }

    /// Answers with a failure.
    pub(crate) fn refused(&mut self, request: &StoreRq, comment: &'static str) {
        let status = FailureStatus::OUT_OF_RESOURCES;
        self.answer(request, &StoreOutcome::Failed { status, comment });
    }

    fn answer(&mut self, request: &StoreRq, outcome: &StoreOutcome<()>) {
        let mut command = Vec::new();
        encode_store_response(&mut command, request, outcome);
        self.send_command(command);
    }

    /// Answers a C-ECHO-RQ.
    pub(crate) fn answer_echo(&mut self) {
        let Some(Request::Echo(request)) = self.read_request() else {
            panic!("a C-ECHO-RQ was due");
        };
        let mut command = Vec::new();
        encode_echo_response(&mut command, &request);
        self.send_command(command);
    }

    fn send_command(&mut self, fragment: Vec<u8>) {
        self.send(&Pdu::PData(vec![Pdv {
            context: self.context,
            control: MessageControl::new(true, true),
            fragment,
        }]));
    }

    /// Serves stores until the sender releases the association.
    pub(crate) fn serve_to_the_end(&mut self) -> Vec<Received> {
        let mut all = Vec::new();
        while let Some(received) = self.read_store() {
            self.stored(&received.request);
            all.push(received);
        }
        self.send(&Pdu::ReleaseRp);
        all
    }
}

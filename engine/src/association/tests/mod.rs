mod conversations;
mod failures;
mod negotiations;
mod requestor;
mod table_cells;
mod times;
mod windows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::table::Action::{Aa1, Aa7, Aa8, Ae7, Ae8};
use super::table::{Event as TableEvent, Next, State, cell};
use super::*;
use crate::dimse::{EchoRq, FailureStatus, Response, Status, StoreOutcome, StoreRq};
use crate::pdu::ContextOutcome::{
    AbstractSyntaxNotSupported, Acceptance, TransferSyntaxesNotSupported,
};
use crate::pdu::{
    APPLICATION_CONTEXT, Abort, AbortReason, AbortSource, AssociateAc, AssociateRj, AssociateRq,
    AsynchronousOperations, MessageControl, Pdu, PduType, Pdv, ProposedContext, RejectReason,
    RejectResult, RoleSelection, UserIdentityRq, UserInformation,
};
use crate::value::{AeTitle, PresentationContextId, Uid};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
const STORE_CONTEXT: PresentationContextId = PresentationContextId(1);
const ECHO_CONTEXT: PresentationContextId = PresentationContextId(3);
const ARTIM: Duration = Duration::from_secs(30);

/// The proof of these tests, in the place of the store's receipt.
struct Proof;

fn policy() -> Policy {
    Policy {
        max_pdu_bytes: 16384,
        accept_all: false,
        promiscuous: false,
        operations_max: 1,
    }
}

fn timeouts() -> Timeouts {
    Timeouts {
        acse: ARTIM,
        dimse: Some(Duration::from_secs(20)),
        socket: Some(Duration::from_secs(60)),
    }
}

fn acceptor(now: Instant) -> Acceptor<Proof> {
    Acceptor::new(Arc::new(policy()), timeouts(), now)
}

fn request() -> AssociateRq {
    let context = |id, abstract_syntax: &str| ProposedContext {
        id,
        abstract_syntax: Uid::from(abstract_syntax),
        transfer_syntaxes: vec![Uid::from(IMPLICIT_LE), Uid::from(EXPLICIT_LE)],
    };
    AssociateRq {
        protocol_version: 1,
        called_ae_title: AeTitle::new("PDVAULT").expect("legal"),
        calling_ae_title: AeTitle::new("TESTER").expect("legal"),
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![
            context(STORE_CONTEXT, CT),
            context(ECHO_CONTEXT, crate::registry::VERIFICATION),
        ],
        user_information: UserInformation {
            maximum_length: 16384,
            ..Default::default()
        },
    }
}

/// A request that asks for a window of so many operations; 0 is no limit.
fn request_for_window(operations: u16) -> AssociateRq {
    let mut request = request();
    request.user_information.asynchronous_operations = Some(AsynchronousOperations {
        invoked: operations,
        performed: 0,
    });
    request
}

fn bytes(pdu: &Pdu) -> Vec<u8> {
    let mut out = Vec::new();
    pdu.encode(&mut out).expect("test PDUs are short");
    out
}

fn pdv(context: PresentationContextId, command: bool, last: bool, fragment: &[u8]) -> Pdv {
    Pdv {
        context,
        control: MessageControl::new(command, last),
        fragment: fragment.to_vec(),
    }
}

fn store_command(instance: &str) -> Vec<u8> {
    store_command_of(Uid::from(instance), true)
}

fn store_command_of(sop_instance: Uid, has_data_set: bool) -> Vec<u8> {
    let request = StoreRq {
        message_id: 7,
        sop_class: Uid::from(CT),
        sop_instance,
        priority: 0,
        has_data_set,
        move_originator: None,
    };
    let mut out = Vec::new();
    request.encode(&mut out);
    out
}

fn echo_command() -> Vec<u8> {
    let mut out = Vec::new();
    let sop_class = Uid::from(crate::registry::VERIFICATION);
    EchoRq {
        message_id: 9,
        sop_class,
        has_data_set: false,
    }
    .encode(&mut out);
    out
}

fn p_data(pdvs: Vec<Pdv>) -> Vec<u8> {
    bytes(&Pdu::PData(pdvs))
}

fn command_pdu(command: &[u8]) -> Vec<u8> {
    p_data(vec![pdv(STORE_CONTEXT, true, true, command)])
}

/// Plays the driver: gives what is needed, keeps the payload, answers what must be answered.
struct Driver {
    acceptor: Acceptor<Proof>,
    now: Instant,
    events: Vec<Event>,
    payload: Vec<u8>,
    answers: bool,
}

impl Driver {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            acceptor: acceptor(now),
            now,
            events: vec![],
            payload: vec![],
            answers: true,
        }
    }

    /// An association on which this many stores may await their response.
    fn with_window(operations: u16) -> Self {
        let mut driver = Self::new();
        let policy = Policy {
            operations_max: operations.into(),
            ..policy()
        };
        driver.acceptor = Acceptor::new(Arc::new(policy), timeouts(), driver.now);
        driver.give(&bytes(&Pdu::AssociateRq(request_for_window(0))));
        driver.sent();
        driver.events.clear();
        driver
    }

    fn established() -> Self {
        let mut driver = Self::new();
        driver.give(&bytes(&Pdu::AssociateRq(request())));
        assert_eq!(driver.acceptor.state(), State::Established);
        driver.sent();
        driver.events.clear();
        driver
    }

    /// Gives bytes of the stream; returns those that are not wanted yet.
    fn give<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            self.drain();
            let used = match self.acceptor.need() {
                Need::Nothing => return bytes,
                Need::Drain => {
                    self.acceptor.drained(bytes.len());
                    bytes.len()
                }
                need if bytes.is_empty() => {
                    assert_ne!(need, Need::Nothing);
                    return bytes;
                }
                need => self.give_piece(need, bytes),
            };
            bytes = &bytes[used..];
            if used == 0 {
                return bytes;
            }
        }
    }

    fn give_piece(&mut self, need: Need, bytes: &[u8]) -> usize {
        let payload = self.acceptor.payload_needed().min(bytes.len());
        if payload == 0 {
            return self.acceptor.received_control(bytes, self.now);
        }
        if need == Need::Payload {
            self.payload.extend(&bytes[..payload]);
        }
        self.acceptor.received_payload(payload, self.now);
        payload
    }

    fn drain(&mut self) {
        while let Some(event) = self.acceptor.poll_event() {
            match &event {
                Event::Requested if self.answers => self.acceptor.accept(self.now),
                Event::ObjectLanded(token) if self.answers => {
                    self.acceptor
                        .complete(*token, &StoreOutcome::Stored(Proof), self.now);
                }
                _ => {}
            }
            self.events.push(event);
        }
    }

    /// What was sent since the last call, as PDUs.
    fn sent(&mut self) -> Vec<Pdu> {
        let mut bytes = self.acceptor.output();
        let mut pdus = Vec::new();
        while !bytes.is_empty() {
            let length = u32::from_be_bytes(bytes[2..6].try_into().expect("4 bytes")) as usize;
            pdus.push(Pdu::decode(bytes[0], &bytes[6..6 + length]).expect("we send valid PDUs"));
            bytes = &bytes[6 + length..];
        }
        let n = self.acceptor.output().len();
        self.acceptor.sent(n, self.now);
        pdus
    }

    fn sent_kinds(&mut self) -> Vec<PduType> {
        self.sent().iter().map(Pdu::kind).collect()
    }
}

fn response(pdu: &Pdu) -> Response {
    let Pdu::PData(pdvs) = pdu else {
        panic!("no P-DATA-TF: {pdu:?}")
    };
    let command: Vec<u8> = pdvs.iter().flat_map(|pdv| pdv.fragment.clone()).collect();
    Response::decode(&command).expect("we send valid command sets")
}

fn abort_of(driver: &mut Driver) -> Abort {
    match driver.sent().as_slice() {
        [.., Pdu::Abort(abort)] => *abort,
        other => panic!("no A-ABORT at the end of {other:?}"),
    }
}

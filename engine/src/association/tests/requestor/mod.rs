//! The requesting side, against PDUs made by hand, against Table 9-10, against our own acceptor.

mod conversations;
mod failures;
mod properties;
mod table_cells;
mod times;
mod two_ended;

use std::collections::HashMap;

use super::*;
use crate::dimse::Request;
use crate::pdu::{AsynchronousOperations, ContextResult};

/// How many operations the requests of these tests ask for, and their answers grant.
const WINDOW: u16 = 4;

fn asking(operations: Option<u16>) -> AssociateRq {
    let mut request = request();
    request.user_information.asynchronous_operations = operations.map(window);
    request
}

fn window(invoked: u16) -> AsynchronousOperations {
    AsynchronousOperations {
        invoked,
        performed: 1,
    }
}

/// An answer that accepts every context.
fn acceptance(operations: Option<u16>) -> AssociateAc {
    let accepted = |id| ContextResult {
        id,
        result: Acceptance,
        transfer_syntax: Uid::from(EXPLICIT_LE),
    };
    AssociateAc {
        protocol_version: 1,
        called_ae_title: request().called_ae_title,
        calling_ae_title: request().calling_ae_title,
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![accepted(STORE_CONTEXT), accepted(ECHO_CONTEXT)],
        user_information: UserInformation {
            maximum_length: 16384,
            asynchronous_operations: operations.map(window),
            ..Default::default()
        },
    }
}

fn store_request() -> StoreRequest {
    StoreRequest {
        sop_class: Uid::from(CT),
        sop_instance: Uid::from("1.2.3"),
        priority: 0,
    }
}

/// The command set of a response.
fn response_command(field: u16, message_id: u16, status: Status) -> Vec<u8> {
    let element = |number: u16, value: u16| {
        let mut bytes = vec![0, 0];
        bytes.extend(number.to_le_bytes());
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes
    };
    [
        element(0x0100, field),
        element(0x0120, message_id),
        element(0x0800, 0x0101),
        element(0x0900, status.0),
    ]
    .concat()
}

fn store_response(message_id: u16, status: Status) -> Vec<u8> {
    command_pdu(&response_command(0x8001, message_id, status))
}

fn echo_response(message_id: u16) -> Vec<u8> {
    let command = response_command(0x8030, message_id, Status::SUCCESS);
    p_data(vec![pdv(ECHO_CONTEXT, true, true, &command)])
}

/// Plays the driver: keeps the payloads, sends what is to be sent, collects the events.
struct Sender {
    requestor: Requestor,
    now: Instant,
    events: Vec<RequestorEvent>,
    /// What is left of each payload.
    payloads: HashMap<OperationId, Vec<u8>>,
}

impl Sender {
    fn new(request: AssociateRq) -> Self {
        let now = Instant::now();
        Self {
            requestor: Requestor::new(request, timeouts(), now),
            now,
            events: vec![],
            payloads: HashMap::new(),
        }
    }

    /// A sender on an association that was granted this window.
    fn established(operations: Option<u16>) -> Self {
        let mut sender = Self::new(asking(operations));
        sender.requestor.connected(sender.now);
        sender.sent();
        sender.give(&bytes(&Pdu::AssociateAc(acceptance(operations))));
        assert_eq!(sender.events, [RequestorEvent::Established]);
        sender.events.clear();
        sender
    }

    fn give(&mut self, bytes: &[u8]) {
        self.requestor.received(bytes, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.requestor.poll_event() {
            self.events.push(event);
        }
    }

    /// Begins a store; its data set is to be provided.
    fn begin(&mut self, payload: &[u8]) -> OperationId {
        let operation = self
            .requestor
            .store(STORE_CONTEXT, store_request(), self.now);
        self.payloads.insert(operation, payload.to_vec());
        operation
    }

    /// Begins a store and provides all of its data set, which is short.
    fn store(&mut self, payload: &[u8]) -> OperationId {
        let operation = self.begin(payload);
        self.requestor.provide(payload.len(), true, self.now);
        operation
    }

    /// Sends up to `max` bytes and returns them.
    fn send(&mut self, max: usize) -> Vec<u8> {
        let mut wire = Vec::new();
        let mut read: HashMap<OperationId, usize> = HashMap::new();
        for place in self.requestor.outgoing() {
            match place {
                Place::Own(bytes) => {
                    assert!(!bytes.is_empty());
                    wire.extend(bytes);
                }
                Place::Payload { operation, len } => {
                    assert_ne!(len, 0);
                    let from = read.entry(operation).or_default();
                    wire.extend(&self.payloads[&operation][*from..*from + len]);
                    *from += len;
                }
            }
        }
        wire.truncate(max);
        self.note_sent(wire.len());
        wire
    }

    fn note_sent(&mut self, n: usize) {
        let mut left = n;
        for place in self.requestor.outgoing() {
            match place {
                Place::Own(bytes) => left -= bytes.len().min(left),
                Place::Payload { operation, len } => {
                    let taken = len.min(left);
                    self.payloads
                        .get_mut(&operation)
                        .expect("it was begun")
                        .drain(..taken);
                    left -= taken;
                }
            }
        }
        self.requestor.sent(n, self.now);
    }

    /// Sends all there is, as PDUs.
    fn sent(&mut self) -> Vec<Pdu> {
        pdus(&self.send(usize::MAX))
    }

    fn sent_kinds(&mut self) -> Vec<PduType> {
        self.sent().iter().map(Pdu::kind).collect()
    }
}

/// Whole PDUs.
fn pdus(mut wire: &[u8]) -> Vec<Pdu> {
    let mut pdus = Vec::new();
    while !wire.is_empty() {
        let length = u32::from_be_bytes(wire[2..6].try_into().expect("4 bytes")) as usize;
        pdus.push(Pdu::decode(wire[0], &wire[6..6 + length]).expect("we send valid PDUs"));
        wire = &wire[6 + length..];
    }
    pdus
}

/// What was sent as messages: each command, and the data set behind it.
fn messages(sent: &[Pdu]) -> Vec<(Request, Vec<u8>)> {
    let values = sent.iter().flat_map(|pdu| match pdu {
        Pdu::PData(values) => values.clone(),
        _ => vec![],
    });
    let mut messages: Vec<(Request, Vec<u8>)> = Vec::new();
    let mut command = Vec::new();
    for pdv in values {
        if !pdv.control.is_command() {
            messages
                .last_mut()
                .expect("a command")
                .1
                .extend(pdv.fragment);
            continue;
        }
        command.extend(pdv.fragment);
        if pdv.control.is_last() {
            let request = Request::decode(&std::mem::take(&mut command)).expect("valid");
            messages.push((request, vec![]));
        }
    }
    messages
}

fn stored(operation: OperationId, status: Status) -> RequestorEvent {
    RequestorEvent::Stored(StoreReply {
        operation,
        status,
        error_comment: None,
    })
}

fn failure(sender: &Sender) -> AssociationError {
    let failure = sender.requestor.failure().cloned().expect("it failed");
    let failed = RequestorEvent::Failed(failure.clone());
    assert_eq!(sender.events.last(), Some(&failed));
    failure
}

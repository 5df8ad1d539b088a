//! What two toolkits said to each other, taken from the bytes of a recorded connection.

use std::collections::BTreeMap;

use crate::wire::{self, Accepted, Command, Incoming, Pdv, element};

/// A data set that crossed the wire, with all that was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Calling AE title of the association.
    pub source: String,
    /// SOP class UID of the command.
    pub class: String,
    /// SOP instance UID of the command.
    pub instance: String,
    /// Transfer syntax negotiated for its presentation context.
    pub syntax: String,
    /// The data set, fragments put together.
    pub data: Vec<u8>,
    /// Status of the response, if one came.
    pub status: Option<u16>,
}

/// The objects that a requestor sent in one connection, from the bytes of both directions.
pub fn transfers(from_requestor: &[u8], from_acceptor: &[u8]) -> Vec<Transfer> {
    let answers = pdus(from_acceptor);
    let Some(accepted) = answers.iter().find_map(|(kind, body)| match kind {
        &wire::ASSOCIATE_AC => match Incoming::decode(*kind, body) {
            Incoming::Accepted(accepted) => Some(accepted),
            _ => None,
        },
        _ => None,
    }) else {
        return Vec::new();
    };
    let statuses = statuses(&answers);
    let requests = pdus(from_requestor);
    let source = requests
        .first()
        .map(|(_, body)| wire::text(&body[20..36]))
        .unwrap_or_default();
    let mut reader = Reader {
        accepted,
        source: source.trim().to_owned(),
        ..Reader::default()
    };
    for pdv in data_values(&requests) {
        reader.take(pdv);
    }
    for (id, transfer) in &mut reader.done {
        transfer.status = statuses.get(id).copied();
    }
    reader
        .done
        .into_iter()
        .map(|(_, transfer)| transfer)
        .collect()
}

/// Puts fragments of the requestor together.
#[derive(Default)]
struct Reader {
    accepted: Accepted,
    source: String,
    command: Vec<u8>,
    current: Option<(u16, Transfer)>,
    done: Vec<(u16, Transfer)>,
}

impl Reader {
    fn take(&mut self, pdv: Pdv) {
        match pdv.control {
            wire::COMMAND => self.command.extend(pdv.fragment),
            wire::COMMAND_LAST => {
                self.command.extend(pdv.fragment);
                self.current = self.begun(pdv.context);
                self.command.clear();
            }
            _ => self.take_data(&pdv),
        }
    }

    fn take_data(&mut self, pdv: &Pdv) {
        if let Some((_, transfer)) = &mut self.current {
            transfer.data.extend(&pdv.fragment);
        }
        if pdv.control == wire::DATA_LAST {
            self.done.extend(self.current.take());
        }
    }

    fn begun(&self, context: u8) -> Option<(u16, Transfer)> {
        let command = Command::decode(&self.command);
        if command.number(element::COMMAND_FIELD) != Some(wire::C_STORE_RQ) {
            return None;
        }
        let text = |number| command.text(number).unwrap_or_default();
        let transfer = Transfer {
            source: self.source.clone(),
            class: text(element::AFFECTED_SOP_CLASS),
            instance: text(element::AFFECTED_SOP_INSTANCE),
            syntax: self.accepted.contexts.get(&context)?.1.clone(),
            data: Vec::new(),
            status: None,
        };
        Some((command.number(element::MESSAGE_ID)?, transfer))
    }
}

/// Status by message ID of all responses.
fn statuses(answers: &[(u8, &[u8])]) -> BTreeMap<u16, u16> {
    let mut out = BTreeMap::new();
    let mut bytes = Vec::new();
    for pdv in data_values(answers) {
        bytes.extend(pdv.fragment);
        if pdv.control == wire::COMMAND_LAST {
            let command = Command::decode(&bytes);
            let id = command.number(element::MESSAGE_ID_RESPONDED);
            out.extend(id.zip(command.number(element::STATUS)));
            bytes.clear();
        }
    }
    out
}

fn data_values<'a>(pdus: &'a [(u8, &'a [u8])]) -> impl Iterator<Item = Pdv> + 'a {
    let data = pdus.iter().filter(|(kind, _)| *kind == wire::P_DATA);
    data.flat_map(|(_, body)| wire::decode_pdvs(body))
}

/// Type and body of each whole PDU; a PDU cut off at the end is left out.
fn pdus(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut out = Vec::new();
    while bytes.len() >= 6 {
        let length = u32::from_be_bytes(bytes[2..6].try_into().expect("four bytes")) as usize;
        let Some(body) = bytes[6..].get(..length) else {
            break;
        };
        out.push((bytes[0], body));
        bytes = &bytes[6 + length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{AssociateRq, CT, EXPLICIT};

    fn accept() -> Vec<u8> {
        let mut body = vec![0; 68];
        let mut context = vec![1, 0, 0, 0];
        context.extend(wire::item(0x40, EXPLICIT.as_bytes()));
        body.extend(wire::item(0x21, &context));
        wire::pdu(wire::ASSOCIATE_AC, &body)
    }

    fn response(id: u16, status: u16) -> Vec<u8> {
        let command = wire::command(&[
            (element::COMMAND_FIELD, wire::us(wire::C_STORE_RSP)),
            (element::MESSAGE_ID_RESPONDED, wire::us(id)),
            (element::STATUS, wire::us(status)),
        ]);
        wire::p_data(1, wire::COMMAND_LAST, &command)
    }

    #[test]
    fn a_data_set_is_put_together_from_its_fragments() {
        let command = wire::store_rq(5, CT.as_bytes(), b"1.2.3", wire::WITH_DATA_SET);
        let mut requestor = AssociateRq::default().encode();
        requestor.extend(wire::p_data(1, wire::COMMAND, &command[..10]));
        let mut body = wire::pdv(1, wire::COMMAND_LAST, &command[10..]);
        body.extend(wire::pdv(1, wire::DATA, b"abc"));
        requestor.extend(wire::pdu(wire::P_DATA, &body));
        requestor.extend(wire::p_data(1, wire::DATA_LAST, b"def"));
        requestor.extend(wire::pdu(wire::RELEASE_RQ, &[0; 4]));
        let mut acceptor = accept();
        acceptor.extend(response(5, 0xA700));

        let expected = Transfer {
            source: "SCRIPTED".to_owned(),
            class: CT.to_owned(),
            instance: "1.2.3".to_owned(),
            syntax: EXPLICIT.to_owned(),
            data: b"abcdef".to_vec(),
            status: Some(0xA700),
        };
        assert_eq!(transfers(&requestor, &acceptor), [expected]);
    }

    #[test]
    fn an_object_without_its_last_fragment_is_no_transfer() {
        let command = wire::store_rq(5, CT.as_bytes(), b"1.2.3", wire::WITH_DATA_SET);
        let mut requestor = AssociateRq::default().encode();
        requestor.extend(wire::p_data(1, wire::COMMAND_LAST, &command));
        requestor.extend(wire::p_data(1, wire::DATA, b"abc"));
        assert_eq!(transfers(&requestor, &accept()), []);
    }
}

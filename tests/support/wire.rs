//! DICOM bytes for the scripted peer: PDUs (PS3.8 9.3) and command sets (PS3.7 6.3), nothing more
//! than the tests need, and with no check on what a test asks for, since many tests ask for
//! something wrong.

use std::collections::BTreeMap;

/// PDU types (PS3.8 9.3).
pub const ASSOCIATE_RQ: u8 = 1;
/// A-ASSOCIATE-AC.
pub const ASSOCIATE_AC: u8 = 2;
/// A-ASSOCIATE-RJ.
pub const ASSOCIATE_RJ: u8 = 3;
/// P-DATA-TF.
pub const P_DATA: u8 = 4;
/// A-RELEASE-RQ.
pub const RELEASE_RQ: u8 = 5;
/// A-RELEASE-RP.
pub const RELEASE_RP: u8 = 6;
/// A-ABORT.
pub const ABORT: u8 = 7;

/// Message control header of a command fragment that is not the last (PS3.8 E.2).
pub const COMMAND: u8 = 1;
/// Message control header of the last command fragment.
pub const COMMAND_LAST: u8 = 3;
/// Message control header of a data fragment that is not the last.
pub const DATA: u8 = 0;
/// Message control header of the last data fragment.
pub const DATA_LAST: u8 = 2;

/// The DICOM application context (PS3.7 A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Verification SOP class.
pub const VERIFICATION: &str = "1.2.840.10008.1.1";
/// CT Image Storage.
pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
/// Implicit VR Little Endian.
pub const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
/// Explicit VR Big Endian.
pub const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Deflated Explicit VR Little Endian.
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// Command fields (PS3.7 E.1) that the tests use.
pub const C_STORE_RQ: u16 = 0x0001;
/// C-STORE-RSP.
pub const C_STORE_RSP: u16 = 0x8001;
/// C-FIND-RQ.
pub const C_FIND_RQ: u16 = 0x0020;
/// C-ECHO-RQ.
pub const C_ECHO_RQ: u16 = 0x0030;
/// C-CANCEL-RQ.
pub const C_CANCEL_RQ: u16 = 0x0FFF;
/// N-ACTION-RQ.
pub const N_ACTION_RQ: u16 = 0x0130;

/// Command Data Set Type: no data set follows (PS3.7 E.1).
pub const NO_DATA_SET: u16 = 0x0101;
/// Command Data Set Type: a data set follows (any other value).
pub const WITH_DATA_SET: u16 = 0x0001;

/// Numbers of the command elements (0000,xxxx) that the tests touch (PS3.7 E.1).
pub mod element {
    /// Affected SOP Class UID.
    pub const AFFECTED_SOP_CLASS: u16 = 0x0002;
    /// Requested SOP Class UID.
    pub const REQUESTED_SOP_CLASS: u16 = 0x0003;
    /// Command Field.
    pub const COMMAND_FIELD: u16 = 0x0100;
    /// Message ID.
    pub const MESSAGE_ID: u16 = 0x0110;
    /// Message ID Being Responded To.
    pub const MESSAGE_ID_RESPONDED: u16 = 0x0120;
    /// Priority.
    pub const PRIORITY: u16 = 0x0700;
    /// Command Data Set Type.
    pub const DATA_SET_TYPE: u16 = 0x0800;
    /// Status.
    pub const STATUS: u16 = 0x0900;
    /// Affected SOP Instance UID.
    pub const AFFECTED_SOP_INSTANCE: u16 = 0x1000;
}

/// A whole PDU: type, reserved byte, length, body.
pub fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    pdu_claiming(kind, len32(body.len()), body)
}

/// A PDU whose header claims a length of its own.
pub fn pdu_claiming(kind: u8, length: u32, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend(length.to_be_bytes());
    out.extend(body);
    out
}

/// A presentation data value item, to be put into a P-DATA PDU.
pub fn pdv(context: u8, control: u8, fragment: &[u8]) -> Vec<u8> {
    pdv_claiming(context, control, len32(fragment.len() + 2), fragment)
}

/// A presentation data value item whose header claims a length of its own.
pub fn pdv_claiming(context: u8, control: u8, length: u32, fragment: &[u8]) -> Vec<u8> {
    let mut out = length.to_be_bytes().to_vec();
    out.extend([context, control]);
    out.extend(fragment);
    out
}

/// A P-DATA PDU that holds one presentation data value.
pub fn p_data(context: u8, control: u8, fragment: &[u8]) -> Vec<u8> {
    pdu(P_DATA, &pdv(context, control, fragment))
}

/// An item of an association PDU: type, reserved byte, 16-bit length, value.
pub fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend(
        u16::try_from(value.len())
            .expect("an item is short")
            .to_be_bytes(),
    );
    out.extend(value);
    out
}

/// A presentation context that a requestor proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Presentation context ID.
    pub id: u8,
    /// Abstract syntax.
    pub abstract_syntax: String,
    /// Transfer syntaxes in order.
    pub transfer_syntaxes: Vec<String>,
}

impl Proposal {
    /// One context with one transfer syntax.
    pub fn new(id: u8, abstract_syntax: &str, transfer_syntax: &str) -> Self {
        Self {
            id,
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: vec![transfer_syntax.to_owned()],
        }
    }
}

/// An association request. The default proposes CT Image Storage as context 1 and Verification as
/// context 3.
#[derive(Clone, Debug)]
pub struct AssociateRq {
    /// Protocol version, bit 0 for version 1.
    pub protocol_version: u16,
    /// Called AE title, padded when encoded.
    pub called: String,
    /// Calling AE title, padded when encoded.
    pub calling: String,
    /// Application context name.
    pub application_context: String,
    /// Proposed contexts.
    pub contexts: Vec<Proposal>,
    /// Maximum length received.
    pub maximum_length: u32,
}

impl Default for AssociateRq {
    fn default() -> Self {
        Self {
            protocol_version: 1,
            called: "PDVAULT".to_owned(),
            calling: "SCRIPTED".to_owned(),
            application_context: APPLICATION_CONTEXT.to_owned(),
            contexts: vec![
                Proposal::new(1, CT, EXPLICIT),
                Proposal::new(3, VERIFICATION, IMPLICIT),
            ],
            maximum_length: 16_384,
        }
    }
}

impl AssociateRq {
    /// A request for one storage context (ID 1).
    pub fn for_class(abstract_syntax: &str, transfer_syntax: &str) -> Self {
        Self {
            contexts: vec![Proposal::new(1, abstract_syntax, transfer_syntax)],
            ..Self::default()
        }
    }

    /// The body of the PDU, without its header.
    pub fn body(&self) -> Vec<u8> {
        let mut out = self.protocol_version.to_be_bytes().to_vec();
        out.extend([0; 2]);
        out.extend(ae_title(&self.called));
        out.extend(ae_title(&self.calling));
        out.extend([0; 32]);
        out.extend(item(0x10, self.application_context.as_bytes()));
        for context in &self.contexts {
            let mut value = vec![context.id, 0, 0, 0];
            value.extend(item(0x30, context.abstract_syntax.as_bytes()));
            for syntax in &context.transfer_syntaxes {
                value.extend(item(0x40, syntax.as_bytes()));
            }
            out.extend(item(0x20, &value));
        }
        let mut user = item(0x51, &self.maximum_length.to_be_bytes());
        user.extend(item(0x52, b"2.25.31415926535"));
        user.extend(item(0x55, b"SCRIPTED_PEER"));
        out.extend(item(0x50, &user));
        out
    }

    /// The whole PDU.
    pub fn encode(&self) -> Vec<u8> {
        pdu(ASSOCIATE_RQ, &self.body())
    }
}

pub(crate) fn ae_title(text: &str) -> [u8; 16] {
    let mut out = [b' '; 16];
    out[..text.len()].copy_from_slice(text.as_bytes());
    out
}

/// A command set from elements of group 0000, with the group length in front.
pub fn command(elements: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, value) in elements {
        body.extend(command_element(*number, value));
    }
    let mut out = command_element(0, &len32(body.len()).to_le_bytes());
    out.extend(body);
    out
}

/// One element of group 0000 in implicit VR little endian.
pub fn command_element(number: u16, value: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend(number.to_le_bytes());
    out.extend(len32(value.len()).to_le_bytes());
    out.extend(value);
    out
}

/// A value of VR US.
pub fn us(value: u16) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// A value of VR UI, padded with NUL to even length.
pub fn ui(value: &[u8]) -> Vec<u8> {
    let mut out = value.to_vec();
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

/// A C-STORE request.
pub fn store_rq(message_id: u16, class: &[u8], instance: &[u8], data_set_type: u16) -> Vec<u8> {
    command(&[
        (element::AFFECTED_SOP_CLASS, ui(class)),
        (element::COMMAND_FIELD, us(C_STORE_RQ)),
        (element::MESSAGE_ID, us(message_id)),
        (element::PRIORITY, us(0)),
        (element::DATA_SET_TYPE, us(data_set_type)),
        (element::AFFECTED_SOP_INSTANCE, ui(instance)),
    ])
}

/// A request of any other kind that names a SOP class.
pub fn other_rq(command_field: u16, message_id: u16, class: &str, data_set_type: u16) -> Vec<u8> {
    command(&[
        (element::AFFECTED_SOP_CLASS, ui(class.as_bytes())),
        (element::COMMAND_FIELD, us(command_field)),
        (element::MESSAGE_ID, us(message_id)),
        (element::DATA_SET_TYPE, us(data_set_type)),
    ])
}

/// A decoded command set: element number to value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command(BTreeMap<u16, Vec<u8>>);

impl Command {
    /// Reads a whole command set.
    ///
    /// # Panics
    ///
    /// When it is malformed: what the receiver and the toolkits send has to be in order.
    pub fn decode(mut bytes: &[u8]) -> Self {
        let mut elements = BTreeMap::new();
        while !bytes.is_empty() {
            assert_eq!(&bytes[..2], [0, 0], "a command element is of group 0000");
            let number = u16::from_le_bytes([bytes[2], bytes[3]]);
            let length = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
            elements.insert(number, bytes[8..8 + length].to_vec());
            bytes = &bytes[8 + length..];
        }
        Self(elements)
    }

    /// A value of VR US.
    pub fn number(&self, element: u16) -> Option<u16> {
        let value = self.0.get(&element)?;
        Some(u16::from_le_bytes(value.as_slice().try_into().ok()?))
    }

    /// A value of text or UID, without padding.
    pub fn text(&self, element: u16) -> Option<String> {
        let value = String::from_utf8_lossy(self.0.get(&element)?);
        Some(value.trim_end_matches(['\0', ' ']).to_owned())
    }

    /// Whether the group length (0000,0000) tells the truth, given the bytes it was decoded from.
    pub fn group_length_is_right(&self, encoded: &[u8]) -> bool {
        let expected = len32(encoded.len() - 12).to_le_bytes();
        self.0.get(&0).is_some_and(|value| *value == expected)
    }
}

/// One presentation data value that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdv {
    /// Presentation context ID.
    pub context: u8,
    /// Message control header.
    pub control: u8,
    /// The fragment.
    pub fragment: Vec<u8>,
}

/// What stands in an A-ASSOCIATE-AC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Result and transfer syntax by presentation context ID.
    pub contexts: BTreeMap<u8, (u8, String)>,
    /// Maximum length that the acceptor takes; 0 is unlimited.
    pub maximum_length: u32,
    /// Called and calling AE title as echoed.
    pub ae_titles: (String, String),
    /// Implementation class UID.
    pub implementation_class_uid: String,
}

/// A PDU that arrived, or the end of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A-ASSOCIATE-AC.
    Accepted(Accepted),
    /// A-ASSOCIATE-RJ: result, source, reason.
    Rejected(u8, u8, u8),
    /// P-DATA-TF.
    Data(Vec<Pdv>),
    /// A-RELEASE-RP.
    Released,
    /// A-ABORT: source, reason.
    Aborted(u8, u8),
    /// The connection was closed or reset.
    Closed,
    /// Nothing arrived in the time that the test allows.
    Silence,
}

impl Incoming {
    /// Reads a PDU's body.
    ///
    /// # Panics
    ///
    /// When it is malformed or of a type that an acceptor never sends.
    pub fn decode(kind: u8, body: &[u8]) -> Self {
        match kind {
            ASSOCIATE_AC => Self::Accepted(decode_accepted(body)),
            ASSOCIATE_RJ => Self::Rejected(body[1], body[2], body[3]),
            P_DATA => Self::Data(decode_pdvs(body)),
            RELEASE_RP => Self::Released,
            ABORT => Self::Aborted(body[2], body[3]),
            other => panic!("the receiver sent a PDU of type {other:#04x}"),
        }
    }
}

/// The presentation data values in the body of a P-DATA PDU.
pub fn decode_pdvs(mut body: &[u8]) -> Vec<Pdv> {
    let mut out = Vec::new();
    while !body.is_empty() {
        let length = u32::from_be_bytes(body[..4].try_into().expect("four bytes")) as usize;
        let value = &body[4..4 + length];
        out.push(Pdv {
            context: value[0],
            control: value[1],
            fragment: value[2..].to_vec(),
        });
        body = &body[4 + length..];
    }
    out
}

fn decode_accepted(body: &[u8]) -> Accepted {
    let title = |range| String::from_utf8_lossy(&body[range]).trim().to_owned();
    let mut accepted = Accepted {
        ae_titles: (title(4..20), title(20..36)),
        ..Accepted::default()
    };
    for (kind, value) in items(&body[68..]) {
        match kind {
            0x21 => {
                let syntax = items(&value[4..])
                    .into_iter()
                    .find(|(kind, _)| *kind == 0x40);
                let syntax = syntax.map(|(_, uid)| text(uid)).unwrap_or_default();
                accepted.contexts.insert(value[0], (value[2], syntax));
            }
            0x50 => read_user_information(value, &mut accepted),
            _ => {}
        }
    }
    accepted
}

fn read_user_information(value: &[u8], accepted: &mut Accepted) {
    for (kind, value) in items(value) {
        match kind {
            0x51 => {
                accepted.maximum_length =
                    u32::from_be_bytes(value.try_into().expect("maximum length has four bytes"));
            }
            0x52 => accepted.implementation_class_uid = text(value),
            _ => {}
        }
    }
}

/// The items of an association PDU: type and value of each.
pub fn items(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        out.push((bytes[0], &bytes[4..4 + length]));
        bytes = &bytes[4 + length..];
    }
    out
}

/// Text of the wire without padding.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches(['\0', ' '])
        .to_owned()
}

fn len32(length: usize) -> u32 {
    u32::try_from(length).expect("what a test sends in one piece fits 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_set_comes_back_as_it_went_out() {
        let bytes = store_rq(7, CT.as_bytes(), b"1.2.3", WITH_DATA_SET);
        let command = Command::decode(&bytes);
        assert!(command.group_length_is_right(&bytes));
        assert_eq!(command.number(element::MESSAGE_ID), Some(7));
        assert_eq!(
            command.text(element::AFFECTED_SOP_INSTANCE).as_deref(),
            Some("1.2.3")
        );
    }

    #[test]
    fn presentation_data_values_come_back_as_they_went_out() {
        let mut body = pdv(1, COMMAND_LAST, b"command");
        body.extend(pdv(1, DATA_LAST, b""));
        let pdvs = decode_pdvs(&body);
        assert_eq!(pdvs.len(), 2);
        assert_eq!(
            pdvs[0],
            Pdv {
                context: 1,
                control: 3,
                fragment: b"command".to_vec()
            }
        );
        assert_eq!(pdvs[1].fragment, b"");
    }
}

//! What the scripted receiver reads of an association request, and what it answers.

use crate::scp::{Reply, Script, Stored};
use crate::wire::{self, Proposal, element};

/// Results of a presentation context (PS3.8 9.3.3.2).
const ACCEPTED: u8 = 0;
const ABSTRACT_SYNTAX_NOT_SUPPORTED: u8 = 3;
const TRANSFER_SYNTAXES_NOT_SUPPORTED: u8 = 4;

/// Items of the user information (PS3.7 annex D).
mod user {
    pub(super) const MAXIMUM_LENGTH: u8 = 0x51;
    pub(super) const IMPLEMENTATION_CLASS: u8 = 0x52;
    pub(super) const OPERATIONS_WINDOW: u8 = 0x53;
    pub(super) const IMPLEMENTATION_VERSION: u8 = 0x55;
    pub(super) const IDENTITY: u8 = 0x58;
    pub(super) const IDENTITY_RESPONSE: u8 = 0x59;
}

/// An association request, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// Called AE title, without padding.
    pub called: String,
    /// Calling AE title, without padding.
    pub calling: String,
    /// Application context name.
    pub application_context: String,
    /// The contexts proposed, in order.
    pub contexts: Vec<Proposal>,
    /// Maximum length announced.
    pub maximum_length: u32,
    /// Operations invoked and performed, where a window was asked for.
    pub operations: Option<(u16, u16)>,
    /// The user identity item's value, where there is one.
    pub identity: Option<Vec<u8>>,
}

impl Requested {
    /// Reads the PDU's body.
    ///
    /// # Panics
    ///
    /// When it is malformed.
    pub fn decode(body: &[u8]) -> Self {
        let mut requested = Self {
            called: wire::text(&body[4..20]),
            calling: wire::text(&body[20..36]),
            ..Self::default()
        };
        for (kind, value) in wire::items(&body[68..]) {
            match kind {
                0x10 => requested.application_context = wire::text(value),
                0x20 => requested.contexts.push(proposal(value)),
                0x50 => requested.read_user_information(value),
                other => panic!("an item of type {other:#04x} in a request"),
            }
        }
        requested
    }

    fn read_user_information(&mut self, value: &[u8]) {
        let short = |value: &[u8]| u16::from_be_bytes([value[0], value[1]]);
        for (kind, value) in wire::items(value) {
            match kind {
                user::MAXIMUM_LENGTH => {
                    let bytes = value.try_into().expect("maximum length has four bytes");
                    self.maximum_length = u32::from_be_bytes(bytes);
                }
                user::OPERATIONS_WINDOW => {
                    self.operations = Some((short(value), short(&value[2..])));
                }
                user::IDENTITY => self.identity = Some(value.to_vec()),
                _ => {}
            }
        }
    }

    /// Whether an answer to the user identity is demanded (PS3.7 D.3.3.7.1).
    fn demands_identity_response(&self) -> bool {
        self.identity.as_ref().is_some_and(|value| value[1] == 1)
    }
}

fn proposal(value: &[u8]) -> Proposal {
    let mut proposal = Proposal {
        id: value[0],
        abstract_syntax: String::new(),
        transfer_syntaxes: Vec::new(),
    };
    for (kind, value) in wire::items(&value[4..]) {
        match kind {
            0x30 => proposal.abstract_syntax = wire::text(value),
            0x40 => proposal.transfer_syntaxes.push(wire::text(value)),
            other => panic!("an item of type {other:#04x} in a presentation context"),
        }
    }
    proposal
}

/// Result and transfer syntax for a context.
fn judge(proposal: &Proposal, script: &Script) -> (u8, String) {
    let classes = script.classes.as_ref();
    if classes.is_some_and(|classes| !classes.contains(&proposal.abstract_syntax)) {
        return (ABSTRACT_SYNTAX_NOT_SUPPORTED, wire::IMPLICIT.to_owned());
    }
    let proposed = &proposal.transfer_syntaxes;
    let best = match script.syntaxes.as_slice() {
        [] => proposed.first(),
        wanted => wanted.iter().find(|syntax| proposed.contains(syntax)),
    };
    match best {
        Some(syntax) => (ACCEPTED, syntax.clone()),
        None => (TRANSFER_SYNTAXES_NOT_SUPPORTED, wire::IMPLICIT.to_owned()),
    }
}

/// The transfer syntax that was agreed for a context.
///
/// # Panics
///
/// When it was not proposed or not accepted: a sender may not use it then.
pub(crate) fn syntax_of(requested: &Requested, script: &Script, context: u8) -> String {
    let proposal = requested.contexts.iter().find(|one| one.id == context);
    let proposal = proposal.expect("a context that was proposed");
    let (result, syntax) = judge(proposal, script);
    assert_eq!(result, ACCEPTED, "context {context} was refused");
    syntax
}

/// The A-ASSOCIATE-AC that answers a request.
pub(crate) fn accept(requested: &Requested, script: &Script) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(wire::ae_title(&requested.called));
    body.extend(wire::ae_title(&requested.calling));
    body.extend([0; 32]);
    body.extend(wire::item(0x10, requested.application_context.as_bytes()));
    for proposal in &requested.contexts {
        let (result, syntax) = judge(proposal, script);
        let mut value = vec![proposal.id, 0, result, 0];
        value.extend(wire::item(0x40, syntax.as_bytes()));
        body.extend(wire::item(0x21, &value));
    }
    body.extend(wire::item(0x50, &user_information(requested, script)));
    wire::pdu(wire::ASSOCIATE_AC, &body)
}

fn user_information(requested: &Requested, script: &Script) -> Vec<u8> {
    let mut out = wire::item(user::MAXIMUM_LENGTH, &script.maximum_length.to_be_bytes());
    out.extend(wire::item(user::IMPLEMENTATION_CLASS, b"2.25.27182818284"));
    if requested.operations.is_some() {
        let mut value = script.operations.to_be_bytes().to_vec();
        value.extend(1_u16.to_be_bytes());
        out.extend(wire::item(user::OPERATIONS_WINDOW, &value));
    }
    out.extend(wire::item(user::IMPLEMENTATION_VERSION, b"SCRIPTED_SCP"));
    if requested.demands_identity_response() && script.answers_identity {
        out.extend(wire::item(user::IDENTITY_RESPONSE, &[0, 0]));
    }
    out
}

/// The C-STORE response to an object.
pub(crate) fn store_response(context: u8, stored: &Stored) -> Vec<u8> {
    let status = match stored.reply {
        Reply::Status(status) => status,
        _ => 0,
    };
    let command = wire::command(&[
        (
            element::AFFECTED_SOP_CLASS,
            wire::ui(stored.class.as_bytes()),
        ),
        (element::COMMAND_FIELD, wire::us(wire::C_STORE_RSP)),
        (element::MESSAGE_ID_RESPONDED, wire::us(stored.message_id)),
        (element::DATA_SET_TYPE, wire::us(wire::NO_DATA_SET)),
        (element::STATUS, wire::us(status)),
        (
            element::AFFECTED_SOP_INSTANCE,
            wire::ui(stored.instance.as_bytes()),
        ),
    ]);
    wire::p_data(context, wire::COMMAND_LAST, &command)
}

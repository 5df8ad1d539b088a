//! Requests: C-STORE, C-ECHO, C-CANCEL, and all the others that are only answered (PS3.7 9.3, 10.3).

use super::command_set::{CommandBuilder, CommandError, CommandSet, tag};
use super::{CommandField, NO_DATA_SET};
use crate::value::{AeTitle, Uid};

/// The data set type of a message that has a data set; any value but [`NO_DATA_SET`] says so.
const DATA_SET_PRESENT: u16 = 0x0001;

/// A request that a peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// C-STORE-RQ.
    Store(StoreRq),
    /// C-ECHO-RQ.
    Echo(EchoRq),
    /// C-CANCEL-RQ. It has no response.
    Cancel {
        /// The message ID of the request that is to be ended.
        message_id_responded_to: u16,
    },
    /// Any other, known or not.
    Other(OtherRq),
}

/// C-STORE-RQ (PS3.7 9.3.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRq {
    /// The number that the response repeats.
    pub message_id: u16,
    /// The SOP class of the object, not empty, of any form.
    pub sop_class: Uid,
    /// The SOP instance UID of the object, not empty, of any form.
    pub sop_instance: Uid,
    /// 0 medium, 1 high, 2 low. Medium if absent.
    pub priority: u16,
    /// Whether a data set follows. A C-STORE-RQ without one is well formed but makes no sense.
    pub has_data_set: bool,
    /// Who asked the peer for this object, if the peer says so.
    pub move_originator: Option<MoveOriginator>,
}

/// The C-MOVE-RQ that is behind a C-STORE-RQ (PS3.7 9.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveOriginator {
    /// Who sent it.
    pub ae_title: AeTitle,
    /// Its message ID.
    pub message_id: u16,
}

/// C-ECHO-RQ (PS3.7 9.3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoRq {
    /// The number that the response repeats.
    pub message_id: u16,
    /// The Verification SOP class, or whatever the peer took for it.
    pub sop_class: Uid,
    /// Whether a data set follows, which the standard forbids.
    pub has_data_set: bool,
}

/// A request that is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherRq {
    /// Which one. Its bit 15 is clear.
    pub command_field: u16,
    /// The number that the response repeats.
    pub message_id: u16,
    /// The affected or else the requested SOP class.
    pub sop_class: Option<Uid>,
    /// The affected or else the requested SOP instance.
    pub sop_instance: Option<Uid>,
    /// Whether a data set follows.
    pub has_data_set: bool,
}

impl Request {
    /// Reads the command set of a request.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        let set = CommandSet::decode(bytes)?;
        let field = set.required_us(tag::COMMAND_FIELD)?;
        if CommandField(field).is_response() {
            return Err(CommandError::NotARequest { field });
        }
        Ok(match CommandField(field) {
            CommandField::C_STORE_RQ => Self::Store(StoreRq::from_set(&set)?),
            CommandField::C_ECHO_RQ => Self::Echo(EchoRq::from_set(&set)?),
            CommandField::C_CANCEL_RQ => Self::Cancel {
                message_id_responded_to: set.required_us(tag::MESSAGE_ID_RESPONDED_TO)?,
            },
            _ => Self::Other(OtherRq::from_set(field, &set)?),
        })
    }

    /// Whether a data set follows. None ever follows a C-CANCEL-RQ (PS3.7 9.3.2.3).
    pub fn has_data_set(&self) -> bool {
        match self {
            Self::Store(request) => request.has_data_set,
            Self::Echo(request) => request.has_data_set,
            Self::Cancel { .. } => false,
            Self::Other(request) => request.has_data_set,
        }
    }
}

/// Whether the command set announces a data set.
pub(super) fn has_data_set(set: &CommandSet<'_>) -> Result<bool, CommandError> {
    Ok(set.required_us(tag::DATA_SET_TYPE)? != NO_DATA_SET)
}

/// The data set type that announces one, or says that there is none.
fn data_set_type(has_data_set: bool) -> u16 {
    if has_data_set {
        DATA_SET_PRESENT
    } else {
        NO_DATA_SET
    }
}

impl StoreRq {
    fn from_set(set: &CommandSet<'_>) -> Result<Self, CommandError> {
        Ok(Self {
            message_id: set.required_us(tag::MESSAGE_ID)?,
            sop_class: set.required_uid(tag::AFFECTED_SOP_CLASS)?,
            sop_instance: set.required_uid(tag::AFFECTED_SOP_INSTANCE)?,
            priority: set.us(tag::PRIORITY)?.unwrap_or_default(),
            has_data_set: has_data_set(set)?,
            move_originator: MoveOriginator::from_set(set)?,
        })
    }

    /// Appends the command set to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut command = CommandBuilder::new(out);
        command
            .uid(tag::AFFECTED_SOP_CLASS, &self.sop_class)
            .us(tag::COMMAND_FIELD, CommandField::C_STORE_RQ.0)
            .us(tag::MESSAGE_ID, self.message_id)
            .us(tag::PRIORITY, self.priority)
            .us(tag::DATA_SET_TYPE, data_set_type(self.has_data_set))
            .uid(tag::AFFECTED_SOP_INSTANCE, &self.sop_instance);
        if let Some(originator) = &self.move_originator {
            command
                .text(tag::MOVE_ORIGINATOR_AE_TITLE, originator.ae_title.trimmed())
                .us(tag::MOVE_ORIGINATOR_MESSAGE_ID, originator.message_id);
        }
        command.finish();
    }
}

impl MoveOriginator {
    /// Both elements, or nothing: one alone does not tell whose request it was.
    fn from_set(set: &CommandSet<'_>) -> Result<Option<Self>, CommandError> {
        let ae_title = set.ae_title(tag::MOVE_ORIGINATOR_AE_TITLE)?;
        let message_id = set.us(tag::MOVE_ORIGINATOR_MESSAGE_ID)?;
        Ok(ae_title.zip(message_id).map(|(ae_title, message_id)| Self {
            ae_title,
            message_id,
        }))
    }
}

impl EchoRq {
    fn from_set(set: &CommandSet<'_>) -> Result<Self, CommandError> {
        Ok(Self {
            message_id: set.required_us(tag::MESSAGE_ID)?,
            sop_class: set.required_uid(tag::AFFECTED_SOP_CLASS)?,
            has_data_set: has_data_set(set)?,
        })
    }

    /// Appends the command set to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut command = CommandBuilder::new(out);
        command
            .uid(tag::AFFECTED_SOP_CLASS, &self.sop_class)
            .us(tag::COMMAND_FIELD, CommandField::C_ECHO_RQ.0)
            .us(tag::MESSAGE_ID, self.message_id)
            .us(tag::DATA_SET_TYPE, data_set_type(self.has_data_set));
        command.finish();
    }
}

impl OtherRq {
    fn from_set(command_field: u16, set: &CommandSet<'_>) -> Result<Self, CommandError> {
        let either = |first, second| set.uid(first).or_else(|| set.uid(second));
        Ok(Self {
            command_field,
            message_id: set.required_us(tag::MESSAGE_ID)?,
            sop_class: either(tag::AFFECTED_SOP_CLASS, tag::REQUESTED_SOP_CLASS),
            sop_instance: either(tag::AFFECTED_SOP_INSTANCE, tag::REQUESTED_SOP_INSTANCE),
            has_data_set: has_data_set(set)?,
        })
    }
}

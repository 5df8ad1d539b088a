//! Responses (PS3.7 9.3 and annex C).

use super::command_set::{CommandBuilder, CommandError, CommandSet, tag};
use super::request::{EchoRq, OtherRq, StoreRq, has_data_set};
use super::status::{FailureStatus, Status};
use super::{CommandField, NO_DATA_SET};
use crate::value::{UID_BYTES_MAX, Uid};

/// The longest error comment, in characters (PS3.5 6.2, VR LO).
pub const ERROR_COMMENT_CHARS_MAX: usize = 64;

/// What became of an object.
///
/// `R` is the proof that it is stored. Whoever answers can't make one: the store hands it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOutcome<R> {
    /// It is stored.
    Stored(R),
    /// It is not.
    Failed {
        /// Why, as a code.
        status: FailureStatus,
        /// Why, in words for the peer's log: no patient data, at most
        /// [`ERROR_COMMENT_CHARS_MAX`] characters of printable ASCII without backslash; more are
        /// cut off, others replaced. Empty for none.
        comment: &'static str,
    },
}

/// Appends the command set of a C-STORE-RSP (PS3.7 9.3.1.2) to `out`.
///
/// Success can be written with a receipt only. A UID that is longer than the standard allows is
/// not sent back.
pub fn encode_store_response<R>(out: &mut Vec<u8>, request: &StoreRq, outcome: &StoreOutcome<R>) {
    let (status, comment) = match outcome {
        StoreOutcome::Stored(_) => (Status::SUCCESS, ""),
        StoreOutcome::Failed { status, comment } => (status.status(), *comment),
    };
    Response {
        command_field: CommandField::C_STORE_RSP.0,
        message_id: request.message_id,
        status,
        sop_class: sendable(Some(&request.sop_class)),
        sop_instance: sendable(Some(&request.sop_instance)),
        error_comment: error_comment(comment),
        has_data_set: false,
    }
    .encode(out);
}

/// Appends the command set of a C-ECHO-RSP with status Success (PS3.7 9.3.5.2) to `out`.
pub fn encode_echo_response(out: &mut Vec<u8>, request: &EchoRq) {
    Response {
        command_field: CommandField::C_ECHO_RSP.0,
        message_id: request.message_id,
        status: Status::SUCCESS,
        sop_class: sendable(Some(&request.sop_class)),
        sop_instance: None,
        error_comment: None,
        has_data_set: false,
    }
    .encode(out);
}

/// Appends the command set that answers a request which is not served: status 0211H, unrecognized
/// operation (PS3.7 C.5).
pub fn encode_unrecognized_operation(out: &mut Vec<u8>, request: &OtherRq) {
    Response {
        command_field: CommandField(request.command_field).response().0,
        message_id: request.message_id,
        status: Status::UNRECOGNIZED_OPERATION,
        sop_class: sendable(request.sop_class.as_ref()),
        sop_instance: sendable(request.sop_instance.as_ref()),
        error_comment: None,
        has_data_set: false,
    }
    .encode(out);
}

/// The UID, if it can stand in a well-formed response. It is optional in all of them.
fn sendable(uid: Option<&Uid>) -> Option<Uid> {
    uid.filter(|uid| uid.wire_len() <= UID_BYTES_MAX).cloned()
}

/// The comment as a value of VR LO.
fn error_comment(comment: &str) -> Option<String> {
    let legal = |c: char| {
        if c == ' ' || (c.is_ascii_graphic() && c != '\\') {
            c
        } else {
            '?'
        }
    };
    let comment: String = comment
        .chars()
        .take(ERROR_COMMENT_CHARS_MAX)
        .map(legal)
        .collect();
    (!comment.is_empty()).then_some(comment)
}

/// A response, of whatever operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// To which operation. Its bit 15 is set.
    pub command_field: u16,
    /// The message ID of the request.
    pub message_id: u16,
    /// What became of it.
    pub status: Status,
    /// The affected SOP class.
    pub sop_class: Option<Uid>,
    /// The affected SOP instance.
    pub sop_instance: Option<Uid>,
    /// The words that go with the status.
    pub error_comment: Option<String>,
    /// Whether a data set follows.
    pub has_data_set: bool,
}

impl Response {
    /// Reads the command set of a response.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        let set = CommandSet::decode(bytes)?;
        let command_field = set.required_us(tag::COMMAND_FIELD)?;
        if !CommandField(command_field).is_response() {
            return Err(CommandError::NotAResponse {
                field: command_field,
            });
        }
        Ok(Self {
            command_field,
            message_id: set.required_us(tag::MESSAGE_ID_RESPONDED_TO)?,
            status: Status(set.required_us(tag::STATUS)?),
            sop_class: set.uid(tag::AFFECTED_SOP_CLASS),
            sop_instance: set.uid(tag::AFFECTED_SOP_INSTANCE),
            error_comment: set.text(tag::ERROR_COMMENT),
            has_data_set: has_data_set(&set)?,
        })
    }

    /// Private, because it would write Success for anybody.
    fn encode(&self, out: &mut Vec<u8>) {
        let mut command = CommandBuilder::new(out);
        if let Some(uid) = &self.sop_class {
            command.uid(tag::AFFECTED_SOP_CLASS, uid);
        }
        command
            .us(tag::COMMAND_FIELD, self.command_field)
            .us(tag::MESSAGE_ID_RESPONDED_TO, self.message_id)
            .us(tag::DATA_SET_TYPE, NO_DATA_SET)
            .us(tag::STATUS, self.status.0);
        if let Some(comment) = &self.error_comment {
            command.text(tag::ERROR_COMMENT, comment.as_bytes());
        }
        if let Some(uid) = &self.sop_instance {
            command.uid(tag::AFFECTED_SOP_INSTANCE, uid);
        }
        command.finish();
    }
}

//! Status codes (PS3.7 annex C, PS3.4 B.2.3).

use std::fmt;

/// The status of a response, as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

/// What a status means for the operation (PS3.7 annex C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusCategory {
    /// It was done.
    Success,
    /// It was done, but not quite as asked for.
    Warning,
    /// It was not done.
    Failure,
    /// It was ended on request.
    Cancel,
    /// More responses follow.
    Pending,
}

impl Status {
    /// The operation was done (PS3.7 C.1).
    pub const SUCCESS: Self = Self(0x0000);
    /// Optional attributes are not supported (PS3.7 C.4, warning).
    pub const OPTIONAL_ATTRIBUTES_NOT_SUPPORTED: Self = Self(0x0001);
    /// The attribute does not exist (PS3.7 C.5).
    pub const NO_SUCH_ATTRIBUTE: Self = Self(0x0105);
    /// The value of an attribute is impossible (PS3.7 C.5).
    pub const INVALID_ATTRIBUTE_VALUE: Self = Self(0x0106);
    /// Some attributes were not taken (PS3.7 C.4, warning).
    pub const ATTRIBUTE_LIST_ERROR: Self = Self(0x0107);
    /// A general failure in processing (PS3.7 C.5).
    pub const PROCESSING_FAILURE: Self = Self(0x0110);
    /// The SOP instance exists already (PS3.7 C.5).
    pub const DUPLICATE_SOP_INSTANCE: Self = Self(0x0111);
    /// The SOP instance does not exist (PS3.7 C.5).
    pub const NO_SUCH_SOP_INSTANCE: Self = Self(0x0112);
    /// The event type is unknown (PS3.7 C.5).
    pub const NO_SUCH_EVENT_TYPE: Self = Self(0x0113);
    /// An argument is unknown (PS3.7 C.5).
    pub const NO_SUCH_ARGUMENT: Self = Self(0x0114);
    /// The value of an argument is impossible (PS3.7 C.5).
    pub const INVALID_ARGUMENT_VALUE: Self = Self(0x0115);
    /// The value of an attribute is out of its range (PS3.7 C.4, warning).
    pub const ATTRIBUTE_VALUE_OUT_OF_RANGE: Self = Self(0x0116);
    /// The SOP instance UID breaks the rules of UIDs (PS3.7 C.5).
    pub const INVALID_SOP_INSTANCE: Self = Self(0x0117);
    /// The SOP class does not exist (PS3.7 C.5).
    pub const NO_SUCH_SOP_CLASS: Self = Self(0x0118);
    /// The SOP instance is not of this SOP class (PS3.7 C.5).
    pub const CLASS_INSTANCE_CONFLICT: Self = Self(0x0119);
    /// A required attribute is missing (PS3.7 C.5).
    pub const MISSING_ATTRIBUTE: Self = Self(0x0120);
    /// A required attribute has no value (PS3.7 C.5).
    pub const MISSING_ATTRIBUTE_VALUE: Self = Self(0x0121);
    /// The SOP class is not served (PS3.7 C.5).
    pub const SOP_CLASS_NOT_SUPPORTED: Self = Self(0x0122);
    /// The action type is unknown (PS3.7 C.5).
    pub const NO_SUCH_ACTION_TYPE: Self = Self(0x0123);
    /// The peer may not do this (PS3.7 C.5).
    pub const NOT_AUTHORIZED: Self = Self(0x0124);
    /// The message ID is in use (PS3.7 C.5).
    pub const DUPLICATE_INVOCATION: Self = Self(0x0210);
    /// The operation is unknown or not agreed on (PS3.7 C.5).
    pub const UNRECOGNIZED_OPERATION: Self = Self(0x0211);
    /// A parameter has no place in this operation (PS3.7 C.5).
    pub const MISTYPED_ARGUMENT: Self = Self(0x0212);
    /// There are no means to do it (PS3.7 C.5).
    pub const RESOURCE_LIMITATION: Self = Self(0x0213);
    /// No room for the object (PS3.4 table B.2-1).
    pub const OUT_OF_RESOURCES: Self = Self(0xA700);
    /// The object is not of the SOP class of its command (PS3.4 table B.2-1).
    pub const DATA_SET_DOES_NOT_MATCH: Self = Self(0xA900);
    /// The object can't be read (PS3.4 table B.2-1).
    pub const CANNOT_UNDERSTAND: Self = Self(0xC000);
    /// Stored with changed elements (PS3.4 table B.2-1, warning).
    pub const COERCION_OF_DATA_ELEMENTS: Self = Self(0xB000);
    /// Stored without some elements (PS3.4 table B.2-1, warning).
    pub const ELEMENTS_DISCARDED: Self = Self(0xB006);
    /// Stored, though not of the SOP class of its command (PS3.4 table B.2-1, warning).
    pub const DATA_SET_DOES_NOT_MATCH_WARNING: Self = Self(0xB007);
    /// Ended on request (PS3.7 C.3).
    pub const CANCEL: Self = Self(0xFE00);
    /// More responses follow (PS3.7 C.2).
    pub const PENDING: Self = Self(0xFF00);
    /// More responses follow, and optional keys were not supported (PS3.4 table C.4-1).
    pub const PENDING_WITH_WARNING: Self = Self(0xFF01);

    /// What it means for the operation. A code that the standard does not place is a failure.
    pub fn category(self) -> StatusCategory {
        match self.0 {
            0x0000 => StatusCategory::Success,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => StatusCategory::Warning,
            0xFE00 => StatusCategory::Cancel,
            0xFF00 | 0xFF01 => StatusCategory::Pending,
            _ => StatusCategory::Failure,
        }
    }
}

impl fmt::Display for Status {
    /// Shows what scripts look for in the log of a storage tool.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0000 => "Success",
            0xA700..=0xA7FF => "Refused: OutOfResources",
            0xA900..=0xA9FF => "Error: DataSetDoesNotMatchSOPClass",
            0xC000..=0xCFFF => "Error: CannotUnderstand",
            0x0122 => "Refused: SOPClassNotSupported",
            0xB000 => "Warning: CoercionOfDataElements",
            0xB006 => "Warning: ElementsDiscarded",
            0xB007 => "Warning: DataSetDoesNotMatchSOPClass",
            code => return write!(f, "Unknown Status: {code:#x}"),
        })
    }
}

/// A status that says that an operation was not done. It can't hold any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FailureStatus(Status);

impl FailureStatus {
    /// No room for the object.
    pub const OUT_OF_RESOURCES: Self = Self(Status::OUT_OF_RESOURCES);
    /// The object is not of the SOP class of its command.
    pub const DATA_SET_DOES_NOT_MATCH: Self = Self(Status::DATA_SET_DOES_NOT_MATCH);
    /// The object can't be read.
    pub const CANNOT_UNDERSTAND: Self = Self(Status::CANNOT_UNDERSTAND);
    /// A general failure in processing.
    pub const PROCESSING_FAILURE: Self = Self(Status::PROCESSING_FAILURE);
    /// The SOP instance exists already.
    pub const DUPLICATE_SOP_INSTANCE: Self = Self(Status::DUPLICATE_SOP_INSTANCE);
    /// The SOP instance UID breaks the rules of UIDs.
    pub const INVALID_SOP_INSTANCE: Self = Self(Status::INVALID_SOP_INSTANCE);
    /// The SOP class is not served.
    pub const SOP_CLASS_NOT_SUPPORTED: Self = Self(Status::SOP_CLASS_NOT_SUPPORTED);
    /// A parameter has no place in this operation.
    pub const MISTYPED_ARGUMENT: Self = Self(Status::MISTYPED_ARGUMENT);

    /// The status as a failure; `None` for any other category.
    pub fn new(status: Status) -> Option<Self> {
        (status.category() == StatusCategory::Failure).then_some(Self(status))
    }

    /// The status.
    pub fn status(self) -> Status {
        self.0
    }
}

impl fmt::Display for FailureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

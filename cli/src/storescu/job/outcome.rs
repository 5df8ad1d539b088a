//! What became of an object.

use std::path::PathBuf;

use pdvault_engine::dimse::{Status, StatusCategory};
use serde::{Deserialize, Serialize};

/// The longest reason that is kept, in bytes: a peer may send much, and a file name may be long.
const REASON_BYTES_MAX: usize = 1024;

/// The three ways an object can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// The peer has it.
    Sent,
    /// The peer has it, and warned of something.
    Warned,
    /// The peer does not have it, or never said that it has.
    Failed,
}

impl Verdict {
    /// What a response of this status says of its object.
    pub(super) fn of(status: Status) -> Self {
        match status.category() {
            StatusCategory::Success => Self::Sent,
            StatusCategory::Warning => Self::Warned,
            StatusCategory::Failure | StatusCategory::Cancel | StatusCategory::Pending => {
                Self::Failed
            }
        }
    }

    /// Whether the peer has taken the object.
    pub(super) fn is_acknowledged(self) -> bool {
        self != Self::Failed
    }
}

/// What became of one object, for the log, the journal and the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The file, as it was named.
    pub(super) path: PathBuf,
    /// The SOP class it was sent as, if that came to be known.
    pub(super) sop_class: Option<String>,
    /// The SOP instance it was sent as, if that came to be known.
    pub(super) sop_instance: Option<String>,
    /// The bytes of the data set that went out.
    pub(super) bytes: u64,
    /// How it ended.
    pub(super) verdict: Verdict,
    /// The status of the peer's response, if it gave one.
    pub(super) status: Option<Status>,
    /// Why it failed, or what the peer said besides the status.
    pub(super) reason: Option<String>,
}

impl Outcome {
    /// `A700`: the status as the standard writes it.
    pub(super) fn status_text(&self) -> Option<String> {
        self.status.map(|status| format!("{:04X}", status.0))
    }
}

/// The reason as it is kept: not longer than [`REASON_BYTES_MAX`].
pub(super) fn bounded_reason(mut reason: String) -> String {
    let mut end = REASON_BYTES_MAX.min(reason.len());
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.truncate(end);
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_an_acknowledgement_and_all_else_is_not() {
        for code in [0x0000, 0x0001, 0x0107, 0x0116, 0xB000, 0xBFFF] {
            assert!(Verdict::of(Status(code)).is_acknowledged(), "{code:#x}");
        }
        for code in [0xA700, 0xA900, 0xC000, 0x0122, 0xFF00, 0xFE00, 0x1234] {
            assert!(!Verdict::of(Status(code)).is_acknowledged(), "{code:#x}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let cut = bounded_reason("é".repeat(1000) + "x");
        assert_eq!(cut, "é".repeat(512));
        let odd = bounded_reason("x".to_owned() + &"é".repeat(1000));
        assert_eq!(odd.len(), 1023);
        assert_eq!(bounded_reason("short".to_owned()), "short");
    }
}

//! The values of entries.

use pdvault_engine::registry;
use pdvault_engine::value::{UID_BYTES_MAX, Uid};

use super::ProfileError;

/// The longest application information of an extended negotiation item, in bytes; DCMTK's.
const INFORMATION_BYTES_MAX: usize = 1024;

fn syntax(what: &'static str, key: &str) -> ProfileError {
    ProfileError::Syntax {
        what,
        key: key.to_owned(),
    }
}

/// What stands before and behind the backslash of the entry `key`.
pub(super) fn pair<'a>(key: &str, value: &'a str) -> Result<(&'a str, &'a str), ProfileError> {
    value
        .split_once('\\')
        .ok_or_else(|| syntax("missing '\\'", key))
}

/// A UID, or what a symbolic name stands for; a name may have `=` before it.
pub(super) fn uid(what: &'static str, text: &str) -> Result<Uid, ProfileError> {
    let uid = if text.starts_with(|c: char| c.is_ascii_digit()) {
        Some(text)
    } else {
        registry::uid_of_symbol(text.strip_prefix('=').unwrap_or(text))
    };
    uid.filter(|uid| uid.len() <= UID_BYTES_MAX)
        .filter(|uid| uid.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        .map(Uid::from)
        .ok_or_else(|| ProfileError::Uid {
            what,
            text: text.to_owned(),
        })
}

/// Whether the requestor would be SCU, and whether it would be SCP.
pub(super) fn role(key: &str, text: &str) -> Result<(bool, bool), ProfileError> {
    match text {
        "SCU" => Ok((true, false)),
        "SCP" => Ok((false, true)),
        "BOTH" => Ok((true, true)),
        _ => Err(syntax("unknown role key", key)),
    }
}

/// Bytes by their hexadecimal digits, an even number of them; blanks and line ends are passed over.
pub(super) fn bytes(key: &str, text: &str) -> Result<Vec<u8>, ProfileError> {
    let error = || syntax("parse error in extended negotiation data", key);
    let digits = text.chars().filter(|c| !c.is_ascii_whitespace());
    let digits: Option<Vec<u32>> = digits.map(|c| c.to_digit(16)).collect();
    let digits = digits.ok_or_else(error)?;
    let is_whole = digits.len() % 2 == 0 && !digits.is_empty();
    if !is_whole || digits.len() / 2 > INFORMATION_BYTES_MAX {
        return Err(error());
    }
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok());
    bytes.collect::<Option<_>>().ok_or_else(error)
}

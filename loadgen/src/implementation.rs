//! What a receiver says it is (PS3.7 D.3.3.2).

use std::collections::BTreeSet;
use std::fmt;

use pdvault_engine::association::Agreed;
use serde::{Deserialize, Serialize};

/// How many kinds of receivers are told apart in a run: more than stand behind one address.
const KINDS_MAX: usize = 16;

/// The most characters that are kept of a name or UID: the standard's longest UID. A receiver may send
/// more.
const CHARACTERS_MAX: usize = 64;

/// A receiver's implementation, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Implementation {
    /// The Implementation Class UID; empty where none was sent.
    #[serde(default)]
    pub class_uid: String,
    /// The Implementation Version Name; empty where none was sent.
    #[serde(default)]
    pub version_name: String,
}

impl Implementation {
    /// What the receiver of an association said.
    pub(crate) fn of(agreed: &Agreed) -> Self {
        let uid = agreed.implementation_class_uid.as_ref();
        let name = agreed.implementation_version_name.as_deref();
        Self {
            class_uid: uid.map_or_else(String::new, |uid| printable(uid.as_str())),
            version_name: printable(&String::from_utf8_lossy(name.unwrap_or_default())),
        }
    }

    /// Adds it to those seen, unless there are too many.
    pub(crate) fn note_in(self, seen: &mut BTreeSet<Self>) {
        if seen.len() < KINDS_MAX {
            seen.insert(self);
        }
    }
}

/// `OFFIS_DCMTK_367 (1.2.276.0.7230010.3.0.3.6.7)`
impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.version_name, &*self.class_uid) {
            ("", "") => f.write_str("does not say what it is"),
            (name, "") => f.write_str(name),
            ("", uid) => f.write_str(uid),
            (name, uid) => write!(f, "{name} ({uid})"),
        }
    }
}

fn printable(text: &str) -> String {
    let text = text.trim_matches(['\0', ' ']);
    let shown = text.chars().take(CHARACTERS_MAX);
    shown
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implementation(class_uid: &str, version_name: &str) -> Implementation {
        Implementation {
            class_uid: class_uid.to_owned(),
            version_name: version_name.to_owned(),
        }
    }

    #[test]
    fn what_was_not_sent_is_left_out() {
        for (one, text) in [
            (implementation("1.2", "NAME"), "NAME (1.2)"),
            (implementation("1.2", ""), "1.2"),
            (implementation("", "NAME"), "NAME"),
            (implementation("", ""), "does not say what it is"),
        ] {
            assert_eq!(one.to_string(), text);
        }
    }

    #[test]
    fn a_name_is_made_fit_to_be_shown() {
        assert_eq!(printable("NAME \0"), "NAME");
        assert_eq!(printable("a\x1b[2J\nb"), "a?[2J?b");
        assert_eq!(printable(&"x".repeat(70_000)).len(), CHARACTERS_MAX);
    }

    #[test]
    fn each_kind_is_noted_once_and_not_too_many_of_them() {
        let mut seen = BTreeSet::new();
        for number in 0..100 {
            implementation("1.2", &number.to_string()).note_in(&mut seen);
            implementation("1.2", "0").note_in(&mut seen);
        }
        assert_eq!(seen.len(), KINDS_MAX);
    }
}

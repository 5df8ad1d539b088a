//! What to do, where DCMTK's lines tell only what went wrong.

use std::sync::OnceLock;

use pdvault_engine::registry;

use super::convert::ConvertError;
use super::journal::Elsewhere;
use crate::options::Rate;
use crate::storescu::settings::Contexts;

/// Below this many bytes per second a rate was meant to have a unit.
const RATE_MIN: u64 = 1000;

/// Hints that are given once.
#[derive(Debug, Default)]
pub(super) struct Hints {
    compressed: OnceLock<()>,
}

impl Hints {
    /// Tells how to send compressed files, after the first that cannot be converted.
    pub(super) fn tell_of_stored(&self, error: &ConvertError, contexts: &Contexts) {
        if let Some(hint) = compressed(error, contexts) {
            self.compressed.get_or_init(|| tracing::warn!("{hint}"));
        }
    }
}

fn compressed(error: &ConvertError, contexts: &Contexts) -> Option<String> {
    let ConvertError::Impossible { from, to } = error else {
        return None;
    };
    if matches!(contexts, Contexts::Stored) {
        return None;
    }
    let name = |uid: &str| {
        registry::transfer_syntax(uid)
            .map_or_else(|| uid.to_owned(), |syntax| syntax.name.to_owned())
    };
    let (from, to) = (name(from), name(to));
    Some(format!(
        "{from} cannot be converted to {to}: send compressed files as they are with --propose-stored"
    ))
}

/// Tells of a rate so low that nobody can mean it.
pub(super) fn tell_of_slow_rate(rate: Option<Rate>) {
    if let Some(hint) = slow_rate(rate) {
        tracing::warn!("{hint}");
    }
}

fn slow_rate(rate: Option<Rate>) -> Option<String> {
    match rate {
        Some(Rate::Bytes(number)) if number < RATE_MIN => Some(format!(
            "--rate {number} is {number} bytes a second; {number}M is {number} megabytes, \
             {number}objects is {number} objects a second"
        )),
        _ => None,
    }
}

/// The journal is about others.
pub(super) fn other_peer(elsewhere: &Elsewhere, peer: &str) -> String {
    let (count, other) = (elsewhere.count, &elsewhere.peer);
    let others = if elsewhere.has_more_peers {
        " and others"
    } else {
        ""
    };
    format!(
        "the journal has {count} objects acknowledged by {other}{others}, none by {peer}; they will \
         be sent again"
    )
}

#[cfg(test)]
mod tests {
    use pdvault_engine::association::proposal::SyntaxProposal;

    use super::*;

    #[test]
    fn a_rate_without_a_unit_is_explained() {
        let hint = slow_rate(Some(Rate::Bytes(40))).expect("a hint");
        assert!(hint.starts_with("--rate 40 is 40 bytes a second; 40M is 40 megabytes"));
        for rate in [None, Some(Rate::Bytes(1000)), Some(Rate::Objects(40))] {
            assert_eq!(slow_rate(rate), None);
        }
    }

    #[test]
    fn compressed_files_have_a_way_to_be_sent_unless_it_was_taken() {
        let error = ConvertError::Impossible {
            from: "1.2.840.10008.1.2.4.50".to_owned(),
            to: "1.2.840.10008.1.2.1".to_owned(),
        };
        let default = Contexts::Default(SyntaxProposal::default());
        let hint = compressed(&error, &default).expect("a hint");
        assert!(hint.contains("JPEG Baseline"), "{hint}");
        assert!(
            hint.contains("Little Endian Explicit") || hint.contains("Explicit VR"),
            "{hint}"
        );
        assert!(hint.ends_with("with --propose-stored"));
        assert_eq!(compressed(&error, &Contexts::Stored), None);
        let other = ConvertError::Io(std::io::ErrorKind::NotFound.into());
        assert_eq!(compressed(&other, &default), None);
    }

    #[test]
    fn a_journal_about_others_names_them() {
        let mut elsewhere = Elsewhere {
            count: 4349,
            peer: "ARCHIVE@localhost:21104".to_owned(),
            has_more_peers: false,
        };
        let peer = "ARCHIVE@127.0.0.1:21104";
        assert_eq!(
            other_peer(&elsewhere, peer),
            "the journal has 4349 objects acknowledged by ARCHIVE@localhost:21104, none by \
             ARCHIVE@127.0.0.1:21104; they will be sent again"
        );
        elsewhere.has_more_peers = true;
        assert!(other_peer(&elsewhere, peer).contains(":21104 and others, none by "));
    }
}

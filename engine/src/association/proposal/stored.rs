//! What is proposed for files that were looked at first.

use super::{CONTEXTS_MAX, ContextOffer, UNCOMPRESSED};
use crate::registry::EXPLICIT_NATIVE;
use crate::value::Uid;

/// The most transfer syntaxes of one class that are proposed. Two more contexts may be needed for
/// uncompressed ones, and all of a class have to fit into one association, or its files could not
/// choose among them. The standard has fewer.
const STORED_SYNTAXES_MAX: usize = CONTEXTS_MAX - 2;

/// The SOP classes of files, and the transfer syntaxes that the files of each have, in order of
/// appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSyntaxes(Vec<(Uid, Vec<Uid>)>);

impl StoredSyntaxes {
    /// Notes a file of this class in this transfer syntax.
    ///
    /// A transfer syntax that is no UID by PS3.5 9.1 is left out, because no peer could be asked for
    /// it, and so is one more of a class that has 126 already: files may say anything, and memory is
    /// bounded. The class counts all the same.
    pub fn note(&mut self, class: Uid, syntax: Uid) {
        let syntaxes = self.syntaxes_of(class);
        let has_room = syntaxes.len() < STORED_SYNTAXES_MAX;
        if has_room && !syntaxes.contains(&syntax) && syntax.is_well_formed() {
            syntaxes.push(syntax);
        }
    }

    fn syntaxes_of(&mut self, class: Uid) -> &mut Vec<Uid> {
        let known = self.0.iter().position(|(known, _)| *known == class);
        let at = known.unwrap_or_else(|| {
            self.0.push((class, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// The classes, each once.
    pub fn into_classes(self) -> impl Iterator<Item = Uid> {
        self.0.into_iter().map(|(class, _)| class)
    }

    /// For each class a context of its own for every transfer syntax that its files have, and for the
    /// uncompressed one that is preferred by default; in a last one the other uncompressed ones, so
    /// that a peer can take native files in whatever it knows.
    pub fn offers(&self) -> Vec<ContextOffer> {
        let offers = self.0.iter().flat_map(|(class, stored)| {
            contexts(stored).into_iter().map(|syntaxes| ContextOffer {
                abstract_syntax: class.clone(),
                transfer_syntaxes: syntaxes.into_iter().map(Uid::from).collect(),
            })
        });
        offers.collect()
    }
}

/// The transfer syntaxes of each context. Of the explicit ones the preferred one stands first, since
/// of equals the first one is chosen.
fn contexts(stored: &[Uid]) -> Vec<Vec<&str>> {
    let preferred = EXPLICIT_NATIVE[0];
    let stored = stored.iter().map(Uid::as_str);
    let (native, other): (Vec<_>, Vec<_>) = stored
        .filter(|syntax| *syntax != preferred)
        .partition(|syntax| UNCOMPRESSED.contains(syntax));
    let mut rest = UNCOMPRESSED.to_vec();
    rest.retain(|syntax| *syntax != preferred && !native.contains(syntax));
    let alone = other.into_iter().chain([preferred]).chain(native);
    let mut contexts: Vec<_> = alone.map(|syntax| vec![syntax]).collect();
    contexts.extend(Some(rest).filter(|rest| !rest.is_empty()));
    contexts
}

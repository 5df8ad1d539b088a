//! What a requestor proposes, and which of the contexts agreed on suits an object: pure functions.
//!
//! The ways of proposing are those of DCMTK's storescu, so that a peer which was set up for that
//! meets the same contexts. A proposal that needs more than the [128](CONTEXTS_MAX) contexts of one
//! association is spread over several.

mod choice;
mod request;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::pdu::ProposedContext;
use crate::registry::{EXPLICIT_BIG, EXPLICIT_LITTLE, EXPLICIT_NATIVE, IMPLICIT_LITTLE};
use crate::value::{PresentationContextId, Uid};

pub use choice::{Choice, NoContext, choose};
pub use request::{AssociationRequest, UserIdentity};
pub use stored::StoredSyntaxes;

/// The most presentation contexts of one association: their numbers are odd and fit a byte
/// (PS3.8 9.3.2.2).
pub const CONTEXTS_MAX: usize = 128;

/// The transfer syntaxes without compression, in the order in which they are proposed.
const UNCOMPRESSED: [&str; 3] = [EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE];

/// A presentation context that has no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextOffer {
    /// The abstract syntax, most often a SOP class.
    pub abstract_syntax: Uid,
    /// The transfer syntaxes to choose from, at least one.
    pub transfer_syntaxes: Vec<Uid>,
}

/// Which transfer syntaxes are proposed for each SOP class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxProposal {
    preferred: &'static str,
    others: Vec<&'static str>,
    is_combined: bool,
}

impl Default for SyntaxProposal {
    /// The uncompressed ones, explicit VR in this machine's byte order preferred.
    fn default() -> Self {
        Self::preferring(EXPLICIT_NATIVE[0])
    }
}

impl SyntaxProposal {
    /// This one first, then the uncompressed ones.
    pub fn preferring(preferred: &'static str) -> Self {
        Self {
            preferred,
            others: UNCOMPRESSED
                .into_iter()
                .filter(|syntax| *syntax != preferred)
                .collect(),
            is_combined: false,
        }
    }

    /// This one and nothing else.
    pub fn only(syntax: &'static str) -> Self {
        Self {
            preferred: syntax,
            others: Vec::new(),
            is_combined: false,
        }
    }

    /// Whether all of them stand in one context per SOP class, from which the peer chooses, instead
    /// of the preferred one in a context of its own.
    #[must_use]
    pub fn combined(mut self, is_combined: bool) -> Self {
        self.is_combined = is_combined;
        self
    }

    /// The transfer syntax that is preferred.
    pub fn preferred(&self) -> &'static str {
        self.preferred
    }

    /// The contexts for these SOP classes, in their order; a class that comes twice counts once.
    pub fn offers(&self, classes: impl IntoIterator<Item = Uid>) -> Vec<ContextOffer> {
        let mut seen = HashSet::new();
        let mut offers = Vec::new();
        for class in classes {
            if seen.insert(class.clone()) {
                self.offer(&class, &mut offers);
            }
        }
        offers
    }

    fn offer(&self, class: &Uid, offers: &mut Vec<ContextOffer>) {
        let preferred = std::slice::from_ref(&self.preferred);
        let mut push = |syntaxes: &[&str]| {
            offers.push(ContextOffer {
                abstract_syntax: class.clone(),
                transfer_syntaxes: syntaxes.iter().map(|uid| Uid::from(*uid)).collect(),
            });
        };
        if self.is_combined {
            push(&[preferred, &self.others].concat());
            return;
        }
        push(preferred);
        if !self.others.is_empty() {
            push(&self.others);
        }
    }
}

/// Spreads contexts over as few associations as their order allows, each with at most
/// [`CONTEXTS_MAX`], and numbers them 1, 3, 5 and so on in each.
///
/// Those of one abstract syntax stay in one association, or an object could not choose among them: they
/// are brought together where more than one association is needed. Only where one syntax alone has
/// more than [`CONTEXTS_MAX`] contexts they are torn apart.
pub fn split(offers: &[ContextOffer]) -> Vec<Vec<ProposedContext>> {
    let mut offers = offers.to_vec();
    if offers.len() > CONTEXTS_MAX {
        bring_together(&mut offers);
    }
    let mut associations: Vec<Vec<ContextOffer>> = Vec::new();
    for run in offers.chunk_by(|a, b| a.abstract_syntax == b.abstract_syntax) {
        for piece in run.chunks(CONTEXTS_MAX) {
            match associations.last_mut() {
                Some(last) if last.len() + piece.len() <= CONTEXTS_MAX => {
                    last.extend_from_slice(piece);
                }
                _ => associations.push(piece.to_vec()),
            }
        }
    }
    associations.into_iter().map(number).collect()
}

/// Puts the contexts of each abstract syntax to its first one.
fn bring_together(offers: &mut [ContextOffer]) {
    let mut places = HashMap::new();
    for offer in &*offers {
        let next = places.len();
        places.entry(offer.abstract_syntax.clone()).or_insert(next);
    }
    offers.sort_by_key(|offer| places[&offer.abstract_syntax]);
}

/// Gives the contexts of one association their numbers.
fn number(offers: Vec<ContextOffer>) -> Vec<ProposedContext> {
    (1..=u8::MAX)
        .step_by(2)
        .zip(offers)
        .map(|(id, offer)| ProposedContext {
            id: PresentationContextId(id),
            abstract_syntax: offer.abstract_syntax,
            transfer_syntaxes: offer.transfer_syntaxes,
        })
        .collect()
}

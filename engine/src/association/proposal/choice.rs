//! Which context an object is sent in.

use crate::registry::{self, DEFLATED_EXPLICIT_LITTLE};
use crate::value::{PresentationContextId, Uid};

use super::super::AgreedContext;

/// The context that an object is sent in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub context: PresentationContextId,
    /// Its transfer syntax. Where it is not the object's own, the object has to be converted, which
    /// may be impossible.
    pub transfer_syntax: Uid,
}

/// Nothing was agreed on for the class of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no presentation context for SOP class {sop_class}: it was not proposed, or the peer refused it"
)]
pub struct NoContext {
    /// The class.
    pub sop_class: Uid,
}

/// Chooses among the contexts of an association the one for an object, as DCMTK does: that of the
/// object's own transfer syntax, else an explicit uncompressed one, else the implicit one, else any
/// of its class. Of equals the first one counts.
///
/// With `prefer_deflated`, an object whose data set is not encapsulated looks for a deflated
/// context before that of its own syntax.
///
/// # Errors
/// No context of the class was accepted.
pub fn choose(
    contexts: &[AgreedContext],
    sop_class: &Uid,
    object_syntax: &str,
    prefer_deflated: bool,
) -> Result<Choice, NoContext> {
    let wanted = if prefer_deflated && is_native(object_syntax) {
        DEFLATED_EXPLICIT_LITTLE
    } else {
        object_syntax
    };
    contexts
        .iter()
        .filter(|context| context.abstract_syntax == *sop_class)
        .min_by_key(|context| rank(context.transfer_syntax.as_str(), wanted))
        .map(|context| Choice {
            context: context.id,
            transfer_syntax: context.transfer_syntax.clone(),
        })
        .ok_or_else(|| NoContext {
            sop_class: sop_class.clone(),
        })
}

/// The smaller, the better.
fn rank(syntax: &str, wanted: &str) -> u8 {
    match syntax {
        syntax if syntax == wanted => 0,
        registry::EXPLICIT_LITTLE | registry::EXPLICIT_BIG => 1,
        registry::IMPLICIT_LITTLE => 2,
        _ => 3,
    }
}

/// Whether data sets of this transfer syntax can be deflated: those without encapsulated pixels.
fn is_native(syntax: &str) -> bool {
    registry::transfer_syntax(syntax).is_some_and(|syntax| !syntax.encapsulated)
}

//! What the typed options mean.

use pdvault_engine::association::proposal::ContextOffer;
use pdvault_engine::registry::VERIFICATION;
use pdvault_engine::value::Uid;

use super::Typed;
use crate::grammar::UsageError;
use crate::meaning::{RequestorSettings, in_range};

/// The transfer syntaxes that can be proposed, in DCMTK's order; retired ones are among them.
#[rustfmt::skip]
pub(crate) const SYNTAXES: [&str; 38] = [
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.52",
    "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.54", "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.56", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.58",
    "1.2.840.10008.1.2.4.59", "1.2.840.10008.1.2.4.60", "1.2.840.10008.1.2.4.61",
    "1.2.840.10008.1.2.4.62", "1.2.840.10008.1.2.4.63", "1.2.840.10008.1.2.4.64",
    "1.2.840.10008.1.2.4.65", "1.2.840.10008.1.2.4.66", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93", "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.106",
    "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108",
];

/// Everything that echoscu is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) requestor: RequestorSettings,
    /// The contexts to propose, for one association.
    pub(crate) contexts: Vec<ContextOffer>,
    /// How many requests, at least one.
    pub(crate) repeat: u32,
    /// Whether the association ends by an abort instead of a release.
    pub(crate) abort: bool,
}

impl Settings {
    /// Puts defaults where nothing was typed.
    ///
    /// # Errors
    /// An AE title that can't be one.
    pub(crate) fn resolve(typed: &Typed) -> Result<Self, UsageError> {
        let syntaxes: usize = typed.syntaxes.map_or(1, in_range);
        let offer = ContextOffer {
            abstract_syntax: Uid::from(VERIFICATION),
            transfer_syntaxes: SYNTAXES[..syntaxes]
                .iter()
                .map(|uid| Uid::from(*uid))
                .collect(),
        };
        Ok(Self {
            requestor: RequestorSettings::resolve::<Typed>(&typed.requestor)?,
            contexts: vec![offer; typed.contexts.map_or(1, in_range)],
            repeat: typed.repeat.map_or(1, in_range),
            abort: typed.abort,
        })
    }
}

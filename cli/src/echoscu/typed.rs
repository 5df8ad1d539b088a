//! What was typed, before it means anything.

use crate::options::shared::general::General;
use crate::options::shared::requestor::{Requestor, Requests};

/// The options of echoscu as they were typed. Numbers are within the ranges of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) general: General,
    pub(crate) requestor: Requestor,
    pub(crate) syntaxes: Option<i64>,
    pub(crate) contexts: Option<i64>,
    pub(crate) repeat: Option<i64>,
    pub(crate) abort: bool,
}

impl AsMut<General> for Typed {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

impl AsMut<Requestor> for Typed {
    fn as_mut(&mut self) -> &mut Requestor {
        &mut self.requestor
    }
}

impl Requests for Typed {
    const AE_TITLE: &'static str = "ECHOSCU";
}

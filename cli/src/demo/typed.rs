//! What was typed, before it means anything.

use crate::options::shared::general::General;

/// The options of demo as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) general: General,
}

impl AsMut<General> for Typed {
    fn as_mut(&mut self) -> &mut General {
        &mut self.general
    }
}

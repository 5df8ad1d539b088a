//! What was typed, before it means anything.

use std::ffi::OsString;
use std::path::PathBuf;

use pdvault_engine::association::proposal::SyntaxProposal;

use super::InputFormat;
use crate::options::Rate;
use crate::options::shared::general::General;
use crate::options::shared::requestor::{Requestor, Requests};
use crate::options::shared::sending::Sending;

/// The options of storescu as they were typed; what was left out is `None` or `false`. Numbers
/// are within the ranges of the table.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) general: General,
    pub(crate) requestor: Requestor,
    pub(crate) sending: Sending,
    pub(crate) verbose_pc: bool,
    pub(crate) input_format: InputFormat,
    pub(crate) scan_directories: bool,
    pub(crate) scan_pattern: Option<OsString>,
    pub(crate) recurse: bool,
    pub(crate) rename: bool,
    /// File and name of a profile.
    pub(crate) profile: Option<(PathBuf, OsString)>,
    pub(crate) preference: Option<SyntaxProposal>,
    pub(crate) propose_stored: bool,
    pub(crate) required: bool,
    pub(crate) combine: bool,
    pub(crate) old_vr_only: bool,
    pub(crate) compression_level: Option<i64>,
    pub(crate) identity: Option<TypedIdentity>,
    pub(crate) passcode: Option<TypedPasscode>,
    pub(crate) positive_response: bool,
    pub(crate) repeat: Option<i64>,
    pub(crate) abort: bool,
    pub(crate) no_halt: bool,
    pub(crate) invent: bool,
    pub(crate) invent_series: Option<i64>,
    pub(crate) invent_study: Option<i64>,
    pub(crate) invent_patient: Option<i64>,
    pub(crate) rate: Option<Rate>,
    pub(crate) retries: Option<i64>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) report: Option<PathBuf>,
}

impl Typed {
    /// This transfer syntax first, then the uncompressed ones.
    pub(crate) fn first(&mut self, syntax: &'static str) {
        self.preference = Some(SyntaxProposal::preferring(syntax));
    }

    /// This transfer syntax and nothing else.
    pub(crate) fn alone(&mut self, syntax: &'static str) {
        self.preference = Some(SyntaxProposal::only(syntax));
    }
}

/// By what means the user is named.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum TypedIdentity {
    User(OsString),
    Kerberos(PathBuf),
    Saml(PathBuf),
    Jwt(PathBuf),
}

/// The password of a user.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum TypedPasscode {
    Word(OsString),
    Empty,
}

impl std::fmt::Debug for TypedIdentity {
    /// Shows no names: they have no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(_) => f.write_str("User(..)"),
            Self::Kerberos(path) => write!(f, "Kerberos({})", path.display()),
            Self::Saml(path) => write!(f, "Saml({})", path.display()),
            Self::Jwt(path) => write!(f, "Jwt({})", path.display()),
        }
    }
}

impl std::fmt::Debug for TypedPasscode {
    /// Shows no password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedPasscode(..)")
    }
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

impl AsMut<Sending> for Typed {
    fn as_mut(&mut self) -> &mut Sending {
        &mut self.sending
    }
}

impl Requests for Typed {
    const AE_TITLE: &'static str = "STORESCU";
}

//! Where the user's identity comes from.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use pdvault_engine::association::proposal::UserIdentity;

/// The longest ticket, assertion or token that the wire can carry, in bytes (PS3.7 D.3.3.7.1).
const BYTES_MAX: u64 = u16::MAX as u64;

/// By what means the user is named; files are not read yet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A name, perhaps with a password.
    User {
        name: String,
        passcode: Option<String>,
    },
    /// The file of a Kerberos ticket.
    Kerberos(PathBuf),
    /// The file of a SAML assertion.
    Saml(PathBuf),
    /// The file of a JSON web token.
    Jwt(PathBuf),
}

/// A file with an identity that can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// It can't be read.
    #[error("cannot read the user identity from {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// There is nothing in it.
    #[error("the user identity in {} is empty; name the file of the ticket or token", path.display())]
    Empty { path: PathBuf },
    /// It is longer than the wire can carry.
    #[error("the user identity in {} is longer than {BYTES_MAX} bytes", path.display())]
    TooLong { path: PathBuf },
}

impl Source {
    /// Whether the lack of a response ends the job where a response was asked for; DCMTK enforces
    /// that for names only.
    pub(crate) fn enforces_response(&self) -> bool {
        matches!(self, Self::User { .. })
    }

    /// The identity; reads its file.
    ///
    /// # Errors
    /// A file that can't be read, is empty or is too long.
    pub(crate) fn load(&self) -> Result<UserIdentity, IdentityError> {
        Ok(match self {
            Self::User { name, passcode } => match passcode {
                None => UserIdentity::Name(name.clone()),
                Some(passcode) => UserIdentity::NameAndPasscode(name.clone(), passcode.clone()),
            },
            Self::Kerberos(path) => UserIdentity::Kerberos(content(path)?),
            Self::Saml(path) => UserIdentity::Saml(content(path)?),
            Self::Jwt(path) => UserIdentity::Jwt(content(path)?),
        })
    }
}

fn content(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| IdentityError::Read {
        path: path.to_owned(),
        error,
    })?;
    let path = || path.to_owned();
    match bytes.len() as u64 {
        0 => Err(IdentityError::Empty { path: path() }),
        1..=BYTES_MAX => Ok(bytes),
        _ => Err(IdentityError::TooLong { path: path() }),
    }
}

impl std::fmt::Debug for Source {
    /// Shows no names and passwords: they have no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User { .. } => f.write_str("User(..)"),
            Self::Kerberos(path) => write!(f, "Kerberos({})", path.display()),
            Self::Saml(path) => write!(f, "Saml({})", path.display()),
            Self::Jwt(path) => write!(f, "Jwt({})", path.display()),
        }
    }
}

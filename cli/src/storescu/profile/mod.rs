//! Association configuration files in DCMTK's format: what a named profile proposes.
//!
//! Only what the named profile refers to is judged; DCMTK judges the whole file.

mod sections;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use pdvault_engine::association::proposal::ContextOffer;
use pdvault_engine::pdu::{ExtendedNegotiation, RoleSelection};
use pdvault_engine::value::Uid;

use sections::{Section, Sections};

/// The longest file that is read, in bytes; those that DCMTK brings have some 20 KiB.
const FILE_BYTES_MAX: u64 = 4 << 20;

const TRANSFER_SYNTAXES: &str = "TRANSFERSYNTAXES";
const PRESENTATION_CONTEXTS: &str = "PRESENTATIONCONTEXTS";
const ROLES: &str = "SCPSCUROLESELECTION";
const EXTENDED: &str = "EXTENDEDNEGOTIATION";
const PROFILES: &str = "PROFILES";

/// What a profile proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The contexts, in the order of the file; there may be more than fit one association.
    pub(crate) contexts: Vec<ContextOffer>,
    /// The roles asked for, each class once.
    pub(crate) roles: Vec<RoleSelection>,
    /// The extended negotiation items, each class once.
    pub(crate) extended: Vec<ExtendedNegotiation>,
}

/// A profile that can't be used, in DCMTK's words where it has any.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    /// The file can't be read.
    #[error("reading config file: unable to open configuration file: {path} ({error})")]
    Open { path: String, error: io::Error },
    /// The file is longer than any such file.
    #[error("reading config file: {path} is longer than {FILE_BYTES_MAX} bytes")]
    TooLong { path: String },
    /// A part of the file that must be there is not.
    #[error("reading config file: cannot find section [[{0}]] in config file")]
    NoSection(&'static str),
    /// There is no profile of this name.
    #[error("profile key undefined: {0}")]
    NoProfile(String),
    /// A list is named that is not there, or is empty.
    #[error("reading config file: {what} key undefined: {name}")]
    NoList { what: &'static str, name: String },
    /// The profile names no list of contexts.
    #[error("reading config file: missing PRESENTATIONCONTEXTS in profile {0} in config file")]
    NoContexts(String),
    /// An entry does not have the form that it should have.
    #[error("reading config file: syntax error: {what} in entry {key} in config file")]
    Syntax { what: &'static str, key: String },
    /// A UID that is none, or a name of nothing.
    #[error("reading config file: not a valid {what} UID: {text}")]
    Uid { what: &'static str, text: String },
    /// A role or item for a class of which no context is proposed.
    #[error(
        "reading config file: abstract syntax defined in {list} list but not in presentation \
         context list: {class}"
    )]
    NotProposed { list: &'static str, class: Uid },
    /// A class twice in a list where it may stand once.
    #[error("reading config file: {list} defined twice for abstract syntax UID: {class}")]
    Twice { list: &'static str, class: Uid },
}

/// Reads the profile of this name from a file.
///
/// # Errors
/// A file that can't be read, or something that is wrong in it.
pub(crate) fn read(path: &Path, name: &OsStr) -> Result<Profile, ProfileError> {
    let shown = || path.display().to_string();
    let mut content = Vec::new();
    let outcome =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content));
    match outcome {
        Err(error) => Err(ProfileError::Open {
            path: shown(),
            error,
        }),
        Ok(bytes) if bytes as u64 > FILE_BYTES_MAX => Err(ProfileError::TooLong { path: shown() }),
        Ok(_) => parse(&String::from_utf8_lossy(&content), &name.to_string_lossy()),
    }
}

/// Finds the profile of this name in the text of a file.
fn parse(text: &str, name: &str) -> Result<Profile, ProfileError> {
    let sections = Sections::parse(text);
    for required in [TRANSFER_SYNTAXES, PRESENTATION_CONTEXTS, PROFILES] {
        if !sections.has(required) {
            return Err(ProfileError::NoSection(required));
        }
    }
    let key: String = name.split_whitespace().collect();
    let key = key.to_uppercase();
    let profile = sections
        .section(PROFILES, &key)
        .ok_or_else(|| ProfileError::NoProfile(key.clone()))?;
    let contexts = profile
        .get(PRESENTATION_CONTEXTS)
        .ok_or(ProfileError::NoContexts(key))?;
    let profile = Profile {
        contexts: contexts_of(&sections, contexts)?,
        roles: match profile.get(ROLES) {
            None => Vec::new(),
            Some(list) => roles_of(&sections, list)?,
        },
        extended: match profile.get(EXTENDED) {
            None => Vec::new(),
            Some(list) => extended_of(&sections, list)?,
        },
    };
    profile.check()?;
    Ok(profile)
}

/// The section that a value names; there is none without a first entry.
fn list<'a>(
    sections: &'a Sections,
    above: &str,
    name: &str,
    what: &'static str,
    prefix: &'a str,
) -> Result<impl Iterator<Item = (String, &'a str)>, ProfileError> {
    let key = sections::key(name);
    sections
        .section(above, &key)
        .filter(|section| section.numbered(prefix).next().is_some())
        .map(|section: &Section| section.numbered(prefix))
        .ok_or(ProfileError::NoList { what, name: key })
}

fn contexts_of(sections: &Sections, name: &str) -> Result<Vec<ContextOffer>, ProfileError> {
    list(
        sections,
        PRESENTATION_CONTEXTS,
        name,
        "presentation context",
        "PRESENTATIONCONTEXT",
    )?
    .map(|(key, value)| {
        let (class, syntaxes) = values::pair(&key, value)?;
        Ok(ContextOffer {
            abstract_syntax: values::uid("abstract syntax", class)?,
            transfer_syntaxes: syntaxes_of(sections, syntaxes)?,
        })
    })
    .collect()
}

fn syntaxes_of(sections: &Sections, name: &str) -> Result<Vec<Uid>, ProfileError> {
    let entries = list(
        sections,
        TRANSFER_SYNTAXES,
        name,
        "transfer syntax",
        "TRANSFERSYNTAX",
    )?;
    entries
        .map(|(_, value)| values::uid("transfer syntax", value))
        .collect()
}

fn roles_of(sections: &Sections, name: &str) -> Result<Vec<RoleSelection>, ProfileError> {
    list(sections, ROLES, name, "SCP/SCU role selection", "ROLE")?
        .map(|(key, value)| {
            let (class, role) = values::pair(&key, value)?;
            let (scu, scp) = values::role(&key, role)?;
            Ok(RoleSelection {
                sop_class: values::uid("abstract syntax", class)?,
                scu,
                scp,
            })
        })
        .collect()
}

fn extended_of(sections: &Sections, name: &str) -> Result<Vec<ExtendedNegotiation>, ProfileError> {
    list(
        sections,
        EXTENDED,
        name,
        "extended negotiation",
        "EXTENDEDNEGOTIATION",
    )?
    .map(|(key, value)| {
        let (class, digits) = values::pair(&key, value)?;
        Ok(ExtendedNegotiation {
            sop_class: values::uid("abstract syntax", class)?,
            information: values::bytes(&key, digits)?,
        })
    })
    .collect()
}

impl Profile {
    /// These contexts and nothing besides.
    pub(crate) fn of_contexts(contexts: Vec<ContextOffer>) -> Self {
        Self {
            contexts,
            roles: Vec::new(),
            extended: Vec::new(),
        }
    }

    /// Whether roles and items are for classes that are proposed, each once.
    fn check(&self) -> Result<(), ProfileError> {
        let roles = self.roles.iter().map(|role| &role.sop_class);
        self.check_classes("role selection", roles)?;
        let extended = self.extended.iter().map(|item| &item.sop_class);
        self.check_classes("extended negotiation", extended)
    }

    fn check_classes<'a>(
        &self,
        list: &'static str,
        classes: impl Iterator<Item = &'a Uid>,
    ) -> Result<(), ProfileError> {
        let mut seen = HashSet::new();
        for class in classes {
            let is_class = |context: &ContextOffer| context.abstract_syntax == *class;
            if !self.contexts.iter().any(is_class) {
                let class = class.clone();
                return Err(ProfileError::NotProposed { list, class });
            }
            if !seen.insert(class) {
                let class = class.clone();
                return Err(ProfileError::Twice { list, class });
            }
        }
        Ok(())
    }
}

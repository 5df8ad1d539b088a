//! Facts as tables: SOP classes, transfer syntaxes, file name prefixes, well-known UIDs.
//!
//! Everything here is looked up by UID text in a table sorted by the bytes of its UIDs; nothing
//! decides. What a fact means for an association is the negotiation's business.

#![forbid(unsafe_code)]

mod other_uids;
mod sop_classes;
mod storage_proposal;
mod symbols;
#[cfg(test)]
mod tests;
mod transfer_syntaxes;

pub use sop_classes::SOP_CLASSES;
pub use storage_proposal::DEFAULT_STORAGE_PROPOSAL;
pub use transfer_syntaxes::TRANSFER_SYNTAXES;

use other_uids::OTHER_UIDS;
use symbols::SYMBOLS;

/// The Verification SOP class, whose only operation is C-ECHO (PS3.4 annex A).
pub const VERIFICATION: &str = "1.2.840.10008.1.1";

/// The file name prefix of an object whose SOP class has none of its own.
pub const UNKNOWN_PREFIX: &str = "UNKNOWN";

/// A SOP class or meta SOP class of PS3.6 table A-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SopClass {
    /// The UID.
    pub uid: &'static str,
    /// The name in DICOM's own words, without "SOP Class" at its end.
    pub name: &'static str,
    /// What the names of files of this class begin with; [`UNKNOWN_PREFIX`] for most that are not
    /// storage classes.
    pub prefix: &'static str,
    /// Whether its objects are stored without being asked for: the classes of the patient-study
    /// model that every storescp accepts.
    pub storage: bool,
    /// Whether it is a storage class of the patient-study model that is younger than that set.
    /// Such a class is not [known](is_known), so that `--promiscuous` lets it in.
    pub newer: bool,
}

/// A class that is stored by default.
const fn storage(uid: &'static str, name: &'static str, prefix: &'static str) -> SopClass {
    SopClass {
        uid,
        name,
        prefix,
        storage: true,
        newer: false,
    }
}

/// A storage class that is younger than the default set.
const fn newer(uid: &'static str, name: &'static str, prefix: &'static str) -> SopClass {
    SopClass {
        uid,
        name,
        prefix,
        storage: false,
        newer: true,
    }
}

/// A storage class outside the patient-study model: it is never stored, but has a prefix.
const fn outside(uid: &'static str, name: &'static str, prefix: &'static str) -> SopClass {
    SopClass {
        uid,
        name,
        prefix,
        storage: false,
        newer: false,
    }
}

/// A class of another service.
const fn other(uid: &'static str, name: &'static str) -> SopClass {
    SopClass {
        uid,
        name,
        prefix: UNKNOWN_PREFIX,
        storage: false,
        newer: false,
    }
}

/// The SOP class of this UID.
pub fn sop_class(uid: &str) -> Option<&'static SopClass> {
    let index = SOP_CLASSES
        .binary_search_by_key(&uid, |class| class.uid)
        .ok()?;
    Some(&SOP_CLASSES[index])
}

/// Whether this is a storage class that is accepted by default.
pub fn is_storage(uid: &str) -> bool {
    sop_class(uid).is_some_and(|class| class.storage)
}

/// Whether this is a UID with a settled meaning: a SOP class (but for the
/// [newer](SopClass::newer) storage classes), a transfer syntax, a well-known instance or the like.
///
/// `--promiscuous` accepts an abstract syntax that is *not* known; one that is known and is not
/// [storage](is_storage) is no object to keep.
pub fn is_known(uid: &str) -> bool {
    match sop_class(uid) {
        Some(class) => !class.newer,
        None => transfer_syntax(uid).is_some() || OTHER_UIDS.binary_search(&uid).is_ok(),
    }
}

/// What the name of a file of this SOP class begins with: 2 to 4 characters, or
/// [`UNKNOWN_PREFIX`].
pub fn file_name_prefix(uid: &str) -> &'static str {
    sop_class(uid).map_or(UNKNOWN_PREFIX, |class| class.prefix)
}

/// The UID of a transfer syntax or SOP class that has this name in DCMTK's association
/// configuration files, such as `JPEGBaseline` or `CTImageStorage`; upper and lower case differ.
///
/// `LocalEndianExplicit` and `OppositeEndianExplicit` depend on the byte order of this machine.
pub fn uid_of_symbol(name: &str) -> Option<&'static str> {
    match name {
        "LocalEndianExplicit" => Some(EXPLICIT_NATIVE[0]),
        "OppositeEndianExplicit" => Some(EXPLICIT_NATIVE[1]),
        _ => {
            let index = SYMBOLS.binary_search_by_key(&name, |(name, _)| name).ok()?;
            Some(SYMBOLS[index].1)
        }
    }
}

/// The name that a UID has in DCMTK's association configuration files and logs; the reverse of
/// [`uid_of_symbol`].
pub fn symbol_of(uid: &str) -> Option<&'static str> {
    let (name, _) = SYMBOLS.iter().find(|(_, known)| *known == uid)?;
    Some(name)
}

/// A transfer syntax that an object can arrive in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own in PS3.5"
)]
pub struct TransferSyntax {
    /// The UID.
    pub uid: &'static str,
    /// The name in DICOM's own words.
    pub name: &'static str,
    /// Whether pixel data is a sequence of fragments (PS3.5 A.4).
    pub encapsulated: bool,
    /// Whether the data set as a whole is deflated (PS3.5 A.5).
    pub deflated: bool,
    /// Whether numbers have their most significant byte first (PS3.5 A.3, retired).
    pub big_endian: bool,
    /// Whether elements come without their VR (PS3.5 A.1).
    pub implicit: bool,
}

/// How the data set of a transfer syntax is written; the five kinds exclude each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Implicit,
    Explicit,
    BigEndian,
    Deflated,
    Encapsulated,
}

impl TransferSyntax {
    const fn new(uid: &'static str, name: &'static str, coding: Coding) -> Self {
        Self {
            uid,
            name,
            encapsulated: matches!(coding, Coding::Encapsulated),
            deflated: matches!(coding, Coding::Deflated),
            big_endian: matches!(coding, Coding::BigEndian),
            implicit: matches!(coding, Coding::Implicit),
        }
    }
}

/// The transfer syntax of this UID.
pub fn transfer_syntax(uid: &str) -> Option<&'static TransferSyntax> {
    let index = TRANSFER_SYNTAXES
        .binary_search_by_key(&uid, |syntax| syntax.uid)
        .ok()?;
    Some(&TRANSFER_SYNTAXES[index])
}

/// Implicit VR Little Endian, which every DICOM program knows (PS3.5 10.1).
pub const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian (PS3.5 A.2).
pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
/// Explicit VR Big Endian, retired (PS3.5 A.3).
pub const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";
/// Deflated Explicit VR Little Endian (PS3.5 A.5).
pub const DEFLATED_EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1.99";

/// The explicit syntax in this machine's own byte order, and the other one.
pub const EXPLICIT_NATIVE: [&str; 2] = if cfg!(target_endian = "big") {
    [EXPLICIT_BIG, EXPLICIT_LITTLE]
} else {
    [EXPLICIT_LITTLE, EXPLICIT_BIG]
};

/// Which transfer syntaxes are accepted by default, the preferred one first.
pub static RANKING_DEFAULT: &[&str] = &[EXPLICIT_NATIVE[0], EXPLICIT_NATIVE[1], IMPLICIT_LITTLE];

/// Which transfer syntaxes `--accept-all` accepts, the preferred one first: what is compressed
/// before what is not, so that an object arrives as it is kept at the sender.
pub static RANKING_ACCEPT_ALL: &[&str] = &[
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.100.1",
    "1.2.840.10008.1.2.4.101",
    "1.2.840.10008.1.2.4.101.1",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.102.1",
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.103.1",
    "1.2.840.10008.1.2.4.104",
    "1.2.840.10008.1.2.4.104.1",
    "1.2.840.10008.1.2.4.105",
    "1.2.840.10008.1.2.4.105.1",
    "1.2.840.10008.1.2.4.106",
    "1.2.840.10008.1.2.4.106.1",
    "1.2.840.10008.1.2.4.107",
    "1.2.840.10008.1.2.4.108",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.1.98",
    EXPLICIT_NATIVE[0],
    EXPLICIT_NATIVE[1],
    IMPLICIT_LITTLE,
];

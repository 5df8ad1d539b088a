//! Values that several rooms share: UIDs, AE titles, presentation context IDs.
//!
//! They keep what the peer sent, byte for byte, because real senders are odd; whoever needs a
//! well-formed value checks for it.

use std::fmt;

/// The longest UID that the standard allows, in bytes (PS3.5 9.1).
pub const UID_BYTES_MAX: usize = 64;

/// The length of an AE title on the wire, in bytes (PS3.8 9.3.2).
pub const AE_TITLE_BYTES: usize = 16;

/// The UID of this implementation, in every association and in every file (PS3.7 D.3.3.2.1,
/// PS3.10 7.1). It stands for a way of writing files, not for a version.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.119648967719991871294380284088584266005";

/// The version of this implementation, in every association and in every file: 1 to 16 characters
/// (PS3.7 D.3.3.2.3, PS3.10 7.1).
pub const IMPLEMENTATION_VERSION_NAME: &str = concat!("PDVAULT_", env!("CARGO_PKG_VERSION"));

const _: () = assert!(IMPLEMENTATION_VERSION_NAME.len() <= 16, "PS3.5 6.2, VR SH");
const _: () = assert!(IMPLEMENTATION_CLASS_UID.len() <= UID_BYTES_MAX, "PS3.5 9.1");

/// A UID as a peer sent it, without trailing padding (NUL or space).
///
/// Bytes outside ASCII are kept as the Latin-1 characters of the same value, so nothing is lost.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(String);

impl Uid {
    /// Reads a UID from the wire and drops its padding.
    pub fn from_wire(bytes: &[u8]) -> Self {
        let end = bytes
            .iter()
            .rposition(|&b| b != 0 && b != b' ')
            .map_or(0, |last| last + 1);
        Self(bytes[..end].iter().map(|&b| char::from(b)).collect())
    }

    /// The UID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends the bytes that were on the wire, without padding.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        // Every character came from one byte, so the narrowing loses nothing.
        out.extend(self.0.chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
    }

    /// The number of bytes on the wire, without padding.
    pub fn wire_len(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether there is nothing but padding.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is a UID by PS3.5 9.1, leading zeroes of a component tolerated: 1 to 64 digits
    /// and dots, no empty component.
    pub(crate) fn is_well_formed(&self) -> bool {
        (1..=UID_BYTES_MAX).contains(&self.0.len())
            && self
                .0
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

impl From<&str> for Uid {
    /// Takes a UID from program text. Characters beyond Latin-1 have no place in it.
    fn from(text: &str) -> Self {
        debug_assert!(
            text.chars().all(|c| u8::try_from(c).is_ok()),
            "a UID is ASCII"
        );
        Self(text.trim_end_matches(['\0', ' ']).to_owned())
    }
}

impl fmt::Display for Uid {
    /// Shows the UID with every character that could disturb a log line escaped, and no more of it
    /// than a UID can have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().take(UID_BYTES_MAX) {
            write!(f, "{}", c.escape_default())?;
        }
        match self.wire_len().checked_sub(UID_BYTES_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "... ({more} more)"),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

/// An AE title as it stands on the wire: 16 bytes, padded (PS3.8 9.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AeTitle([u8; AE_TITLE_BYTES]);

impl AeTitle {
    /// Takes the 16 bytes of the wire as they are.
    pub fn from_wire(bytes: [u8; AE_TITLE_BYTES]) -> Self {
        Self(bytes)
    }

    /// An AE title from text; `None` when it is empty, longer than 16 characters, or holds a
    /// backslash or a control character (PS3.5 6.2, VR AE).
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let legal = |b: u8| (b' '..0x7f).contains(&b) && b != b'\\';
        if text.is_empty() || text.len() > AE_TITLE_BYTES || !text.bytes().all(legal) {
            return None;
        }
        let mut bytes = [b' '; AE_TITLE_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }

    /// The 16 bytes of the wire.
    pub fn as_wire(&self) -> &[u8; AE_TITLE_BYTES] {
        &self.0
    }

    /// The title without leading and trailing padding (spaces, NUL).
    pub fn trimmed(&self) -> &[u8] {
        let padding = |b: u8| b == b' ' || b == 0;
        let start = self
            .0
            .iter()
            .position(|&b| !padding(b))
            .unwrap_or(AE_TITLE_BYTES);
        let end = self
            .0
            .iter()
            .rposition(|&b| !padding(b))
            .map_or(start, |last| last + 1);
        &self.0[start..end]
    }
}

impl fmt::Display for AeTitle {
    /// Shows the trimmed title, with bytes that could disturb a log line escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trimmed().escape_ascii())
    }
}

impl fmt::Debug for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AeTitle({self})")
    }
}

/// The number of a presentation context: odd, 1 to 255 (PS3.8 9.3.2.2). What a peer sent is kept
/// even where it is not odd; negotiation judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PresentationContextId(pub u8);

impl fmt::Display for PresentationContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_drops_padding_and_keeps_every_other_byte() {
        let uid = Uid::from_wire(b"1.2\xff./\0 \0");
        assert_eq!(uid.as_str(), "1.2\u{ff}./");
        let mut wire = Vec::new();
        uid.write_to(&mut wire);
        assert_eq!(wire, b"1.2\xff./");
        assert_eq!(uid.wire_len(), 6);
    }

    #[test]
    fn uid_form_is_judged_by_the_standard() {
        for good in ["1", "1.2.840.10008.1.1", "1.02"] {
            assert!(Uid::from(good).is_well_formed(), "{good}");
        }
        for bad in ["", ".", "1.", ".1", "1..2", "1.a", "../1", &"1".repeat(65)] {
            assert!(!Uid::from(bad).is_well_formed(), "{bad}");
        }
    }

    #[test]
    fn implementation_class_uid_is_made_of_a_uuid() {
        assert!(Uid::from(IMPLEMENTATION_CLASS_UID).is_well_formed());
        let number = IMPLEMENTATION_CLASS_UID
            .strip_prefix("2.25.")
            .expect("PS3.5 B.2");
        assert!(
            number
                .parse::<u128>()
                .is_ok_and(|number| number >> 76 & 0xf == 4),
            "version 4"
        );
    }

    #[test]
    fn uid_shows_no_more_than_a_uid_can_have() {
        assert_eq!(Uid::from("1.2\n").to_string(), "1.2\\n");
        assert_eq!(
            Uid::from("1".repeat(64).as_str()).to_string(),
            "1".repeat(64)
        );
        let long = Uid::from("1".repeat(1000).as_str()).to_string();
        assert_eq!(long, "1".repeat(64) + "... (936 more)");
    }

    #[test]
    fn ae_title_is_padded_and_trimmed() {
        let title = AeTitle::new(" PDVAULT ").expect("legal");
        assert_eq!(title.as_wire(), b"PDVAULT         ");
        assert_eq!(title.to_string(), "PDVAULT");
        assert_eq!(AeTitle::from_wire([0; 16]).trimmed(), b"");
        for bad in ["", "   ", "SEVENTEEN_LETTERS", "A\\B", "A\nB"] {
            assert!(AeTitle::new(bad).is_none(), "{bad:?}");
        }
    }
}

//! The encodings that are converted into each other.

use crate::registry;

/// How a data set is encoded (PS3.5 annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Implicit VR little endian (PS3.5 A.1).
    ImplicitLittle,
    /// Explicit VR little endian (PS3.5 A.2), and everything but the pixel data of encapsulated
    /// transfer syntaxes (PS3.5 A.4).
    ExplicitLittle,
    /// Explicit VR big endian (PS3.5 A.3, retired).
    ExplicitBig,
    /// Explicit VR little endian, deflated as a whole (PS3.5 A.5).
    DeflatedExplicitLittle,
}

impl Encoding {
    /// The encoding of data sets in this transfer syntax; `None` if pixel data is encapsulated
    /// in it, or if it is unknown: such data sets cannot be converted.
    pub fn from_transfer_syntax(uid: &str) -> Option<Self> {
        registry::transfer_syntax(uid)
            .filter(|syntax| !syntax.encapsulated)
            .map(|_| Self::for_reading(uid))
    }

    /// The encoding to read data sets in this transfer syntax with. What is encapsulated or unknown
    /// is explicit little endian, as every transfer syntax is that the standard has added (PS3.5
    /// A.4).
    pub fn for_reading(uid: &str) -> Self {
        match registry::transfer_syntax(uid) {
            Some(syntax) if syntax.implicit => Self::ImplicitLittle,
            Some(syntax) if syntax.big_endian => Self::ExplicitBig,
            Some(syntax) if syntax.deflated => Self::DeflatedExplicitLittle,
            _ => Self::ExplicitLittle,
        }
    }

    /// The transfer syntax with native pixel data that has this encoding.
    pub fn transfer_syntax(self) -> &'static str {
        match self {
            Self::ImplicitLittle => "1.2.840.10008.1.2",
            Self::ExplicitLittle => "1.2.840.10008.1.2.1",
            Self::ExplicitBig => "1.2.840.10008.1.2.2",
            Self::DeflatedExplicitLittle => "1.2.840.10008.1.2.1.99",
        }
    }

    /// How the elements are written once they are inflated.
    pub(super) fn syntax(self) -> Syntax {
        Syntax {
            explicit: self != Self::ImplicitLittle,
            big: self == Self::ExplicitBig,
        }
    }

    /// Whether the elements are deflated.
    pub(super) fn is_deflated(self) -> bool {
        self == Self::DeflatedExplicitLittle
    }
}

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Whether each element says its VR.
    pub(super) explicit: bool,
    /// Whether the most significant byte comes first.
    pub(super) big: bool,
}

impl Syntax {
    /// How the items of a UN element of undefined length are written, whatever is around them
    /// (PS3.5 6.2.2).
    pub(super) const IMPLICIT_LITTLE: Self = Self {
        explicit: false,
        big: false,
    };

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    pub(super) fn write_u16(self, value: u16, out: &mut Vec<u8>) {
        out.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }

    pub(super) fn write_u32(self, value: u32, out: &mut Vec<u8>) {
        out.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
}

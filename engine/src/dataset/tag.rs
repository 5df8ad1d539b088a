//! Tags of elements, and those that mean something here.

use std::fmt;

/// The tag of a data element: group and element number (PS3.5 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16, pub u16);

impl Tag {
    /// SOP Class UID.
    pub const SOP_CLASS: Self = Self(0x0008, 0x0016);
    /// SOP Instance UID.
    pub const SOP_INSTANCE: Self = Self(0x0008, 0x0018);
    /// Study Instance UID.
    pub const STUDY: Self = Self(0x0020, 0x000D);
    /// Series Instance UID.
    pub const SERIES: Self = Self(0x0020, 0x000E);
    /// Pixel Representation: whether numbers that may be either are signed.
    pub(super) const PIXEL_REPRESENTATION: Self = Self(0x0028, 0x0103);
    /// Extended Offset Table (PS3.3 C.7.6.3.1.8).
    pub(super) const EXTENDED_OFFSETS: Self = Self(0x7FE0, 0x0001);
    /// Extended Offset Table Lengths.
    pub(super) const EXTENDED_OFFSET_LENGTHS: Self = Self(0x7FE0, 0x0002);
    /// Data Set Trailing Padding (PS3.10 7.2).
    pub(super) const TRAILING_PADDING: Self = Self(0xFFFC, 0xFFFC);
    /// Begins an item (PS3.5 7.5).
    pub(super) const ITEM: Self = Self(0xFFFE, 0xE000);
    /// Ends an item of undefined length.
    pub(super) const ITEM_END: Self = Self(0xFFFE, 0xE00D);
    /// Ends a sequence of undefined length.
    pub(super) const SEQUENCE_END: Self = Self(0xFFFE, 0xE0DD);

    /// Whether this is an item or a delimiter, which have no VR in any encoding (PS3.5 7.5).
    pub(super) fn is_of_sequence(self) -> bool {
        matches!(self, Self::ITEM | Self::ITEM_END | Self::SEQUENCE_END)
    }

    /// Whether this is a group length (PS3.5 7.2).
    pub(super) fn is_group_length(self) -> bool {
        self.1 == 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04x},{:04x})", self.0, self.1)
    }
}

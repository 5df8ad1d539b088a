//! Command sets: the elements of group 0000, implicit VR little endian (PS3.7 6.3.1).

use thiserror::Error;

use super::COMMAND_SET_BYTES_MAX;
use crate::value::{AE_TITLE_BYTES, AeTitle, Uid};

/// The element numbers of group 0000 that we read or write (PS3.7 annex E.1).
pub(super) mod tag {
    pub(in crate::dimse) const GROUP_LENGTH: u16 = 0x0000;
    pub(in crate::dimse) const AFFECTED_SOP_CLASS: u16 = 0x0002;
    pub(in crate::dimse) const REQUESTED_SOP_CLASS: u16 = 0x0003;
    pub(in crate::dimse) const COMMAND_FIELD: u16 = 0x0100;
    pub(in crate::dimse) const MESSAGE_ID: u16 = 0x0110;
    pub(in crate::dimse) const MESSAGE_ID_RESPONDED_TO: u16 = 0x0120;
    pub(in crate::dimse) const PRIORITY: u16 = 0x0700;
    pub(in crate::dimse) const DATA_SET_TYPE: u16 = 0x0800;
    pub(in crate::dimse) const STATUS: u16 = 0x0900;
    pub(in crate::dimse) const ERROR_COMMENT: u16 = 0x0902;
    pub(in crate::dimse) const AFFECTED_SOP_INSTANCE: u16 = 0x1000;
    pub(in crate::dimse) const REQUESTED_SOP_INSTANCE: u16 = 0x1001;
    pub(in crate::dimse) const MOVE_ORIGINATOR_AE_TITLE: u16 = 0x1030;
    pub(in crate::dimse) const MOVE_ORIGINATOR_MESSAGE_ID: u16 = 0x1031;
}

/// The group of every command element.
const COMMAND_GROUP: u16 = 0x0000;

/// Tag and 32-bit length.
const ELEMENT_HEADER_BYTES: usize = 8;

/// A group length element: header and 32-bit value.
const GROUP_LENGTH_BYTES: usize = ELEMENT_HEADER_BYTES + 4;

/// A command set that can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// It is longer than [`COMMAND_SET_BYTES_MAX`].
    #[error("command set of {length} bytes, at most {COMMAND_SET_BYTES_MAX} are taken")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It ends within an element.
    #[error(
        "command set ends within element ({group:04x},{element:04x}): {needed} bytes needed, {left} left"
    )]
    Truncated {
        /// The group of the element, 0 where not even its tag is whole.
        group: u16,
        /// The number of the element, 0 where not even its tag is whole.
        element: u16,
        /// How many bytes it takes.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// An element that the command can't be without is absent or empty.
    #[error("command element (0000,{element:04x}) is missing")]
    Missing {
        /// The number of the element.
        element: u16,
    },
    /// The value of an element has an impossible length.
    #[error("command element (0000,{element:04x}) has a value of {length} bytes")]
    WrongLength {
        /// The number of the element.
        element: u16,
        /// The length of its value in bytes.
        length: usize,
    },
    /// A response, where a request was to be read.
    #[error("command field {field:#06x} is not a request")]
    NotARequest {
        /// The command field.
        field: u16,
    },
    /// A request, where a response was to be read.
    #[error("command field {field:#06x} is not a response")]
    NotAResponse {
        /// The command field.
        field: u16,
    },
}

/// A command set whose structure has been checked. It borrows the bytes and allocates nothing.
///
/// Liberal where it does no harm: elements may come in any order, of an element that comes twice
/// the first counts, a group length may be absent or wrong, unknown elements and those of other
/// groups are skipped. Every length is checked.
#[derive(Clone, Copy, Debug)]
pub struct CommandSet<'a> {
    bytes: &'a [u8],
}

/// An element as it is found: group, number, value.
type Element<'a> = (u16, u16, &'a [u8]);

impl<'a> CommandSet<'a> {
    /// Checks the structure of a command set.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CommandError> {
        if bytes.len() > COMMAND_SET_BYTES_MAX {
            return Err(CommandError::TooLong {
                length: bytes.len(),
            });
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = split_element(rest)?;
        }
        Ok(Self { bytes })
    }

    /// The value of an element of group 0000 by its number, padding included.
    pub fn value(&self, element: u16) -> Option<&'a [u8]> {
        let mut rest = self.bytes;
        while let Ok((found, after)) = split_element(rest) {
            match found {
                (COMMAND_GROUP, number, value) if number == element => return Some(value),
                _ => rest = after,
            }
        }
        None
    }

    /// The value of an element of VR US; `None` if it is absent or empty.
    pub fn us(&self, element: u16) -> Result<Option<u16>, CommandError> {
        match self.value(element) {
            None | Some([]) => Ok(None),
            Some(&[low, high]) => Ok(Some(u16::from_le_bytes([low, high]))),
            Some(value) => Err(CommandError::WrongLength {
                element,
                length: value.len(),
            }),
        }
    }

    /// The value of an element of VR US that has to be there.
    pub fn required_us(&self, element: u16) -> Result<u16, CommandError> {
        self.us(element)?.ok_or(CommandError::Missing { element })
    }

    /// The value of an element of VR UI, of any form; `None` if it is absent or empty.
    pub fn uid(&self, element: u16) -> Option<Uid> {
        self.value(element)
            .map(Uid::from_wire)
            .filter(|uid| !uid.is_empty())
    }

    /// The value of an element of VR UI that has to be there.
    pub fn required_uid(&self, element: u16) -> Result<Uid, CommandError> {
        self.uid(element).ok_or(CommandError::Missing { element })
    }

    /// The value of an element of VR AE; `None` if it is absent or blank.
    pub fn ae_title(&self, element: u16) -> Result<Option<AeTitle>, CommandError> {
        let Some(value) = self.value(element) else {
            return Ok(None);
        };
        let mut bytes = [b' '; AE_TITLE_BYTES];
        let room = bytes
            .get_mut(..value.len())
            .ok_or(CommandError::WrongLength {
                element,
                length: value.len(),
            })?;
        room.copy_from_slice(value);
        let title = AeTitle::from_wire(bytes);
        Ok(if title.trimmed().is_empty() {
            None
        } else {
            Some(title)
        })
    }

    /// The value of an element of VR LO or SH without padding, read as Latin-1; `None` if it is
    /// absent or blank.
    pub fn text(&self, element: u16) -> Option<String> {
        let text: String = self
            .value(element)?
            .iter()
            .map(|&byte| char::from(byte))
            .collect();
        let text = text.trim_matches([' ', '\0']);
        if text.is_empty() {
            None
        } else {
            Some(text.to_owned())
        }
    }
}

/// Splits the first element off.
fn split_element(bytes: &[u8]) -> Result<(Element<'_>, &[u8]), CommandError> {
    let truncated = |group, element, needed, left| CommandError::Truncated {
        group,
        element,
        needed,
        left,
    };
    let Some((&[g0, g1, e0, e1, l0, l1, l2, l3], rest)) = bytes.split_first_chunk() else {
        return Err(truncated(0, 0, ELEMENT_HEADER_BYTES, bytes.len()));
    };
    let group = u16::from_le_bytes([g0, g1]);
    let element = u16::from_le_bytes([e0, e1]);
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    let Some((value, rest)) = rest.split_at_checked(length) else {
        return Err(truncated(group, element, length, rest.len()));
    };
    Ok(((group, element, value), rest))
}

/// Appends a command set to a buffer, element by element in ascending order, with its group length
/// in front.
pub(super) struct CommandBuilder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    last: u16,
}

impl<'a> CommandBuilder<'a> {
    /// Begins a command set at the end of `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        let mut builder = Self {
            out,
            start,
            last: tag::GROUP_LENGTH,
        };
        builder.header(tag::GROUP_LENGTH, 4);
        builder.out.extend([0; 4]);
        builder
    }

    /// Adds an element of VR US.
    pub(super) fn us(&mut self, element: u16, value: u16) -> &mut Self {
        self.begin(element);
        self.header(element, 2);
        self.out.extend(value.to_le_bytes());
        self
    }

    /// Adds an element of VR UI, padded with NUL.
    pub(super) fn uid(&mut self, element: u16, uid: &Uid) -> &mut Self {
        self.begin(element);
        let length = uid.wire_len();
        self.header(element, length.next_multiple_of(2));
        uid.write_to(self.out);
        self.out.extend((length % 2 == 1).then_some(0));
        self
    }

    /// Adds an element of VR AE, LO or SH, padded with a space.
    pub(super) fn text(&mut self, element: u16, text: &[u8]) -> &mut Self {
        self.begin(element);
        self.header(element, text.len().next_multiple_of(2));
        self.out.extend_from_slice(text);
        self.out.extend((text.len() % 2 == 1).then_some(b' '));
        self
    }

    /// Fills the group length in (PS3.7 6.3.1).
    pub(super) fn finish(self) {
        let body_start = self.start + GROUP_LENGTH_BYTES;
        let length = length_field(self.out.len() - body_start);
        self.out[self.start + ELEMENT_HEADER_BYTES..body_start].copy_from_slice(&length);
    }

    fn begin(&mut self, element: u16) {
        debug_assert!(
            self.last < element,
            "elements are written in ascending order"
        );
        self.last = element;
    }

    fn header(&mut self, element: u16, length: usize) {
        self.out.extend(COMMAND_GROUP.to_le_bytes());
        self.out.extend(element.to_le_bytes());
        self.out.extend(length_field(length));
    }
}

/// A length as it stands in an element.
fn length_field(length: usize) -> [u8; 4] {
    let length = u32::try_from(length).expect("values of a command set are far below 4 GiB");
    length.to_le_bytes()
}

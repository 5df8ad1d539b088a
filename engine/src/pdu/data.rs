//! P-DATA-TF: presentation data values and their headers (PS3.8 9.3.5 and annex E).

use super::codec::Reader;
use super::{PduError, item_length};
use crate::value::PresentationContextId;

/// The bytes of a PDV in front of its fragment: item length, presentation context ID, message
/// control header (PS3.8 9.3.5.1).
pub const PDV_HEADER_BYTES: usize = 6;

/// How many of the [`PDV_HEADER_BYTES`] the item length counts: context ID and control header.
const COUNTED_HEADER_BYTES: u32 = 2;

/// The message control header (PS3.8 E.2): what kind of fragment follows. Its six reserved bits are
/// ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageControl(u8);

impl MessageControl {
    const COMMAND: u8 = 0b01;
    const LAST: u8 = 0b10;

    /// A header for a fragment of a command (or of a data set), the last of its message part or not.
    pub fn new(command: bool, last: bool) -> Self {
        Self(if command { Self::COMMAND } else { 0 } | if last { Self::LAST } else { 0 })
    }

    /// Reads the byte of the wire.
    pub fn from_wire(byte: u8) -> Self {
        Self(byte & (Self::COMMAND | Self::LAST))
    }

    /// The byte of the wire.
    pub fn to_wire(self) -> u8 {
        self.0
    }

    /// Whether the fragment belongs to a command; otherwise to a data set.
    pub fn is_command(self) -> bool {
        self.0 & Self::COMMAND != 0
    }

    /// Whether it is the last fragment of its command or data set.
    pub fn is_last(self) -> bool {
        self.0 & Self::LAST != 0
    }
}

/// The header of a presentation data value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdvHeader {
    /// The item length as it stands on the wire: the bytes of the fragment and two more. Not
    /// checked; see [`fragment_len`](Self::fragment_len).
    pub length: u32,
    /// The presentation context that the fragment belongs to.
    pub context: PresentationContextId,
    /// What kind of fragment it is.
    pub control: MessageControl,
}

impl PdvHeader {
    /// Reads a header. Every combination of bytes is one.
    pub fn decode(bytes: [u8; PDV_HEADER_BYTES]) -> Self {
        let [l0, l1, l2, l3, context, control] = bytes;
        Self {
            length: u32::from_be_bytes([l0, l1, l2, l3]),
            context: PresentationContextId(context),
            control: MessageControl::from_wire(control),
        }
    }

    /// The bytes of the wire.
    pub fn encode(&self) -> [u8; PDV_HEADER_BYTES] {
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [l0, l1, l2, l3, self.context.0, self.control.to_wire()]
    }

    /// The length of the fragment in bytes; `None` if the item is too short for its own header.
    pub fn fragment_len(&self) -> Option<u32> {
        self.length.checked_sub(COUNTED_HEADER_BYTES)
    }
}

/// A presentation data value with its fragment. For tests and for messages of a few bytes: the
/// receive path leaves fragments where they landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdv {
    /// The presentation context that the fragment belongs to.
    pub context: PresentationContextId,
    /// What kind of fragment it is.
    pub control: MessageControl,
    /// The bytes.
    pub fragment: Vec<u8>,
}

impl Pdv {
    fn decode(body: &mut Reader<'_>) -> Result<Self, PduError> {
        let header = PdvHeader::decode(body.array("presentation data value header")?);
        let length = header.fragment_len().ok_or(PduError::InvalidValue {
            field: "presentation data value length",
            value: header.length,
        })?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let fragment = body
            .take(length, "presentation data value fragment")?
            .to_vec();
        Ok(Self {
            context: header.context,
            control: header.control,
            fragment,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), PduError> {
        let counted = self
            .fragment
            .len()
            .saturating_add(COUNTED_HEADER_BYTES as usize);
        let length = item_length("presentation data value", counted)?;
        let header = PdvHeader {
            length,
            context: self.context,
            control: self.control,
        };
        out.extend(header.encode());
        out.extend_from_slice(&self.fragment);
        Ok(())
    }
}

/// Reads the body of a P-DATA-TF PDU: one or more presentation data values.
pub(super) fn decode_values(mut body: Reader<'_>) -> Result<Vec<Pdv>, PduError> {
    if body.is_empty() {
        return Err(PduError::NoPresentationDataValue);
    }
    let mut values = Vec::new();
    while !body.is_empty() {
        values.push(Pdv::decode(&mut body)?);
    }
    Ok(values)
}

/// Writes the body of a P-DATA-TF PDU.
pub(super) fn encode_values(values: &[Pdv], out: &mut Vec<u8>) -> Result<(), PduError> {
    values.iter().try_for_each(|value| value.encode(out))
}

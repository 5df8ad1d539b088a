//! Reading and writing big endian fields, items and length prefixes (PS3.8 9.3.1).

use super::PduError;

/// Takes fields off the front of a byte slice; a miss names the field that did not fit.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], PduError> {
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else {
            return Err(PduError::Truncated {
                field,
                needed: count,
                left: self.bytes.len(),
            });
        };
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], PduError> {
        let Some((taken, rest)) = self.bytes.split_first_chunk() else {
            return Err(PduError::Truncated {
                field,
                needed: N,
                left: self.bytes.len(),
            });
        };
        self.bytes = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, PduError> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, PduError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, PduError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// A field with its 16-bit length in front.
    pub(super) fn prefixed(&mut self, field: &'static str) -> Result<&'a [u8], PduError> {
        let length = self.u16(field)?;
        self.take(usize::from(length), field)
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// The next item or sub-item: its type, and a reader that is confined to its body.
    pub(super) fn item(&mut self, field: &'static str) -> Result<(u8, Reader<'a>), PduError> {
        let [kind, _reserved] = self.array(field)?;
        let body = self.prefixed(field)?;
        Ok((kind, Reader::new(body)))
    }

    /// Ends the reading of a structure that must have no more bytes.
    pub(super) fn finish(self, field: &'static str) -> Result<(), PduError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(PduError::TrailingBytes {
                field,
                count: self.bytes.len(),
            })
        }
    }
}

/// Writes an item: header, then what `body` writes, with the length filled in afterwards.
pub(super) fn write_item(
    out: &mut Vec<u8>,
    kind: u8,
    field: &'static str,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), PduError>,
) -> Result<(), PduError> {
    out.extend([kind, 0]);
    write_prefixed(out, field, body)
}

/// Writes a 16-bit length and, behind it, what `body` writes.
pub(super) fn write_prefixed(
    out: &mut Vec<u8>,
    field: &'static str,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), PduError>,
) -> Result<(), PduError> {
    let prefix_start = out.len();
    out.extend([0; 2]);
    let body_start = out.len();
    body(out)?;
    let length = out.len() - body_start;
    let length = u16::try_from(length).map_err(|_| PduError::TooLong { field, length })?;
    out[prefix_start..body_start].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Writes bytes with their 16-bit length in front.
pub(super) fn write_prefixed_bytes(
    out: &mut Vec<u8>,
    field: &'static str,
    bytes: &[u8],
) -> Result<(), PduError> {
    write_prefixed(out, field, |out| {
        out.extend_from_slice(bytes);
        Ok(())
    })
}

//! Objects to send: valid CT images of any size with reproducible contents.

use crate::random::Pattern;
use crate::wire;

/// A data set with what the command says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// SOP class UID.
    pub class: String,
    /// SOP instance UID.
    pub instance: String,
    /// Transfer syntax UID of the data set.
    pub syntax: String,
    /// The data set, encoded.
    pub data: Vec<u8>,
}

impl Object {
    /// A CT image in explicit VR little endian of exactly `bytes` bytes, which must be even and
    /// hold at least the header (600 is enough). The pixels depend on the instance UID alone.
    pub fn ct(instance: &str, bytes: usize) -> Self {
        Self::ct_with_pixels(instance, bytes, 0)
    }

    /// The object as a DICOM file.
    pub fn file(&self) -> Vec<u8> {
        let mut out = file_head(&self.class, &self.instance, &self.syntax);
        out.extend(&self.data);
        out
    }

    /// As [`Object::ct`], with other pixels for another `variant`.
    pub fn ct_with_pixels(instance: &str, bytes: usize, variant: u64) -> Self {
        let mut data = ct_header(instance, bytes as u64, 0);
        let header_bytes = data.len();
        data.resize(bytes, 0);
        Pattern::named(instance, variant).fill(0, &mut data[header_bytes..]);
        Self {
            class: wire::CT.to_owned(),
            instance: instance.to_owned(),
            syntax: wire::EXPLICIT.to_owned(),
            data,
        }
    }
}

/// The start of a DICOM file: preamble, prefix, and file meta information (PS3.10 7.1) with what is
/// not empty of these.
pub fn file_head(class: &str, instance: &str, syntax: &str) -> Vec<u8> {
    let mut elements = Vec::new();
    elements.extend(long_header((0x0002, 0x0001), *b"OB", 2));
    elements.extend([0, 1]);
    for (number, uid) in [(0x0002, class), (0x0003, instance), (0x0010, syntax)] {
        if !uid.is_empty() {
            let value = wire::ui(uid.as_bytes());
            put(&mut elements, (0x0002, number), *b"UI", &value);
        }
    }
    put(&mut elements, (0x0002, 0x0012), *b"UI", b"2.25.31415926535");
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    let length = u32::try_from(elements.len()).expect("a few elements");
    put(&mut out, (0x0002, 0x0000), *b"UL", &length.to_le_bytes());
    out.extend(elements);
    out
}

/// Everything of a CT image data set up to the first byte of Pixel Data, so that the whole data set
/// has `total` bytes of which the last `trailer` follow the pixels.
///
/// # Panics
///
/// When the numbers leave no room for pixels, or more than one element can hold.
pub fn ct_header(instance: &str, total: u64, trailer: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put(
        &mut out,
        (0x0008, 0x0016),
        *b"UI",
        &wire::ui(wire::CT.as_bytes()),
    );
    put(
        &mut out,
        (0x0008, 0x0018),
        *b"UI",
        &wire::ui(instance.as_bytes()),
    );
    put(&mut out, (0x0008, 0x0060), *b"CS", b"CT");
    put(&mut out, (0x0010, 0x0010), *b"PN", b"SECRET^PATIENT");
    put(&mut out, (0x0010, 0x0020), *b"LO", b"SECRETID");
    put(&mut out, (0x0020, 0x000D), *b"UI", &wire::ui(b"2.25.1001"));
    put(&mut out, (0x0020, 0x000E), *b"UI", &wire::ui(b"2.25.1002"));
    put(&mut out, (0x0028, 0x0002), *b"US", &wire::us(1));
    put(&mut out, (0x0028, 0x0004), *b"CS", b"MONOCHROME2 ");
    put(&mut out, (0x0028, 0x0010), *b"US", &wire::us(512));
    put(&mut out, (0x0028, 0x0011), *b"US", &wire::us(512));
    put(&mut out, (0x0028, 0x0100), *b"US", &wire::us(16));
    put(&mut out, (0x0028, 0x0101), *b"US", &wire::us(16));
    put(&mut out, (0x0028, 0x0102), *b"US", &wire::us(15));
    put(&mut out, (0x0028, 0x0103), *b"US", &wire::us(0));
    let used = out.len() as u64 + LONG_HEADER_BYTES + trailer;
    let pixels = total
        .checked_sub(used)
        .expect("the object has room for its header");
    assert!(pixels.is_multiple_of(2), "a value has even length");
    out.extend(long_header((0x7FE0, 0x0010), *b"OW", pixels));
    out
}

/// Bytes that [`long_header`] takes.
pub const LONG_HEADER_BYTES: u64 = 12;

/// Tag, VR and 32-bit length of an element with a long length field.
pub fn long_header((group, number): (u16, u16), vr: [u8; 2], length: u64) -> Vec<u8> {
    let mut out = group.to_le_bytes().to_vec();
    out.extend(number.to_le_bytes());
    out.extend(vr);
    out.extend([0; 2]);
    let length = u32::try_from(length).expect("a defined length has 32 bits");
    assert_ne!(length, u32::MAX, "that length means undefined");
    out.extend(length.to_le_bytes());
    out
}

fn put(out: &mut Vec<u8>, (group, number): (u16, u16), vr: [u8; 2], value: &[u8]) {
    out.extend(group.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(vr);
    out.extend(
        u16::try_from(value.len())
            .expect("a short value")
            .to_le_bytes(),
    );
    out.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_the_size_asked_for_and_repeats_itself() {
        for bytes in [600, 4096, 1 << 20] {
            assert_eq!(Object::ct("2.25.1", bytes).data.len(), bytes);
        }
        assert_eq!(Object::ct("2.25.1", 4096), Object::ct("2.25.1", 4096));
        assert_ne!(
            Object::ct("2.25.1", 4096).data,
            Object::ct_with_pixels("2.25.1", 4096, 1).data
        );
    }
}

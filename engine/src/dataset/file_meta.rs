//! The preamble and the file meta information group, explicit VR little endian (PS3.10 7.1).

use crate::value::{
    AE_TITLE_BYTES, AeTitle, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, UID_BYTES_MAX,
    Uid,
};

/// The preamble, whose content is up to the application: zeroes here.
pub(super) const PREAMBLE_BYTES: usize = 128;

/// What follows the preamble in every DICOM file.
pub(super) const MAGIC: &[u8; 4] = b"DICM";

/// Where the first element begins.
pub(super) const ELEMENTS_START: usize = PREAMBLE_BYTES + MAGIC.len();

/// The group of file meta information.
const META_GROUP: u16 = 0x0002;

/// The element numbers of group 0002 that are written or read.
mod tag {
    pub(super) const GROUP_LENGTH: u16 = 0x0000;
    pub(super) const VERSION: u16 = 0x0001;
    pub(super) const SOP_CLASS: u16 = 0x0002;
    pub(super) const SOP_INSTANCE: u16 = 0x0003;
    pub(super) const TRANSFER_SYNTAX: u16 = 0x0010;
    pub(super) const IMPLEMENTATION_CLASS: u16 = 0x0012;
    pub(super) const IMPLEMENTATION_VERSION: u16 = 0x0013;
    pub(super) const SOURCE_AE_TITLE: u16 = 0x0016;
}

/// Tag, VR, 16-bit length.
const SHORT_HEADER_BYTES: usize = 8;

/// Tag, VR, two reserved bytes, 32-bit length.
const LONG_HEADER_BYTES: usize = 12;

/// The group length element: header and 32-bit value.
const GROUP_LENGTH_BYTES: usize = SHORT_HEADER_BYTES + 4;

/// The file meta information version, 1 (PS3.10 7.1).
const VERSION: [u8; 2] = [0x00, 0x01];

/// The most that [`FileMeta::encode`] writes, in bytes.
pub const FILE_META_BYTES_MAX: usize = ELEMENTS_START
    + GROUP_LENGTH_BYTES
    + LONG_HEADER_BYTES
    + VERSION.len()
    + 3 * (SHORT_HEADER_BYTES + UID_BYTES_MAX)
    + SHORT_HEADER_BYTES
    + IMPLEMENTATION_CLASS_UID.len().next_multiple_of(2)
    + SHORT_HEADER_BYTES
    + IMPLEMENTATION_VERSION_NAME.len().next_multiple_of(2)
    + SHORT_HEADER_BYTES
    + AE_TITLE_BYTES;

/// What a file says about the data set in it.
#[derive(Clone, Copy, Debug)]
pub struct FileMeta<'a> {
    /// The SOP class of the command, at most 64 bytes.
    pub sop_class: &'a Uid,
    /// The SOP instance UID of the command, at most 64 bytes.
    pub sop_instance: &'a Uid,
    /// The transfer syntax of the presentation context, at most 64 bytes.
    pub transfer_syntax: &'a Uid,
    /// Who sent the data set. A blank title is left out.
    pub source_ae_title: &'a AeTitle,
}

impl FileMeta<'_> {
    /// Writes preamble and file meta information to the front of `out`, and returns how many bytes
    /// that took: an even number, at most [`FILE_META_BYTES_MAX`].
    ///
    /// # Panics
    /// If `out` is shorter than [`FILE_META_BYTES_MAX`] or a UID longer than 64 bytes: the caller
    /// has to have refused such an object.
    pub fn encode(&self, out: &mut [u8]) -> usize {
        assert!(
            out.len() >= FILE_META_BYTES_MAX,
            "room for the file meta information"
        );
        for uid in [self.sop_class, self.sop_instance, self.transfer_syntax] {
            assert!(
                uid.wire_len() <= UID_BYTES_MAX,
                "UIDs were checked on arrival"
            );
        }
        let mut writer = Writer { out, filled: 0 };
        writer.bytes(&[0; PREAMBLE_BYTES]);
        writer.bytes(MAGIC);
        writer.header(tag::GROUP_LENGTH, *b"UL", 4);
        let length_start = writer.filled;
        writer.bytes(&[0; 4]);
        let group_start = writer.filled;
        self.encode_group(&mut writer);
        let end = writer.filled;
        let group_length = u32::try_from(end - group_start).expect("less than a kilobyte");
        out[length_start..group_start].copy_from_slice(&group_length.to_le_bytes());
        end
    }

    /// Writes the elements that the group length counts.
    fn encode_group(&self, writer: &mut Writer<'_>) {
        writer.version();
        writer.uid(tag::SOP_CLASS, self.sop_class.as_str());
        writer.uid(tag::SOP_INSTANCE, self.sop_instance.as_str());
        writer.uid(tag::TRANSFER_SYNTAX, self.transfer_syntax.as_str());
        writer.uid(tag::IMPLEMENTATION_CLASS, IMPLEMENTATION_CLASS_UID);
        let version_name = IMPLEMENTATION_VERSION_NAME.as_bytes();
        writer.text(tag::IMPLEMENTATION_VERSION, *b"SH", version_name);
        let title = self.source_ae_title.trimmed();
        if !title.is_empty() {
            writer.text(tag::SOURCE_AE_TITLE, *b"AE", title);
        }
    }
}

/// Fills a slice from its front.
struct Writer<'a> {
    out: &'a mut [u8],
    filled: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    fn tag(&mut self, element: u16) {
        self.bytes(&META_GROUP.to_le_bytes());
        self.bytes(&element.to_le_bytes());
    }

    fn header(&mut self, element: u16, vr: [u8; 2], length: usize) {
        self.tag(element);
        self.bytes(&vr);
        let length = u16::try_from(length).expect("values are at most 64 bytes");
        self.bytes(&length.to_le_bytes());
    }

    fn version(&mut self) {
        self.tag(tag::VERSION);
        self.bytes(b"OB\0\0");
        self.bytes(&2_u32.to_le_bytes());
        self.bytes(&VERSION);
    }

    fn text(&mut self, element: u16, vr: [u8; 2], text: &[u8]) {
        self.header(element, vr, text.len().next_multiple_of(2));
        self.bytes(text);
        if text.len() % 2 == 1 {
            self.bytes(b" ");
        }
    }

    fn uid(&mut self, element: u16, uid: &str) {
        let length = uid.chars().count();
        self.header(element, *b"UI", length.next_multiple_of(2));
        for character in uid.chars() {
            // A `Uid` holds one character for each byte of the wire.
            self.bytes(&[u8::try_from(character).unwrap_or(b'?')]);
        }
        if length % 2 == 1 {
            self.bytes(&[0]);
        }
    }
}

/// What [`parse`] finds in front of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedMeta {
    /// Where the data set begins, in bytes from the start of the file.
    pub data_set_offset: usize,
    /// Media Storage SOP Class UID.
    pub sop_class: Uid,
    /// Media Storage SOP Instance UID.
    pub sop_instance: Uid,
    /// How the data set is encoded.
    pub transfer_syntax: Uid,
    /// Who sent the data set; `None` if the file doesn't say.
    pub source_ae_title: Option<AeTitle>,
}

/// Reads the file meta information of a file that this or another implementation wrote. `prefix`
/// are its first bytes, which must reach to the end of the file meta information;
/// [`FILE_META_BYTES_MAX`] are enough for a file of our own.
///
/// `None` if this is no DICOM file, if `prefix` is too short, or if an element is missing that
/// PS3.10 7.1 requires for reading: group length, SOP class, SOP instance, transfer syntax.
pub fn parse(prefix: &[u8]) -> Option<ParsedMeta> {
    let elements = prefix.get(ELEMENTS_START..)?;
    if prefix[PREAMBLE_BYTES..ELEMENTS_START] != *MAGIC {
        return None;
    }
    let (first, rest) = split_element(elements)?;
    if first.number != tag::GROUP_LENGTH {
        return None;
    }
    let length = u32::from_le_bytes(first.value.try_into().ok()?);
    let group = rest.get(..usize::try_from(length).ok()?)?;
    let data_set_offset = ELEMENTS_START + GROUP_LENGTH_BYTES + group.len();
    parse_group(group, data_set_offset)
}

fn parse_group(mut group: &[u8], data_set_offset: usize) -> Option<ParsedMeta> {
    let (mut sop_class, mut sop_instance, mut transfer_syntax) = (None, None, None);
    let mut source_ae_title = None;
    while !group.is_empty() {
        let (element, rest) = split_element(group)?;
        group = rest;
        match element.number {
            tag::SOP_CLASS => sop_class = Some(Uid::from_wire(element.value)),
            tag::SOP_INSTANCE => sop_instance = Some(Uid::from_wire(element.value)),
            tag::TRANSFER_SYNTAX => transfer_syntax = Some(Uid::from_wire(element.value)),
            tag::SOURCE_AE_TITLE => source_ae_title = ae_title(element.value),
            _ => {}
        }
    }
    Some(ParsedMeta {
        data_set_offset,
        sop_class: sop_class?,
        sop_instance: sop_instance?,
        transfer_syntax: transfer_syntax?,
        source_ae_title,
    })
}

fn ae_title(value: &[u8]) -> Option<AeTitle> {
    let mut bytes = [b' '; AE_TITLE_BYTES];
    bytes.get_mut(..value.len())?.copy_from_slice(value);
    Some(AeTitle::from_wire(bytes))
}

/// An element of group 0002 as it is found.
struct Element<'a> {
    number: u16,
    value: &'a [u8],
}

/// Splits the first element off; `None` if it is not whole or not of group 0002.
fn split_element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[g0, g1, e0, e1, v0, v1, l0, l1], rest) = bytes.split_first_chunk()?;
    if u16::from_le_bytes([g0, g1]) != META_GROUP {
        return None;
    }
    let number = u16::from_le_bytes([e0, e1]);
    // PS3.5 7.1.2: of the VRs that occur in group 0002, these have a 32-bit length.
    let (length, rest) = if matches!(&[v0, v1], b"OB" | b"UN" | b"UT" | b"SQ" | b"OW") {
        let (&length, rest) = rest.split_first_chunk()?;
        (u32::from_le_bytes(length), rest)
    } else {
        (u32::from(u16::from_le_bytes([l0, l1])), rest)
    };
    let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Element { number, value }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn encoded(meta: &FileMeta<'_>) -> Vec<u8> {
        let mut out = vec![0xee; FILE_META_BYTES_MAX + 100];
        let length = meta.encode(&mut out);
        assert!(
            out[length..].iter().all(|&byte| byte == 0xee),
            "nothing behind the end"
        );
        out.truncate(length);
        out
    }

    fn example() -> Vec<u8> {
        encoded(&FileMeta {
            sop_class: &"1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance: &"1.2.3".into(),
            transfer_syntax: &"1.2.840.10008.1.2.1".into(),
            source_ae_title: &AeTitle::new("SENDER").expect("legal"),
        })
    }

    /// An element as a file of another implementation may have it.
    fn element(number: u16, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).expect("short");
        let mut bytes = vec![2, 0];
        bytes.extend(number.to_le_bytes());
        bytes.extend(vr);
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(value);
        bytes
    }

    /// A file with these elements behind a right group length, and a data set.
    fn file(elements: &[Vec<u8>]) -> Vec<u8> {
        let group = elements.concat();
        let length = u32::try_from(group.len()).expect("short").to_le_bytes();
        let preamble = vec![0x55; 128];
        let length = element(0, *b"UL", &length);
        [
            preamble,
            b"DICM".to_vec(),
            length,
            group,
            b"data set".to_vec(),
        ]
        .concat()
    }

    fn required() -> Vec<Vec<u8>> {
        vec![
            element(0x02, *b"UI", b"1.4\0"),
            element(0x03, *b"UI", b"1.5\0"),
            element(0x10, *b"UI", b"1.2.840.10008.1.2\0"),
        ]
    }

    #[test]
    fn file_meta_information_is_written_byte_for_byte() {
        let version = env!("CARGO_PKG_VERSION");
        let pieces: &[&[u8]] = &[
            &[0; 128],
            b"DICM",
            &[2, 0, 0x00, 0, b'U', b'L', 4, 0, 178, 0, 0, 0],
            &[2, 0, 0x01, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1],
            &[2, 0, 0x02, 0, b'U', b'I', 26, 0],
            b"1.2.840.10008.5.1.4.1.1.2\0",
            &[2, 0, 0x03, 0, b'U', b'I', 6, 0],
            b"1.2.3\0",
            &[2, 0, 0x10, 0, b'U', b'I', 20, 0],
            b"1.2.840.10008.1.2.1\0",
            &[2, 0, 0x12, 0, b'U', b'I', 44, 0],
            b"2.25.119648967719991871294380284088584266005",
            &[2, 0, 0x13, 0, b'S', b'H', 14, 0],
            b"PDVAULT_",
            version.as_bytes(),
            b" ",
            &[2, 0, 0x16, 0, b'A', b'E', 6, 0],
            b"SENDER",
        ];
        assert_eq!(version.len(), 5, "the lengths above are for such a version");
        assert_eq!(
            example().escape_ascii().to_string(),
            pieces.concat().escape_ascii().to_string()
        );
    }

    #[test]
    fn the_longest_values_fit_the_bound_exactly() {
        let uid = Uid::from("1".repeat(64).as_str());
        let longest = encoded(&FileMeta {
            sop_class: &uid,
            sop_instance: &uid,
            transfer_syntax: &uid,
            source_ae_title: &AeTitle::new("SIXTEEN_LETTERS_").expect("legal"),
        });
        assert_eq!(longest.len(), FILE_META_BYTES_MAX);
    }

    #[test]
    fn a_blank_title_is_left_out() {
        let uid = Uid::from("1.2");
        let bytes = encoded(&FileMeta {
            sop_class: &uid,
            sop_instance: &uid,
            transfer_syntax: &uid,
            source_ae_title: &AeTitle::from_wire([b' '; 16]),
        });
        assert_eq!(parse(&bytes).expect("readable").source_ae_title, None);
    }

    #[test]
    #[should_panic(expected = "UIDs were checked on arrival")]
    fn a_uid_that_is_too_long_is_a_bug_of_the_caller() {
        let (uid, long) = (Uid::from("1.2"), Uid::from("1".repeat(65).as_str()));
        encoded(&FileMeta {
            sop_class: &uid,
            sop_instance: &long,
            transfer_syntax: &uid,
            source_ae_title: &AeTitle::from_wire([b' '; 16]),
        });
    }

    #[test]
    fn every_prefix_that_is_too_short_is_refused() {
        let bytes = example();
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length]), None, "{length} bytes");
        }
        let parsed = parse(&bytes).expect("whole");
        assert_eq!(parsed.data_set_offset, bytes.len());
    }

    #[test]
    fn files_of_other_implementations_are_read() {
        let mut elements = required();
        elements.insert(0, b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01".to_vec());
        elements.push(element(0x16, *b"AE", b"OTHER "));
        elements.push(b"\x02\0\x02\x01OB\0\0\x04\0\0\0priv".to_vec()); // private information
        let bytes = file(&elements);
        let parsed = parse(&bytes).expect("readable");
        assert_eq!(&bytes[parsed.data_set_offset..], b"data set");
        assert_eq!(parsed.sop_class.as_str(), "1.4");
        assert_eq!(parsed.sop_instance.as_str(), "1.5");
        assert_eq!(parsed.transfer_syntax.as_str(), "1.2.840.10008.1.2");
        assert_eq!(parsed.source_ae_title, AeTitle::new("OTHER"));
    }

    #[test]
    fn what_is_no_dicom_file_is_refused() {
        let good = file(&required());
        assert!(parse(&good).is_some());
        let mut no_magic = good.clone();
        no_magic[131] = b'X';
        assert_eq!(parse(&no_magic), None);
        let no_group_length = [&good[..132], &good[144..]].concat();
        assert_eq!(parse(&no_group_length), None);
        let mut wrong_group_length = good.clone();
        wrong_group_length[140] -= 1;
        assert_eq!(parse(&wrong_group_length), None, "ends within an element");
        wrong_group_length[140] += 5;
        assert_eq!(parse(&wrong_group_length), None, "takes from the data set");
        for missing in 0..3 {
            let mut elements = required();
            elements.remove(missing);
            assert_eq!(parse(&file(&elements)), None, "without element {missing}");
        }
    }

    fn any_uid() -> impl Strategy<Value = Uid> {
        prop_oneof![
            "[0-9.]{1,64}".prop_map(|text: String| Uid::from(text.as_str())),
            vec(any::<u8>(), 1..=64).prop_map(|bytes| Uid::from_wire(&bytes)),
        ]
    }

    proptest! {
        #[test]
        fn file_meta_information_is_read_as_it_was_written(
            uids in [any_uid(), any_uid(), any_uid()],
            title in any::<[u8; 16]>(),
            data_set in vec(any::<u8>(), 0..20),
        ) {
            let [sop_class, sop_instance, transfer_syntax] = uids;
            let source_ae_title = AeTitle::from_wire(title);
            let mut bytes = encoded(&FileMeta {
                sop_class: &sop_class,
                sop_instance: &sop_instance,
                transfer_syntax: &transfer_syntax,
                source_ae_title: &source_ae_title,
            });
            let length = bytes.len();
            prop_assert_eq!(length % 2, 0);
            bytes.extend(data_set);
            let parsed = parse(&bytes).expect("readable");
            let title = parsed.source_ae_title.as_ref().map_or(&b""[..], |title| title.trimmed());
            prop_assert_eq!(title, source_ae_title.trimmed());
            prop_assert_eq!(parsed.data_set_offset, length);
            prop_assert_eq!(parsed.sop_class, sop_class);
            prop_assert_eq!(parsed.sop_instance, sop_instance);
            prop_assert_eq!(parsed.transfer_syntax, transfer_syntax);
        }

        #[test]
        fn arbitrary_bytes_never_panic(group in vec(any::<u8>(), 0..200)) {
            let _ = parse(&group);
            let mut bytes = vec![0; 128];
            bytes.extend(b"DICM");
            bytes.extend(&group);
            let _ = parse(&bytes);
            bytes.truncate(132);
            bytes.extend(file(&[group]).split_off(132));
            let _ = parse(&bytes);
        }
    }
}

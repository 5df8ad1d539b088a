//! The headers of segments and of their members: one block each.
//!
//! A header is valid if it is, byte for byte, what its content encodes to. It tells the segment and the
//! place that it was written for, so a header that lies anywhere else (in the data of an object, in
//! space that was used before) is none.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;

use super::digest::Digest;
use super::layout::{BLOCK_BYTES, DATA_BYTES_MAX, TAR_BLOCK_BYTES, member_bytes};
use super::tar::{self, TypeFlag, ustar};
use super::text::{Lines, Text, lines};
use crate::value::{AE_TITLE_BYTES, AeTitle, UID_BYTES_MAX, Uid};

/// The length of every header, in bytes: known before anything else of an object is.
pub const HEADER_BYTES: usize = BLOCK_BYTES;

/// The longest name of a member, in bytes: the limit of Linux file systems.
pub const NAME_BYTES_MAX: usize = 255;

/// The name of the index within a segment.
pub const INDEX_NAME: &str = ".pdvault/index";

/// The kinds of headers, as their texts name them.
const OBJECT: &str = "object";
const INDEX: &str = "index";
const SEGMENT: &str = "segment";

/// The records of a member: between its pax header and its ustar header.
const RECORDS_END: usize = HEADER_BYTES - TAR_BLOCK_BYTES;

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// Which segment: 128 bits drawn when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId(pub u128);

impl SegmentId {
    /// A new one.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().as_u128())
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentId({self})")
    }
}

impl FromStr for SegmentId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

/// Why a header cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A name that is empty, too long, hidden, or could leave a directory.
    #[error(
        "{name:?} can't be the name of a member: 1 to {NAME_BYTES_MAX} bytes without `/` and NUL \
         expected, the first not a dot"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A UID that is longer than the standard allows (PS3.5 9.1).
    #[error("UID {uid} is longer than {UID_BYTES_MAX} bytes")]
    Uid {
        /// The UID.
        uid: Uid,
    },
    /// Data that no header can tell of.
    #[error("{data_len} bytes are more than a member can have")]
    Length {
        /// The length of the data, in bytes.
        data_len: u64,
    },
}

/// What is known of an object besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// SOP class UID, at most 64 bytes, like the others.
    pub sop_class: Uid,
    /// SOP instance UID.
    pub sop_instance: Uid,
    /// Transfer syntax UID of the data set.
    pub transfer_syntax: Uid,
    /// Study instance UID, if it is known.
    pub study: Option<Uid>,
    /// Series instance UID, if it is known.
    pub series: Option<Uid>,
    /// The calling AE title of the association, if it came over one.
    pub calling: Option<AeTitle>,
    /// The called AE title.
    pub called: Option<AeTitle>,
    /// The address of the peer.
    pub peer: Option<SocketAddr>,
    /// When it was received: nanoseconds since 1970, UTC.
    pub received_ns: u64,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A DICOM file.
    Object(Box<ObjectMeta>),
    /// The index of the members before it.
    Index,
}

/// The header of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The segment that it is in.
    pub segment: SegmentId,
    /// Where the header lies: a multiple of [`BLOCK_BYTES`].
    pub offset: u64,
    /// The name of the file: 1 to [`NAME_BYTES_MAX`] bytes without `/`, not hidden. Unique in its
    /// segment, if whoever writes sees to it. The index is always named [`INDEX_NAME`].
    pub name: String,
    /// The length of the data, in bytes.
    pub data_len: u64,
    /// The digest of the data.
    pub digest: Digest,
    /// What it is.
    pub content: Content,
}

impl Header {
    /// The header as it stands in front of the data.
    pub fn encode(&self) -> Result<[u8; HEADER_BYTES], EncodeError> {
        self.check()?;
        let mut records = self.needed_records();
        let front = tar::record_front(RECORDS_END - TAR_BLOCK_BYTES - records.len(), "comment");
        records.extend(front.bytes());
        let text_at = TAR_BLOCK_BYTES + records.len();
        let mut block = [0; HEADER_BYTES];
        let records_len = (RECORDS_END - TAR_BLOCK_BYTES) as u64;
        let mtime = self.mtime();
        let extended = ustar(
            tar::OBJECT_HEADER_NAME,
            records_len,
            mtime,
            TypeFlag::Extended,
        );
        block[..TAR_BLOCK_BYTES].copy_from_slice(&extended);
        block[TAR_BLOCK_BYTES..text_at].copy_from_slice(&records);
        block[RECORDS_END - 1] = b'\n';
        let file = ustar(&self.name, self.data_len, mtime, TypeFlag::File);
        block[RECORDS_END..].copy_from_slice(&file);
        let fits = self.text().seal(&mut block, text_at, RECORDS_END - 1);
        assert!(fits, "everything in a text is bounded, see TEXT_BYTES_MAX");
        Ok(block)
    }

    /// Reads the header at `offset` of a segment; `None` if there is none that was written for this
    /// place. `segment`: the segment that it must be of; unknown, any will do.
    pub fn decode(
        block: &[u8; HEADER_BYTES],
        segment: Option<SegmentId>,
        offset: u64,
    ) -> Option<Self> {
        // Most blocks that are none end here.
        block.strip_prefix(tar::OBJECT_HEADER_NAME.as_bytes())?;
        let (name, text) = split_records(block)?;
        let header = lines(text, OBJECT)
            .and_then(|lines| Self::read(lines, name, object))
            .or_else(|| Self::read(lines(text, INDEX)?, name, |_| Some(Content::Index)))?;
        let is_here = header.offset == offset && segment.is_none_or(|id| id == header.segment);
        (is_here && header.encode().is_ok_and(|again| again == *block)).then_some(header)
    }

    fn read(
        mut lines: Lines<'_>,
        name: &str,
        content: impl FnOnce(&mut Lines<'_>) -> Option<Content>,
    ) -> Option<Self> {
        Some(Self {
            segment: lines.parse("segment")?,
            offset: lines.parse("at")?,
            name: name.to_owned(),
            data_len: lines.parse("length")?,
            digest: lines.parse("digest")?,
            content: content(&mut lines)?,
        })
    }

    /// Where the member ends, tail included, in bytes from the start of the segment.
    pub fn end(&self) -> u64 {
        let bytes = member_bytes(self.data_len).expect("lengths are checked");
        self.offset.saturating_add(bytes)
    }

    /// Where the data begins.
    pub fn data_offset(&self) -> u64 {
        self.offset.saturating_add(HEADER_BYTES as u64)
    }

    /// Where the data ends.
    pub fn data_end(&self) -> u64 {
        self.data_offset().saturating_add(self.data_len)
    }

    /// What is known of the object; `None` for an index.
    pub fn object(&self) -> Option<&ObjectMeta> {
        match &self.content {
            Content::Object(meta) => Some(meta),
            Content::Index => None,
        }
    }

    fn check(&self) -> Result<(), EncodeError> {
        let is_named = match self.content {
            Content::Object(_) => is_usable_name(&self.name),
            Content::Index => self.name == INDEX_NAME,
        };
        if !is_named {
            let name = self.name.clone();
            return Err(EncodeError::Name { name });
        }
        if self.data_len > DATA_BYTES_MAX {
            let data_len = self.data_len;
            return Err(EncodeError::Length { data_len });
        }
        let uids = self.object().into_iter().flat_map(ObjectMeta::uids);
        match uids
            .map(|(_, uid)| uid)
            .find(|uid| uid.wire_len() > UID_BYTES_MAX)
        {
            Some(uid) => Err(EncodeError::Uid { uid: uid.clone() }),
            None => Ok(()),
        }
    }

    fn mtime(&self) -> u64 {
        self.object().map_or(0, |meta| meta.received_ns / NANOS)
    }

    /// The pax records that ustar makes necessary.
    fn needed_records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        if self.name.len() > tar::SHORT_NAME_BYTES_MAX || !self.name.is_ascii() {
            tar::push_record(&mut records, "path", self.name.as_bytes());
        }
        if self.data_len > tar::SHORT_SIZE_MAX {
            tar::push_record(&mut records, "size", self.data_len.to_string().as_bytes());
        }
        records
    }

    fn text(&self) -> Text {
        let kind = match self.content {
            Content::Object(_) => OBJECT,
            Content::Index => INDEX,
        };
        let mut text = Text::new(kind);
        text.push("segment", self.segment.to_string().as_bytes());
        text.push("at", self.offset.to_string().as_bytes());
        text.push("length", self.data_len.to_string().as_bytes());
        text.push("digest", self.digest.to_string().as_bytes());
        if let Content::Object(meta) = &self.content {
            meta.push_to(&mut text);
        }
        text
    }
}

impl ObjectMeta {
    fn uids(&self) -> impl Iterator<Item = (&'static str, &Uid)> {
        [
            ("sop-class", Some(&self.sop_class)),
            ("sop-instance", Some(&self.sop_instance)),
            ("transfer-syntax", Some(&self.transfer_syntax)),
            ("study", self.study.as_ref()),
            ("series", self.series.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, uid)| Some((key, uid?)))
    }

    fn push_to(&self, text: &mut Text) {
        text.push("received", self.received_ns.to_string().as_bytes());
        for (key, uid) in self.uids() {
            let mut bytes = Vec::with_capacity(UID_BYTES_MAX);
            uid.write_to(&mut bytes);
            text.push(key, &bytes);
        }
        for (key, title) in [("calling", &self.calling), ("called", &self.called)] {
            if let Some(title) = title {
                text.push(key, without_padding(title));
            }
        }
        if let Some(peer) = self.peer {
            text.push("peer", peer.to_string().as_bytes());
        }
    }
}

fn object(lines: &mut Lines<'_>) -> Option<Content> {
    let uid = |bytes: Vec<u8>| Uid::from_wire(&bytes);
    Some(Content::Object(Box::new(ObjectMeta {
        received_ns: lines.parse("received")?,
        sop_class: lines.take("sop-class").map(uid)?,
        sop_instance: lines.take("sop-instance").map(uid)?,
        transfer_syntax: lines.take("transfer-syntax").map(uid)?,
        study: lines.take("study").map(uid),
        series: lines.take("series").map(uid),
        calling: lines.take("calling").and_then(|bytes| title(&bytes)),
        called: lines.take("called").and_then(|bytes| title(&bytes)),
        peer: lines.parse("peer"),
    })))
}

fn title(bytes: &[u8]) -> Option<AeTitle> {
    let mut wire = [b' '; AE_TITLE_BYTES];
    wire.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(AeTitle::from_wire(wire))
}

/// The name of a member, and its text.
fn split_records(block: &[u8; HEADER_BYTES]) -> Option<(&str, &[u8])> {
    let mut name = tar::short_name(&block[RECORDS_END..])?;
    let mut rest = &block[TAR_BLOCK_BYTES..RECORDS_END];
    loop {
        let (record, behind) = tar::split_record(rest)?;
        match record.keyword {
            b"path" => name = std::str::from_utf8(record.value).ok()?,
            b"comment" => return Some((name, record.value)),
            _ => {}
        }
        rest = behind;
    }
}

/// Whether a file of this name stays in its directory and is not hidden.
pub(super) fn is_usable_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('.')
        && !name.contains(['/', '\0'])
}

/// The first block of a segment: a pax header for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHead {
    /// Which segment.
    pub segment: SegmentId,
    /// When it was made: nanoseconds since 1970, UTC.
    pub created_ns: u64,
}

impl SegmentHead {
    /// The block.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let records_len = HEADER_BYTES - TAR_BLOCK_BYTES;
        let front = tar::record_front(records_len, "comment");
        let mut block = [0; HEADER_BYTES];
        let mtime = self.created_ns / NANOS;
        let global = ustar(
            tar::SEGMENT_NAME,
            records_len as u64,
            mtime,
            TypeFlag::Global,
        );
        block[..TAR_BLOCK_BYTES].copy_from_slice(&global);
        let text_at = TAR_BLOCK_BYTES + front.len();
        block[TAR_BLOCK_BYTES..text_at].copy_from_slice(front.as_bytes());
        block[HEADER_BYTES - 1] = b'\n';
        let mut text = Text::new(SEGMENT);
        text.push("segment", self.segment.to_string().as_bytes());
        text.push("created", self.created_ns.to_string().as_bytes());
        let fits = text.seal(&mut block, text_at, HEADER_BYTES - 1);
        assert!(fits, "two numbers are shorter than a block");
        block
    }

    /// Reads the block; `None` if it is none.
    pub fn decode(block: &[u8; HEADER_BYTES]) -> Option<Self> {
        block.strip_prefix(tar::SEGMENT_NAME.as_bytes())?;
        let (record, _) = tar::split_record(&block[TAR_BLOCK_BYTES..])?;
        let mut lines = lines(record.value, SEGMENT)?;
        let head = Self {
            segment: lines.parse("segment")?,
            created_ns: lines.parse("created")?,
        };
        (head.encode() == *block).then_some(head)
    }
}

/// What the longest text takes, with every byte of a UID or title escaped: the records of a name and a
/// size, the numbers and digests, five UIDs, two titles, an address.
const TEXT_BYTES_MAX: usize = (NAME_BYTES_MAX + 16)
    + 40
    + 300
    + 5 * (3 * UID_BYTES_MAX + 20)
    + 2 * (3 * AE_TITLE_BYTES + 10)
    + 80;
const _: () = assert!(TEXT_BYTES_MAX <= RECORDS_END - TAR_BLOCK_BYTES);

/// A title without the blanks at its end.
fn without_padding(title: &AeTitle) -> &[u8] {
    let wire = title.as_wire();
    let end = wire.iter().rposition(|&byte| byte != b' ');
    &wire[..end.map_or(0, |last| last + 1)]
}

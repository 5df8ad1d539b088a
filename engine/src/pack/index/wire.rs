//! The bytes of an index: a head, entries, three tables, strings. Numbers are little endian.

use thiserror::Error;

use super::super::digest::{DIGEST_BYTES, Digest};
use super::super::header::SegmentId;
use super::super::layout::{BLOCK_BYTES, DATA_BYTES_MAX};

/// The version of the format.
pub(super) const INDEX_VERSION: u32 = 1;

/// What an index begins with.
const MAGIC: [u8; 8] = *b"PDVINDEX";

/// What an index ends with.
const TRAILER_MAGIC: [u8; 8] = *b"XEDNIVDP";

/// The length of what an index ends with: its own length, and [`TRAILER_MAGIC`].
pub(super) const TRAILER_BYTES: usize = 16;

/// The length of the head.
pub(super) const HEAD_BYTES: usize = 128;

/// The length of an entry.
pub(super) const ENTRY_BYTES: usize = 48;

/// The length of a row of a table: a hash, the number of an entry.
pub(super) const ROW_BYTES: usize = 12;

/// The longest string, in bytes; one byte in front tells its length.
pub(super) const STRING_BYTES_MAX: usize = 255;

/// Where the digest of the head's other bytes lies in it.
const HEAD_CHECK_AT: usize = HEAD_BYTES - 8;

/// Why an index cannot be used. All of them are put right by writing it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Something else, or damage at its front.
    #[error("this is no index of a segment, or its head is damaged")]
    Head,
    /// Made by another version.
    #[error("the index has version {0}, not {INDEX_VERSION}")]
    Version(u32),
    /// Not as long as its head says.
    #[error("the index is {actual} bytes long, not {said}")]
    Length {
        /// By its head.
        said: u64,
        /// Really.
        actual: u64,
    },
    /// Its bytes are not those that were written.
    #[error("the index does not match its digest")]
    Digest,
    /// A number in it points nowhere.
    #[error("the index is damaged: a number in it points nowhere")]
    Damaged,
    /// It is of another segment, or of this one as it once was.
    #[error("the index is of another segment, or of this one as it once was")]
    Stale,
    /// More than an index holds.
    #[error(
        "more objects, or longer names, than an index holds (4294967295 objects, 4 GiB of names)"
    )]
    TooLarge,
}

/// The head of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) segment: SegmentId,
    /// The length of the segment when it was sealed.
    pub(super) segment_len: u64,
    pub(super) entries: u32,
    /// Rows of the tables: by SOP instance, series, study.
    pub(super) rows: [u32; 3],
    /// Length of all strings.
    pub(super) strings_len: u32,
    /// Of everything behind the head.
    pub(super) digest: Digest,
}

/// Takes numbers from the front of some bytes.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl Numbers<'_> {
    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }
}

impl Head {
    pub(super) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(INDEX_VERSION.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.segment.0.to_be_bytes());
        bytes.extend(self.segment_len.to_le_bytes());
        bytes.extend(self.entries.to_le_bytes());
        for rows in self.rows {
            bytes.extend(rows.to_le_bytes());
        }
        bytes.extend(self.strings_len.to_le_bytes());
        bytes.extend(self.digest.as_bytes());
        bytes.resize(HEAD_CHECK_AT, 0);
        let check = Digest::of(&bytes).short();
        bytes.extend(check.to_le_bytes());
        bytes.try_into().expect("as long as its parts")
    }

    pub(super) fn decode(bytes: &[u8; HEAD_BYTES]) -> Result<Self, IndexError> {
        let mut numbers = Numbers(bytes);
        if numbers.bytes() != Some(MAGIC) {
            return Err(IndexError::Head);
        }
        let version = numbers.u32().ok_or(IndexError::Head)?;
        if version != INDEX_VERSION {
            return Err(IndexError::Version(version));
        }
        let head = Self::read(numbers).ok_or(IndexError::Head)?;
        if head.encode() != *bytes {
            return Err(IndexError::Head);
        }
        Ok(head)
    }

    fn read(mut numbers: Numbers<'_>) -> Option<Self> {
        numbers.u32()?;
        Some(Self {
            segment: SegmentId(u128::from_be_bytes(numbers.bytes()?)),
            segment_len: numbers.u64()?,
            entries: numbers.u32()?,
            rows: [numbers.u32()?, numbers.u32()?, numbers.u32()?],
            strings_len: numbers.u32()?,
            digest: Digest::from(numbers.bytes::<DIGEST_BYTES>()?),
        })
    }

    /// Where the table of this number begins; that of number 3 is where the strings begin.
    pub(super) fn table_at(&self, table: usize) -> u64 {
        let entries = u64::from(self.entries) * ENTRY_BYTES as u64;
        let rows: u64 = self.rows[..table].iter().map(|&rows| u64::from(rows)).sum();
        HEAD_BYTES as u64 + entries + rows * ROW_BYTES as u64
    }

    /// Where the strings begin.
    pub(super) fn strings_at(&self) -> u64 {
        self.table_at(self.rows.len())
    }

    /// The length of the index: whole blocks.
    pub(super) fn index_len(&self) -> u64 {
        let bytes = self.strings_at() + u64::from(self.strings_len) + TRAILER_BYTES as u64;
        bytes.next_multiple_of(BLOCK_BYTES as u64)
    }
}

/// The last bytes of an index of this length, by which it is found from behind.
pub(super) fn trailer(index_len: u64) -> [u8; TRAILER_BYTES] {
    let mut bytes = [0; TRAILER_BYTES];
    bytes[..8].copy_from_slice(&index_len.to_le_bytes());
    bytes[8..].copy_from_slice(&TRAILER_MAGIC);
    bytes
}

/// The length of the index that ends with these bytes.
pub(super) fn read_trailer(bytes: [u8; TRAILER_BYTES]) -> Option<u64> {
    let mut numbers = Numbers(&bytes);
    let length = numbers.u64()?;
    (numbers.bytes() == Some(TRAILER_MAGIC)).then_some(length)
}

/// The place of an entry's strings. 0 is the empty string, which stands for what is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawEntry {
    pub(super) offset: u64,
    pub(super) data_len: u64,
    pub(super) received_ns: u64,
    /// Name, SOP instance, SOP class, transfer syntax, study, series.
    pub(super) strings: [u32; 6],
}

impl RawEntry {
    pub(super) fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let numbers = [self.offset, self.data_len, self.received_ns];
        for (field, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        for (field, number) in bytes[24..].chunks_exact_mut(4).zip(self.strings) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Reads an entry; `None` where the numbers can't be.
    pub(super) fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let mut numbers = Numbers(bytes);
        let mut entry = Self {
            offset: numbers.u64()?,
            data_len: numbers.u64()?,
            received_ns: numbers.u64()?,
            strings: [0; 6],
        };
        for string in &mut entry.strings {
            *string = numbers.u32()?;
        }
        let is_possible = entry.data_len <= DATA_BYTES_MAX && entry.offset <= DATA_BYTES_MAX;
        is_possible.then_some(entry)
    }
}

/// What an index knows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where its header lies, in bytes from the start of the segment.
    pub offset: u64,
    /// The length of its data, in bytes.
    pub data_len: u64,
    /// When it was received: nanoseconds since 1970, UTC.
    pub received_ns: u64,
    /// The name of the file.
    pub name: String,
    /// SOP instance UID, like the others as text.
    pub sop_instance: String,
    /// SOP class UID.
    pub sop_class: String,
    /// Transfer syntax UID.
    pub transfer_syntax: String,
    /// Study instance UID; empty if it is not known.
    pub study: String,
    /// Series instance UID; empty if it is not known.
    pub series: String,
}

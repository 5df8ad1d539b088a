//! Makes an index.

use std::collections::HashMap;

use super::super::digest::Digest;
use super::super::header::{HEADER_BYTES, Header, ObjectMeta, SegmentId};
use super::super::layout::{BLOCK_BYTES, END_BYTES};
use super::wire::{
    ENTRY_BYTES, HEAD_BYTES, Head, IndexError, ROW_BYTES, RawEntry, STRING_BYTES_MAX,
    TRAILER_BYTES, trailer,
};
use crate::value::Uid;

/// Collects the members of a segment, in the order of their places.
///
/// Memory: 48 bytes, the name and the instance UID for each object; other UIDs once.
#[derive(Clone, Debug)]
pub struct IndexBuilder {
    segment: SegmentId,
    entries: Vec<RawEntry>,
    /// For each table, hash and number of the entry.
    rows: [Vec<(u64, u32)>; 3],
    strings: Vec<u8>,
    /// Where strings lie that occur again and again.
    known: HashMap<Box<str>, u32>,
}

impl IndexBuilder {
    /// An index of nothing.
    pub fn new(segment: SegmentId) -> Self {
        Self {
            segment,
            entries: Vec::new(),
            rows: Default::default(),
            // The empty string, for what is not known.
            strings: vec![0],
            known: HashMap::new(),
        }
    }

    /// The segment that is indexed.
    pub fn segment(&self) -> SegmentId {
        self.segment
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of data of all objects.
    pub fn data_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.data_len).sum()
    }

    /// Adds a member. An index is none of the objects and passed over.
    pub fn push(&mut self, member: &Header) -> Result<(), IndexError> {
        let Some(meta) = member.object() else {
            return Ok(());
        };
        let number = u32::try_from(self.entries.len()).map_err(|_| IndexError::TooLarge)?;
        let strings = self.strings_of(&member.name, meta)?;
        self.entries.push(RawEntry {
            offset: member.offset,
            data_len: member.data_len,
            received_ns: meta.received_ns,
            strings,
        });
        let keys = [
            Some(&meta.sop_instance),
            meta.series.as_ref(),
            meta.study.as_ref(),
        ];
        for (rows, key) in self.rows.iter_mut().zip(keys) {
            if let Some(key) = key {
                rows.push((hash(key.as_str()), number));
            }
        }
        Ok(())
    }

    fn strings_of(&mut self, name: &str, meta: &ObjectMeta) -> Result<[u32; 6], IndexError> {
        let name = self.append(name)?;
        let sop_instance = self.append(meta.sop_instance.as_str())?;
        let mut shared = [0; 4];
        let uids = [
            Some(&meta.sop_class),
            Some(&meta.transfer_syntax),
            meta.study.as_ref(),
            meta.series.as_ref(),
        ];
        for (place, uid) in shared.iter_mut().zip(uids) {
            *place = self.shared(uid.map_or("", Uid::as_str))?;
        }
        let [class, syntax, study, series] = shared;
        Ok([name, sop_instance, class, syntax, study, series])
    }

    fn shared(&mut self, text: &str) -> Result<u32, IndexError> {
        if let Some(&place) = self.known.get(text) {
            return Ok(place);
        }
        let place = self.append(text)?;
        self.known.insert(text.into(), place);
        Ok(place)
    }

    fn append(&mut self, text: &str) -> Result<u32, IndexError> {
        if text.is_empty() {
            return Ok(0);
        }
        // UIDs of 64 characters beyond ASCII have 128 bytes here, names 255.
        let length = u8::try_from(text.len()).map_err(|_| IndexError::TooLarge)?;
        debug_assert!(text.len() <= STRING_BYTES_MAX, "a length is one byte");
        let place = u32::try_from(self.strings.len()).map_err(|_| IndexError::TooLarge)?;
        self.strings.push(length);
        self.strings.extend(text.bytes());
        Ok(place)
    }

    /// The index that seals a segment: its own member begins at `offset`.
    pub fn finish(mut self, offset: u64) -> Result<Vec<u8>, IndexError> {
        self.rows.iter_mut().for_each(|rows| rows.sort_unstable());
        let body = self.body();
        let mut head = self.head(Digest::of(&body))?;
        head.segment_len = offset + head.index_len() + (HEADER_BYTES + END_BYTES) as u64;
        let mut bytes = head.encode().to_vec();
        bytes.extend(body);
        Ok(bytes)
    }

    fn head(&self, digest: Digest) -> Result<Head, IndexError> {
        let count = |count: usize| u32::try_from(count).map_err(|_| IndexError::TooLarge);
        let [instances, series, studies] = &self.rows;
        Ok(Head {
            segment: self.segment,
            segment_len: 0,
            entries: count(self.entries.len())?,
            rows: [
                count(instances.len())?,
                count(series.len())?,
                count(studies.len())?,
            ],
            strings_len: count(self.strings.len())?,
            digest,
        })
    }

    /// Everything behind the head, filled up so that the whole is whole blocks.
    fn body(&self) -> Vec<u8> {
        let rows: usize = self.rows.iter().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(
            self.entries.len() * ENTRY_BYTES + rows * ROW_BYTES + self.strings.len() + BLOCK_BYTES,
        );
        for entry in &self.entries {
            bytes.extend(entry.encode());
        }
        for (hash, number) in self.rows.iter().flatten() {
            bytes.extend(hash.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&self.strings);
        let used = HEAD_BYTES + bytes.len() + TRAILER_BYTES;
        let whole = used.next_multiple_of(BLOCK_BYTES);
        bytes.resize(whole - HEAD_BYTES - TRAILER_BYTES, 0);
        bytes.extend(trailer(whole as u64));
        bytes
    }
}

/// What a table is sorted by: the first eight bytes of the BLAKE3 of a UID's text.
pub(super) fn hash(text: &str) -> u64 {
    Digest::of(text.as_bytes()).short()
}

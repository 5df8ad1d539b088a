//! Looks up objects in an index, without holding it in memory.

use std::io;

use super::super::digest::Hasher;
use super::super::header::SegmentId;
use super::super::source::{ReadAt, read_exactly, read_up_to};
use super::build::hash;
use super::wire::{
    ENTRY_BYTES, Entry, HEAD_BYTES, Head, IndexError, Numbers, ROW_BYTES, RawEntry,
    STRING_BYTES_MAX, TRAILER_BYTES, read_trailer,
};
use crate::value::Uid;

/// How many rows of a table are read at once, 4 KiB: hashes are spread evenly, so the place of one is
/// known to some hundred rows among forty thousand, and the first read mostly finds it.
const WINDOW_ROWS: u64 = 341;

/// The same in bytes.
const WINDOW_BYTES: usize = 341 * ROW_BYTES;

/// How often the place of a hash is guessed: each guess is many times as near as the one before. If that
/// was no use (hashes that are not spread evenly), halves are taken.
const GUESSES_MAX: u32 = 4;

/// How much is read at once to check the digest, in bytes.
const READ_BYTES: usize = 1 << 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// Objects with this SOP instance UID.
    SopInstance(&'a Uid),
    /// Objects of this series.
    Series(&'a Uid),
    /// Objects of this study.
    Study(&'a Uid),
}

impl Key<'_> {
    /// The number of its table, and its text.
    fn table(&self) -> (usize, &str) {
        match self {
            Self::SopInstance(uid) => (0, uid.as_str()),
            Self::Series(uid) => (1, uid.as_str()),
            Self::Study(uid) => (2, uid.as_str()),
        }
    }
}

/// An index, to be read. In memory are 200 bytes for each; what is looked up is read from the source.
#[derive(Debug)]
pub struct Index<S> {
    source: S,
    /// Where the index begins in the source.
    start: u64,
    head: Head,
}

/// What went wrong while reading an index: the system's error, or an [`IndexError`] within one.
fn invalid(error: IndexError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// How long the index is that ends at `end` of `source`; `None` if none does.
pub(in crate::pack) fn length_before(source: &impl ReadAt, end: u64) -> io::Result<Option<u64>> {
    let Some(place) = end.checked_sub(TRAILER_BYTES as u64) else {
        return Ok(None);
    };
    let mut bytes = [0; TRAILER_BYTES];
    let read = read_up_to(source, &mut bytes, place)?;
    let length = read_trailer(bytes).filter(|&length| read == TRAILER_BYTES && length <= end);
    Ok(length)
}

impl<S: ReadAt> Index<S> {
    /// Reads the head of the index that begins at `start` and has `length` bytes. Damage behind the
    /// head is found by [`Index::check_digest`], or while reading.
    ///
    /// # Errors
    /// The system's; of the kind `InvalidData`, with an [`IndexError`], for what is no index.
    pub fn open(source: S, start: u64, length: u64) -> io::Result<Self> {
        let mut bytes = [0; HEAD_BYTES];
        if read_up_to(&source, &mut bytes, start)? < HEAD_BYTES {
            return Err(invalid(IndexError::Head));
        }
        let head = Head::decode(&bytes).map_err(invalid)?;
        if head.index_len() != length {
            let (said, actual) = (head.index_len(), length);
            return Err(invalid(IndexError::Length { said, actual }));
        }
        Ok(Self {
            source,
            start,
            head,
        })
    }

    /// The segment that it is of.
    pub fn segment(&self) -> SegmentId {
        self.head.segment
    }

    /// The length of the segment that it is of, in bytes.
    pub fn segment_len(&self) -> u64 {
        self.head.segment_len
    }

    /// How many objects there are.
    pub fn len(&self) -> u32 {
        self.head.entries
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.head.entries == 0
    }

    /// Reads all of it and compares it with its digest.
    pub fn check_digest(&self) -> io::Result<()> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; READ_BYTES];
        let (mut offset, end) = (HEAD_BYTES as u64, self.head.index_len());
        while offset < end {
            let wanted =
                usize::try_from(end - offset).map_or(READ_BYTES, |left| left.min(READ_BYTES));
            read_exactly(&self.source, &mut buffer[..wanted], self.start + offset)?;
            hasher.update(&buffer[..wanted]);
            offset += wanted as u64;
        }
        if hasher.finish() != self.head.digest {
            return Err(invalid(IndexError::Digest));
        }
        Ok(())
    }

    /// All objects with this key, in the order of their places.
    ///
    /// # Errors
    /// The system's; of the kind `InvalidData`, with an [`IndexError`], for damage that was met.
    pub fn look_up(&self, key: Key<'_>) -> io::Result<Vec<Entry>> {
        let (table, text) = key.table();
        let mut found = Vec::new();
        let hash = hash(text);
        let (mut row, mut window) = self.first_row(table, hash)?;
        loop {
            if row == window.begin + window.rows {
                window = Window::read(self, table, row)?;
            }
            let Some((_, number)) = window.row(row - window.begin).filter(|row| row.0 == hash)
            else {
                return Ok(found);
            };
            row += 1;
            let entry = self.entry(number)?;
            let value = match key {
                Key::SopInstance(_) => &entry.sop_instance,
                Key::Series(_) => &entry.series,
                Key::Study(_) => &entry.study,
            };
            if value == text {
                found.push(entry);
            }
        }
    }

    /// The object of this number, counted from 0 in the order of places.
    ///
    /// # Errors
    /// As with [`Index::look_up`]; damage, if there are not so many.
    pub fn entry(&self, number: u32) -> io::Result<Entry> {
        let damaged = || invalid(IndexError::Damaged);
        if number >= self.head.entries {
            return Err(damaged());
        }
        let mut bytes = [0; ENTRY_BYTES];
        let place = HEAD_BYTES as u64 + u64::from(number) * ENTRY_BYTES as u64;
        read_exactly(&self.source, &mut bytes, self.start + place)?;
        let raw = RawEntry::decode(&bytes).ok_or_else(damaged)?;
        let [
            name,
            sop_instance,
            sop_class,
            transfer_syntax,
            study,
            series,
        ] = raw.strings;
        Ok(Entry {
            offset: raw.offset,
            data_len: raw.data_len,
            received_ns: raw.received_ns,
            name: self.string(name)?,
            sop_instance: self.string(sop_instance)?,
            sop_class: self.string(sop_class)?,
            transfer_syntax: self.string(transfer_syntax)?,
            study: self.string(study)?,
            series: self.string(series)?,
        })
    }

    fn string(&self, place: u32) -> io::Result<String> {
        let damaged = || invalid(IndexError::Damaged);
        let left = self
            .head
            .strings_len
            .checked_sub(place)
            .ok_or_else(damaged)?;
        let mut bytes = [0; 1 + STRING_BYTES_MAX];
        let wanted = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let at = self.start + self.head.strings_at() + u64::from(place);
        read_exactly(&self.source, &mut bytes[..wanted], at)?;
        let (length, rest) = bytes[..wanted].split_first().ok_or_else(damaged)?;
        let text = rest.get(..usize::from(*length)).ok_or_else(damaged)?;
        let text = std::str::from_utf8(text).map_err(|_| damaged())?;
        Ok(text.to_owned())
    }

    /// The first row of a table that is not below this hash, with the window around it.
    fn first_row(&self, table: usize, hash: u64) -> io::Result<(u64, Window)> {
        let count = u64::from(self.head.rows[table]);
        // It lies from `low` to `high`.
        let (mut low, mut high) = (0, count);
        let mut wanted = rows_below(hash, count);
        for attempt in 0.. {
            let begin = wanted.saturating_sub(WINDOW_ROWS / 2);
            let begin = begin.min(high.saturating_sub(WINDOW_ROWS)).max(low);
            let window = Window::read(self, table, begin)?;
            let below = window.rows_below(hash);
            if below == 0 && begin > low {
                high = begin;
            } else if below == window.rows && begin + below < high {
                low = begin + below;
            } else {
                return Ok((begin + below, window));
            }
            wanted = if attempt < GUESSES_MAX {
                window.guess(hash, count)
            } else {
                low.midpoint(high)
            };
        }
        unreachable!("each attempt halves what is left, or nearly")
    }
}

/// How many of so many hashes, spread evenly, are below this one.
fn rows_below(hash: u64, count: u64) -> u64 {
    let below = (u128::from(hash) * u128::from(count)) >> 64;
    u64::try_from(below).expect("not more than all")
}

/// Some rows of a table, as they were read.
struct Window {
    begin: u64,
    rows: u64,
    bytes: [u8; WINDOW_BYTES],
}

impl Window {
    /// Reads up to [`WINDOW_ROWS`] rows from this one on.
    fn read<S: ReadAt>(index: &Index<S>, table: usize, begin: u64) -> io::Result<Self> {
        let left = u64::from(index.head.rows[table]).saturating_sub(begin);
        let mut window = Self {
            begin,
            rows: left.min(WINDOW_ROWS),
            bytes: [0; WINDOW_BYTES],
        };
        let length = usize::try_from(window.rows).expect("bounded") * ROW_BYTES;
        let place = index.head.table_at(table) + begin * ROW_BYTES as u64;
        read_exactly(
            &index.source,
            &mut window.bytes[..length],
            index.start + place,
        )?;
        Ok(window)
    }

    /// Hash and entry of a row, counted from the first of the window; `None` beyond its end.
    fn row(&self, row: u64) -> Option<(u64, u32)> {
        let place = usize::try_from(row).ok().filter(|_| row < self.rows)? * ROW_BYTES;
        let mut numbers = Numbers(self.bytes.get(place..place + ROW_BYTES)?);
        numbers.u64().zip(numbers.u32())
    }

    /// How many of its rows are below this hash.
    fn rows_below(&self, hash: u64) -> u64 {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle) {
                Some((other, _)) if other < hash => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Where the hash is likely to be, seen from the first row, in a table of `count` rows.
    fn guess(&self, hash: u64, count: u64) -> u64 {
        let (first, _) = self.row(0).unwrap_or_default();
        if first <= hash {
            self.begin + rows_below(hash - first, count)
        } else {
            self.begin.saturating_sub(rows_below(first - hash, count))
        }
    }
}

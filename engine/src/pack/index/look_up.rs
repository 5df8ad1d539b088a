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

/// How many rows of a table are read at once: hashes are spread evenly, so the place of one is known
/// to some ten rows among thousands, and one read of 4 KiB mostly finds it.
const WINDOW_ROWS: u64 = WINDOW_ROWS_USIZE as u64;

/// The same, as a length.
const WINDOW_ROWS_USIZE: usize = 341;

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
        let mut rows = self.rows_with(table, hash(text))?;
        while let Some(number) = rows.next(self)? {
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
        Ok(found)
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

    /// The rows of a table that have this hash.
    fn rows_with(&self, table: usize, hash: u64) -> io::Result<Rows> {
        let count = u64::from(self.head.rows[table]);
        let guess = u64::try_from((u128::from(hash) * u128::from(count)) >> 64).unwrap_or(count);
        // The first row that is not below the hash lies from `low` to `high`.
        let (mut low, mut high) = (0, count);
        let mut begin = guess.saturating_sub(WINDOW_ROWS / 2);
        while high - low > WINDOW_ROWS {
            let begin_now = begin.clamp(low, high - WINDOW_ROWS);
            let window = self.window(table, begin_now)?;
            let below = window.partition_point(|row| row.0 < hash) as u64;
            if below > 0 {
                low = begin_now + below;
            }
            if below < WINDOW_ROWS {
                high = begin_now + below;
            }
            // A guess that was far off is followed by halving.
            begin = low.midpoint(high).saturating_sub(WINDOW_ROWS / 2);
        }
        let window = self.window(table, low)?;
        let below = window.partition_point(|row| row.0 < hash) as u64;
        Ok(Rows {
            table,
            hash,
            next: low + below,
            begin: low,
            window,
        })
    }

    /// Up to [`WINDOW_ROWS`] rows of a table from this one on.
    fn window(&self, table: usize, begin: u64) -> io::Result<Vec<(u64, u32)>> {
        let count = u64::from(self.head.rows[table]);
        let rows = count.saturating_sub(begin).min(WINDOW_ROWS);
        let mut bytes = [0; WINDOW_ROWS_USIZE * ROW_BYTES];
        let length = usize::try_from(rows).expect("bounded") * ROW_BYTES;
        let place = self.head.table_at(table) + begin * ROW_BYTES as u64;
        read_exactly(&self.source, &mut bytes[..length], self.start + place)?;
        let rows = bytes[..length].chunks_exact(ROW_BYTES).map(|row| {
            let mut numbers = Numbers(row);
            let row = numbers.u64().zip(numbers.u32());
            row.expect("as long as a row")
        });
        Ok(rows.collect())
    }
}

/// Rows of a table that have the same hash.
struct Rows {
    table: usize,
    hash: u64,
    /// The row to look at next.
    next: u64,
    /// The row that the window begins with.
    begin: u64,
    window: Vec<(u64, u32)>,
}

impl Rows {
    fn next<S: ReadAt>(&mut self, index: &Index<S>) -> io::Result<Option<u32>> {
        if self.next >= self.begin + self.window.len() as u64 {
            self.begin = self.next;
            self.window = index.window(self.table, self.begin)?;
        }
        let place = usize::try_from(self.next - self.begin).expect("within the window");
        match self.window.get(place) {
            Some(&(hash, number)) if hash == self.hash => {
                self.next += 1;
                Ok(Some(number))
            }
            _ => Ok(None),
        }
    }
}

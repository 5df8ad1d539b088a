//! What is in a segment, whatever has become of it.

use std::collections::VecDeque;
use std::io;

use super::damage::Damage;
use super::digest::{Digest, Hasher};
use super::filler::Piece;
use super::header::{HEADER_BYTES, Header, SegmentHead, SegmentId};
use super::layout::BLOCK_BYTES;
use super::source::{ReadAt, read_up_to};

/// A member as it was found: its header says where everything lies.
pub type Member = Header;

/// How much is read at once where no header says how to go on, and for digests, in bytes.
pub(super) const READ_BYTES: usize = 1 << 20;

/// A part of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins, in bytes from the start of the segment.
    pub offset: u64,
    /// Its length, in bytes.
    pub length: u64,
}

impl Extent {
    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }

    pub(super) fn between(offset: u64, end: u64) -> Self {
        Self {
            offset,
            length: end - offset,
        }
    }
}

/// What was found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The head of the segment.
    Head(SegmentHead),
    /// A member whose header is whole and whose data lies within the file.
    Member(Member),
    /// A piece of a filler.
    Filler(Extent),
    /// Zeroes: space that nothing was written to, or the end.
    Hole(Extent),
    /// Neither of these, or a member whose data is not what it was.
    Torn {
        /// Where.
        extent: Extent,
        /// Why.
        damage: Damage,
    },
}

/// Which data is compared with its digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigestCheck {
    /// None: only headers are read.
    #[default]
    None,
    /// That of members that begin at this place or behind it.
    From(u64),
}

/// Finds everything in a segment, from its start to its end, in the order of places and without gaps.
/// It never fails for what the bytes are, and passes over damage to the next member that is whole.
#[derive(Debug)]
pub struct Scan<'a, S: ?Sized> {
    source: &'a S,
    source_len: u64,
    check: DigestCheck,
    segment: Option<SegmentId>,
    /// Everything before this has been found.
    position: u64,
    found: VecDeque<Found>,
    buffer: Vec<u8>,
}

impl<'a, S: ReadAt + ?Sized> Scan<'a, S> {
    /// Begins with the first byte.
    pub fn new(source: &'a S, check: DigestCheck) -> io::Result<Self> {
        Ok(Self {
            source_len: source.byte_count()?,
            source,
            check,
            segment: None,
            position: 0,
            found: VecDeque::new(),
            buffer: Vec::new(),
        })
    }

    /// Which segment this is, as far as that was found.
    pub fn segment(&self) -> Option<SegmentId> {
        self.segment
    }

    /// Where the next call goes on, in bytes from the start.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn step(&mut self) -> io::Result<()> {
        let mut block = [0; HEADER_BYTES];
        let read = read_up_to(self.source, &mut block, self.position)?;
        if read == BLOCK_BYTES
            && let Some(known) = self.known(&block, self.position)
        {
            return self.take(known);
        }
        self.pass_over_unknown()
    }

    /// What begins with this block.
    fn known(&self, block: &[u8; HEADER_BYTES], offset: u64) -> Option<Known> {
        if offset == 0 {
            return SegmentHead::decode(block).map(Known::Head);
        }
        Header::decode(block, self.segment, offset)
            .map(|header| Known::Member(Box::new(header)))
            .or_else(|| Piece::decode(block, self.segment, offset).map(Known::Piece))
    }

    fn take(&mut self, known: Known) -> io::Result<()> {
        let offset = self.position;
        let (end, found) = match known {
            Known::Head(head) => {
                self.segment = Some(head.segment);
                (HEADER_BYTES as u64, Found::Head(head))
            }
            Known::Piece(piece) => {
                self.segment = Some(piece.segment);
                let end = (offset + piece.length).min(self.source_len);
                let extent = Extent::between(offset, end);
                let damage = Damage::Filler;
                let found = if piece.is_whole(self.source)? {
                    Found::Filler(extent)
                } else {
                    Found::Torn { extent, damage }
                };
                (end, found)
            }
            Known::Member(header) => {
                self.segment = Some(header.segment);
                let end = header.end().min(self.source_len);
                let extent = Extent::between(offset, end);
                let found = match self.damage(&header)? {
                    Some(damage) => Found::Torn { extent, damage },
                    None => Found::Member(*header),
                };
                (end, found)
            }
        };
        self.position = end;
        self.found.push_back(found);
        Ok(())
    }

    /// What is wrong with the data of a member whose header is whole.
    fn damage(&mut self, header: &Header) -> io::Result<Option<Damage>> {
        if header.data_end() > self.source_len {
            return Ok(Some(Damage::Truncated));
        }
        let is_checked = match self.check {
            DigestCheck::None => false,
            DigestCheck::From(offset) => header.offset >= offset,
        };
        if is_checked && digest_of(self.source, header, &mut self.buffer)? != header.digest {
            return Ok(Some(Damage::Digest));
        }
        Ok(None)
    }

    /// Goes on to the next block that something begins with, and tells what is passed over: zeroes, or
    /// something else and the zeroes behind it.
    fn pass_over_unknown(&mut self) -> io::Result<()> {
        let begin = self.position;
        let mut torn: Option<(u64, u64)> = None;
        let end = loop {
            self.buffer.resize(READ_BYTES, 0);
            let mut buffer = std::mem::take(&mut self.buffer);
            let read = read_up_to(self.source, &mut buffer, self.position)?;
            let stop = self.look_through(&buffer[..read], &mut torn);
            self.buffer = buffer;
            if stop || self.position >= self.source_len || read == 0 {
                break self.position;
            }
        };
        let (torn_begin, torn_end) = torn.unwrap_or((end, end));
        self.tell(Extent::between(begin, torn_begin), None);
        let is_head = begin == 0 && torn_begin == 0;
        let damage = if is_head {
            Damage::Head
        } else {
            Damage::NoMember
        };
        self.tell(Extent::between(torn_begin, torn_end), Some(damage));
        self.tell(Extent::between(torn_end, end), None);
        Ok(())
    }

    /// Moves on block by block until something begins: then `true`. `torn`: from the first block that
    /// has something to the end of the last.
    fn look_through(&mut self, bytes: &[u8], torn: &mut Option<(u64, u64)>) -> bool {
        for block in bytes.chunks(BLOCK_BYTES) {
            if let Ok(whole) = <&[u8; BLOCK_BYTES]>::try_from(block)
                && self.known(whole, self.position).is_some()
            {
                return true;
            }
            let end = self.position + block.len() as u64;
            if block.iter().any(|&byte| byte != 0) {
                let begin = torn.map_or(self.position, |(begin, _)| begin);
                *torn = Some((begin, end));
            }
            self.position = end;
        }
        false
    }

    fn tell(&mut self, extent: Extent, damage: Option<Damage>) {
        if extent.length == 0 {
            return;
        }
        self.found.push_back(match damage {
            Some(damage) => Found::Torn { extent, damage },
            None => Found::Hole(extent),
        });
    }
}

/// What begins with a block.
enum Known {
    Head(SegmentHead),
    Member(Box<Header>),
    Piece(Piece),
}

impl<S: ReadAt + ?Sized> Iterator for Scan<'_, S> {
    type Item = io::Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.found.is_empty() && self.position < self.source_len {
            let before = self.position;
            if let Err(error) = self.step() {
                self.position = self.source_len;
                return Some(Err(error));
            }
            // A file that has become shorter meanwhile.
            if self.position == before {
                self.position = self.source_len;
            }
        }
        self.found.pop_front().map(Ok)
    }
}

/// The digest of a member's data as it is now; another one where the source ends before.
pub(super) fn digest_of(
    source: &(impl ReadAt + ?Sized),
    header: &Header,
    buffer: &mut Vec<u8>,
) -> io::Result<Digest> {
    buffer.resize(READ_BYTES, 0);
    let mut hasher = Hasher::new();
    let mut offset = header.data_offset();
    while offset < header.data_end() {
        let wanted = (header.data_end() - offset).min(READ_BYTES as u64);
        let wanted = usize::try_from(wanted).expect("bounded");
        let read = read_up_to(source, &mut buffer[..wanted], offset)?;
        hasher.update(&buffer[..read]);
        if read < wanted {
            break;
        }
        offset += read as u64;
    }
    Ok(hasher.finish())
}

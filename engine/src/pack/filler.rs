//! What tar passes over: the bytes behind an object up to the next block, and holes.

use std::io;

use super::header::{HEADER_BYTES, SegmentId};
use super::layout::{BLOCK_BYTES, TAR_BLOCK_BYTES, tail_bytes};
use super::source::{ReadAt, read_up_to};
use super::tar::{self, TypeFlag, ustar};
use super::text::{Text, lines};

/// The longest piece of a filler, in bytes: 512 KiB. A reader holds the whole of it in memory, and
/// libarchive refuses pax records from 1 MiB on.
pub const PIECE_BYTES_MAX: u64 = 512 << 10;

/// What is written at the front and at the end of each piece, in bytes.
const EDGE_BYTES: usize = 2 * TAR_BLOCK_BYTES;

const _: () = assert!(2 * EDGE_BYTES <= BLOCK_BYTES);

/// The kind of a filler, as its text names it.
const FILLER: &str = "filler";

/// What ends the record of a filler. The second record replaces the first, so that a reader that
/// keeps the records of all members (Python's does) keeps nothing.
const RECORD_END: &[u8] = b"\n12 comment=\n";

/// The bytes behind data of this length: zeroes up to the next block of tar, then as many empty pax
/// headers as lead to the next block of ours.
pub fn tail(data_len: u64) -> Vec<u8> {
    let length = tail_bytes(data_len);
    let headers = length / TAR_BLOCK_BYTES;
    let mut bytes = vec![0; length % TAR_BLOCK_BYTES];
    bytes.reserve_exact(length - bytes.len());
    let header = ustar(tar::FILLER_NAME, 0, 0, TypeFlag::Global);
    for _ in 0..headers {
        bytes.extend_from_slice(&header);
    }
    bytes
}

/// Bytes that are to be written at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where, in bytes from the start of the segment: a multiple of 512.
    pub offset: u64,
    /// What: 1024 bytes.
    pub bytes: [u8; EDGE_BYTES],
}

/// One piece of a filler: a pax header whose comment is whatever lies there, and the directory
/// `.pdvault/`, which the index brings anyway. What is between the two patches stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The segment.
    pub segment: SegmentId,
    /// Where it begins: a multiple of [`BLOCK_BYTES`].
    pub offset: u64,
    /// Its length in bytes: a multiple of [`BLOCK_BYTES`], [`PIECE_BYTES_MAX`] at most, not 0.
    pub length: u64,
}

impl Piece {
    /// What makes it a filler.
    pub fn patches(&self) -> [Patch; 2] {
        let end = self.offset + self.length;
        [
            Patch {
                offset: self.offset,
                bytes: self.front(),
            },
            Patch {
                offset: end - EDGE_BYTES as u64,
                bytes: back(),
            },
        ]
    }

    /// Reads the piece that begins with this block at `offset`; `None` if none does. `segment`: the
    /// segment that it must be of; unknown, any will do.
    pub fn decode(
        block: &[u8; HEADER_BYTES],
        segment: Option<SegmentId>,
        offset: u64,
    ) -> Option<Self> {
        block.strip_prefix(tar::FILLER_NAME.as_bytes())?;
        let record = &block[TAR_BLOCK_BYTES..];
        let equals = record.iter().take(20).position(|&byte| byte == b'=')?;
        let mut lines = lines(&record[equals + 1..], FILLER)?;
        let piece = Self {
            segment: lines.parse("segment")?,
            offset: lines.parse("at")?,
            length: lines.parse("length")?,
        };
        let is_whole = piece.length.is_multiple_of(BLOCK_BYTES as u64)
            && (BLOCK_BYTES as u64..=PIECE_BYTES_MAX).contains(&piece.length);
        let is_here = piece.offset == offset && segment.is_none_or(|id| id == piece.segment);
        (is_whole && is_here && block.starts_with(&piece.front())).then_some(piece)
    }

    /// Whether the end of the piece is in order, too, so that tar passes over it.
    pub(super) fn is_whole(&self, source: &(impl ReadAt + ?Sized)) -> io::Result<bool> {
        let [_, back] = self.patches();
        let mut bytes = [0; EDGE_BYTES];
        let read = read_up_to(source, &mut bytes, back.offset)?;
        // The record in front of the last bytes is whatever was there.
        let own = TAR_BLOCK_BYTES - RECORD_END.len();
        Ok(read == EDGE_BYTES && bytes[own..] == back.bytes[own..])
    }

    fn front(&self) -> [u8; EDGE_BYTES] {
        let mut bytes = [0; EDGE_BYTES];
        let records_len = self.length - EDGE_BYTES as u64;
        let first_len = usize::try_from(records_len).expect("bounded") - (RECORD_END.len() - 1);
        let header = ustar(tar::FILLER_NAME, records_len, 0, TypeFlag::Extended);
        bytes[..TAR_BLOCK_BYTES].copy_from_slice(&header);
        let front = tar::record_front(first_len, "comment");
        let text_at = TAR_BLOCK_BYTES + front.len();
        bytes[TAR_BLOCK_BYTES..text_at].copy_from_slice(front.as_bytes());
        let mut text = Text::new(FILLER);
        text.push("segment", self.segment.to_string().as_bytes());
        text.push("at", self.offset.to_string().as_bytes());
        text.push("length", self.length.to_string().as_bytes());
        let fits = text.seal(&mut bytes, text_at, EDGE_BYTES);
        assert!(fits, "three numbers are shorter than a block of tar");
        bytes
    }
}

fn back() -> [u8; EDGE_BYTES] {
    let mut bytes = [0; EDGE_BYTES];
    bytes[TAR_BLOCK_BYTES - RECORD_END.len()..TAR_BLOCK_BYTES].copy_from_slice(RECORD_END);
    let directory = ustar(tar::DIRECTORY_NAME, 0, 0, TypeFlag::Directory);
    bytes[TAR_BLOCK_BYTES..].copy_from_slice(&directory);
    bytes
}

/// The pieces that fill a hole. Offset and length are multiples of [`BLOCK_BYTES`].
pub fn pieces(segment: SegmentId, offset: u64, length: u64) -> impl Iterator<Item = Piece> {
    let block = BLOCK_BYTES as u64;
    debug_assert!(offset.is_multiple_of(block), "whole blocks");
    debug_assert!(length.is_multiple_of(block), "whole blocks");
    let count = length.div_ceil(PIECE_BYTES_MAX);
    (0..count).map(move |number| {
        let begin = number * PIECE_BYTES_MAX;
        Piece {
            segment,
            offset: offset + begin,
            length: (length - begin).min(PIECE_BYTES_MAX),
        }
    })
}

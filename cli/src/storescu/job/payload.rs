//! What the data set of an object is sent from.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pdvault_engine::sender::{FilePayload, Payload, PayloadError, Piece, Reach, StreamPayload};

use super::convert::{Converted, ConvertingReader};
use super::object::Object;
use super::pace::Pace;

/// How long a thread may sleep at a time to keep to a rate: as long as it does, it hears no answers.
const NAP: Duration = Duration::from_millis(100);

/// The most that a data set gets of a rate at a time, in bytes.
const SLICE_BYTES_MAX: u64 = 1 << 20;

/// What makes an odd length even, of whatever source: in a message every fragment is even (PS3.8 annex
/// E.1), and peers abort over any other. A deflated data set in a file may have one (PS3.5 A.5).
const PADDING: &[u8] = &[0];

enum Source {
    File(FilePayload),
    Memory(Vec<u8>),
    Stream(StreamPayload<Box<ConvertingReader>>),
}

/// A data set, on its way no faster than the rate allows.
pub(super) struct ObjectPayload {
    source: Source,
    pace: Option<Arc<Pace>>,
    /// How far the source has bytes ready.
    ready: u64,
    /// How far the rate lets it go.
    end: u64,
}

impl ObjectPayload {
    /// The data set as it lies in its file.
    pub(super) fn of_file(object: &Object, pace: Option<Arc<Pace>>) -> Self {
        let file = FilePayload::new(Arc::clone(&object.file), object.offset, object.bytes);
        Self::new(Source::File(file), pace)
    }

    /// A converted data set.
    pub(super) fn of_converted(converted: Converted, pace: Option<Arc<Pace>>) -> Self {
        let source = match converted {
            Converted::Whole(bytes) => Source::Memory(bytes),
            Converted::Stream(reader) => Source::Stream(StreamPayload::new(reader)),
        };
        Self::new(source, pace)
    }

    fn new(source: Source, pace: Option<Arc<Pace>>) -> Self {
        Self {
            source,
            pace,
            ready: 0,
            end: 0,
        }
    }
}

impl Payload for ObjectPayload {
    fn prepare(&mut self, offset: u64) -> Result<Reach, PayloadError> {
        let mut whole = match &mut self.source {
            Source::File(file) => file.prepare(offset)?,
            Source::Memory(bytes) => Reach {
                end: bytes.len() as u64,
                is_last: true,
            },
            Source::Stream(stream) => stream.prepare(offset)?,
        };
        self.ready = whole.end;
        if whole.is_last {
            whole.end = whole.end.next_multiple_of(2);
        }
        let reach = match &self.pace {
            None => whole,
            Some(pace) => slice(pace, offset, whole),
        };
        self.end = reach.end;
        Ok(reach)
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        let room = self.end.saturating_sub(offset);
        if offset >= self.ready {
            return cut(Piece::Memory(PADDING), room);
        }
        let piece = match &self.source {
            Source::File(file) => file.piece(offset),
            Source::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                Piece::Memory(bytes.get(start..).unwrap_or_default())
            }
            Source::Stream(stream) => stream.piece(offset),
        };
        cut(piece, room)
    }
}

/// Waits for its turn, and then lets out what the rate has room for in a [`NAP`]: an even number of
/// bytes, because fragments have even lengths (PS3.8 annex E.1).
fn slice(pace: &Pace, offset: u64, whole: Reach) -> Reach {
    let room = pace
        .units_within(NAP)
        .min(SLICE_BYTES_MAX)
        .next_multiple_of(2);
    let end = whole.end.min(offset + room);
    let wait = pace.reserve(end - offset, Instant::now());
    if !wait.is_zero() {
        thread::sleep(wait);
    }
    Reach {
        end,
        is_last: whole.is_last && end == whole.end,
    }
}

/// At most so many bytes of a piece.
fn cut(piece: Piece<'_>, room: u64) -> Piece<'_> {
    match piece {
        Piece::Memory(bytes) => {
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            Piece::Memory(&bytes[..bytes.len().min(room)])
        }
        Piece::File {
            file,
            position,
            len,
        } => Piece::File {
            file,
            position,
            len: len.min(room),
        },
    }
}

//! Writes a segment from its first byte to its seal.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::digest::{Digest, Hasher};
use super::filler::{pieces, tail};
use super::header::{
    Content, EncodeError, HEADER_BYTES, Header, INDEX_NAME, ObjectMeta, SegmentHead, SegmentId,
};
use super::index::{IndexBuilder, IndexError};
use super::layout::{BLOCK_BYTES, END_BYTES};
use super::scan::Extent;

/// How much of streamed data is in memory, in bytes.
const COPY_BYTES: usize = 256 << 10;

/// What became of a segment when it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its length in bytes. What lies behind is to be cut off.
    pub segment_len: u64,
    /// The index: what belongs into the file beside it.
    pub index: Vec<u8>,
}

/// An error about content, as one of input and output.
fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// Writes a segment, one member after the other.
#[derive(Debug)]
pub struct SegmentWriter<W> {
    target: W,
    index: IndexBuilder,
    /// Where the next member begins.
    end: u64,
}

impl<W: Write + Seek> SegmentWriter<W> {
    /// Begins a new segment at the start of `target`.
    ///
    /// # Errors
    /// Those of `target`.
    pub fn new(mut target: W, head: SegmentHead) -> io::Result<Self> {
        target.seek(SeekFrom::Start(0))?;
        target.write_all(&head.encode())?;
        Ok(Self::resume(
            target,
            IndexBuilder::new(head.segment),
            HEADER_BYTES as u64,
        ))
    }

    /// Goes on with a segment of which everything before `end` is in order and indexed.
    pub(super) fn resume(target: W, index: IndexBuilder, end: u64) -> Self {
        Self { target, index, end }
    }

    /// Where the next member will begin, in bytes from the start.
    pub fn position(&self) -> u64 {
        self.end
    }

    /// Appends an object. Returns its header.
    ///
    /// # Errors
    /// Those of the target; of the kind `InvalidInput`, with an [`EncodeError`], for a name or UID that
    /// can't be.
    pub fn append(&mut self, name: &str, meta: ObjectMeta, data: &[u8]) -> io::Result<Header> {
        let content = Content::Object(Box::new(meta));
        self.append_content(name, content, data)
    }

    /// Appends an object whose length is not known before its end: its header is written last.
    ///
    /// # Errors
    /// As with [`SegmentWriter::append`], and those of `data`. What was written then is no member: the
    /// next one takes its place.
    pub fn append_from(
        &mut self,
        name: &str,
        meta: ObjectMeta,
        data: &mut impl Read,
    ) -> io::Result<Header> {
        self.target
            .seek(SeekFrom::Start(self.end + HEADER_BYTES as u64))?;
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; COPY_BYTES];
        let mut data_len = 0;
        loop {
            let read = match data.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..read]);
            self.target.write_all(&buffer[..read])?;
            data_len += read as u64;
        }
        self.target.write_all(&tail(data_len))?;
        let content = Content::Object(Box::new(meta));
        let header = self.header(name, content, data_len, hasher.finish());
        self.target.seek(SeekFrom::Start(self.end))?;
        self.target.write_all(&header.encode().map_err(invalid)?)?;
        self.note(header)
    }

    /// Leaves so many bytes as they are, as an object does that is never completed: a multiple of
    /// [`BLOCK_BYTES`].
    pub fn leave_hole(&mut self, length: u64) {
        debug_assert!(length.is_multiple_of(BLOCK_BYTES as u64), "whole blocks");
        self.end += length;
    }

    /// Writes the head anew where it was lost. When the segment was made is not known any more.
    pub(super) fn write_head(&mut self) -> io::Result<()> {
        let head = SegmentHead {
            segment: self.index.segment(),
            created_ns: 0,
        };
        self.target.seek(SeekFrom::Start(0))?;
        self.target.write_all(&head.encode())
    }

    /// Fills a hole so that tar passes over it.
    pub fn fill(&mut self, hole: Extent) -> io::Result<()> {
        for piece in pieces(self.index.segment(), hole.offset, hole.length) {
            for patch in piece.patches() {
                self.target.seek(SeekFrom::Start(patch.offset))?;
                self.target.write_all(&patch.bytes)?;
            }
        }
        Ok(())
    }

    /// Ends the segment without sealing it. Returns the target.
    pub fn into_inner(self) -> W {
        self.target
    }

    /// Appends the index and the end of the archive. Returns the target, too.
    ///
    /// # Errors
    /// Those of the target; of the kind `InvalidInput`, with an [`IndexError`], for more objects than an
    /// index holds.
    pub fn seal(mut self) -> io::Result<(Sealed, W)> {
        let empty = IndexBuilder::new(self.index.segment());
        let index = std::mem::replace(&mut self.index, empty);
        let index = index.finish(self.end).map_err(invalid)?;
        self.append_content(INDEX_NAME, Content::Index, &index)?;
        self.target.seek(SeekFrom::Start(self.end))?;
        self.target.write_all(&[0; END_BYTES])?;
        self.target.flush()?;
        let segment_len = self.end + END_BYTES as u64;
        Ok((Sealed { segment_len, index }, self.target))
    }

    fn append_content(&mut self, name: &str, content: Content, data: &[u8]) -> io::Result<Header> {
        let header = self.header(name, content, data.len() as u64, Digest::of(data));
        let block = header
            .encode()
            .map_err(|error: EncodeError| invalid(error))?;
        self.target.seek(SeekFrom::Start(self.end))?;
        self.target.write_all(&block)?;
        self.target.write_all(data)?;
        self.target.write_all(&tail(header.data_len))?;
        self.note(header)
    }

    fn header(&self, name: &str, content: Content, data_len: u64, digest: Digest) -> Header {
        Header {
            segment: self.index.segment(),
            offset: self.end,
            name: name.to_owned(),
            data_len,
            digest,
            content,
        }
    }

    fn note(&mut self, header: Header) -> io::Result<Header> {
        self.index
            .push(&header)
            .map_err(|error: IndexError| invalid(error))?;
        self.end = header.end();
        Ok(header)
    }

    /// The segment that is written.
    pub fn segment(&self) -> SegmentId {
        self.index.segment()
    }
}

//! Segments, and directories of them, to read.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::damage::Damage;
use super::digest::Hasher;
use super::header::{HEADER_BYTES, Header, SegmentHead};
use super::index::{Entry, Index, IndexError, Key, length_before};
use super::layout::END_BYTES;
use super::scan::{DigestCheck, Found, Member, READ_BYTES, Scan};
use super::source::{ReadAt, read_exactly, read_up_to};

/// How the name of a segment ends.
pub const SEGMENT_EXTENSION: &str = "tar";

/// How the name of the index beside it ends.
pub const INDEX_EXTENSION: &str = "idx";

/// Why a segment cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system's.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's word on it.
        source: io::Error,
    },
    /// Something else.
    #[error(
        "{} is no segment, or its head is damaged; `pdvault pack verify` looks further",
        path.display()
    )]
    NoSegment {
        /// The file.
        path: PathBuf,
    },
    /// A directory without any.
    #[error("no segments (*.{SEGMENT_EXTENSION}) in {}", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

impl OpenError {
    fn of(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// The path of the index beside a segment.
pub fn index_path(segment: &Path) -> PathBuf {
    segment.with_extension(INDEX_EXTENSION)
}

/// A segment, to read.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    length: u64,
    index: Option<Index<File>>,
    index_problem: Option<io::Error>,
}

impl Segment {
    /// Opens a segment, with the index beside it or within it if there is one that fits.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let segment = Self::open_damaged(path)?;
        let head = segment.head().map_err(OpenError::of(path))?;
        if head.is_none() {
            let path = path.to_owned();
            return Err(OpenError::NoSegment { path });
        }
        Ok(segment)
    }

    /// Opens what may be a segment with a damaged head.
    ///
    /// # Errors
    /// The system's.
    pub fn open_damaged(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(OpenError::of(path))?;
        let length = file.byte_count().map_err(OpenError::of(path))?;
        let mut segment = Self {
            path: path.to_owned(),
            file,
            length,
            index: None,
            index_problem: None,
        };
        match segment.find_index() {
            Ok(index) => segment.index = index,
            Err(problem) => segment.do_without_sidecar(problem),
        }
        Ok(segment)
    }

    /// Reads all of the index, and does without it if it is damaged: opening looks at its head only, and
    /// what is damaged behind it may not be found by a look-up.
    ///
    /// # Errors
    /// The system's.
    pub fn check_index(&mut self) -> io::Result<()> {
        while let Some(index) = &self.index {
            match index.check_digest() {
                Ok(()) => return Ok(()),
                Err(problem) if problem.kind() != io::ErrorKind::InvalidData => {
                    return Err(problem);
                }
                // The one within may be as bad.
                Err(problem) if self.index_problem.is_some() => {
                    self.index = None;
                    self.index_problem = Some(problem);
                }
                Err(problem) => self.do_without_sidecar(problem),
            }
        }
        Ok(())
    }

    /// Takes the index within the segment, if that is in order.
    fn do_without_sidecar(&mut self, problem: io::Error) {
        self.index = self.index_within().ok().flatten();
        self.index_problem = Some(problem);
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Its length in bytes, when it was opened.
    pub fn byte_count(&self) -> u64 {
        self.length
    }

    /// The first block; `None` if it is damaged.
    pub fn head(&self) -> io::Result<Option<SegmentHead>> {
        let mut block = [0; HEADER_BYTES];
        let read = read_up_to(&self.file, &mut block, 0)?;
        Ok((read == HEADER_BYTES)
            .then(|| SegmentHead::decode(&block))
            .flatten())
    }

    /// The index that it was opened with, if any. Without one, everything is found by reading headers.
    pub fn index(&self) -> Option<&Index<File>> {
        self.index.as_ref()
    }

    /// Why the index beside the segment is not used although it is there, or none at all.
    pub fn index_problem(&self) -> Option<&io::Error> {
        self.index_problem.as_ref()
    }

    /// Everything in it, in the order of places.
    pub fn scan(&self, check: DigestCheck) -> io::Result<Scan<'_, File>> {
        Scan::new(&self.file, check)
    }

    /// The objects whose headers are whole, in the order of places.
    pub fn members(&self) -> io::Result<impl Iterator<Item = io::Result<Member>> + '_> {
        let found = self.scan(DigestCheck::None)?;
        Ok(found.filter_map(|found| match found {
            Ok(Found::Member(member)) if member.object().is_some() => Some(Ok(member)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    /// The object whose header lies at this place.
    ///
    /// # Errors
    /// The system's; of the kind `InvalidData`, with a [`Damage`], if none does.
    pub fn member_at(&self, offset: u64) -> io::Result<Member> {
        let mut block = [0; HEADER_BYTES];
        read_exactly(&self.file, &mut block, offset)?;
        Header::decode(&block, None, offset).ok_or_else(|| damaged(Damage::NoMember))
    }

    /// The objects with this key, in the order of places; by the index where there is one.
    ///
    /// # Errors
    /// The system's; of the kind `InvalidData` for damage that was met.
    pub fn look_up(&self, key: Key<'_>) -> io::Result<Vec<Member>> {
        match &self.index {
            Some(index) => {
                let entries = index.look_up(key)?;
                entries.iter().map(|entry| self.member_of(entry)).collect()
            }
            None => self
                .members()?
                .filter(|member| member.as_ref().map_or(true, |member| has_key(member, key)))
                .collect(),
        }
    }

    fn member_of(&self, entry: &Entry) -> io::Result<Member> {
        let member = self.member_at(entry.offset)?;
        let is_same = member.name == entry.name && member.data_len == entry.data_len;
        is_same
            .then_some(member)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, IndexError::Stale))
    }

    /// Copies the data of a member, a part at a time through `buffer`, and compares it with its digest.
    ///
    /// # Errors
    /// The system's; of the kind `InvalidData`, with a [`Damage`], if the data is not what it was:
    /// nothing has been written then of data up to 1 MiB, all of it otherwise.
    pub fn copy_data(
        &self,
        member: &Member,
        buffer: &mut Vec<u8>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        buffer.resize(READ_BYTES, 0);
        let mut hasher = Hasher::new();
        let mut offset = member.data_offset();
        loop {
            let left = member.data_end() - offset;
            let wanted = usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES));
            let piece = &mut buffer[..wanted];
            read_exactly(&self.file, piece, offset).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => damaged(Damage::Truncated),
                _ => error,
            })?;
            hasher.update(piece);
            offset += wanted as u64;
            let is_last = offset == member.data_end();
            if is_last && hasher.finish() != member.digest {
                return Err(damaged(Damage::Digest));
            }
            out.write_all(piece)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// The index beside the segment, else that within it.
    fn find_index(&self) -> io::Result<Option<Index<File>>> {
        let beside = match File::open(index_path(&self.path)) {
            Ok(file) => {
                let length = file.byte_count()?;
                Index::open(file, 0, length)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.index_within(),
            Err(error) => return Err(error),
        };
        self.fits(&beside)?;
        Ok(Some(beside))
    }

    fn index_within(&self) -> io::Result<Option<Index<File>>> {
        let Some(end) = self.length.checked_sub(END_BYTES as u64) else {
            return Ok(None);
        };
        let Some(length) = length_before(&self.file, end)? else {
            return Ok(None);
        };
        let index = Index::open(self.file.try_clone()?, end - length, length)?;
        self.fits(&index)?;
        Ok(Some(index))
    }

    /// Whether the index is of this segment as it is now.
    fn fits(&self, index: &Index<File>) -> io::Result<()> {
        let is_same = self
            .head()?
            .is_none_or(|head| head.segment == index.segment());
        if !is_same || index.segment_len() != self.length {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                IndexError::Stale,
            ));
        }
        Ok(())
    }
}

fn has_key(member: &Member, key: Key<'_>) -> bool {
    let Some(meta) = member.object() else {
        return false;
    };
    match key {
        Key::SopInstance(uid) => meta.sop_instance == *uid,
        Key::Series(uid) => meta.series.as_ref() == Some(uid),
        Key::Study(uid) => meta.study.as_ref() == Some(uid),
    }
}

fn damaged(damage: Damage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, damage)
}

/// The segments of a directory, in the order of their names, or some that were named one by one.
#[derive(Debug, Default)]
pub struct Pack {
    /// The segments.
    pub segments: Vec<Segment>,
}

impl Pack {
    /// Opens a segment, or all segments of a directory; other files in it are passed over.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut segments = Vec::new();
        for path in segment_paths(path)? {
            segments.push(Segment::open(&path)?);
        }
        Ok(Self { segments })
    }

    /// The objects with this key in all segments, each with the number of its segment.
    ///
    /// # Errors
    /// As with [`Segment::look_up`].
    pub fn look_up(&self, key: Key<'_>) -> io::Result<Vec<(usize, Member)>> {
        let mut found = Vec::new();
        for (number, segment) in self.segments.iter().enumerate() {
            let members = segment.look_up(key)?;
            found.extend(members.into_iter().map(|member| (number, member)));
        }
        Ok(found)
    }
}

/// The files that [`Pack::open`] opens: the path itself if it is no directory, else what is named like a
/// segment in it.
///
/// # Errors
/// The directory can't be read, or has none.
pub fn segment_paths(path: &Path) -> Result<Vec<PathBuf>, OpenError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(path).map_err(OpenError::of(path))? {
        let found = entry.map_err(OpenError::of(path))?.path();
        if found
            .extension()
            .is_some_and(|end| end == SEGMENT_EXTENSION)
        {
            paths.push(found);
        }
    }
    paths.sort();
    if paths.is_empty() {
        let path = path.to_owned();
        return Err(OpenError::Empty { path });
    }
    Ok(paths)
}

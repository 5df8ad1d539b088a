//! Whether all is well with a segment.

use std::fs;
use std::io;

use super::damage::Damage;
use super::filler::tail;
use super::header::{Content, HEADER_BYTES, Header, SegmentId};
use super::index::{IndexBuilder, IndexError};
use super::layout::END_BYTES;
use super::open::{Segment, index_path};
use super::scan::{DigestCheck, Extent, Found, Member, Scan};
use super::source::{ReadAt, read_up_to};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, in bytes from the start of the segment.
    pub extent: Extent,
    /// What.
    pub damage: Damage,
    /// The member that it is about, if its header can be read.
    pub member: Option<Box<Member>>,
}

/// What was found in a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Objects that are whole.
    pub objects: u64,
    /// Their data, in bytes.
    pub data_bytes: u64,
    /// What is wrong, in the order of places; what is beside the segment last.
    pub findings: Vec<Finding>,
}

/// Reads all of a segment and says what is wrong with it. `progress` is told the place reached, in
/// bytes. Memory: twice that of the index.
///
/// What lies within fillers is not looked at: nothing there has a meaning.
///
/// # Errors
/// The system's.
pub fn verify(segment: &Segment, progress: impl FnMut(u64)) -> io::Result<Verified> {
    let (mut verified, index) = inspect(segment.file(), progress)?;
    if is_other_sidecar(segment, &index)? {
        verified.findings.push(Finding {
            extent: Extent::between(0, 0),
            damage: Damage::Sidecar,
            member: None,
        });
    }
    Ok(verified)
}

/// Reads all of a segment. Returns what the index beside it has to be, too: none fits one that is not
/// sealed.
pub(super) fn inspect<S: ReadAt + ?Sized>(
    source: &S,
    mut progress: impl FnMut(u64),
) -> io::Result<(Verified, Vec<u8>)> {
    let mut inspection = Inspection::new(source);
    let mut scan = Scan::new(source, DigestCheck::From(0))?;
    while let Some(found) = scan.next() {
        inspection.take(found?, scan.segment())?;
        progress(scan.position());
    }
    inspection.finish(scan.position())
}

/// Whether there is an index beside the segment, and it is not this one.
fn is_other_sidecar(segment: &Segment, index: &[u8]) -> io::Result<bool> {
    match fs::read(index_path(segment.path())) {
        Ok(bytes) => Ok(bytes != index),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What was seen so far.
struct Inspection<'a, S: ?Sized> {
    source: &'a S,
    verified: Verified,
    index: Option<IndexBuilder>,
    /// The index within the segment, by its place and what it has to be.
    sealed: Option<(Member, Vec<u8>)>,
    /// Zeroes that something may still follow.
    hole: Option<Extent>,
}

impl<'a, S: ReadAt + ?Sized> Inspection<'a, S> {
    fn new(source: &'a S) -> Self {
        Self {
            source,
            verified: Verified::default(),
            index: None,
            sealed: None,
            hole: None,
        }
    }

    fn take(&mut self, found: Found, segment: Option<SegmentId>) -> io::Result<()> {
        if self.index.is_none() {
            self.index = segment.map(IndexBuilder::new);
        }
        if let Some(hole) = self.hole.take() {
            let damage = if self.sealed.is_some() {
                Damage::End
            } else {
                Damage::Hole
            };
            self.note(hole, damage, None);
        }
        match found {
            Found::Head(_) | Found::Filler(_) => {}
            Found::Hole(extent) => self.hole = Some(extent),
            Found::Torn { extent, damage } => {
                let member = self.member_at(extent.offset)?;
                self.note(extent, damage, member);
            }
            Found::Member(member) => self.take_member(member)?,
        }
        Ok(())
    }

    fn take_member(&mut self, member: Member) -> io::Result<()> {
        let tail = tail(member.data_len);
        let mut bytes = vec![0; tail.len()];
        let read = read_up_to(self.source, &mut bytes, member.data_end())?;
        if bytes != tail || read < tail.len() {
            let extent = Extent::between(member.data_end(), member.end());
            self.note(extent, Damage::Padding, Some(Box::new(member.clone())));
        }
        let Some(index) = &mut self.index else {
            return Ok(());
        };
        if member.content == Content::Index {
            let expected = index.clone().finish(member.offset);
            self.sealed = Some((member, expected.map_err(too_large)?));
            return Ok(());
        }
        index.push(&member).map_err(too_large)?;
        self.verified.objects += 1;
        self.verified.data_bytes += member.data_len;
        Ok(())
    }

    /// `end`: where the file ends. Returns what the index beside the segment has to be, too: none
    /// fits one that is not sealed.
    fn finish(mut self, end: u64) -> io::Result<(Verified, Vec<u8>)> {
        let Some((member, expected)) = self.sealed.take() else {
            self.note(Extent::between(end, end), Damage::Unsealed, None);
            return Ok((self.verified, Vec::new()));
        };
        let end_block = Extent {
            offset: member.end(),
            length: END_BYTES as u64,
        };
        if self.hole != Some(end_block) {
            let extent = Extent::between(member.end().min(end), end);
            self.note(extent, Damage::End, None);
        }
        let mut bytes = vec![0; expected.len()];
        let read = read_up_to(self.source, &mut bytes, member.data_offset())?;
        if member.data_len != expected.len() as u64 || read < bytes.len() || bytes != expected {
            let extent = Extent::between(member.offset, member.end());
            self.note(extent, Damage::Index, Some(Box::new(member)));
        }
        Ok((self.verified, expected))
    }

    fn member_at(&self, offset: u64) -> io::Result<Option<Box<Member>>> {
        let mut block = [0; HEADER_BYTES];
        let read = read_up_to(self.source, &mut block, offset)?;
        let header = Header::decode(&block, None, offset).filter(|_| read == block.len());
        Ok(header.map(Box::new))
    }

    fn note(&mut self, extent: Extent, damage: Damage, member: Option<Box<Member>>) {
        self.verified.findings.push(Finding {
            extent,
            damage,
            member,
        });
    }
}

fn too_large(error: IndexError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

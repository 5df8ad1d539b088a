//! Puts a segment right that was not sealed, or was damaged.

use std::io::{self, Seek, Write};

use super::damage::Damage;
use super::header::{Content, HEADER_BYTES, SegmentId};
use super::index::{IndexBuilder, IndexError};
use super::scan::{DigestCheck, Extent, Found, Scan};
use super::source::ReadAt;
use super::writer::{Sealed, SegmentWriter};

/// What is in a segment, and what has to be done about it.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The objects that are whole.
    pub index: IndexBuilder,
    /// Space in front of the last of them that is to be filled, in the order of places.
    pub lost: Vec<(Extent, Damage)>,
    /// Where the next member may begin: behind the last thing that is in order.
    pub end: u64,
    /// Something behind the last member that is not zero: cut off, or overwritten.
    pub torn_tail: Option<Extent>,
    /// Whether an index was found behind the objects.
    pub is_sealed: bool,
}

/// Reads a segment. Memory: that of its index.
///
/// `check` says what data is read besides headers. An object that was acknowledged was made durable
/// together with its header; so after a crash only what came behind the last acknowledged object needs
/// to be compared with its digest, and comparing more finds damage of other kinds.
///
/// # Errors
/// The system's; of the kind `InvalidData` if no part of it is a segment, or it holds more than an
/// index does.
pub fn recover<S: ReadAt + ?Sized>(source: &S, check: DigestCheck) -> io::Result<Recovery> {
    let mut scan = Scan::new(source, check)?;
    let mut survey = Survey::default();
    while let Some(found) = scan.next() {
        let found = found?;
        let Some(segment) = scan.segment() else {
            survey.head_is_lost(&found);
            continue;
        };
        survey.take(found, segment).map_err(invalid)?;
    }
    let no_segment = || io::Error::new(io::ErrorKind::InvalidData, Damage::Head);
    survey.finish().ok_or_else(no_segment)
}

fn invalid(error: IndexError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[derive(Default)]
struct Survey {
    index: Option<IndexBuilder>,
    lost: Vec<(Extent, Damage)>,
    /// Not yet known to be in front of a member.
    pending: Vec<(Extent, Damage)>,
    end: u64,
    is_sealed: bool,
}

impl Survey {
    /// A head that can't be read: what comes before the first member is lost.
    fn head_is_lost(&mut self, found: &Found) {
        match *found {
            Found::Torn { extent, damage } => self.pending.push((extent, damage)),
            Found::Hole(extent) => self.pending.push((extent, Damage::Hole)),
            Found::Head(_) | Found::Member(_) | Found::Filler(_) => {}
        }
    }

    fn take(&mut self, found: Found, segment: SegmentId) -> Result<(), IndexError> {
        let index = self.index.get_or_insert_with(|| IndexBuilder::new(segment));
        let end = match found {
            Found::Head(_) => HEADER_BYTES as u64,
            Found::Filler(extent) => extent.end(),
            Found::Member(member) if member.content == Content::Index => {
                // Written anew by the next seal.
                self.is_sealed = true;
                return Ok(());
            }
            Found::Member(member) => {
                index.push(&member)?;
                member.end()
            }
            Found::Hole(extent) => {
                self.pending.push((extent, Damage::Hole));
                return Ok(());
            }
            Found::Torn { extent, damage } => {
                self.pending.push((extent, damage));
                return Ok(());
            }
        };
        self.lost.append(&mut self.pending);
        self.end = end;
        Ok(())
    }

    fn finish(self) -> Option<Recovery> {
        let torn = self
            .pending
            .iter()
            .filter(|(_, damage)| *damage != Damage::Hole);
        let torn_tail = torn
            .map(|(extent, _)| *extent)
            .reduce(|first, last| Extent::between(first.offset, last.end()));
        Some(Recovery {
            index: self.index?,
            lost: self.lost,
            end: self.end,
            torn_tail,
            is_sealed: self.is_sealed,
        })
    }
}

impl Recovery {
    /// Makes fillers of what is lost, so that tar reads over it. Returns a writer that appends behind
    /// the last member, or seals.
    ///
    /// The head of the segment is written anew if it is lost.
    pub fn repair<W: Write + Seek>(self, target: W) -> io::Result<SegmentWriter<W>> {
        let mut writer = SegmentWriter::resume(target, self.index, self.end);
        for (extent, damage) in self.lost {
            let extent = if damage == Damage::Head {
                writer.write_head()?;
                Extent::between(HEADER_BYTES as u64, extent.end())
            } else {
                extent
            };
            writer.fill(extent)?;
        }
        Ok(writer)
    }

    /// [`Recovery::repair`], and seals the segment. The target is to be cut to
    /// [`Sealed::segment_len`].
    pub fn seal<W: Write + Seek>(self, target: W) -> io::Result<(Sealed, W)> {
        self.repair(target)?.seal()
    }
}

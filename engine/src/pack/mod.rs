//! Many objects in one file: segments, which are pax archives that any `tar` reads, and the indexes
//! beside them. `docs/pack.md` describes the format so that another program can be written from it.
//!
//! - [`header`] and [`filler`]: what stands between the data of objects, as bytes.
//! - [`SegmentWriter`]: a segment from its first byte to its seal, over any writer.
//! - [`Scan`]: what is in a segment, whatever has become of it. [`Recovery`] puts it right.
//! - [`Index`]: objects by SOP instance, series and study UID, without reading the segment.
//! - [`Segment`], [`Pack`]: a segment, or a directory of them, to read; [`verify()`]: whether all is well.
//!
//! Nothing here knows sockets or threads. All memory is bounded by the index of one segment.

#![forbid(unsafe_code)]

mod damage;
mod digest;
pub mod filler;
pub mod header;
mod index;
pub mod layout;
mod open;
mod recovery;
mod scan;
mod source;
mod tar;
#[cfg(test)]
mod tests;
mod text;
mod verify;
mod writer;

pub use damage::Damage;
pub use digest::{DIGEST_BYTES, Digest, Hasher};
pub use header::{Content, EncodeError, HEADER_BYTES, Header, ObjectMeta, SegmentHead, SegmentId};
pub use index::{Entry, Index, IndexBuilder, IndexError, Key};
pub use layout::BLOCK_BYTES;
pub use open::{
    INDEX_EXTENSION, OpenError, Pack, SEGMENT_EXTENSION, Segment, index_path, segment_paths,
};
pub use recovery::{Recovery, recover};
pub use scan::{DigestCheck, Extent, Found, Member, Scan};
pub use source::ReadAt;
pub use verify::{Finding, Verified, verify};
pub use writer::{Sealed, SegmentWriter};

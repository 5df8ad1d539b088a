//! Data sets as they lie in files and cross the wire (PS3.5, PS3.10): what a file begins with, who
//! a data set is, and how it is written in another encoding. Bytes come in pieces of any size and
//! leave the same way; nothing here reads or writes files.
//!
//! - [`file_meta`]: the file meta information that we write, and read back from our own files.
//! - [`FileHead`] and [`FileScan`]: what a sender has to know of somebody else's file.
//! - [`HeadScan`]: the UIDs in the first groups of a data set.
//! - [`Rewriter`]: the same data set in another encoding, or with other values.
//!
//! All of them stand on one parser, which keeps a stack of open sequences and the header of the
//! element that it is in, but never a value.

#![forbid(unsafe_code)]

mod encoding;
mod error;
pub mod file_meta;
mod file_scan;
mod front;
mod head;
mod inflate;
mod parser;
mod rewrite;
mod sniff;
mod tag;
#[cfg(test)]
mod tests;
mod vr;

pub use encoding::Encoding;
pub use error::{DataSetError, What};
pub use file_meta::{FILE_META_BYTES_MAX, FileMeta, ParsedMeta};
pub use file_scan::{FileError, FileHead, FileScan};
pub use front::{META_BYTES_MAX, MetaHead, ReadMode};
pub use head::{Head, HeadScan};
pub use parser::DEPTH_MAX;
pub use rewrite::{RewriteOptions, Rewriter, Summary};
pub use sniff::{Sniffed, sniff};
pub use tag::Tag;

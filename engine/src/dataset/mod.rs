//! DICOM files: the file meta information in front of a data set (PS3.10 7.1).

#![forbid(unsafe_code)]

pub mod file_meta;

pub use file_meta::{FILE_META_BYTES_MAX, FileMeta, ParsedMeta};

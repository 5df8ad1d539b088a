//! A file that is to be sent: what it is, and that all of it is there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use pdvault_engine::dataset::{Encoding, FileError, FileHead, FileScan, ReadMode, Sniffed, sniff};
use pdvault_engine::value::{UID_BYTES_MAX, Uid};
use rustix::fs::{Mode, OFlags};

use super::journal::FileVersion;

/// How much of a file is read at a time while its elements are looked at. All in front of the pixel
/// data of most objects fits into the first read; values that are larger are passed over.
const READ_BYTES: usize = 16 * 1024;

/// How much of a file tells what kind of file it is.
const PREFIX_BYTES: usize = 132;

/// The group of SOP Class UID (0008,0016).
const SOP_CLASS_GROUP: u16 = 0x0008;

/// A file whose elements have been looked at from its first to its last.
#[derive(Debug)]
pub(super) struct Object {
    /// The file.
    pub(super) file: Arc<File>,
    /// Which version of it that is.
    pub(super) version: FileVersion,
    /// Where the data set begins, in bytes from the start of the file.
    pub(super) offset: u64,
    /// The length of the data set as it lies in the file, in bytes.
    pub(super) bytes: u64,
    /// How it is encoded.
    pub(super) transfer_syntax: Uid,
    /// Its SOP class, from the data set.
    pub(super) sop_class: Uid,
    /// Its SOP instance, from the data set.
    pub(super) sop_instance: Uid,
}

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum ObjectError {
    /// It cannot be read.
    #[error("{}", strip_number(.0))]
    Io(#[from] io::Error),
    /// It is damaged, or no DICOM.
    #[error(transparent)]
    Bad(#[from] FileError),
    /// It does not say what it is.
    #[error("no SOP Class or Instance UID")]
    NoUids,
}

/// The system's words without the number of the error, which Rust adds.
fn strip_number(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl Object {
    /// Opens a file and looks at its elements.
    pub(super) fn open(path: &Path, mode: ReadMode) -> Result<Self, ObjectError> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        let head = scan(&file, metadata.len(), mode).map_err(|error| judge(error, &file))?;
        let sop_class = usable(head.data_set.sop_class)?;
        let sop_instance = usable(head.data_set.sop_instance)?;
        Ok(Self {
            file: Arc::new(file),
            version: FileVersion::new(path, &metadata),
            offset: head.data_set_offset,
            bytes: metadata.len().saturating_sub(head.data_set_offset),
            transfer_syntax: head.transfer_syntax,
            sop_class,
            sop_instance,
        })
    }
}

/// Opens a file to read, without waiting for somebody to write into it if it is a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// The UID, if it can stand in a command.
fn usable(uid: Option<Uid>) -> Result<Uid, ObjectError> {
    uid.filter(|uid| !uid.is_empty() && uid.wire_len() <= UID_BYTES_MAX)
        .ok_or(ObjectError::NoUids)
}

/// What is wrong with a file: whatever looks like damage, if this was a data set once.
fn judge(error: ObjectError, file: &File) -> ObjectError {
    match error {
        ObjectError::Bad(FileError::DataSet(_)) if is_something_else(file) => {
            FileError::NoDataSet.into()
        }
        error => error,
    }
}

/// Whether a file has no file meta information, and does not begin as a data set does that tells its
/// SOP class, either: elements are in ascending order (PS3.5 7.1).
fn is_something_else(file: &File) -> bool {
    let mut prefix = [0; PREFIX_BYTES];
    let length = file.read_at(&mut prefix, 0).unwrap_or_default();
    let group = [prefix[0], prefix[1]];
    let group = match sniff(&prefix[..length]) {
        Some(Sniffed::DataSet(Encoding::ExplicitBig)) => u16::from_be_bytes(group),
        Some(Sniffed::DataSet(_)) => u16::from_le_bytes(group),
        Some(Sniffed::File | Sniffed::MetaWithoutPreamble) | None => return false,
    };
    group > SOP_CLASS_GROUP
}

fn scan(file: &File, bytes: u64, mode: ReadMode) -> Result<FileHead, ObjectError> {
    let mut scan = FileScan::new(mode);
    let mut buffer = [0; READ_BYTES];
    while scan.wanted() < bytes {
        match file.read_at(&mut buffer, scan.wanted()) {
            Ok(0) => break,
            Ok(length) => scan.push(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(scan.finish(bytes)?)
}

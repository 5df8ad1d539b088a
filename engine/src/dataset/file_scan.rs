//! What a sender has to know of a file: where its data set begins, how it is encoded, who it is,
//! and that all of it is there.

use thiserror::Error;

use crate::value::Uid;

use super::front::{Front, META_BYTES_MAX, MetaHead, ReadMode, read_front};
use super::head::{Head, HeadScan};
use super::{DataSetError, Encoding};

/// Why a file cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Damage, or no DICOM at all.
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    /// Damage in front of the data set.
    #[error("the file meta information is damaged: {0}")]
    Meta(DataSetError),
    /// The file meta information goes on beyond [`META_BYTES_MAX`].
    #[error("the file meta information is longer than {} bytes", META_BYTES_MAX)]
    MetaTooLong,
    /// There is none, or it does not tell the transfer syntax, and it has to.
    #[error("no file meta information that tells the transfer syntax")]
    MetaMissing,
    /// The file is too short to be anything, or implicit big endian.
    #[error("this is no DICOM file and no data set")]
    NoDataSet,
}

/// What a sender has to know of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHead {
    /// The file meta information; `None` in front of a bare data set.
    pub meta: Option<MetaHead>,
    /// Where the data set begins, in bytes from the start of the file.
    pub data_set_offset: u64,
    /// How the data set is encoded: what the file meta information says, else what it looks like.
    pub transfer_syntax: Uid,
    /// The UIDs of the data set itself.
    pub data_set: Head,
}

/// Reads a file from its start, in the order of its bytes, leaving out large values:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use pdvault_engine::dataset::{FileScan, ReadMode};
/// # let file = b"\x08\0\x18\0UI\x04\01.2\0".as_slice();
/// let mut scan = FileScan::new(ReadMode::Detect);
/// while let Some(bytes) = usize::try_from(scan.wanted()).ok().and_then(|at| file.get(at..)) {
///     if bytes.is_empty() {
///         break;
///     }
///     scan.push(&bytes[..bytes.len().min(4096)])?;
/// }
/// let head = scan.finish(file.len() as u64)?;
/// assert_eq!(head.data_set.sop_instance.unwrap().as_str(), "1.2");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileScan {
    mode: ReadMode,
    wanted: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The bytes up to the data set, as far as they are here.
    Front(Vec<u8>),
    DataSet(Front, Box<HeadScan>),
}

impl FileScan {
    /// Begins with the first byte of a file.
    pub fn new(mode: ReadMode) -> Self {
        Self {
            mode,
            wanted: 0,
            state: State::Front(Vec::new()),
        }
    }

    /// Where the next bytes are to be read, in bytes from the start of the file. Beyond its end, if
    /// the file is truncated.
    pub fn wanted(&self) -> u64 {
        self.wanted
    }

    /// Takes the bytes from [`FileScan::wanted`] on: any number of them, a few kilobytes at best.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.wanted += bytes.len() as u64;
        match &mut self.state {
            State::Front(front) => {
                front.extend_from_slice(bytes);
                self.try_data_set(false)
            }
            State::DataSet(_, scan) => {
                let skipped = scan.push(bytes)?;
                scan.skip(skipped);
                self.wanted += skipped;
                Ok(())
            }
        }
    }

    /// Tells that the file ends here, with this length in bytes.
    pub fn finish(mut self, file_bytes: u64) -> Result<FileHead, FileError> {
        self.try_data_set(true)?;
        let State::DataSet(front, scan) = self.state else {
            return Err(FileError::NoDataSet);
        };
        if self.wanted > file_bytes {
            return Err(scan.truncated().into());
        }
        Ok(FileHead {
            meta: front.meta,
            data_set_offset: front.data_set_offset as u64,
            transfer_syntax: front.transfer_syntax,
            data_set: scan.finish()?,
        })
    }

    /// Begins with the data set if all is here that comes before.
    fn try_data_set(&mut self, at_end: bool) -> Result<(), FileError> {
        let State::Front(bytes) = &mut self.state else {
            return Ok(());
        };
        let Some(front) = read_front(bytes, self.mode, at_end)? else {
            if bytes.len() > META_BYTES_MAX {
                return Err(FileError::MetaTooLong);
            }
            return Ok(());
        };
        let rest = bytes.split_off(front.data_set_offset);
        let encoding = Encoding::for_reading(front.transfer_syntax.as_str());
        self.state = State::DataSet(front, Box::new(HeadScan::new(encoding)));
        self.wanted -= rest.len() as u64;
        self.push(&rest)
    }
}

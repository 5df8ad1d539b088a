//! What a sender has to know of a file: where its data set begins, how it is encoded, who it is,
//! and that all of it is there.

use thiserror::Error;

use crate::value::Uid;

use super::head::{Head, HeadScan};
use super::parser::{Element, Parser, Token};
use super::sniff::{self, ENCODING_BYTES, MAGIC, PREAMBLE_BYTES, Sniffed};
use super::{DataSetError, Encoding, Tag};

/// How much of a file may come before its data set. Real file meta information is under a
/// kilobyte, but may hold private information (PS3.10 7.1).
pub const META_BYTES_MAX: usize = 1 << 20;

/// The group of the file meta information.
const META_GROUP: u16 = 0x0002;

/// What is taken for a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadMode {
    /// A file with file meta information, or a bare data set (`--read-file`).
    #[default]
    Detect,
    /// Only a file that tells its transfer syntax (`--read-file-only`).
    FileOnly,
    /// A bare data set, whatever it begins with (`--read-dataset`).
    DataSetOnly,
}

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

/// What the file meta information says. `None` is what it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetaHead {
    /// Media Storage SOP Class UID (0002,0002).
    pub sop_class: Option<Uid>,
    /// Media Storage SOP Instance UID (0002,0003).
    pub sop_instance: Option<Uid>,
    /// Transfer Syntax UID (0002,0010).
    pub transfer_syntax: Option<Uid>,
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

/// What is in front of a data set, and how it is encoded.
#[derive(Debug)]
struct Front {
    meta: Option<MetaHead>,
    data_set_offset: usize,
    transfer_syntax: Uid,
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

/// Reads what is in front of the data set; `None` if more bytes are needed.
fn read_front(bytes: &[u8], mode: ReadMode, at_end: bool) -> Result<Option<Front>, FileError> {
    if bytes.len() < PREAMBLE_BYTES + MAGIC.len() && !at_end {
        return Ok(None);
    }
    let sniffed = match mode {
        ReadMode::DataSetOnly => None,
        ReadMode::Detect | ReadMode::FileOnly => sniff::sniff(bytes),
    };
    let meta_start = match sniffed {
        Some(Sniffed::File) => PREAMBLE_BYTES + MAGIC.len(),
        _ => 0,
    };
    let (meta, data_set_offset) = match sniffed {
        Some(Sniffed::File | Sniffed::MetaWithoutPreamble) => {
            match read_meta(&bytes[meta_start..], at_end)? {
                Some((meta, length)) => (Some(meta), meta_start + length),
                None => return Ok(None),
            }
        }
        _ => (None, 0),
    };
    let said = meta.as_ref().and_then(|meta| meta.transfer_syntax.clone());
    let transfer_syntax = match said {
        Some(uid) => uid,
        None if mode == ReadMode::FileOnly => return Err(FileError::MetaMissing),
        None => match guess(&bytes[data_set_offset..], at_end)? {
            Some(uid) => uid,
            None => return Ok(None),
        },
    };
    Ok(Some(Front {
        meta,
        data_set_offset,
        transfer_syntax,
    }))
}

/// What the data set looks like; `None` if more bytes are needed.
fn guess(data_set: &[u8], at_end: bool) -> Result<Option<Uid>, FileError> {
    if data_set.len() < ENCODING_BYTES && !at_end {
        return Ok(None);
    }
    let encoding = sniff::encoding(data_set).ok_or(FileError::NoDataSet)?;
    Ok(Some(encoding.transfer_syntax().into()))
}

/// Reads the file meta information that `bytes` begin with, and says how long it is; `None` if
/// more bytes are needed. It ends where its group length says, or before the first element of
/// another group: both are wrong in some files.
fn read_meta(bytes: &[u8], at_end: bool) -> Result<Option<(MetaHead, usize)>, FileError> {
    let syntax = sniff::encoding(bytes)
        .unwrap_or(Encoding::ExplicitLittle)
        .syntax();
    let mut reader = MetaReader::new(Parser::new(syntax));
    let mut position = 0;
    while reader.said_end != Some(position) {
        match bytes.get(position..position + 2) {
            Some(&[g0, g1]) if syntax.u16([g0, g1]) == META_GROUP => {}
            None if !at_end => return Ok(None),
            _ => break,
        }
        let Some(end) = reader.element(&bytes[position..])? else {
            if at_end {
                return Err(FileError::Meta(reader.parser.error(super::What::Truncated)));
            }
            return Ok(None);
        };
        position = end;
    }
    Ok(Some((reader.head, position)))
}

struct MetaReader {
    parser: Parser,
    head: MetaHead,
    /// Where the group ends by its group length, in bytes from its start.
    said_end: Option<usize>,
}

impl MetaReader {
    fn new(parser: Parser) -> Self {
        Self {
            parser,
            head: MetaHead::default(),
            said_end: None,
        }
    }

    /// Reads the element, or the sequence, that `bytes` begin with. Returns where it ends; `None`
    /// if it is not whole.
    fn element(&mut self, mut bytes: &[u8]) -> Result<Option<usize>, FileError> {
        let mut current: Option<Element> = None;
        let mut value = [].as_slice();
        while let Some(token) = self.parser.next(&mut bytes).map_err(FileError::Meta)? {
            match token {
                Token::Element(element) => current = Some(element),
                Token::Value(piece) => value = piece,
                Token::ValueEnd | Token::SequenceEnd if self.parser.depth() == 0 => {
                    let end = usize::try_from(self.parser.offset()).ok();
                    if let (Some(element), Some(end)) = (current, end) {
                        self.take(element, value, end);
                    }
                    return Ok(end);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn take(&mut self, element: Element, value: &[u8], end: usize) {
        match element.tag {
            Tag(META_GROUP, 0x0000) => {
                self.said_end = <[u8; 4]>::try_from(value).ok().and_then(|value| {
                    let length = if element.big {
                        u32::from_be_bytes(value)
                    } else {
                        u32::from_le_bytes(value)
                    };
                    end.checked_add(usize::try_from(length).ok()?)
                });
            }
            Tag(META_GROUP, 0x0002) => self.head.sop_class = Some(Uid::from_wire(value)),
            Tag(META_GROUP, 0x0003) => self.head.sop_instance = Some(Uid::from_wire(value)),
            Tag(META_GROUP, 0x0010) => self.head.transfer_syntax = Some(Uid::from_wire(value)),
            _ => {}
        }
    }
}

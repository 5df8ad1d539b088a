//! What comes before the data set of a file, as other implementations write it.

use crate::value::Uid;

use super::error::What;
use super::file_meta::ELEMENTS_START;
use super::file_scan::FileError;
use super::parser::{Element, Parser, Token};
use super::sniff::{self, ENCODING_BYTES, Sniffed};
use super::{Encoding, Tag};

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

/// What is in front of a data set, and how it is encoded.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) meta: Option<MetaHead>,
    pub(super) data_set_offset: usize,
    pub(super) transfer_syntax: Uid,
}

/// Reads what is in front of the data set; `None` if more bytes are needed.
pub(super) fn read_front(
    bytes: &[u8],
    mode: ReadMode,
    at_end: bool,
) -> Result<Option<Front>, FileError> {
    if bytes.len() < ELEMENTS_START && !at_end {
        return Ok(None);
    }
    let Some((meta, data_set_offset)) = read_any_meta(bytes, mode, at_end)? else {
        return Ok(None);
    };
    let said = meta.as_ref().and_then(|meta| meta.transfer_syntax.clone());
    let syntax = match said {
        Some(_) => said,
        None if mode == ReadMode::FileOnly => return Err(FileError::MetaMissing),
        None => guess(&bytes[data_set_offset..], at_end)?,
    };
    Ok(syntax.map(|transfer_syntax| Front {
        meta,
        data_set_offset,
        transfer_syntax,
    }))
}

/// Reads the file meta information, if there is any, and says where the data set begins; `None` if
/// more bytes are needed.
fn read_any_meta(
    bytes: &[u8],
    mode: ReadMode,
    at_end: bool,
) -> Result<Option<(Option<MetaHead>, usize)>, FileError> {
    let start = match sniff::sniff(bytes) {
        _ if mode == ReadMode::DataSetOnly => return Ok(Some((None, 0))),
        Some(Sniffed::File) => ELEMENTS_START,
        Some(Sniffed::MetaWithoutPreamble) => 0,
        _ => return Ok(Some((None, 0))),
    };
    let read = read_meta(&bytes[start..], at_end)?;
    Ok(read.map(|(meta, length)| (Some(meta), start + length)))
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
                return Err(FileError::Meta(reader.parser.error(What::Truncated)));
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

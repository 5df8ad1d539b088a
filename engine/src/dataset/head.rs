//! The UIDs in the head of a data set, and whether all of it is there.

use crate::value::{UID_BYTES_MAX, Uid};

use super::error::{DataSetError, What};
use super::inflate::Source;
use super::parser::{Parser, Token};
use super::{Encoding, Tag};

/// How much of a UID is kept. One that is cut here is still seen to be too long.
const UID_KEPT_BYTES_MAX: usize = 2 * UID_BYTES_MAX;

/// What the head of a data set says. `None` is what it lacks; an empty value is an empty UID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// SOP Class UID (0008,0016).
    pub sop_class: Option<Uid>,
    /// SOP Instance UID (0008,0018).
    pub sop_instance: Option<Uid>,
    /// Study Instance UID (0020,000D).
    pub study: Option<Uid>,
    /// Series Instance UID (0020,000E).
    pub series: Option<Uid>,
}

impl Head {
    fn field(&mut self, tag: Tag) -> Option<&mut Option<Uid>> {
        match tag {
            Tag::SOP_CLASS => Some(&mut self.sop_class),
            Tag::SOP_INSTANCE => Some(&mut self.sop_instance),
            Tag::STUDY => Some(&mut self.study),
            Tag::SERIES => Some(&mut self.series),
            _ => None,
        }
    }
}

/// Reads the UIDs in the head of a data set, and goes on to check that lengths and nesting hold
/// to its end. Values are not kept and need not even be read.
#[derive(Debug)]
pub struct HeadScan {
    source: Source,
    parser: Parser,
    head: Head,
    /// The UID that is being read, and its bytes.
    current: Option<(Tag, Vec<u8>)>,
    is_past_head: bool,
}

impl HeadScan {
    /// Begins with the first byte of a data set.
    pub fn new(encoding: Encoding) -> Self {
        Self {
            source: Source::new(encoding),
            parser: Parser::new(encoding.syntax()),
            head: Head::default(),
            current: None,
            is_past_head: false,
        }
    }

    /// Takes the next bytes. Returns how many of those that follow are of no interest: they may be
    /// left out if [`HeadScan::skip`] is told.
    pub fn push(&mut self, mut input: &[u8]) -> Result<u64, DataSetError> {
        loop {
            let mut piece = match self.source.piece(&mut input) {
                Ok([]) => break,
                Ok(piece) => piece,
                Err(_) => return Err(self.parser.error(What::Deflate)),
            };
            while let Some(token) = self.parser.next(&mut piece)? {
                self.is_past_head |= take(token, &self.parser, &mut self.head, &mut self.current);
            }
        }
        if self.source.is_deflated() || self.current.is_some() {
            return Ok(0);
        }
        Ok(u64::from(self.parser.value_left()))
    }

    /// Passes over so many bytes, at most what [`HeadScan::push`] has just returned.
    pub fn skip(&mut self, bytes: u64) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.parser.skip(bytes.min(self.parser.value_left()));
    }

    /// Whether the head has been read. What follows adds nothing to [`HeadScan::head`], unless the
    /// elements are out of order.
    pub fn is_past_head(&self) -> bool {
        self.is_past_head
    }

    /// What was found up to here.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// That the data set ended before this point.
    pub(super) fn truncated(&self) -> DataSetError {
        self.parser.error(What::Truncated)
    }

    /// Tells that the data set ends here. Returns its head if it may end here.
    pub fn finish(mut self) -> Result<Head, DataSetError> {
        self.push(&[])?;
        // The last value ends where the input does.
        while self.parser.next(&mut &[][..])?.is_some() {}
        self.parser.finish()?;
        if !self.source.is_complete() {
            return Err(self.parser.error(What::Truncated));
        }
        Ok(self.head)
    }
}

/// Keeps what belongs to the head. Returns whether the head is over.
fn take(
    token: Token<'_>,
    parser: &Parser,
    head: &mut Head,
    current: &mut Option<(Tag, Vec<u8>)>,
) -> bool {
    match token {
        Token::Element(element) if parser.depth() == 0 => {
            *current = head.field(element.tag).map(|_| (element.tag, Vec::new()));
            return element.tag > Tag::SERIES;
        }
        Token::Value(piece) => {
            if let Some((_, value)) = current {
                let room = UID_KEPT_BYTES_MAX - value.len();
                value.extend_from_slice(&piece[..piece.len().min(room)]);
            }
        }
        Token::ValueEnd => {
            if let Some((tag, value)) = current.take()
                && let Some(field) = head.field(tag)
            {
                *field = Some(Uid::from_wire(&value));
            }
        }
        _ => {}
    }
    false
}

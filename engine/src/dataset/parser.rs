//! Takes a data set apart as its bytes come, whatever its values' lengths (PS3.5 7).

use super::encoding::Syntax;
use super::error::{DataSetError, What};
use super::tag::Tag;
use super::vr::Vr;

/// How deep sequences may be nested. Structured reports reach about ten; a file that goes deeper
/// than this was made to exhaust memory.
pub const DEPTH_MAX: usize = 64;

/// Tag and 32-bit length, or tag, VR and 16-bit length.
const SHORT_HEADER_BYTES: usize = 8;

/// Tag, VR, two reserved bytes, 32-bit length.
const LONG_HEADER_BYTES: usize = 12;

/// A length that says: up to the delimiter (PS3.5 7.1.1).
pub(super) const UNDEFINED_LENGTH: u32 = 0xFFFF_FFFF;

/// What comes next in a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An element with a value: [`Token::Value`]s follow, and [`Token::ValueEnd`].
    Element(Element),
    /// A piece of the value, not empty.
    Value(&'a [u8]),
    /// The value is whole.
    ValueEnd,
    /// A sequence: items follow, and [`Token::SequenceEnd`].
    SequenceBegin {
        tag: Tag,
        /// Whether its length is 0.
        is_empty: bool,
    },
    /// Encapsulated pixel data: fragments follow, and [`Token::SequenceEnd`] (PS3.5 A.4).
    FragmentsBegin { tag: Tag, vr: Vr },
    /// A fragment, with a value like an element.
    Fragment { length: u32 },
    /// An item: elements follow, and [`Token::ItemEnd`].
    ItemBegin {
        /// Whether its length is 0.
        is_empty: bool,
    },
    /// The item is whole.
    ItemEnd,
    /// The sequence, or the encapsulated pixel data, is whole.
    SequenceEnd,
}

/// The header of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) tag: Tag,
    /// By the header, or by PS3.6 where it has none.
    pub(super) vr: Vr,
    /// In bytes; not undefined.
    pub(super) length: u32,
    /// Whether the most significant byte of numbers comes first.
    pub(super) big: bool,
}

/// Something that is open.
#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: Kind,
    /// Where it ends by its own length; `None` if a delimiter ends it.
    end: Option<u64>,
    /// Where it has to end at the latest, by its own length and those around it.
    limit: u64,
    /// How what is in it is written.
    syntax: Syntax,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sequence,
    Fragments,
    Item,
}

/// What is between a tag and a value.
struct Header {
    tag: Tag,
    vr: Vr,
    length: u32,
}

/// The state between two pieces of input: open sequences and the header that is half here.
#[derive(Debug)]
pub(super) struct Parser {
    syntax: Syntax,
    frames: Vec<Frame>,
    header: [u8; LONG_HEADER_BYTES],
    header_filled: usize,
    /// How much of a value is to come; `None` between values.
    value_left: Option<u32>,
    /// How many bytes were taken.
    offset: u64,
    /// The element that is being read, or was read last.
    tag: Option<Tag>,
}

impl Parser {
    pub(super) fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            frames: Vec::new(),
            header: [0; LONG_HEADER_BYTES],
            header_filled: 0,
            value_left: None,
            offset: 0,
            tag: None,
        }
    }

    /// How many bytes were taken, in all.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many sequences and items are open.
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// How many bytes come next that are only value.
    pub(super) fn value_left(&self) -> u32 {
        self.value_left.unwrap_or(0)
    }

    /// Takes so many bytes of a value as read, at most [`Parser::value_left`].
    pub(super) fn skip(&mut self, bytes: u32) {
        let left = self.value_left();
        debug_assert!(bytes <= left, "no more than the value has");
        self.value_left = self.value_left.map(|left| left.saturating_sub(bytes));
        self.offset += u64::from(bytes.min(left));
    }

    /// An error at this point.
    pub(super) fn error(&self, what: What) -> DataSetError {
        DataSetError {
            offset: self.offset,
            tag: self.tag,
            what,
        }
    }

    /// Takes bytes from the front of `input` and says what they are; `None` if all were taken and
    /// more are needed.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Token<'a>>, DataSetError> {
        if let Some(left) = self.value_left {
            return Ok(self.value(left, input));
        }
        if let Some(token) = self.close_at_end() {
            return Ok(Some(token));
        }
        if !self.fill_header(input) {
            return Ok(None);
        }
        let token = self.parse_header()?;
        self.header_filled = 0;
        Ok(Some(token))
    }

    /// That the data set ends here. Every token has to have been taken.
    pub(super) fn finish(&self) -> Result<(), DataSetError> {
        let is_whole =
            self.frames.is_empty() && self.header_filled == 0 && self.value_left.is_none();
        if is_whole {
            Ok(())
        } else {
            Err(self.error(What::Truncated))
        }
    }

    fn value<'a>(&mut self, left: u32, input: &mut &'a [u8]) -> Option<Token<'a>> {
        if left == 0 {
            self.value_left = None;
            return Some(Token::ValueEnd);
        }
        let fits = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let (piece, rest) = input.split_at(fits);
        if piece.is_empty() {
            return None;
        }
        *input = rest;
        self.skip(u32::try_from(fits).unwrap_or(left));
        Some(Token::Value(piece))
    }

    /// Closes what ends here by its length.
    fn close_at_end(&mut self) -> Option<Token<'static>> {
        let frame = self.frames.last()?;
        if self.header_filled > 0 || frame.end != Some(self.offset) {
            return None;
        }
        Some(self.close(frame.kind))
    }

    fn close(&mut self, kind: Kind) -> Token<'static> {
        self.frames.pop();
        match kind {
            Kind::Item => Token::ItemEnd,
            Kind::Sequence | Kind::Fragments => Token::SequenceEnd,
        }
    }

    /// Whether the header is whole.
    fn fill_header(&mut self, input: &mut &[u8]) -> bool {
        loop {
            let wanted = self.header_bytes() - self.header_filled;
            if wanted == 0 {
                return true;
            }
            let (piece, rest) = input.split_at(wanted.min(input.len()));
            if piece.is_empty() {
                return false;
            }
            self.header[self.header_filled..][..piece.len()].copy_from_slice(piece);
            self.header_filled += piece.len();
            self.offset += piece.len() as u64;
            *input = rest;
        }
    }

    /// How long the header is, as far as can be said.
    fn header_bytes(&self) -> usize {
        let [.., v0, v1, _, _] = self.short_header();
        let is_long = self.header_filled >= SHORT_HEADER_BYTES
            && self.current_syntax().explicit
            && !self.header_tag().is_of_sequence()
            && Vr::is_long_on_wire([v0, v1]);
        if is_long {
            LONG_HEADER_BYTES
        } else {
            SHORT_HEADER_BYTES
        }
    }

    fn short_header(&self) -> [u8; SHORT_HEADER_BYTES] {
        *self.header.first_chunk().expect("the buffer is longer")
    }

    fn header_tag(&self) -> Tag {
        let syntax = self.current_syntax();
        let [g0, g1, e0, e1, ..] = self.header;
        Tag(syntax.u16([g0, g1]), syntax.u16([e0, e1]))
    }

    fn current_syntax(&self) -> Syntax {
        self.frames.last().map_or(self.syntax, |frame| frame.syntax)
    }

    fn current_limit(&self) -> u64 {
        self.frames.last().map_or(u64::MAX, |frame| frame.limit)
    }

    fn parse_header(&mut self) -> Result<Token<'static>, DataSetError> {
        let header = self.read_header();
        self.tag = Some(header.tag);
        self.check_length(header.length)?;
        match (self.frames.last().map(|frame| frame.kind), header.tag) {
            (Some(Kind::Sequence), Tag::ITEM) => self.begin_item(header.length),
            (Some(Kind::Fragments), Tag::ITEM) => self.begin_fragment(header.length),
            (Some(kind @ (Kind::Sequence | Kind::Fragments)), Tag::SEQUENCE_END)
            | (Some(kind @ Kind::Item), Tag::ITEM_END) => self.delimit(kind, header.length),
            (Some(Kind::Sequence | Kind::Fragments), _) => Err(self.error(What::NoItem)),
            (_, tag) if tag.is_of_sequence() => Err(self.error(What::Stray)),
            _ => self.begin_element(&header),
        }
    }

    fn read_header(&self) -> Header {
        let syntax = self.current_syntax();
        let tag = self.header_tag();
        let [_, _, _, _, a, b, c, d, long @ ..] = self.header;
        if tag.is_of_sequence() || !syntax.explicit {
            let length = syntax.u32([a, b, c, d]);
            let vr = if tag.is_of_sequence() {
                Vr::UN
            } else {
                Vr::of(tag)
            };
            return Header { tag, vr, length };
        }
        let length = if self.header_filled == LONG_HEADER_BYTES {
            syntax.u32(long)
        } else {
            u32::from(syntax.u16([c, d]))
        };
        let vr = Vr::from_wire([a, b]).unwrap_or(Vr::UN);
        Header { tag, vr, length }
    }

    /// Refuses what reaches out of the sequence or item around it.
    fn check_length(&self, length: u32) -> Result<(), DataSetError> {
        let defined = if length == UNDEFINED_LENGTH {
            0
        } else {
            length
        };
        if self.offset + u64::from(defined) > self.current_limit() {
            return Err(self.error(What::BeyondParent(length)));
        }
        Ok(())
    }

    fn begin_element(&mut self, header: &Header) -> Result<Token<'static>, DataSetError> {
        let &Header { tag, vr, length } = header;
        let syntax = self.current_syntax();
        let is_undefined = length == UNDEFINED_LENGTH;
        if vr == Vr::SQ {
            return self.begin_sequence(tag, length, syntax);
        }
        if vr == Vr::UN && is_undefined {
            return self.begin_sequence(tag, length, Syntax::IMPLICIT_LITTLE);
        }
        if matches!(vr, Vr::OB | Vr::OW) && is_undefined {
            self.open(Kind::Fragments, length, syntax)?;
            return Ok(Token::FragmentsBegin { tag, vr });
        }
        if is_undefined {
            return Err(self.error(What::UndefinedLength));
        }
        self.value_left = Some(length);
        Ok(Token::Element(Element {
            tag,
            vr,
            length,
            big: syntax.big,
        }))
    }

    fn begin_sequence(
        &mut self,
        tag: Tag,
        length: u32,
        syntax: Syntax,
    ) -> Result<Token<'static>, DataSetError> {
        self.open(Kind::Sequence, length, syntax)?;
        let is_empty = length == 0;
        Ok(Token::SequenceBegin { tag, is_empty })
    }

    fn begin_item(&mut self, length: u32) -> Result<Token<'static>, DataSetError> {
        self.open(Kind::Item, length, self.current_syntax())?;
        let is_empty = length == 0;
        Ok(Token::ItemBegin { is_empty })
    }

    fn begin_fragment(&mut self, length: u32) -> Result<Token<'static>, DataSetError> {
        if length == UNDEFINED_LENGTH {
            return Err(self.error(What::UndefinedLength));
        }
        self.value_left = Some(length);
        Ok(Token::Fragment { length })
    }

    fn open(&mut self, kind: Kind, length: u32, syntax: Syntax) -> Result<(), DataSetError> {
        // A sequence and its item are two frames.
        if self.frames.len() >= 2 * DEPTH_MAX {
            return Err(self.error(What::TooDeep));
        }
        let end = (length != UNDEFINED_LENGTH).then(|| self.offset + u64::from(length));
        let limit = end.unwrap_or_else(|| self.current_limit());
        self.frames.push(Frame {
            kind,
            end,
            limit,
            syntax,
        });
        Ok(())
    }

    /// A delimiter that fits what is open.
    fn delimit(&mut self, kind: Kind, length: u32) -> Result<Token<'static>, DataSetError> {
        if self.frames.last().is_some_and(|frame| frame.end.is_some()) {
            return Err(self.error(What::Stray));
        }
        if length != 0 {
            return Err(self.error(What::DelimiterLength(length)));
        }
        Ok(self.close(kind))
    }
}

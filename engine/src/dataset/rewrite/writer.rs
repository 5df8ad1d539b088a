//! Writes what the parser found in the new encoding.

use super::Summary;
use super::offsets::OffsetTables;
use super::swap::Swap;
use crate::dataset::Tag;
use crate::dataset::encoding::Syntax;
use crate::dataset::error::What;
use crate::dataset::parser::{Element, Token, UNDEFINED_LENGTH};
use crate::dataset::vr::Vr;

/// The longest value whose length fits 16 bits: lengths are even.
const SHORT_LENGTH_MAX: u32 = 0xFFFE;

/// The new value of an element.
#[derive(Debug)]
struct Edit {
    tag: Tag,
    value: Vec<u8>,
    is_made: bool,
}

/// A sequence or an item that was begun.
#[derive(Debug)]
struct Frame {
    /// Whether a delimiter has to end it.
    is_delimited: bool,
    /// The Pixel Representation of the data set around it, which an item inherits.
    outer_signed: bool,
}

/// What becomes of the value that comes next.
#[derive(Debug)]
enum Value {
    Drop,
    Copy {
        swap: Swap,
        /// What makes it even.
        padding: Option<u8>,
        /// Whether this is the Pixel Representation.
        is_representation: bool,
    },
}

#[derive(Debug)]
pub(super) struct Writer {
    to: Syntax,
    /// Whether encapsulated pixel data may pass.
    keeps_fragments: bool,
    old_vr_only: bool,
    edits: Vec<Edit>,
    frames: Vec<Frame>,
    /// Whether the Pixel Representation of the current data set or item says so.
    is_signed: bool,
    value: Value,
    offsets: OffsetTables,
}

impl Writer {
    pub(super) fn new(
        to: Syntax,
        keeps_fragments: bool,
        edits: Vec<(Tag, Vec<u8>)>,
        old_vr_only: bool,
    ) -> Self {
        let edits = edits.into_iter().map(|(tag, value)| Edit {
            tag,
            value,
            is_made: false,
        });
        Self {
            to,
            keeps_fragments,
            old_vr_only,
            edits: edits.collect(),
            frames: Vec::new(),
            is_signed: false,
            value: Value::Drop,
            offsets: OffsetTables::new(false),
        }
    }

    pub(super) fn leave_out_offset_tables(&mut self) {
        self.offsets = OffsetTables::new(true);
    }

    /// Writes what comes next. `depth` is how many sequences and items are open around it.
    pub(super) fn token(
        &mut self,
        token: Token<'_>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), What> {
        match token {
            Token::Element(element) => self.begin_element(&element, depth, out)?,
            Token::Value(piece) => self.write_value(piece, out),
            Token::ValueEnd => self.end_value(out),
            Token::SequenceBegin { tag, is_empty } => {
                let length = self.open(is_empty);
                self.write_header(tag, Vr::SQ, length, out);
            }
            Token::ItemBegin { is_empty } => {
                let length = self.open(is_empty);
                self.write_short_header(Tag::ITEM, length, out);
            }
            Token::ItemEnd => self.close(Tag::ITEM_END, out),
            Token::SequenceEnd => self.close(Tag::SEQUENCE_END, out),
            Token::FragmentsBegin { tag, vr } => self.begin_fragments(tag, vr, out)?,
            Token::Fragment { length } => self.begin_fragment(length, out),
        }
        Ok(())
    }

    /// What was found.
    pub(super) fn into_summary(self) -> Summary {
        let absent = self.edits.iter().filter(|edit| !edit.is_made);
        Summary {
            absent: absent.map(|edit| edit.tag).collect(),
            are_offsets_wrong: self.offsets.are_wrong(),
        }
    }

    fn begin_element(
        &mut self,
        element: &Element,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), What> {
        let tag = element.tag;
        let says_nothing =
            tag.is_group_length() || tag == Tag::TRAILING_PADDING || !self.offsets.keep(tag);
        if says_nothing || depth == 0 && self.edit(element, out) {
            self.value = Value::Drop;
            return Ok(());
        }
        self.value = self.begin_copy(element, out)?;
        Ok(())
    }

    /// Writes the header of an element that keeps its value.
    fn begin_copy(&mut self, element: &Element, out: &mut Vec<u8>) -> Result<Value, What> {
        let &Element { tag, length, .. } = element;
        let is_representation = tag == Tag::PIXEL_REPRESENTATION;
        if is_representation {
            self.is_signed = false;
        }
        let even_length = even(length);
        let written_vr = self.write_header(tag, element.vr, even_length, out);
        // Numbers that are called bytes, or unknown, are little endian everywhere.
        let is_big = self.to.big && written_vr.unit_bytes() > 1;
        let unit = if element.big == is_big {
            1
        } else {
            element.vr.unit_bytes()
        };
        if !even_length.is_multiple_of(u32::from(unit)) {
            return Err(What::Misaligned(length));
        }
        Ok(Value::Copy {
            swap: Swap::new(usize::from(unit)),
            padding: (length % 2 == 1).then(|| element.vr.padding()),
            is_representation,
        })
    }

    /// Writes the new value of this element, if it has one.
    fn edit(&mut self, element: &Element, out: &mut Vec<u8>) -> bool {
        let Some(index) = self.edits.iter().position(|edit| edit.tag == element.tag) else {
            return false;
        };
        self.edits[index].is_made = true;
        let value = std::mem::take(&mut self.edits[index].value);
        let length = u32::try_from(value.len()).expect("a new value is short");
        self.write_header(element.tag, element.vr, even(length), out);
        out.extend_from_slice(&value);
        if length % 2 == 1 {
            out.push(element.vr.padding());
        }
        self.edits[index].value = value;
        true
    }

    fn write_value(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Value::Copy {
            swap,
            is_representation,
            ..
        } = &mut self.value
        else {
            return;
        };
        if *is_representation {
            // 0 or 1 in either byte order.
            self.is_signed |= piece.iter().any(|&byte| byte != 0);
        }
        swap.write(piece, out);
    }

    fn end_value(&mut self, out: &mut Vec<u8>) {
        if let Value::Copy { swap, padding, .. } = &mut self.value
            && let Some(padding) = padding
        {
            swap.write(&[*padding], out);
        }
        self.value = Value::Drop;
    }

    fn begin_fragments(&mut self, tag: Tag, vr: Vr, out: &mut Vec<u8>) -> Result<(), What> {
        if !self.keeps_fragments {
            return Err(What::Encapsulated);
        }
        let length = self.open(false);
        self.write_header(tag, vr, length, out);
        self.offsets.begin();
        Ok(())
    }

    /// A fragment of odd length gets a NUL (PS3.5 A.4); codestreams end before it by themselves.
    fn begin_fragment(&mut self, length: u32, out: &mut Vec<u8>) {
        if !self.offsets.fragment(length) {
            self.write_short_header(Tag::ITEM, 0, out);
            self.value = Value::Drop;
            return;
        }
        self.write_short_header(Tag::ITEM, even(length), out);
        self.value = Value::Copy {
            swap: Swap::new(1),
            padding: (length % 2 == 1).then_some(0),
            is_representation: false,
        };
    }

    /// Begins a sequence or an item. Returns its length.
    fn open(&mut self, is_empty: bool) -> u32 {
        self.frames.push(Frame {
            is_delimited: !is_empty,
            outer_signed: self.is_signed,
        });
        if is_empty { 0 } else { UNDEFINED_LENGTH }
    }

    fn close(&mut self, delimiter: Tag, out: &mut Vec<u8>) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.is_signed = frame.outer_signed;
        if frame.is_delimited {
            self.write_short_header(delimiter, 0, out);
        }
    }

    /// Writes tag, VR and length. Returns the VR it has in the new encoding.
    fn write_header(&self, tag: Tag, vr: Vr, length: u32, out: &mut Vec<u8>) -> Vr {
        if !self.to.explicit {
            self.write_short_header(tag, length, out);
            return vr;
        }
        let vr = self.written_vr(vr, length);
        self.write_tag(tag, out);
        out.extend(vr.as_wire());
        match u16::try_from(length) {
            Ok(length) if !vr.is_long() => self.to.write_u16(length, out),
            _ => {
                out.extend([0, 0]);
                self.to.write_u32(length, out);
            }
        }
        vr
    }

    /// The VR that an element gets in an explicit encoding. One whose length has 16 bits cannot
    /// have a longer value (PS3.5 6.2.2).
    fn written_vr(&self, vr: Vr, length: u32) -> Vr {
        let vr = match vr {
            Vr::US_OR_SS if self.is_signed => Vr::SS,
            Vr::US_OR_SS => Vr::US,
            vr => vr,
        };
        let fits = vr.is_long() || length <= SHORT_LENGTH_MAX;
        match (fits, self.old_vr_only) {
            (false, false) => Vr::UN,
            (false, true) => Vr::OB,
            (true, true) if !vr.is_old() => Vr::OB,
            (true, _) => vr,
        }
    }

    fn write_short_header(&self, tag: Tag, length: u32, out: &mut Vec<u8>) {
        self.write_tag(tag, out);
        self.to.write_u32(length, out);
    }

    fn write_tag(&self, tag: Tag, out: &mut Vec<u8>) {
        self.to.write_u16(tag.0, out);
        self.to.write_u16(tag.1, out);
    }
}

/// The length of a value with its padding. An odd one is below the undefined length, so that it
/// has a successor.
fn even(length: u32) -> u32 {
    length + length % 2
}

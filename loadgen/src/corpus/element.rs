//! Data sets as a list of elements, and their way into the segments of a template.

use std::collections::BTreeMap;

use super::template::{Segment, Which};

/// How elements are written (PS3.5 annex A). Deflated and encapsulated data sets are explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Implicit,
    Explicit,
    ExplicitBig,
}

/// The value of an element.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text of this VR, without padding.
    Text([u8; 2], String),
    /// US.
    Number(u16),
    /// SS.
    Signed(i16),
    /// AT.
    Tag(u32),
    /// UI that changes from object to object.
    Uid(Which),
    /// SQ.
    Items(Vec<Elements>),
    /// OB of so many zero bytes (an even number): Data Set Trailing Padding.
    Padding(u32),
    /// OW of so many bytes (an even number), native pixel data.
    Pixels(u32),
    /// OB, encapsulated pixel data, written already: what follows the length of the element.
    Encapsulated(Vec<Segment>),
}

/// The elements of a data set or item, by tag.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements(BTreeMap<u32, Value>);

impl Elements {
    pub(super) fn put(&mut self, tag: u32, value: Value) {
        self.0.insert(tag, value);
    }

    pub(super) fn text(&mut self, tag: u32, vr: [u8; 2], text: impl Into<String>) {
        self.put(tag, Value::Text(vr, text.into()));
    }

    /// Texts, each with its tag and VR.
    pub(super) fn texts(&mut self, texts: &[(u32, [u8; 2], &str)]) {
        for (tag, vr, text) in texts {
            self.text(*tag, *vr, *text);
        }
    }

    pub(super) fn numbers(&mut self, numbers: &[(u32, u16)]) {
        for (tag, number) in numbers {
            self.put(*tag, Value::Number(*number));
        }
    }
}

/// Writes a data set as segments.
pub(super) fn write(elements: &Elements, coding: Coding) -> Vec<Segment> {
    let mut writer = Writer {
        coding,
        done: Vec::new(),
        bytes: Vec::new(),
    };
    writer.elements(elements);
    writer.close_bytes();
    writer.done
}

/// "No length is given, a delimiter ends it" (PS3.5 7.5.1).
pub(super) const UNDEFINED_LENGTH: u32 = u32::MAX;

/// Item (PS3.5 7.5).
pub(super) const ITEM: u32 = 0xFFFE_E000;

/// Item Delimitation Item.
const ITEM_END: u32 = 0xFFFE_E00D;

/// Sequence Delimitation Item.
pub(super) const SEQUENCE_END: u32 = 0xFFFE_E0DD;

struct Writer {
    coding: Coding,
    done: Vec<Segment>,
    /// What comes behind the last of `done`.
    bytes: Vec<u8>,
}

impl Writer {
    fn elements(&mut self, elements: &Elements) {
        for (tag, value) in &elements.0 {
            self.element(*tag, value);
        }
    }

    fn element(&mut self, tag: u32, value: &Value) {
        match value {
            Value::Text(vr, text) => self.text(tag, *vr, text),
            Value::Number(number) => {
                self.header(tag, *b"US", 2);
                self.u16(*number);
            }
            Value::Signed(number) => {
                self.header(tag, *b"SS", 2);
                self.u16(number.cast_unsigned());
            }
            Value::Tag(value) => {
                self.header(tag, *b"AT", 4);
                self.tag(*value);
            }
            Value::Uid(which) => {
                self.header(tag, *b"UI", length(crate::uid::UID_BYTES));
                self.segment(Segment::Uid(*which));
            }
            Value::Items(items) => self.items(tag, items),
            Value::Padding(bytes) => {
                self.header(tag, *b"OB", *bytes);
                self.bytes.extend(std::iter::repeat_n(0, *bytes as usize));
            }
            Value::Pixels(bytes) => {
                self.header(tag, *b"OW", *bytes);
                self.segment(Segment::Noise(u64::from(*bytes)));
            }
            Value::Encapsulated(segments) => {
                self.header(tag, *b"OB", UNDEFINED_LENGTH);
                for segment in segments {
                    self.segment(segment.clone());
                }
            }
        }
    }

    fn text(&mut self, tag: u32, vr: [u8; 2], text: &str) {
        // UIDs are padded with NUL, other text with a space (PS3.5 9.1, 6.2).
        let pad = if vr == *b"UI" { 0 } else { b' ' };
        let padding = text.len() % 2;
        self.header(tag, vr, length(text.len() + padding));
        self.bytes.extend(text.bytes());
        self.bytes.extend(std::iter::repeat_n(pad, padding));
    }

    fn items(&mut self, tag: u32, items: &[Elements]) {
        self.header(tag, *b"SQ", UNDEFINED_LENGTH);
        for item in items {
            self.item_header(ITEM, UNDEFINED_LENGTH);
            self.elements(item);
            self.item_header(ITEM_END, 0);
        }
        self.item_header(SEQUENCE_END, 0);
    }

    fn header(&mut self, tag: u32, vr: [u8; 2], length: u32) {
        self.tag(tag);
        if self.coding == Coding::Implicit {
            return self.u32(length);
        }
        self.bytes.extend(vr);
        if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UT") {
            self.bytes.extend([0, 0]);
            self.u32(length);
        } else {
            self.u16(u16::try_from(length).expect("a short value"));
        }
    }

    fn item_header(&mut self, tag: u32, length: u32) {
        self.tag(tag);
        self.u32(length);
    }

    fn tag(&mut self, tag: u32) {
        let [g0, g1, e0, e1] = tag.to_be_bytes();
        self.u16(u16::from_be_bytes([g0, g1]));
        self.u16(u16::from_be_bytes([e0, e1]));
    }

    fn u16(&mut self, value: u16) {
        match self.coding {
            Coding::ExplicitBig => self.bytes.extend(value.to_be_bytes()),
            Coding::Implicit | Coding::Explicit => self.bytes.extend(value.to_le_bytes()),
        }
    }

    fn u32(&mut self, value: u32) {
        match self.coding {
            Coding::ExplicitBig => self.bytes.extend(value.to_be_bytes()),
            Coding::Implicit | Coding::Explicit => self.bytes.extend(value.to_le_bytes()),
        }
    }

    fn segment(&mut self, segment: Segment) {
        self.close_bytes();
        self.done.push(segment);
    }

    fn close_bytes(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.done.push(Segment::Bytes(bytes.into()));
        }
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("values made here are short")
}

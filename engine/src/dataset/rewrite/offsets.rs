//! Whether the offset tables of encapsulated pixel data still hold (PS3.5 A.4).
//!
//! Fragments of odd length, which files have against the standard, are padded, and that moves all
//! behind them. The tables come first, so it is too late to correct them then; but they need not be
//! there at all.

use crate::dataset::Tag;

/// What is known of the basic offset table of the pixel data at hand.
#[derive(Debug)]
enum Basic {
    /// It comes next.
    Due,
    Empty,
    Filled,
    /// It is filled, and the fragments to come are not where it says.
    Outdated,
}

#[derive(Debug)]
pub(super) struct OffsetTables {
    are_left_out: bool,
    has_extended: bool,
    basic: Basic,
    are_wrong: bool,
}

impl OffsetTables {
    /// Keeps the tables, or leaves all of them out.
    pub(super) fn new(are_left_out: bool) -> Self {
        Self {
            are_left_out,
            has_extended: false,
            basic: Basic::Empty,
            are_wrong: false,
        }
    }

    /// Notes an element. Returns whether it is kept.
    pub(super) fn keep(&mut self, tag: Tag) -> bool {
        let is_table = tag == Tag::EXTENDED_OFFSETS || tag == Tag::EXTENDED_OFFSET_LENGTHS;
        self.has_extended |= is_table && !self.are_left_out;
        !(is_table && self.are_left_out)
    }

    /// Pixel data begins.
    pub(super) fn begin(&mut self) {
        self.basic = Basic::Due;
    }

    /// Notes a fragment of this length. Returns whether it is kept.
    pub(super) fn fragment(&mut self, length: u32) -> bool {
        let is_odd = length % 2 == 1;
        match self.basic {
            Basic::Due if length == 0 || self.are_left_out => {
                self.basic = Basic::Empty;
                return false;
            }
            Basic::Due => self.basic = Basic::Filled,
            Basic::Filled if is_odd => self.basic = Basic::Outdated,
            Basic::Outdated => self.are_wrong = true,
            Basic::Empty | Basic::Filled => {}
        }
        // The extended tables have the length of each fragment, too.
        self.are_wrong |= is_odd && self.has_extended;
        true
    }

    /// Whether a table that was kept does not hold.
    pub(super) fn are_wrong(&self) -> bool {
        self.are_wrong
    }
}

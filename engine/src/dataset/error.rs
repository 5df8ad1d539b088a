//! What can be wrong with a data set.

use thiserror::Error;

use super::Tag;
use super::parser::DEPTH_MAX;

/// A data set that cannot be read, or not be written as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what}{} at byte {offset} of the data set", in_element(*.tag))]
pub struct DataSetError {
    /// Where, in bytes from the start of the data set; of the inflated data set if it is deflated.
    pub offset: u64,
    /// In which element, if it got so far.
    pub tag: Option<Tag>,
    /// What is wrong.
    pub what: What,
}

fn in_element(tag: Option<Tag>) -> String {
    tag.map_or_else(String::new, |tag| format!(" in {tag}"))
}

/// What is wrong with a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum What {
    /// The data set ends within an element, an item or a sequence.
    #[error("the data set ends too early")]
    Truncated,
    /// A length reaches beyond the item or sequence around it.
    #[error("the length {0} reaches beyond what contains it")]
    BeyondParent(u32),
    /// An undefined length where there can be none (PS3.5 7.1.1).
    #[error("undefined length of an element that is no sequence")]
    UndefinedLength,
    /// Something else where a sequence needs an item (PS3.5 7.5).
    #[error("no item where a sequence needs one")]
    NoItem,
    /// An item where there is no sequence, or a delimiter of something that is not open.
    #[error("an item or a delimiter where there can be none")]
    Stray,
    /// A delimiter with a length other than 0 (PS3.5 7.5).
    #[error("a delimiter of length {0} instead of 0")]
    DelimiterLength(u32),
    /// Sequences within sequences, deeper than real objects have them.
    #[error("sequences nested deeper than {}", DEPTH_MAX)]
    TooDeep,
    /// Numbers whose byte order changes, and a piece of one more.
    #[error("the length {0} is no multiple of the size of its numbers")]
    Misaligned(u32),
    /// Compressed data is passed on as it is or not at all.
    #[error("encapsulated pixel data cannot be converted")]
    Encapsulated,
    /// The deflated stream is damaged (PS3.5 A.5, RFC 1951).
    #[error("the deflated data cannot be inflated")]
    Deflate,
}

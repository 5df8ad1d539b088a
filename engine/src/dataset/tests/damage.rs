//! Damage is told with its place.

use super::rewrite;
use crate::dataset::error::What;
use crate::dataset::{DEPTH_MAX, DataSetError, Encoding, Tag};

use Encoding::{DeflatedExplicitLittle, ExplicitLittle, ImplicitLittle};

/// ReferencedImageSequence, and an item in it, of undefined length; implicit.
const SEQUENCE: &[u8] = b"\x08\0\x40\x11\xff\xff\xff\xff";
const ITEM: &[u8] = b"\xfe\xff\0\xe0\xff\xff\xff\xff";

#[track_caller]
fn assert_damaged(from: Encoding, input: &[u8], offset: u64, tag: Option<Tag>, what: What) {
    let error = DataSetError { offset, tag, what };
    assert_eq!(rewrite(from, ExplicitLittle, input), Err(error));
}

#[test]
fn a_value_longer_than_the_data_set() {
    let tag = Some(Tag(0x0010, 0x0010));
    let input = b"\x10\0\x10\0PN\x08\0A^B";
    assert_damaged(ExplicitLittle, input, 11, tag, What::Truncated);
}

#[test]
fn a_header_that_is_cut_off() {
    let tag = Some(Tag(0x0010, 0x0010));
    let input = b"\x10\0\x10\0PN\x02\0AB\x10\0\x20";
    assert_damaged(ExplicitLittle, input, 13, tag, What::Truncated);
    assert_damaged(ExplicitLittle, b"\x10", 1, None, What::Truncated);
}

#[test]
fn a_sequence_without_its_end() {
    let input = [SEQUENCE, ITEM].concat();
    assert_damaged(ImplicitLittle, &input, 16, Some(Tag::ITEM), What::Truncated);
}

#[test]
fn lengths_beyond_what_contains_them() {
    let element = b"\x10\0\x10\0\x64\0\0\0".as_slice();
    let sequence = b"\x08\0\x40\x11\x10\0\0\0".as_slice();
    let item = b"\xfe\xff\0\xe0\x08\0\0\0".as_slice();
    let tag = Some(Tag(0x0010, 0x0010));
    let in_item = [sequence, item, element, &[0; 100]].concat();
    assert_damaged(ImplicitLittle, &in_item, 24, tag, What::BeyondParent(100));
    let item = b"\xfe\xff\0\xe0\x09\0\0\0".as_slice();
    let long_item = [sequence, item, &[0; 100]].concat();
    let tag = Some(Tag::ITEM);
    assert_damaged(ImplicitLittle, &long_item, 16, tag, What::BeyondParent(9));
}

#[test]
fn an_item_of_undefined_length_beyond_its_sequence() {
    let sequence = b"\x08\0\x40\x11\x10\0\0\0".as_slice();
    let element = b"\x10\0\x10\0\x02\0\0\0AB".as_slice();
    let input = [sequence, ITEM, element].concat();
    let tag = Some(Tag(0x0010, 0x0010));
    assert_damaged(ImplicitLittle, &input, 24, tag, What::BeyondParent(2));
}

#[test]
fn something_else_where_an_item_has_to_be() {
    let input = [SEQUENCE, b"\x10\0\x10\0\x02\0\0\0AB"].concat();
    let tag = Some(Tag(0x0010, 0x0010));
    assert_damaged(ImplicitLittle, &input, 16, tag, What::NoItem);
}

#[test]
fn items_and_delimiters_that_nothing_is_open_for() {
    for (second, tag) in [
        (0x00, Tag::ITEM),
        (0x0D, Tag::ITEM_END),
        (0xDD, Tag::SEQUENCE_END),
    ] {
        let input = [0xFE, 0xFF, second, 0xE0, 0, 0, 0, 0];
        assert_damaged(ExplicitLittle, &input, 8, Some(tag), What::Stray);
    }
}

#[test]
fn a_delimiter_with_a_length() {
    let input = [SEQUENCE, b"\xfe\xff\xdd\xe0\x04\0\0\0"].concat();
    let tag = Some(Tag::SEQUENCE_END);
    assert_damaged(ImplicitLittle, &input, 16, tag, What::DelimiterLength(4));
}

#[test]
fn an_undefined_length_of_text() {
    let input = b"\x10\0\x10\0\xff\xff\xff\xff";
    let tag = Some(Tag(0x0010, 0x0010));
    assert_damaged(ImplicitLittle, input, 8, tag, What::UndefinedLength);
}

#[test]
fn sequences_deeper_than_the_bound() {
    let nested = [SEQUENCE, ITEM].concat();
    let ends = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";
    let deepest = [nested.repeat(DEPTH_MAX), ends.repeat(DEPTH_MAX)].concat();
    assert!(rewrite(ImplicitLittle, ExplicitLittle, &deepest).is_ok());
    let error = rewrite(
        ImplicitLittle,
        ExplicitLittle,
        &nested.repeat(DEPTH_MAX + 1),
    );
    assert_eq!(error.expect_err("too deep").what, What::TooDeep);
}

#[test]
fn what_is_not_deflated() {
    let error = rewrite(DeflatedExplicitLittle, ExplicitLittle, &[0xFF; 20]);
    assert_eq!(error.expect_err("not deflated").what, What::Deflate);
}

#[test]
fn an_error_says_what_and_where() {
    let error = rewrite(ExplicitLittle, ImplicitLittle, b"\x10\0\x20\0LO\x08\0A");
    assert_eq!(
        error.expect_err("cut off").to_string(),
        "the data set ends too early in (0010,0020) at byte 9 of the data set"
    );
}

//! What the standard allows and real files do, one by one.

use super::model::{Lengths, Node, encode, inflate, leaf, sequence};
use super::{rewrite, rewrite_in_pieces};
use crate::dataset::error::What;
use crate::dataset::{DataSetError, Encoding, RewriteOptions, Rewriter, Tag};

use Encoding::{DeflatedExplicitLittle, ExplicitBig, ExplicitLittle, ImplicitLittle};

const PATIENT: (u16, u16) = (0x0010, 0x0010);
const PIXELS: (u16, u16) = (0x7FE0, 0x0010);
const SMALLEST: (u16, u16) = (0x0028, 0x0106);
const REPRESENTATION: (u16, u16) = (0x0028, 0x0103);

fn explicit(nodes: &[Node]) -> Vec<u8> {
    encode(nodes, ExplicitLittle, Lengths::Undefined)
}

fn implicit(nodes: &[Node]) -> Vec<u8> {
    encode(nodes, ImplicitLittle, Lengths::Undefined)
}

fn with(options: RewriteOptions, to: Encoding, input: &[u8]) -> (Vec<u8>, Vec<Tag>) {
    let rewriter = Rewriter::new(ExplicitLittle, to, options);
    let (out, summary) = rewrite_in_pieces(rewriter, input, &[]).expect("good");
    (out, summary.absent)
}

#[test]
fn group_lengths_and_trailing_padding_are_left_out() {
    let patient = leaf(PATIENT, *b"PN", b"A^B ");
    let item = vec![leaf((0x0008, 0), *b"UL", &[9; 4]), patient.clone()];
    let padded = [
        leaf((0x0008, 0x0000), *b"UL", &[4, 0, 0, 0]),
        sequence((0x0008, 0x1140), vec![item]),
        patient.clone(),
        leaf((0xFFFC, 0xFFFC), *b"OB", &[0; 600]),
    ];
    let bare = [
        sequence((0x0008, 0x1140), vec![vec![patient.clone()]]),
        patient,
    ];
    let out = rewrite(ExplicitLittle, ImplicitLittle, &explicit(&padded)).expect("good");
    assert_eq!(out, implicit(&bare));
}

#[test]
fn unknown_content_of_undefined_length_is_implicit_in_every_encoding() {
    let content = [leaf((0x0028, 0x0010), *b"US", &[1, 2])];
    let items = implicit(&[sequence((0x0009, 0x1001), vec![content.to_vec()])]);
    // Items and delimiters of the implicit sequence behind a header that says UN.
    for (from, header) in [
        (ExplicitLittle, b"\x09\0\x01\x10UN\0\0\xff\xff\xff\xff"),
        (ExplicitBig, b"\0\x09\x10\x01UN\0\0\xff\xff\xff\xff"),
    ] {
        let mut input = header.to_vec();
        input.extend(&items[8..]);
        let expected = [sequence((0x0009, 0x1001), vec![content.to_vec()])];
        for to in [ImplicitLittle, ExplicitLittle, ExplicitBig] {
            let out = rewrite(from, to, &input).expect("good");
            assert_eq!(
                out,
                encode(&expected, to, Lengths::Undefined),
                "{from:?} {to:?}"
            );
        }
    }
}

#[test]
fn a_private_sequence_of_undefined_length_is_one_in_explicit_too() {
    let private = [sequence(
        (0x0009, 0x1001),
        vec![vec![leaf(PATIENT, *b"PN", b"AB")]],
    )];
    let out = rewrite(ImplicitLittle, ExplicitBig, &implicit(&private)).expect("good");
    assert_eq!(out, encode(&private, ExplicitBig, Lengths::Undefined));
}

#[test]
fn unknown_values_keep_their_bytes() {
    let input = explicit(&[leaf((0x0009, 0x1001), *b"UN", &[1, 2, 3, 4])]);
    let out = rewrite(ExplicitLittle, ExplicitBig, &input).expect("good");
    assert_eq!(out, b"\0\x09\x10\x01UN\0\0\0\0\0\x04\x01\x02\x03\x04");
}

#[test]
fn a_value_too_long_for_its_vr_becomes_unknown() {
    let long = vec![b'1'; 0x1_0000];
    let mut input = b"\x18\0\x50\0\0\0\x01\0".to_vec(); // SliceThickness, DS
    input.extend(&long);
    let mut expected = b"\x18\0\x50\0UN\0\0\0\0\x01\0".to_vec();
    expected.extend(&long);
    assert_eq!(
        rewrite(ImplicitLittle, ExplicitLittle, &input),
        Ok(expected)
    );
    let fits = [b"\x18\0\x50\0\xfe\xff\0\0".as_slice(), &long[..0xFFFE]].concat();
    let out = rewrite(ImplicitLittle, ExplicitLittle, &fits).expect("good");
    assert_eq!(out[..8], *b"\x18\0\x50\0DS\xfe\xff");
}

#[test]
fn numbers_in_a_value_that_becomes_unknown_stay_little_endian() {
    let mut input = b"\x28\0\x10\0\0\0\x01\0".to_vec(); // Rows, US
    input.extend([1, 2].repeat(0x8000));
    let out = rewrite(ImplicitLittle, ExplicitBig, &input).expect("good");
    assert_eq!(out[..14], *b"\0\x28\0\x10UN\0\0\0\x01\0\0\x01\x02");
}

#[test]
fn odd_values_are_padded_by_their_vr() {
    for (input, expected) in [
        (
            b"\x10\0\x10\0PN\x03\0A^B".as_slice(),
            b"\0\x10\0\x10PN\0\x04A^B ".as_slice(),
        ),
        (b"\x08\0\x18\0UI\x03\x001.2", b"\0\x08\0\x18UI\0\x041.2\0"),
        (
            b"\x28\0\x10\0US\x03\0\x01\x02\x03",
            b"\0\x28\0\x10US\0\x04\x02\x01\0\x03",
        ),
    ] {
        let rewriter = Rewriter::new(ExplicitLittle, ExplicitBig, RewriteOptions::default());
        let (out, _) = rewrite_in_pieces(rewriter, input, &[1]).expect("good");
        assert_eq!(
            out.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }
}

#[test]
fn numbers_of_a_wrong_length_are_refused_where_they_would_be_turned_round() {
    let input = b"\x28\0\x01\x90UL\x06\0\x01\x02\x03\x04\x05\x06";
    let error = DataSetError {
        offset: 8,
        tag: Some(Tag(0x0028, 0x9001)),
        what: What::Misaligned(6),
    };
    assert_eq!(rewrite(ExplicitLittle, ExplicitBig, input), Err(error));
    assert!(rewrite(ExplicitLittle, ImplicitLittle, input).is_ok());
}

#[test]
fn pixels_without_a_vr_are_words() {
    let input = implicit(&[leaf(PIXELS, *b"OW", &[1, 2, 3, 4])]);
    let out = rewrite(ImplicitLittle, ExplicitBig, &input).expect("good");
    assert_eq!(out, b"\x7f\xe0\0\x10OW\0\0\0\0\0\x04\x02\x01\x04\x03");
}

#[test]
fn pixels_in_bytes_stay_as_they_are() {
    let input = explicit(&[leaf(PIXELS, *b"OB", &[1, 2, 3, 4])]);
    let out = rewrite(ExplicitLittle, ExplicitBig, &input).expect("good");
    assert_eq!(out, b"\x7f\xe0\0\x10OB\0\0\0\0\0\x04\x01\x02\x03\x04");
}

#[test]
fn numbers_are_signed_as_the_pixel_representation_around_them_says() {
    let smallest = leaf(SMALLEST, *b"US", &[1, 0]);
    let unsigned_item = vec![leaf(REPRESENTATION, *b"US", &[0, 0]), smallest.clone()];
    let input = implicit(&[
        smallest.clone(),
        leaf(REPRESENTATION, *b"US", &[1, 0]),
        sequence(
            (0x0088, 0x0200),
            vec![vec![smallest.clone()], unsigned_item],
        ),
        smallest,
    ]);
    let out = rewrite(ImplicitLittle, ExplicitLittle, &input).expect("good");
    let header = b"\x28\0\x06\x01";
    let vrs = out.windows(6).filter(|window| window.starts_with(header));
    let vrs: Vec<_> = vrs.map(|window| [window[4], window[5]]).collect();
    assert_eq!(vrs, [*b"US", *b"SS", *b"US", *b"SS"]);
}

#[test]
fn vrs_that_are_none_are_read_as_dcmtk_reads_them() {
    // Letters have a long length, anything else a short one.
    let input = b"\x09\0\x01\x10ZZ\0\0\x02\0\0\0AB\x09\0\x02\x10??\x02\0CD";
    let out = rewrite(ExplicitLittle, ExplicitLittle, input).expect("good");
    assert_eq!(
        out,
        b"\x09\0\x01\x10UN\0\0\x02\0\0\0AB\x09\0\x02\x10UN\0\0\x02\0\0\0CD"
    );
}

#[test]
fn encapsulated_pixels_pass_unless_the_encoding_changes() {
    let mut input = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff".to_vec();
    input.extend(b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\x04\0\0\0abcd");
    input.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    assert_eq!(
        rewrite(ExplicitLittle, ExplicitLittle, &input).as_ref(),
        Ok(&input)
    );
    for to in [ImplicitLittle, ExplicitBig, DeflatedExplicitLittle] {
        let error = rewrite(ExplicitLittle, to, &input).expect_err("encapsulated");
        assert_eq!((error.what, error.offset), (What::Encapsulated, 12));
        assert_eq!(error.tag, Some(Tag(0x7FE0, 0x0010)));
    }
}

/// Encapsulated pixel data of these fragments, the first of them the offset table.
fn encapsulated(fragments: &[&[u8]]) -> Vec<u8> {
    let mut out = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff".to_vec();
    for fragment in fragments {
        let length = u32::try_from(fragment.len()).expect("short");
        out.extend(b"\xfe\xff\0\xe0");
        out.extend(length.to_le_bytes());
        out.extend(*fragment);
    }
    out.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    out
}

/// What becomes of a compressed data set, with its offset tables and without.
fn with_and_without_tables(input: &[u8]) -> [(Vec<u8>, bool); 2] {
    let rewriter = || Rewriter::new(ExplicitLittle, ExplicitLittle, RewriteOptions::default());
    [rewriter(), rewriter().without_offset_tables()].map(|rewriter| {
        let (out, summary) = rewrite_in_pieces(rewriter, input, &[1]).expect("good");
        (out, summary.are_offsets_wrong)
    })
}

#[test]
fn a_last_fragment_of_odd_length_is_padded_and_the_offset_table_still_holds() {
    let table = [0, 0, 0, 0, 10, 0, 0, 0];
    let [kept, left_out] = with_and_without_tables(&encapsulated(&[&table, b"ab", b"abc"]));
    assert_eq!(kept, (encapsulated(&[&table, b"ab", b"abc\0"]), false));
    assert_eq!(left_out, (encapsulated(&[b"", b"ab", b"abc\0"]), false));
}

#[test]
fn padding_that_moves_fragments_makes_a_filled_offset_table_wrong() {
    let table = [0, 0, 0, 0, 11, 0, 0, 0];
    let [kept, left_out] = with_and_without_tables(&encapsulated(&[&table, b"abc", b"de"]));
    assert!(kept.1, "the second frame lies behind the padding");
    assert_eq!(left_out, (encapsulated(&[b"", b"abc\0", b"de"]), false));
    let [kept, _] = with_and_without_tables(&encapsulated(&[b"", b"abc", b"de"]));
    assert_eq!(kept, left_out, "an empty one says nothing");
}

#[test]
fn extended_offset_tables_hold_unless_a_fragment_is_padded() {
    let tables = [
        leaf((0x7FE0, 0x0001), *b"OV", &[0; 8]),
        leaf((0x7FE0, 0x0002), *b"OV", &[3, 0, 0, 0, 0, 0, 0, 0]),
    ];
    let with_tables = |pixels: Vec<u8>| [explicit(&tables), pixels].concat();
    let even = with_tables(encapsulated(&[b"", b"abcd"]));
    let [kept, left_out] = with_and_without_tables(&even);
    assert_eq!(kept, (even, false));
    assert_eq!(left_out, (encapsulated(&[b"", b"abcd"]), false));
    let [kept, left_out] = with_and_without_tables(&with_tables(encapsulated(&[b"", b"abc"])));
    assert!(kept.1, "a length of 3 is 4 now");
    assert_eq!(left_out, (encapsulated(&[b"", b"abc\0"]), false));
}

#[test]
fn elements_of_the_data_set_itself_get_new_values() {
    let patient = leaf(PATIENT, *b"PN", b"Old^Name");
    let input = explicit(&[
        sequence((0x0008, 0x1140), vec![vec![patient.clone()]]),
        patient.clone(),
        leaf((0x0020, 0x0013), *b"IS", b""),
    ]);
    let options = RewriteOptions {
        edits: vec![
            (Tag(0x0020, 0x0011), b"7".to_vec()),
            (Tag(0x0010, 0x0010), b"New".to_vec()),
            (Tag(0x0020, 0x0013), b"12".to_vec()),
            (Tag(0x0008, 0x1140), b"no".to_vec()),
        ],
        ..RewriteOptions::default()
    };
    let expected = [
        sequence((0x0008, 0x1140), vec![vec![patient]]),
        leaf(PATIENT, *b"PN", b"New "),
        leaf((0x0020, 0x0013), *b"IS", b"12"),
    ];
    for to in [ExplicitLittle, ImplicitLittle, ExplicitBig] {
        let (out, absent) = with(options.clone(), to, &input);
        assert_eq!(out, encode(&expected, to, Lengths::Undefined));
        assert_eq!(absent, [Tag(0x0020, 0x0011), Tag(0x0008, 0x1140)]);
    }
}

#[test]
fn younger_vrs_become_bytes_on_request() {
    let options = RewriteOptions {
        old_vr_only: true,
        ..RewriteOptions::default()
    };
    let input = explicit(&[
        leaf((0x0008, 0x0119), *b"UC", b"ab"),
        leaf((0x0009, 0x1001), *b"UN", b"cd"),
        leaf((0x0066, 0x0016), *b"OF", &[1, 2, 3, 4]),
        leaf(PATIENT, *b"PN", b"ef"),
    ]);
    let expected = explicit(&[
        leaf((0x0008, 0x0119), *b"OB", b"ab"),
        leaf((0x0009, 0x1001), *b"OB", b"cd"),
        leaf((0x0066, 0x0016), *b"OB", &[1, 2, 3, 4]),
        leaf(PATIENT, *b"PN", b"ef"),
    ]);
    assert_eq!(with(options, ExplicitLittle, &input).0, expected);
}

#[test]
fn numbers_of_younger_vrs_that_become_bytes_are_little_endian() {
    let options = RewriteOptions {
        old_vr_only: true,
        ..RewriteOptions::default()
    };
    let floats = |vr| [leaf((0x0066, 0x0016), vr, &[1, 2, 3, 4])];
    for from in [ExplicitLittle, ExplicitBig] {
        for to in [ExplicitLittle, ExplicitBig] {
            let input = encode(&floats(*b"OF"), from, Lengths::Undefined);
            let rewriter = Rewriter::new(from, to, options.clone());
            let (out, _) = rewrite_in_pieces(rewriter, &input, &[3]).expect("good");
            let expected = encode(&floats(*b"OB"), to, Lengths::Undefined);
            assert_eq!(out, expected, "{from:?} {to:?}");
        }
    }
}

#[test]
fn a_deflated_data_set_may_be_followed_by_a_byte_of_padding() {
    let nodes = [leaf(PATIENT, *b"PN", b"AB")];
    let deflated = encode(&nodes, DeflatedExplicitLittle, Lengths::Defined);
    let padded = [deflated.as_slice(), &[0]].concat();
    for input in [deflated, padded] {
        let out = rewrite(DeflatedExplicitLittle, ExplicitLittle, &input);
        assert_eq!(out, Ok(explicit(&nodes)));
    }
}

#[test]
fn compression_is_as_hard_as_asked() {
    let input = explicit(&[leaf(PIXELS, *b"OW", &b"pixels".repeat(1000))]);
    let sizes = [0, 1, 9].map(|compression_level| {
        let options = RewriteOptions {
            compression_level,
            ..RewriteOptions::default()
        };
        let (out, _) = with(options, DeflatedExplicitLittle, &input);
        assert_eq!(inflate(&out), input);
        out.len()
    });
    assert!(sizes[0] > input.len(), "level 0 only wraps");
    assert!(
        sizes[1] < input.len() / 10 && sizes[2] <= sizes[1],
        "{sizes:?}"
    );
}

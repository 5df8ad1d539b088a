//! The head of a data set, and guesses at its encoding.

use super::ENCODINGS;
use super::model::{Lengths, Node, encode, leaf, sequence};
use crate::dataset::vr::{self, Vr};
use crate::dataset::{Encoding, Head, HeadScan, Sniffed, Tag, sniff};
use crate::registry::TRANSFER_SYNTAXES;
use crate::value::Uid;

fn nodes() -> Vec<Node> {
    let nested = leaf((0x0008, 0x0018), *b"UI", b"6.6\0");
    vec![
        leaf((0x0008, 0x0016), *b"UI", b"1.1\0"),
        leaf((0x0008, 0x0018), *b"UI", b"1.22"),
        sequence((0x0008, 0x1140), vec![vec![nested.clone()]]),
        leaf((0x0020, 0x000D), *b"UI", b"1.3 "),
        leaf((0x0020, 0x000E), *b"UI", b""),
        leaf((0x7FE0, 0x0010), *b"OW", &[0; 5000]),
    ]
}

#[test]
fn the_uids_of_the_data_set_itself_are_found_in_every_encoding() {
    let expected = Head {
        sop_class: Some("1.1".into()),
        sop_instance: Some("1.22".into()),
        study: Some("1.3".into()),
        series: Some("".into()),
    };
    for encoding in ENCODINGS {
        for lengths in [Lengths::Defined, Lengths::Undefined] {
            let bytes = encode(&nodes(), encoding, lengths);
            let mut scan = HeadScan::new(encoding);
            for byte in bytes.chunks(1) {
                scan.push(byte).expect("good");
            }
            assert_eq!(scan.finish(), Ok(expected.clone()), "{encoding:?}");
        }
    }
}

#[test]
fn what_a_data_set_lacks_is_absent() {
    let bytes = encode(&nodes()[1..3], Encoding::ImplicitLittle, Lengths::Defined);
    let mut scan = HeadScan::new(Encoding::ImplicitLittle);
    scan.push(&bytes).expect("good");
    assert!(!scan.is_past_head());
    let head = scan.finish().expect("whole");
    assert_eq!(head.sop_instance, Some("1.22".into()));
    assert_eq!(
        (head.sop_class, head.study, head.series),
        (None, None, None)
    );
}

#[test]
fn a_uid_of_any_length_is_kept_only_so_far_that_it_is_seen_to_be_too_long() {
    let long = leaf((0x0008, 0x0018), *b"UI", &vec![b'1'; 60_000]);
    let mut scan = HeadScan::new(Encoding::ExplicitLittle);
    let bytes = encode(&[long], Encoding::ExplicitLittle, Lengths::Defined);
    scan.push(&bytes).expect("good");
    let uid = scan.finish().expect("whole").sop_instance.expect("present");
    assert_eq!(uid, Uid::from("1".repeat(128).as_str()));
}

#[test]
fn the_encoding_of_a_bare_data_set_is_guessed_as_dcmtk_does() {
    for (bytes, expected) in [
        (b"\x08\0\x05\0CS".as_slice(), Some(Encoding::ExplicitLittle)),
        (b"\0\x08\0\x05CS", Some(Encoding::ExplicitBig)),
        (b"\x08\0\x05\0\x0a\0", Some(Encoding::ImplicitLittle)),
        // Known in both orders (a group length): the low group is the likely one.
        (b"\x08\0\0\0UL", Some(Encoding::ExplicitLittle)),
        (b"\0\x08\0\0UL", Some(Encoding::ExplicitBig)),
        // Known in neither.
        (b"\x08\x12\x77\x77UL", Some(Encoding::ExplicitLittle)),
        (b"\x08\x12\x77\x77\x04\0", Some(Encoding::ImplicitLittle)),
        // Implicit big endian is no transfer syntax.
        (b"\0\x08\0\x05\0\0", None),
        (b"\x08\0\x05\0C", None),
    ] {
        assert_eq!(
            sniff(bytes),
            expected.map(Sniffed::DataSet),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn files_are_told_by_what_they_begin_with() {
    let file = [[0xAA; 128].as_slice(), b"DICM"].concat();
    assert_eq!(sniff(&file), Some(Sniffed::File));
    assert_eq!(sniff(b"\x02\0\0\0UL"), Some(Sniffed::MetaWithoutPreamble));
}

#[test]
fn only_native_transfer_syntaxes_are_converted() {
    for syntax in &TRANSFER_SYNTAXES {
        let encoding = Encoding::from_transfer_syntax(syntax.uid);
        assert_eq!(encoding.is_none(), syntax.encapsulated, "{}", syntax.name);
        if let Some(encoding) = encoding {
            assert_eq!(encoding.transfer_syntax(), syntax.uid);
        }
    }
    assert_eq!(Encoding::from_transfer_syntax("1.2.3"), None);
    assert_eq!(Encoding::for_reading("1.2.3"), Encoding::ExplicitLittle);
}

#[test]
fn vrs_come_from_the_standard_and_from_the_block_reservation() {
    for (tag, vr) in [
        (Tag(0x0010, 0x0010), Vr::from_wire(*b"PN")),
        (Tag(0x0009, 0x0010), Vr::from_wire(*b"LO")),
        (Tag(0x0009, 0x1010), Some(Vr::UN)),
        (Tag(0x6002, 0x3000), Some(Vr::OW)),
        (Tag(0x0028, 0x3006), Some(Vr::OW)),
        (Tag(0x0028, 0x0106), Some(Vr::US_OR_SS)),
        (Tag(0x0008, 0x1140), Some(Vr::SQ)),
        (Tag(0x0008, 0x7777), Some(Vr::UN)),
    ] {
        assert_eq!(Some(Vr::of(tag)), vr, "{tag}");
    }
    assert!(vr::is_known(Tag(0x0009, 0x0000)) && !vr::is_known(Tag(0x0009, 0x1010)));
    assert_eq!(Vr::from_wire(*b"xs"), None);
}

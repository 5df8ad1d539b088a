//! Headers, fillers and texts, byte for byte.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::filler::{PIECE_BYTES_MAX, Piece, pieces, tail};
use super::super::header::{Content, EncodeError, HEADER_BYTES, Header, SegmentHead};
use super::super::layout::{BLOCK_BYTES, DATA_BYTES_MAX, member_bytes, tail_bytes};
use super::super::{Digest, ObjectMeta, SegmentId};
use super::{HEAD, meta};
use crate::value::{AeTitle, Uid};

fn header() -> Header {
    Header {
        segment: HEAD.segment,
        offset: 8192,
        name: "CT.1.2.3".to_owned(),
        data_len: 12_345,
        digest: Digest::of(b"data"),
        content: Content::Object(Box::new(meta(1))),
    }
}

fn decode(block: &[u8; HEADER_BYTES]) -> Option<Header> {
    Header::decode(block, Some(HEAD.segment), 8192)
}

#[test]
fn a_header_is_readable_text_between_headers_of_tar() {
    let block = header().encode().expect("legal");
    let text = String::from_utf8_lossy(&block);
    let (front, text) = text.split_once(" comment=").expect("a comment");
    assert!(front.starts_with(".pdvault/object\0") && front.ends_with("3072"));
    let lines: Vec<_> = text.lines().take(15).collect();
    let digest = format!("digest={}", Digest::of(b"data"));
    let expected = [
        "PDVAULT/1 object",
        "segment=0123456789abcdef0011223344556677",
        "at=8192",
        "length=12345",
        &digest,
        "received=1700000000123456790",
        "sop-class=1.2.840.10008.5.1.4.1.1.2",
        "sop-instance=1.2.3.1",
        "transfer-syntax=1.2.840.10008.1.2.1",
        "study=1.9",
        "series=1.9.1",
        "calling=MODALITY",
        "called=PDVAULT",
        "peer=192.0.2.1:4242",
    ];
    assert_eq!(lines[..14], expected);
    assert!(lines[14].starts_with("check="), "{}", lines[14]);
    assert_eq!(&block[3584..3593], b"CT.1.2.3\0");
}

#[test]
fn no_byte_of_a_header_can_change_unseen() {
    let block = header().encode().expect("legal");
    assert_eq!(decode(&block), Some(header()));
    for place in 0..block.len() {
        let mut damaged = block;
        damaged[place] ^= 1 << (place % 8);
        assert_eq!(decode(&damaged), None, "byte {place}");
    }
}

#[test]
fn a_header_elsewhere_or_of_another_segment_is_none() {
    let block = header().encode().expect("legal");
    assert!(Header::decode(&block, None, 8192).is_some());
    assert_eq!(Header::decode(&block, None, 4096), None);
    assert_eq!(Header::decode(&block, Some(SegmentId(7)), 8192), None);
}

#[test]
fn names_that_leave_a_directory_or_hide_are_refused() {
    let long = "x".repeat(256);
    for name in ["", ".", "..", ".hidden", "a/b", "a\0b", &long] {
        let name = name.to_owned();
        let header = Header {
            name: name.clone(),
            ..header()
        };
        assert_eq!(header.encode(), Err(EncodeError::Name { name }));
    }
}

#[test]
fn uids_and_data_that_are_too_long_are_refused() {
    let uid = Uid::from("1".repeat(65).as_str());
    let study = Some(uid.clone());
    let content = Content::Object(Box::new(ObjectMeta { study, ..meta(1) }));
    let long = Header {
        content,
        ..header()
    };
    assert_eq!(long.encode(), Err(EncodeError::Uid { uid }));
    let data_len = DATA_BYTES_MAX + 1;
    let long = Header {
        data_len,
        ..header()
    };
    assert_eq!(long.encode(), Err(EncodeError::Length { data_len }));
}

#[test]
fn the_longest_header_fits() {
    let uid = Uid::from_wire(&[0xff; 64]);
    let title = Some(AeTitle::from_wire([0xfe; 16]));
    let longest = Header {
        offset: u64::MAX,
        name: "é".repeat(127),
        data_len: DATA_BYTES_MAX,
        content: Content::Object(Box::new(ObjectMeta {
            sop_class: uid.clone(),
            sop_instance: uid.clone(),
            transfer_syntax: uid.clone(),
            study: Some(uid.clone()),
            series: Some(uid),
            calling: title,
            called: title,
            peer: "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
                .parse()
                .ok(),
            received_ns: u64::MAX,
        })),
        ..header()
    };
    let block = longest.encode().expect("all of it is bounded");
    assert_eq!(Header::decode(&block, None, u64::MAX), Some(longest));
}

#[test]
fn the_head_of_a_segment_comes_back_and_no_byte_of_it_can_change_unseen() {
    let block = HEAD.encode();
    assert_eq!(SegmentHead::decode(&block), Some(HEAD));
    for place in 0..block.len() {
        let mut damaged = block;
        damaged[place] ^= 1 << (place % 8);
        assert_eq!(SegmentHead::decode(&damaged), None, "byte {place}");
    }
}

#[test]
fn behind_data_of_any_length_comes_a_block() {
    for length in 0..2 * BLOCK_BYTES as u64 {
        let tail = tail(length);
        assert_eq!(tail.len(), tail_bytes(length));
        let end = member_bytes(length).expect("short");
        assert_eq!(end, BLOCK_BYTES as u64 + length + tail.len() as u64);
        assert_eq!(end % BLOCK_BYTES as u64, 0);
        let (zeroes, headers) = tail.split_at(tail.len() % 512);
        assert!(zeroes.iter().all(|&byte| byte == 0));
        assert!(headers.chunks(512).all(|header| header[156] == b'g'));
    }
    assert_eq!(member_bytes(DATA_BYTES_MAX + 1), None);
}

#[test]
fn pieces_fill_a_hole_without_a_gap() {
    let block = BLOCK_BYTES as u64;
    for length in [
        0,
        block,
        PIECE_BYTES_MAX,
        PIECE_BYTES_MAX + block,
        3 * PIECE_BYTES_MAX,
    ] {
        let mut end = 4096;
        for piece in pieces(HEAD.segment, 4096, length) {
            assert_eq!(piece.offset, end);
            assert!((block..=PIECE_BYTES_MAX).contains(&piece.length));
            let [front, back] = piece.patches();
            assert_eq!(front.offset, piece.offset);
            end += piece.length;
            assert_eq!(back.offset + back.bytes.len() as u64, end);
        }
        assert_eq!(end, 4096 + length);
    }
}

#[test]
fn a_piece_is_read_at_its_place_only() {
    let piece = pieces(HEAD.segment, 4096, 8192).next().expect("one piece");
    let mut block = [0; HEADER_BYTES];
    let [front, _] = piece.patches();
    block[..front.bytes.len()].copy_from_slice(&front.bytes);
    assert_eq!(Piece::decode(&block, None, 4096), Some(piece));
    assert_eq!(Piece::decode(&block, None, 8192), None);
    assert_eq!(Piece::decode(&block, Some(SegmentId(7)), 4096), None);
    for place in 0..front.bytes.len() {
        let mut damaged = block;
        damaged[place] ^= 0x10;
        assert_eq!(Piece::decode(&damaged, None, 4096), None, "byte {place}");
    }
}

fn any_uid() -> impl Strategy<Value = Uid> {
    vec(any::<u8>(), 0..=64).prop_map(|bytes| Uid::from_wire(&bytes))
}

fn any_title() -> impl Strategy<Value = Option<AeTitle>> {
    option::of(any::<[u8; 16]>().prop_map(AeTitle::from_wire))
}

fn any_meta() -> impl Strategy<Value = ObjectMeta> {
    let uids = (
        any_uid(),
        any_uid(),
        any_uid(),
        option::of(any_uid()),
        option::of(any_uid()),
    );
    let peer = option::of(any::<(std::net::IpAddr, u16)>());
    let rest = (any_title(), any_title(), peer, any::<u64>());
    (uids, rest).prop_map(|(uids, (calling, called, peer, received_ns))| ObjectMeta {
        sop_class: uids.0,
        sop_instance: uids.1,
        transfer_syntax: uids.2,
        study: uids.3,
        series: uids.4,
        calling,
        called,
        peer: peer.map(Into::into),
        received_ns,
    })
}

proptest! {
    #[test]
    fn every_header_comes_back_as_it_was(
        meta in any_meta(),
        name in "[^./\0][^/\0]{0,60}",
        segment in any::<u128>(),
        blocks in 0..=u64::MAX / 4096,
        data_len in 0..=DATA_BYTES_MAX,
        digest in any::<[u8; 32]>(),
    ) {
        let header = Header {
            segment: SegmentId(segment),
            offset: blocks * 4096,
            name,
            data_len,
            digest: digest.into(),
            content: Content::Object(Box::new(meta)),
        };
        let block = header.encode().expect("legal");
        prop_assert_eq!(Header::decode(&block, None, header.offset), Some(header));
    }

    #[test]
    fn no_block_of_whatever_bytes_panics(
        places in vec((0..HEADER_BYTES, any::<u8>()), 0..50),
        cut in 0..HEADER_BYTES,
        kind in 0..4,
    ) {
        let piece = pieces(HEAD.segment, 8192, 8192).next().expect("one piece");
        let mut block = match kind {
            0 => header().encode().expect("legal"),
            1 => HEAD.encode(),
            2 => [b'9'; HEADER_BYTES],
            _ => [0; HEADER_BYTES],
        };
        if kind == 3 {
            block[..1024].copy_from_slice(&piece.patches()[0].bytes);
        }
        for (place, byte) in places {
            block[place] = byte;
        }
        block[cut..].fill(0);
        let _ = Header::decode(&block, None, 8192);
        let _ = SegmentHead::decode(&block);
        let _ = Piece::decode(&block, None, 8192);
    }
}

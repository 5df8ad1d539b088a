//! Memory stays bounded, whatever comes.

use super::model::deflate;
use crate::dataset::{Encoding, HeadScan, RewriteOptions, Rewriter};

/// What a turn may give at most: generous, but a constant.
const TURN_OUT_MAX: usize = 2 << 20;

/// Feeds `count` copies of `piece`, and counts what comes out instead of keeping it.
fn pour(rewriter: &mut Rewriter, piece: &[u8], count: u64) -> u64 {
    let (mut out, mut total) = (Vec::new(), 0);
    for _ in 0..count {
        let mut rest = piece;
        while !rest.is_empty() {
            let taken = rewriter.push(rest, &mut out).expect("good");
            rest = &rest[taken..];
            total += out.len() as u64;
            assert!(out.capacity() <= TURN_OUT_MAX, "{} bytes", out.capacity());
            out.clear();
        }
    }
    total
}

#[test]
fn an_element_of_four_gigabytes_streams_through() {
    let length: u32 = 0xFFFF_FFFE;
    let mut rewriter = Rewriter::new(
        Encoding::ExplicitLittle,
        Encoding::ExplicitBig,
        RewriteOptions::default(),
    );
    let mut header = b"\xe0\x7f\x10\0OB\0\0".to_vec();
    header.extend(length.to_le_bytes());
    let piece = vec![7; 1 << 20];
    let mut total = pour(&mut rewriter, &header, 1);
    total += pour(&mut rewriter, &piece, u64::from(length >> 20));
    total += pour(&mut rewriter, &piece[..(length & 0xF_FFFF) as usize], 1);
    assert_eq!(total, 12 + u64::from(length));
    let mut end = Vec::new();
    rewriter.finish(&mut end).expect("whole");
    assert!(end.is_empty());
}

#[test]
fn what_inflates_to_a_thousand_times_its_size_comes_in_turns() {
    let length: u32 = 32 << 20;
    let mut data_set = b"\xe0\x7f\x10\0OW\0\0".to_vec();
    data_set.extend(length.to_le_bytes());
    data_set.resize(data_set.len() + length as usize, 0);
    let bomb = deflate(&data_set);
    assert!(bomb.len() < 400_000, "{} bytes", bomb.len());
    let mut rewriter = Rewriter::new(
        Encoding::DeflatedExplicitLittle,
        Encoding::ImplicitLittle,
        RewriteOptions::default(),
    );
    let mut total = pour(&mut rewriter, &bomb, 1);
    let mut end = Vec::new();
    rewriter.finish(&mut end).expect("whole");
    assert!(end.len() < TURN_OUT_MAX);
    total += end.len() as u64;
    assert_eq!(total, 8 + u64::from(length));
}

#[test]
fn empty_items_by_the_million_leave_in_turns() {
    let mut rewriter = Rewriter::new(
        Encoding::ImplicitLittle,
        Encoding::ExplicitBig,
        RewriteOptions::default(),
    );
    pour(&mut rewriter, b"\x08\0\x40\x11\xff\xff\xff\xff", 1);
    let items = b"\xfe\xff\0\xe0\0\0\0\0".repeat(1 << 17);
    assert_eq!(pour(&mut rewriter, &items, 1), items.len() as u64);
}

#[test]
fn a_scan_leaves_out_large_values() {
    let mut scan = HeadScan::new(Encoding::ExplicitLittle);
    let skip = scan
        .push(b"\xe0\x7f\x10\0OW\0\0\xfe\xff\xff\xffAB")
        .expect("good");
    assert_eq!(skip, 0xFFFF_FFFC);
    scan.skip(skip);
    assert!(scan.is_past_head());
    assert!(scan.finish().is_ok());
}

//! Segments as they are written.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::scan::{DigestCheck, Found, Scan};
use super::super::verify::inspect;
use super::super::writer::SegmentWriter;
use super::super::{Damage, Header, recover};
use super::{HEAD, Part, data, meta, open_segment, sealed_segment};

fn objects(bytes: &Vec<u8>) -> Vec<Header> {
    let scan = Scan::new(bytes, DigestCheck::From(0)).expect("memory");
    scan.filter_map(|found| match found.expect("memory") {
        Found::Member(member) if member.object().is_some() => Some(member),
        _ => None,
    })
    .collect()
}

/// Everything that a scan finds lies behind what it found before, up to the end.
fn assert_without_gaps(bytes: &Vec<u8>) {
    let mut end = 0;
    let scan = Scan::new(bytes, DigestCheck::From(0)).expect("memory");
    for found in scan {
        let (begin, next) = match found.expect("memory") {
            Found::Head(_) => (0, 4096),
            Found::Member(member) => (member.offset, member.end().min(bytes.len() as u64)),
            Found::Filler(extent) | Found::Hole(extent) | Found::Torn { extent, .. } => {
                (extent.offset, extent.end())
            }
        };
        assert_eq!(begin, end, "without a gap");
        assert!(next > begin, "something");
        end = next;
    }
    assert_eq!(end, bytes.len() as u64);
}

#[test]
fn a_streamed_object_is_as_one_that_was_there_at_once() {
    let data = data(1, 700_001);
    let write = |is_streamed: bool| {
        let target = Cursor::new(Vec::new());
        let mut writer = SegmentWriter::new(target, HEAD).expect("memory");
        if is_streamed {
            writer.append_from("CT.1", meta(1), &mut data.as_slice())
        } else {
            writer.append("CT.1", meta(1), &data)
        }
        .expect("legal");
        writer.seal().expect("few objects").1.into_inner()
    };
    assert_eq!(write(true), write(false));
}

#[test]
fn an_empty_segment_is_in_order() {
    let (bytes, _, sealed) = sealed_segment(&[]);
    assert_eq!(sealed.segment_len, bytes.len() as u64);
    let (verified, index) = inspect(&bytes, |_| ()).expect("memory");
    assert_eq!((verified.findings.len(), verified.objects), (0, 0));
    assert_eq!(index, sealed.index);
}

#[test]
fn an_empty_object_is_an_object() {
    let (bytes, places, _) = sealed_segment(&[Part::Object(0), Part::Object(1)]);
    assert_eq!(places, [4096, 8192]);
    assert_eq!(objects(&bytes).len(), 2);
}

#[test]
fn what_is_no_segment_can_not_be_recovered() {
    for bytes in [vec![], vec![0; 5000], vec![b'x'; 10_000]] {
        let error = recover(&bytes, DigestCheck::None).expect_err("no segment");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        assert_eq!(objects(&bytes), []);
        assert_without_gaps(&bytes);
    }
}

#[test]
fn an_open_segment_is_recognised_and_goes_on_where_it_ended() {
    let (mut bytes, _) = open_segment(&[Part::Object(5000), Part::Hole(3), Part::Object(10)]);
    let end = bytes.len() as u64;
    bytes.resize(bytes.len() + 100_000, 0);
    let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
    let damages: Vec<_> = verified
        .findings
        .iter()
        .map(|finding| finding.damage)
        .collect();
    assert_eq!(damages, [Damage::Hole, Damage::Unsealed]);
    let recovery = recover(&bytes, DigestCheck::None).expect("a segment");
    assert_eq!((recovery.end, recovery.index.len()), (end, 2));
    assert_eq!(recovery.torn_tail, None);
    let mut writer = recovery.repair(Cursor::new(bytes)).expect("memory");
    assert_eq!(writer.position(), end);
    writer.append("CT.new", meta(9), b"more").expect("legal");
    let (sealed, target) = writer.seal().expect("few objects");
    let mut bytes = target.into_inner();
    bytes.truncate(usize::try_from(sealed.segment_len).expect("small"));
    let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
    assert_eq!((verified.findings, verified.objects), (vec![], 3));
}

#[test]
fn a_segment_within_an_object_is_data_and_nothing_else() {
    let (inner, ..) = sealed_segment(&[Part::Object(100), Part::Object(20_000)]);
    let target = Cursor::new(Vec::new());
    let mut writer = SegmentWriter::new(target, HEAD).expect("memory");
    let outer = writer.append("outer", meta(1), &inner).expect("legal");
    let mut bytes = writer.into_inner().into_inner();
    assert_eq!(objects(&bytes), [outer]);
    // Even if the header around it is gone, and though it is of the same segment by its name.
    bytes[4096 + 600] ^= 1;
    assert_eq!(objects(&bytes), []);
}

fn any_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (0..20_000_usize).prop_map(Part::Object),
        1 => (1..300_u64).prop_map(Part::Hole),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_is_found_and_put_right(parts in vec(any_part(), 0..20)) {
        let (bytes, places) = open_segment(&parts);
        assert_without_gaps(&bytes);
        let found = objects(&bytes);
        let offsets: Vec<_> = found.iter().map(|member| member.offset).collect();
        prop_assert_eq!(&offsets, &places);
        for member in &found {
            let number: usize = member.name.rsplit('.').next().unwrap().parse().unwrap();
            let range = usize::try_from(member.data_offset()).unwrap()..usize::try_from(member.data_end()).unwrap();
            prop_assert_eq!(&bytes[range.clone()], data(number, range.len()));
            prop_assert_eq!(member.object(), Some(&meta(number)));
        }
        let recovery = recover(&bytes, DigestCheck::From(0)).expect("a segment");
        let (sealed, target) = recovery.seal(Cursor::new(bytes)).expect("memory");
        let bytes = target.into_inner();
        prop_assert_eq!(sealed.segment_len, bytes.len() as u64);
        let (verified, index) = inspect(&bytes, |_| ()).expect("memory");
        prop_assert_eq!(verified.findings, vec![]);
        prop_assert_eq!(verified.objects, places.len() as u64);
        prop_assert_eq!(index, sealed.index);
        prop_assert_eq!(objects(&bytes), found);
        assert_without_gaps(&bytes);
    }
}

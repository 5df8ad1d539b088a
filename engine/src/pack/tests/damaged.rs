//! Segments that something happened to: verify finds it, and nothing that is whole is lost.

use std::collections::BTreeSet;
use std::io::Cursor;

use proptest::prelude::*;

use super::super::recovery::recover;
use super::super::scan::{DigestCheck, Found, Scan};
use super::super::verify::inspect;
use super::super::{Damage, Header};
use super::{Part, open_segment, sealed_segment};

const PARTS: [Part; 8] = [
    Part::Object(100),
    Part::Object(4096),
    Part::Object(9000),
    Part::Object(0),
    Part::Object(70_000),
    Part::Object(512),
    Part::Object(4095),
    Part::Object(3585),
];

fn names(bytes: &Vec<u8>) -> BTreeSet<String> {
    let scan = Scan::new(bytes, DigestCheck::From(0)).expect("memory");
    scan.filter_map(|found| match found.expect("memory") {
        Found::Member(member) if member.object().is_some() => Some(member.name),
        _ => None,
    })
    .collect()
}

fn members(bytes: &Vec<u8>) -> Vec<Header> {
    let scan = Scan::new(bytes, DigestCheck::None).expect("memory");
    scan.filter_map(|found| match found.expect("memory") {
        Found::Member(member) if member.object().is_some() => Some(member),
        _ => None,
    })
    .collect()
}

/// Puts a segment right, whatever is wrong, and says that it is.
fn assert_recovers(bytes: &Vec<u8>, expected: &BTreeSet<String>) {
    let Ok(recovery) = recover(bytes, DigestCheck::From(0)) else {
        assert!(expected.is_empty(), "no object was left");
        return;
    };
    let (sealed, target) = recovery.seal(Cursor::new(bytes.clone())).expect("memory");
    let mut bytes = target.into_inner();
    bytes.truncate(usize::try_from(sealed.segment_len).expect("small"));
    let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
    let findings = verified.findings;
    let padding_only = findings
        .iter()
        .all(|finding| finding.damage == Damage::Padding);
    assert!(padding_only, "{findings:?}");
    assert_eq!(&names(&bytes), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_bit_that_flips_anywhere_is_found_and_costs_one_object_at_most(
        place in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let (whole, ..) = sealed_segment(&PARTS);
        let place = place.index(whole.len());
        let mut bytes = whole.clone();
        bytes[place] ^= 1_u8 << bit;
        let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
        prop_assert!(!verified.findings.is_empty(), "byte {place}");
        let hit = members(&whole).into_iter().find(|member| {
            (member.offset..member.data_end()).contains(&(place as u64))
        });
        let mut expected = names(&whole);
        if let Some(member) = hit {
            expected.remove(&member.name);
        }
        prop_assert_eq!(&names(&bytes), &expected);
        let blamed = verified.findings.iter().any(|finding| {
            let end = finding.extent.end().max(finding.extent.offset + 1);
            (finding.extent.offset..end).contains(&(place as u64))
        });
        prop_assert!(blamed, "byte {place}: {:?}", verified.findings);
        assert_recovers(&bytes, &expected);
    }

    #[test]
    fn a_segment_that_ends_anywhere_is_seen_to_and_keeps_what_is_whole(
        length in any::<prop::sample::Index>(),
    ) {
        let (whole, ..) = sealed_segment(&PARTS);
        let length = length.index(whole.len());
        let mut bytes = whole.clone();
        bytes.truncate(length);
        let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
        prop_assert!(!verified.findings.is_empty(), "{length} bytes");
        let expected = members(&whole)
            .into_iter()
            .filter(|member| member.data_end() <= length as u64)
            .map(|member| member.name)
            .collect();
        prop_assert_eq!(&names(&bytes), &expected);
    }

    #[test]
    fn bytes_that_are_overwritten_lose_no_object_elsewhere(
        from in any::<prop::sample::Index>(),
        length in 1..30_000_usize,
        byte in prop_oneof![Just(0), any::<u8>()],
    ) {
        let (whole, ..) = sealed_segment(&PARTS);
        let from = from.index(whole.len());
        let to = (from + length).min(whole.len());
        let mut bytes = whole.clone();
        bytes[from..to].fill(byte);
        let is_untouched = |member: &Header| {
            let range = usize::try_from(member.offset).unwrap()..usize::try_from(member.data_end()).unwrap();
            whole[range.clone()] == bytes[range]
        };
        let expected: BTreeSet<_> = members(&whole)
            .into_iter()
            .filter(is_untouched)
            .map(|member| member.name)
            .collect();
        prop_assert_eq!(&names(&bytes), &expected);
        assert_recovers(&bytes, &expected);
    }
}

#[test]
fn a_filler_whose_end_was_never_written_is_filled_again() {
    let (bytes, _) = open_segment(&[Part::Object(10), Part::Hole(40), Part::Object(20)]);
    let expected = names(&bytes);
    let recovery = recover(&bytes, DigestCheck::None).expect("a segment");
    let hole = recovery.lost[0].0;
    let writer = recovery.repair(Cursor::new(bytes)).expect("memory");
    let mut bytes = writer.into_inner().into_inner();
    let end = usize::try_from(hole.end()).expect("small");
    bytes[end - 1024..end].fill(0);
    let (verified, _) = inspect(&bytes, |_| ()).expect("memory");
    assert_eq!(verified.findings[0].damage, Damage::Filler);
    assert_recovers(&bytes, &expected);
}

#[test]
fn an_object_that_was_written_without_its_header_is_no_object_and_is_cut() {
    let (bytes, places) = open_segment(&[Part::Object(10), Part::Object(5000)]);
    let mut torn = bytes.clone();
    let place = usize::try_from(places[1]).expect("small");
    torn[place..place + 4096].fill(0);
    let recovery = recover(&torn, DigestCheck::None).expect("a segment");
    assert_eq!(recovery.index.len(), 1);
    assert_eq!(recovery.end, places[1]);
    let torn_tail = recovery.torn_tail.expect("data without a header");
    assert_eq!(torn_tail.offset, places[1] + 4096);
    let mut expected = names(&bytes);
    expected.remove("CT.1.2.3.1");
    assert_recovers(&torn, &expected);
}

//! Look-up, and indexes that something happened to.

use std::io;

use proptest::prelude::*;

use super::super::index::length_before;
use super::super::{Digest, Header, Index, IndexBuilder, IndexError, Key, layout::END_BYTES};
use super::{HEAD, Part, meta, sealed_segment};
use crate::pack::Content;
use crate::value::Uid;

fn member(number: usize) -> Header {
    Header {
        segment: HEAD.segment,
        offset: (number as u64 + 1) * 8192,
        name: format!("CT.1.2.3.{number}"),
        data_len: 1000 + number as u64,
        digest: Digest::of(b""),
        content: Content::Object(Box::new(meta(number))),
    }
}

fn index_of(count: usize) -> Vec<u8> {
    let mut builder = IndexBuilder::new(HEAD.segment);
    for number in 0..count {
        builder.push(&member(number)).expect("few objects");
    }
    assert_eq!((builder.len(), builder.is_empty()), (count, count == 0));
    builder
        .finish((count as u64 + 1) * 8192)
        .expect("few objects")
}

fn open(bytes: &Vec<u8>) -> io::Result<Index<&Vec<u8>>> {
    Index::open(bytes, 0, bytes.len() as u64)
}

fn uid(text: &str) -> Uid {
    Uid::from(text)
}

#[test]
fn every_object_is_found_by_instance_series_and_study() {
    for count in [0, 1, 10, 340, 341, 342, 5000] {
        let bytes = index_of(count);
        let index = open(&bytes).expect("whole");
        index.check_digest().expect("whole");
        assert_eq!(index.len() as usize, count);
        for number in 0..count {
            let uid = uid(&format!("1.2.3.{number}"));
            let found = index.look_up(Key::SopInstance(&uid)).expect("whole");
            let [entry] = &found[..] else {
                panic!("{number} of {count}: {found:?}");
            };
            assert_eq!(entry.offset, member(number).offset);
            assert_eq!(entry.data_len, 1000 + number as u64);
            assert_eq!(entry.name, format!("CT.1.2.3.{number}"));
            assert_eq!(entry.series, format!("1.9.{}", number % 10));
        }
        let series = uid("1.9.3");
        let in_series = index.look_up(Key::Series(&series)).expect("whole");
        assert_eq!(
            in_series.len(),
            (0..count).filter(|number| number % 10 == 3).count()
        );
        assert!(in_series.is_sorted_by_key(|entry| entry.offset));
        let study = index.look_up(Key::Study(&uid("1.9"))).expect("whole");
        assert_eq!(study.len(), count);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let bytes = index_of(2000);
    let index = open(&bytes).expect("whole");
    for number in 2000..4000 {
        let uid = uid(&format!("1.2.3.{number}"));
        assert_eq!(index.look_up(Key::SopInstance(&uid)).expect("whole"), []);
        assert_eq!(index.look_up(Key::Study(&uid)).expect("whole"), []);
    }
}

#[test]
fn an_index_is_found_from_the_end_of_its_segment() {
    let (bytes, _, sealed) = sealed_segment(&[Part::Object(10), Part::Object(5000)]);
    let end = (bytes.len() - END_BYTES) as u64;
    let length = length_before(&bytes, end)
        .expect("memory")
        .expect("an index");
    assert_eq!(length, sealed.index.len() as u64);
    let index = Index::open(&bytes, end - length, length).expect("whole");
    assert_eq!(index.segment_len(), bytes.len() as u64);
    assert_eq!(index.segment(), HEAD.segment);
    assert_eq!(length_before(&bytes, end - 1).expect("memory"), None);
    assert_eq!(length_before(&bytes, 5).expect("memory"), None);
}

/// The reason within an error.
fn reason(error: &io::Error) -> Option<IndexError> {
    error.get_ref()?.downcast_ref().copied()
}

#[test]
fn other_files_and_versions_are_told_apart() {
    let bytes = index_of(3);
    let mut cut = bytes.clone();
    cut.pop();
    let mut newer = bytes.clone();
    newer[8] = 9;
    let mut other = bytes.clone();
    other[0] = b'X';
    let mut damaged = bytes.clone();
    damaged[50] ^= 1;
    for (bytes, expected) in [
        (
            cut,
            IndexError::Length {
                said: 4096,
                actual: 4095,
            },
        ),
        (newer, IndexError::Version(9)),
        (other, IndexError::Head),
        (damaged, IndexError::Head),
        (vec![], IndexError::Head),
    ] {
        let error = open(&bytes).expect_err("no index");
        assert_eq!(reason(&error), Some(expected));
    }
}

proptest! {
    #[test]
    fn a_bit_that_flips_anywhere_is_found(place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = index_of(50);
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        let checked = open(&bytes).and_then(|index| index.check_digest());
        prop_assert!(checked.is_err(), "byte {place}");
    }

    /// The head is made to fit, so that damage behind it is met.
    #[test]
    fn damage_behind_the_head_never_panics_and_never_gives_another_object(
        damage in proptest::collection::vec((128..20_000_usize, any::<u8>()), 1..200),
        number in 0..100_usize,
    ) {
        let mut bytes = index_of(100);
        for (place, byte) in damage {
            if let Some(target) = bytes.get_mut(place) {
                *target = byte;
            }
        }
        let index = open(&bytes).expect("the head is whole");
        let wanted = uid(&format!("1.2.3.{number}"));
        if let Ok(found) = index.look_up(Key::SopInstance(&wanted)) {
            prop_assert!(found.iter().all(|entry| entry.sop_instance == wanted.as_str()));
        }
        let _ = index.look_up(Key::Study(&uid("1.9")));
        let _ = index.entry(number.try_into().unwrap());
    }

    #[test]
    fn whatever_is_called_an_index_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
        prop_assert!(open(&bytes).is_err());
        let mut bytes = bytes;
        let head = index_of(0);
        for (place, byte) in head.iter().take(16).enumerate() {
            if let Some(target) = bytes.get_mut(place) {
                *target = *byte;
            }
        }
        prop_assert!(open(&bytes).is_err());
    }
}

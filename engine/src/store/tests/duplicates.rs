//! Names that are taken, one object at a time and all at once.

use std::fs;
use std::thread;

use super::support::*;
use crate::store::{Durability, OnDuplicate, Outcome, Store, StoreConfig, StoreFailure};

fn fixture(path: &std::path::Path, on_duplicate: OnDuplicate) -> Fixture {
    Fixture::new(StoreConfig {
        on_duplicate,
        ..StoreConfig::new(path)
    })
}

#[test]
fn overwrite_replaces_the_old_copy() {
    for temporary in directories() {
        let fixture = fixture(temporary.path(), OnDuplicate::Overwrite);
        let (old, new) = (Sample::new("1.2", 70_000, 1), Sample::new("1.2", 30_000, 2));
        assert_eq!(
            fixture.side.store(&old).expect("stored").outcome(),
            Outcome::New
        );
        assert_eq!(
            fixture.side.store(&new).expect("stored").outcome(),
            Outcome::Replaced
        );
        assert!(fixture.read("CT.1.2") == new.file());
        assert_eq!(fixture.names(), ["CT.1.2"]);
    }
}

#[test]
fn overwrite_replaces_a_link_and_not_what_it_points_to() {
    let temporary = directory();
    let target = temporary.path().join("target");
    fs::write(&target, b"precious").expect("written");
    let fixture = fixture(&temporary.path().join("out"), OnDuplicate::Overwrite);
    std::os::unix::fs::symlink(&target, fixture.path.join("CT.1.2")).expect("linked");
    let sample = Sample::new("1.2", 10, 0);
    assert_eq!(
        fixture.side.store(&sample).expect("stored").outcome(),
        Outcome::Replaced
    );
    assert_eq!(fs::read(&target).expect("untouched"), b"precious");
    assert!(fixture.read("CT.1.2") == sample.file());
}

#[test]
fn keep_numbers_the_later_ones() {
    for temporary in directories() {
        let mut config = StoreConfig::new(temporary.path());
        config.on_duplicate = OnDuplicate::Keep;
        config.filename_extension = ".dcm".to_owned();
        let fixture = Fixture::new(config);
        let names = ["CT.1.2.dcm", "CT.1.2_0001.dcm", "CT.1.2_0002.dcm"];
        for (seed, name) in names.into_iter().enumerate() {
            let sample = Sample::new("1.2", 50, seed as u8);
            let receipt = fixture.side.store(&sample).expect("stored");
            assert_eq!(receipt.path(), fixture.path.join(name));
            let outcome = if seed == 0 {
                Outcome::New
            } else {
                Outcome::KeptBoth
            };
            assert_eq!(receipt.outcome(), outcome);
            assert!(fixture.read(name) == sample.file());
        }
        assert_eq!(fixture.names().len(), 3);
    }
}

#[test]
fn refuse_fails_and_keeps_the_old_copy() {
    for temporary in directories() {
        let fixture = fixture(temporary.path(), OnDuplicate::Refuse);
        let old = Sample::new("1.2", 100, 1);
        fixture.side.store(&old).expect("stored");
        let failure = fixture.side.store(&Sample::new("1.2", 3 * CHUNK_BYTES, 2));
        let path = fixture.path.join("CT.1.2");
        assert_eq!(
            failure.expect_err("refused"),
            StoreFailure::Duplicate { path }
        );
        assert!(fixture.read("CT.1.2") == old.file());
        assert_eq!(fixture.names(), ["CT.1.2"]);
        fixture.side.assert_all_chunks_free();
    }
}

#[test]
fn a_name_that_two_uids_share_never_replaces() {
    let temporary = directory();
    let fixture = fixture(temporary.path(), OnDuplicate::Overwrite);
    let plain = Sample::new("1_2", 20, 1);
    fixture.side.store(&plain).expect("stored");
    for (uid, outcome) in [("1/2", Outcome::KeptBoth), ("1\\2", Outcome::KeptBoth)] {
        let receipt = fixture
            .side
            .store(&Sample::new(uid, 20, 2))
            .expect("stored");
        assert_eq!(receipt.outcome(), outcome);
    }
    assert_eq!(fixture.names(), ["CT.1_2", "CT.1_2_0001", "CT.1_2_0002"]);
    assert!(fixture.read("CT.1_2") == plain.file());
}

#[test]
fn same_writes_identical_data_once_whoever_sends_it() {
    for temporary in directories() {
        let fixture = fixture(temporary.path(), OnDuplicate::Same);
        for (uid, len) in [("1.1", 0), ("1.2", 900), ("1.3", 6 * CHUNK_BYTES + 77)] {
            let mut sample = Sample::new(uid, len, 5);
            assert_eq!(
                fixture.side.store(&sample).expect("stored").outcome(),
                Outcome::New
            );
            let first = sample.file();
            // Another header length: the data sets no longer begin at the same place.
            sample.sender = "ANOTHER_SENDER";
            let receipt = fixture.side.store(&sample).expect("stored");
            assert_eq!(receipt.outcome(), Outcome::Identical);
            assert_eq!(receipt.path(), fixture.path.join(sample.name()));
            assert!(fixture.read(&sample.name()) == first, "the first one stays");
        }
        assert_eq!(fixture.names(), ["CT.1.1", "CT.1.2", "CT.1.3"]);
        fixture.side.assert_all_chunks_free();
    }
}

#[test]
fn same_keeps_both_when_they_differ_anywhere() {
    for temporary in directories() {
        let fixture = fixture(temporary.path(), OnDuplicate::Same);
        let len = 6 * CHUNK_BYTES + 77;
        let old = Sample::new("1.2", len, 5);
        fixture.side.store(&old).expect("stored");
        let mut others = Vec::new();
        for place in [0, CHUNK_BYTES, 3 * CHUNK_BYTES + 5, len - 1] {
            let mut other = old.clone();
            other.sender = "OTHER";
            other.data[place] ^= 1;
            others.push(other);
        }
        others.push(Sample {
            data: old.data[..len - 1].to_vec(),
            ..old.clone()
        });
        others.push(Sample {
            data: [&old.data[..], b"!"].concat(),
            ..old.clone()
        });
        others.push(Sample {
            data: Vec::new(),
            ..old.clone()
        });
        others.push(Sample {
            syntax: IMPLICIT_LE,
            ..old.clone()
        });
        for (index, other) in others.iter().enumerate() {
            let receipt = fixture.side.store(other).expect("stored");
            assert_eq!(receipt.outcome(), Outcome::KeptBoth, "{index}");
            let name = format!("CT.1.2_{:04}", index + 1);
            assert_eq!(receipt.path(), fixture.path.join(&name));
            assert_eq!(receipt.bytes(), other.file().len() as u64);
            assert!(fixture.read(&name) == other.file(), "{index}");
        }
        assert!(fixture.read("CT.1.2") == old.file());
        assert_eq!(fixture.names().len(), 1 + others.len());
        fixture.side.assert_all_chunks_free();
    }
}

#[test]
fn same_keeps_both_when_the_old_file_is_no_object() {
    let temporary = directory();
    let fixture = fixture(temporary.path(), OnDuplicate::Same);
    fs::write(fixture.path.join("CT.1.1"), b"").expect("an empty file");
    fs::write(fixture.path.join("CT.1.2"), vec![0; 5000]).expect("no object");
    fs::create_dir(fixture.path.join("CT.1.3")).expect("no file");
    for uid in ["1.1", "1.2", "1.3"] {
        let sample = Sample::new(uid, 5000, 0);
        assert_eq!(
            fixture.side.store(&sample).expect("stored").outcome(),
            Outcome::KeptBoth
        );
        assert!(fixture.read(&format!("CT.{uid}_0001")) == sample.file());
    }
}

/// What eight associations get that send the same UID at the same time, and the names then there.
fn race(
    on_duplicate: OnDuplicate,
    seed_of: impl Fn(usize) -> u8 + Sync,
) -> (Vec<String>, Vec<String>) {
    let temporary = directory();
    let durability = Durability::None;
    let config = StoreConfig {
        durability,
        on_duplicate,
        ..StoreConfig::new(temporary.path())
    };
    let store = Store::open(config).expect("opened");
    let mut outcomes: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let side = Side::new(&store);
                let sample = Sample::new("1.2", 2 * CHUNK_BYTES, seed_of(thread));
                scope.spawn(move || match side.store(&sample) {
                    Ok(receipt) => format!("{:?}", receipt.outcome()),
                    Err(StoreFailure::Duplicate { .. }) => "Duplicate".to_owned(),
                    Err(other) => panic!("{other}"),
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("answered"))
            .collect()
    });
    outcomes.sort();
    let names = names_in(temporary.path());
    (outcomes, names)
}

#[test]
fn of_many_at_once_each_ends_as_the_rule_says() {
    for _ in 0..10 {
        let (outcomes, names) = race(OnDuplicate::Overwrite, |thread| thread as u8);
        assert_eq!(
            (outcomes.iter().filter(|o| *o == "New").count(), names.len()),
            (1, 1)
        );
        let (outcomes, names) = race(OnDuplicate::Keep, |thread| thread as u8);
        assert_eq!(
            (
                outcomes.iter().filter(|o| *o == "KeptBoth").count(),
                names.len()
            ),
            (7, 8)
        );
        let (outcomes, names) = race(OnDuplicate::Refuse, |thread| thread as u8);
        assert_eq!(
            (
                outcomes.iter().filter(|o| *o == "Duplicate").count(),
                names.len()
            ),
            (7, 1)
        );
        let (outcomes, names) = race(OnDuplicate::Same, |_| 1);
        assert_eq!(
            (
                outcomes.iter().filter(|o| *o == "Identical").count(),
                names.len()
            ),
            (7, 1)
        );
    }
}

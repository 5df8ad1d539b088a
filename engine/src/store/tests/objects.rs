//! Objects of all sizes and manners come out as they went in.

use std::os::unix::fs::MetadataExt;
use std::thread;

use proptest::prelude::*;

use super::support::*;
use crate::landing::{BLOCK_BYTES, Slot};
use crate::store::{
    Discarding, Durability, OpenError, Outcome, Store, StoreConfig, StoreFailure, WRITERS_MAX,
};

#[test]
fn objects_of_every_size_are_stored_whole_on_every_file_system() {
    for temporary in directories() {
        for durability in [Durability::Object, Durability::None] {
            let path = temporary.path().join(format!("{durability:?}"));
            let fixture = Fixture::new(StoreConfig {
                durability,
                ..StoreConfig::new(path)
            });
            let header = Sample::new("1", 0, 0).header().len();
            let sizes = [
                0,
                2,
                BLOCK_BYTES - header,
                CHUNK_BYTES - header,
                3 * CHUNK_BYTES,
            ];
            for (index, size) in sizes.iter().flat_map(|&n| [n, n + 1, n + 4097]).enumerate() {
                let sample = Sample::new(&format!("1.2.{index}"), size, index as u8);
                let receipt = fixture.side.store(&sample).expect("stored");
                assert_eq!(receipt.outcome(), Outcome::New);
                assert_eq!(receipt.path(), fixture.path.join(sample.name()));
                assert_eq!(receipt.bytes(), sample.file().len() as u64);
                assert!(
                    fixture.read(&sample.name()) == sample.file(),
                    "{size} bytes"
                );
            }
            assert_eq!(fixture.names().len(), 15);
            fixture.side.assert_all_chunks_free();
        }
    }
}

#[test]
fn a_large_object_keeps_no_reserved_space() {
    for temporary in directories() {
        let fixture = Fixture::new(StoreConfig::new(temporary.path()));
        let sample = Sample::new("1.2", (9 << 20) + 123, 3);
        fixture.side.store(&sample).expect("stored");
        assert!(fixture.read("CT.1.2") == sample.file());
        let metadata = temporary.path().join("CT.1.2").metadata().expect("there");
        let used = metadata.blocks() * 512;
        assert!(
            used <= metadata.len() + (1 << 20),
            "{used} bytes for {}",
            metadata.len()
        );
    }
}

#[test]
fn an_object_without_any_bytes_becomes_an_empty_file() {
    let temporary = directory();
    let fixture = Fixture::new(StoreConfig::new(temporary.path()));
    fixture
        .side
        .begin(&Sample::new("1.2", 0, 0))
        .commit(None, fixture.side.reply(1));
    assert_eq!(fixture.side.verdict().result.expect("stored").bytes(), 0);
    assert!(fixture.read("CT.1.2").is_empty());
}

#[test]
fn the_extension_and_unique_names_are_applied() {
    let temporary = directory();
    let config = StoreConfig {
        unique_filenames: true,
        filename_extension: ".dcm".to_owned(),
        ..StoreConfig::new(temporary.path())
    };
    let fixture = Fixture::new(config);
    for _ in 0..3 {
        let receipt = fixture
            .side
            .store(&Sample::new("1.2", 10, 0))
            .expect("stored");
        assert_eq!(receipt.outcome(), Outcome::New);
    }
    let names = fixture.names();
    assert_eq!(names.len(), 3);
    for name in names {
        let unique = name
            .strip_prefix("CT.X.2.25.")
            .and_then(|rest| rest.strip_suffix(".dcm"));
        let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(unique.is_some_and(is_decimal), "{name}");
    }
}

#[test]
fn hostile_uids_stay_inside_the_directory_and_bad_ones_fail() {
    let temporary = directory();
    let path = temporary.path().join("out");
    let fixture = Fixture::new(StoreConfig::new(&path));
    let mut sample = Sample::new("1.2", 10, 0);
    for (uid, name) in [
        ("../x", "CT..._x"),
        ("/etc/x", "CT._etc_x"),
        ("..", "CT..."),
    ] {
        sample.uid = uid.to_owned();
        fixture.side.store(&sample).expect("stored");
        assert!(fixture.names().contains(&name.to_owned()), "{name}");
    }
    assert_eq!(names_in(temporary.path()), ["out"]);
    for uid in [String::new(), "1".repeat(1000)] {
        let mut head = sample.head();
        head.sop_instance = crate::value::Uid::from(uid.as_str());
        fixture
            .side
            .store
            .begin(head)
            .commit(None, fixture.side.reply(1));
        let failure = fixture.side.verdict().result.expect_err("no name");
        assert!(
            matches!(failure, StoreFailure::UnusableName { .. }),
            "{failure}"
        );
    }
    assert_eq!(fixture.names().len(), 3);
}

#[test]
fn an_object_that_is_dropped_leaves_nothing_and_gets_no_verdict() {
    for temporary in directories() {
        let fixture = Fixture::new(StoreConfig::new(temporary.path()));
        let sample = Sample::new("1.2", 5 * CHUNK_BYTES, 0);
        drop(fixture.side.begin(&sample));
        let mut incoming = fixture.side.begin(&sample);
        fixture
            .side
            .land(&mut Slot::new(), &mut incoming, &sample.file());
        drop(incoming);
        fixture.side.assert_all_chunks_free();
        let names = fixture.names();
        let side = fixture.side;
        fixture.store.shutdown();
        assert!(side.verdicts.try_recv().is_err(), "nobody asked");
        let is_hidden = |name: &String| name.starts_with('.');
        assert!(names.iter().all(is_hidden), "{names:?}");
        assert!(names_in(temporary.path()).is_empty());
    }
}

#[test]
fn shutdown_finishes_what_was_committed_and_answers_the_rest() {
    let temporary = directory();
    let fixture = Fixture::new(StoreConfig::new(temporary.path()));
    let samples: Vec<_> = (0..40)
        .map(|i| Sample::new(&format!("1.{i}"), 3000 * i, i as u8))
        .collect();
    for (ticket, sample) in samples.iter().enumerate() {
        fixture.side.send(sample, ticket as u64);
    }
    let late = Sample::new("1.99", 2 * CHUNK_BYTES, 0);
    let mut incoming = fixture.side.begin(&late);
    let mut slot = Slot::new();
    fixture.side.land(&mut slot, &mut incoming, &late.file());
    let side = fixture.side;
    fixture.store.shutdown();
    assert_eq!(side.verdicts.len(), 40, "no verdict before the commit");
    incoming.commit(slot.finish(), side.reply(99));
    let mut verdicts: Vec<_> = side.verdicts.try_iter().collect();
    verdicts.sort_by_key(|verdict| verdict.ticket);
    assert_eq!(verdicts.len(), 41);
    assert!(verdicts[..40].iter().all(|verdict| verdict.result.is_ok()));
    assert_eq!(
        (verdicts[40].ticket, &verdicts[40].result),
        (99, &Err(StoreFailure::ShutDown))
    );
    assert!(
        side.store(&late)
            .is_err_and(|failure| failure == StoreFailure::ShutDown)
    );
    assert_eq!(names_in(temporary.path()).len(), 40);
    side.assert_all_chunks_free();
}

#[test]
fn bytes_for_a_store_that_is_gone_bring_no_verdict_before_the_commit() {
    let temporary = directory();
    let Fixture { store, side, .. } = Fixture::new(StoreConfig::new(temporary.path()));
    store.shutdown();
    let sample = Sample::new("1.2", 3 * CHUNK_BYTES, 0);
    // One object is dropped on its way, one is committed.
    for committed in [false, true] {
        let (mut slot, mut incoming) = (Slot::new(), side.begin(&sample));
        side.land(&mut slot, &mut incoming, &sample.file());
        assert!(side.verdicts.is_empty(), "not committed yet");
        if committed {
            incoming.commit(slot.finish(), side.reply(2));
        }
    }
    let verdict = side.verdict();
    assert_eq!(
        (verdict.ticket, verdict.result),
        (2, Err(StoreFailure::ShutDown))
    );
    assert!(side.verdicts.is_empty(), "one verdict for one commit");
    side.assert_all_chunks_free();
}

#[test]
fn every_commit_that_meets_the_shutdown_is_answered_once() {
    const OBJECTS: u64 = 50;
    for _ in 0..20 {
        let temporary = directory();
        let Fixture { store, side, .. } = Fixture::new(StoreConfig {
            writers: 2,
            queue_depth: 4,
            durability: Durability::None,
            ..StoreConfig::new(temporary.path())
        });
        thread::scope(|scope| {
            scope.spawn(|| {
                for ticket in 0..OBJECTS {
                    side.send(&Sample::new(&format!("1.{ticket}"), 10, 0), ticket);
                }
            });
            scope.spawn(|| store.shutdown());
        });
        // The side still holds the store's handle: queues that outlive their writers would show.
        let mut tickets: Vec<_> = (0..OBJECTS).map(|_| side.verdict().ticket).collect();
        tickets.sort_unstable();
        assert_eq!(tickets, (0..OBJECTS).collect::<Vec<_>>());
        assert!(side.verdicts.is_empty());
        side.assert_all_chunks_free();
    }
}

#[test]
fn a_reader_that_is_gone_stops_nobody() {
    let temporary = directory();
    let fixture = Fixture::new(StoreConfig::new(temporary.path()));
    let gone = Side::new(&fixture.store);
    for i in 0..20 {
        gone.send(&Sample::new(&format!("1.{i}"), 100, 0), i);
    }
    drop(gone);
    fixture
        .side
        .store(&Sample::new("2.1", 100, 0))
        .expect("stored");
    fixture.store.shutdown();
    assert_eq!(names_in(temporary.path()).len(), 21);
}

#[test]
fn many_associations_at_once_get_each_its_verdict() {
    const THREADS: usize = 6;
    const OBJECTS: usize = 60;
    for temporary in directories() {
        let config = StoreConfig {
            writers: 3,
            queue_depth: 2,
            ..StoreConfig::new(temporary.path())
        };
        let store = Store::open(config).expect("opened");
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let side = Side::new(&store);
                scope.spawn(move || {
                    for object in 0..OBJECTS {
                        let uid = format!("{thread}.{object}");
                        let sample = Sample::new(&uid, object * 1500, thread as u8);
                        side.send(&sample, object as u64);
                    }
                    let mut tickets: Vec<_> = (0..OBJECTS).map(|_| side.verdict()).collect();
                    tickets.sort_by_key(|verdict| verdict.ticket);
                    for (object, verdict) in tickets.iter().enumerate() {
                        assert_eq!(verdict.ticket, object as u64);
                        assert_eq!(
                            verdict.result.as_ref().expect("stored").outcome(),
                            Outcome::New
                        );
                    }
                });
            }
        });
        assert_eq!(names_in(temporary.path()).len(), THREADS * OBJECTS);
        for thread in 0..THREADS {
            let sample = Sample::new(&format!("{thread}.59"), 59 * 1500, thread as u8);
            let stored = std::fs::read(temporary.path().join(sample.name())).expect("there");
            assert!(stored == sample.file());
        }
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let temporary = directory();
    let good = StoreConfig::new(temporary.path());
    let refused = |config| Store::open(config).expect_err("refused");
    for writers in [0, WRITERS_MAX + 1] {
        let config = StoreConfig {
            writers,
            ..good.clone()
        };
        assert_eq!(refused(config), OpenError::Writers { writers });
    }
    assert_eq!(
        refused(StoreConfig {
            queue_depth: 0,
            ..good.clone()
        }),
        OpenError::QueueDepth
    );
    for extension in ["/x", "a\0", &"x".repeat(65)] {
        let config = StoreConfig {
            filename_extension: extension.to_owned(),
            ..good.clone()
        };
        assert!(matches!(refused(config), OpenError::Extension { .. }));
    }
}

#[test]
fn a_receiver_that_discards_gives_receipts_that_say_so() {
    let receipt = Discarding::new().receipt();
    assert_eq!((receipt.outcome(), receipt.bytes()), (Outcome::Ignored, 0));
    assert_eq!(receipt.path(), std::path::Path::new(""));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_landing_and_spilling_gives_the_same_file(
        steps in proptest::collection::vec((0..3 * CHUNK_BYTES, any::<bool>()), 0..12),
    ) {
        for temporary in directories() {
            let config =
                StoreConfig { durability: Durability::None, ..StoreConfig::new(temporary.path()) };
            let fixture = Fixture::new(config);
            let total = steps.iter().map(|step| step.0).sum();
            let sample = Sample::new("1.2", total, 9);
            let file = sample.file();
            let (mut slot, mut incoming) = (Slot::new(), fixture.side.begin(&sample));
            let mut rest = &file[..];
            for &(len, spill) in &steps {
                let (part, after) = rest.split_at(len.min(rest.len()));
                rest = after;
                fixture.side.land(&mut slot, &mut incoming, part);
                if spill && let Some(extent) = slot.spill() {
                    incoming.write(extent);
                }
            }
            fixture.side.land(&mut slot, &mut incoming, rest);
            incoming.commit(slot.finish(), fixture.side.reply(1));
            fixture.side.verdict().result.expect("stored");
            prop_assert!(fixture.read("CT.1.2") == file);
        }
    }
}

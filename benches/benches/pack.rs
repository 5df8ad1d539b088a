//! What a pack costs besides the disk: digests of objects, and the look-up of one among ten million.

use std::fs::File;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pdvault_engine::pack::{
    Content, Digest, Header, Index, IndexBuilder, Key, ObjectMeta, ReadAt, SegmentId,
};
use pdvault_engine::value::Uid;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// All objects of the look-up.
const OBJECTS: usize = 10_000_000;

/// Objects of a study.
const STUDY_OBJECTS: usize = 500;

fn digests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("digest");
    for length in [8 << 10, 512 << 10] {
        let data: Vec<u8> = (0..=255).cycle().take(length).collect();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("blake3/{length}"), |bencher| {
            bencher.iter(|| Digest::of(black_box(&data)));
        });
        group.bench_function(format!("sha256/{length}"), |bencher| {
            bencher.iter(|| Sha256::digest(black_box(&data)));
        });
    }
    group.finish();
}

fn instance(number: usize) -> Uid {
    Uid::from(format!("1.2.840.113619.2.55.3.2831160706.{number}").as_str())
}

fn member(number: usize) -> Header {
    let study = number / STUDY_OBJECTS;
    Header {
        segment: SegmentId(1),
        offset: 4096,
        name: format!("CT.1.2.840.113619.2.55.3.2831160706.{number}"),
        data_len: 100 << 10,
        digest: Digest::of(&[]),
        content: Content::Object(Box::new(ObjectMeta {
            sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance: instance(number),
            transfer_syntax: Uid::from("1.2.840.10008.1.2.1"),
            study: Some(Uid::from(format!("1.2.840.113619.2.55.{study}").as_str())),
            series: Some(Uid::from(format!("1.2.840.113619.2.55.{study}.1").as_str())),
            calling: None,
            called: None,
            peer: None,
            received_ns: 0,
        })),
    }
}

/// [`OBJECTS`] in so many indexes.
fn indexes(directory: &TempDir, count: usize) -> Vec<Index<File>> {
    let each = OBJECTS / count;
    let make = |number: usize| {
        let mut builder = IndexBuilder::new(SegmentId(1));
        for object in number * each..(number + 1) * each {
            builder.push(&member(object)).expect("not too many");
        }
        let path = directory.path().join(format!("{count}-{number}.idx"));
        let bytes = builder.finish(4096).expect("not too many");
        std::fs::write(&path, bytes).expect("room for the indexes");
        let file = File::open(&path).expect("just written");
        let length = file.byte_count().expect("readable");
        Index::open(file, 0, length).expect("whole")
    };
    (0..count).map(make).collect()
}

fn look_ups(criterion: &mut Criterion) {
    let directory = TempDir::new().expect("a directory for 4 GB of indexes");
    let mut group = criterion.benchmark_group("look_up");
    for count in [250, 1] {
        let indexes = indexes(&directory, count);
        let mut number = 0;
        group.bench_function(format!("instance/{count}x{}", OBJECTS / count), |bencher| {
            bencher.iter(|| {
                // Here and there, so that no two are neighbours.
                number = (number + 6_700_417) % OBJECTS;
                let uid = instance(number);
                let found = indexes.iter().map(|index| {
                    let entries = index.look_up(Key::SopInstance(&uid));
                    entries.expect("whole").len()
                });
                assert_eq!(found.sum::<usize>(), 1);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = digests, look_ups
}
criterion_main!(benches);

mod common;

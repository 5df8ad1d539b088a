//! Segments made and unmade in memory. `engine/tests/pack_tar.rs` lets other programs read them.

mod damaged;
mod headers;
mod indexes;
mod whole;

use std::io::Cursor;

use super::header::SegmentHead;
use super::writer::SegmentWriter;
use super::{BLOCK_BYTES, ObjectMeta, Sealed, SegmentId};
use crate::value::{AeTitle, Uid};

const HEAD: SegmentHead = SegmentHead {
    segment: SegmentId(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
    created_ns: 1_700_000_000_123_456_789,
};

/// Object `number` of a study of ten series.
fn meta(number: usize) -> ObjectMeta {
    ObjectMeta {
        sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance: Uid::from(format!("1.2.3.{number}").as_str()),
        transfer_syntax: Uid::from("1.2.840.10008.1.2.1"),
        study: Some(Uid::from("1.9")),
        series: Some(Uid::from(format!("1.9.{}", number % 10).as_str())),
        calling: AeTitle::new("MODALITY"),
        called: AeTitle::new("PDVAULT"),
        peer: "192.0.2.1:4242".parse().ok(),
        received_ns: HEAD.created_ns + number as u64,
    }
}

/// Data that is like no other.
fn data(number: usize, length: usize) -> Vec<u8> {
    let seed = u8::try_from(number % 251).expect("below 251");
    (0..length)
        .map(|place| u8::try_from(place % 253).expect("below 253") ^ seed)
        .collect()
}

/// What a segment is made of.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// An object with so many bytes.
    Object(usize),
    /// So many blocks that nothing is written to.
    Hole(u64),
}

/// A segment that is not sealed, and where its objects begin.
fn open_segment(parts: &[Part]) -> (Vec<u8>, Vec<u64>) {
    let (writer, places) = write(parts);
    (writer.into_inner().into_inner(), places)
}

/// A sealed segment, and where its objects begin.
fn sealed_segment(parts: &[Part]) -> (Vec<u8>, Vec<u64>, Sealed) {
    let (writer, places) = write(parts);
    let (sealed, target) = writer.seal().expect("memory takes it");
    (target.into_inner(), places, sealed)
}

fn write(parts: &[Part]) -> (SegmentWriter<Cursor<Vec<u8>>>, Vec<u64>) {
    let mut writer = SegmentWriter::new(Cursor::new(Vec::new()), HEAD).expect("memory takes it");
    let mut places = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        match *part {
            Part::Object(length) => {
                let name = format!("CT.1.2.3.{number}");
                let data = data(number, length);
                let written = writer.append(&name, meta(number), &data);
                places.push(written.expect("memory takes it").offset);
            }
            Part::Hole(blocks) => writer.leave_hole(blocks * BLOCK_BYTES as u64),
        }
    }
    (writer, places)
}

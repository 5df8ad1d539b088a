//! Files as they are read, converted and paced.

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use pdvault_engine::dataset::file_meta::{FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::dataset::{ReadMode, RewriteOptions, Tag};
use pdvault_engine::registry::{
    DEFLATED_EXPLICIT_LITTLE, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE,
};
use pdvault_engine::sender::{Payload, Piece};
use pdvault_engine::value::AeTitle;
use tempfile::TempDir;

use super::convert::{Conversion, ConvertError, Converted};
use super::object::{Object, ObjectError};
use super::pace::Pace;
use super::payload::ObjectPayload;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// More than is converted in memory, and more than a block of a stream.
const LARGE: usize = 5 << 20;

/// An element of the explicit little endian encoding.
fn element((group, element): (u16, u16), vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = [group.to_le_bytes(), element.to_le_bytes(), vr].concat();
    let length = u32::try_from(value.len()).expect("small").to_le_bytes();
    match &vr {
        b"OW" | b"OB" => out.extend([&[0, 0], &length[..]].concat()),
        _ => out.extend(&length[..2]),
    }
    out.extend(value);
    out
}

/// A data set of the explicit little endian encoding.
fn data_set(pixel_bytes: usize) -> Vec<u8> {
    let pixels: Vec<_> = (0..pixel_bytes).map(|at| at.to_le_bytes()[0]).collect();
    [
        element((0x0008, 0x0016), *b"UI", format!("{CT}\0").as_bytes()),
        element((0x0008, 0x0018), *b"UI", b"2.25.1"),
        element((0x0010, 0x0020), *b"LO", b"me"),
        element((0x7FE0, 0x0010), *b"OW", &pixels),
    ]
    .concat()
}

/// A file with this data set, said to be of this transfer syntax.
fn file(home: &TempDir, syntax: &str, data_set: &[u8]) -> PathBuf {
    let mut bytes = vec![0; FILE_META_BYTES_MAX];
    let meta = FileMeta {
        sop_class: &CT.into(),
        sop_instance: &"2.25.1".into(),
        transfer_syntax: &syntax.into(),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let length = meta.encode(&mut bytes);
    bytes.truncate(length);
    bytes.extend(data_set);
    let path = home.path().join("file");
    fs::write(&path, bytes).expect("written");
    path
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(path: &Path) -> Object {
    Object::open(path, ReadMode::Detect).expect("an object")
}

/// What leaves for an object in this transfer syntax.
fn converted(object: &Object, to: &str, options: RewriteOptions) -> Vec<u8> {
    let plan = Conversion::plan(object, to, options).expect("possible");
    let Some(conversion) = plan else {
        return sent(&mut ObjectPayload::of_file(object, None));
    };
    let (converted, _) = conversion.convert(object).expect("convertible");
    sent(&mut ObjectPayload::of_converted(converted, None))
}

/// All bytes of a payload, taken as a connection takes them.
fn sent(payload: &mut ObjectPayload) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let reach = payload.prepare(out.len() as u64).expect("readable");
        while (out.len() as u64) < reach.end {
            match payload.piece(out.len() as u64) {
                Piece::Memory(bytes) => out.extend(bytes),
                Piece::File {
                    file,
                    position,
                    len,
                } => {
                    let mut bytes = vec![0; usize::try_from(len).expect("small")];
                    let read = rustix::io::pread(file, &mut bytes, position).expect("readable");
                    out.extend(&bytes[..read]);
                }
            }
        }
        assert_eq!(
            out.len() as u64,
            reach.end,
            "no piece goes beyond what was prepared"
        );
        if reach.is_last {
            return out;
        }
    }
}

#[test]
fn an_object_is_what_its_data_set_says() {
    let home = home();
    let data_set = data_set(100);
    let object = open(&file(&home, EXPLICIT_LITTLE, &data_set));
    assert_eq!(object.sop_class.as_str(), CT);
    assert_eq!(object.sop_instance.as_str(), "2.25.1");
    assert_eq!(object.transfer_syntax.as_str(), EXPLICIT_LITTLE);
    assert_eq!(object.bytes, data_set.len() as u64);
    let bare = home.path().join("bare");
    fs::write(&bare, &data_set).expect("written");
    assert_eq!(open(&bare).offset, 0);
    assert!(Object::open(&bare, ReadMode::FileOnly).is_err());
}

#[test]
fn a_file_that_cannot_be_sent_says_why() {
    let home = home();
    let whole = data_set(100);
    let truncated = file(&home, EXPLICIT_LITTLE, &whole[..whole.len() - 1]);
    let error = Object::open(&truncated, ReadMode::Detect).expect_err("truncated");
    assert!(matches!(error, ObjectError::Bad(_)), "{error}");
    let nameless = file(
        &home,
        EXPLICIT_LITTLE,
        &element((0x0010, 0x0020), *b"LO", b"me"),
    );
    let error = Object::open(&nameless, ReadMode::Detect).expect_err("no UIDs");
    assert!(matches!(error, ObjectError::NoUids), "{error}");
    let endless = element((0x0008, 0x0018), *b"UI", &[b'1'; 66]);
    let class = element((0x0008, 0x0016), *b"UI", format!("{CT}\0").as_bytes());
    let endless = file(&home, EXPLICIT_LITTLE, &[class, endless].concat());
    let error = Object::open(&endless, ReadMode::Detect).expect_err("no UID");
    assert!(matches!(error, ObjectError::NoUids), "{error}");
    let error = Object::open(Path::new("/nonexistent"), ReadMode::Detect).expect_err("no file");
    assert_eq!(error.to_string(), "No such file or directory");
}

#[test]
fn a_data_set_leaves_as_it_is_where_the_peer_takes_it_so() {
    let home = home();
    let data_set = data_set(100_000);
    let object = open(&file(&home, EXPLICIT_LITTLE, &data_set));
    assert_eq!(
        converted(&object, EXPLICIT_LITTLE, RewriteOptions::default()),
        data_set
    );
}

#[test]
fn a_data_set_comes_back_from_every_other_encoding() {
    for pixel_bytes in [0, 100, LARGE] {
        for syntax in [IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED_EXPLICIT_LITTLE] {
            let home = home();
            let data_set = data_set(pixel_bytes);
            let object = open(&file(&home, EXPLICIT_LITTLE, &data_set));
            let there = converted(&object, syntax, RewriteOptions::default());
            assert_ne!(there, data_set, "{syntax}");
            let object = open(&file(&home, syntax, &there));
            let back = converted(&object, EXPLICIT_LITTLE, RewriteOptions::default());
            assert!(back == data_set, "{syntax}, {pixel_bytes} bytes of pixels");
        }
    }
}

#[test]
fn compressed_data_is_passed_on_as_it_is_or_not_at_all() {
    let home = home();
    let object = open(&file(&home, JPEG, &data_set(100)));
    assert_eq!(
        converted(&object, JPEG, RewriteOptions::default()),
        data_set(100)
    );
    for to in [EXPLICIT_LITTLE, IMPLICIT_LITTLE, "1.2.840.10008.1.2.4.70"] {
        let plan = Conversion::plan(&object, to, RewriteOptions::default());
        assert!(matches!(plan, Err(ConvertError::Impossible { .. })), "{to}");
    }
}

#[test]
fn a_data_set_of_odd_length_is_padded() {
    let home = home();
    let mut odd = data_set(100);
    odd.extend(element((0x7FE1, 0x0010), *b"LO", b"odd"));
    for syntax in [EXPLICIT_LITTLE, JPEG] {
        let object = open(&file(&home, syntax, &odd));
        let sent = converted(&object, syntax, RewriteOptions::default());
        assert!(
            sent.len().is_multiple_of(2) && sent.ends_with(b"LO\x04\0odd "),
            "{syntax}"
        );
    }
    let mut unpadded = 0;
    for pixel_bytes in 0..20 {
        let object = open(&file(&home, EXPLICIT_LITTLE, &data_set(2 * pixel_bytes)));
        let mut deflated = converted(&object, DEFLATED_EXPLICIT_LITTLE, RewriteOptions::default());
        assert!(deflated.len().is_multiple_of(2));
        // Some end with a byte of padding, some with one that belongs to them.
        deflated.pop();
        let path = file(&home, DEFLATED_EXPLICIT_LITTLE, &deflated);
        if let Ok(object) = Object::open(&path, ReadMode::Detect) {
            unpadded += 1;
            let sent = converted(&object, DEFLATED_EXPLICIT_LITTLE, RewriteOptions::default());
            assert_eq!(sent, [&deflated[..], &[0]].concat());
        }
    }
    assert!(unpadded > 0);
}

/// A compressed data set of frames of odd and of even length, with an offset table or an empty one.
fn compressed(table: &[u32], frames: &[&[u8]]) -> Vec<u8> {
    let mut out = data_set(0);
    out.truncate(out.len() - 12); // the header of the pixels, which have no value
    out.extend(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff");
    let table: Vec<u8> = table.iter().flat_map(|at| at.to_le_bytes()).collect();
    for fragment in [&[&table[..]], frames].concat() {
        out.extend(b"\xfe\xff\0\xe0");
        out.extend(u32::try_from(fragment.len()).expect("short").to_le_bytes());
        out.extend(fragment);
    }
    out.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    out
}

/// An offset table and fragments.
type Pixels<'a> = (&'a [u32], &'a [&'a [u8]]);

#[test]
fn compressed_frames_of_odd_length_leave_padded_and_no_offset_table_lies() {
    let home = home();
    let large = vec![1; LARGE];
    let (odd, even) = (&large[1..], &large[..]);
    let padded = [odd, &[0]].concat();
    let second = u32::try_from(odd.len() + 8).expect("small");
    let cases: [(Pixels<'_>, Pixels<'_>); 3] = [
        ((&[0], &[b"abc"]), (&[0], &[b"abc\0"])),
        ((&[0, 11], &[b"abc", b"de"]), (&[], &[b"abc\0", b"de"])),
        ((&[0, second], &[odd, even]), (&[], &[&padded, even])),
    ];
    for ((table, frames), (sent_table, sent_frames)) in cases {
        let object = open(&file(&home, JPEG, &compressed(table, frames)));
        let sent = converted(&object, JPEG, RewriteOptions::default());
        let expected = compressed(sent_table, sent_frames);
        assert!(sent == expected, "{} bytes", object.bytes);
    }
}

#[test]
fn no_source_gives_an_odd_data_set() {
    let converted = Converted::Whole(b"abc".to_vec());
    let mut payload = ObjectPayload::of_converted(converted, None);
    assert_eq!(sent(&mut payload), b"abc\0");
}

#[test]
fn edits_change_what_is_there_and_tell_what_is_not() {
    let home = home();
    let object = open(&file(&home, EXPLICIT_LITTLE, &data_set(LARGE)));
    let (patient, study) = (Tag(0x0010, 0x0020), Tag(0x0020, 0x000D));
    let options = RewriteOptions {
        edits: vec![(patient, b"somebody".to_vec()), (study, b"1.2".to_vec())],
        ..RewriteOptions::default()
    };
    let plan = Conversion::plan(&object, EXPLICIT_LITTLE, options.clone()).expect("possible");
    let (converted, absent) = plan
        .expect("a change")
        .convert(&object)
        .expect("convertible");
    assert_eq!(absent, [study]);
    assert!(matches!(converted, Converted::Stream(_)));
    let out = sent(&mut ObjectPayload::of_converted(converted, None));
    let expected = element((0x0010, 0x0020), *b"LO", b"somebody");
    assert!(out.windows(expected.len()).any(|window| window == expected));
    assert_eq!(out.len(), data_set(LARGE).len() + 6);
}

#[test]
fn a_damaged_data_set_is_found_before_anything_is_sent() {
    let home = home();
    for pixel_bytes in [100, LARGE] {
        let path = file(&home, EXPLICIT_LITTLE, &data_set(pixel_bytes));
        let object = open(&path);
        let length = fs::metadata(&path).expect("it is there").len();
        let writable = fs::File::options().write(true).open(&path).expect("ours");
        writable.set_len(length - 50).expect("cut");
        let plan = Conversion::plan(&object, IMPLICIT_LITTLE, RewriteOptions::default());
        let conversion = plan.expect("possible").expect("a change");
        assert!(conversion.convert(&object).is_err());
    }
}

#[test]
fn a_paced_data_set_leaves_in_slices_of_even_length() {
    let home = home();
    let data_set = data_set(30_000);
    let object = open(&file(&home, EXPLICIT_LITTLE, &data_set));
    let pace = Pace::new(NonZeroU64::new(100_001).expect("not zero"), Instant::now());
    let mut payload = ObjectPayload::of_file(&object, Some(Arc::new(pace)));
    let first = payload.prepare(0).expect("readable");
    assert!(
        !first.is_last && first.end < 30_000 && first.end.is_multiple_of(2),
        "{first:?}"
    );
    assert_eq!(sent(&mut payload), data_set);
}

//! Segments as other programs read them: GNU tar and Python's tarfile.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use pdvault_engine::pack::header::{Content, Header, SegmentHead};
use pdvault_engine::pack::{
    Damage, Digest, DigestCheck, Found, Key, ObjectMeta, Pack, Segment, SegmentId, SegmentWriter,
    index_path, recover, verify,
};
use pdvault_engine::value::{AeTitle, Uid};

const HEAD: SegmentHead = SegmentHead {
    segment: SegmentId(42),
    created_ns: 1_700_000_000_000_000_000,
};

/// Extracts everything as a user would, and complains of whatever is said.
const EXTRACT: &str = "
import sys, tarfile, warnings
warnings.simplefilter('error')
with tarfile.open(sys.argv[1]) as archive:
    for member in archive:
        if member.isfile():
            archive.extract(member, sys.argv[2])
";

fn meta(number: usize) -> ObjectMeta {
    ObjectMeta {
        sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.4"),
        sop_instance: Uid::from(format!("2.25.{number}").as_str()),
        transfer_syntax: Uid::from("1.2.840.10008.1.2"),
        study: Some(Uid::from("2.25.100")),
        series: None,
        calling: AeTitle::new("50% OFF"),
        called: None,
        peer: None,
        received_ns: HEAD.created_ns,
    }
}

/// Names and contents that try every kind of header, tail and name.
fn objects() -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    let lengths = (0..=8)
        .map(|count| count * 512)
        .chain([1, 511, 513, 4095, 4097, 700_000]);
    for (number, length) in lengths.enumerate() {
        let data = (0..length)
            .map(|place| u8::try_from((place * 7 + number) % 256).expect("a byte"))
            .collect();
        objects.insert(format!("MR.2.25.{number}"), data);
    }
    objects.insert("x".repeat(100), b"the longest short name".to_vec());
    objects.insert("y".repeat(255), b"a long name".to_vec());
    objects.insert("Größe.dcm".to_owned(), b"a name beyond ASCII".to_vec());
    objects.insert("ü".repeat(127), b"a long name beyond ASCII".to_vec());
    objects
}

/// Writes them with a hole behind each third.
fn write(path: &Path, with_holes: bool) -> SegmentWriter<File> {
    let file = File::create_new(path).expect("a new file");
    let mut writer = SegmentWriter::new(file, HEAD).expect("writable");
    for (number, (name, data)) in objects().iter().enumerate() {
        writer.append(name, meta(number), data).expect("legal");
        if with_holes && number % 3 == 0 {
            writer.leave_hole(4096 * (1 + number as u64 * 40));
        }
    }
    writer
}

fn seal(writer: SegmentWriter<File>, path: &Path) {
    let (sealed, file) = writer.seal().expect("writable");
    file.set_len(sealed.segment_len).expect("writable");
    fs::write(index_path(path), sealed.index).expect("writable");
}

/// Runs a program that must say nothing. Returns what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{command:?}: {said}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tar(arguments: &[&str], segment: &Path) -> String {
    let mut command = Command::new("tar");
    // Names beyond ASCII are told as they are.
    command
        .args(arguments)
        .arg("--quoting-style=literal")
        .arg("-f")
        .arg(segment);
    run(&mut command)
}

fn python(script: &str, arguments: &[&Path]) -> String {
    run(Command::new("python3")
        .env("PYTHONUTF8", "1")
        .arg("-c")
        .arg(script)
        .args(arguments))
}

fn assert_holds(directory: &Path, expected: &BTreeMap<String, Vec<u8>>) {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("readable");
        let name = entry.file_name().into_string().expect("UTF-8");
        if name != ".pdvault" {
            found.insert(name, fs::read(entry.path()).expect("readable"));
        }
    }
    assert!(found == *expected, "the same files with the same bytes");
}

/// Both programs extract every object, and the index.
fn assert_others_read(segment: &Path, scratch: &Path) {
    let (by_tar, by_python) = (scratch.join("tar"), scratch.join("python"));
    for directory in [&by_tar, &by_python] {
        fs::create_dir(directory).expect("a new directory");
    }
    tar(&["-x", "-C", by_tar.to_str().expect("UTF-8")], segment);
    python(EXTRACT, &[segment, &by_python]);
    let index = fs::read(index_path(segment)).expect("beside the segment");
    for directory in [by_tar, by_python] {
        assert_holds(&directory, &objects());
        let extracted = fs::read(directory.join(".pdvault/index")).expect("extracted");
        assert!(extracted == index, "the index within is the one beside");
    }
}

fn findings(segment: &Path) -> Vec<Damage> {
    let segment = Segment::open_damaged(segment).expect("there");
    let verified = verify(&segment, |_| ()).expect("readable");
    verified
        .findings
        .iter()
        .map(|finding| finding.damage)
        .collect()
}

#[test]
fn a_sealed_segment_is_an_archive() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    seal(write(&path, false), &path);
    assert_eq!(findings(&path), []);
    assert_others_read(&path, scratch.path());
    let names = tar(&["-t"], &path);
    assert_eq!(
        names.lines().count(),
        objects().len() + 1,
        "objects and index only"
    );
}

#[test]
fn holes_that_were_filled_are_passed_over_by_others() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    let mut file = write(&path, true).into_inner();
    // What lies in a hole may look like anything.
    file.seek(SeekFrom::Start(0)).expect("a file");
    let scanned = Segment::open(&path).expect("a segment");
    for found in scanned.scan(DigestCheck::None).expect("readable") {
        if let Found::Hole(extent) = found.expect("readable") {
            file.seek(SeekFrom::Start(extent.offset)).expect("a file");
            let garbage: Vec<u8> = (0..extent.length)
                .map(|place| u8::try_from(place % 251).expect("a byte") | 1)
                .collect();
            file.write_all(&garbage).expect("writable");
        }
    }
    let recovery = recover(&file_of(&path), DigestCheck::From(0)).expect("a segment");
    assert_eq!(
        recovery.lost.len(),
        objects().len().div_ceil(3) - 1,
        "one is behind the last object or none"
    );
    let (sealed, file) = recovery.seal(file).expect("writable");
    file.set_len(sealed.segment_len).expect("writable");
    fs::write(index_path(&path), sealed.index).expect("writable");
    assert_eq!(findings(&path), []);
    assert_others_read(&path, scratch.path());
}

fn file_of(path: &Path) -> File {
    File::open(path).expect("there")
}

#[test]
fn tar_reads_an_open_segment_up_to_its_first_hole() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    let file = write(&path, false).into_inner();
    let length = file.metadata().expect("there").len();
    file.set_len(length + (1 << 20)).expect("writable");
    let directory = scratch.path().join("extracted");
    fs::create_dir(&directory).expect("a new directory");
    tar(&["-x", "-C", directory.to_str().expect("UTF-8")], &path);
    assert_holds(&directory, &objects());
    assert_eq!(findings(&path), [Damage::Unsealed]);
}

#[test]
fn an_object_beyond_eight_gibibytes_has_its_size_for_everybody() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    let data_len = (9 << 30) + 5;
    let header = Header {
        segment: HEAD.segment,
        offset: 4096,
        name: "big".to_owned(),
        data_len,
        digest: Digest::of(b"not looked at here"),
        content: Content::Object(Box::new(meta(1))),
    };
    let mut file = File::create_new(&path).expect("a new file");
    file.write_all(&HEAD.encode()).expect("writable");
    file.write_all(&header.encode().expect("legal"))
        .expect("writable");
    // The data is a hole of the file.
    file.seek(SeekFrom::Start(header.data_end()))
        .expect("a file");
    file.write_all(&pdvault_engine::pack::filler::tail(data_len))
        .expect("writable");
    let recovery = recover(&file_of(&path), DigestCheck::None).expect("a segment");
    recovery.seal(file).expect("writable");
    let listed = tar(&["-tv"], &path);
    assert!(
        listed
            .lines()
            .next()
            .expect("an object")
            .contains(" 9663676421 "),
        "{listed}"
    );
    let script = "import sys, tarfile; print([m.size for m in tarfile.open(sys.argv[1])][0])";
    assert_eq!(python(script, &[&path]).trim(), "9663676421");
}

/// Looks up objects in the only segment of a directory, and copies one.
fn assert_found(directory: &Path) {
    let mut pack = Pack::open(directory).expect("a segment");
    pack.segments[0].check_index().expect("readable");
    let objects: Vec<_> = objects().into_iter().collect();
    let key = Uid::from("2.25.7");
    let found = pack.look_up(Key::SopInstance(&key)).expect("readable");
    let [(0, member)] = &found[..] else {
        panic!("one object: {found:?}");
    };
    assert_eq!(member.name, objects[7].0);
    let (mut copied, mut buffer) = (Vec::new(), Vec::new());
    let segment = &pack.segments[0];
    segment
        .copy_data(member, &mut buffer, &mut copied)
        .expect("whole");
    assert!(copied == objects[7].1, "byte for byte");
    let study = Uid::from("2.25.100");
    let study = pack.look_up(Key::Study(&study)).expect("readable");
    assert_eq!(study.len(), objects.len());
}

/// Overwrites a byte of a file.
fn damage(path: &Path, offset: u64) {
    let mut file = File::options().write(true).open(path).expect("there");
    file.seek(SeekFrom::Start(offset)).expect("a file");
    file.write_all(&[0xa5]).expect("writable");
}

#[test]
fn objects_are_found_by_either_index_or_none() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    seal(write(&path, false), &path);
    let open = || {
        let mut segment = Segment::open(&path).expect("a segment");
        segment.check_index().expect("readable");
        (segment.index().is_some(), segment.index_problem().is_some())
    };
    assert_eq!(open(), (true, false), "the one beside");
    assert_found(scratch.path());
    damage(&index_path(&path), 200);
    assert_eq!(
        open(),
        (true, true),
        "the one within, for that beside is damaged"
    );
    assert_found(scratch.path());
    assert_eq!(findings(&path), [Damage::Sidecar]);
    let length = fs::metadata(&path).expect("there").len();
    let index_len = fs::metadata(index_path(&path)).expect("there").len();
    damage(&path, length - 4096 - index_len + 200);
    assert_eq!(open(), (false, true), "neither");
    assert_found(scratch.path());
    fs::remove_file(index_path(&path)).expect("there");
    assert_eq!(
        open(),
        (false, true),
        "that within is damaged, and there is no other"
    );
}

/// Reads an index by what `docs/pack.md` says of it, and nothing else.
const READ_INDEX: &str = "
import struct, sys
data = open(sys.argv[1], 'rb').read()
assert data[:8] == b'PDVINDEX' and struct.unpack('<I', data[8:12]) == (1,)
n, i, r, s, l = struct.unpack('<5I', data[40:60])
strings = 128 + 48 * n + 12 * (i + r + s)
assert struct.unpack('<Q', data[-16:-8])[0] == len(data) and data[-8:] == b'XEDNIVDP'
tar = open(sys.argv[2], 'rb').read()
assert struct.unpack('<Q', data[32:40])[0] == len(tar)
def text(place):
    at = strings + place
    return data[at + 1:at + 1 + data[at]].decode()
for number in range(n):
    entry = struct.unpack('<3Q6I', data[128 + 48 * number:][:48])
    header = tar[entry[0]:][:4096]
    lines = header[header.index(b' comment=') + 9:].decode().split(chr(10))
    assert lines[0] == 'PDVAULT/1 object'
    values = dict(line.split('=', 1) for line in lines[1:lines.index('')])
    assert values['at'] == str(entry[0]) and values['length'] == str(entry[1])
    assert values['received'] == str(entry[2]) and values['study'] == text(entry[7])
    assert values['segment'] == data[16:32].hex()
    print(text(entry[3]), text(entry[4]))
";

#[test]
fn an_index_is_read_by_what_is_written_of_it() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    seal(write(&path, false), &path);
    let printed = python(READ_INDEX, &[&index_path(&path), &path]);
    let expected: Vec<_> = objects()
        .into_keys()
        .enumerate()
        .map(|(number, name)| format!("{name} 2.25.{number}"))
        .collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn data_that_is_damaged_is_not_handed_out() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("0001.tar");
    let mut file = write(&path, false).into_inner();
    let segment = Segment::open(&path).expect("a segment");
    let member = segment
        .members()
        .expect("readable")
        .next()
        .expect("an object")
        .expect("readable");
    file.seek(SeekFrom::Start(member.data_offset()))
        .expect("a file");
    file.write_all(&[0xff]).expect("writable");
    let (mut copied, mut buffer) = (Vec::new(), Vec::new());
    let error = segment
        .copy_data(&member, &mut buffer, &mut copied)
        .expect_err("damaged");
    let damage = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(damage, Some(&Damage::Digest));
    assert!(copied.is_empty(), "nothing of it");
}

//! `pdvault pack` on segments that were made here.

#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use pdvault_engine::pack::{ObjectMeta, SegmentHead, SegmentId, SegmentWriter, index_path};
use pdvault_engine::value::{AeTitle, Uid};
use serde_json::Value;
use tempfile::TempDir;

const RECEIVED_NS: u64 = 1_700_000_000_000_000_000;

/// Runs `pdvault pack` with these words and this path.
fn pack(words: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pdvault"))
        .arg("pack")
        .args(words)
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// What is printed by a command that finds nothing wrong.
fn printed(words: &[&str], path: &Path) -> String {
    let output = pack(words, path);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{words:?}: {errors}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is printed, on either stream, by a command that ends with exit code 1.
fn complaint(words: &[&str], path: &Path) -> String {
    let output = pack(words, path);
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    let texts = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&texts).into_owned()
}

fn data(number: usize) -> Vec<u8> {
    format!("object {number} ")
        .repeat(1000 * number)
        .into_bytes()
}

fn meta(number: usize) -> ObjectMeta {
    ObjectMeta {
        sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance: Uid::from(format!("1.2.{number}").as_str()),
        transfer_syntax: Uid::from("1.2.840.10008.1.2.1"),
        study: Some(Uid::from(if number < 5 { "1.8" } else { "1.9" })),
        series: None,
        calling: AeTitle::new("MODALITY"),
        called: None,
        peer: None,
        received_ns: RECEIVED_NS,
    }
}

fn segment(directory: &Path, name: &str, numbers: std::ops::Range<usize>) -> SegmentWriter<File> {
    let file = File::create_new(directory.join(name)).expect("a new file");
    let head = SegmentHead {
        segment: SegmentId::random(),
        created_ns: RECEIVED_NS,
    };
    let mut writer = SegmentWriter::new(file, head).expect("writable");
    for number in numbers {
        let name = format!("CT.1.2.{number}");
        writer
            .append(&name, meta(number), &data(number))
            .expect("legal");
    }
    writer
}

/// Ten objects in two sealed segments.
fn made() -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a directory");
    let directory = scratch.path().join("pack");
    fs::create_dir(&directory).expect("a new directory");
    for (name, numbers) in [("0001.tar", 0..4), ("0002.tar", 4..10)] {
        let (sealed, _) = segment(&directory, name, numbers).seal().expect("writable");
        let beside = index_path(&directory.join(name));
        fs::write(beside, sealed.index).expect("writable");
    }
    (scratch, directory)
}

/// Overwrites a byte.
fn damage(path: &Path, offset: u64) {
    let mut file = File::options().write(true).open(path).expect("there");
    file.seek(SeekFrom::Start(offset)).expect("a file");
    file.write_all(b"\xff").expect("writable");
}

#[test]
fn objects_are_listed_for_people_and_for_machines() {
    let (_scratch, directory) = made();
    let lines = printed(&["ls"], &directory);
    assert_eq!(lines.lines().count(), 10);
    assert!(
        lines.contains("        9000  2023-11-14T22:13:20Z  CT.1.2.1\n"),
        "{lines}"
    );
    let study = printed(&["ls", "--json", "--study", "1.8"], &directory);
    let objects: Vec<Value> = study
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(objects.len(), 5);
    assert_eq!(objects[3]["sop_instance"], "1.2.3");
    assert_eq!(objects[3]["calling"], "MODALITY");
    assert_eq!(objects[3]["series"], Value::Null);
    assert!(complaint(&["ls", "--instance", "1.7"], &directory).contains("no object has this UID"));
}

#[test]
fn one_object_is_written_to_standard_output() {
    let (_scratch, directory) = made();
    assert!(pack(&["cat", "--instance", "1.2.7"], &directory).stdout == data(7));
    assert!(complaint(&["cat", "--study", "1.8"], &directory).contains("more than one"));
    assert!(complaint(&["cat", "--instance", "1.7"], &directory).contains("no object"));
}

#[test]
fn objects_are_extracted_as_they_were_and_by_study() {
    let (scratch, directory) = made();
    let (all, study) = (scratch.path().join("all"), scratch.path().join("study"));
    let words = [
        "extract",
        "-fe",
        ".dcm",
        "-od",
        all.to_str().expect("UTF-8"),
    ];
    assert_eq!(printed(&words, &directory), "");
    for number in 0..10 {
        let path = all.join(format!("CT.1.2.{number}.dcm"));
        assert!(
            fs::read(&path).expect("extracted") == data(number),
            "{number}"
        );
        let modified = fs::metadata(&path)
            .expect("there")
            .modified()
            .expect("known");
        let received = SystemTime::UNIX_EPOCH + Duration::from_nanos(RECEIVED_NS);
        assert_eq!(modified, received);
    }
    printed(
        &[
            "extract",
            "--study",
            "1.9",
            "-od",
            study.to_str().expect("UTF-8"),
        ],
        &directory,
    );
    assert_eq!(fs::read_dir(&study).expect("there").count(), 5);
}

#[test]
fn a_file_that_exists_is_replaced_kept_or_in_the_way() {
    let (scratch, directory) = made();
    let out = scratch.path().join("out");
    let path = out.join("CT.1.2.1");
    let extract = |policy| {
        fs::create_dir_all(&out).expect("writable");
        fs::write(&path, "old").expect("writable");
        let to = out.to_str().expect("UTF-8");
        pack(
            &[
                "extract",
                "--on-duplicate",
                policy,
                "--instance",
                "1.2.1",
                "-od",
                to,
            ],
            &directory,
        )
    };
    assert_eq!(extract("refuse").status.code(), Some(1));
    assert_eq!(fs::read(&path).expect("there"), b"old");
    assert_eq!(extract("keep").status.code(), Some(0));
    assert_eq!(fs::read(&path).expect("there"), b"old");
    assert!(fs::read(out.join("CT.1.2.1_0001")).expect("beside") == data(1));
    assert_eq!(extract("overwrite").status.code(), Some(0));
    assert!(fs::read(&path).expect("there") == data(1));
}

#[test]
fn damage_is_named_with_segment_offset_and_object_and_never_extracted() {
    let (scratch, directory) = made();
    assert!(printed(&["verify"], &directory).contains("0002.tar: 6 objects, "));
    let bad = directory.join("0001.tar");
    // In the data of the second object: the head, an empty object, its own header lie before it.
    damage(&bad, 3 * 4096 + 100);
    let text = complaint(&["verify"], &directory);
    let bad = bad.display();
    let place = format!("{bad} at 8192, 16384 bytes: CT.1.2.1: the data does not match its digest");
    assert!(text.contains(&place), "{text}");
    let json = complaint(&["verify", "--json"], &directory);
    let report: Value = serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!(report["findings"][0]["sop_instance"], "1.2.1");
    assert_eq!(
        (&report["objects"], &report["findings"][0]["offset"]),
        (&3.into(), &8192.into())
    );
    let out = scratch.path().join("out");
    let text = complaint(
        &["extract", "-od", out.to_str().expect("UTF-8")],
        &directory,
    );
    assert!(
        text.contains("at 8192: CT.1.2.1: the data does not match its digest"),
        "{text}"
    );
    assert_eq!(fs::read_dir(&out).expect("there").count(), 9);
    assert!(!out.join("CT.1.2.1").exists());
}

#[test]
fn a_segment_that_is_not_sealed_is_damage_unless_it_may_be() {
    let scratch = tempfile::tempdir().expect("a directory");
    drop(segment(scratch.path(), "0001.tar", 0..3));
    assert!(complaint(&["verify"], scratch.path()).contains("not sealed"));
    assert!(printed(&["verify", "--allow-unsealed"], scratch.path()).contains("all is well"));
    assert!(complaint(&["index"], scratch.path()).contains("not sealed"));
    assert_eq!(printed(&["ls"], scratch.path()).lines().count(), 3);
    assert_eq!(
        printed(&["ls", "--instance", "1.2.2"], scratch.path())
            .lines()
            .count(),
        1
    );
}

#[test]
fn an_index_that_is_damaged_is_told_done_without_and_written_anew() {
    let (_scratch, directory) = made();
    let index = directory.join("0002.idx");
    let good = fs::read(&index).expect("there");
    damage(&index, 20);
    let output = pack(&["ls", "--instance", "1.2.7"], &directory);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("CT.1.2.7\n"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("0002.tar: this is no index"));
    assert!(complaint(&["verify"], &directory).contains("the index beside the segment"));
    printed(&["index"], &directory);
    assert!(fs::read(&index).expect("there") == good, "as it was");
    assert!(printed(&["verify"], &directory).contains("all is well"));
}

#[test]
fn statistics_add_up() {
    let (_scratch, directory) = made();
    let lines = printed(&["stat", "--json"], &directory);
    let (mut objects, mut data_bytes) = (0, 0);
    for line in lines.lines() {
        let stat: Value = serde_json::from_str(line).expect("JSON");
        let number = |key: &str| stat[key].as_u64().expect("a number");
        objects += number("objects");
        data_bytes += number("data");
        assert_eq!(number("data") + number("overhead"), number("length"));
        assert_eq!(stat["sealed"], true);
    }
    let expected: usize = (0..10).map(|number| data(number).len()).sum();
    assert_eq!((objects, data_bytes), (10, expected as u64));
    assert!(printed(&["stat"], &directory).contains("2 segments: 10 objects"));
}

#[test]
fn what_is_no_pack_is_named() {
    let scratch = tempfile::tempdir().expect("a directory");
    assert!(complaint(&["ls"], scratch.path()).contains("no segments (*.tar) in"));
    let file = scratch.path().join("x.tar");
    fs::write(&file, "something else").expect("writable");
    assert!(complaint(&["ls"], &file).contains("is no segment"));
    assert!(complaint(&["ls"], &scratch.path().join("missing")).contains("cannot read"));
    assert!(complaint(&["verify"], &file).contains("head of the segment"));
}

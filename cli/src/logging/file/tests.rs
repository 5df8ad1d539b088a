use std::collections::BTreeMap;
use std::time::SystemTime;

use tempfile::TempDir;

use super::*;

fn settings(directory: &TempDir, rolling: Rolling) -> FileSettings {
    FileSettings {
        path: directory.path().join("log"),
        append: true,
        reopen_after: Duration::ZERO,
        rolling,
    }
}

fn opened(settings: FileSettings) -> LogFile {
    let (file, outcome) = LogFile::open(settings, TimeZone::UTC);
    outcome.expect("opened");
    file
}

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

fn write(file: &mut LogFile, text: &str, time: Timestamp) {
    file.write(text.as_bytes(), time).expect("written");
}

/// The files of the directory and what is in them.
fn found(directory: &TempDir) -> BTreeMap<String, String> {
    fs::read_dir(directory.path())
        .expect("listed")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let text = fs::read_to_string(entry.path()).expect("text");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn files<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, String> {
    files
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

#[test]
fn a_file_is_kept_or_emptied_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log");
    for (append, expected) in [(true, "old\nnew\n"), (false, "new\n")] {
        fs::write(&path, "old\n").expect("written");
        let mut file = opened(FileSettings {
            append,
            ..settings(&directory, Rolling::Never)
        });
        write(&mut file, "new\n", Timestamp::now());
        assert_eq!(found(&directory), files([("log", expected)]));
    }
}

#[test]
fn a_long_file_makes_room_and_so_many_old_ones_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let rolling = Rolling::BySize {
        max_bytes: 5,
        backups: 2,
    };
    let mut file = opened(settings(&directory, rolling));
    for text in ["12345", "a", "long 2", "long 3", "long 4", "last"] {
        write(&mut file, text, Timestamp::now());
    }
    let expected = files([("log", "last"), ("log.1", "long 4"), ("log.2", "long 3")]);
    assert_eq!(found(&directory), expected);
}

#[test]
fn the_length_of_what_was_there_counts() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("log"), "12345").expect("written");
    let rolling = Rolling::BySize {
        max_bytes: 5,
        backups: 1,
    };
    let mut file = opened(settings(&directory, rolling));
    write(&mut file, "6", Timestamp::now());
    assert_eq!(found(&directory), files([("log", ""), ("log.1", "123456")]));
}

#[test]
fn a_file_whose_time_is_over_is_put_away_under_the_name_of_that_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let rolling = Rolling::ByTime {
        schedule: Schedule::Hourly,
        backups: 3,
    };
    let mut file = opened(settings(&directory, rolling));
    file.begin_period(Schedule::Hourly, at("2024-02-29T14:05:09Z"));
    fs::write(directory.path().join("log.2024-02-29-14"), "before").expect("written");
    write(&mut file, "14", at("2024-02-29T14:59:59Z"));
    write(&mut file, "17", at("2024-02-29T17:00:00Z"));
    let expected = files([
        ("log", "17"),
        ("log.2024-02-29-14", "14"),
        ("log.2024-02-29-14.1", "before"),
    ]);
    assert_eq!(found(&directory), expected);
}

#[test]
fn a_file_that_an_earlier_run_left_is_put_away_when_its_time_is_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log");
    fs::write(&path, "old").expect("written");
    let then = SystemTime::from(at("2024-02-29T14:05:09Z"));
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(then))
        .expect("dated");
    let rolling = Rolling::ByTime {
        schedule: Schedule::Monthly,
        backups: 3,
    };
    let mut file = opened(settings(&directory, rolling));
    write(&mut file, "new", Timestamp::now());
    assert_eq!(
        found(&directory),
        files([("log", "new"), ("log.2024-02", "old")])
    );
}

#[test]
fn a_file_that_can_not_be_written_is_told_of_once_and_tried_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let below = directory.path().join("missing");
    let (mut file, outcome) = LogFile::open(
        FileSettings {
            path: below.join("log"),
            ..settings(&directory, Rolling::Never)
        },
        TimeZone::UTC,
    );
    assert!(outcome.is_err());
    for _ in 0..3 {
        write(&mut file, "lost", Timestamp::now());
    }
    fs::create_dir(&below).expect("made");
    write(&mut file, "there", Timestamp::now());
    assert_eq!(
        fs::read_to_string(below.join("log")).expect("text"),
        "there"
    );
}

#[test]
fn a_full_disk_is_told_of_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut file = opened(FileSettings {
        path: "/dev/full".into(),
        ..settings(&directory, Rolling::Never)
    });
    assert!(file.write(b"lost", Timestamp::now()).is_err());
    for _ in 0..3 {
        write(&mut file, "lost", Timestamp::now());
    }
}

#[test]
fn a_file_that_was_broken_is_left_alone_for_a_while() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("missing/log");
    let (mut file, _) = LogFile::open(
        FileSettings {
            path: path.clone(),
            reopen_after: Duration::from_secs(3600),
            ..settings(&directory, Rolling::Never)
        },
        TimeZone::UTC,
    );
    fs::create_dir(path.parent().expect("a parent")).expect("made");
    write(&mut file, "lost", Timestamp::now());
    assert!(!path.exists());
}

#[test]
fn lines_go_on_where_a_file_can_not_be_put_away() {
    let directory = tempfile::tempdir().expect("a directory");
    let rolling = Rolling::BySize {
        max_bytes: 5,
        backups: 1,
    };
    let mut file = opened(settings(&directory, rolling));
    // A directory that is not empty can't be replaced by a file.
    fs::create_dir_all(directory.path().join("log.1/inner")).expect("made");
    assert!(file.write(b"one, long\n", Timestamp::now()).is_err());
    write(&mut file, "two\n", Timestamp::now());
    let text = fs::read_to_string(directory.path().join("log")).expect("text");
    assert_eq!(text, "one, long\ntwo\n");
}

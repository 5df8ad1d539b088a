use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use super::*;
use crate::store::tests::support::{directories, directory, names_in};

fn open_by(path: &Path, way: Way) -> Directory {
    let (directory, _) = Directory::open_by(path, Some(way)).expect("a way that works here");
    assert_eq!(directory.way, way);
    directory
}

fn new_file(directory: &Directory, bytes: &[u8]) -> (fs::File, Option<String>) {
    let new = directory.create("CT.1", OFlags::WRONLY).expect("created");
    let mut file = fs::File::from(new.file);
    file.write_all(bytes).expect("written");
    (file, new.hidden)
}

#[test]
fn every_way_publishes_new_names_and_replaces_old_ones_in_one_step() {
    for temporary in directories() {
        for way in WAYS {
            let directory = open_by(&temporary.path().join(format!("{way:?}")), way);
            let (file, mut hidden) = new_file(&directory, b"first");
            assert_eq!(hidden.is_none(), way.is_unnamed());
            assert!(
                directory
                    .publish_new(file.as_fd(), &mut hidden, "CT.1")
                    .expect("published")
            );
            assert_eq!(names_in(&directory.path), ["CT.1"], "{way:?}");

            let (file, mut hidden) = new_file(&directory, b"second");
            assert!(
                !directory
                    .publish_new(file.as_fd(), &mut hidden, "CT.1")
                    .expect("taken")
            );
            assert_eq!(
                fs::read(directory.path_of("CT.1")).expect("there"),
                b"first"
            );
            directory
                .publish_over(file.as_fd(), &mut hidden, "CT.1")
                .expect("replaced");
            assert_eq!(hidden, None);
            assert_eq!(
                fs::read(directory.path_of("CT.1")).expect("there"),
                b"second"
            );
            assert_eq!(names_in(&directory.path), ["CT.1"], "{way:?}");
        }
    }
}

#[test]
fn a_refused_replacement_keeps_what_is_there_and_the_hidden_name_to_remove() {
    for temporary in directories() {
        for way in WAYS {
            let directory = open_by(&temporary.path().join(format!("{way:?}")), way);
            fs::create_dir(directory.path_of("CT.1")).expect("a directory has the name");
            let (file, mut hidden) = new_file(&directory, b"object");
            let refused = directory.publish_over(file.as_fd(), &mut hidden, "CT.1");
            assert!(refused.is_err());
            directory.remove_hidden(&hidden.expect("still to be removed"));
            assert_eq!(names_in(&directory.path), ["CT.1"], "{way:?}");
        }
    }
}

#[test]
fn opening_leaves_no_trace_and_creates_missing_parents() {
    for temporary in directories() {
        let path = temporary.path().join("a/b/c");
        let (directory, stale) = Directory::open(&path).expect("created");
        assert_eq!((names_in(&path).len(), stale), (0, 0));
        assert_eq!(directory.path_of("CT.1"), path.join("CT.1"));
    }
}

#[test]
fn stale_parts_are_removed_unless_another_receiver_runs() {
    for temporary in directories() {
        let path = temporary.path();
        let others = [".CT.1.part", "CT.1.2.part", ".hidden", ".CT.1.2.part.dcm"];
        for name in others.iter().chain(&[".CT.1.7.part"]) {
            fs::write(path.join(name), b"left").expect("written");
        }
        fs::create_dir(path.join(".dir.1.part")).expect("no file");
        // `.CT.1.part` reads as part 1 of `CT`.
        let (first, stale) = Directory::open(path).expect("opened");
        assert_eq!(stale, 2);
        assert_eq!(
            names_in(path),
            [".CT.1.2.part.dcm", ".dir.1.part", ".hidden", "CT.1.2.part"]
        );

        fs::write(path.join(".CT.1.8.part"), b"alive").expect("written");
        let (second, stale) = Directory::open(path).expect("opened beside the first");
        assert_eq!(stale, 0);
        drop((first, second));
        assert_eq!(Directory::open(path).expect("opened alone").1, 1);
    }
}

/// Opens the directory alone, as a receiver that is about to clean up.
fn hold_alone(path: &Path) -> fs::File {
    let held = fs::File::open(path).expect("readable");
    assert!(lock::try_alone(held.as_fd()), "nobody else is there");
    held
}

#[test]
fn a_receiver_that_comes_while_another_cleans_up_keeps_its_parts_when_that_one_ends() {
    for temporary in directories() {
        let path = temporary.path();
        let cleaning = hold_alone(path);
        let second = thread::scope(|scope| {
            let second = scope.spawn(|| Directory::open(path).expect("opened").0);
            thread::sleep(Duration::from_millis(50));
            assert!(!second.is_finished(), "no receiver without the lock");
            drop(cleaning);
            second.join().expect("no panic")
        });
        fs::write(path.join(".CT.1.8.part"), b"alive").expect("written");
        let (third, stale) = Directory::open(path).expect("opened beside the second");
        assert_eq!(stale, 0, "the second lives");
        drop(second);
        let (fourth, stale) = Directory::open(path).expect("opened beside the third");
        assert_eq!(stale, 0, "the third lives");
        drop((third, fourth));
        assert_eq!(Directory::open(path).expect("opened alone").1, 1);
    }
}

#[test]
fn receivers_that_start_at_once_all_see_each_other() {
    let temporary = directory();
    let path = temporary.path();
    for round in 0..24 {
        fs::write(path.join(".CT.1.7.part"), b"left").expect("written");
        let mut opened = thread::scope(|scope| {
            let open = || Directory::open(path).expect("opened");
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            let opened = threads.into_iter().map(|one| one.join().expect("no panic"));
            opened.collect::<Vec<_>>()
        });
        let stale: usize = opened.iter().map(|(_, stale)| stale).sum();
        assert_eq!(stale, 1, "removed once, by the first");
        let last = opened.swap_remove(round % 6);
        drop(opened);
        let other = fs::File::open(path).expect("readable");
        assert!(!lock::try_alone(other.as_fd()), "each holds the lock");
        drop(last);
        assert!(lock::try_alone(other.as_fd()), "all are gone");
    }
}

#[test]
fn a_lock_that_is_never_given_up_ends_the_waiting() {
    let temporary = directory();
    let held = hold_alone(temporary.path());
    let other = fs::File::open(temporary.path()).expect("readable");
    assert!(!lock::share(other.as_fd(), Duration::from_millis(20)));
    assert!(lock::share(held.as_fd(), Duration::ZERO), "its own");
    assert!(lock::share(other.as_fd(), Duration::ZERO), "beside it");
}

#[test]
fn a_directory_that_cannot_be_written_says_what_to_do() {
    // Even root can make nothing in /proc.
    let refused = Directory::open(Path::new("/proc")).expect_err("no files there");
    assert!(
        matches!(refused, OpenError::NotWritable { .. }),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.starts_with("cannot write to output directory /proc: "),
        "{text}"
    );
    assert!(text.contains("--output-directory"), "{text}");

    let temporary = &directories()[0];
    let file = temporary.path().join("file");
    fs::write(&file, b"").expect("written");
    for path in [file.join("below"), file] {
        let refused = Directory::open(&path).expect_err("a file is in the way");
        assert!(matches!(refused, OpenError::Create { .. }), "{refused:?}");
    }
}

#[test]
fn reading_what_is_published_follows_no_link_and_waits_for_no_pipe() {
    let temporary = &directories()[0];
    let (directory, _) = Directory::open(temporary.path()).expect("opened");
    assert!(
        directory
            .open_published("CT.1")
            .expect("nothing there")
            .is_none()
    );
    std::os::unix::fs::symlink("/etc/hostname", directory.path_of("link")).expect("linked");
    rustix::fs::mknodat(
        &directory.descriptor,
        "pipe",
        rustix::fs::FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a pipe");
    for name in ["link", "pipe"] {
        assert!(directory.is_taken(name).expect("looked up"));
        assert!(
            directory.open_published(name).expect("looked at").is_none(),
            "{name}"
        );
    }
    fs::write(directory.path_of("CT.1"), b"x").expect("written");
    let mut text = String::new();
    let file = directory.open_published("CT.1").expect("opened");
    file.expect("a file")
        .read_to_string(&mut text)
        .expect("read");
    assert_eq!(text, "x");
}

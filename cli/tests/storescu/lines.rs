//! What a job says of itself besides DCMTK's lines.

use crate::scene::{Scene, assert_exit, json, log};

#[test]
fn a_job_with_a_journal_or_a_report_ends_with_a_line_that_counts() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.object("two", 2);
    scene.write("bad", b"no DICOM at all");
    let options = ["-nh", "--journal", "j"];
    let output = scene.send(&options, &["one", "bad"]);
    assert_exit(&output, 0);
    let text = log(&output);
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("I: 1 sent, 1 failed, "), "{last}");
    assert!(last.ends_with("; failures are listed in j"), "{last}");
    let options = ["-nh", "--journal", "j", "--resume", "--report", "r"];
    let text = log(&scene.send(&options, &["one", "two", "bad"]));
    let last = text.lines().last().expect("a line");
    assert!(
        last.starts_with("I: 1 sent, 1 failed, 1 skipped, "),
        "{last}"
    );
    assert!(last.ends_with("; failures are listed in r"), "{last}");
    assert_eq!(log(&scene.send(&["-q", "--report", "r"], &["one"])), "");
    assert_eq!(log(&scene.send(&[], &["one"])), "", "as DCMTK does");
}

#[test]
fn a_job_that_was_cut_short_tells_how_to_go_on() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.write("bad", b"no DICOM at all");
    let output = scene.send(&["--journal", "j"], &["bad", "one"]);
    assert_exit(&output, 1);
    let text = log(&output);
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("I: 0 sent, 1 failed, "), "{last}");
    assert!(
        last.ends_with("; the same command with --resume goes on"),
        "{last}"
    );
}

#[test]
fn files_of_the_same_sop_instance_are_counted_as_an_archive_counts_them() {
    let scene = Scene::new();
    for name in ["one", "copy", "another copy"] {
        scene.object(name, 1);
    }
    scene.object("two", 2);
    let files = ["one", "two", "copy", "another copy"];
    let output = scene.send(&["--report", "r"], &files);
    assert_exit(&output, 0);
    assert_eq!(json(&scene.path("r"))["duplicates"], 2);
    assert!(
        log(&output).contains("4 sent, 2 of them with the SOP Instance UID of another, "),
        "{}",
        log(&output)
    );
}

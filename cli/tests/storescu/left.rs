//! What the report says of files that nobody tried, because the job ended before their turn.

use std::collections::BTreeSet;
use std::fs;

use pdvault_engine::registry::SOP_CLASSES;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::scene::{Scene, assert_exit, dicom_file, json, log, reserved_port, run, started};

/// What a report says was not attempted: all that it counts is listed, and it says so.
fn left(report: &Value) -> BTreeSet<String> {
    assert_eq!(report["not_attempted_is_complete"], true, "{report:#}");
    assert_eq!(report["not_attempted_files_omitted"], 0, "{report:#}");
    let list = report["not_attempted_files"].as_array().expect("a list");
    let names = list.iter().map(|path| path.as_str().expect("a path"));
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(report["not_attempted"], names.len(), "{report:#}");
    assert_eq!(list.len(), names.len(), "none twice: {report:#}");
    names
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn without_a_peer_all_files_are_left() {
    let scene = Scene::new();
    let (_nobody, port) = reserved_port();
    for name in ["one", "in/two", "in/three"] {
        scene.object(name, 1);
    }
    let port = port.to_string();
    let words = [
        "storescu",
        "+sd",
        "--report",
        "r",
        "--journal",
        "j",
        "127.0.0.1",
        &port,
    ];
    let output = run(scene.files.path(), &[&words[..], &["one", "in"]].concat());
    assert_exit(&output, 1);
    let report = json(&scene.path("r"));
    assert_eq!(left(&report), set(&["one", "in/two", "in/three"]));
    assert_eq!((&report["sent"], &report["failed"]), (&0.into(), &0.into()));
    assert!(log(&output).contains("I: 0 sent, 3 not attempted, "));
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    assert_eq!(journal.lines().count(), 1, "only what was tried: {journal}");
}

#[test]
fn a_job_that_halts_leaves_the_files_behind_the_bad_one() {
    let scene = Scene::new();
    for (name, number) in [("one", 1), ("two", 2), ("three", 3)] {
        scene.object(name, number);
    }
    scene.write("bad", b"no DICOM at all");
    for (options, sent, failed, expected) in [
        (&["--report", "r"][..], 1, 1, &["two", "three"][..]),
        // Where all files are looked at first, none is sent.
        (
            &["--report", "r", "-R"],
            0,
            0,
            &["one", "bad", "two", "three"],
        ),
    ] {
        let output = scene.send(options, &["one", "bad", "two", "three"]);
        assert_exit(&output, 1);
        let report = json(&scene.path("r"));
        assert_eq!(left(&report), set(expected));
        assert_eq!(
            (&report["sent"], &report["failed"]),
            (&sent.into(), &failed.into())
        );
    }
    let output = scene.send(&["--report", "r"], &["one", "missing", "two"]);
    assert_exit(&output, 1);
    let report = json(&scene.path("r"));
    assert_eq!(left(&report), set(&["one", "two"]));
    assert!(
        report["error"]
            .as_str()
            .is_some_and(|text| text.contains("missing"))
    );
}

#[test]
fn a_job_that_comes_to_its_end_leaves_nothing() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.write("bad", b"no DICOM at all");
    assert_exit(&scene.send(&["-nh", "--report", "r"], &["one", "bad"]), 0);
    assert_eq!(left(&json(&scene.path("r"))), set(&[]));
}

#[test]
fn a_file_to_be_sent_several_times_is_counted_so_often_and_listed_once() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.write("bad", b"no DICOM at all");
    let options = ["--repeat", "3", "--report", "r"];
    assert_exit(&scene.send(&options, &["bad", "one"]), 1);
    let report = json(&scene.path("r"));
    // Two more times the bad one, three times the other.
    assert_eq!(
        (&report["failed"], &report["not_attempted"]),
        (&1.into(), &5.into())
    );
    let list = report["not_attempted_files"].as_array().map(Vec::len);
    assert_eq!(list, Some(2), "{report:#}");
}

#[test]
fn a_signal_leaves_what_was_neither_sent_nor_acknowledged_before() {
    const FILES: u32 = 3000;
    let scene = Scene::new();
    for number in 1..=FILES {
        scene.object(&format!("in/{number}"), number);
    }
    let options = ["-v", "+sd", "--rate", "50objects", "--associations", "3"];
    let notes = ["--journal", "j", "--resume", "--report", "r"];
    let mut before = 0;
    for _ in 0..2 {
        let command = scene.command(&[&options[..], &notes].concat(), &["in"]);
        let (mut sender, mut log) = started(command);
        let answered = log.find(|line| line.starts_with("I: Received Store Response"));
        assert!(answered.is_some(), "an object was sent");
        kill_process(Pid::from_child(&sender), Signal::INT).expect("it runs");
        let _: Vec<_> = log.collect();
        assert_eq!(sender.wait().expect("it ends").code(), Some(128 + 2));
        let report = json(&scene.path("r"));
        let left = left(&report);
        let stored: BTreeSet<_> = scene.stored().iter().map(|n| format!("in/{n}")).collect();
        assert!(left.is_disjoint(&stored));
        assert_eq!(left.len() + stored.len(), FILES as usize);
        assert_eq!(report["skipped"], before, "{:#}", report["skipped"]);
        before = stored.len();
    }
}

#[test]
fn files_of_the_next_association_are_left_too_and_none_is_left_twice() {
    let scene = Scene::new();
    let classes: Vec<_> = SOP_CLASSES.iter().filter(|class| class.storage).collect();
    assert!(classes.len() > 64, "two contexts each are more than 128");
    let numbers = 1..=u32::try_from(classes.len()).expect("hundreds");
    for (class, number) in classes.iter().zip(numbers.clone()) {
        scene.write(&format!("in/{number}"), &dicom_file(class.uid, number, 10));
    }
    let options = ["-v", "+sd", "-R", "--rate", "20objects", "--report", "r"];
    let (mut sender, mut log) = started(scene.command(&options, &["in"]));
    let answered = log.find(|line| line.starts_with("I: Received Store Response"));
    assert!(answered.is_some(), "an object was sent");
    kill_process(Pid::from_child(&sender), Signal::TERM).expect("it runs");
    let _: Vec<_> = log.collect();
    assert_eq!(sender.wait().expect("it ends").code(), Some(128 + 15));
    let left = left(&json(&scene.path("r")));
    let stored: BTreeSet<_> = scene.stored().iter().map(|n| format!("in/{n}")).collect();
    assert!(left.is_disjoint(&stored));
    let all: BTreeSet<_> = numbers.map(|number| format!("in/{number}")).collect();
    assert_eq!(left.union(&stored).cloned().collect::<BTreeSet<_>>(), all);
}

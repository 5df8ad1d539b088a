//! Peers that are away or short of space, and jobs that are interrupted.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pdvault_engine::store::{Sink, SinkFactory, SinkKind, SystemSinks};
use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{
    CT, PDVAULT, Scene, assert_exit, dicom_file, json, log, reserved_port, run, started,
};

/// ENOSPC of Linux.
const NO_SPACE: i32 = 28;

/// A disk that is full for its first files.
struct FullAtFirst {
    files: AtomicUsize,
}

impl FullAtFirst {
    fn new(files: usize) -> Arc<Self> {
        Arc::new(Self {
            files: AtomicUsize::new(files),
        })
    }
}

impl SinkFactory for FullAtFirst {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        let one_less = |files: usize| files.checked_sub(1);
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        match self.files.fetch_update(set, fetch, one_less) {
            Ok(_) => Box::new(Full(file)),
            Err(_) => SystemSinks.sink(file, kind),
        }
    }
}

/// A file that takes nothing.
struct Full(OwnedFd);

impl Sink for Full {
    fn write_at(&mut self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(NO_SPACE))
    }

    fn file(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.0)
    }
}

#[test]
fn a_peer_that_comes_late_is_waited_for() {
    let (_reserved, port) = reserved_port();
    let files = tempfile::tempdir().expect("a directory");
    fs::write(files.path().join("one"), dicom_file(CT, 1, 100)).expect("written");
    let mut command = Command::new(PDVAULT);
    command.args([
        "storescu",
        "--retry",
        "10",
        "127.0.0.1",
        &port.to_string(),
        "one",
    ]);
    command.current_dir(files.path());
    let (mut sender, mut log) = started(command);
    let first = log.next().expect("a line");
    assert!(first.contains("; connecting again in "), "{first}");
    let scene = Scene::on_port(port);
    let status = sender.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert_eq!(scene.stored(), [1].into());
}

#[test]
fn without_retries_a_peer_that_is_not_there_ends_the_job() {
    let scene = Scene::new();
    scene.object("one", 1);
    let Scene {
        files, receiver, ..
    } = scene;
    let port = receiver.local_addr().port().to_string();
    drop(receiver);
    let words = ["storescu", "--report", "r", "127.0.0.1", &port, "one"];
    let output = run(files.path(), &words);
    assert_exit(&output, 1);
    assert!(log(&output).contains("F: Association Request Failed: 0006:031c "));
    let report = json(&files.path().join("r"));
    assert!(
        report["error"]
            .as_str()
            .is_some_and(|text| text.contains("cannot connect"))
    );
}

#[test]
fn an_object_that_the_peer_has_no_room_for_ends_the_job() {
    let scene = Scene::with(|builder| builder.sinks(FullAtFirst::new(1)));
    scene.object("one", 1);
    scene.object("two", 2);
    let output = scene.send(&["-v", "--report", "r"], &["one", "two"]);
    assert_exit(&output, 167);
    assert!(log(&output).contains("I: Received Store Response (Refused: OutOfResources)"));
    assert!(log(&output).contains("I: Releasing Association\nI: 0 sent, 1 failed, "));
    assert_eq!(scene.stored(), BTreeSet::new());
    let report = json(&scene.path("r"));
    assert_eq!(report["failed_objects"][0]["status"], "A700");
    assert_eq!(report["failed_objects"][0]["sop_instance"], "2.25.1");
}

#[test]
fn an_object_that_the_peer_has_no_room_for_is_tried_again() {
    let scene = Scene::with(|builder| builder.sinks(FullAtFirst::new(2)));
    scene.object("one", 1);
    scene.object("two", 2);
    let output = scene.send(&["--retry", "3", "--journal", "j"], &["one", "two"]);
    assert_exit(&output, 0);
    assert!(
        log(&output).contains("W: trying file again in "),
        "{}",
        log(&output)
    );
    assert_eq!(scene.stored(), [1, 2].into());
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    assert_eq!(journal.matches("\"outcome\":\"sent\"").count(), 2);
    assert_eq!(journal.matches("\"outcome\":\"failed\"").count(), 0);
}

#[test]
fn retries_come_to_an_end() {
    let scene = Scene::with(|builder| builder.sinks(FullAtFirst::new(100)));
    scene.object("one", 1);
    let output = scene.send(&["--retry", "1", "--report", "r"], &["one"]);
    assert_exit(&output, 167);
    assert_eq!(json(&scene.path("r"))["failed"], 1);
}

#[test]
fn an_interrupted_job_ends_in_order_and_is_resumed() {
    let scene = Scene::new();
    for number in 1..=200 {
        scene.object(&format!("in/{number}"), number);
    }
    let options = [
        "-v",
        "+sd",
        "--rate",
        "50objects",
        "--journal",
        "j",
        "--report",
        "r",
    ];
    let (mut sender, mut log) = started(scene.command(&options, &["in"]));
    let answered = log.find(|line| line.starts_with("I: Received Store Response"));
    assert!(answered.is_some(), "an object was sent");
    let pid = Pid::from_child(&sender);
    kill_process(pid, Signal::TERM).expect("it runs");
    assert!(log.any(|line| line == "I: Releasing Association"));
    assert_eq!(sender.wait().expect("it ends").code(), Some(128 + 15));
    let report = json(&scene.path("r"));
    let sent = report["sent"].as_u64().expect("a number");
    assert!((1..200).contains(&sent), "{sent}");
    assert_eq!(scene.stored().len() as u64, sent);
    let resumed = ["+sd", "--journal", "j", "--resume", "--report", "r"];
    assert_exit(&scene.send(&resumed, &["in"]), 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["skipped"]),
        (&(200 - sent).into(), &sent.into())
    );
    assert_eq!(scene.stored().len(), 200);
}

#[test]
fn a_killed_sender_has_told_of_nothing_that_did_not_arrive() {
    let scene = Scene::new();
    for number in 1..=300 {
        scene.object(&format!("in/{number}"), number);
    }
    let options = [
        "-v",
        "+sd",
        "--associations",
        "2",
        "--async-ops",
        "4",
        "--journal",
        "j",
    ];
    let (mut sender, mut log) = started(scene.command(&options, &["in"]));
    let answered = log.find(|line| line.starts_with("I: Received Store Response"));
    assert!(answered.is_some(), "an object was sent");
    sender.kill().expect("it runs");
    sender.wait().expect("it ends");
    let resumed = ["+sd", "--journal", "j", "--resume", "--report", "r"];
    assert_exit(&scene.send(&resumed, &["in"]), 0);
    let report = json(&scene.path("r"));
    let told = |name: &str| report[name].as_u64().expect("a number");
    assert!(told("skipped") > 0, "what was told of is in the journal");
    assert_eq!(told("sent") + told("skipped"), 300);
    assert_eq!(scene.stored().len(), 300);
}

#[test]
fn a_journal_that_gets_no_room_ends_the_job_and_can_be_resumed() {
    let scene = Scene::new();
    for number in 1..=200 {
        scene.object(&format!("in/{number}"), number);
    }
    let options = ["+sd", "--journal", "j", "--resume", "--report", "r"];
    let sender = scene.command(&options, &["in"]);
    // No file may grow beyond a few kilobytes, and who tries gets an error.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]);
    limited.arg(sender.get_program()).args(sender.get_args());
    limited.current_dir(scene.files.path());
    let output = limited.output().expect("a shell");
    assert_exit(&output, 1);
    assert!(
        log(&output).contains("F: cannot write journal j: "),
        "{}",
        log(&output)
    );
    let report = json(&scene.path("r"));
    let told = report["sent"].as_u64().expect("a number");
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    let written = journal.matches("\"outcome\":\"sent\"").count() as u64;
    assert!(told <= written && written < 200, "{told} {written}");
    assert_exit(&scene.send(&options, &["in"]), 0);
    assert_eq!(scene.stored().len(), 200);
}

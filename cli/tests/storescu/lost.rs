//! Peers that are lost on the way, and files that break their association.

use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::between::{Between, Fault};
use crate::scene::{PDVAULT, Scene, assert_exit, json, log};

/// An instance that the line does not stand, and no other has in its name.
const POISON: u32 = 90_210;
const POISON_UID: &str = "2.25.90210";

impl Scene {
    /// Runs storescu in the directory of the files, over this line.
    fn send_over(&self, line: &Between, options: &[&str], files: &[&str]) -> Output {
        let mut command = Command::new(PDVAULT);
        command.arg("storescu").args(options);
        command.args(["127.0.0.1", &line.port()]).args(files);
        command.current_dir(self.files.path());
        command.output().expect("the program starts")
    }

    fn line(&self, fault: Fault) -> Between {
        Between::new(self.receiver.local_addr(), fault)
    }
}

/// How many objects journal and report tell of; the journal is `j`, the report `r`.
#[track_caller]
fn accounted(scene: &Scene) -> u64 {
    let report = json(&scene.path("r"));
    let told = |name: &str| report[name].as_u64().expect("a number");
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    let sum = told("sent") + told("failed");
    assert_eq!(journal.matches("\"outcome\":").count() as u64, sum);
    sum
}

#[test]
fn a_peer_that_is_lost_for_good_leaves_no_object_unaccounted_for() {
    for options in [
        &["--associations", "1"][..],
        &["--associations", "4"],
        &["--associations", "4", "--async-ops", "8"],
        &["--associations", "4", "--rate", "1000objects"],
        &["--associations", "2", "--retry", "1"],
    ] {
        let scene = Scene::new();
        scene.object("good", 1);
        scene.object("poison", POISON);
        let line = scene.line(Fault::GoneAt(POISON_UID));
        let common = ["-nh", "--repeat", "1500", "--journal", "j", "--report", "r"];
        let output = scene.send_over(&line, &[&common, options].concat(), &["good", "poison"]);
        assert_exit(&output, 1);
        assert_eq!(accounted(&scene), 3000, "{options:?} {}", log(&output));
    }
}

#[test]
fn associations_that_are_not_needed_any_more_are_not_asked_for_again() {
    let scene = Scene::new();
    scene.object("one", 1);
    let line = scene.line(Fault::RejectsOthers);
    let options = ["--associations", "2", "--retry", "1000"];
    let output = scene.send_over(&line, &options, &["one"]);
    assert_exit(&output, 0);
    assert_eq!(scene.stored(), [1].into());
    assert!(line.connections() < 10, "{}", log(&output));
}

#[test]
fn a_signal_ends_the_wait_for_an_association() {
    let scene = Scene::new();
    scene.object("one", 1);
    // It connects, and nobody ever answers.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("bound").port().to_string();
    let mut command = Command::new(PDVAULT);
    command.args(["storescu", "--acse-timeout", "86400", "--report", "r"]);
    command.args(["127.0.0.1", &port, "one"]);
    command
        .current_dir(scene.files.path())
        .stderr(Stdio::null());
    let mut sender = command.spawn().expect("the program starts");
    let (mut connection, _) = listener.accept().expect("a connection");
    let mut kind = [0];
    connection.read_exact(&mut kind).expect("a request");
    assert_eq!(kind, [1], "A-ASSOCIATE-RQ");
    kill_process(Pid::from_child(&sender), Signal::TERM).expect("it runs");
    assert_eq!(sender.wait().expect("it ends").code(), Some(128 + 15));
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).expect("the rest");
    let last = rest.len() - 10;
    assert_eq!(rest[last..last + 2], [7, 0], "A-ABORT");
    assert_eq!(json(&scene.path("r"))["exit_code"], 143);
}

#[test]
fn a_file_that_breaks_its_association_fails_alone() {
    for options in [
        &["--retry", "2"][..],
        &["--retry", "2", "--async-ops", "8"],
        &["--retry", "2", "--associations", "2", "--async-ops", "8"],
    ] {
        let scene = Scene::new();
        for number in 1..=40 {
            scene.object(&format!("in/{number}"), number);
        }
        scene.object("in/25poison", POISON);
        let line = scene.line(Fault::BreaksAt(POISON_UID));
        let common = ["-nh", "+sd", "--journal", "j", "--report", "r"];
        let output = scene.send_over(&line, &[&common, options].concat(), &["in"]);
        assert_eq!(scene.stored().len(), 40, "{options:?} {}", log(&output));
        assert_eq!(accounted(&scene), 41);
        let report = json(&scene.path("r"));
        assert_eq!(report["failed"], 1, "{options:?} {}", log(&output));
        assert_eq!(report["failed_objects"][0]["sop_instance"], POISON_UID);
    }
}

#[test]
fn files_after_one_that_breaks_its_association_are_sent_when_the_job_is_resumed() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.object("poison", POISON);
    scene.object("two", 2);
    let line = scene.line(Fault::BreaksAt(POISON_UID));
    let halting = ["--retry", "1", "--journal", "j", "--resume"];
    let files = ["one", "poison", "two"];
    assert_exit(&scene.send_over(&line, &halting, &files), 10);
    assert_eq!(scene.stored(), [1, 2].into());
    let plain = scene.send_over(&line, &["--journal", "k", "--report", "r"], &files);
    assert_exit(&plain, 10);
    assert_eq!(json(&scene.path("r"))["failed"], 1);
}

#[test]
fn a_rate_holds_from_the_first_object_on() {
    let scene = Scene::new();
    scene.object("one", 1);
    let start = Instant::now();
    let output = scene.send(&["--rate", "2objects", "--repeat", "5"], &["one"]);
    assert_exit(&output, 0);
    // Four pauses of half a second, less what may be caught up with.
    let least = Duration::from_millis(1900);
    assert!(start.elapsed() >= least, "{:?}", start.elapsed());
}

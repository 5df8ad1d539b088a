//! Peers that are lost on the way, and files that break their association.

use std::fs;

use crate::between::{Between, Fault};
use crate::scene::{PDVAULT, Scene, assert_exit, json, log};

/// An instance that the line does not stand, and no other has in its name.
const POISON: u32 = 90_210;
const POISON_UID: &str = "2.25.90210";

impl Scene {
    /// Runs storescu in the directory of the files, over this line.
    fn send_over(&self, line: &Between, options: &[&str], files: &[&str]) -> std::process::Output {
        let mut command = std::process::Command::new(PDVAULT);
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

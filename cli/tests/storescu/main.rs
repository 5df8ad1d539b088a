//! Sending as a user meets it: files and directories to a receiver, journals, reports, exit codes.

#![forbid(unsafe_code)]

mod between;
mod faults;
mod left;
mod lines;
mod lost;
mod scene;
mod stored;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pdvault_engine::dataset::file_meta;
use pdvault_engine::registry::SOP_CLASSES;

use scene::{CT, IMPLICIT_LITTLE, Scene, assert_exit, dicom_file, json, log, names, run};

#[test]
fn files_and_directories_arrive() {
    let scene = Scene::new();
    scene.object("one", 1);
    scene.object("two", 2);
    scene.object("deep/three.dcm", 3);
    scene.object("deep/er/four.dcm", 4);
    scene.object("deep/er/five.txt", 5);
    let output = scene.send(&["-v"], &["one", "two", "deep"]);
    assert_exit(&output, 0);
    assert_eq!(scene.stored(), [1, 2].into());
    let text = log(&output);
    assert!(
        text.contains("W: ignoring directory because option --scan-directories is not set: deep")
    );
    assert!(text.contains("I: Sending file: one\nI: Sending Store Request (MsgID 1, CT)\n"));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "XMIT: .\nXMIT: .\n"
    );
    assert_exit(&scene.send(&["+sd", "+r", "+sp", "*.dcm"], &["deep"]), 0);
    assert_eq!(scene.stored(), [1, 2, 3, 4].into());
}

#[test]
fn a_bad_file_ends_the_job_unless_told_otherwise() {
    let scene = Scene::new();
    scene.object("good", 1);
    scene.write("bad", b"no DICOM at all");
    let mut truncated = dicom_file(CT, 2, 5000);
    truncated.truncate(4000);
    scene.write("truncated", &truncated);
    for (bad, reason) in [
        ("bad", "this is no DICOM file and no data set"),
        ("truncated", "ends too early in (7fe0,0010)"),
    ] {
        let output = scene.send(&["--report", "r"], &[bad, "good"]);
        assert_exit(&output, 1);
        assert!(
            log(&output).contains(&format!("E: Bad DICOM file: {bad}: ")),
            "{}",
            log(&output)
        );
        assert_eq!(scene.stored(), [].into());
        let report = json(&scene.path("r"));
        assert_eq!(report["failed"], 1);
        assert_eq!(report["exit_code"], 1);
        let told = report["failed_objects"][0]["reason"]
            .as_str()
            .expect("a reason");
        assert!(told.contains(reason), "{told}");
    }
    let files = ["bad", "truncated", "good", "missing"];
    let output = scene.send(&["-nh", "--journal", "j", "--report", "r"], &files);
    assert_exit(&output, 0);
    assert_eq!(scene.stored(), [1].into());
    let report = json(&scene.path("r"));
    assert_eq!((&report["sent"], &report["failed"]), (&1.into(), &3.into()));
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    assert_eq!(journal.matches("\"outcome\":\"failed\"").count(), 3);
    assert_eq!(journal.matches("\"outcome\":\"sent\"").count(), 1);
}

#[test]
fn a_file_without_a_context_is_named() {
    let scene = Scene::new();
    scene.write("private", &dicom_file("1.2.3.4", 1, 100));
    let output = scene.send(&[], &["private"]);
    assert_exit(&output, 1);
    let told = "E: No presentation context for: (unknown SOP class) 1.2.3.4\n\
                E: cannot send file: private: no presentation context for SOP class 1.2.3.4: ";
    assert!(log(&output).contains(told), "{}", log(&output));
}

#[test]
fn a_resumed_job_sends_what_is_not_acknowledged_yet() {
    let scene = Scene::new();
    for number in 1..=20 {
        scene.object(&format!("in/{number}"), number);
    }
    let resume = ["+sd", "--journal", "j", "--resume", "--report", "r"];
    assert_exit(&scene.send(&resume, &["in"]), 0);
    assert_eq!(scene.stored().len(), 20);
    scene.object("in/21", 21);
    // Another size is another object.
    scene.write("in/7", &dicom_file(CT, 107, 200));
    assert_exit(&scene.send(&resume, &["in"]), 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["skipped"]),
        (&2.into(), &19.into())
    );
    assert!(scene.stored().contains(&21) && scene.stored().contains(&107));
}

#[test]
fn a_resumed_job_knows_files_that_were_renamed() {
    let scene = Scene::new();
    for number in 1..=3 {
        scene.object(&format!("in/{number}"), number);
    }
    let options = ["+sd", "+rn", "--journal", "j", "--resume", "--report", "r"];
    assert_exit(&scene.send(&options, &["in"]), 0);
    let done: BTreeSet<_> = ["1.done", "2.done", "3.done"].map(str::to_owned).into();
    assert_eq!(names(&scene.path("in")), done);
    assert_exit(&scene.send(&options, &["in"]), 0);
    assert_eq!(names(&scene.path("in")), done);
    assert_eq!(json(&scene.path("r"))["skipped"], 3);
}

#[test]
fn a_resumed_job_knows_parameters_that_were_renamed() {
    let scene = Scene::new();
    for number in 1..=2 {
        scene.object(&number.to_string(), number);
    }
    let options = ["+rn", "--journal", "j", "--resume", "--report", "r"];
    assert_exit(&scene.send(&options, &["1", "2"]), 0);
    assert!(scene.path("1.done").exists() && !scene.path("1").exists());
    scene.object("3", 3);
    assert_exit(&scene.send(&options, &["1", "2", "3"]), 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["skipped"]),
        (&1.into(), &2.into())
    );
    assert!(scene.path("3.done").exists() && !scene.path("1.done.done").exists());
    // Another file of the new name is not the one that was sent.
    scene.write("1.done", &dicom_file(CT, 1, 500));
    let output = scene.send(&options, &["1"]);
    assert_exit(&output, 1);
    assert!(log(&output).contains("F: cannot access file: 1\n"));
}

#[test]
fn a_journal_has_the_absolute_path_and_the_size_of_every_file() {
    let scene = Scene::new();
    scene.object("good", 1);
    scene.write("bad", b"no DICOM at all");
    let options = ["-nh", "--journal", "j"];
    assert_exit(&scene.send(&options, &["bad", "good", "missing"]), 0);
    let journal = fs::read_to_string(scene.path("j")).expect("a journal");
    let record = |name: &str| -> serde_json::Value {
        let path = scene.path(name);
        let line = journal
            .lines()
            .find(|line| line.contains(path.to_str().expect("ASCII")));
        serde_json::from_str(line.expect("a record")).expect("JSON")
    };
    assert_eq!(record("bad")["size"], 15);
    assert!(record("bad")["modified"].is_i64());
    assert!(record("good")["size"].is_u64());
    assert_eq!(record("missing")["size"], serde_json::Value::Null);
}

#[test]
fn files_that_are_renamed_while_others_are_found_are_sent_once() {
    const FILES: u32 = 3000;
    let mut scene = Scene::new();
    // A directory in memory may give no name that came after it was opened.
    scene.files = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for number in 1..=FILES {
        scene.object(&format!("in/{number}"), number);
    }
    let options = ["+sd", "+r", "+rn", "--async-ops", "8", "--report", "r"];
    assert_exit(&scene.send(&options, &["in"]), 0);
    assert_eq!(json(&scene.path("r"))["sent"], FILES);
    assert_eq!(scene.receiver.statistics().objects_stored, u64::from(FILES));
    let done: BTreeSet<_> = (1..=FILES).map(|number| format!("{number}.done")).collect();
    assert_eq!(names(&scene.path("in")), done);
}

#[test]
fn files_that_are_renamed_are_sent_once_over_associations_that_follow_each_other() {
    let scene = Scene::new();
    let classes: Vec<_> = SOP_CLASSES.iter().filter(|class| class.storage).collect();
    let number = |at: usize| u32::try_from(at).expect("few");
    for (at, class) in classes.iter().enumerate() {
        let place = if at % 2 == 0 { "in/" } else { "" };
        let file = dicom_file(class.uid, number(at), 10);
        scene.write(&format!("{place}{at}"), &file);
    }
    scene.write("in/text", b"no DICOM at all");
    let singles: Vec<_> = (1..classes.len())
        .step_by(2)
        .map(|at| at.to_string())
        .collect();
    let files: Vec<_> = singles.iter().map(String::as_str).chain(["in"]).collect();
    let options = ["-nh", "+sd", "+rn", "-R", "--report", "r"];
    assert_exit(&scene.send(&options, &files), 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["failed"]),
        (&classes.len().into(), &1.into())
    );
    assert!(scene.receiver.statistics().associations_accepted > 1);
    let names = &names(&scene.path("in")) | &names(scene.files.path());
    for at in 0..classes.len() {
        assert!(names.contains(&format!("{at}.done")), "{at}: {names:?}");
    }
    assert!(names.contains("text.bad"), "{names:?}");
    assert!(
        !names.iter().any(|name| name.contains(".done.")),
        "{names:?}"
    );
}

#[test]
fn several_associations_send_each_file_once() {
    let scene = Scene::new();
    for number in 1..=300 {
        scene.object(&format!("in/{number}"), number);
    }
    let options = [
        "+sd",
        "--associations",
        "4",
        "--async-ops",
        "8",
        "--report",
        "r",
    ];
    assert_exit(&scene.send(&options, &["in"]), 0);
    assert_eq!(json(&scene.path("r"))["sent"], 300);
    assert_eq!(scene.stored().len(), 300);
    let statistics = scene.receiver.statistics();
    assert_eq!(statistics.objects_stored, 300);
    assert!(statistics.associations_accepted > 1);
}

#[test]
fn more_classes_than_one_association_has_contexts_for_take_several() {
    let scene = Scene::new();
    let classes: Vec<_> = SOP_CLASSES.iter().filter(|class| class.storage).collect();
    assert!(classes.len() > 64, "two contexts each are more than 128");
    for (class, number) in classes.iter().zip(1..) {
        scene.write(&format!("in/{number}"), &dicom_file(class.uid, number, 10));
    }
    scene.write("in/bad", b"no DICOM at all");
    let output = scene.send(&["-nh", "+sd", "-R", "--report", "r"], &["in"]);
    assert_exit(&output, 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["failed"]),
        (&classes.len().into(), &1.into())
    );
    assert_eq!(scene.stored().len(), classes.len());
    assert!(scene.receiver.statistics().associations_accepted > 1);
}

#[test]
fn a_large_object_is_converted_while_it_is_sent() {
    const PIXEL_BYTES: usize = 9 << 20;
    let scene = Scene::new();
    scene.write("large", &dicom_file(CT, 1, PIXEL_BYTES));
    let output = scene.send(&["-v", "-xi"], &["large"]);
    assert_exit(&output, 0);
    assert!(log(&output).contains("I: Converting transfer syntax: "));
    let name = names(scene.stored.path()).pop_first().expect("a file");
    let stored = fs::read(scene.stored.path().join(name)).expect("read");
    let meta = file_meta::parse(&stored).expect("a DICOM file");
    assert_eq!(meta.transfer_syntax.as_str(), IMPLICIT_LITTLE);
    assert!(stored.ends_with(&dicom_file(CT, 1, PIXEL_BYTES)[1000..]));
}

#[test]
fn invented_identities_are_new_for_each_file() {
    let scene = Scene::new();
    scene.object("one", 1);
    let output = scene.send(&["-v", "+IR", "2", "--repeat", "3"], &["one"]);
    assert_exit(&output, 0);
    assert_eq!(names(scene.stored.path()).len(), 3);
    assert!(log(&output).contains("I: Inventing Identifying Information (pa0, st0, se1, im0):"));
    // The data set has no study: that is told, and no reason not to send it.
    assert!(log(&output).contains("E: cannot replace StudyInstanceUID (0020,000d)"));
}

#[test]
fn a_journal_that_cannot_be_used_ends_the_job_before_it_begins() {
    let scene = Scene::new();
    scene.object("one", 1);
    let newer = "{\"journal\":\"pdvault storescu\",\"version\":99,\"peer\":\"x\"}\n";
    for (content, message) in [
        (newer, "has version 99, this program reads up to 1"),
        ("a letter\n", "is not a journal"),
    ] {
        scene.write("j", content.as_bytes());
        let output = scene.send(&["--journal", "j", "--resume"], &["one"]);
        assert_exit(&output, 1);
        assert!(log(&output).contains(message), "{}", log(&output));
        assert_eq!(fs::read_to_string(scene.path("j")).expect("read"), content);
    }
    assert_eq!(scene.stored(), [].into());
}

#[test]
fn a_rate_is_kept() {
    let scene = Scene::new();
    for number in 1..=10 {
        scene.object(&format!("in/{number}"), number);
    }
    let seconds = |options: &[&str]| {
        let options = [&["+sd", "--report", "r"], options].concat();
        assert_exit(&scene.send(&options, &["in"]), 0);
        let report = json(&scene.path("r"));
        assert_eq!(report["sent"], 10);
        report["seconds"].as_f64().expect("a number")
    };
    // The first object need not wait, and a tenth of a second may be caught up.
    assert!(seconds(&["--rate", "10objects"]) > 0.7);
    // Ten data sets of more than 150 bytes.
    assert!(seconds(&["--rate", "1K", "--associations", "2"]) > 0.7);
}

#[test]
fn a_peer_is_asked_by_echo() {
    let scene = Scene::new();
    let port = scene.receiver.local_addr().port().to_string();
    let output = run(
        scene.files.path(),
        &["echoscu", "-v", "--repeat", "2", "127.0.0.1", &port],
    );
    assert_exit(&output, 0);
    let text = log(&output);
    assert_eq!(
        text.matches("I: Received Echo Response (Success)\n")
            .count(),
        2,
        "{text}"
    );
    drop(scene);
    let output = run(Path::new("."), &["echoscu", "127.0.0.1", &port]);
    assert_exit(&output, 1);
    assert!(log(&output).contains("F: Association Request Failed: "));
}

//! `--propose-stored`: files of mixed transfer syntaxes in one job.

use std::fs;
use std::path::Path;

use pdvault_engine::registry::SOP_CLASSES;

use crate::scene::{CT, Scene, assert_exit, dicom_file, dicom_file_in, json, log};

const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// Transfer syntaxes of compressed pixel data, by what follows 1.2.840.10008.1.2.4.
const COMPRESSIONS: [u32; 9] = [50, 51, 70, 80, 81, 90, 91, 100, 201];

#[test]
fn stored_syntaxes_are_proposed_by_as_many_associations_as_it_takes() {
    let scene = Scene::with(|builder| builder.accept_all(true));
    let classes = SOP_CLASSES.iter().filter(|class| class.storage).take(30);
    let kinds = classes.flat_map(|class| COMPRESSIONS.map(|syntax| (class.uid, syntax)));
    let mut count = 0;
    for ((class, syntax), number) in kinds.zip(1..) {
        let syntax = format!("1.2.840.10008.1.2.4.{syntax}");
        let file = dicom_file_in(&syntax, class, number, 10);
        scene.write(&format!("in/{number}"), &file);
        count = number;
    }
    scene.write("in/bad", b"no DICOM at all");
    let outside = "1.2.840.10008.1.3.10";
    scene.write("in/unknown", &dicom_file(outside, 9999, 10));
    let options = ["-v", "-nh", "+sd", "--propose-stored", "--report", "r"];
    let output = scene.send(&options, &["in"]);
    assert_exit(&output, 0);
    let told = format!("I: looked at all files: {}, ", count + 2);
    assert!(log(&output).contains(&told), "{}", log(&output));
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["failed"]),
        (&count.into(), &2.into())
    );
    let reasons = report["failed_objects"].to_string();
    assert!(reasons.contains("no DICOM file"), "{reasons}");
    assert!(
        reasons.contains(&format!("unknown storage SOP class {outside}")),
        "{reasons}"
    );
    assert!(reasons.contains("\"2.25.9999\""), "{reasons}");
    assert!(scene.receiver.statistics().associations_accepted > 1);
}

#[test]
fn stored_syntaxes_do_not_keep_native_files_from_a_peer_that_takes_native_only() {
    let scene = Scene::new();
    scene.write("jpeg", &dicom_file_in(JPEG, CT, 1, 100));
    scene.object("native", 2);
    let options = ["-nh", "--propose-stored", "--report", "r"];
    assert_exit(&scene.send(&options, &["jpeg", "native"]), 0);
    assert_eq!(scene.stored(), [2].into());
    let report = json(&scene.path("r"));
    let reason = report["failed_objects"][0]["reason"].to_string();
    assert!(reason.contains("unable to convert"), "{reason}");
}

#[test]
fn a_resumed_job_does_not_look_at_what_is_acknowledged() {
    let scene = Scene::new();
    for number in 1..=5 {
        scene.object(&format!("in/{number}"), number);
    }
    let words = ["--propose-stored", "--journal", "j", "--resume"];
    let options = [&["+sd", "--report", "r"], &words[..]].concat();
    assert_exit(&scene.send(&options, &["in"]), 0);
    spoil(&scene.path("in/3"));
    // Nothing is left to be sent, so that nobody is called.
    assert_exit(&scene.send(&options, &["in"]), 0);
    assert_eq!(json(&scene.path("r"))["skipped"], 5);
    assert_eq!(scene.receiver.statistics().associations_accepted, 1);
    scene.object("in/6", 6);
    assert_exit(&scene.send(&options, &["in"]), 0);
    let report = json(&scene.path("r"));
    assert_eq!(
        (&report["sent"], &report["skipped"]),
        (&1.into(), &5.into())
    );
}

/// Overwrites a file so that whoever opens it finds no DICOM, and its size and time are the same.
fn spoil(path: &Path) {
    let metadata = fs::metadata(path).expect("a file");
    let size = usize::try_from(metadata.len()).expect("small");
    fs::write(path, vec![b'x'; size]).expect("written");
    let file = fs::File::options().write(true).open(path).expect("a file");
    let modified = metadata.modified().expect("a time");
    file.set_modified(modified).expect("set");
}

#[test]
fn a_job_with_nothing_to_propose_fails_without_calling_anybody() {
    for choice in ["--propose-stored", "--required"] {
        let scene = Scene::new();
        scene.write("in/bad", b"no DICOM at all");
        scene.write("in/unknown", &dicom_file("1.2.840.10008.1.3.10", 9999, 10));
        let options = ["-nh", "+sd", choice, "--report", "r", "--journal", "j"];
        let options = [&options[..], &["--resume"]].concat();
        let output = scene.send(&options, &["in"]);
        assert_exit(&output, 1);
        let told = "F: Association Request Failed: 0006:0103 ASC Coding error in \
                    ASC_requestAssociation: missing presentation contexts";
        assert!(log(&output).contains(told), "{}", log(&output));
        let report = json(&scene.path("r"));
        assert_eq!(
            (&report["failed"], &report["exit_code"]),
            (&2.into(), &1.into())
        );
        let journal = fs::read_to_string(scene.path("j")).expect("a journal");
        assert!(
            journal.contains("\"sop_instance\":\"2.25.9999\""),
            "{journal}"
        );
        assert_eq!(scene.receiver.statistics().associations_accepted, 0);
        // Once another file is acknowledged, only the bad ones are left.
        scene.object("in/good", 1);
        for _ in 0..2 {
            assert_exit(&scene.send(&options, &["in"]), 0);
        }
        assert_eq!(json(&scene.path("r"))["skipped"], 1);
    }
}

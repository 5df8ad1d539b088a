//! What a job says of itself besides DCMTK's lines.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::scene::{CT, Scene, assert_exit, dicom_file_in, json, log, run};

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

#[test]
fn a_journal_about_the_same_peer_by_another_name_is_told_of() {
    let scene = Scene::new();
    scene.object("one", 1);
    let resume = ["--journal", "j", "--resume"];
    assert_exit(&scene.send(&resume, &["one"]), 0);
    let port = scene.receiver.local_addr().port().to_string();
    let words = [
        "storescu",
        "--journal",
        "j",
        "--resume",
        "localhost",
        &port,
        "one",
    ];
    let output = run(scene.files.path(), &words);
    assert_exit(&output, 0);
    let warning = format!(
        "W: the journal has 1 objects acknowledged by ANY-SCP@127.0.0.1:{port}, none by \
         ANY-SCP@localhost:{port}; they will be sent again\n"
    );
    assert!(log(&output).contains(&warning), "{}", log(&output));
    let again = run(scene.files.path(), &words);
    assert!(!log(&again).contains("W: "), "{}", log(&again));
}

#[test]
fn a_report_without_a_place_ends_the_job_before_anything_is_sent() {
    let scene = Scene::new();
    scene.object("one", 1);
    let output = scene.send(&["--report", "missing/r", "--journal", "j"], &["one"]);
    assert_exit(&output, 1);
    let text = log(&output);
    assert!(
        text.starts_with("F: cannot write report missing/r: "),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(scene.stored(), [].into());
    assert!(!scene.path("j").exists());
}

#[test]
fn a_host_that_nobody_knows_is_not_tried_again() {
    let scene = Scene::new();
    scene.object("one", 1);
    let words = ["storescu", "--retry", "20", "nobody.invalid", "104", "one"];
    let output = run(scene.files.path(), &words);
    assert_exit(&output, 1);
    let text = log(&output);
    assert!(text.contains("0006:0320"), "{text}");
    assert!(!text.contains("connecting again"), "{text}");
}

#[test]
fn compressed_files_that_cannot_be_converted_have_one_hint() {
    let scene = Scene::new();
    for number in 1..=2 {
        let file = dicom_file_in("1.2.840.10008.1.2.4.50", CT, number, 10);
        scene.write(&number.to_string(), &file);
    }
    let output = scene.send(&["-nh"], &["1", "2"]);
    assert_exit(&output, 0);
    let text = log(&output);
    let phrase = "unable to convert data set from '1.2.840.10008.1.2.4.50' to '";
    assert_eq!(text.matches(phrase).count(), 2, "{text}");
    let hint = "as they are with --propose-stored\n";
    assert_eq!(text.matches(hint).count(), 1, "{text}");
}

#[test]
fn a_rate_of_a_few_bytes_is_told_of() {
    let scene = Scene::new();
    scene.object("one", 1);
    let output = scene.send(&["--rate", "999"], &["one"]);
    assert_exit(&output, 0);
    let warning = "W: --rate 999 is 999 bytes a second; ";
    assert!(log(&output).starts_with(warning), "{}", log(&output));
}

#[test]
fn a_title_that_the_peer_does_not_know_is_named() {
    /// Rejected for good by the user of the service: called AE title not recognized (PS3.8 9.3.4).
    const REJECTION: [u8; 10] = [3, 0, 0, 0, 0, 4, 0, 1, 1, 7];
    let scene = Scene::new();
    scene.object("one", 1);
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("bound").port().to_string();
    let peer = thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        let mut header = [0; 6];
        connection.read_exact(&mut header).expect("a request");
        let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
        let mut rest = vec![0; length as usize];
        connection.read_exact(&mut rest).expect("a request");
        connection.write_all(&REJECTION).expect("answered");
        // Until the other side has read the answer.
        let _ = connection.read(&mut header);
    });
    let words = [
        "storescu",
        "-aet",
        "ME",
        "-aec",
        "ARCHIV",
        "127.0.0.1",
        &port,
        "one",
    ];
    let output = run(scene.files.path(), &words);
    peer.join().expect("it ends");
    assert_exit(&output, 1);
    assert_eq!(
        log(&output),
        "F: Association Rejected:\nF: Result: Rejected Permanent, Source: Service User\n\
         F: Reason: Called AE Title Not Recognized\n\
         F: The request was of calling AE title \"ME\" (-aet), called AE title \"ARCHIV\" (-aec)\n"
    );
}

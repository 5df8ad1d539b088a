//! Sending as a user meets it: files and directories to a receiver, journals, reports, exit codes.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pdvault_engine::dataset::file_meta::{self, FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::receiver::{Receiver, ReceiverHandle};
use pdvault_engine::registry::SOP_CLASSES;
use pdvault_engine::store::Durability;
use pdvault_engine::value::{AeTitle, Uid};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";

/// The memory of a receiver that is sent a few small objects, in bytes.
const LANDING_BYTES: usize = 16 << 20;

/// A directory with files to send, and a receiver to send them to.
struct Scene {
    files: TempDir,
    stored: TempDir,
    receiver: ReceiverHandle,
}

impl Scene {
    fn new() -> Self {
        Self::on_port(0)
    }

    fn on_port(port: u16) -> Self {
        let stored = tempfile::tempdir().expect("a directory");
        Self {
            files: tempfile::tempdir().expect("a directory"),
            receiver: receiver(port, stored.path()),
            stored,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Writes a small CT object of this name and SOP instance `2.25.<number>`.
    fn object(&self, name: &str, number: u32) -> PathBuf {
        self.write(name, &dicom_file(CT, number, 100))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Runs storescu in the directory of the files, to the receiver.
    fn send(&self, options: &[&str], files: &[&str]) -> Output {
        let port = self.receiver.local_addr().port().to_string();
        let words = [&["storescu"], options, &["127.0.0.1", &port], files].concat();
        run(self.files.path(), &words)
    }

    /// The SOP instances that the receiver has, by their numbers.
    fn stored(&self) -> BTreeSet<u32> {
        names(self.stored.path())
            .iter()
            .map(|name| {
                let number = name.rsplit('.').next().expect("a UID");
                number.parse().expect("a UID that ends in a number")
            })
            .collect()
    }
}

fn receiver(port: u16, directory: &Path) -> ReceiverHandle {
    Receiver::builder()
        .listen((Ipv4Addr::LOCALHOST, port).into())
        .output_directory(directory)
        .landing_memory(LANDING_BYTES)
        .durability(Durability::None)
        .start()
        .expect("a receiver")
}

/// A port on which nobody listens, and which nobody else is given as long as the socket is there; a
/// receiver can take it all the same.
fn reserved_port() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("set");
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    socket.bind(&any.into()).expect("bound");
    let address = socket.local_addr().expect("bound");
    (socket, address.as_socket().expect("an IP address").port())
}

fn run(directory: &Path, words: &[impl AsRef<OsStr>]) -> Output {
    Command::new(PDVAULT)
        .args(words)
        .current_dir(directory)
        .output()
        .expect("the program starts")
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| {
            let entry = entry.expect("an entry");
            entry.file_name().into_string().expect("a name of ASCII")
        })
        .collect()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", log(output));
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A DICOM file with so many bytes of pixel data.
fn dicom_file(class: &str, number: u32, pixel_bytes: usize) -> Vec<u8> {
    let (class, instance) = (
        Uid::from(class),
        Uid::from(format!("2.25.{number}").as_str()),
    );
    let mut file = vec![0; FILE_META_BYTES_MAX];
    let meta = FileMeta {
        sop_class: &class,
        sop_instance: &instance,
        transfer_syntax: &EXPLICIT_LITTLE.into(),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let length = meta.encode(&mut file);
    file.truncate(length);
    short_element(&mut file, (0x0008, 0x0016), *b"UI", class.as_str());
    short_element(&mut file, (0x0008, 0x0018), *b"UI", instance.as_str());
    short_element(&mut file, (0x0010, 0x0020), *b"LO", "nobody");
    file.extend([0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
    file.extend(u32::try_from(pixel_bytes).expect("small").to_le_bytes());
    file.extend((0..pixel_bytes).map(|at| at.to_le_bytes()[0]));
    file
}

fn short_element(out: &mut Vec<u8>, (group, element): (u16, u16), vr: [u8; 2], text: &str) {
    let length = text.len().next_multiple_of(2);
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(vr);
    out.extend(u16::try_from(length).expect("short").to_le_bytes());
    out.extend(text.bytes());
    out.resize(out.len() + length - text.len(), 0);
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

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
        ("bad", "ends too early"),
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
fn a_peer_that_comes_late_is_waited_for() {
    let (_reserved, port) = reserved_port();
    let files = tempfile::tempdir().expect("a directory");
    fs::write(files.path().join("one"), dicom_file(CT, 1, 100)).expect("written");
    let mut sender = Command::new(PDVAULT)
        .args([
            "storescu",
            "--retry",
            "10",
            "127.0.0.1",
            &port.to_string(),
            "one",
        ])
        .current_dir(files.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(sender.stderr.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
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

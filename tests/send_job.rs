//! What `pdvault storescu` does beyond DCMTK's: it says of each file what became of it, tries again
//! what may pass, keeps a rate, and reads directories of any size.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pdvault_tests::journal::{Journal, Record};
use pdvault_tests::object::{Object, file_head};
use pdvault_tests::receiver::Receiver;
use pdvault_tests::scp::{Association, OnRequest, Reply, Scp, Script};
use pdvault_tests::storescu::{Ended, Running, Tool, run};
use pdvault_tests::{scratch, wire};
use serde_json::Value;
use tempfile::TempDir;

/// MR Image Storage.
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";

const OBJECT_BYTES: usize = 2000;

fn object(number: usize) -> Object {
    Object::ct(&format!("2.25.30{number}"), OBJECT_BYTES)
}

/// A directory from which files are sent.
struct Job {
    home: TempDir,
}

impl Job {
    fn new() -> Self {
        Self {
            home: scratch::directory(),
        }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).expect("a file in target/tmp");
    }

    /// Sends with journal and report.
    fn send(&self, port: u16, words: &str) -> Ended {
        let mut command = Tool::Ours.command();
        command.args(["-v", "--journal", "journal", "--report", "report"]);
        let port = port.to_string();
        command.args(words.split_whitespace().map(|word| match word {
            "PORT" => &port,
            _ => word,
        }));
        run(command.current_dir(self.path()))
    }

    fn journal(&self) -> Vec<Record> {
        let mut journal = Journal::new(&self.path().join("journal"));
        journal.read();
        journal.records().to_vec()
    }

    fn report(&self) -> Value {
        let text = fs::read_to_string(self.path().join("report")).expect("a report");
        serde_json::from_str(&text).expect("a report is JSON")
    }

    /// The reasons of the report by the names of the files.
    fn reported_reasons(&self) -> BTreeMap<String, String> {
        let report = self.report();
        let failed = report["failed_objects"].as_array().expect("a list").clone();
        failed
            .iter()
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                (file_name(&text("path")), text("reason"))
            })
            .collect()
    }
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().expect("a file has a name");
    name.to_string_lossy().into_owned()
}

/// Writes files with which something is wrong, and good ones around them; names the bad ones.
fn make_bad_files(job: &Job) -> [&'static str; 6] {
    let good = object(0).file();
    job.write("a-good.dcm", &good);
    job.write(
        "b-text.txt",
        b"This is no DICOM file, whatever it is named.\n",
    );
    job.write("c-empty.dcm", b"");
    job.write("d-truncated.dcm", &good[..good.len() - 100]);
    let mut nameless = file_head("", "", wire::EXPLICIT);
    // Patient ID and nothing else.
    nameless.extend(b"\x10\0\x20\0LO\x04\0SOME");
    job.write("e-nameless.dcm", &nameless);
    let mut refused = object(1);
    MR.clone_into(&mut refused.class);
    // The class UIDs differ in their last character and have an odd length both.
    let text = [wire::CT, MR].map(str::as_bytes);
    let at = refused
        .data
        .windows(text[0].len())
        .position(|bytes| bytes == text[0]);
    let at = at.expect("the data set names its class");
    refused.data[at..at + text[1].len()].copy_from_slice(text[1]);
    job.write("f-refused.dcm", &refused.file());
    job.write("g-failing.dcm", &object(2).file());
    job.write("h-good.dcm", &object(3).file());
    [
        "b-text.txt",
        "c-empty.dcm",
        "d-truncated.dcm",
        "e-nameless.dcm",
        "f-refused.dcm",
        "g-failing.dcm",
    ]
}

/// A receiver that takes CT images only, and fails at the second one.
fn choosy() -> Scp {
    Scp::start(&Script {
        classes: Some(vec![wire::CT.to_owned()]),
        replies: vec![Reply::Status(0), Reply::Status(0xA900)],
        ..Script::default()
    })
}

#[test]
fn each_bad_file_has_its_reason_in_log_journal_and_report() {
    let job = Job::new();
    let bad = make_bad_files(&job);
    let scp = choosy();
    let ended = job.send(
        scp.port(),
        "-nh 127.0.0.1 PORT a-good.dcm b-text.txt c-empty.dcm d-truncated.dcm e-nameless.dcm \
         f-refused.dcm g-failing.dcm h-good.dcm",
    );
    ended.assert_code(0);
    let records = job.journal();
    let reported = job.reported_reasons();
    assert_eq!(records.len(), 8, "{records:#?}");
    for record in &records {
        let name = file_name(&record.path);
        let is_bad = bad.contains(&name.as_str());
        assert_eq!(!record.is_acknowledged(), is_bad, "{record:?}");
        let reason = record.reason.clone().unwrap_or_default();
        assert_eq!(!reason.is_empty(), is_bad, "{record:?}");
        assert_eq!(reported.get(&name).cloned().unwrap_or_default(), reason);
        assert_eq!(
            complains_of(&ended.log, &name),
            is_bad,
            "{name}:\n{}",
            ended.log
        );
    }
    let report = job.report();
    assert_eq!((&report["sent"], &report["failed"]), (&2.into(), &6.into()));
    let failing = records
        .iter()
        .find(|one| one.path.ends_with("g-failing.dcm"));
    let status = failing.and_then(|one| one.status.as_deref());
    assert_eq!(status, Some("A900"), "the peer's status is kept");
    assert_eq!(stored(&scp.finish()), ["2.25.300", "2.25.302", "2.25.303"]);
}

/// Whether the log tells of an error between a file and the next one, or warns of that file.
fn complains_of(log: &str, name: &str) -> bool {
    let mut parts = log.split("Sending file: ").skip(1);
    let part = parts.find(|part| part.lines().next() == Some(name));
    let has_error = part.is_some_and(|part| part.lines().any(|line| line.starts_with("E: ")));
    let warns = |line: &str| line.starts_with("W: ") && line.contains(name);
    has_error || log.lines().any(warns)
}

/// Instance UIDs in the order in which they came.
fn stored(associations: &[Association]) -> Vec<String> {
    let objects = associations.iter().flat_map(|one| &one.stored);
    objects.map(|one| one.instance.clone()).collect()
}

#[test]
fn a_job_that_halts_reports_what_it_was_told_to_do_and_did_not() {
    for (files, code, sent) in [
        ("a-good.dcm b-text.txt h-good.dcm", 1, 1),
        ("a-good.dcm f-refused.dcm h-good.dcm", 1, 1),
        ("a-good.dcm g-failing.dcm h-good.dcm", 169, 1),
    ] {
        let job = Job::new();
        make_bad_files(&job);
        let scp = choosy();
        let ended = job.send(scp.port(), &format!("127.0.0.1 PORT {files}"));
        ended.assert_code(code);
        let report = job.report();
        assert_eq!(report["exit_code"], code, "{report:#}");
        assert_eq!(report["sent"], sent, "{report:#}");
        let bad = files.split(' ').nth(1).expect("three names");
        assert!(job.reported_reasons().contains_key(bad), "{report:#}");
        drop(scp.finish());
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let job = Job::new();
    for number in 0..4 {
        job.write(&format!("{number}.dcm"), &object(number).file());
    }
    let scp = Scp::start(&Script {
        on_first_requests: vec![OnRequest::Reject(2, 3, 2), OnRequest::Close],
        replies: vec![
            Reply::Status(0),
            Reply::Status(0xA700),
            Reply::Abort,
            Reply::Close,
        ],
        ..Script::default()
    });
    let words = "--retry 6 127.0.0.1 PORT 0.dcm 1.dcm 2.dcm 3.dcm";
    let ended = job.send(scp.port(), words);
    ended.assert_code(0);
    let records = job.journal();
    let acknowledged = records.iter().filter(|one| one.is_acknowledged());
    assert_eq!(acknowledged.count(), 4, "{records:#?}");
    let mut answered = Vec::new();
    for association in scp.finish() {
        let well = association
            .stored
            .into_iter()
            .filter(|one| one.reply == Reply::Status(0));
        answered.extend(well.map(|one| one.instance));
    }
    answered.sort();
    assert_eq!(answered, ["2.25.300", "2.25.301", "2.25.302", "2.25.303"]);
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for (on_request, reply, code, requests) in [
        (OnRequest::Reject(1, 1, 7), Reply::Status(0), 1, 1),
        (OnRequest::Accept, Reply::Status(0xA900), 169, 1),
        (OnRequest::Accept, Reply::Status(0xC000), 192, 1),
    ] {
        let job = Job::new();
        job.write("0.dcm", &object(0).file());
        let script = Script {
            on_request,
            replies: vec![reply; 9],
            ..Script::default()
        };
        let scp = Scp::start(&script);
        let ended = job.send(scp.port(), "--retry 3 127.0.0.1 PORT 0.dcm");
        ended.assert_code(code);
        assert_eq!(scp.finish().len(), requests, "{}", ended.log);
    }
}

#[test]
fn a_window_is_asked_for_only_when_told_so_and_kept_to() {
    for (options, granted, asked) in [
        ("", 16, None),
        ("--async-ops 16", 1, Some(16)),
        ("--async-ops 16", 4, Some(16)),
        ("--async-ops 16", 0, Some(16)),
    ] {
        let job = Job::new();
        for number in 0..9 {
            job.write(&format!("{number}.dcm"), &object(number).file());
        }
        let scp = Scp::start(&Script {
            operations: granted,
            ..Script::default()
        });
        let words = format!("{options} +sd +sp *.dcm 127.0.0.1 PORT .");
        job.send(scp.port(), &words).assert_code(0);
        let associations = scp.finish();
        assert_eq!(stored(&associations).len(), 9);
        let requested = associations[0].requested.as_ref().expect("a request");
        let invoked = requested.operations.map(|(invoked, _)| invoked);
        assert_eq!(invoked, asked, "{options}");
    }
}

#[test]
fn a_rate_holds_for_all_associations_together() {
    const OBJECTS: usize = 120;
    const PER_SECOND: u32 = 40;
    let job = Job::new();
    for number in 0..OBJECTS {
        job.write(&format!("{number}.dcm"), &object(number).file());
    }
    let receiver = Receiver::start("--ignore");
    let words =
        format!("--associations 4 --rate {PER_SECOND}objects +sd +sp *.dcm 127.0.0.1 PORT .");
    let started = Instant::now();
    job.send(receiver.port(), &words).assert_code(0);
    // Three seconds at that rate; a second's worth may go at once.
    assert!(
        started.elapsed() > Duration::from_millis(1900),
        "{:?}",
        started.elapsed()
    );
}

/// The highest resident memory of a sender that is given a directory of so many entries.
fn peak_of(entries: usize) -> u64 {
    let job = Job::new();
    make_entries(&job, entries);
    let receiver = Receiver::start("--ignore");
    let mut command = Tool::Ours.command();
    command.args(["--report", "report"]);
    command.args([
        "--associations",
        "2",
        "--async-ops",
        "16",
        "+sd",
        "+sp",
        "*.dcm",
    ]);
    command.args(["127.0.0.1", &receiver.port().to_string(), "entries"]);
    let mut sender = Running::start(command.current_dir(job.path()));
    let mut peak = 0;
    while sender.is_running() {
        peak = sender.peak_resident_bytes().unwrap_or(peak);
        thread::sleep(Duration::from_millis(5));
    }
    sender.wait().assert_code(0);
    assert_eq!(job.report()["sent"], entries);
    peak
}

/// Makes so many names for a few files, each name so long that a list of them would be seen.
fn make_entries(job: &Job, entries: usize) {
    // ext4 allows 65,000 names for one file.
    const NAMES_MAX: usize = 50_000;
    let folder = job.path().join("entries");
    fs::create_dir(&folder).expect("a directory in target/tmp");
    for number in 0..entries {
        let original = format!("original-{}", number / NAMES_MAX);
        if number % NAMES_MAX == 0 {
            job.write(
                &original,
                &Object::ct(&format!("2.25.{number}"), 700).file(),
            );
        }
        let name = format!("{number:0>200}.dcm");
        fs::hard_link(job.path().join(original), folder.join(name)).expect("a further name");
    }
}

#[test]
fn a_directory_of_200_000_entries_takes_no_more_memory_than_one_of_2_000() {
    const MORE_MAX: u64 = 12 << 20;
    let (few, many) = (peak_of(2_000), peak_of(200_000));
    println!(
        "peak resident memory: {} KiB, {} KiB",
        few >> 10,
        many >> 10
    );
    assert!(many < few + MORE_MAX, "{few} and {many} bytes");
}

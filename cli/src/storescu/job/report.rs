//! `--report`: what became of everything, for a machine.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access};
use serde::Serialize;

use super::clock::timestamp;
use super::hashed::HashedSet;
use super::outcome::{Outcome, Verdict};
use super::rest::Rest;

/// The version of the format.
const VERSION: u32 = 1;

/// How many failed and warned objects are listed, each. The rest is counted; the journal has all.
const LISTED_MAX: usize = 10_000;

/// What became of all objects so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Acknowledged without a warning.
    pub(super) sent: u64,
    /// Acknowledged with a warning.
    pub(super) warned: u64,
    /// Not acknowledged.
    pub(super) failed: u64,
    /// Passed over, because the journal shows them as acknowledged.
    pub(super) skipped: u64,
    /// The bytes of the data sets that were acknowledged.
    pub(super) bytes: u64,
    /// Acknowledged under a SOP Instance UID that an earlier file of this run has, too: an archive
    /// shows so many fewer. 0 where nobody looks for them.
    pub(super) duplicates: u64,
}

impl Tally {
    /// Counts one more.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome.verdict {
            Verdict::Sent => self.sent += 1,
            Verdict::Warned => self.warned += 1,
            Verdict::Failed => self.failed += 1,
        }
        if outcome.verdict.is_acknowledged() {
            self.bytes += outcome.bytes;
        }
    }

    /// How many are dealt with.
    pub(super) fn done(&self) -> u64 {
        self.tried() + self.skipped
    }

    /// How many were not skipped.
    pub(super) fn tried(&self) -> u64 {
        self.sent + self.warned + self.failed
    }
}

/// An object that is worth a line of its own.
#[derive(Clone, Debug, Serialize)]
struct Listed {
    /// Bytes that are no UTF-8 are replaced; the journal has them.
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sop_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sop_instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Listed {
    fn new(outcome: &Outcome) -> Self {
        Self {
            path: outcome.path.to_string_lossy().into_owned(),
            sop_class: outcome.sop_class.clone(),
            sop_instance: outcome.sop_instance.clone(),
            status: outcome.status_text(),
            reason: outcome.reason.clone(),
        }
    }
}

/// Gathers what the report will say.
#[derive(Debug, Default)]
pub(super) struct Report {
    tally: Tally,
    failed: Vec<Listed>,
    warned: Vec<Listed>,
    /// What nobody tried.
    rest: Rest,
    /// The SOP instances that were acknowledged, 16 bytes each, if duplicates are looked for.
    instances: Option<HashedSet>,
}

/// How the whole job went.
#[derive(Clone, Debug)]
pub(super) struct Conclusion<'a> {
    /// To whom objects were sent.
    pub(super) peer: &'a str,
    /// When the job began.
    pub(super) started: SystemTime,
    /// How long it took.
    pub(super) took: Duration,
    /// Why it stopped before its end, if it did.
    pub(super) error: Option<&'a str>,
    /// The exit code of the program.
    pub(super) exit_code: u8,
}

#[derive(Serialize)]
struct Document<'a> {
    report: &'static str,
    version: u32,
    peer: &'a str,
    started: String,
    seconds: f64,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    sent: u64,
    warned: u64,
    failed: u64,
    skipped: u64,
    not_attempted: u64,
    /// Whether `not_attempted` counts all there are; if not, there may be more.
    not_attempted_is_complete: bool,
    duplicates: u64,
    bytes: u64,
    failed_objects: &'a [Listed],
    failed_objects_omitted: u64,
    warned_objects: &'a [Listed],
    warned_objects_omitted: u64,
    not_attempted_files: Vec<String>,
    not_attempted_files_omitted: u64,
}

impl Report {
    /// Nothing happened yet. `with_duplicates` it remembers all SOP instances.
    pub(super) fn new(with_duplicates: bool) -> Self {
        Self {
            instances: with_duplicates.then(HashedSet::default),
            ..Self::default()
        }
    }

    /// Counts an object, and remembers what was special about it.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.tally.count(outcome);
        if self.is_duplicate(outcome) {
            self.tally.duplicates += 1;
        }
        let list = match outcome.verdict {
            Verdict::Sent => return,
            Verdict::Warned => &mut self.warned,
            Verdict::Failed => &mut self.failed,
        };
        if list.len() < LISTED_MAX {
            list.push(Listed::new(outcome));
        }
    }

    /// Whether this one is acknowledged and not the first of its SOP instance.
    fn is_duplicate(&mut self, outcome: &Outcome) -> bool {
        match (&mut self.instances, &outcome.sop_instance) {
            (Some(instances), Some(uid)) if outcome.verdict.is_acknowledged() => {
                !instances.insert(uid)
            }
            _ => false,
        }
    }

    /// Counts an object that the journal shows as acknowledged.
    pub(super) fn add_skipped(&mut self) {
        self.tally.skipped += 1;
    }

    /// What nobody tried, to be added to.
    pub(super) fn rest_mut(&mut self) -> &mut Rest {
        &mut self.rest
    }

    /// What nobody tried.
    pub(super) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The numbers so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Writes the report. A file appears at once whole, or not at all; whatever else `path` names,
    /// such as a pipe, a device or a link, stays what it is and is written into.
    pub(super) fn write(&self, path: &Path, conclusion: &Conclusion<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&self.document(conclusion))?;
        text.push(b'\n');
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.is_file() => File::create(path)?.write_all(&text),
            _ => replace(path, &text),
        }
    }

    fn document<'a>(&'a self, conclusion: &Conclusion<'a>) -> Document<'a> {
        let tally = &self.tally;
        Document {
            report: "pdvault storescu",
            version: VERSION,
            peer: conclusion.peer,
            started: timestamp(conclusion.started),
            seconds: conclusion.took.as_secs_f64(),
            exit_code: conclusion.exit_code,
            error: conclusion.error,
            sent: tally.sent,
            warned: tally.warned,
            failed: tally.failed,
            skipped: tally.skipped,
            not_attempted: self.rest.count(),
            not_attempted_is_complete: self.rest.is_all(),
            duplicates: tally.duplicates,
            bytes: tally.bytes,
            failed_objects: &self.failed,
            failed_objects_omitted: tally.failed - self.failed.len() as u64,
            warned_objects: &self.warned,
            warned_objects_omitted: tally.warned - self.warned.len() as u64,
            not_attempted_files: self.rest.listed(),
            not_attempted_files_omitted: self.rest.omitted(),
        }
    }
}

/// Whether a report can be written to `path`, as far as can be seen before there is one. What is there
/// stays as it is; a pipe is not opened, as its reader would see that.
pub(super) fn check(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() && !path.exists() => Ok(()),
        Ok(_) if path.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => Ok(access(path, Access::WRITE_OK)?),
        _ => {
            let part = part_path(path);
            File::create(&part)?;
            fs::remove_file(&part)
        }
    }
}

/// Puts a file in the place of an older one, if there is one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let part = part_path(path);
    let written = write_synced(&part, text).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // It may never have come to be.
        let _ = fs::remove_file(&part);
    }
    written
}

/// The name of a report that is not complete yet.
fn part_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write_synced(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::thread;

    use pdvault_engine::dimse::Status;

    use super::*;

    fn outcome(verdict: Verdict, status: u16) -> Outcome {
        Outcome {
            path: "a\"b".into(),
            sop_class: None,
            sop_instance: Some("1.2.3".to_owned()),
            bytes: 10,
            verdict,
            status: Some(Status(status)),
            reason: Some("no space".to_owned()),
        }
    }

    fn conclusion() -> Conclusion<'static> {
        Conclusion {
            peer: "ANY-SCP@host:104",
            started: SystemTime::UNIX_EPOCH,
            took: Duration::from_millis(1500),
            error: None,
            exit_code: 167,
        }
    }

    fn written(report: &Report) -> serde_json::Value {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report.json");
        fs::write(&path, "an older report").expect("written");
        report.write(&path, &conclusion()).expect("written");
        assert_eq!(
            fs::read_dir(directory.path()).expect("read").count(),
            1,
            "nothing is left beside it"
        );
        serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON")
    }

    #[test]
    fn a_report_counts_all_and_lists_what_was_special() {
        let mut report = Report::default();
        report.add(&outcome(Verdict::Sent, 0));
        report.add(&outcome(Verdict::Warned, 0xB000));
        report.add(&outcome(Verdict::Failed, 0xA700));
        report.add_skipped();
        let json = written(&report);
        for (name, number) in [("sent", 1), ("warned", 1), ("failed", 1), ("skipped", 1)] {
            assert_eq!(json[name], number, "{name}");
        }
        assert_eq!(json["version"], 1);
        assert_eq!(json["bytes"], 20);
        assert_eq!(json["exit_code"], 167);
        assert_eq!(json["seconds"], 1.5);
        assert_eq!(json["failed_objects"][0]["path"], "a\"b");
        assert_eq!(json["failed_objects"][0]["status"], "A700");
        assert_eq!(json["failed_objects"][0]["reason"], "no space");
        assert_eq!(json["warned_objects"][0]["status"], "B000");
        assert_eq!(json["error"], serde_json::Value::Null);
        assert_eq!(json["not_attempted"], 0);
        assert_eq!(json["not_attempted_is_complete"], true);
        assert_eq!(json["not_attempted_files"], serde_json::json!([]));
    }

    #[test]
    fn what_is_no_file_is_written_into() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for (link, target) in [("link", "target"), ("dangling", "new")] {
            symlink(target, path(link)).expect("linked");
        }
        fs::write(
            path("target"),
            "an older report, longer than the new one".repeat(100),
        )
        .expect("written");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), 0o600.into()).expect("made");
        let pipe = path("pipe");
        let reader = thread::spawn(move || fs::read(pipe).expect("read"));
        for name in ["link", "dangling", "pipe"] {
            let written = Report::default().write(&path(name), &conclusion());
            written.expect("written");
        }
        let texts = [
            reader.join().expect("read"),
            fs::read(path("target")).expect("read"),
            fs::read(path("new")).expect("read"),
        ];
        for text in texts {
            let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            assert_eq!(json["exit_code"], 167);
        }
        assert!(path("link").is_symlink() && path("dangling").is_symlink());
        let names = fs::read_dir(directory.path()).expect("read").count();
        assert_eq!(names, 5, "nothing is left beside them");
    }

    #[test]
    fn files_of_one_sop_instance_are_counted_once_it_is_acknowledged() {
        let mut report = Report::new(true);
        for verdict in [
            Verdict::Failed,
            Verdict::Sent,
            Verdict::Warned,
            Verdict::Failed,
            Verdict::Sent,
        ] {
            report.add(&outcome(verdict, 0));
        }
        let other = Outcome {
            sop_instance: Some("1.2.4".to_owned()),
            ..outcome(Verdict::Sent, 0)
        };
        report.add(&other);
        assert_eq!(written(&report)["duplicates"], 2);
    }

    #[test]
    fn what_was_not_tried_is_counted_and_listed() {
        let mut report = Report::default();
        report.rest_mut().add(Path::new("a"), 1);
        report.rest_mut().note_part();
        let json = written(&report);
        assert_eq!(json["not_attempted"], 1);
        assert_eq!(json["not_attempted_is_complete"], false);
        assert_eq!(json["not_attempted_files"], serde_json::json!(["a"]));
        assert_eq!(json["not_attempted_files_omitted"], 0);
    }

    #[test]
    fn lists_end_somewhere_and_counts_do_not() {
        let mut report = Report::default();
        for _ in 0..LISTED_MAX + 5 {
            report.add(&outcome(Verdict::Failed, 0xA700));
        }
        let json = written(&report);
        assert_eq!(json["failed"], LISTED_MAX + 5);
        assert_eq!(
            json["failed_objects"].as_array().map(Vec::len),
            Some(LISTED_MAX)
        );
        assert_eq!(json["failed_objects_omitted"], 5);
    }

    #[test]
    fn a_place_for_a_report_is_checked_without_a_trace() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("old"), "an older report").expect("written");
        symlink("old", path("link")).expect("linked");
        symlink("new", path("dangling")).expect("linked");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), 0o600.into()).expect("made");
        for name in ["old", "link", "dangling", "pipe", "none yet"] {
            check(&path(name)).expect(name);
        }
        check(Path::new("/dev/null")).expect("a device");
        for bad in [directory.path(), Path::new("/nonexistent/report")] {
            check(bad).expect_err("no place");
        }
        let text = fs::read_to_string(path("old")).expect("read");
        assert_eq!(text, "an older report");
        let names = fs::read_dir(directory.path()).expect("read").count();
        assert_eq!(names, 4, "nothing is left beside them");
    }

    #[test]
    fn a_report_that_cannot_be_written_is_an_error() {
        let error = Report::default().write(Path::new("/nonexistent/report"), &conclusion());
        assert!(error.is_err());
    }
}

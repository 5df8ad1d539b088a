//! Journals as runs and crashes leave them.

use std::fs;

use pdvault_engine::dimse::Status;

use super::*;
use crate::storescu::job::outcome::{Outcome, Verdict};

const PEER: &str = "ANY-SCP@archive:104";

struct Scene {
    directory: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("journal")
    }

    fn open(&self) -> Result<(Journal, Acknowledged), JournalError> {
        Journal::open(&self.path(), PEER)
    }

    fn acknowledged(&self) -> Acknowledged {
        self.open().expect("a journal").1
    }

    /// A file of this name, and its version.
    fn file(&self, name: &str) -> FileVersion {
        let path = self.directory.path().join(name);
        fs::write(&path, name).expect("written");
        FileVersion::new(&path, &fs::metadata(&path).expect("it is there"))
    }

    /// One run that deals with one file in this way.
    fn run(&self, peer: &str, file: &FileVersion, verdict: Verdict) {
        let (mut journal, _) = Journal::open(&self.path(), peer).expect("a journal");
        add(&mut journal, file, verdict);
        journal.sync().expect("written");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("text")
    }
}

fn outcome(verdict: Verdict) -> Outcome {
    Outcome {
        path: "as named".into(),
        sop_class: Some("1.2.840.10008.5.1.4.1.1.2".to_owned()),
        sop_instance: Some("1.2.3".to_owned()),
        bytes: 1,
        verdict,
        status: Some(Status(0xB000)),
        reason: Some("because".to_owned()),
    }
}

fn add(journal: &mut Journal, file: &FileVersion, verdict: Verdict) {
    journal.add(&Entry {
        file: Some(file),
        outcome: &outcome(verdict),
        time: SystemTime::UNIX_EPOCH,
    });
}

#[test]
fn what_was_acknowledged_is_known_in_the_next_run_and_nothing_else() {
    let scene = Scene::new();
    let [sent, warned, failed, unseen] = ["a", "b", "c", "d"].map(|name| scene.file(name));
    let (mut journal, none) = scene.open().expect("a new journal");
    assert_eq!(none.len(), 0);
    add(&mut journal, &sent, Verdict::Sent);
    add(&mut journal, &warned, Verdict::Warned);
    add(&mut journal, &failed, Verdict::Failed);
    journal.sync().expect("written");
    drop(journal);
    let known = scene.acknowledged();
    assert!(known.contains(&sent) && known.contains(&warned));
    assert!(!known.contains(&failed) && !known.contains(&unseen));
    assert_eq!(known.len(), 2);
}

#[test]
fn every_run_begins_with_a_header_and_every_object_has_a_line() {
    let scene = Scene::new();
    let file = scene.file("a");
    scene.run(PEER, &file, Verdict::Failed);
    scene.run(PEER, &file, Verdict::Sent);
    let text = scene.text();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4);
    for header in [&lines[0], &lines[2]] {
        assert_eq!(header["journal"], "pdvault storescu");
        assert_eq!(header["version"], 1);
        assert_eq!(header["peer"], PEER);
    }
    let path = scene.directory.path().join("a");
    assert_eq!(lines[1]["path"], path.to_str().expect("text"));
    assert_eq!(lines[1]["outcome"], "failed");
    assert_eq!(lines[3]["outcome"], "sent");
    assert_eq!(lines[3]["status"], "B000");
    assert_eq!(lines[3]["size"], 1);
    assert_eq!(lines[3]["sop_instance"], "1.2.3");
    assert_eq!(lines[3]["reason"], "because");
    assert_eq!(lines[3]["time"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn a_line_cut_short_at_any_byte_is_dropped() {
    let scene = Scene::new();
    let [first, last] = ["a", "b"].map(|name| scene.file(name));
    scene.run(PEER, &first, Verdict::Sent);
    let whole = scene.text();
    let header = whole.lines().next().expect("a header").len() + 1;
    for end in (0..header)
        .step_by(9)
        .chain(header - 1..=header + 1)
        .chain((header..whole.len()).step_by(23))
        .chain([whole.len() - 1])
    {
        fs::write(scene.path(), &whole[..end]).expect("written");
        let known = scene.acknowledged();
        assert!(!known.contains(&first), "{end}");
        // The next run writes on behind a whole line.
        scene.run(PEER, &last, Verdict::Sent);
        assert!(scene.acknowledged().contains(&last), "{end}");
        // A torn header is written anew, and may even come out the same.
        if end >= header {
            assert!(scene.text().starts_with(&whole[..header]), "{end}");
        }
    }
}

#[test]
fn an_end_of_zeroes_after_a_power_cut_is_dropped() {
    let scene = Scene::new();
    let file = scene.file("a");
    scene.run(PEER, &file, Verdict::Sent);
    let mut bytes = fs::read(scene.path()).expect("read");
    let length = bytes.len();
    bytes.resize(length + 5000, 0);
    fs::write(scene.path(), &bytes).expect("written");
    assert!(scene.acknowledged().contains(&file));
    assert!(!scene.text().contains('\0'));
}

#[test]
fn a_damaged_line_with_others_behind_it_is_no_crash() {
    let scene = Scene::new();
    let file = scene.file("a");
    scene.run(PEER, &file, Verdict::Sent);
    scene.run(PEER, &file, Verdict::Sent);
    let text = scene.text().replacen("outcome", "income", 1);
    fs::write(scene.path(), &text).expect("written");
    let error = scene.open().expect_err("damaged");
    assert!(
        matches!(error, JournalError::Damaged { line: 2, .. }),
        "{error}"
    );
    assert_eq!(scene.text(), text);
}

#[test]
fn another_file_is_left_as_it_is() {
    let scene = Scene::new();
    for text in [
        "a letter\n",
        "a letter",
        "{}\n",
        "\n",
        "{\"journal\":\"other\",\"version\":1}\n",
    ] {
        fs::write(scene.path(), text).expect("written");
        let error = scene.open().expect_err("no journal");
        assert!(matches!(error, JournalError::NotAJournal(_)), "{error}");
        assert_eq!(scene.text(), text);
    }
}

#[test]
fn a_newer_journal_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    let text = "{\"journal\":\"pdvault storescu\",\"version\":2,\"more\":[1]}\n{\"new\":1}\n";
    fs::write(scene.path(), text).expect("written");
    let error = scene.open().expect_err("newer");
    let message = error.to_string();
    assert!(
        message.contains("has version 2, this program reads up to 1"),
        "{message}"
    );
    assert_eq!(scene.text(), text);
}

#[test]
fn two_runs_do_not_write_one_journal() {
    let scene = Scene::new();
    let (first, _) = scene.open().expect("a journal");
    let error = scene.open().expect_err("in use");
    assert!(matches!(error, JournalError::InUse(_)), "{error}");
    drop(first);
    scene.open().expect("free again");
}

#[test]
fn what_another_peer_acknowledged_does_not_count() {
    let scene = Scene::new();
    let [here, there] = ["a", "b"].map(|name| scene.file(name));
    scene.run(PEER, &here, Verdict::Sent);
    scene.run("ANY-SCP@elsewhere:104", &there, Verdict::Sent);
    let known = scene.acknowledged();
    assert!(known.contains(&here) && !known.contains(&there));
    assert_eq!(known.only_elsewhere(), None);
}

#[test]
fn a_journal_that_is_only_about_others_tells_of_the_last_of_them() {
    let scene = Scene::new();
    let [one, two] = ["a", "b"].map(|name| scene.file(name));
    scene.run("ANY-SCP@localhost:104", &one, Verdict::Failed);
    assert_eq!(scene.acknowledged().only_elsewhere(), None);
    scene.run("ANY-SCP@localhost:104", &one, Verdict::Sent);
    scene.run("ANY-SCP@localhost:104", &two, Verdict::Warned);
    let mut expected = Elsewhere {
        count: 2,
        peer: "ANY-SCP@localhost:104".to_owned(),
        has_more_peers: false,
    };
    assert_eq!(scene.acknowledged().only_elsewhere(), Some(&expected));
    scene.run("OTHER@localhost:104", &two, Verdict::Sent);
    expected = Elsewhere {
        count: 3,
        peer: "OTHER@localhost:104".to_owned(),
        has_more_peers: true,
    };
    assert_eq!(scene.acknowledged().only_elsewhere(), Some(&expected));
}

#[test]
fn a_changed_file_is_another_object() {
    let scene = Scene::new();
    let before = scene.file("a");
    scene.run(PEER, &before, Verdict::Sent);
    let path = scene.directory.path().join("a");
    fs::write(&path, "longer than before").expect("written");
    let after = FileVersion::new(&path, &fs::metadata(&path).expect("it is there"));
    let known = scene.acknowledged();
    assert!(known.contains(&before) && !known.contains(&after));
}

#[test]
fn a_path_that_is_no_text_is_kept() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let scene = Scene::new();
    let path = scene.directory.path().join(OsStr::from_bytes(b"\xff\n\"x"));
    fs::write(&path, "x").expect("written");
    let file = FileVersion::new(&path, &fs::metadata(&path).expect("it is there"));
    scene.run(PEER, &file, Verdict::Sent);
    assert!(scene.acknowledged().contains(&file));
    assert!(scene.text().contains("\"path_hex\":\"2f"));
}

#[test]
fn a_path_with_quotes_and_line_ends_takes_one_line() {
    let scene = Scene::new();
    let file = scene.file("a\"\n\\b");
    scene.run(PEER, &file, Verdict::Sent);
    assert_eq!(scene.text().lines().count(), 2);
    assert!(scene.acknowledged().contains(&file));
}

#[test]
fn a_journal_in_a_directory_that_is_not_there_says_so() {
    let error = Journal::open(Path::new("/nonexistent/journal"), PEER).expect_err("no directory");
    assert!(
        error
            .to_string()
            .starts_with("cannot open journal /nonexistent/journal: No such file"),
        "{error}"
    );
}

#[test]
fn what_is_no_regular_file_cannot_be_a_journal() {
    let scene = Scene::new();
    let pipe = scene.path();
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).expect("made");
    for path in [&pipe, Path::new("/dev/null")] {
        let error = Journal::open(path, PEER).expect_err("no file");
        assert!(matches!(error, JournalError::NotAFile(_)), "{error}");
    }
}

//! Real senders, real files: every data set of pydicom's test files reaches the disk as it was sent,
//! whichever toolkit sends it.
//!
//! Between sender and receiver sits a proxy that records the conversation. So "what was sent" is
//! known to the byte even where a sender re-encodes.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use pdvault_tests::conversation::Transfer;
use pdvault_tests::corpus::{self, CorpusFile};
use pdvault_tests::proxy::Proxy;
use pdvault_tests::receiver::Receiver;
use pdvault_tests::stored::{self, StoredFile};
use pdvault_tests::tools;

/// The receiver takes every transfer syntax, and keeps objects that share their SOP instance UID:
/// the corpus has several such.
const OPTIONS: &str = "+xa --on-duplicate keep";

/// The start of the implementation version name in stored files.
const VERSION_NAME_PREFIX: &str = "PDVAULT_";

/// Fewer files than this and the corpus is not the one that the tables below were made for.
const CORPUS_FILES_MIN: usize = 175;

/// Files of the corpus that a sender or a reader refuses, and why, in groups. The tables are exact: a
/// file newly refused or newly accepted fails the test.
type Refusals = &'static [&'static [(&'static str, &'static str)]];

const DIRECTORY: &str = "a DICOMDIR is no storage object: no sender finds a context for it";
const NO_CLASS: &str = "names no SOP class and instance, or no transfer syntax";
const TRUNCATED: &str = "the data set ends in the middle of an element";

const DIRECTORIES: &[(&str, &str)] = &[
    ("test_files/dicomdirtests/DICOMDIR", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-bigEnd", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-empty.dcm", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-implicit", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-nooffset", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-nopatient", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-reordered", DIRECTORY),
    ("test_files/dicomdirtests/TINY_ALPHA/DICOMDIR", DIRECTORY),
];

const WITHOUT_CLASS: &[(&str, &str)] = &[
    ("test_files/empty_charset_LEI.dcm", NO_CLASS),
    ("test_files/meta_missing_tsyntax.dcm", NO_CLASS),
    ("test_files/nested_priv_SQ.dcm", NO_CLASS),
];

const REFUSED_BY_DCMTK: Refusals = &[
    DIRECTORIES,
    WITHOUT_CLASS,
    &[
        (
            "charset_files/chrSQEncoding.dcm",
            "no SOP class and instance in the data set",
        ),
        (
            "charset_files/chrSQEncoding1.dcm",
            "no SOP class and instance in the data set",
        ),
        ("test_files/MR_truncated.dcm", TRUNCATED),
        (
            "test_files/SC_rgb_jpeg.dcm",
            "implicit VR where the meta header says explicit",
        ),
        (
            "test_files/UN_sequence.dcm",
            "no SOP class and instance in the data set",
        ),
        (
            "test_files/no_meta_group_length.dcm",
            "no SOP class and instance in the data set",
        ),
        (
            "test_files/priv_SQ.dcm",
            "no SOP class and instance in the data set",
        ),
        (
            "test_files/rtdose_rle.dcm",
            "SOP class and instance have VR UN",
        ),
        (
            "test_files/rtdose_rle_1frame.dcm",
            "SOP class and instance have VR UN",
        ),
        ("test_files/rtplan_truncated.dcm", TRUNCATED),
    ],
];

const REFUSED_BY_PYNETDICOM: Refusals = &[DIRECTORIES, WITHOUT_CLASS];

const REFUSED_BY_DICOM_RS: Refusals = &[
    DIRECTORIES,
    WITHOUT_CLASS,
    &[
        ("test_files/MR_truncated.dcm", TRUNCATED),
        (
            "test_files/SC_rgb_jpeg.dcm",
            "implicit VR where the meta header says explicit",
        ),
        (
            "test_files/UN_sequence.dcm",
            "reads the sequence of VR UN beyond the end",
        ),
        (
            "test_files/no_meta_group_length.dcm",
            "no group length in the meta header",
        ),
        ("test_files/rtplan_truncated.dcm", TRUNCATED),
    ],
];

/// Data sets that dcmdump cannot read; they are so in the corpus already.
const UNREADABLE_BY_DCMDUMP: Refusals = &[&[
    ("test_files/MR_truncated.dcm", TRUNCATED),
    (
        "test_files/SC_rgb_jpeg.dcm",
        "implicit VR where the meta header says explicit",
    ),
    ("test_files/rtplan_truncated.dcm", TRUNCATED),
]];

/// Data sets that pydicom cannot walk through; they are so in the corpus already.
const UNREADABLE_BY_PYDICOM: Refusals = &[];

#[test]
fn dcmtk_storescu_sends_the_corpus() {
    let mut run = Run::start();
    for file in corpus::pydicom_files() {
        let mut command = tools::dcmtk("storescu");
        command.args([
            "-R",
            tools::proposal(file.meta.syntax()),
            "-aet",
            "DCMTK",
            "127.0.0.1",
        ]);
        let output = tools::run(command.arg(run.proxy.port().to_string()).arg(&file.path));
        run.note(&file, &output);
    }
    run.check("DCMTK", REFUSED_BY_DCMTK);
}

#[test]
fn dicom_rs_storescu_sends_the_corpus() {
    let mut run = Run::start();
    for file in corpus::pydicom_files() {
        let mut command = tools::dicom_rs_storescu();
        command.args([
            "--never-transcode",
            "--calling-ae-title",
            "DICOM-RS",
            "--fail-first",
        ]);
        let output = tools::run(
            command
                .arg(format!("PDVAULT@127.0.0.1:{}", run.proxy.port()))
                .arg(&file.path),
        );
        run.note(&file, &output);
    }
    run.check("DICOM-RS", REFUSED_BY_DICOM_RS);
}

#[test]
fn pynetdicom_sends_the_corpus_byte_for_byte_in_one_association() {
    let mut run = Run::start();
    let files = corpus::pydicom_files();
    let paths: Vec<_> = files
        .iter()
        .map(|file| file.path.to_string_lossy())
        .collect();
    let mut command = tools::python("send.py");
    let output = feed(
        command.arg(run.proxy.port().to_string()).arg("PYNETDICOM"),
        &paths.join("\n"),
    );
    let reasons = tools::text(&output.stdout);
    let mut transfers = run.proxy.take_transfers().into_iter();
    for (file, line) in files.iter().zip(reasons.lines()) {
        let (_, reason) = line.split_once('\t').expect("number, tab, outcome");
        if reason.starts_with("0x") {
            let transfer = transfers.next().expect("a file that was answered was sent");
            assert_eq!(transfer.data, file.data(), "{} left as it is", file.name);
            run.sent.push((file.name.clone(), transfer));
        } else {
            run.refused.push((file.name.clone(), reason.to_owned()));
        }
    }
    assert_eq!(
        reasons.lines().count(),
        files.len(),
        "{}",
        tools::text(&output.stderr)
    );
    run.check("PYNETDICOM", REFUSED_BY_PYNETDICOM);
}

#[test]
fn dcmtk_storescu_converts_on_its_way_and_what_it_sent_is_stored() {
    let run = Run::start();
    let files = corpus::pydicom_files();
    let mut command = tools::dcmtk("storescu");
    command.args(["-R", "-nh", "-xb", "-aet", "DCMTK", "127.0.0.1"]);
    command.arg(run.proxy.port().to_string());
    tools::run(command.args(files.iter().map(|file| &file.path)));
    run.check_unnamed("DCMTK", 123);
}

#[test]
fn dicom_rs_storescu_sends_over_four_associations_at_once() {
    let run = Run::start();
    let mut files = corpus::pydicom_files();
    files.retain(|file| !names(REFUSED_BY_DICOM_RS).any(|name| name == file.name));
    let mut command = tools::dicom_rs_storescu();
    command.args(["--calling-ae-title", "DICOM-RS", "--concurrency", "4"]);
    command.arg(format!("PDVAULT@127.0.0.1:{}", run.proxy.port()));
    tools::run(command.args(files.iter().map(|file| &file.path)));
    run.check_unnamed("DICOM-RS", files.len());
}

#[test]
fn verification_is_answered_to_every_toolkit() {
    let receiver = Receiver::start("");
    let port = receiver.port().to_string();
    let echo = tools::run(tools::dcmtk("echoscu").args(["127.0.0.1", &port]));
    assert!(echo.status.success(), "{}", tools::text(&echo.stderr));
    let echo = feed(tools::python("echo.py").arg(&port), "");
    assert!(echo.status.success(), "{}", tools::text(&echo.stderr));
}

/// One sender's way through the corpus.
struct Run {
    receiver: Receiver,
    proxy: Proxy,
    /// What left the sender, by name of the corpus file.
    sent: Vec<(String, Transfer)>,
    /// What the sender kept back, with the last words it had for it.
    refused: Vec<(String, String)>,
}

impl Run {
    fn start() -> Self {
        let receiver = Receiver::start(OPTIONS);
        let proxy = Proxy::start(receiver.port());
        Self {
            receiver,
            proxy,
            sent: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Notes what became of a file that a sender was given alone.
    fn note(&mut self, file: &CorpusFile, output: &Output) {
        let mut transfers = self.proxy.take_transfers();
        assert!(
            transfers.len() <= 1,
            "{} went out more than once",
            file.name
        );
        match transfers.pop() {
            Some(transfer) => self.sent.push((file.name.clone(), transfer)),
            None => self.refused.push((file.name.clone(), last_words(output))),
        }
    }

    /// As [`Run::check`] for a sender that was given all files at once: how many objects it sent is
    /// known, and that it sent none that the readers refuse.
    fn check_unnamed(mut self, source: &str, expected_count: usize) {
        for transfer in self.proxy.take_transfers() {
            self.sent.push((transfer.instance.clone(), transfer));
        }
        assert_eq!(self.sent.len(), expected_count, "objects sent by {source}");
        self.check_sent(source);
    }

    /// The sender refused what it was expected to; all else was sent and stored.
    fn check(&self, source: &str, expected_refusals: Refusals) {
        assert!(
            self.sent.len() + self.refused.len() >= CORPUS_FILES_MIN,
            "the corpus is complete"
        );
        let expected = names(expected_refusals).collect();
        assert_same(&format!("refused by {source}"), &self.refused, &expected);
        self.check_sent(source);
    }

    /// Every object sent was acknowledged and lies on disk as it was sent; both readers open it.
    fn check_sent(&self, source: &str) {
        for (name, transfer) in &self.sent {
            assert_eq!(transfer.status, Some(0), "status of {name}");
            assert_eq!(transfer.source, source);
        }
        let files = self.match_with_disk();
        check_with_dcmdump(&files);
        check_with_pydicom(&files);
    }

    /// Pairs each transfer with the file that holds it, byte for byte. Nothing may be left over.
    fn match_with_disk(&self) -> Vec<Checked<'_>> {
        stored::assert_no_leftovers(self.receiver.output());
        let mut files = stored::files(self.receiver.output());
        let mut out = Vec::new();
        for (name, transfer) in &self.sent {
            let index = files.iter().position(|file| holds(file, transfer));
            let index = index.unwrap_or_else(|| panic!("{name} is not on disk as it was sent"));
            out.push(Checked {
                name,
                transfer,
                file: files.remove(index),
            });
        }
        assert!(files.is_empty(), "files that nobody sent: {files:?}");
        out
    }
}

/// A corpus file that was sent, what was sent of it, and where it was stored.
struct Checked<'a> {
    name: &'a str,
    transfer: &'a Transfer,
    file: StoredFile,
}

fn holds(file: &StoredFile, transfer: &Transfer) -> bool {
    file.meta.class() == transfer.class
        && file.meta.instance() == transfer.instance
        && file.meta.syntax() == transfer.syntax
        && file.data_bytes() == transfer.data.len() as u64
        && file.data() == transfer.data
}

/// dcmdump opens every file.
fn check_with_dcmdump(files: &[Checked]) {
    let mut failed = Vec::new();
    for checked in files {
        let output = tools::run(tools::dcmtk("dcmdump").arg(&checked.file.path));
        if !output.status.success() {
            failed.push((checked.name.to_owned(), last_words(&output)));
        }
    }
    assert_same(
        "unreadable by dcmdump",
        &failed,
        &of_these(files, UNREADABLE_BY_DCMDUMP),
    );
}

/// pydicom opens every file, walks through its data set, and finds the file meta information right.
fn check_with_pydicom(files: &[Checked]) {
    let rows: Vec<_> = files.iter().map(row).collect();
    let output = feed(
        tools::python("check.py").arg(VERSION_NAME_PREFIX),
        &rows.join("\n"),
    );
    assert!(output.status.success(), "{}", tools::text(&output.stderr));
    let mut unreadable = Vec::new();
    let mut wrong = Vec::new();
    for line in tools::text(&output.stdout).lines() {
        let (path, complaint) = line.split_once('\t').expect("path, tab, complaint");
        let checked = files
            .iter()
            .find(|checked| checked.file.path.to_string_lossy() == path);
        let name = checked.expect("a path of the table").name.to_owned();
        let list = if complaint.starts_with("unreadable") {
            &mut unreadable
        } else {
            &mut wrong
        };
        list.push((name, complaint.to_owned()));
    }
    assert_same("with wrong file meta information", &wrong, &BTreeSet::new());
    assert_same(
        "unreadable by pydicom",
        &unreadable,
        &of_these(files, UNREADABLE_BY_PYDICOM),
    );
}

/// A line of the table for check.py.
fn row(checked: &Checked) -> String {
    let Transfer {
        class,
        instance,
        syntax,
        source,
        data,
        ..
    } = checked.transfer;
    let path = checked.file.path.display();
    format!(
        "{path}\t{class}\t{instance}\t{syntax}\t{source}\t{}",
        data.len()
    )
}

/// Asserts that exactly the files of a table were refused; the message shows the reasons given.
fn assert_same(what: &str, actual: &[(String, String)], expected: &BTreeSet<&str>) {
    let actual_names: BTreeSet<_> = actual.iter().map(|(name, _)| name.as_str()).collect();
    let newly: Vec<_> = actual
        .iter()
        .filter(|(name, _)| !expected.contains(&**name))
        .collect();
    let no_longer: Vec<_> = expected.difference(&actual_names).collect();
    assert!(newly.is_empty(), "newly {what}: {newly:#?}");
    assert!(no_longer.is_empty(), "no longer {what}: {no_longer:#?}");
}

/// The names in a table.
fn names(table: Refusals) -> impl Iterator<Item = &'static str> {
    table
        .iter()
        .flat_map(|group| group.iter())
        .map(|(name, _)| *name)
}

/// The names in a table that this sender sent at all.
fn of_these(files: &[Checked], table: Refusals) -> BTreeSet<&'static str> {
    names(table)
        .filter(|name| files.iter().any(|checked| checked.name == *name))
        .collect()
}

/// The last line that a program wrote to stderr, or else to stdout.
fn last_words(output: &Output) -> String {
    let (errors, text) = (tools::text(&output.stderr), tools::text(&output.stdout));
    let last = |text: &str| {
        text.lines()
            .rfind(|line| !line.trim().is_empty())
            .map(str::to_owned)
    };
    last(&errors).or_else(|| last(&text)).unwrap_or_default()
}

/// Runs a command with text on its standard input.
fn feed(command: &mut Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin
        .write_all(input.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    child.wait_with_output().expect("a child can be waited for")
}

//! Real receivers, real files: every one of pydicom's test files that can be sent reaches each of them
//! as it is, and of every one that cannot be sent, it is said why.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pdvault_tests::corpus::{self, CorpusFile};
use pdvault_tests::foreign::{Foreign, Kind};
use pdvault_tests::receiver::Receiver;
use pdvault_tests::stored::{self, StoredFile};
use pdvault_tests::storescu::{Ended, Tool, run};
use pdvault_tests::{pairs, scratch, tools};

/// Files and reasons, in groups. The tables are exact: a file newly refused or newly sent fails the
/// test.
type Table = &'static [&'static [(&'static str, &'static str)]];

const DIRECTORY: &str = "a DICOMDIR is no storage object: it has no SOP class in its data set";
const NO_UIDS: &str = "no SOP class and instance in the data set";
const NOT_ENCODED_AS_SAID: &str = "implicit VR where the meta header says explicit";
const TRUNCATED: &str = "the data set ends in the middle of an element";

/// Files that no receiver gets.
const NOT_SENT: &[(&str, &str)] = &[
    ("charset_files/chrSQEncoding.dcm", NO_UIDS),
    ("charset_files/chrSQEncoding1.dcm", NO_UIDS),
    ("test_files/MR_truncated.dcm", TRUNCATED),
    ("test_files/SC_rgb_jpeg.dcm", NOT_ENCODED_AS_SAID),
    ("test_files/UN_sequence.dcm", NO_UIDS),
    ("test_files/dicomdirtests/DICOMDIR", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-bigEnd", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-empty.dcm", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-implicit", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-nooffset", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-nopatient", DIRECTORY),
    ("test_files/dicomdirtests/DICOMDIR-reordered", DIRECTORY),
    ("test_files/dicomdirtests/TINY_ALPHA/DICOMDIR", DIRECTORY),
    ("test_files/empty_charset_LEI.dcm", NO_UIDS),
    ("test_files/meta_missing_tsyntax.dcm", NO_UIDS),
    ("test_files/nested_priv_SQ.dcm", NO_UIDS),
    ("test_files/no_meta_group_length.dcm", NO_UIDS),
    ("test_files/priv_SQ.dcm", NO_UIDS),
    ("test_files/rtplan_truncated.dcm", TRUNCATED),
];

const NEAR_LOSSLESS: &str = "answers A700H to JPEG-LS near-lossless";
const UIDS_UNREADABLE: &str = "answers C000H: SOP class and instance have VR UN";

/// Files that Orthanc refuses, each with a status.
const REFUSED_BY_ORTHANC: &[(&str, &str)] = &[
    ("test_files/JPEGLSNearLossless_08.dcm", NEAR_LOSSLESS),
    ("test_files/JPEGLSNearLossless_16.dcm", NEAR_LOSSLESS),
    ("test_files/SC_rgb_jls_lossy_line.dcm", NEAR_LOSSLESS),
    ("test_files/SC_rgb_jls_lossy_sample.dcm", NEAR_LOSSLESS),
    ("test_files/rtdose_rle.dcm", UIDS_UNREADABLE),
    ("test_files/rtdose_rle_1frame.dcm", UIDS_UNREADABLE),
];

/// Fewer files than this and the corpus is not the one that the tables were made for.
const CORPUS_FILES_MIN: usize = 175;

/// Who receives.
enum Target {
    Foreign(Foreign),
    Ours(Receiver),
}

impl Target {
    fn port(&self) -> u16 {
        match self {
            Self::Foreign(receiver) => receiver.port(),
            Self::Ours(receiver) => receiver.port(),
        }
    }

    fn files(&self) -> Vec<StoredFile> {
        match self {
            Self::Foreign(receiver) => receiver.files(),
            Self::Ours(receiver) => stored::files(receiver.output()),
        }
    }
}

/// A file as it lies on disk: a receiver that overwrites changes one of these.
type Version = (PathBuf, u64, i64, i64);

fn version(path: &Path) -> Version {
    let metadata = fs::metadata(path).expect("a stored file exists");
    let times = (metadata.mtime(), metadata.mtime_nsec());
    (path.to_owned(), metadata.ino(), times.0, times.1)
}

/// A way through the corpus.
struct Run {
    target: Target,
    home: tempfile::TempDir,
    known: BTreeSet<Version>,
    /// What was not sent or not stored, and the last words about it.
    refused: Vec<(String, String)>,
    /// Original and copy of what was stored with other bytes.
    unequal: Vec<(PathBuf, PathBuf)>,
    /// Names of the originals that were stored byte for byte.
    identical: usize,
}

impl Run {
    fn new(target: Target) -> Self {
        Self {
            target,
            home: scratch::directory(),
            known: BTreeSet::new(),
            refused: Vec::new(),
            unequal: Vec::new(),
            identical: 0,
        }
    }

    /// Sends every file on its own, so that it is known what became of it.
    fn send_corpus(&mut self) {
        let files = corpus::pydicom_files();
        assert!(files.len() >= CORPUS_FILES_MIN, "the corpus is complete");
        for (number, file) in files.iter().enumerate() {
            let ended = self.send(file);
            let mut new = self.take_new();
            match (ended.status.code(), new.pop()) {
                (Some(0), Some(stored)) => self.note_stored(number, file, &stored),
                (Some(0), None) => {
                    panic!("{} was sent, but is not stored:\n{}", file.name, ended.log)
                }
                (_, None) => self
                    .refused
                    .push((file.name.clone(), last_complaint(&ended))),
                (code, Some(_)) => panic!(
                    "{} is stored, exit code {code:?}:\n{}",
                    file.name, ended.log
                ),
            }
            assert!(new.is_empty(), "{} is stored more than once", file.name);
        }
    }

    fn send(&self, file: &CorpusFile) -> Ended {
        let mut command = Tool::Ours.command();
        command.args(["-v", "-R", tools::proposal(file.meta.syntax()), "127.0.0.1"]);
        run(command.arg(self.target.port().to_string()).arg(&file.path))
    }

    /// What was stored since the last time.
    fn take_new(&mut self) -> Vec<StoredFile> {
        let mut files = self.target.files();
        files.retain(|file| self.known.insert(version(&file.path)));
        files
    }

    fn note_stored(&mut self, number: usize, file: &CorpusFile, stored: &StoredFile) {
        let same_syntax = stored.meta.syntax() == file.meta.syntax();
        if same_syntax && stored.data() == padded(file.data()) {
            self.identical += 1;
            return;
        }
        let copy = self.home.path().join(number.to_string());
        fs::copy(&stored.path, &copy).expect("a copy in target/tmp");
        self.unequal.push((file.path.clone(), copy));
    }

    /// The files that were refused are those of the table, and the stored ones hold equal data sets.
    /// Those that need not be byte for byte the same are at most `unequal_max`.
    fn check(&self, refused: Table, unequal_max: usize) {
        let expected: BTreeSet<_> = refused.iter().flat_map(|group| group.iter()).collect();
        let expected: BTreeSet<_> = expected.iter().map(|(name, _)| *name).collect();
        let actual: BTreeSet<_> = self.refused.iter().map(|(name, _)| name.as_str()).collect();
        let newly: Vec<_> = self
            .refused
            .iter()
            .filter(|(name, _)| !expected.contains(&**name))
            .collect();
        assert!(newly.is_empty(), "newly refused: {newly:#?}");
        let no_longer: Vec<_> = expected.difference(&actual).collect();
        assert!(no_longer.is_empty(), "no longer refused: {no_longer:#?}");
        let differences = pairs::differences(&self.unequal);
        println!(
            "{} identical, {} written anew",
            self.identical,
            self.unequal.len()
        );
        assert!(differences.is_empty(), "differences: {differences:#?}");
        let names: Vec<_> = self.unequal.iter().map(|(original, _)| original).collect();
        assert!(names.len() <= unequal_max, "not byte for byte: {names:#?}");
    }
}

/// A data set as it may be sent: of even length. A deflated one in a file may be odd (PS3.5 A.5).
fn padded(mut data: Vec<u8>) -> Vec<u8> {
    if data.len() % 2 == 1 {
        data.push(0);
    }
    data
}

/// The last line of the log that tells of an error, or of the peer's answer.
fn last_complaint(ended: &Ended) -> String {
    let is_complaint = |line: &&str| {
        ["E: ", "F: ", "I: Received Store Response"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let line = ended.log.lines().rfind(is_complaint);
    line.unwrap_or("no reason given").to_owned()
}

/// Sends the whole corpus as one job that proposes what the files have. Those of [`NOT_SENT`] are told
/// of; every other one is stored byte for byte in its own transfer syntax.
fn send_stored_to(target: &Target) {
    let files = corpus::pydicom_files();
    assert!(files.len() >= CORPUS_FILES_MIN, "the corpus is complete");
    let mut command = Tool::Ours.command();
    command.args(["-v", "-nh", "--propose-stored", "127.0.0.1"]);
    command.arg(target.port().to_string());
    let ended = run(command.args(files.iter().map(|file| &file.path)));
    ended.assert_code(0);
    assert!(!ended.log.contains("Converting transfer syntax"));
    let mut stored: Vec<_> = target.files().iter().map(contents).collect();
    let mut missing = Vec::new();
    for file in &files {
        let sent = (file.meta.syntax().to_owned(), padded(file.data()));
        match stored.iter().position(|stored| *stored == sent) {
            Some(at) => drop(stored.swap_remove(at)),
            None => missing.push(file.name.as_str()),
        }
    }
    let expected: Vec<_> = NOT_SENT.iter().map(|(name, _)| *name).collect();
    assert_eq!(missing, expected, "not stored as they are:\n{}", ended.log);
    assert!(stored.is_empty(), "{} stored beyond that", stored.len());
}

/// Transfer syntax and data set.
fn contents(file: &StoredFile) -> (String, Vec<u8>) {
    (file.meta.syntax().to_owned(), file.data())
}

#[test]
fn dcmtk_storescp_gets_the_corpus_as_it_is_in_one_job() {
    send_stored_to(&Target::Foreign(Foreign::start(Kind::Dcmtk)));
}

#[test]
fn our_storescp_gets_the_corpus_as_it_is_in_one_job() {
    let receiver = Receiver::start("+xa --promiscuous --on-duplicate keep");
    send_stored_to(&Target::Ours(receiver));
}

fn send_to(kind: Kind, refused: Table, unequal_max: usize) {
    let mut run = Run::new(Target::Foreign(Foreign::start(kind)));
    run.send_corpus();
    run.check(refused, unequal_max);
}

#[test]
fn dcmtk_storescp_gets_the_corpus_byte_for_byte() {
    send_to(Kind::Dcmtk, &[NOT_SENT], 0);
}

#[test]
fn pynetdicom_gets_the_corpus_byte_for_byte() {
    send_to(Kind::Pynetdicom, &[NOT_SENT], 0);
}

#[test]
fn dicom_rs_storescp_gets_the_corpus() {
    send_to(Kind::DicomRs, &[NOT_SENT], usize::MAX);
}

#[test]
fn orthanc_gets_the_corpus() {
    send_to(Kind::Orthanc, &[NOT_SENT, REFUSED_BY_ORTHANC], usize::MAX);
}

#[test]
fn our_storescp_gets_the_corpus_byte_for_byte() {
    let receiver = Receiver::start("+xa --promiscuous --on-duplicate keep");
    let mut run = Run::new(Target::Ours(receiver));
    run.send_corpus();
    run.check(&[NOT_SENT], 0);
}

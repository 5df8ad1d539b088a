//! The load generator: what it makes up is DICOM to other toolkits, and what it tells is so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pdvault_engine::dataset::{FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::registry::{TRANSFER_SYNTAXES, TransferSyntax, transfer_syntax};
use pdvault_engine::value::{AeTitle, Uid};
use pdvault_loadgen::corpus::{Corpus, Mix, Object};
use pdvault_tests::foreign::{Foreign, Kind};
use pdvault_tests::receiver::{self, Receiver};
use pdvault_tests::scp::{Reply, Scp, Script};
use pdvault_tests::scratch;
use pdvault_tests::tools::{self, dcmtk, text};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const RLE: &str = "1.2.840.10008.1.2.5";

fn syntax(uid: &str) -> &'static TransferSyntax {
    transfer_syntax(uid).expect("in the registry")
}

/// Writes an object as a file.
fn write(directory: &Path, name: &str, object: &Object) -> PathBuf {
    let template = object.template();
    let meta = FileMeta {
        sop_class: &Uid::from(template.sop_class()),
        sop_instance: &Uid::from(object.sop_instance()),
        transfer_syntax: &Uid::from(template.transfer_syntax()),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let mut bytes = vec![0; FILE_META_BYTES_MAX];
    let length = meta.encode(&mut bytes);
    bytes.truncate(length);
    bytes.extend(object.to_vec());
    let path = directory.join(name);
    fs::write(&path, bytes).expect("the test's directory can be written to");
    path
}

/// Small objects of all kinds in every syntax, and each mix in one.
fn objects_of_all_kinds(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for syntax in &TRANSFER_SYNTAXES {
        for mix in [Mix::Mr, Mix::Sr] {
            let corpus = Corpus::of_mix(mix, syntax).expect(syntax.name);
            let name = format!("{mix}.{}", syntax.uid);
            files.push(write(directory, &name, &corpus.object(7)));
        }
        let corpus = Corpus::of_size(20_000, syntax).expect(syntax.name);
        let name = format!("size.{}", syntax.uid);
        files.push(write(directory, &name, &corpus.object(7)));
    }
    for mix in [Mix::Ct, Mix::Cr, Mix::Mammo, Mix::Multiframe] {
        let corpus = Corpus::of_mix(mix, syntax(EXPLICIT)).expect("made");
        files.push(write(directory, mix.name(), &corpus.object(7)));
    }
    let corpus = Corpus::of_mix(Mix::Multiframe, syntax(RLE)).expect("made");
    files.push(write(directory, "multiframe.rle", &corpus.object(7)));
    files
}

#[test]
fn pydicom_finds_valid_elements_and_pixels_in_every_made_up_object() {
    let directory = scratch::directory();
    let files = objects_of_all_kinds(directory.path());
    let output = tools::run(tools::python("images.py").args(&files));
    let complaints = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn dcmdump_reads_every_made_up_object_to_its_end_without_a_warning() {
    let directory = scratch::directory();
    for file in objects_of_all_kinds(directory.path()) {
        let output = tools::run(dcmtk("dcmdump").arg("+L").arg("+E").arg(&file));
        let complaints = text(&output.stderr);
        // A private or newer syntax is not known to every version of DCMTK.
        let is_known = !complaints.contains("unsupported") && !complaints.contains("Unknown");
        if is_known {
            assert!(output.status.success(), "{}: {complaints}", file.display());
            assert!(complaints.is_empty(), "{}: {complaints}", file.display());
        }
    }
}

#[test]
fn run_length_coded_pixels_are_decoded_by_dcmtk() {
    let directory = scratch::directory();
    let corpus = Corpus::of_mix(Mix::Mr, syntax(RLE)).expect("made");
    let coded = write(directory.path(), "coded", &corpus.object(0));
    let decoded = directory.path().join("decoded");
    let output = tools::run(dcmtk("dcmdrle").arg(&coded).arg(&decoded));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let length = fs::metadata(&decoded).expect("written").len();
    assert!(length > 128 * 1024, "pixels of 128 KiB in {length} bytes");
}

/// Runs `pdvault loadgen` against a receiver.
fn loadgen(receiver: &Receiver, options: &str) -> Output {
    loadgen_to(receiver.port(), options)
}

/// Runs `pdvault loadgen` against whoever listens on this port.
fn loadgen_to(port: u16, options: &str) -> Output {
    let mut command = Command::new(receiver::binary());
    command.arg("loadgen").args(options.split_whitespace());
    command.args(["127.0.0.1", &port.to_string()]);
    tools::run(&mut command)
}

#[test]
fn a_load_test_verifies_what_was_stored_and_its_results_can_be_compared() {
    let receiver = Receiver::start("");
    let home = scratch::directory();
    let (json, plot) = (home.path().join("a.json"), home.path().join("a.svg"));
    let options = format!(
        "--corpus mr --count 100 --associations 3 --expect failures=0 --expect p99<1min \
         --verify {} --json {} --plot {}",
        receiver.output().display(),
        json.display(),
        plot.display()
    );
    let output = loadgen(&receiver, &options);
    let table = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{table}{}",
        text(&output.stderr)
    );
    assert!(
        table.contains("100 of 100 acknowledged objects found byte for byte"),
        "{table}"
    );
    assert!(
        fs::read_to_string(&plot)
            .expect("drawn")
            .starts_with("<svg")
    );

    let compared = tools::run(
        Command::new(receiver::binary())
            .args(["loadgen", "compare"])
            .args([&json, &json]),
    );
    assert_eq!(compared.status.code(), Some(0));
    assert!(text(&compared.stdout).contains("host, version, receiver and options are the same"));

    let other = home.path().join("other.json");
    let results = fs::read_to_string(&json).expect("written");
    fs::write(
        &other,
        results.replacen("\"format\": 1", "\"format\": 99", 1),
    )
    .expect("written");
    let compared = tools::run(
        Command::new(receiver::binary())
            .args(["loadgen", "compare"])
            .args([&json, &other]),
    );
    assert_eq!(compared.status.code(), Some(1));
    assert!(text(&compared.stderr).contains("has results in format 99"));
}

#[test]
fn objects_that_are_missing_and_expectations_that_do_not_hold_set_the_exit_code() {
    let receiver = Receiver::start("--ignore");
    let empty = scratch::directory();
    let options = format!("--corpus sr --count 20 --verify {}", empty.path().display());
    let output = loadgen(&receiver, &options);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("20 missing"),
        "{}",
        text(&output.stdout)
    );

    let output = loadgen(&receiver, "--corpus sr --count 20 --expect p50<1us");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("NOT AS EXPECTED: p50<1us, it was "));
}

/// Answers ten objects with Out of Resources (PS3.4 B.2.3), or more than the tests send.
fn refusing() -> Scp {
    Scp::start(&Script {
        replies: vec![Reply::Status(0xA700); 10],
        ..Script::default()
    })
}

#[test]
fn a_run_whose_objects_are_all_refused_fails_and_claims_no_latency() {
    let home = scratch::directory();
    let json = home.path().join("a.json");
    let options = format!("--corpus sr --count 5 --json {}", json.display());
    let output = loadgen_to(refusing().port(), &options);
    let (table, log) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{table}{log}");
    assert!(log.contains("no object was acknowledged"), "{log}");
    assert!(table.contains("mean object    -\n"), "{table}");
    let results = fs::read_to_string(&json).expect("written");
    assert!(results.contains(r#""latency": null"#), "{results}");

    let options = "--corpus sr --count 5 --expect p99<50ms";
    let output = loadgen_to(refusing().port(), options);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{table}");
    assert!(
        table.contains("NOT AS EXPECTED: p99<50ms, nothing was measured\n"),
        "{table}"
    );
}

#[test]
fn results_for_machines_have_standard_output_for_themselves() {
    let receiver = Receiver::start("--ignore");
    let output = loadgen(
        &receiver,
        "--corpus sr --count 5 --json - --expect failures=0",
    );
    let (json, shown) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(json.starts_with("{\n") && json.ends_with("}\n"), "{json}");
    for text in ["5 acknowledged", "as expected: failures=0, it was 0"] {
        assert!(shown.contains(text), "{shown}");
    }
}

#[test]
fn results_say_what_the_receiver_said_it_is_and_a_comparison_tells_two_apart() {
    let home = scratch::directory();
    let (ours, theirs) = (Receiver::start("--ignore"), Foreign::start(Kind::Dcmtk));
    let run = |port, name: &str| {
        let json = home.path().join(name);
        let options = format!("--corpus sr --count 5 --json {}", json.display());
        let output = loadgen_to(port, &options);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        (json, text(&output.stdout))
    };
    let (json_of_ours, table_of_ours) = run(ours.port(), "ours.json");
    let (json_of_theirs, table_of_theirs) = run(theirs.port(), "theirs.json");
    for (table, line) in [
        (table_of_ours, "receiver       PDVAULT_"),
        (table_of_theirs, "receiver       OFFIS_DCMTK_"),
    ] {
        assert!(table.contains(line), "{table}");
    }
    let results = fs::read_to_string(&json_of_theirs).expect("written");
    assert!(
        results.contains(r#""class_uid": "1.2.276.0.7230010.3."#),
        "{results}"
    );

    let compared = tools::run(
        Command::new(receiver::binary())
            .args(["loadgen", "compare"])
            .args([&json_of_ours, &json_of_theirs]),
    );
    let compared = text(&compared.stdout);
    let line = compared
        .lines()
        .find(|line| line.starts_with("  receiver: PDVAULT_"));
    assert!(
        line.is_some_and(|line| line.contains(" / OFFIS_DCMTK_")),
        "{compared}"
    );
}

#[test]
fn a_load_test_that_is_interrupted_says_so_and_ends_as_by_the_signal() {
    let receiver = Receiver::start("--ignore -v");
    let home = scratch::directory();
    let json = home.path().join("a.json");
    let mut command = Command::new(receiver::binary());
    command.args(["loadgen", "--duration", "3600", "--warm-up", "1800"]);
    command.args(["--corpus", "sr", "--expect", "failures=0", "--json"]);
    command.arg(&json);
    command.args(["127.0.0.1", &receiver.port().to_string()]);
    command.stdout(std::process::Stdio::piped());
    let run = command.spawn().expect("it starts");
    receiver.wait_for_log("Received Store Request");
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let output = run.wait_with_output().expect("it ends");
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{table}");
    assert!(table.starts_with("INTERRUPTED    after "), "{table}");
    assert!(table.contains("as expected: failures=0"), "{table}");
    let results = fs::read_to_string(&json).expect("written");
    assert!(results.contains(r#""interrupted": true"#), "{results}");
}

#[test]
fn results_that_cannot_be_written_or_verified_end_a_load_test_before_it_sends() {
    let receiver = Receiver::start("--ignore");
    for option in ["--json", "--plot", "--verify"] {
        let options = format!("--duration 3600 {option} /nowhere/there");
        let output = loadgen(&receiver, &options);
        let log = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(log.contains("/nowhere/there: No such file"), "{log}");
        assert!(text(&output.stdout).is_empty());
    }
}

#[test]
fn real_files_are_sent_with_fresh_uids_again_and_again() {
    let receiver = Receiver::start("--accept-all");
    let options = format!(
        "--files {} --count 200 --verify {}",
        tools::pydicom_data().join("test_files").display(),
        receiver.output().display()
    );
    let output = loadgen(&receiver, &options);
    let table = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{table}{}",
        text(&output.stderr)
    );
    assert!(table.contains("0 missing, 0 files different"), "{table}");
}

#[test]
fn the_demonstration_ends_well_and_leaves_nothing_behind() {
    let home = scratch::directory();
    let mut command = Command::new(receiver::binary());
    let output = tools::run(command.arg("demo").env("TMPDIR", home.path()));
    let shown = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{shown}{}",
        text(&output.stderr)
    );
    assert!(shown.contains("All is well"), "{shown}");
    let left = fs::read_dir(home.path()).expect("readable").count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn the_demonstration_says_what_to_do_where_it_cannot_store() {
    let mut command = Command::new(receiver::binary());
    let output = tools::run(command.arg("demo").env("TMPDIR", "/nowhere"));
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(
        complaint.contains("can be made in /nowhere: "),
        "{complaint}"
    );
    assert!(
        complaint.contains("set TMPDIR to a directory"),
        "{complaint}"
    );
}

#[test]
fn the_demonstration_cleans_up_when_it_is_interrupted() {
    let home = scratch::directory();
    let mut command = Command::new(receiver::binary());
    command.arg("demo").env("TMPDIR", home.path());
    command.stdout(std::process::Stdio::null());
    let mut demo = command.spawn().expect("it starts");
    let has_begun = || fs::read_dir(home.path()).expect("readable").count() > 0;
    assert!(pdvault_tests::disk::eventually(
        pdvault_tests::peer::PATIENCE,
        has_begun
    ));
    let pid = rustix::process::Pid::from_child(&demo);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    demo.wait().expect("it ends");
    let left = fs::read_dir(home.path()).expect("readable").count();
    assert_eq!(left, 0, "nothing is left behind");
}

//! The binary as a user meets it: texts, exit codes, links, signals.
//!
//! The error texts are, or begin with, those that DCMTK's storescp 3.6.7 prints for the same command
//! lines.

#![forbid(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{fs, thread};

use pdvault_engine::dimse::StoreRq;
use pdvault_engine::pdu::{
    APPLICATION_CONTEXT, AssociateRq, MessageControl, PDU_HEADER_BYTES, Pdu, Pdv, ProposedContext,
    UserInformation,
};
use pdvault_engine::value::{AeTitle, PresentationContextId};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");

/// How long a program may take to start or to end before a test calls it stuck.
const PATIENCE: Duration = Duration::from_secs(25);

fn run(program: &Path, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    Command::new(program)
        .args(words)
        .output()
        .expect("the program starts")
}

fn storescp(words: &[&str]) -> Output {
    run(Path::new(PDVAULT), [&["storescp"], words].concat())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program prints text")
}

/// A command line that is wrong: nothing on standard output, the header and this error on
/// standard error, exit code 1.
fn assert_usage_error(words: &[&str], error: &str) {
    let output = storescp(words);
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    assert_eq!(text(&output.stdout), "", "{words:?}");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "$pdvault: storescp v{version} $\n\nstorescp: DICOM storage (C-STORE) SCP\nerror: {error}\n"
    );
    assert_eq!(text(&output.stderr), expected, "{words:?}");
}

#[test]
fn wrong_command_lines_get_the_texts_of_dcmtk() {
    for (words, error) in [
        (&["-x", "11112"][..], "Unknown option -x"),
        (&["--foo", "--help"], "Unknown option --foo"),
        (&["--version", "--foo"], "Unknown option --foo"),
        (&["--"], "Unknown option --"),
        (&["--ver"], "Unknown option --ver"),
        (&["-ta"], "Missing value for option --acse-timeout"),
        (&["+pw"], "Missing value for option --use-passwd"),
        (&["-v"], "Missing parameter port"),
        (&["-q"], "Missing parameter port"),
        (&["-q", "1", "2"], "Too many parameters"),
        (&["-q", "--foo"], "Unknown option --foo"),
        (&["0"], "Invalid parameter value 0 (underflow)"),
        (&["70000"], "Invalid parameter value 70000 (overflow)"),
        (&["-5"], "Invalid parameter value -5 (overflow)"),
        (&["abc"], "Invalid parameter value abc"),
        (&[""], "Invalid parameter value "),
        (&["@"], "Invalid parameter value @"),
        (&["-ta", "0", "abc"], "Invalid parameter value abc"),
        (
            &["-ta", "0", "11112"],
            "Invalid value for option --acse-timeout (underflow: 0)",
        ),
        (
            &["-ta", "099", "11112"],
            "Invalid value for option --acse-timeout (underflow: 099)",
        ),
        (
            &["-ta", "abc", "11112"],
            "Invalid value for option --acse-timeout (abc)",
        ),
        (
            &["-ta", "", "11112"],
            "Invalid value for option --acse-timeout",
        ),
        (
            &["-ta", "5", "-ta", "0", "1"],
            "Invalid value for option --acse-timeout (underflow: 0)",
        ),
        (
            &["-pdu", "100", "11112"],
            "Invalid value for option --max-pdu (underflow: 100)",
        ),
        (
            &["-pdu", "200000", "11112"],
            "Invalid value for option --max-pdu (overflow: 200000)",
        ),
        (
            &["-pdu", "-1", "11112"],
            "Invalid value for option --max-pdu (-1)",
        ),
        (
            &["-pdu", "0x2000", "11112"],
            "Invalid value for option --max-pdu (underflow: 0x2000)",
        ),
        (
            &["-pdu", "1", "-ta", "0", "1"],
            "Invalid value for option --acse-timeout (underflow: 0)",
        ),
        (
            &["-ll", "foo", "11112"],
            "Invalid log level for --log-level option (foo: fatal, error, warn, info, debug, trace, \
             off or all expected)",
        ),
        (
            &["-v", "-ll", "info", "1"],
            "--log-level not allowed with --verbose, --debug or --quiet",
        ),
        (
            &["+te", "+B", "1"],
            "--write-xfer-little not allowed with --bit-preserving",
        ),
        (
            &["-tn", "+uf", "1"],
            "--timenames not allowed with --unique-filenames",
        ),
        (
            &["-tos", "3", "1"],
            "--eostudy-timeout only allowed with --sort-conc-studies, --sort-on-study-uid, \
             --sort-on-patientname, --exec-on-eostudy or --rename-on-eostudy",
        ),
    ] {
        assert_usage_error(words, error);
    }
}

#[test]
fn a_known_option_that_does_not_work_is_refused_with_its_reason() {
    assert_usage_error(
        &["+tls", "key", "cert", "11112"],
        "option +tls (--enable-tls) is not supported: TLS is not built yet; connections are plain TCP",
    );
    assert_usage_error(
        &["-q", "-B", "11112"],
        "option -B (--normal) is not supported: data sets are written as they arrived, which is \
         --bit-preserving; leave it out",
    );
    assert_usage_error(
        &["+cc"],
        "option +cc (--list-ciphers) is not supported: TLS is not built yet; connections are plain TCP",
    );
    assert_usage_error(
        &["-id"],
        "option -id (--inetd) is not supported: start it as a server of its own with a port",
    );
}

#[test]
fn quiet_drops_the_text_of_a_wrong_value_and_keeps_the_exit_code() {
    for words in [["-q", "-ta", "0", "1"], ["-q", "-pdu", "x", "1"]] {
        let output = storescp(&words);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stderr), "");
    }
    for level in ["fatal", "off"] {
        assert_eq!(text(&storescp(&["-ll", level, "-ta", "0", "1"]).stderr), "");
    }
}

#[test]
fn no_arguments_at_all_and_help_print_the_usage() {
    for words in [
        &[][..],
        &["--help"],
        &["-h", "1", "2", "3"],
        &["--version", "--help"],
    ] {
        let output = storescp(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(
            text(&output.stdout).contains("\nusage: storescp [options] [port]\n"),
            "{words:?}"
        );
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn version_is_printed_whatever_else_is_missing() {
    let output = storescp(&["--version", "1", "2", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("$pdvault: storescp v"));
    assert!(!text(&output.stdout).contains("usage:"));
}

#[test]
fn a_command_file_stands_for_its_words() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("options");
    fs::write(&file, "--arguments -aet 'A B'\r\n\t-fe \"\" @x").expect("written");
    let output = storescp(&[&format!("@{}", file.display())]);
    // `@x` in the file is a parameter, and no port.
    assert!(text(&output.stderr).ends_with("error: Invalid parameter value @x\n"));

    fs::write(&file, "--arguments -aet 'A B' -fe \"\" -ta 0").expect("written");
    let output = storescp(&["-v", &format!("@{}", file.display()), "11112"]);
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    let expected = "I: calling 'storescp' with 9 arguments: '--verbose' '--arguments' '--aetitle' \
                    'A B' '--filename-extension' '' '--acse-timeout' '0' '11112' ";
    assert_eq!(lines[..2], [expected, "I: "]);
    assert!(text(&output.stderr).ends_with("--acse-timeout (underflow: 0)\n"));
}

#[test]
fn a_missing_command_file_is_an_error() {
    let output = storescp(&["@/no/such/file", "11112"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error: Cannot open command file '/no/such/file'"));
}

#[test]
fn a_link_named_storescp_is_storescp() {
    let directory = TempDir::new().expect("a directory");
    let link = directory.path().join("storescp");
    std::os::unix::fs::symlink(PDVAULT, &link).expect("linked");
    let output = run(&link, ["--version"]);
    assert_eq!(text(&output.stdout), text(&storescp(&["--version"]).stdout));
    assert_eq!(run(&link, ["completions", "bash"]).status.code(), Some(1));
}

#[test]
fn pdvault_itself_explains_its_commands() {
    for words in [&[][..], &["--help"], &["-h"]] {
        let output = run(Path::new(PDVAULT), words);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("usage: pdvault storescp [options] [port]"));
    }
    let output = run(Path::new(PDVAULT), ["--version"]);
    assert_eq!(
        text(&output.stdout),
        concat!("pdvault ", env!("CARGO_PKG_VERSION"), "\n")
    );
    for words in [
        &["store"][..],
        &["man"],
        &["man", "x"],
        &["completions", "tcsh"],
    ] {
        let output = run(Path::new(PDVAULT), words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(
            text(&output.stderr).starts_with("pdvault: error: "),
            "{words:?}"
        );
    }
}

#[test]
fn an_empty_output_directory_is_refused() {
    assert_usage_error(
        &["-od", "", "11112"],
        "Invalid value for option --output-directory (empty: a directory such as . expected)",
    );
}

#[test]
fn our_own_options_tell_their_range_and_unknown_ones_what_is_near() {
    for (words, error) in [
        (
            ["--writers", "0", "1"],
            "Invalid value for option --writers (underflow: 0) [1..1024]",
        ),
        (
            ["--landing-memory", "64MB", "1"],
            "Invalid value for option --landing-memory (64MB: did you mean 64M?) [1M..32G]",
        ),
        (
            ["--max-ops", "0", "1"],
            "Invalid value for option --max-ops (underflow: 0) [1..256]",
        ),
        (
            ["--max-ops", "257", "1"],
            "Invalid value for option --max-ops (overflow: 257) [1..256]",
        ),
        (
            ["--durabilty", "none", "1"],
            "Unknown option --durabilty; did you mean --durability?",
        ),
        (
            ["--aetitle=ME", "-v", "1"],
            "Unknown option --aetitle=ME; a value is an argument of its own: --aetitle ME",
        ),
    ] {
        assert_usage_error(&words, error);
    }
}

#[test]
fn the_commands_of_pdvault_explain_themselves() {
    for command in ["man", "completions", "storescp"] {
        for help in ["--help", "-h"] {
            let output = run(Path::new(PDVAULT), [command, help]);
            assert_eq!(output.status.code(), Some(0), "{command} {help}");
            assert!(text(&output.stdout).contains("usage: "), "{command} {help}");
        }
    }
}

#[test]
fn man_page_and_completions_are_printed() {
    let page = run(Path::new(PDVAULT), ["man", "storescp"]);
    assert!(text(&page.stdout).starts_with(".TH STORESCP 1"));
    for shell in ["bash", "zsh", "fish"] {
        let script = run(Path::new(PDVAULT), ["completions", shell]);
        assert_eq!(script.status.code(), Some(0));
        assert!(text(&script.stdout).contains("+B"), "{shell}");
    }
}

#[test]
fn bash_takes_the_completions() {
    let script = run(Path::new(PDVAULT), ["completions", "bash"]).stdout;
    let script = format!(
        "{}\nCOMP_WORDS=(pdvault storescp --on-duplicate re); COMP_CWORD=3; _pdvault\n\
         echo \"${{COMPREPLY[@]}}\"\n\
         COMP_WORDS=(storescp +B); COMP_CWORD=1; _pdvault_storescp; echo \"${{COMPREPLY[@]}}\"\n",
        text(&script)
    );
    let output = run(Path::new("bash"), ["-c", &script]);
    assert_eq!(
        text(&output.stdout),
        "refuse\n+B\n",
        "{}",
        text(&output.stderr)
    );
}

/// A port that was free a moment ago, and that no other test of this process got.
fn free_port() -> String {
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().expect("no holder panics");
    loop {
        let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        if !given.contains(&port) {
            given.push(port);
            return port.to_string();
        }
    }
}

/// The option for the driver that the environment names for these tests; none leaves the choice to the
/// receiver.
fn driver() -> Vec<OsString> {
    std::env::var_os("PDVAULT_TEST_DRIVER")
        .map_or_else(Vec::new, |driver| vec!["--driver".into(), driver])
}

/// A running receiver, which does not outlive the test.
struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it and waits until it says that it listens. Returns what it said until then.
    fn start(words: &[&str]) -> (Self, String) {
        Self::start_by(
            Command::new(PDVAULT)
                .args(["storescp", "-v"])
                .args(driver())
                .args(words),
        )
    }

    /// As [`Running::start`], where open files are limited by these words for `ulimit`.
    fn start_limited(ulimit: &str, words: &[&str]) -> (Self, String) {
        let script = format!("ulimit {ulimit} && exec {PDVAULT} storescp -v \"$@\"");
        Self::start_by(Command::new("sh").args(["-c", &script, "sh"]).args(words))
    }

    fn start_by(command: &mut Command) -> (Self, String) {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("a pipe");
        let mut stderr = BufReader::new(stderr);
        let mut lines = String::new();
        while !lines.contains(" listening on ") {
            let read = stderr.read_line(&mut lines).expect("text");
            assert_ne!(read, 0, "it did not start: {lines}");
        }
        let log = Arc::new(Mutex::new(String::new()));
        // The pipe is read to its end, so that the program can go on writing.
        let reading = thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines() {
                    let line = line.expect("text");
                    *log.lock().expect("no holder panics") += &(line + "\n");
                }
            }
        });
        let reading = Some(reading);
        let running = Self {
            child,
            log,
            reading,
        };
        (running, lines)
    }

    /// What it logged between its start and its end, which must have come.
    fn log(&mut self) -> String {
        let reading = self.reading.take().expect("asked for once");
        reading.join().expect("the thread only reads");
        self.log.lock().expect("no holder panics").clone()
    }

    /// Waits until it has logged a phrase since its start.
    fn wait_for_log(&self, phrase: &str) {
        let end = Instant::now() + PATIENCE;
        let log = || self.log.lock().expect("no holder panics").clone();
        while !log().contains(phrase) {
            assert!(Instant::now() < end, "no {phrase:?} in the log:\n{}", log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends the first signal, and waits until it is obeyed.
    fn ask_to_end(&self) {
        self.signal(Signal::TERM);
        self.wait_for_log("SIGTERM received");
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        kill_process(Pid::from_raw(id).expect("not zero"), signal).expect("it still runs");
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_some()
    }

    fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the program did not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_what_it_serves_and_ends_in_order_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = TempDir::new().expect("a directory");
        let output = directory.path().join("created/when/missing");
        let port = free_port();
        let (mut running, line) = Running::start(&["-od", output.to_str().expect("text"), &port]);
        let expected = format!(
            "I: STORESCP listening on 0.0.0.0:{port}, storing in {} (durability object, duplicates \
             overwrite)\n",
            output.display()
        );
        // Before it, a warning where the file system has no journal.
        assert!(line.ends_with(&expected), "{line}");
        assert!(output.is_dir());
        running.signal(signal);
        assert_eq!(running.end().code(), Some(0));
    }
}

#[test]
fn the_start_line_shows_where_a_relative_directory_is() {
    let directory = TempDir::new().expect("a directory");
    let mut command = Command::new(PDVAULT);
    command.args(["storescp", "-v", "-od", "./out", &free_port()]);
    let (_running, line) = Running::start_by(command.current_dir(directory.path()));
    let expected = format!(", storing in {}/out (", directory.path().display());
    assert!(line.contains(&expected), "{line}");
}

#[test]
fn it_warns_that_everything_is_thrown_away() {
    let (_running, lines) = Running::start(&["--ignore", &free_port()]);
    let warning = "W: --ignore: every object is answered with Success and thrown away\n";
    assert!(lines.starts_with(warning), "{lines}");
}

#[test]
fn it_warns_of_the_part_files_that_it_removed() {
    let directory = TempDir::new().expect("a directory");
    for name in [".CT.1.0.part", ".CT.2.1.part"] {
        fs::write(directory.path().join(name), "left").expect("written");
    }
    let words = [
        "-od",
        directory.path().to_str().expect("text"),
        &free_port(),
    ];
    let (_running, lines) = Running::start(&words);
    let warning = "W: removed 2 part files that an ended process left\n";
    assert!(lines.starts_with(warning), "{lines}");
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 0);
}

/// Opens an association for Verification and CT images and waits until it is accepted.
fn associate(port: &str) -> TcpStream {
    let mut stream = request_association(port);
    read_pdu(&mut stream, 2);
    stream
}

/// Asks for an association as [`associate`] does.
fn request_association(port: &str) -> TcpStream {
    let title = AeTitle::new("TEST").expect("legal");
    let request = Pdu::AssociateRq(AssociateRq {
        protocol_version: 1,
        called_ae_title: title,
        calling_ae_title: title,
        application_context: APPLICATION_CONTEXT.into(),
        presentation_contexts: vec![
            proposed(1, "1.2.840.10008.1.1"),
            proposed(CT_CONTEXT, CT_IMAGE_STORAGE),
        ],
        user_information: UserInformation::default(),
    });
    let mut bytes = Vec::new();
    request.encode(&mut bytes).expect("short");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    stream.write_all(&bytes).expect("sent");
    stream
}

const CT_CONTEXT: u8 = 3;
const CT_IMAGE_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.2";

fn proposed(id: u8, abstract_syntax: &str) -> ProposedContext {
    ProposedContext {
        id: PresentationContextId(id),
        abstract_syntax: abstract_syntax.into(),
        transfer_syntaxes: vec!["1.2.840.10008.1.2".into()],
    }
}

/// Sends a C-STORE-RQ and this part of its data set, the last or not.
fn send_object(stream: &mut TcpStream, data: &[u8], is_last: bool) {
    let request = StoreRq {
        message_id: 1,
        sop_class: CT_IMAGE_STORAGE.into(),
        sop_instance: "1.2.3".into(),
        priority: 0,
        has_data_set: true,
        move_originator: None,
    };
    let mut command = Vec::new();
    request.encode(&mut command);
    let pdv = |is_command, is_last, fragment| Pdv {
        context: PresentationContextId(CT_CONTEXT),
        control: MessageControl::new(is_command, is_last),
        fragment,
    };
    let data = Pdu::PData(vec![
        pdv(true, true, command),
        pdv(false, is_last, data.to_vec()),
    ]);
    send(stream, &data);
}

/// Sends a further part of a data set, the last or not.
fn send_data(stream: &mut TcpStream, data: &[u8], is_last: bool) {
    let pdv = Pdv {
        context: PresentationContextId(CT_CONTEXT),
        control: MessageControl::new(false, is_last),
        fragment: data.to_vec(),
    };
    send(stream, &Pdu::PData(vec![pdv]));
}

fn send(stream: &mut TcpStream, pdu: &Pdu) {
    let mut bytes = Vec::new();
    pdu.encode(&mut bytes).expect("short");
    stream.write_all(&bytes).expect("sent");
}

/// An explicit data element with nothing in it: all that a receiver needs to know of a data set.
const DATA_SET: &[u8] = &[0x10, 0, 0x10, 0, 0, 0, 0, 0];

/// Reads a PDU, which must be of this type (PS3.8 9.3.1).
fn read_pdu(stream: &mut TcpStream, kind: u8) {
    assert_eq!(read_some_pdu(stream), kind);
}

/// Reads a PDU and returns its type.
fn read_some_pdu(stream: &mut TcpStream) -> u8 {
    let mut header = [0; PDU_HEADER_BYTES];
    stream.read_exact(&mut header).expect("a PDU");
    let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
    let mut body = vec![0; usize::try_from(length).expect("short")];
    stream.read_exact(&mut body).expect("the rest of the PDU");
    header[0]
}

#[test]
fn an_open_association_may_finish_after_the_first_signal() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let (mut running, _) =
        Running::start(&["-od", directory.path().to_str().expect("text"), &port]);
    let mut association = associate(&port);
    send_object(&mut association, DATA_SET, false);
    running.wait_for_log("Received Store Request");
    running.ask_to_end();
    assert!(!running.has_ended());
    send_data(&mut association, DATA_SET, true);
    read_pdu(&mut association, 4);
    association
        .write_all(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0])
        .expect("A-RELEASE-RQ sent");
    // A-RELEASE-RP; or A-ABORT, where this machine let more than a second pass since the object.
    let answer = read_some_pdu(&mut association);
    assert!([6, 7].contains(&answer), "a PDU of type {answer}");
    drop(association);
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn the_drain_timeout_ends_what_does_not_finish() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let directory = directory.path().to_str().expect("text");
    let (mut running, _) = Running::start(&["--drain-timeout", "0", "-od", directory, &port]);
    let _association = associate(&port);
    running.signal(Signal::TERM);
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let (mut running, _) =
        Running::start(&["-od", directory.path().to_str().expect("text"), &port]);
    let mut association = associate(&port);
    // In flight, so that the drain lasts.
    send_object(&mut association, DATA_SET, false);
    running.wait_for_log("Received Store Request");
    running.ask_to_end();
    running.signal(Signal::INT);
    assert_eq!(running.end().signal(), Some(Signal::INT.as_raw()));
}

#[test]
fn the_same_signal_again_within_a_second_is_a_repetition() {
    // A loaded machine may let the second pass before the signal is repeated.
    let is_ignored = (0..5).any(|_| end_after_repeated_signal().code() == Some(0));
    assert!(is_ignored, "the repetition changes nothing");
}

/// How a receiver ends that gets SIGTERM twice, the second time as soon as possible.
fn end_after_repeated_signal() -> ExitStatus {
    let directory = TempDir::new().expect("a directory");
    let words = [
        "-od",
        directory.path().to_str().expect("text"),
        "--drain-timeout",
        "2",
    ];
    let port = free_port();
    let (mut running, _) = Running::start(&[&words[..], &[&port]].concat());
    let mut association = associate(&port);
    // In flight, so that the drain lasts.
    send_object(&mut association, DATA_SET, false);
    running.wait_for_log("Received Store Request");
    running.ask_to_end();
    running.signal(Signal::TERM);
    running.end()
}

#[test]
fn the_same_signal_again_after_a_second_ends_it_at_once() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let (mut running, _) =
        Running::start(&["-od", directory.path().to_str().expect("text"), &port]);
    let mut association = associate(&port);
    send_object(&mut association, DATA_SET, false);
    running.wait_for_log("Received Store Request");
    running.ask_to_end();
    thread::sleep(Duration::from_millis(1200));
    running.signal(Signal::TERM);
    assert_eq!(running.end().signal(), Some(Signal::TERM.as_raw()));
}

#[test]
fn the_end_line_says_what_became_of_all_objects() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let (mut running, _) =
        Running::start(&["-od", directory.path().to_str().expect("text"), &port]);
    let mut association = associate(&port);
    for _ in 0..2 {
        send_object(&mut association, DATA_SET, true);
        read_pdu(&mut association, 4);
    }
    drop(association);
    running.signal(Signal::TERM);
    assert_eq!(running.end().code(), Some(0));
    let log = running.log();
    let end = "I: ended: 2 objects stored (1 over older files); 1 association served\n";
    assert!(log.ends_with(end), "{log}");
}

#[test]
fn too_few_open_files_for_all_associations_are_warned_of_and_respected() {
    let directory = TempDir::new().expect("a directory");
    let directory = directory.path().to_str().expect("text");
    let port = free_port();
    let (_running, lines) = Running::start_limited("-n 100", &["-od", directory, &port]);
    let warning = "W: 100 open files allow about 1 association, not 1000; raise the limit \
                   (ulimit -n, LimitNOFILE=)\n";
    assert!(lines.starts_with(warning), "{lines}");
    let _first = associate(&port);
    let mut second = request_association(&port);
    // A-ASSOCIATE-RJ.
    read_pdu(&mut second, 3);
}

#[test]
fn the_limit_on_open_files_is_raised() {
    let directory = TempDir::new().expect("a directory");
    let directory = directory.path().to_str().expect("text");
    let (running, _) = Running::start_limited("-S -n 100", &["-od", directory, &free_port()]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.child.id())).expect("Linux");
    let row = limits
        .lines()
        .find(|row| row.starts_with("Max open files"))
        .expect("the row");
    let words: Vec<_> = row.split_whitespace().collect();
    assert_eq!(words[3], words[4], "soft and hard limit");
    assert_ne!(words[3], "100");
}

#[test]
fn a_port_in_use_is_an_error_at_start() {
    let holder = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = holder.local_addr().expect("bound").port().to_string();
    let directory = TempDir::new().expect("a directory");
    let output = storescp(&["-od", directory.path().to_str().expect("text"), &port]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("E: cannot create network: cannot listen on 0.0.0.0:"),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("; another program listens there; choose another port\n"),
        "{stderr}"
    );
}

#[test]
fn an_output_directory_that_can_not_be_made_is_fatal_even_when_quiet() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("file");
    let link = directory.path().join("link");
    fs::write(&file, "").expect("written");
    std::os::unix::fs::symlink("/no/such", &link).expect("linked");
    for (path, why) in [
        (&file, format!("{} is not a directory; ", file.display())),
        (
            &file.join("below"),
            format!(
                "cannot create {0}/below: {0} is not a directory; ",
                file.display()
            ),
        ),
        (
            &link,
            format!(
                "{} is a link to /no/such, which does not exist; ",
                link.display()
            ),
        ),
    ] {
        let output = storescp(&["-q", "-od", path.to_str().expect("text"), &free_port()]);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        let expected = format!("F: specified output directory does not exist: {why}");
        assert!(stderr.starts_with(&expected), "{stderr}");
        assert!(stderr.contains("--output-directory"), "{stderr}");
    }
}

#[test]
fn a_closed_standard_error_and_output_do_no_harm() {
    let script = format!("exec {PDVAULT} storescp -d --foo 2>&-");
    assert_eq!(run(Path::new("sh"), ["-c", &script]).status.code(), Some(1));
    let script = format!("exec {PDVAULT} storescp --help >&-");
    assert_eq!(run(Path::new("sh"), ["-c", &script]).status.code(), Some(0));
    let script = format!("{PDVAULT} storescp --help | head -n 1; exit ${{PIPESTATUS[0]}}");
    assert_eq!(
        run(Path::new("bash"), ["-c", &script]).status.code(),
        Some(0)
    );
}

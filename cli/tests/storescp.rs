//! The binary as a user meets it: texts, exit codes, links, signals.
//!
//! The error texts are those that DCMTK's storescp 3.6.7 prints for the same command lines.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use pdvault_engine::pdu::{
    APPLICATION_CONTEXT, AssociateRq, PDU_HEADER_BYTES, Pdu, ProposedContext, UserInformation,
};
use pdvault_engine::value::{AeTitle, PresentationContextId};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");

/// How long a program may take to start or to end before a test calls it stuck.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// A port that was free a moment ago.
fn free_port() -> String {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    listener.local_addr().expect("bound").port().to_string()
}

/// A running receiver, which does not outlive the test.
struct Running(Child);

impl Running {
    /// Starts it and waits until it says that it listens.
    fn start(words: &[&str]) -> (Self, String) {
        let mut child = Command::new(PDVAULT)
            .args(["storescp", "-v"])
            .args(words)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stderr = child.stderr.take().expect("a pipe");
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut line).expect("text");
        // The pipe is read to its end, so that the program can go on writing.
        thread::spawn(move || stderr.lines().count());
        (Self(child), line)
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.0.id()).expect("a process id");
        kill_process(Pid::from_raw(id).expect("not zero"), signal).expect("it still runs");
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("our own child").is_some()
    }

    fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.0.try_wait().expect("our own child") {
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
        let _ = self.0.kill();
        let _ = self.0.wait();
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
        assert_eq!(line, expected);
        assert!(output.is_dir());
        running.signal(signal);
        assert_eq!(running.end().code(), Some(0));
    }
}

/// Opens an association for Verification and waits until it is accepted.
fn associate(port: &str) -> TcpStream {
    let title = AeTitle::new("TEST").expect("legal");
    let request = Pdu::AssociateRq(AssociateRq {
        protocol_version: 1,
        called_ae_title: title,
        calling_ae_title: title,
        application_context: APPLICATION_CONTEXT.into(),
        presentation_contexts: vec![ProposedContext {
            id: PresentationContextId(1),
            abstract_syntax: "1.2.840.10008.1.1".into(),
            transfer_syntaxes: vec!["1.2.840.10008.1.2".into()],
        }],
        user_information: UserInformation::default(),
    });
    let mut bytes = Vec::new();
    request.encode(&mut bytes).expect("short");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    stream.write_all(&bytes).expect("sent");
    read_pdu(&mut stream, 2);
    stream
}

/// Reads a PDU, which must be of this type (PS3.8 9.3.1).
fn read_pdu(stream: &mut TcpStream, kind: u8) {
    let mut header = [0; PDU_HEADER_BYTES];
    stream.read_exact(&mut header).expect("a PDU");
    assert_eq!(header[0], kind);
    let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
    let mut body = vec![0; usize::try_from(length).expect("short")];
    stream.read_exact(&mut body).expect("the rest of the PDU");
}

#[test]
fn an_open_association_may_finish_after_the_first_signal() {
    let directory = TempDir::new().expect("a directory");
    let port = free_port();
    let (mut running, _) =
        Running::start(&["-od", directory.path().to_str().expect("text"), &port]);
    let mut association = associate(&port);
    running.signal(Signal::TERM);
    thread::sleep(Duration::from_millis(200));
    assert!(!running.has_ended());
    association
        .write_all(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0])
        .expect("A-RELEASE-RQ sent");
    read_pdu(&mut association, 6);
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
    let _association = associate(&port);
    running.signal(Signal::TERM);
    thread::sleep(Duration::from_millis(200));
    running.signal(Signal::INT);
    assert_eq!(running.end().signal(), Some(Signal::INT.as_raw()));
}

#[test]
fn the_limit_on_open_files_is_raised() {
    let directory = TempDir::new().expect("a directory");
    let directory = directory.path().to_str().expect("text");
    let script = format!("ulimit -S -n 100 && exec {PDVAULT} storescp -v -od {directory} $0");
    let port = free_port();
    let mut child = Command::new("sh")
        .args(["-c", &script, &port])
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    let stderr = child.stderr.take().expect("a pipe");
    BufReader::new(stderr).read_line(&mut line).expect("text");
    let running = Running(child);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.0.id())).expect("Linux");
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
    assert!(
        text(&output.stderr).contains("cannot create network: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn an_output_directory_that_can_not_be_made_is_fatal_even_when_quiet() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let below = file.path().join("below");
    let output = storescp(&["-q", "-od", below.to_str().expect("text"), &free_port()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("F: specified output directory does not exist: "),
        "{stderr}"
    );
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

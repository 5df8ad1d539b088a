//! Wrong command lines of storescu and echoscu: the same texts and exit codes as DCMTK's tools,
//! which are asked too where they are installed.

#![forbid(unsafe_code)]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");

/// Command lines of storescu that all versions of DCMTK refuse in the same words.
const STORESCU: &[&[&str]] = &[
    &["-v"],
    &["host"],
    &["host", "1"],
    &["-q", "host", "1"],
    &["host", "x", "f"],
    &["host", "0", "f"],
    &["host", "65536", "f"],
    &["host", "-1", "f"],
    &["-q", "host", "0", "f"],
    &["-q", "host", "1", "f", "-aet"],
    &["host", "1", "f", "-aet"],
    &["host", "1", "f", "-xf", "a"],
    &["host", "1", "f", "-ts", "-2"],
    &["host", "1", "f", "-ta", "0", "-ts", "-2"],
    &["host", "1", "f", "-to", "0", "-ta", "0"],
    &["host", "1", "f", "-pdu", "1", "-to", "0"],
    &["host", "1", "f", "-td", "0", "-pdu", "1"],
    &["host", "1", "f", "-pdu", "131073"],
    &["host", "1", "f", "-pdu", "-1"],
    &["host", "1", "f", "--max-send-pdu", "4095"],
    &["host", "1", "f", "--repeat", "0"],
    &["host", "1", "f", "--repeat", "x"],
    &["host", "1", "f", "+IR", "0", "--repeat", "0"],
    &["host", "1", "f", "+IR", "0"],
    &["host", "1", "f", "+IS", "0"],
    &["host", "1", "f", "+IP", "0"],
    &["host", "1", "f", "+sp", "x"],
    &["host", "1", "f", "+sp", "x", "-pdu", "1"],
    &["host", "1", "f", "+r"],
    &["host", "1", "f", "+r", "-to", "0"],
    &["host", "1", "f", "+v"],
    &["host", "1", "f", "-ll", "warn", "+v"],
    &["host", "1", "f", "-pwd", "x"],
    &["host", "1", "f", "-epw"],
    &["host", "1", "f", "--jwt", "x", "-epw"],
    &["host", "1", "f", "+cl", "3"],
    &["host", "1", "f", "+cl", "3", "-usr", "u", "-to", "0"],
    &["host", "1", "f", "-xd", "+cl", "10"],
    &["host", "1", "f", "-xe", "+cl", "3"],
    &["host", "1", "f", "-xf", "a", "b", "-xe"],
    &["host", "1", "f", "-xf", "a", "b", "-xb", "-R"],
    &["host", "1", "f", "-xf", "a", "b", "-xi"],
    &["host", "1", "f", "-xf", "a", "b", "-xd", "+cl", "3"],
    &["host", "1", "f", "-xf", "a", "b", "-R"],
    &["host", "1", "f", "-xf", "a", "b", "+C"],
    &["host", "1", "f", "-xf", "a", "b", "-xe", "-to", "0"],
    &["host", "1", "f", "-ll", "info", "-v"],
    &["host", "1", "f", "+pw", "x"],
    &["host", "1", "f", "+pw", "x", "-pdu", "1"],
    &["host", "1", "f", "-aet", "-v", "-ts", "-5"],
];

/// Command lines of echoscu.
const ECHOSCU: &[&[&str]] = &[
    &["-v"],
    &["host"],
    &["host", "1", "f"],
    &["host", "0"],
    &["host", "1", "-pts", "0"],
    &["host", "1", "-pts", "39"],
    &["host", "1", "-ppc", "129"],
    &["host", "1", "-ppc", "0", "-to", "0"],
    &["host", "1", "--repeat", "0"],
    &["host", "1", "--repeat", "0", "-to", "0"],
    &["host", "1", "-ts", "-2", "-ta", "0"],
    &["host", "1", "-pdu", "1", "-ta", "0"],
    &["host", "1", "-aec"],
    &["host", "1", "-q", "-ts", "-2"],
];

fn pdvault(words: &[&str]) -> Output {
    run(PDVAULT, words)
}

fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text behind `error: ` and the exit code.
fn verdict(output: &Output) -> (Option<String>, Option<i32>) {
    let stderr = text(&output.stderr);
    let error = stderr.lines().find_map(|line| line.strip_prefix("error: "));
    (error.map(str::to_owned), output.status.code())
}

/// DCMTK's tool of this name, if it is installed; dcm4che and others have tools of these names too.
fn original(tool: &str) -> Option<String> {
    let path = format!("/usr/bin/{tool}");
    let is_original = Path::new(&path).exists()
        && text(&run(&path, &["--version"]).stdout).starts_with("$dcmtk: ");
    is_original.then_some(path)
}

fn assert_same_verdicts(tool: &str, lines: &[&[&str]]) {
    let original = original(tool);
    if original.is_none() {
        eprintln!("DCMTK's {tool} is not installed: nothing to compare with");
    }
    for words in lines {
        let ours = verdict(&pdvault(&[&[tool], *words].concat()));
        assert_eq!(ours.1, Some(1), "{words:?}");
        if let Some(original) = &original {
            assert_eq!(ours, verdict(&run(original, words)), "{words:?}");
        }
    }
}

#[test]
fn wrong_command_lines_of_storescu_get_the_texts_of_dcmtk() {
    assert_same_verdicts("storescu", STORESCU);
}

#[test]
fn wrong_command_lines_of_echoscu_get_the_texts_of_dcmtk() {
    assert_same_verdicts("echoscu", ECHOSCU);
}

#[test]
fn an_unknown_option_is_told_in_dcmtks_words_and_what_may_have_been_meant() {
    let expected = "Unknown option --aetitel; did you mean --aetitle?";
    let output = pdvault(&["storescu", "--aetitel", "ME", "host", "1", "f"]);
    assert_eq!(verdict(&output), (Some(expected.to_owned()), Some(1)));
}

#[test]
fn what_dcmtk_answers_without_parameters_is_refused_without_them() {
    for tool in ["storescu", "echoscu"] {
        for option in ["--list-ciphers", "--list-profiles"] {
            let (error, code) = verdict(&pdvault(&[tool, option]));
            assert_eq!(code, Some(1), "{tool} {option}");
            let error = error.expect("a reason");
            assert!(
                error.contains(&format!("({option}) is not supported: TLS ")),
                "{error}"
            );
        }
    }
}

#[test]
fn every_tool_has_help_a_version_and_a_manual_page() {
    for tool in ["storescu", "echoscu", "loadgen", "demo"] {
        for option in ["--help", "-h"] {
            let output = pdvault(&[tool, option]);
            assert_eq!(output.status.code(), Some(0), "{tool}");
            assert!(text(&output.stdout).contains("\nusage: "), "{tool}");
        }
        let output = pdvault(&[tool, "--version"]);
        let header = format!("$pdvault: {tool} v{} $\n", env!("CARGO_PKG_VERSION"));
        assert!(text(&output.stdout).starts_with(&header), "{tool}");
        let page = text(&pdvault(&["man", tool]).stdout);
        assert!(page.starts_with(&format!(".TH {} 1 ", tool.to_uppercase())));
        for title in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES"] {
            assert!(page.contains(&format!(".SH {title}\n")), "{tool}: {title}");
        }
    }
}

#[test]
fn nothing_typed_shows_the_usage_of_the_tools_that_need_a_peer() {
    for tool in ["storescu", "echoscu", "loadgen"] {
        let output = pdvault(&[tool]);
        assert_eq!(output.status.code(), Some(0), "{tool}");
        assert!(text(&output.stdout).contains("\nusage: "), "{tool}");
    }
}

#[test]
fn a_link_named_as_a_dcmtk_tool_is_that_tool_and_any_other_is_pdvault() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, usage) in [
        ("storescu", "usage: storescu "),
        ("echoscu", "usage: echoscu "),
        ("loadgen", "usage: pdvault storescp "),
    ] {
        let link = directory.path().join(name);
        std::os::unix::fs::symlink(PDVAULT, &link).expect("linked");
        let output = run(link.to_str().expect("text"), &["--help"]);
        assert!(text(&output.stdout).contains(usage), "{name}");
    }
}

#[test]
fn wrong_command_lines_of_our_own_tools_are_told() {
    for (words, error) in [
        (&["loadgen", "host"][..], "Missing parameter port"),
        (
            &["loadgen", "host", "1", "--warm-up", "-1"],
            "Invalid value for option --warm-up (underflow: -1) [0..]",
        ),
        (
            &["loadgen", "host", "1", "--corpus", "xray"],
            "Invalid value for option --corpus (xray: ct, mr, cr, mammo, multiframe, sr or mixed \
             expected)",
        ),
        (&["loadgen", "compare", "a"], "Missing parameter b.json"),
        (&["demo", "x"], "Too many parameters"),
    ] {
        let expected = (Some(error.to_owned()), Some(1));
        assert_eq!(verdict(&pdvault(words)), expected, "{words:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    for words in [
        &["storescu", "--help"][..],
        &["storescu", "--version"],
        &["echoscu", "--help"],
        &["--help"],
        &["man", "storescu"],
        &["completions", "bash"],
    ] {
        let full = File::create("/dev/full").expect("Linux has it");
        let output = Command::new(PDVAULT).args(words).stdout(full).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            text.contains("error: cannot write to standard output: No space left"),
            "{words:?}: {text}"
        );
    }
}

//! The comparison itself, at its smallest: one receiver that forgets what it receives.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

const COMPARE: &str = env!("CARGO_BIN_EXE_compare");

/// A port that was free a moment ago, and that the system gives to nobody by itself: below the range
/// from which connections get theirs.
fn free_port() -> u16 {
    const RANGE: std::ops::Range<u32> = 20_000..30_000;
    let start = std::process::id() % 10_000;
    let mut candidates = RANGE.cycle().skip(start as usize).take(RANGE.len());
    let port = candidates.find_map(|port| {
        let port = u16::try_from(port).ok()?;
        TcpListener::bind(("127.0.0.1", port)).ok()?;
        Some(port)
    });
    port.expect("one of ten thousand is free")
}

/// Runs the comparison with everything of it in `directory`.
fn compare(directory: &Path) -> Output {
    let sender = Path::new(COMPARE).with_file_name("pdvault");
    assert!(
        sender.exists(),
        "{} is missing: build it first, in the same profile",
        sender.display()
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(COMPARE)
        .args(["--quick", "--runs", "1", "--rows", "512k-4-ignore"])
        .args(["--systems", "bare-discard"])
        .arg("--root")
        .arg(root)
        .arg("--directory")
        .arg(directory)
        .arg("--out")
        .arg(directory.join("out"))
        .env("PDVAULT_BENCH_PORT", free_port().to_string())
        .output()
        .expect("it runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    output
}

#[test]
fn a_comparison_measures_reports_cleans_up_and_does_nothing_twice() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = compare(directory.path());
    let table = String::from_utf8_lossy(&first.stdout);
    assert!(table.contains("| bare-discard |"), "{table}");

    let read = |name: &str| {
        let text = std::fs::read_to_string(directory.path().join("out").join(name));
        text.expect("a file of results")
    };
    let results: serde_json::Value = serde_json::from_str(&read("results.json")).expect("JSON");
    let figures = &results["runs"][0]["figures"];
    assert_eq!(figures["failure"], serde_json::Value::Null, "{figures}");
    assert!(figures["objects"].as_u64() > Some(0), "{figures}");
    assert!(figures["success_s"].as_f64() > Some(0.0), "{figures}");
    assert!(figures["peak_bytes"].as_u64() > Some(0), "{figures}");
    assert!(!directory.path().join("compare.work").exists());

    let lines = read("runs.jsonl");
    let second = compare(directory.path());
    let log = String::from_utf8_lossy(&second.stderr);
    assert!(log.contains("1 of 1 runs are finished already"), "{log}");
    assert_eq!(read("runs.jsonl"), lines);
}

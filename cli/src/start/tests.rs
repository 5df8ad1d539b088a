//! Command lines as people type them, and as the documents tell them to.

use std::fs;
use std::path::Path;

use super::*;
use crate::{demo, echoscu, loadgen, storescp, storescu};

#[test]
fn quiet_silences_what_is_judged_and_nothing_else() {
    let error = |stage| UsageError::new(stage, "text");
    assert!(!is_shown(&error(Stage::Judging), Threshold::Fatal));
    assert!(is_shown(&error(Stage::Reading), Threshold::Fatal));
    assert!(is_shown(&error(Stage::Refusal), Threshold::Fatal));
    assert!(is_shown(&error(Stage::Judging), Threshold::Warn));
}

/// The documents that tell people what to type.
const DOCUMENTS: [&str; 3] = ["README.md", "docs/migration.md", "docs/benchmarking.md"];

/// What runs one of our tools.
const CALLS: [&str; 5] = [
    "cargo run --release -- ",
    "pdvault ",
    "storescp ",
    "storescu ",
    "echoscu ",
];

#[test]
fn every_command_line_in_the_documents_is_understood() {
    let mut count = 0;
    for document in DOCUMENTS {
        for line in command_lines(document) {
            let words = words_of_call(&line);
            if let Some((tool, words)) = words.split_first() {
                let verdict = judge(tool, words.iter().map(OsString::from).collect());
                assert!(
                    verdict.is_ok(),
                    "{document}: {line}\n{}",
                    verdict.unwrap_err()
                );
                count += 1;
            }
        }
    }
    assert!(count > 12, "only {count} commands found in the documents");
}

/// Whether the tool understands the words, without doing what they say.
fn judge(tool: &str, mut words: Vec<OsString>) -> Result<(), String> {
    match tool {
        "storescp" => judge_as::<storescp::Typed>(words),
        "storescu" => judge_as::<storescu::Typed>(words),
        "echoscu" => judge_as::<echoscu::Typed>(words),
        "demo" => judge_as::<demo::Typed>(words),
        "loadgen" if words.first().is_some_and(|word| word == "compare") => {
            words.remove(0);
            judge_as::<loadgen::Comparison>(words)
        }
        "loadgen" => judge_as::<loadgen::Typed>(words),
        "man" | "completions" | "--help" => Ok(()),
        other => Err(format!("there is no tool {other}")),
    }
}

fn judge_as<C: Command>(words: Vec<OsString>) -> Result<(), String> {
    let mut typed = C::default();
    let settled = grammar::parse(C::tool(), words).and_then(|line| {
        if line.answer().is_some() {
            return Ok(());
        }
        typed.note_parameters(&line)?;
        line.apply_to(&mut typed)?;
        typed.resolve().map(drop)
    });
    settled.map_err(|error| error.text)
}

/// The lines of the shell blocks of a document, continued ones joined.
fn command_lines(document: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join(document)).expect("the document is there");
    let blocks = text
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    blocks
        .flat_map(|block| {
            let block = block.replace("\\\n", " ");
            block.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// The tool and its words, if the line calls one of ours.
fn words_of_call(line: &str) -> Vec<String> {
    let Some(call) = CALLS.iter().find(|call| line.starts_with(**call)) else {
        return Vec::new();
    };
    let own_name = !call.starts_with("cargo") && !call.starts_with("pdvault");
    let start = if own_name { 0 } else { call.len() };
    let simple = line[start..].split(['|', '&', '#', '>']);
    // An expectation is quoted because of its sign.
    let quoted = line.contains('\'');
    let command = if quoted {
        line[start..].to_owned()
    } else {
        simple.into_iter().next().unwrap_or_default().to_owned()
    };
    command
        .split_whitespace()
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

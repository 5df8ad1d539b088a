//! What is compared, and how differences are told.

use pdvault_tests::answer::Requested;
use pdvault_tests::scp::{Association, Stored};

use crate::rows::{Difference, Row};
use crate::{Outcome, elements};

/// Beginnings of the lines that scripts look for. `true`: the whole line is compared; `false`: what
/// follows is the tool's own wording.
const KEY_LINES: &[(&str, bool)] = &[
    ("determining input files ...", true),
    ("checking input files ...", true),
    ("Requesting Association", true),
    ("Association Accepted (Max Send PDV: ", true),
    ("Sending file: ", true),
    ("Converting transfer syntax: ", false),
    ("Sending Store Request (MsgID ", true),
    ("Received Store Response (", true),
    ("Releasing Association", true),
    ("Aborting Association", true),
    ("Peer Aborted Association", true),
    ("Inventing Identifying Information (", true),
    ("renamed file '", true),
    (
        "ignoring directory because option --scan-directories is not set: ",
        true,
    ),
    ("cannot access file: ", true),
    ("Bad DICOM file: ", false),
    ("No SOP Class or Instance UID in file: ", true),
    ("No presentation context for: ", true),
    ("Store Failed, file: ", true),
    ("Store SCU Failed: ", false),
    ("Association Rejected:", true),
    ("Result: ", true),
    ("Reason: ", true),
    ("Association Request Failed: ", false),
    ("No Acceptable Presentation Contexts", true),
    ("no input files to be sent", true),
    ("missing SOP class (or instance) in file: ", true),
    ("unknown storage SOP class in file: ", true),
    ("BEGIN A-ASSOCIATE-", true),
    ("END A-ASSOCIATE-", true),
    ("error: Cannot open command file ", false),
    ("error: ", true),
];

/// Lines of a log that are shown with a difference.
const LOG_LINES_SHOWN: usize = 40;

/// The key lines of a log, each with its letter, but those in which the tools may differ.
fn key_lines(log: &str, row: &Row) -> Vec<String> {
    let counts = |line: &String| {
        let text = line.split_once(": ").map_or("", |(_, text)| text);
        !row.differs
            .iter()
            .any(|one| matches!(one, Difference::Lines(start) if text.starts_with(start)))
    };
    log.lines().filter_map(key_line).filter(counts).collect()
}

fn key_line(line: &str) -> Option<String> {
    let (letter, text) = match line.split_once(": ") {
        Some((letter, text)) if letter.len() == 1 => (letter, text),
        _ => ("", line),
    };
    let text = text.trim_end();
    if converts_nothing(text) {
        return None;
    }
    let (start, whole) = KEY_LINES
        .iter()
        .find(|(start, _)| text.starts_with(start))?;
    let text = if *whole { text } else { start };
    Some(format!("{letter}: {}", without_message_id(text)))
}

/// DCMTK gives a message ID to files that it then does not send.
fn without_message_id(text: &str) -> String {
    match text.split_once("(MsgID ") {
        Some((before, after)) => {
            let number = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}(MsgID n{number}")
        }
        None => text.to_owned(),
    }
}

/// Before 3.6.8, DCMTK told of a conversion where there was none.
fn converts_nothing(text: &str) -> bool {
    let conversion = text.strip_prefix("Converting transfer syntax: ");
    let ends = conversion.and_then(|syntaxes| syntaxes.split_once(" -> "));
    ends.is_some_and(|(from, to)| from == to)
}

/// What DCMTK did otherwise than the table says.
pub(crate) fn with_table(row: &Row, dcmtk: &Outcome) -> Vec<String> {
    let mut out = Vec::new();
    let code = dcmtk.ended.status.code();
    if code != Some(row.exit) && !row.differs.contains(&Difference::ExitCode) {
        out.push(format!("exit code {code:?}, in the table {}", row.exit));
    }
    let count = objects(dcmtk);
    if count != row.objects {
        out.push(format!("{count} objects, in the table {}", row.objects));
    }
    if !out.is_empty() {
        out.push(format!("log:\n{}", dcmtk.ended.log));
    }
    out
}

/// How many objects reached the receiver.
fn objects(outcome: &Outcome) -> usize {
    outcome
        .associations
        .iter()
        .map(|one| one.stored.len())
        .sum()
}

/// In what ours differs from DCMTK.
pub(crate) fn with_dcmtk(row: &Row, dcmtk: &Outcome, ours: &Outcome) -> Vec<String> {
    let mut out = Vec::new();
    let code = ours.ended.status.code();
    differs(&mut out, "exit code", &Some(row.exit), &code);
    if row.differs.contains(&Difference::Details) {
        differs(&mut out, "objects", &objects(dcmtk), &objects(ours));
        return out;
    }
    differs(&mut out, "files afterwards", &dcmtk.names, &ours.names);
    let associations = (&dcmtk.associations, &ours.associations);
    differs(
        &mut out,
        "associations",
        &associations.0.len(),
        &associations.1.len(),
    );
    for (theirs, ours) in associations.0.iter().zip(associations.1) {
        compare_associations(row, theirs, ours, &mut out);
    }
    let (theirs, ours_lines) = (
        key_lines(&dcmtk.ended.log, row),
        key_lines(&ours.ended.log, row),
    );
    if theirs != ours_lines {
        out.push(difference_of_lines(&theirs, &ours_lines));
        out.push(format!("our whole log:\n{}", indented(&ours.ended.log)));
    }
    out
}

fn differs<T: PartialEq + std::fmt::Debug>(out: &mut Vec<String>, what: &str, dcmtk: &T, ours: &T) {
    if dcmtk != ours {
        out.push(format!("{what}: DCMTK {dcmtk:?}, ours {ours:?}"));
    }
}

fn compare_associations(row: &Row, dcmtk: &Association, ours: &Association, out: &mut Vec<String>) {
    if !row.differs.contains(&Difference::Farewell) {
        differs(out, "end", &dcmtk.end, &ours.end);
    }
    compare_requests(dcmtk.requested.as_ref(), ours.requested.as_ref(), out);
    let invented = row.differs.contains(&Difference::InventedValues);
    let summary = |association: &Association| -> Vec<_> {
        association
            .stored
            .iter()
            .map(|one| summary(one, invented))
            .collect()
    };
    differs(out, "objects", &summary(dcmtk), &summary(ours));
    if !invented {
        out.extend(elements::differences(&dcmtk.stored, &ours.stored));
    }
}

/// What a script could tell of an object that was stored.
fn summary(stored: &Stored, invented: bool) -> String {
    let Stored {
        class,
        instance,
        syntax,
        priority,
        reply,
        ..
    } = stored;
    let instance = if invented { "invented" } else { instance };
    format!("{class} {instance} {syntax} {priority} {reply:?}")
}

fn compare_requests(dcmtk: Option<&Requested>, ours: Option<&Requested>, out: &mut Vec<String>) {
    let (Some(dcmtk), Some(ours)) = (dcmtk, ours) else {
        differs(out, "a request", &dcmtk.is_some(), &ours.is_some());
        return;
    };
    differs(out, "called", &dcmtk.called, &ours.called);
    differs(out, "calling", &dcmtk.calling, &ours.calling);
    differs(
        out,
        "maximum length",
        &dcmtk.maximum_length,
        &ours.maximum_length,
    );
    differs(out, "user identity", &dcmtk.identity, &ours.identity);
    differs(
        out,
        "operations window",
        &dcmtk.operations,
        &ours.operations,
    );
    differs(out, "contexts", &dcmtk.contexts.len(), &ours.contexts.len());
    let pairs = dcmtk.contexts.iter().zip(&ours.contexts);
    if let Some((theirs, ours)) = pairs.into_iter().find(|(theirs, ours)| theirs != ours) {
        differs(out, "first context that differs", theirs, ours);
    }
}

fn difference_of_lines(dcmtk: &[String], ours: &[String]) -> String {
    let only = |what: &str, of: &[String], beside: &[String]| {
        let lines = of.iter().filter(|line| !beside.contains(line));
        lines
            .map(|line| format!("{what} only: {line}"))
            .collect::<Vec<_>>()
    };
    let mut out = only("DCMTK", dcmtk, ours);
    out.extend(only("ours", ours, dcmtk));
    if out.is_empty() {
        out.push(format!("another order:\n{dcmtk:#?}\n{ours:#?}"));
    }
    format!("key lines:\n{}", indented(&out.join("\n")))
}

fn indented(log: &str) -> String {
    let lines = log.lines().take(LOG_LINES_SHOWN);
    let lines: Vec<_> = lines.map(|line| format!("      {line}")).collect();
    lines.join("\n")
}

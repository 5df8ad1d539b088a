//! The table as a whole, and each option on its own.

use super::*;
use crate::options::checks;

/// The general options, as in DCMTK's tools, and those that storescp has in the same way.
const REFERENCE: &str = "\
-h --help 0 -
- --version 0 -
- --arguments 0 -
-q --quiet 0 log-verbosity
-v --verbose 0 log-verbosity
-d --debug 0 log-verbosity
-ll --log-level 1 -
-lc --log-config 1 -
-od --output-directory 1 -
-fe --filename-extension 1 -";

const OURS: &[&str] = &[
    "--instance",
    "--series",
    "--study",
    "--on-duplicate",
    "--allow-unsealed",
    "--json",
    "--threads",
];

checks::table_tests!(TOOL, REFERENCE, OURS);

fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    checks::assert_notes(&TOOL, long, value, &[], change);
}

#[test]
fn what_is_selected_is_noted() {
    for (long, kind) in [
        ("--instance", KeyKind::Instance),
        ("--series", KeyKind::Series),
        ("--study", KeyKind::Study),
    ] {
        assert_notes(long, &["1.2"], |typed| {
            typed.key = Some((kind, "1.2".into()));
        });
    }
}

#[test]
fn how_to_extract_is_noted() {
    assert_notes("--output-directory", &["out"], |typed| {
        typed.output = Some("out".into());
    });
    assert_notes("--filename-extension", &[".dcm"], |typed| {
        typed.extension = Some(".dcm".into());
    });
    assert_notes("--on-duplicate", &["keep"], |typed| {
        typed.on_duplicate = Some("keep");
    });
}

#[test]
fn the_rest_is_noted() {
    assert_notes("--allow-unsealed", &[], |typed| typed.allow_unsealed = true);
    assert_notes("--json", &[], |typed| typed.json = true);
    assert_notes("--threads", &["3"], |typed| typed.threads = Some(3));
}

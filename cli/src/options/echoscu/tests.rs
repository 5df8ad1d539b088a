//! The table as a whole, and each working option on its own.

use super::*;
use crate::options::checks;

/// DCMTK's options: short name, long name, number of values, group.
const REFERENCE: &str = include_str!("../../../tests/fixtures/echoscu_options.txt");

checks::table_tests!(TOOL, REFERENCE, &[]);

fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    checks::assert_notes(&TOOL, long, value, &[], change);
}

#[test]
fn no_number_tells_its_range() {
    checks::ranges_are_told_by(&TOOL, &[]);
}

#[test]
fn what_is_proposed() {
    assert_notes("--propose-ts", &["38"], |typed| typed.syntaxes = Some(38));
    assert_notes("--propose-pc", &["128"], |typed| typed.contexts = Some(128));
}

#[test]
fn how_often_and_how_it_ends() {
    assert_notes("--repeat", &["3"], |typed| typed.repeat = Some(3));
    assert_notes("--abort", &[], |typed| typed.abort = true);
}

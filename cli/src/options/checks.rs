//! What every table has to fulfil. [`table_tests`] makes tests of it for a tool.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Debug;

use super::{Argument, Effect, Entry, Kind, Tool};
use crate::grammar::{self, Stage, UsageError};

/// The tests of a table: the tool, the fixture with the options of the tool that it stands in for,
/// and the options that this tool does not have.
macro_rules! table_tests {
    ($tool:expr, $reference:expr, $ours:expr) => {
        mod table {
            use super::*;
            use crate::options::checks;

            #[test]
            fn no_name_is_given_twice() {
                checks::no_name_is_given_twice(&$tool);
            }

            #[test]
            fn every_option_of_the_original_is_there_with_its_names_values_and_group() {
                checks::agrees_with(&$tool, $reference, $ours);
            }

            #[test]
            fn every_option_is_documented() {
                checks::every_option_is_documented(&$tool);
            }

            #[test]
            fn names_have_the_form_that_the_grammar_takes() {
                checks::names_have_the_form_that_the_grammar_takes(&$tool);
            }

            #[test]
            fn rivals_and_companions_exist_and_pairs_are_listed_once() {
                checks::rivals_and_companions_exist(&$tool);
                checks::a_pair_of_rivals_is_listed_once(&$tool);
            }

            #[test]
            fn a_group_has_several_members_and_at_most_one_default() {
                checks::a_group_has_several_members_and_at_most_one_default(&$tool);
            }

            #[test]
            fn ranges_are_not_empty_and_unsigned_ones_not_negative() {
                checks::ranges_are_not_empty(&$tool);
            }

            #[test]
            fn no_refused_option_is_accepted_and_each_says_why() {
                checks::no_refused_option_is_accepted(&$tool);
                checks::a_refusal_names_the_option_and_says_why(&$tool);
            }

            #[test]
            fn every_number_takes_the_ends_of_its_range_only() {
                checks::every_number_takes_the_ends_of_its_range_only(&$tool);
            }
        }
    };
}
pub(super) use table_tests;

/// What is noted of these words.
pub(super) fn read<T: Default>(tool: &'static Tool<T>, words: &[&str]) -> Result<T, UsageError> {
    let mut typed = T::default();
    grammar::parse(tool, words.iter().map(OsString::from).collect())?.apply_to(&mut typed)?;
    Ok(typed)
}

/// The option of this long name.
pub(super) fn find<T>(tool: &'static Tool<T>, long: &str) -> &'static Entry<T> {
    tool.entries()
        .find(|entry| entry.long == long)
        .unwrap_or_else(|| panic!("the table has {long}"))
}

/// The option, by each of its names, with this value and with `company`, changes what `change`
/// changes and nothing else.
pub(super) fn assert_notes<T: Default + Debug + PartialEq>(
    tool: &'static Tool<T>,
    long: &str,
    value: &[&str],
    company: &[&str],
    change: impl Fn(&mut T),
) {
    let mut expected = read(tool, company).expect("legal company");
    change(&mut expected);
    for name in find(tool, long).short.into_iter().chain([long]) {
        let words: Vec<_> = [&[name], value, company].concat();
        assert_eq!(read(tool, &words).as_ref(), Ok(&expected), "{name}");
    }
}

pub(super) fn no_name_is_given_twice<T>(tool: &'static Tool<T>) {
    let mut seen = HashSet::new();
    for entry in tool.entries() {
        for name in entry.short.into_iter().chain([entry.long]) {
            assert!(seen.insert(name), "{name}");
        }
    }
}

/// Each row of the reference: short name, long name, number of values, group; - for none.
pub(super) fn agrees_with<T>(tool: &'static Tool<T>, reference: &str, ours: &[&str]) {
    let named = |text: &str| Some(text.to_owned()).filter(|text| text != "-");
    let mut expected: HashSet<_> = ours.iter().copied().collect();
    for row in reference.lines().filter(|row| !row.starts_with('#')) {
        let [short, long, values, group] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("four columns in {row}");
        };
        let entry = find(tool, long);
        assert_eq!(entry.short.map(str::to_owned), named(short), "{long}");
        assert_eq!(entry.arguments.len().to_string(), values, "{long}");
        assert_eq!(entry.group.map(str::to_owned), named(group), "{long}");
        assert!(expected.insert(long), "{long} twice");
    }
    let there: HashSet<_> = tool.entries().map(|entry| entry.long).collect();
    assert_eq!(there, expected);
    assert!(ours.iter().all(|long| find(tool, long).short.is_none()));
}

pub(super) fn every_option_is_documented<T>(tool: &'static Tool<T>) {
    for entry in tool.entries() {
        let name = entry.long;
        let (summary, details) = (entry.summary, entry.details);
        assert!(summary.len() > 8 && summary.len() <= 120, "{name}");
        assert!(!summary.ends_with('.'), "{name}");
        assert!(details.len() > 20 && details.ends_with('.'), "{name}");
        assert!(!details.contains("  "), "{name}");
    }
}

pub(super) fn names_have_the_form_that_the_grammar_takes<T>(tool: &'static Tool<T>) {
    for entry in tool.entries() {
        let long = entry.long;
        assert!(long.starts_with("--") && long.len() > 3, "{long}");
        if let Some(short) = entry.short {
            let rest = short.strip_prefix(['-', '+']).expect("a sign");
            assert!(!rest.is_empty() && !rest.starts_with(['-', '+']), "{short}");
            assert!(!rest.starts_with(|c: char| c.is_ascii_digit()), "{short}");
        }
    }
}

pub(super) fn rivals_and_companions_exist<T>(tool: &'static Tool<T>) {
    for entry in tool.entries() {
        let rivals = entry.conflicts.iter().copied().flatten();
        for long in entry.requires.iter().chain(rivals) {
            assert_ne!(find(tool, long).long, entry.long);
        }
    }
}

pub(super) fn a_pair_of_rivals_is_listed_once<T>(tool: &'static Tool<T>) {
    let mut seen = HashSet::new();
    for entry in tool.entries() {
        for rival in entry.conflicts.iter().copied().flatten() {
            let mut pair = [entry.long, *rival];
            pair.sort_unstable();
            assert!(seen.insert(pair), "{pair:?}");
        }
    }
}

pub(super) fn a_group_has_several_members_and_at_most_one_default<T>(tool: &'static Tool<T>) {
    let groups: HashSet<_> = tool.entries().filter_map(|entry| entry.group).collect();
    for group in groups {
        let members = || tool.entries().filter(|entry| entry.group == Some(group));
        let defaults = members().filter(|entry| entry.default == Some("yes"));
        assert!(members().count() > 1, "{group}");
        assert!(defaults.count() <= 1, "{group}");
    }
}

/// The ends of an argument's range, where it is a number.
fn ends(argument: &Argument) -> Option<(i64, i64)> {
    match argument.kind {
        Kind::Signed { min, max } | Kind::Unsigned { min, max } | Kind::Size { min, max } => {
            Some((min, max))
        }
        Kind::Text
        | Kind::Path
        | Kind::Directory
        | Kind::Rate
        | Kind::Choice(_)
        | Kind::LogLevel(_) => None,
    }
}

/// Whether exactly these options tell the range of their numbers in errors.
pub(super) fn ranges_are_told_by<T>(tool: &'static Tool<T>, tellers: &[&str]) {
    for entry in tool.entries() {
        let has_range = entry
            .arguments
            .iter()
            .any(|argument| ends(argument).is_some());
        let tells = tellers.contains(&entry.long) && has_range;
        assert_eq!(entry.tells_range, tells, "{}", entry.long);
    }
}

pub(super) fn ranges_are_not_empty<T>(tool: &'static Tool<T>) {
    for argument in tool.entries().flat_map(|entry| entry.arguments) {
        if let Some((min, max)) = ends(argument) {
            assert!(min < max, "{}", argument.name);
            let is_signed = matches!(argument.kind, Kind::Signed { .. });
            assert!(is_signed || min >= 0, "{}", argument.name);
        }
        if let Kind::Choice(words) | Kind::LogLevel(words) = argument.kind {
            assert!(words.len() > 1, "{}", argument.name);
        }
    }
}

/// A value that suits an argument.
fn sample(argument: &Argument) -> String {
    match (ends(argument), argument.kind) {
        (Some((min, _)), _) => min.to_string(),
        (None, Kind::Choice(words) | Kind::LogLevel(words)) => words[0].to_owned(),
        (None, Kind::Rate) => "1M".to_owned(),
        (None, _) => "x".to_owned(),
    }
}

/// The option by one of its names, with values.
fn words_of<T>(entry: &Entry<T>, name: &str) -> Vec<String> {
    [name.to_owned()]
        .into_iter()
        .chain(entry.arguments.iter().map(sample))
        .collect()
}

fn read_owned<T: Default>(tool: &'static Tool<T>, words: &[String]) -> Result<T, UsageError> {
    read(tool, &words.iter().map(String::as_str).collect::<Vec<_>>())
}

pub(super) fn no_refused_option_is_accepted<T: Default>(tool: &'static Tool<T>) {
    for entry in tool.entries().filter(|entry| entry.refusal().is_some()) {
        for name in entry.short.into_iter().chain([entry.long]) {
            assert!(read_owned(tool, &words_of(entry, name)).is_err(), "{name}");
        }
    }
}

pub(super) fn a_refusal_names_the_option_and_says_why<T: Default>(tool: &'static Tool<T>) {
    for entry in tool.entries().filter(|entry| entry.requires.is_empty()) {
        let Some(why) = entry.refusal() else { continue };
        let outcome = read_owned(tool, &words_of(entry, entry.long));
        let Err(error) = outcome else {
            panic!("{} is refused", entry.long)
        };
        let text = format!("option {} is not supported: {why}", entry.names());
        assert_eq!((error.text, error.stage), (text, Stage::Refusal));
        assert!(why.len() > 10 && !why.ends_with('.'), "{}", entry.long);
    }
}

pub(super) fn every_number_takes_the_ends_of_its_range_only<T: Default>(tool: &'static Tool<T>) {
    for entry in tool
        .entries()
        .filter(|entry| matches!(entry.effect, Effect::Works(_)))
    {
        let [argument] = entry.arguments else {
            continue;
        };
        let Some((min, max)) = ends(argument) else {
            continue;
        };
        let company = entry.requires.first().map(|long| find(tool, long));
        let company = company.map_or_else(Vec::new, |entry| words_of(entry, entry.long));
        for (number, is_legal) in [(min - 1, false), (min, true), (max, true), (max + 1, false)] {
            let words = [
                vec![entry.long.to_owned(), number.to_string()],
                company.clone(),
            ]
            .concat();
            let outcome = read_owned(tool, &words);
            assert_eq!(outcome.is_ok(), is_legal, "{} {number}", entry.long);
        }
    }
}

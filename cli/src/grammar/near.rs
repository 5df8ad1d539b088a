//! What may have been meant by an option that is in no table.

use crate::options::{Entry, Tool};

/// How many letters may differ in a name that was meant: of short ones fewer, one in three.
const DISTANCE_MAX: usize = 2;

/// The fewest letters of a name that is guessed at; shorter ones are near to everything.
const LETTERS_MIN: usize = 4;

/// Advice on an unknown option; `None` where nothing is near.
pub(super) fn hint<T>(tool: &Tool<T>, word: &str) -> Option<String> {
    if let Some((name, value)) = word.split_once('=')
        && let Some(entry) = tool.entries().find(|entry| entry.long == name)
    {
        return Some(if entry.arguments.is_empty() {
            format!("{name} takes no value")
        } else {
            format!("a value is an argument of its own: {name} {value}")
        });
    }
    meant(tool, word).map(|name| format!("did you mean {name}?"))
}

/// The name that is the same but for its signs, or the only one that begins so, or the nearest.
fn meant<T>(tool: &Tool<T>, word: &str) -> Option<&'static str> {
    let letters = bare(word);
    same_letters(tool, letters)
        .or_else(|| only_one_that_begins(tool, letters))
        .or_else(|| nearest(tool, letters))
}

fn bare(name: &str) -> &str {
    name.trim_start_matches(['-', '+'])
}

fn names<T>(entry: &'static Entry<T>) -> impl Iterator<Item = &'static str> {
    entry.short.into_iter().chain([entry.long])
}

fn same_letters<T>(tool: &Tool<T>, letters: &str) -> Option<&'static str> {
    tool.entries()
        .flat_map(names)
        .find(|name| bare(name) == letters)
}

fn only_one_that_begins<T>(tool: &Tool<T>, letters: &str) -> Option<&'static str> {
    let mut found = tool
        .entries()
        .map(|entry| entry.long)
        .filter(|long| letters.len() >= LETTERS_MIN && bare(long).starts_with(letters));
    found.next().filter(|_| found.next().is_none())
}

fn nearest<T>(tool: &Tool<T>, letters: &str) -> Option<&'static str> {
    if letters.len() < LETTERS_MIN {
        return None;
    }
    let long = tool.entries().map(|entry| entry.long);
    let (distance, long) = long
        .map(|long| (distance(bare(long), letters), long))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= DISTANCE_MAX.min(letters.len() / 3)).then_some(long)
}

/// How many letters must be put in, left out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::storescp::TOOL;

    #[test]
    fn the_distance_counts_letters_put_in_left_out_and_changed() {
        for (one, other, expected) in [
            ("verbose", "verbose", 0),
            ("verbose", "vebose", 1),
            ("verbose", "verbosse", 1),
            ("quiet", "quite", 2),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        for (word, name) in [
            ("--outptu-directory", Some("--output-directory")),
            ("--output-dir", Some("--output-directory")),
            ("-accept-all", Some("--accept-all")),
            ("--od", Some("-od")),
            ("-xa", Some("+xa")),
            ("--durabilty", Some("--durability")),
            ("--ver", None),
            ("--foo", None),
            ("-x", None),
            ("--", None),
            ("--port", None),
        ] {
            assert_eq!(meant(&TOOL, word), name, "{word}");
        }
    }

    #[test]
    fn a_value_behind_an_equals_sign_is_explained() {
        assert_eq!(
            hint(&TOOL, "--aetitle=ME").as_deref(),
            Some("a value is an argument of its own: --aetitle ME")
        );
        assert_eq!(
            hint(&TOOL, "--verbose=1").as_deref(),
            Some("--verbose takes no value")
        );
        assert_eq!(hint(&TOOL, "--nonsense=1"), None);
    }
}

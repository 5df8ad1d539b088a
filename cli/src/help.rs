//! `--help`, `--version` and the header of error texts, from the table.

#![expect(
    clippy::format_push_string,
    reason = "a text made once; writing it instead would bring an error that can't happen"
)]

use crate::logging;
use crate::options::{Argument, Entry, Kind, Tool};

/// The width of the usage text, in columns.
const WIDTH: usize = 80;

/// The column in which the meaning of an option begins.
const MEANING_COLUMN: usize = 34;

/// The line by which a program says who it is; scripts look at it.
pub(crate) fn identification<T>(tool: &Tool<T>) -> String {
    format!("$pdvault: {} v{} $", tool.name, env!("CARGO_PKG_VERSION"))
}

/// The header of every text that a tool prints.
fn header<T>(tool: &Tool<T>) -> String {
    format!(
        "{}\n\n{}: {}\n",
        identification(tool),
        tool.name,
        tool.title
    )
}

/// Prints the header and an error on standard error.
pub(crate) fn print_error<T>(tool: &Tool<T>, text: &str) {
    logging::print_error(&format!("{}error: {text}\n", header(tool)));
}

/// The text of `--version`.
pub(crate) fn version<T>(tool: &Tool<T>) -> String {
    let host = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    format!(
        "{}\nHost type: {host}\nBuild options: bit-preserving\n",
        header(tool)
    )
}

/// The text of `--help`.
pub(crate) fn usage<T>(tool: &Tool<T>) -> String {
    let mut text = format!("{}usage: {} {}\n", header(tool), tool.command(), tool.usage);
    if !tool.parameters.is_empty() {
        text.push_str("\nparameters:\n");
    }
    for (name, meaning) in tool.parameters {
        push_row(&mut text, &format!("  {name}"), meaning);
    }
    for section in tool.sections {
        let mut working = section
            .entries
            .iter()
            .filter(|e| e.refusal().is_none())
            .peekable();
        if working.peek().is_some() {
            text.push_str(&format!("\n{}:\n", section.title));
        }
        for entry in working {
            push_row(&mut text, &format!("  {}", names(entry)), &meaning(entry));
        }
    }
    text.push_str(&refused(tool));
    text
}

/// `-ta     --acse-timeout`, the short name in a column of its own.
fn names<T>(entry: &Entry<T>) -> String {
    format!("{:<5} {}", entry.short.unwrap_or_default(), entry.long)
}

/// `[seconds: 1..] limit on waiting (default: 30)`
fn meaning<T>(entry: &Entry<T>) -> String {
    let arguments: Vec<_> = entry
        .arguments
        .iter()
        .map(|argument| format!("{} ", describe(argument)))
        .collect();
    format!(
        "{}{}{}",
        arguments.concat(),
        entry.summary,
        default_note(entry)
    )
}

/// ` (default)` for the member of a group, ` (default: 30)` for a value.
fn default_note<T>(entry: &Entry<T>) -> String {
    match entry.default {
        None => String::new(),
        Some("yes") => " (default)".to_owned(),
        Some(value) => format!(" (default: {value})"),
    }
}

/// `[seconds: 1..]`
fn describe(argument: &Argument) -> String {
    match range(argument.kind) {
        None => format!("[{}]", argument.name),
        Some(range) => format!("[{}: {range}]", argument.name),
    }
}

/// What a value may be, in a few characters; `None` where anything goes.
pub(crate) fn range(kind: Kind) -> Option<String> {
    let number = |min, max| match max {
        _ if max >= i64::from(i32::MAX) => format!("{min}.."),
        _ => format!("{min}..{max}"),
    };
    match kind {
        Kind::Text | Kind::Path | Kind::Directory | Kind::Rate => None,
        Kind::Signed { min, max } | Kind::Unsigned { min, max } => Some(number(min, max)),
        Kind::Size { min, max } => Some(format!("{}..{}", size(min), size(max))),
        Kind::Choice(words) | Kind::LogLevel(words) => Some(words.join("|")),
    }
}

/// A number of bytes in the largest unit that divides it.
fn size(bytes: i64) -> String {
    [(30, 'G'), (20, 'M'), (10, 'K')]
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes % (1 << shift) == 0)
        .map_or_else(
            || bytes.to_string(),
            |(shift, unit)| format!("{}{unit}", bytes >> shift),
        )
}

/// The names of what is known but refused, where a tool stands in for one of DCMTK.
fn refused<T>(tool: &Tool<T>) -> String {
    let names: Vec<_> = tool
        .entries()
        .filter(|entry| entry.refusal().is_some())
        .map(Entry::names)
        .collect();
    if names.is_empty() || !tool.has_link {
        return String::new();
    }
    let mut text = format!(
        "\nknown options of DCMTK that do not work here and end the program with exit\n\
         code 1 (`pdvault man {} | man -l -` says why):\n",
        tool.name
    );
    for line in wrap_words(names.join(",\n").lines(), WIDTH - 2) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// A row of two columns; the second begins on the next line when the first is too wide.
fn push_row(text: &mut String, left: &str, right: &str) {
    let mut left = left.to_owned();
    if left.len() + 2 > MEANING_COLUMN {
        text.push_str(&left);
        text.push('\n');
        left.clear();
    }
    for line in wrap(right, WIDTH - MEANING_COLUMN) {
        text.push_str(&format!("{left:<MEANING_COLUMN$}{line}\n"));
        left.clear();
    }
}

/// Breaks `text` into lines of at most `width` characters where blanks allow it.
fn wrap(text: &str, width: usize) -> Vec<String> {
    wrap_words(text.split_whitespace(), width)
}

/// Fills lines of at most `width` characters with words, which stay whole.
fn wrap_words<'a>(words: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::storescp::TOOL;

    #[test]
    fn the_usage_text_explains_every_working_option_and_names_every_refused_one() {
        let text = usage(&TOOL);
        for entry in TOOL.entries() {
            assert!(text.contains(entry.long), "{}", entry.long);
            if entry.refusal().is_some() {
                assert!(text.contains(&entry.names()), "{}", entry.long);
            } else {
                assert!(
                    text.contains(&format!("  {}", names(entry))),
                    "{}",
                    entry.long
                );
            }
        }
    }

    #[test]
    fn the_usage_text_fits_a_terminal() {
        for line in usage(&TOOL).lines() {
            assert!(line.len() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn ranges_are_shown_as_people_write_them() {
        assert_eq!(
            range(Kind::Unsigned { min: 0, max: 9 }).as_deref(),
            Some("0..9")
        );
        let open = Kind::Signed {
            min: 1,
            max: i64::from(i32::MAX),
        };
        assert_eq!(range(open).as_deref(), Some("1.."));
        let size = Kind::Size {
            min: 1536,
            max: 1 << 40,
        };
        assert_eq!(range(size).as_deref(), Some("1536..1024G"));
        assert_eq!(range(Kind::Choice(&["a", "b"])).as_deref(), Some("a|b"));
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incompressible", 5), ["incompressible"]);
        assert!(wrap("", 5).is_empty());
    }
}

//! DCMTK's command line grammar, driven by a table of options.
//!
//! It differs from the usual one: names such as `-aet` and `+B` are short names of their own (not
//! bundles of letters), a value is always the next argument even when it looks like an option,
//! the rightmost member of an exclusive group wins, and `@file` stands for the words of a file.
//! No general parser offers this, so it is written out here; it knows nothing of any one tool.

mod command_file;
mod near;
mod number;

use std::ffi::{OsStr, OsString};

use crate::help;
use crate::options::{Answer, Argument, Effect, Entry, Kind, Tool, Value};

use number::{Leading, leading_unsigned};

/// When an error was found. With `-q` the text of later errors is not shown, as DCMTK has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// While the words were split up: always shown.
    Reading,
    /// While values and combinations were judged: shown unless only fatal messages are wanted.
    Judging,
    /// The option is known, but refused: always shown, or nobody would know why.
    Refusal,
}

/// A command line that can't be accepted: exit code 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct UsageError {
    /// What is wrong, in DCMTK's words where it has any.
    pub(crate) text: String,
    /// When it was found.
    pub(crate) stage: Stage,
}

impl UsageError {
    /// An error of the given stage.
    pub(crate) fn new(stage: Stage, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            stage,
        }
    }
}

/// One option as it was typed: its entry and the words of its values.
struct Given<T: 'static> {
    entry: &'static Entry<T>,
    words: Vec<OsString>,
}

/// A command line, split into options and parameters, not yet judged.
pub(crate) struct CommandLine<T: 'static> {
    tool: &'static Tool<T>,
    given: Vec<Given<T>>,
    parameters: Vec<OsString>,
    expanded: Vec<OsString>,
}

/// Splits `words` (without the program's name) into options and parameters.
///
/// # Errors
/// A command file that can't be read, an unknown option, a missing value.
pub(crate) fn parse<T>(
    tool: &'static Tool<T>,
    words: Vec<OsString>,
) -> Result<CommandLine<T>, UsageError> {
    let mut line = CommandLine {
        tool,
        given: Vec::new(),
        parameters: Vec::new(),
        expanded: Vec::new(),
    };
    let mut words = command_file::expand(words)?.into_iter();
    while let Some(word) = words.next() {
        if looks_like_option(&word) {
            line.take_option(&word, &mut words)?;
        } else {
            line.expanded.push(word.clone());
            line.parameters.push(word);
        }
    }
    Ok(line)
}

/// Whether a word is an option: a sign, then at least one more character that is no digit.
fn looks_like_option(word: &OsStr) -> bool {
    matches!(word.as_encoded_bytes(), [b'-' | b'+', second, ..] if !second.is_ascii_digit())
}

impl<T> CommandLine<T> {
    fn take_option(
        &mut self,
        word: &OsStr,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), UsageError> {
        let entry = self
            .tool
            .entries()
            .find(|entry| word == entry.long || entry.short.is_some_and(|short| word == short))
            .ok_or_else(|| unknown(self.tool, word))?;
        let words: Vec<_> = rest.take(entry.arguments.len()).collect();
        if words.len() < entry.arguments.len() {
            let text = format!("Missing value for option {}", entry.long);
            return Err(UsageError::new(Stage::Reading, text));
        }
        self.expanded.push(entry.long.into());
        self.expanded.extend(words.iter().cloned());
        self.given.push(Given { entry, words });
        Ok(())
    }

    /// Whether nothing at all was typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.expanded.is_empty()
    }

    /// The line after command files were expanded, options by their long names.
    pub(crate) fn expanded(&self) -> &[OsString] {
        &self.expanded
    }

    /// The options that count, by their long names without dashes, with the words of their values;
    /// those that repeat as often as they were typed.
    pub(crate) fn selected(&self) -> impl Iterator<Item = (&'static str, &[OsString])> {
        self.tool
            .entries()
            .filter(|entry| self.is_selected(entry.long))
            .flat_map(|entry| self.occurrences(entry))
            .map(|given| (given.entry.long.trim_start_matches('-'), &*given.words))
    }

    /// The parameters: at least one for each of `names`, at most `most`.
    ///
    /// # Errors
    /// Too few or too many of them.
    pub(crate) fn parameters(
        &self,
        names: &[&str],
        most: usize,
    ) -> Result<&[OsString], UsageError> {
        let text = match names.get(self.parameters.len()) {
            Some(missing) => format!("Missing parameter {missing}"),
            None if self.parameters.len() > most => "Too many parameters".to_owned(),
            None => return Ok(&self.parameters),
        };
        Err(UsageError::new(Stage::Reading, text))
    }

    /// Whether the option was typed and no later member of its group replaced it.
    pub(crate) fn is_selected(&self, long: &str) -> bool {
        self.given
            .iter()
            .rev()
            .find(|given| given.entry.long == long || self.shares_group(given.entry, long))
            .is_some_and(|given| given.entry.long == long)
    }

    fn shares_group(&self, entry: &Entry<T>, long: &str) -> bool {
        entry.group.is_some()
            && self
                .tool
                .entries()
                .any(|other| other.long == long && other.group == entry.group)
    }

    /// What is asked for by an option that only prints something; the first of the table counts.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.tool.entries().find_map(|entry| match entry.effect {
            Effect::Answer(answer) if self.is_selected(entry.long) => Some(answer),
            _ => None,
        })
    }

    /// Judges every selected option in the order of the table and applies it to `typed`.
    ///
    /// # Errors
    /// A value out of range, a combination that makes no sense, an option that is refused. What
    /// stood before it in the table has been applied.
    pub(crate) fn apply_to(&self, typed: &mut T) -> Result<(), UsageError> {
        for entry in self
            .tool
            .entries()
            .filter(|entry| self.is_selected(entry.long))
        {
            let judged = self.judge(entry);
            let occurrences = judged.map_err(|mut error| {
                if entry.sets_up_log {
                    error.stage = Stage::Reading;
                }
                error
            })?;
            match entry.effect {
                Effect::Works(apply) => occurrences.iter().for_each(|values| apply(typed, values)),
                Effect::Answer(_) => {}
                Effect::NotYet { why } | Effect::Refused { why } => {
                    let text = format!("option {} is not supported: {why}", entry.names());
                    return Err(UsageError::new(Stage::Refusal, text));
                }
            }
        }
        Ok(())
    }

    /// The values of an option, where they and the combination make sense.
    fn judge(&self, entry: &'static Entry<T>) -> Result<Vec<Vec<Value>>, UsageError> {
        let occurrences = self.values_of(entry)?;
        self.check_combination(entry)?;
        Ok(occurrences)
    }

    /// The values of an option, judged.
    fn values_of(&self, entry: &'static Entry<T>) -> Result<Vec<Vec<Value>>, UsageError> {
        self.occurrences(entry).map(judged).collect()
    }

    /// Where an option was typed: every time where each counts, else the last.
    fn occurrences(&self, entry: &'static Entry<T>) -> impl Iterator<Item = &Given<T>> {
        let given = self
            .given
            .iter()
            .filter(|given| given.entry.long == entry.long);
        let skipped = if entry.repeats {
            0
        } else {
            given.clone().count().saturating_sub(1)
        };
        given.skip(skipped)
    }

    fn check_combination(&self, entry: &Entry<T>) -> Result<(), UsageError> {
        let is_selected = |long: &&str| self.is_selected(long);
        if !entry.requires.is_empty() && !entry.requires.iter().any(is_selected) {
            let text = format!(
                "{} only allowed with {}",
                entry.long,
                one_of(entry.requires)
            );
            return Err(UsageError::new(Stage::Judging, text));
        }
        for rivals in entry.conflicts {
            if rivals.iter().any(is_selected) {
                let text = format!("{} not allowed with {}", entry.long, one_of(rivals));
                return Err(UsageError::new(Stage::Judging, text));
            }
        }
        Ok(())
    }
}

/// The values of one option as typed.
fn judged<T>(given: &Given<T>) -> Result<Vec<Value>, UsageError> {
    let arguments = given.entry.arguments.iter().zip(&given.words);
    arguments
        .map(|(argument, word)| value_of(given.entry, argument, word))
        .collect()
}

/// DCMTK's text for an option that is in no table, and what may have been meant.
fn unknown<T>(tool: &Tool<T>, word: &OsStr) -> UsageError {
    let word = word.to_string_lossy();
    let mut text = format!("Unknown option {word}");
    if let Some(hint) = near::hint(tool, &word) {
        text.push_str("; ");
        text.push_str(&hint);
    }
    UsageError::new(Stage::Reading, text)
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

fn value_of<T>(entry: &Entry<T>, argument: &Argument, word: &OsStr) -> Result<Value, UsageError> {
    let text = word.to_string_lossy();
    let long = entry.long;
    match argument.kind {
        Kind::Text | Kind::Path | Kind::Directory => Ok(Value::Text(word.to_owned())),
        Kind::Signed { min, max } => match number::leading_signed(&text) {
            Some(number) => in_range(&text, number, min, max),
            None => Err(text.into_owned()),
        },
        Kind::Unsigned { min, max } => match leading_unsigned(&text) {
            Leading::Number(number) => in_range(&text, number, min, max),
            Leading::Negative | Leading::Nothing => Err(text.into_owned()),
        },
        Kind::Size { min, max } => match number::size(&text) {
            Some(bytes) => in_range(&text, bytes, min, max),
            None => Err(format!("{text}: {}", size_expected(&text))),
        },
        Kind::Rate => number::rate(&text).map(Value::Rate).ok_or_else(|| {
            format!("{text}: a rate such as 20M (bytes per second) or 50objects expected")
        }),
        Kind::Choice(words) => one_word(words, |known| known == text)
            .ok_or_else(|| format!("{text}: {} expected", one_of(words))),
        Kind::LogLevel(words) => {
            return one_word(words, |known| known.eq_ignore_ascii_case(&text))
                .ok_or_else(|| unknown_level(long, &text, words));
        }
    }
    .map_err(|detail| invalid_value(entry, argument, &detail))
}

/// The word of a choice that is meant.
fn one_word(words: &[&'static str], is_meant: impl Fn(&str) -> bool) -> Option<Value> {
    let word = words.iter().find(|known| is_meant(known))?;
    Some(Value::Word(word))
}

/// DCMTK's words for a log level that there is none of, and which ones there are.
fn unknown_level(long: &str, text: &str, words: &[&str]) -> UsageError {
    let levels = one_of(words);
    UsageError::new(
        Stage::Judging,
        format!("Invalid log level for {long} option ({text}: {levels} expected)"),
    )
}

/// What a size looks like, and the one that may have been meant.
fn size_expected(text: &str) -> String {
    match number::size_meant(text) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "a number of bytes expected, with K, M or G if you like".to_owned(),
    }
}

/// A parameter that is a TCP port.
///
/// # Errors
/// Something else, in DCMTK's words.
pub(crate) fn port(word: &OsStr) -> Result<u16, UsageError> {
    let text = word.to_string_lossy();
    let invalid = format!("Invalid parameter value {text}");
    let number = match leading_unsigned(&text) {
        Leading::Nothing => Err(invalid),
        Leading::Number(0) => Err(format!("{invalid} (underflow)")),
        // DCMTK reads a negative number as a huge one.
        Leading::Negative => Err(format!("{invalid} (overflow)")),
        Leading::Number(number) => {
            u16::try_from(number).map_err(|_| format!("{invalid} (overflow)"))
        }
    };
    number.map_err(|text| UsageError::new(Stage::Reading, text))
}

/// The number, or which end of the range it misses.
fn in_range(text: &str, number: i64, min: i64, max: i64) -> Result<Value, String> {
    match number {
        _ if number < min => Err(format!("underflow: {text}")),
        _ if number > max => Err(format!("overflow: {text}")),
        _ => Ok(Value::Number(number)),
    }
}

/// DCMTK's text for a value that an option can't have; the range as well where the option tells it.
fn invalid_value<T>(entry: &Entry<T>, argument: &Argument, detail: &str) -> UsageError {
    let detail = match detail {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    let range = help::range(argument.kind)
        .filter(|_| entry.tells_range)
        .map_or_else(String::new, |range| format!(" [{range}]"));
    UsageError::new(
        Stage::Judging,
        format!("Invalid value for option {}{detail}{range}", entry.long),
    )
}

#[cfg(test)]
mod tests;

//! DCMTK's command line grammar, driven by a table of options.
//!
//! It differs from the usual one: names such as `-aet` and `+B` are short names of their own (not
//! bundles of letters), a value is always the next argument even when it looks like an option,
//! the rightmost member of an exclusive group wins, and `@file` stands for the words of a file.
//! No general parser offers this, so it is written out here; it knows nothing of any one tool.

mod command_file;
mod number;

use std::ffi::{OsStr, OsString};

use crate::options::{Answer, Argument, Effect, Entry, Kind, Tool, Value};

pub(crate) use number::{Leading, leading_unsigned};

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

    fn invalid_value(entry_name: &str, detail: &str) -> Self {
        let detail = if detail.is_empty() {
            String::new()
        } else {
            format!(" ({detail})")
        };
        Self::new(
            Stage::Judging,
            format!("Invalid value for option {entry_name}{detail}"),
        )
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
        let unknown = || format!("Unknown option {}", word.to_string_lossy());
        let entry = self
            .tool
            .entries()
            .find(|entry| word == entry.long || entry.short.is_some_and(|short| word == short))
            .ok_or_else(|| UsageError::new(Stage::Reading, unknown()))?;
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

    /// The one parameter, named `name`, if it is there.
    ///
    /// # Errors
    /// More than one parameter.
    pub(crate) fn single_parameter(&self) -> Result<Option<&OsStr>, UsageError> {
        match self.parameters.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(UsageError::new(Stage::Reading, "Too many parameters")),
        }
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
            let values = self.values_of(entry)?;
            self.check_combination(entry)?;
            match entry.effect {
                Effect::Works(apply) => apply(typed, &values),
                Effect::Answer(_) => {}
                Effect::NotYet { why } | Effect::Refused { why } => {
                    let text = format!("option {} is not supported: {why}", entry.long);
                    return Err(UsageError::new(Stage::Refusal, text));
                }
            }
        }
        Ok(())
    }

    fn values_of(&self, entry: &Entry<T>) -> Result<Vec<Value>, UsageError> {
        let last = self
            .given
            .iter()
            .rev()
            .find(|given| given.entry.long == entry.long);
        let words = last.map_or(&[][..], |given| &given.words);
        entry
            .arguments
            .iter()
            .zip(words)
            .map(|(argument, word)| value_of(entry.long, argument, word))
            .collect()
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

/// `a`, `a or b`, `a, b or c`.
fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

fn value_of(long: &str, argument: &Argument, word: &OsStr) -> Result<Value, UsageError> {
    let text = word.to_string_lossy();
    match argument.kind {
        Kind::Text | Kind::Path => Ok(Value::Text(word.to_owned())),
        Kind::Signed { min, max } => {
            let number = number::leading_signed(&text)
                .ok_or_else(|| UsageError::invalid_value(long, &text))?;
            in_range(long, &text, number, min, max)
        }
        Kind::Unsigned { min, max } => match leading_unsigned(&text) {
            Leading::Number(number) => in_range(long, &text, number, min, max),
            Leading::Negative | Leading::Nothing => Err(UsageError::invalid_value(long, &text)),
        },
        Kind::Size { min, max } => {
            let bytes = number::size(&text).ok_or_else(|| {
                let hint = format!("{text}: a number of bytes, with K, M or G if you like");
                UsageError::invalid_value(long, &hint)
            })?;
            in_range(long, &text, bytes, min, max)
        }
        Kind::Choice(words) => words
            .iter()
            .find(|known| **known == text)
            .map(|known| Value::Word(known))
            .ok_or_else(|| {
                UsageError::invalid_value(long, &format!("{text}: {} expected", one_of(words)))
            }),
        Kind::LogLevel(words) => words
            .iter()
            .find(|known| known.eq_ignore_ascii_case(&text))
            .map(|known| Value::Word(known))
            .ok_or_else(|| {
                UsageError::new(
                    Stage::Judging,
                    format!("Invalid log level for {long} option"),
                )
            }),
    }
}

fn in_range(long: &str, text: &str, number: i64, min: i64, max: i64) -> Result<Value, UsageError> {
    let fault = match number {
        _ if number < min => "underflow",
        _ if number > max => "overflow",
        _ => return Ok(Value::Number(number)),
    };
    Err(UsageError::invalid_value(long, &format!("{fault}: {text}")))
}

#[cfg(test)]
mod tests;

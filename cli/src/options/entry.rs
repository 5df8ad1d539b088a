//! What the table of options says about each one.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A command line tool: its name, its parameters, its options.
pub(crate) struct Tool<T: 'static> {
    /// The name, `storescu`.
    pub(crate) name: &'static str,
    /// Whether a link of that name calls it: so for the tools that stand in for others.
    pub(crate) has_link: bool,
    /// What it is, in DCMTK's words where it stands in for a tool of it.
    pub(crate) title: &'static str,
    /// What the tool does, in a paragraph.
    pub(crate) description: &'static str,
    /// What follows the name in the usage line.
    pub(crate) usage: &'static str,
    /// Whether nothing typed at all asks for help.
    pub(crate) helps_when_empty: bool,
    /// Name and meaning of each parameter.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
    /// Whether the last parameter is a file and may be followed by more.
    pub(crate) takes_files: bool,
    /// What the manual page tells besides.
    pub(crate) manual: &'static Manual,
    /// The options, in the order in which they are explained and judged.
    pub(crate) sections: &'static [&'static Section<T>],
}

/// What a manual page tells besides the options.
pub(crate) struct Manual {
    /// Sections of paragraphs, by title.
    pub(crate) sections: &'static [(&'static str, &'static [&'static str])],
    /// Exit codes and what they mean.
    pub(crate) exit_status: &'static str,
    /// Files that the tool writes, and what they are.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Command lines, and what they do.
    pub(crate) examples: &'static [(&'static str, &'static str)],
}

impl<T> Tool<T> {
    /// What is typed to call it.
    pub(crate) fn command(&self) -> String {
        if self.has_link {
            self.name.to_owned()
        } else {
            format!("pdvault {}", self.name)
        }
    }

    /// All options, in the order of the table.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'static Entry<T>> + use<'_, T> {
        self.sections.iter().flat_map(|section| section.entries)
    }
}

/// Options that belong together.
pub(crate) struct Section<T: 'static> {
    /// The heading.
    pub(crate) title: &'static str,
    /// The options.
    pub(crate) entries: &'static [Entry<T>],
}

/// One option.
pub(crate) struct Entry<T: 'static> {
    /// The short name with its sign, such as `-aet` or `+B`.
    pub(crate) short: Option<&'static str>,
    /// The long name, `--aetitle`.
    pub(crate) long: &'static str,
    /// The values that follow it.
    pub(crate) arguments: &'static [Argument],
    /// The exclusive group, of which the rightmost member counts.
    pub(crate) group: Option<&'static str>,
    /// What holds when the option is left out; `"yes"` for a member of a group.
    pub(crate) default: Option<&'static str>,
    /// Long names of which one must be there too.
    pub(crate) requires: &'static [&'static str],
    /// Sets of long names none of which may be there; a set is named as a whole in the error. A
    /// pair of rivals is listed once, with the one that the error text names first.
    pub(crate) conflicts: &'static [&'static [&'static str]],
    /// Whether each time it is typed counts, not only the last.
    pub(crate) repeats: bool,
    /// Whether errors about its values tell the range. Not so for DCMTK's own options, whose texts
    /// are known.
    pub(crate) tells_range: bool,
    /// Whether errors about it are found before the log is set up, and so are shown whatever its level.
    pub(crate) sets_up_log: bool,
    /// What it does, in a line of the help or few.
    pub(crate) summary: &'static str,
    /// What it does, in full.
    pub(crate) details: &'static str,
    /// What becomes of it.
    pub(crate) effect: Effect<T>,
}

/// One value of an option.
pub(crate) struct Argument {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it may be.
    pub(crate) kind: Kind,
}

/// What a value may be. Ranges include both ends.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Any text, the empty one too.
    Text,
    /// A file.
    Path,
    /// A directory.
    Directory,
    /// An integer, decimal, hexadecimal or octal.
    Signed { min: i64, max: i64 },
    /// A decimal integer that may not have a minus sign; `min` is not negative.
    Unsigned { min: i64, max: i64 },
    /// A number of bytes with an optional unit.
    Size { min: i64, max: i64 },
    /// How much per second.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these levels, in upper or lower case, with DCMTK's own error text.
    LogLevel(&'static [&'static str]),
}

/// A value that passed the judgement of its [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Of a number or size, in range.
    Number(i64),
    /// Of a text or path.
    Text(OsString),
    /// Of a choice, as the table spells it.
    Word(&'static str),
    /// Of a rate.
    Rate(Rate),
}

/// How much per second; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// So many bytes.
    Bytes(u64),
    /// So many objects.
    Objects(u64),
}

impl Value {
    /// The number.
    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            other => unreachable!("the table declares a number here, not {other:?}"),
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> &OsStr {
        match self {
            Self::Text(text) => text,
            other => unreachable!("the table declares a text here, not {other:?}"),
        }
    }

    /// The text as a path.
    pub(crate) fn path(&self) -> PathBuf {
        self.text().into()
    }

    /// The rate.
    pub(crate) fn rate(&self) -> Rate {
        match self {
            Self::Rate(rate) => *rate,
            other => unreachable!("the table declares a rate here, not {other:?}"),
        }
    }

    /// The word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Word(word) => word,
            other => unreachable!("the table declares a choice here, not {other:?}"),
        }
    }
}

/// What becomes of an option.
pub(crate) enum Effect<T: 'static> {
    /// It works: its values are noted.
    Works(fn(&mut T, &[Value])),
    /// It works: something is printed, exit code 0.
    Answer(Answer),
    /// It is known, will work one day, and is refused until then: exit code 1.
    NotYet {
        /// The text that the user sees.
        why: &'static str,
    },
    /// It is known and refused for good: exit code 1.
    Refused {
        /// The text that the user sees.
        why: &'static str,
    },
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The usage text.
    Help,
    /// The version.
    Version,
}

/// Begins an entry; what it does is said by [`Entry::works`] and its siblings.
pub(crate) const fn entry<T>(
    long: &'static str,
    summary: &'static str,
    details: &'static str,
) -> Entry<T> {
    Entry {
        short: None,
        long,
        arguments: &[],
        group: None,
        default: None,
        requires: &[],
        conflicts: &[],
        repeats: false,
        tells_range: false,
        sets_up_log: false,
        summary,
        details,
        effect: Effect::Refused { why: "" },
    }
}

impl<T> Entry<T> {
    /// With this short name.
    pub(crate) const fn short(mut self, short: &'static str) -> Self {
        self.short = Some(short);
        self
    }

    /// Followed by these values.
    pub(crate) const fn takes(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    /// A member of this exclusive group.
    pub(crate) const fn group(mut self, group: &'static str) -> Self {
        self.group = Some(group);
        self
    }

    /// With this default.
    pub(crate) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Only together with one of these.
    pub(crate) const fn requires(mut self, requires: &'static [&'static str]) -> Self {
        self.requires = requires;
        self
    }

    /// Never together with these.
    pub(crate) const fn conflicts(mut self, sets: &'static [&'static [&'static str]]) -> Self {
        self.conflicts = sets;
        self
    }

    /// May be repeated, and each time counts.
    pub(crate) const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Tells the range of its values in errors about them.
    pub(crate) const fn tells_range(mut self) -> Self {
        self.tells_range = true;
        self
    }

    /// Sets up the log: errors about it are always shown.
    pub(crate) const fn sets_up_log(mut self) -> Self {
        self.sets_up_log = true;
        self
    }

    /// Works, by noting what was typed.
    pub(crate) const fn works(mut self, apply: fn(&mut T, &[Value])) -> Self {
        self.effect = Effect::Works(apply);
        self
    }

    /// Works, by printing something.
    pub(crate) const fn answers(mut self, answer: Answer) -> Self {
        self.effect = Effect::Answer(answer);
        self
    }

    /// Does not work yet, and says so.
    pub(crate) const fn not_yet(mut self, why: &'static str) -> Self {
        self.effect = Effect::NotYet { why };
        self
    }

    /// Will not work, and says so.
    pub(crate) const fn refused(mut self, why: &'static str) -> Self {
        self.effect = Effect::Refused { why };
        self
    }

    /// `-B (--normal)`: both names, where there are two.
    pub(crate) fn names(&self) -> String {
        match self.short {
            Some(short) => format!("{short} ({})", self.long),
            None => self.long.to_owned(),
        }
    }

    /// Why the option is refused; `None` when it works.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        match self.effect {
            Effect::Works(_) | Effect::Answer(_) => None,
            Effect::NotYet { why } | Effect::Refused { why } => Some(why),
        }
    }
}

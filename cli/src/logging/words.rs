//! What an event says, in words that are safe to show.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use super::Threshold;

/// The longest line of a message, in bytes: what a pipe takes in one piece (POSIX `PIPE_BUF` on
/// Linux), so that lines of several processes on one pipe never mix.
pub(super) const LINE_BYTES_MAX: usize = 4096;

/// What ends a line that was cut at [`LINE_BYTES_MAX`].
const CUT_MARK: &str = "...";

/// The words of an event: its message, then every other field as ` name=value`.
#[derive(Default)]
pub(super) struct Words {
    pub(super) text: String,
    is_fatal: bool,
}

impl Words {
    /// Those of this event.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut words = Self::default();
        event.record(&mut words);
        words
    }

    /// How grave the event is; never [`Threshold::Off`].
    pub(super) fn gravity(&self, metadata: &Metadata<'_>) -> Threshold {
        match *metadata.level() {
            Level::ERROR if self.is_fatal => Threshold::Fatal,
            Level::ERROR => Threshold::Error,
            Level::WARN => Threshold::Warn,
            Level::INFO => Threshold::Info,
            Level::DEBUG => Threshold::Debug,
            Level::TRACE => Threshold::Trace,
        }
    }
}

impl Visit for Words {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "fatal" {
            self.is_fatal = value;
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            let fields = std::mem::take(&mut self.text);
            write!(self.text, "{value:?}{fields}")
        } else {
            write!(self.text, " {}={value:?}", field.name())
        };
    }
}

/// Adds a line to `shown`, control characters escaped, cut where `shown` with a line end would become
/// too long.
pub(super) fn push_escaped(shown: &mut String, line: &str, start: usize) {
    let room = LINE_BYTES_MAX - CUT_MARK.len() - 1;
    for character in line.chars() {
        let end = shown.len();
        if character.is_control() && character != '\t' {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        if shown.len() - start > room {
            shown.truncate(end);
            shown.push_str(CUT_MARK);
            break;
        }
    }
}

/// The lines of a message, each as [`push_escaped`] has it.
pub(super) fn escaped(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    for (number, line) in message.split('\n').enumerate() {
        if number > 0 {
            shown.push('\n');
        }
        let start = shown.len();
        push_escaped(&mut shown, line, start);
    }
    shown
}

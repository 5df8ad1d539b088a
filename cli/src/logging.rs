//! Log lines in DCMTK's style: on standard error, `W: text`, one write a line.
//!
//! Nothing here can fail or panic: where standard error is closed, lines are lost. Control
//! characters, which a peer may have put into a name, are shown escaped.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The longest log line, in bytes: what a pipe takes in one piece (POSIX `PIPE_BUF` on Linux), so
/// that lines of several processes on one pipe never mix.
const LINE_BYTES_MAX: usize = 4096;

/// What ends a line that was cut at [`LINE_BYTES_MAX`].
const CUT_MARK: &str = "...";

/// The names of the levels that `--log-level` knows.
pub(crate) const LEVELS: &[&str] = &[
    "fatal", "error", "warn", "info", "debug", "trace", "off", "all",
];

/// The level from which on messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Threshold {
    /// Everything.
    Trace,
    /// Every detail but traces.
    Debug,
    /// What is done.
    Info,
    /// What is odd.
    Warn,
    /// What went wrong.
    Error,
    /// What ends the program.
    Fatal,
    /// Nothing.
    Off,
}

impl Threshold {
    /// The threshold of a name in [`LEVELS`].
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "all" | "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "fatal" => Self::Fatal,
            "off" => Self::Off,
            _ => return None,
        })
    }

    /// What the rest of the program need not even format. Fatal messages are errors to it.
    fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error | Self::Fatal => LevelFilter::ERROR,
            Self::Off => LevelFilter::OFF,
        }
    }
}

/// Sends all further events of the program to standard error. To be called once.
pub(crate) fn start(threshold: Threshold) {
    let layer = Lines {
        threshold,
        out: io::stderr,
    };
    // It fails only when called twice; then the first call stands.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(threshold.filter()))
        .try_init();
}

/// Runs what writes to the terminal while something else that is drawn there makes way.
type MakeWay = Box<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// What makes way for log lines, if anything does.
static DRAWN: OnceLock<MakeWay> = OnceLock::new();

/// Lets something that is drawn on the terminal make way for log lines: `make_way` takes it away, calls
/// its argument, and draws it again. To be called once.
pub(crate) fn make_way(make_way: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) {
    // It fails only when called twice; then the first call stands.
    let _ = DRAWN.set(Box::new(make_way));
}

/// Logs a message that is followed by the end of the program.
pub(crate) fn fatal(text: &str) {
    tracing::error!(fatal = true, "{text}");
}

/// Writes lines at info level whatever the threshold is.
pub(crate) fn always(text: &str) {
    write_lines(&mut io::stderr().lock(), 'I', text);
}

/// The layer that turns events into lines on what `out` opens.
struct Lines<F> {
    threshold: Threshold,
    out: F,
}

impl<S: Subscriber, W: io::Write, F: Fn() -> W + 'static> Layer<S> for Lines<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        if self.threshold == Threshold::Fatal && !words.is_fatal {
            return;
        }
        let letter = letter(event.metadata(), words.is_fatal);
        let mut write = || write_lines(&mut (self.out)(), letter, &words.text);
        match DRAWN.get() {
            Some(make_way) => make_way(&mut write),
            None => write(),
        }
    }
}

fn letter(metadata: &Metadata<'_>, is_fatal: bool) -> char {
    match *metadata.level() {
        Level::ERROR if is_fatal => 'F',
        Level::ERROR => 'E',
        Level::WARN => 'W',
        Level::INFO => 'I',
        Level::DEBUG => 'D',
        Level::TRACE => 'T',
    }
}

/// The words of an event: its message, then every other field as ` name=value`.
#[derive(Default)]
struct Words {
    text: String,
    is_fatal: bool,
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

/// Writes each line of `text` behind its prefix, in one write a line. Failures have no one to be
/// told to.
fn write_lines(out: &mut impl io::Write, letter: char, text: &str) {
    for line in text.split('\n') {
        let _ = out.write_all(format_line(letter, line).as_bytes());
    }
}

fn format_line(letter: char, text: &str) -> String {
    let room = LINE_BYTES_MAX - CUT_MARK.len() - 1;
    let mut line = format!("{letter}: ");
    for character in text.chars() {
        let start = line.len();
        if character.is_control() && character != '\t' {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        if line.len() > room {
            line.truncate(start);
            line.push_str(CUT_MARK);
            break;
        }
    }
    line.push('\n');
    line
}

/// Prints `text` on standard output. A reader that went away is no error.
pub(crate) fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Prints what was asked for on standard output. A reader that went away has read enough.
///
/// # Errors
/// What the system says if not all can be written, such as on a full disk.
pub(crate) fn print_answer(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Prints `text` on standard error, without a prefix.
pub(crate) fn print_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps each write apart.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<String>>>);

    impl io::Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).expect("log lines are text");
            self.0
                .lock()
                .expect("no test panics while writing")
                .push(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(threshold: Threshold, events: impl FnOnce()) -> Vec<String> {
        let writes = Writes::default();
        let out = writes.clone();
        let layer = Lines {
            threshold,
            out: move || out.clone(),
        };
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(threshold.filter()));
        tracing::subscriber::with_default(subscriber, events);
        writes
            .0
            .lock()
            .expect("no test panics while writing")
            .clone()
    }

    fn one_of_each() {
        tracing::trace!("trace");
        tracing::debug!("debug");
        tracing::info!("info");
        tracing::warn!("warn");
        tracing::error!("error");
        fatal("fatal");
    }

    #[test]
    fn each_level_has_its_letter() {
        let lines = logged(Threshold::Trace, one_of_each);
        let expected = [
            "T: trace\n",
            "D: debug\n",
            "I: info\n",
            "W: warn\n",
            "E: error\n",
            "F: fatal\n",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_threshold_hides_what_is_below_it() {
        for (name, count) in [
            ("all", 6),
            ("trace", 6),
            ("debug", 5),
            ("info", 4),
            ("warn", 3),
            ("error", 2),
            ("fatal", 1),
            ("off", 0),
        ] {
            let threshold = Threshold::from_name(name).expect("a level");
            assert_eq!(logged(threshold, one_of_each).len(), count, "{name}");
        }
    }

    #[test]
    fn every_name_of_a_level_is_understood() {
        assert!(
            LEVELS
                .iter()
                .all(|name| Threshold::from_name(name).is_some())
        );
    }

    #[test]
    fn several_lines_repeat_the_prefix_and_are_written_one_by_one() {
        let lines = logged(Threshold::Info, || tracing::info!("first\nsecond"));
        assert_eq!(lines, ["I: first\n", "I: second\n"]);
    }

    #[test]
    fn fields_follow_the_message() {
        let lines = logged(Threshold::Info, || {
            tracing::info!(peer = "a", n = 3, "text");
        });
        assert_eq!(lines, ["I: text peer=a n=3\n"]);
    }

    #[test]
    fn control_characters_are_escaped() {
        let lines = logged(Threshold::Info, || tracing::info!("a\x1b[31m\rb\tc"));
        assert_eq!(lines, ["I: a\\u{1b}[31m\\rb\tc\n"]);
    }

    #[test]
    fn a_long_line_is_cut_to_what_a_pipe_takes_in_one_piece() {
        let lines = logged(Threshold::Info, || tracing::info!("{}", "é".repeat(5000)));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() <= LINE_BYTES_MAX && lines[0].len() > LINE_BYTES_MAX - 4);
        assert!(lines[0].ends_with("é...\n"));
    }

    #[test]
    fn a_failing_output_is_no_one_s_concern() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        write_lines(&mut Closed, 'I', "text");
    }
}

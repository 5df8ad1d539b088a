//! Log lines in DCMTK's style: on standard error, `W: text`, one write a line.
//!
//! Nothing here can fail or panic: where standard error is closed, lines are lost. Control
//! characters, which a peer may have put into a name, are shown escaped.

use std::io;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::words::{Words, push_escaped};
use super::{Threshold, draw};

/// The layer of the usual log.
pub(super) fn to_standard_error<S>(threshold: Threshold) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    Lines {
        threshold,
        out: io::stderr,
    }
    .with_filter(threshold.filter())
}

/// The layer that turns events into lines on what `out` opens.
struct Lines<F> {
    threshold: Threshold,
    out: F,
}

impl<S: Subscriber, W: io::Write, F: Fn() -> W + 'static> Layer<S> for Lines<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let words = Words::of(event);
        let gravity = words.gravity(event.metadata());
        if gravity >= self.threshold {
            draw(|| write_lines(&mut (self.out)(), gravity, &words.text));
        }
    }
}

/// Writes each line of `text` behind its prefix, in one write a line. Failures have no one to be
/// told to.
pub(super) fn write_lines(out: &mut impl io::Write, gravity: Threshold, text: &str) {
    for line in text.split('\n') {
        let _ = out.write_all(format_line(gravity, line).as_bytes());
    }
}

fn format_line(gravity: Threshold, text: &str) -> String {
    let mut line = format!("{}: ", &gravity.name()[..1]);
    push_escaped(&mut line, text, 0);
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::fatal;
    use super::super::words::LINE_BYTES_MAX;
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
        write_lines(&mut Closed, Threshold::Info, "text");
    }
}

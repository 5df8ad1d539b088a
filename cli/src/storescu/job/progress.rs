//! How far the job is, for whoever watches: a bar on a terminal, now and then a line elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inputs::Inputs;
use super::report::Tally;
use super::stop::Stop;
use crate::logging;

/// How long a job runs before it shows a bar: most are over by then.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// How often the numbers beside the bar change.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// How often a line is logged where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How many files are counted before the others learn of it.
const COUNT_STEP: u64 = 1000;

/// Who watches.
enum Watcher {
    /// Nobody.
    None,
    /// A person at a terminal.
    Terminal(ProgressBar),
    /// A log.
    Log,
}

/// What changes.
struct State {
    /// When it was shown last.
    shown: Instant,
    /// How many files there are, as far as they are counted.
    total: u64,
    /// Whether all are counted.
    is_total_final: bool,
}

/// See the [module documentation](self).
pub(super) struct Progress {
    watcher: Watcher,
    started: Instant,
    state: Mutex<State>,
}

impl Progress {
    /// For a person if standard error is a terminal that shows nothing but warnings, for the log if
    /// it has a threshold of info.
    pub(super) fn new() -> Self {
        let watcher = if tracing::enabled!(tracing::Level::INFO) {
            Watcher::Log
        } else if tracing::enabled!(tracing::Level::WARN) && io::stderr().is_terminal() {
            Watcher::Terminal(bar())
        } else {
            Watcher::None
        };
        let started = Instant::now();
        Self {
            watcher,
            started,
            state: Mutex::new(State {
                shown: started,
                total: 0,
                is_total_final: false,
            }),
        }
    }

    /// Whether anybody wants to know how many files there are.
    pub(super) fn wants_total(&self) -> bool {
        !matches!(self.watcher, Watcher::None)
    }

    /// Counts the files, each as often as it is sent. The job does not wait for that.
    pub(super) fn count(&self, inputs: &Inputs, repeat: u32, stop: &Stop) {
        let mut counted = 0;
        for _ in inputs.walk() {
            counted += u64::from(repeat);
            if counted % COUNT_STEP == 0 {
                self.set_total(counted, false);
                if stop.is_set() {
                    return;
                }
            }
        }
        self.set_total(counted, true);
    }

    fn set_total(&self, total: u64, is_final: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.total = total;
        state.is_total_final = is_final;
        if let Watcher::Terminal(bar) = &self.watcher {
            bar.set_length(total);
        }
    }

    /// Shows the numbers so far, if it is time for that.
    pub(super) fn show(&self, tally: &Tally) {
        let every = match self.watcher {
            Watcher::None => return,
            Watcher::Terminal(_) => BAR_EVERY,
            Watcher::Log => LINE_EVERY,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.shown.elapsed() < every {
            return;
        }
        state.shown = Instant::now();
        let took = self.started.elapsed();
        match &self.watcher {
            Watcher::None => {}
            Watcher::Log => tracing::info!("{}", line(tally, &state, took)),
            Watcher::Terminal(bar) => {
                if bar.is_hidden() && took > BAR_AFTER {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_position(tally.done());
                bar.set_message(format!("{}{}", rate(tally, took), failures(tally)));
            }
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Watcher::Terminal(bar) = &self.watcher {
            bar.finish_and_clear();
        }
    }
}

/// A bar that is not shown yet, and that makes way for log lines.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} files, {msg}, {eta} left");
    bar.set_style(style.expect("the template is well formed"));
    let screen = bar.clone();
    logging::make_way(move |write| screen.suspend(write));
    bar
}

/// `sent 1200 of 4600 files, 24.1 MiB/s, 3 failed, 2 minutes left`
fn line(tally: &Tally, state: &State, took: Duration) -> String {
    let at_least = if state.is_total_final {
        ""
    } else {
        "at least "
    };
    let (done, total) = (tally.done(), state.total.max(tally.done()));
    let left = match time_left(tally, total, took) {
        Some(left) if state.is_total_final => format!(", {} left", HumanDuration(left)),
        _ => String::new(),
    };
    let (rate, failures) = (rate(tally, took), failures(tally));
    format!("done with {done} of {at_least}{total} files, {rate}{failures}{left}")
}

/// How long it takes if it goes on as it did; what was skipped took no time.
fn time_left(tally: &Tally, total: u64, took: Duration) -> Option<Duration> {
    let tried = tally.done() - tally.skipped;
    let left = total - tally.done();
    let nanos = took.as_nanos() * u128::from(left);
    let nanos = nanos.checked_div(u128::from(tried))?;
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

fn rate(tally: &Tally, took: Duration) -> String {
    let micros = took.as_micros().max(1);
    let per_second = u128::from(tally.bytes) * 1_000_000 / micros;
    let per_second = u64::try_from(per_second).unwrap_or(u64::MAX);
    format!("{}/s", HumanBytes(per_second))
}

fn failures(tally: &Tally) -> String {
    if tally.failed == 0 {
        return String::new();
    }
    format!(", {} failed", tally.failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(total: u64, is_total_final: bool) -> State {
        State {
            shown: Instant::now(),
            total,
            is_total_final,
        }
    }

    #[test]
    fn a_line_tells_rate_failures_and_time_left() {
        let tally = Tally {
            sent: 90,
            warned: 5,
            failed: 5,
            skipped: 100,
            bytes: 10 << 20,
        };
        let took = Duration::from_secs(10);
        assert_eq!(
            line(&tally, &state(500, true), took),
            "done with 200 of 500 files, 1.00 MiB/s, 5 failed, 30 seconds left"
        );
        assert_eq!(
            line(&tally, &state(300, false), took),
            "done with 200 of at least 300 files, 1.00 MiB/s, 5 failed"
        );
    }

    #[test]
    fn a_count_that_lags_behind_does_no_harm() {
        let tally = Tally {
            skipped: 7,
            ..Tally::default()
        };
        assert_eq!(
            line(&tally, &state(0, true), Duration::ZERO),
            "done with 7 of 7 files, 0 B/s"
        );
    }
}

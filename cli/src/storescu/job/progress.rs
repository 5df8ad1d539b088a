//! How far the job is, for whoever watches: a bar on a terminal, now and then a line elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// The bar while files are sent.
const SENDING: &str = "[{bar:30}] {pos}/{len} files, {msg}, {eta} left";

/// What stands in its place while files are looked at, whose number is not known yet.
const LOOKING: &str = "{msg}";

/// What changes.
struct State {
    /// When what is done now began.
    started: Instant,
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
            state: Mutex::new(State {
                started,
                shown: started,
                total: 0,
                is_total_final: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody wants to know how many files there are, and nobody has told.
    pub(super) fn wants_total(&self) -> bool {
        !matches!(self.watcher, Watcher::None) && !self.state().is_total_final
    }

    /// Files are looked at before any is sent.
    pub(super) fn begin_looking(&self) {
        if let Watcher::Terminal(bar) = &self.watcher {
            bar.set_style(style(LOOKING));
        }
    }

    /// Shows that so many files were looked at, if it is time for that.
    pub(super) fn looked_at(&self, count: u64) {
        let Some(state) = self.due() else { return };
        let took = state.started.elapsed();
        let text = format!("looking at files: {}", looked(count, took));
        match &self.watcher {
            Watcher::None => {}
            Watcher::Log => tracing::info!("{text}"),
            Watcher::Terminal(bar) => {
                unhide(bar, took);
                bar.set_message(text);
            }
        }
    }

    /// All files were looked at, so many; each is sent `repeat` times. The clock starts anew.
    pub(super) fn end_looking(&self, count: u64, repeat: u32) {
        let mut state = self.state();
        let took = state.started.elapsed();
        state.started = Instant::now();
        drop(state);
        if let Watcher::Terminal(bar) = &self.watcher {
            bar.reset();
        }
        self.set_total(count.saturating_mul(repeat.into()), true);
        match &self.watcher {
            Watcher::None => {}
            Watcher::Log => tracing::info!("looked at all files: {}", looked(count, took)),
            Watcher::Terminal(bar) => {
                bar.set_message(rate(&Tally::default(), Duration::ZERO));
                bar.set_style(style(SENDING));
            }
        }
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
        let mut state = self.state();
        state.total = total;
        state.is_total_final = is_final;
        if let Watcher::Terminal(bar) = &self.watcher {
            bar.set_length(total);
        }
    }

    /// Shows the numbers so far, if it is time for that.
    pub(super) fn show(&self, tally: &Tally) {
        let Some(state) = self.due() else { return };
        let took = state.started.elapsed();
        match &self.watcher {
            Watcher::None => {}
            Watcher::Log => tracing::info!("{}", line(tally, &state, took)),
            Watcher::Terminal(bar) => {
                unhide(bar, took);
                bar.set_position(tally.done());
                bar.set_message(format!("{}{}", rate(tally, took), failures(tally)));
            }
        }
    }

    /// The state, if it is time to show something.
    fn due(&self) -> Option<MutexGuard<'_, State>> {
        let every = match self.watcher {
            Watcher::None => return None,
            Watcher::Terminal(_) => BAR_EVERY,
            Watcher::Log => LINE_EVERY,
        };
        let mut state = self.state();
        if state.shown.elapsed() < every {
            return None;
        }
        state.shown = Instant::now();
        Some(state)
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
    bar.set_style(style(SENDING));
    let screen = bar.clone();
    logging::make_way(move |write| screen.suspend(write));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well formed")
}

/// Shows the bar once there is something to be patient for.
fn unhide(bar: &ProgressBar, took: Duration) {
    if bar.is_hidden() && took > BAR_AFTER {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}

/// `1200, 400 per second`
fn looked(count: u64, took: Duration) -> String {
    let millis = took.as_millis().max(1);
    let per_second = u128::from(count) * 1000 / millis;
    format!("{count}, {per_second} per second")
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
            started: Instant::now(),
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
    fn looking_at_files_has_a_rate_from_the_first_moment_on() {
        assert_eq!(looked(500, Duration::from_secs(2)), "500, 250 per second");
        assert_eq!(looked(7, Duration::ZERO), "7, 7000 per second");
    }

    #[test]
    fn the_look_tells_the_total_and_its_time_does_not_count() {
        let job = Progress::new();
        job.begin_looking();
        job.looked_at(1);
        let ended = Instant::now();
        job.end_looking(20, 3);
        let state = job.state();
        assert_eq!((state.total, state.is_total_final), (60, true));
        assert!(state.started >= ended);
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

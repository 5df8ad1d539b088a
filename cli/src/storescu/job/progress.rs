//! How far the job is, for whoever watches: a bar on a terminal, now and then a line elsewhere.

mod text;

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inputs::Inputs;
use super::report::Tally;
use super::stop::Stop;
use crate::logging;
use text::Numbers;

/// How long a job runs before it shows a bar: most are over by then.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// How often the bar and its numbers change.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// How often a line is logged where there is no terminal.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// How often a line is written where neither terminal nor log shows anything: a long job makes a file
/// of these.
const LINE_EVERY: Duration = Duration::from_secs(30);

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
    /// Whoever looks into what standard error was sent to now and then.
    Lines,
}

impl Watcher {
    /// A log of everything has progress in it. Else it is a bar on a terminal, and of a long job some
    /// lines elsewhere, unless nothing but errors is to be shown.
    fn of(is_long: bool) -> Self {
        if tracing::enabled!(tracing::Level::INFO) {
            Self::Log
        } else if !tracing::enabled!(tracing::Level::WARN) {
            Self::None
        } else if io::stderr().is_terminal() {
            Self::Terminal(bar())
        } else if is_long {
            Self::Lines
        } else {
            Self::None
        }
    }

    fn every(&self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Terminal(_) => Some(BAR_EVERY),
            Self::Log => Some(LOG_EVERY),
            Self::Lines => Some(LINE_EVERY),
        }
    }
}

/// What changes.
struct State {
    /// When what is done now began.
    started: Instant,
    /// When it was shown last.
    shown: Instant,
    /// Whether files are looked at, and none is sent yet.
    is_looking: bool,
    /// How many files there are, as far as they are counted.
    total: u64,
    /// Whether all are counted.
    is_total_final: bool,
    /// How many files were dealt with when it was looked last.
    done: u64,
    /// When that number was another.
    changed: Instant,
}

impl State {
    /// Notes how far the job is. Sending begins when something was done besides skipping.
    fn note(&mut self, tally: &Tally, now: Instant) {
        if self.done == tally.done() {
            return;
        }
        self.done = tally.done();
        self.changed = now;
        if tally.tried() == 0 {
            self.started = now;
        }
    }

    fn numbers<'a>(&self, tally: &'a Tally, now: Instant) -> Numbers<'a> {
        Numbers {
            tally,
            total: self.total,
            is_total_final: self.is_total_final,
            took: now.saturating_duration_since(self.started),
            silent: now.saturating_duration_since(self.changed.max(self.started)),
        }
    }
}

/// See the [module documentation](self).
pub(super) struct Progress {
    watcher: Watcher,
    began: Instant,
    state: Mutex<State>,
}

impl Progress {
    /// For whoever watches a job that is long or not.
    pub(super) fn new(is_long: bool) -> Self {
        let began = Instant::now();
        Self {
            watcher: Watcher::of(is_long),
            began,
            state: Mutex::new(State {
                started: began,
                shown: began,
                is_looking: false,
                total: 0,
                is_total_final: false,
                done: 0,
                changed: began,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often [`Progress::show`] may have something to show; `None` if nobody watches.
    pub(super) fn every(&self) -> Option<Duration> {
        // What is shown rarely is shown in time all the same.
        self.watcher.every().map(|_| BAR_EVERY)
    }

    /// Whether anybody wants to know how many files there are, and nobody has told.
    pub(super) fn wants_total(&self) -> bool {
        self.watcher.every().is_some() && !self.state().is_total_final
    }

    /// How many files there are, once all are counted.
    pub(super) fn total(&self) -> Option<u64> {
        let state = self.state();
        state.is_total_final.then_some(state.total)
    }

    /// Files are looked at before any is sent.
    pub(super) fn begin_looking(&self) {
        self.state().is_looking = true;
    }

    /// Shows that so many files were looked at, if it is time for that.
    pub(super) fn looked_at(&self, count: u64) {
        let mut state = self.state();
        if self.is_due(&mut state) {
            let took = state.started.elapsed();
            self.tell(&format!("looking at files: {}", looked(count, took)));
        }
    }

    /// All files were looked at, so many; each is sent `repeat` times. The clock starts anew.
    pub(super) fn end_looking(&self, count: u64, repeat: u32) {
        let mut state = self.state();
        let took = state.started.elapsed();
        state.started = Instant::now();
        state.is_looking = false;
        state.total = count.saturating_mul(repeat.into());
        state.is_total_final = true;
        if !matches!(self.watcher, Watcher::Terminal(_)) {
            self.tell(&format!("looked at all files: {}", looked(count, took)));
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
    }

    /// Shows the numbers so far, if it is time for that. A log has lines of its own when nothing
    /// goes on.
    pub(super) fn show(&self, tally: &Tally) {
        let (mut state, now) = (self.state(), Instant::now());
        let is_news = state.done != tally.done();
        state.note(tally, now);
        if state.is_looking || (matches!(self.watcher, Watcher::Log) && !is_news) {
            return;
        }
        if self.is_due(&mut state) {
            let numbers = state.numbers(tally, now);
            match &self.watcher {
                Watcher::Terminal(_) => self.tell(&numbers.bar()),
                _ => self.tell(&numbers.line()),
            }
        }
    }

    /// Whether it is time to show something.
    fn is_due(&self, state: &mut State) -> bool {
        let is_due = self
            .watcher
            .every()
            .is_some_and(|every| state.shown.elapsed() >= every);
        if is_due {
            state.shown = Instant::now();
        }
        is_due
    }

    fn tell(&self, text: &str) {
        match &self.watcher {
            Watcher::None => {}
            Watcher::Log => tracing::info!("{text}"),
            Watcher::Lines => logging::always(text),
            Watcher::Terminal(bar) => {
                unhide(bar, self.began.elapsed());
                bar.set_message(text.to_owned());
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
    bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is well formed"));
    let screen = bar.clone();
    logging::make_way(move |write| screen.suspend(write));
    bar
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_at_files_has_a_rate_from_the_first_moment_on() {
        assert_eq!(looked(500, Duration::from_secs(2)), "500, 250 per second");
        assert_eq!(looked(7, Duration::ZERO), "7, 7000 per second");
    }

    #[test]
    fn the_look_tells_the_total_and_its_time_does_not_count() {
        let job = Progress::new(false);
        job.begin_looking();
        job.looked_at(1);
        assert_eq!(job.total(), None);
        let ended = Instant::now();
        job.end_looking(20, 3);
        assert_eq!(job.total(), Some(60));
        assert!(job.state().started >= ended);
    }

    #[test]
    fn the_clock_starts_when_the_last_file_at_the_beginning_was_skipped() {
        let job = Progress::new(false);
        let mut state = job.state();
        let after = |seconds| job.began + Duration::from_secs(seconds);
        let mut tally = Tally {
            skipped: 4000,
            ..Tally::default()
        };
        state.note(&tally, after(50));
        state.note(&tally, after(60));
        tally.sent = 1;
        state.note(&tally, after(70));
        let numbers = state.numbers(&tally, after(100));
        assert_eq!(numbers.took, Duration::from_secs(50));
        assert_eq!(numbers.silent, Duration::from_secs(30));
    }
}

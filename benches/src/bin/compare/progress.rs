//! How far the comparison is: a bar on a terminal, a line for each run elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::figures::{Figures, Metric};

/// How long a run takes before one is known, in seconds.
const GUESS_S: f64 = 9.0;

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    is_bar: bool,
    done: u32,
    total: u32,
    /// The time of those that are done, in seconds.
    took_s: f64,
}

impl Progress {
    /// Of `total` runs that are still to be done.
    pub(crate) fn new(total: usize) -> Self {
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let is_bar = io::stderr().is_terminal();
        let target = if is_bar {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {msg}");
        let bar = ProgressBar::with_draw_target(Some(total.into()), target)
            .with_style(style.expect("the template is well formed"));
        Self {
            bar,
            is_bar,
            done: 0,
            total,
            took_s: 0.0,
        }
    }

    /// A run begins.
    pub(crate) fn begin(&self, name: &str) {
        self.bar
            .set_message(format!("{name}; {} left", self.left()));
        self.bar.tick();
    }

    /// A run has ended.
    pub(crate) fn done(&mut self, name: &str, figures: &Figures, took: Duration) {
        self.done += 1;
        self.took_s += took.as_secs_f64();
        self.bar.inc(1);
        let line = format!("{name}: {}", brief(figures));
        if self.is_bar {
            self.bar.println(line);
        } else {
            let (done, total) = (self.done, self.total);
            eprintln!("[{done}/{total}] {line}; {} left", self.left());
        }
    }

    fn left(&self) -> String {
        let left = f64::from(self.total - self.done);
        let each = if self.done == 0 {
            GUESS_S
        } else {
            self.took_s / f64::from(self.done)
        };
        minutes(left * each)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How long that many runs take, by guess.
pub(crate) fn guess(runs: usize) -> String {
    let runs = u32::try_from(runs).unwrap_or(u32::MAX);
    minutes(f64::from(runs) * GUESS_S)
}

fn minutes(seconds: f64) -> String {
    format!("about {:.0} min", (seconds / 60.0).ceil())
}

/// What a run gave, in a few words.
fn brief(figures: &Figures) -> String {
    if let Some(failure) = &figures.failure {
        return format!("failed: {failure}");
    }
    let mb = |metric, what| {
        let rate = figures.get(metric)?;
        Some(format!("{:.0} MB/s {what}", rate / 1e6))
    };
    let parts = [
        mb(Metric::StableRate, "to stable storage"),
        mb(Metric::SuccessRate, "to Success"),
        figures
            .get(Metric::SystemCpu)
            .map(|cpu| format!("{cpu:.2} CPU s/GB")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

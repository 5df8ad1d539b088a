//! How far the comparison is: a bar on a terminal, a line for each run elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::figures::{Figures, Metric};

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    is_bar: bool,
    done: usize,
    total: usize,
    /// What all runs take by estimate, those that are done take by estimate, and those took, in
    /// seconds.
    all_s: f64,
    done_s: f64,
    took_s: f64,
}

impl Progress {
    /// Of `total` runs that are still to be done, and take `all_s` seconds by estimate.
    pub(crate) fn new(total: usize, all_s: f64) -> Self {
        let is_bar = io::stderr().is_terminal();
        let target = if is_bar {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {msg}");
        let bar = ProgressBar::with_draw_target(Some(total as u64), target)
            .with_style(style.expect("the template is well formed"));
        Self {
            bar,
            is_bar,
            done: 0,
            total,
            all_s,
            done_s: 0.0,
            took_s: 0.0,
        }
    }

    /// A run begins.
    pub(crate) fn begin(&self, name: &str) {
        self.bar.set_message(format!("{name}; {}", self.left()));
        self.bar.tick();
    }

    /// A run has ended, which was to take `estimate_s` seconds.
    pub(crate) fn done(&mut self, name: &str, figures: &Figures, took: Duration, estimate_s: f64) {
        self.done += 1;
        self.took_s += took.as_secs_f64();
        self.done_s += estimate_s;
        self.bar.inc(1);
        let line = format!("{name}: {}", brief(figures));
        if self.is_bar {
            self.bar.println(line);
        } else {
            let (done, total) = (self.done, self.total);
            eprintln!("[{done}/{total}] {line}; {}", self.left());
        }
    }

    /// A run is not done, which was to take `estimate_s` seconds.
    pub(crate) fn leave_out(&mut self, estimate_s: f64) {
        self.total -= 1;
        self.all_s -= estimate_s;
        self.bar.set_length(self.total as u64);
    }

    /// The estimate, corrected by what it was wrong so far.
    fn left(&self) -> String {
        let factor = if self.done_s > 0.0 {
            self.took_s / self.done_s
        } else {
            1.0
        };
        format!("{} left", minutes((self.all_s - self.done_s) * factor))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A time, roughly.
pub(crate) fn minutes(seconds: f64) -> String {
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

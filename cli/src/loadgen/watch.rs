//! Shows how far a run is, and ends it on a signal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pdvault_loadgen::run::{Monitor, Outcome, Progress, RunError, Running};
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::unregister;

/// How often it is looked how far a run is.
const EVERY: Duration = Duration::from_millis(100);

/// What a run works towards.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// So many objects.
    Objects(u64),
    /// So long.
    Time(Duration),
}

/// Whether SIGINT or SIGTERM has come. While this lives, they do nothing else.
pub(crate) struct Signals {
    /// The number of the last one; 0: none.
    number: Arc<AtomicUsize>,
    watched: Vec<SigId>,
}

impl Signals {
    /// Watches from now on.
    pub(crate) fn watch() -> io::Result<Self> {
        let number = Arc::new(AtomicUsize::new(0));
        let mut signals = Self {
            number: Arc::clone(&number),
            watched: Vec::new(),
        };
        for signal in [SIGINT, SIGTERM] {
            let value = signal.unsigned_abs() as usize;
            let id = signal_hook::flag::register_usize(signal, Arc::clone(&number), value)?;
            signals.watched.push(id);
        }
        Ok(signals)
    }

    pub(crate) fn have_come(&self) -> bool {
        self.number.load(Ordering::Relaxed) != 0
    }

    /// The exit code of a program that the last signal has ended, as shells have it: 128 and its
    /// number.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let number = self.number.load(Ordering::Relaxed).to_le_bytes()[0];
        ExitCode::from(128 + (number & 0x7f))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in &self.watched {
            unregister(*id);
        }
    }
}

/// Waits for the end of a run, shows its progress, and ends it early on a signal. What has to be
/// done right at the end is done by `then`.
pub(crate) fn until_done<T>(
    running: Running,
    goal: Goal,
    signals: &Signals,
    then: impl FnOnce() -> T,
) -> Result<(Outcome, T), RunError> {
    let (monitor, is_done) = (running.monitor(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| show(&monitor, goal, signals, &is_done));
        let outcome = running.join();
        let after = then();
        is_done.store(true, Ordering::Relaxed);
        Ok((outcome?, after))
    })
}

fn show(monitor: &Monitor, goal: Goal, signals: &Signals, is_done: &AtomicBool) {
    let bar = bar(goal);
    while !is_done.load(Ordering::Relaxed) {
        thread::sleep(EVERY);
        let progress = monitor.progress();
        bar.set_position(match goal {
            Goal::Objects(_) => progress.objects + progress.failed,
            Goal::Time(_) => millis(progress.elapsed),
        });
        bar.set_message(text(&progress));
        if signals.have_come() {
            monitor.stop();
        }
    }
    bar.finish_and_clear();
}

/// On a terminal only, and on standard error, so that results can be redirected.
fn bar(goal: Goal) -> ProgressBar {
    let (length, unit) = match goal {
        Goal::Objects(objects) => (objects, "{pos}/{len} objects, "),
        Goal::Time(time) => (millis(time), ""),
    };
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let style = ProgressStyle::with_template(&format!("[{{bar:30}}] {unit}{{msg}}"));
    bar.with_style(style.expect("the template is well formed"))
}

fn text(progress: &Progress) -> String {
    let seconds = progress.elapsed.as_secs_f64().max(1e-3);
    let per_second = |count: u64| {
        let micros = u64::try_from(progress.elapsed.as_micros()).unwrap_or(u64::MAX);
        u128::from(count) * 1_000_000 / u128::from(micros.max(1))
    };
    let mut text = format!(
        "{seconds:.1} s, {} objects/s, {} MB/s",
        per_second(progress.objects),
        per_second(progress.bytes) / 1_000_000
    );
    if progress.failed > 0 {
        // Writing to a string does not fail.
        let _ = write!(text, ", {} failed", progress.failed);
    }
    text
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! How far a command is: a bar on a terminal, nothing elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pdvault_engine::pack::Segment;

/// How often the bar changes by itself.
const EVERY: Duration = Duration::from_millis(200);

/// A bar for reading all of these segments, on standard error. It goes away when it is dropped.
pub(super) fn bar<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Bar {
    let bytes = segments.into_iter().map(Segment::byte_count).sum();
    let is_shown = io::stderr().is_terminal() && tracing::enabled!(tracing::Level::WARN);
    let target = if is_shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    let style = ProgressStyle::with_template(
        "[{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
    );
    bar.set_style(style.expect("the template is well formed"));
    if is_shown {
        bar.enable_steady_tick(EVERY);
    }
    Bar(bar)
}

/// See [`bar`].
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// So many bytes more are done.
    pub(super) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

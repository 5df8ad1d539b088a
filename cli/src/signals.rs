//! SIGINT and SIGTERM: the first asks a tool to end in good order, the second ends it at once.

use std::io;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

/// How long after the first signal the same one is taken for its repetition. GNU `timeout`, for
/// one, signals its child and then its process group, so that the child gets everything twice.
const REPETITION: Duration = Duration::from_secs(1);

/// Has the two signals kept for [`obey`] from here on.
pub(crate) fn watch() -> io::Result<Signals> {
    Signals::new([SIGTERM, SIGINT])
}

/// Waits for the first signal and calls `end` with its number and name. The second ends the program
/// as if nobody watched for it, unless it repeats the first within a second. To be run by a thread of
/// its own.
pub(crate) fn obey(mut signals: Signals, end: impl FnOnce(i32, &str)) {
    let mut signals = signals.forever();
    let Some(first) = signals.next() else { return };
    let asked = Instant::now();
    let name = signal_name(first).unwrap_or("signal");
    end(first, name);
    for signal in signals {
        if signal == first && asked.elapsed() < REPETITION {
            tracing::debug!("{name} repeated within a second, which changes nothing");
            continue;
        }
        tracing::warn!("second signal, ending at once");
        // It returns only for signals without such a default, which are not watched.
        let _ = emulate_default_handler(signal);
    }
}

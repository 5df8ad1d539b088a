//! The log: lines in DCMTK's style on standard error, or what a configuration file wants instead;
//! and whatever else is printed.
//!
//! | module | job |
//! |---|---|
//! | `lines`, `words`, `threshold` | the usual log: `W: text` |
//! | `load` | from a file to a log |
//! | `properties` | `key = value`, with variables |
//! | `config` | loggers and appenders |
//! | `filter` | which messages an appender shows |
//! | `layout`, `pattern`, `date`, `record` | how they look |
//! | `configured` | which message goes where |
//! | `writer`, `file`, `schedule` | how it gets there |
//! | `complaints` | what is wrong with all that |

mod complaints;
mod config;
mod configured;
mod date;
mod file;
mod filter;
mod layout;
mod lines;
mod load;
mod pattern;
mod properties;
mod record;
mod schedule;
mod threshold;
mod words;
mod writer;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use configured::{Configured, ConfiguredLayer};

pub(crate) use load::ConfigError;
pub(crate) use threshold::{LEVELS, Threshold};

/// The log of a configuration file, where there is one.
static CONFIGURED: OnceLock<Configured> = OnceLock::new();

/// Sends all further events of the program to standard error. To be called once.
pub(crate) fn start(threshold: Threshold) {
    // It fails only when called twice; then the first call stands.
    let _ = tracing_subscriber::registry()
        .with(lines::to_standard_error(threshold))
        .try_init();
}

/// Sends all further events of the tool where the file wants them. Returns the level of the tool's own
/// messages. To be called once, instead of [`start`].
///
/// # Errors
/// A file that is no configuration.
pub(crate) fn start_configured(tool: &str, file: &Path) -> Result<Threshold, ConfigError> {
    let loaded = load::load(tool, file)?;
    let configured = CONFIGURED.get_or_init(|| loaded);
    let _ = tracing_subscriber::registry()
        .with(ConfiguredLayer(configured))
        .try_init();
    Ok(configured.tool_level())
}

/// Whether error texts on the command line are shown: not where the log as a whole shows no errors.
/// Without a configuration file `threshold` tells.
pub(crate) fn shows_errors(threshold: Threshold) -> bool {
    let root = CONFIGURED.get().map(Configured::root_level);
    root.unwrap_or(threshold) <= Threshold::Error
}

/// Waits until all that was logged is written, for a while; for the end of the program.
pub(crate) fn flush() {
    if let Some(configured) = CONFIGURED.get() {
        configured.flush();
    }
}

/// Whether the progress of a transfer is shown on standard output: at info level exactly.
pub(crate) fn shows_progress() -> bool {
    match CONFIGURED.get() {
        Some(configured) => configured.shows_progress(),
        None => {
            tracing::enabled!(tracing::Level::INFO) && !tracing::enabled!(tracing::Level::DEBUG)
        }
    }
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

/// Writes to the terminal while what is drawn there makes way.
fn draw(mut write: impl FnMut()) {
    match DRAWN.get() {
        Some(make_way) => make_way(&mut write),
        None => write(),
    }
}

/// Logs a message that is followed by the end of the program.
pub(crate) fn fatal(text: &str) {
    tracing::error!(fatal = true, "{text}");
}

/// Logs a text at info level whatever the threshold is.
pub(crate) fn always(text: &str) {
    match CONFIGURED.get() {
        Some(configured) => configured.always(text),
        None => lines::write_lines(&mut io::stderr().lock(), Threshold::Info, text),
    }
}

/// Prints `text` on standard output, behind what was logged. A reader that went away is no error.
pub(crate) fn print(text: &str) {
    flush();
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

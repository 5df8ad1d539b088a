//! One message, with all that a layout may want to know of it.

use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Threshold;

/// A message.
pub(super) struct Record<'a> {
    pub(super) time: Timestamp,
    /// The name of the logger, DCMTK's.
    pub(super) logger: &'a str,
    /// How grave it is; never [`Threshold::Off`].
    pub(super) gravity: Threshold,
    /// Its lines, without control characters.
    pub(super) message: &'a str,
    /// Where it stands in the source, as far as that is known.
    pub(super) file: &'a str,
    pub(super) line: Option<u32>,
    pub(super) module: &'a str,
}

/// What is the same for all messages of a process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// When logging began.
    pub(super) started: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) host: String,
    pub(super) id: u32,
}

impl Process {
    /// This one. A machine that does not tell its time zone is taken to be in UTC, as the C library
    /// does.
    pub(super) fn this() -> Self {
        Self {
            started: Timestamp::now(),
            zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            id: std::process::id(),
        }
    }
}

/// The name of the calling thread, or its number where it has none.
pub(super) fn thread_name() -> String {
    thread::current()
        .name()
        .map_or_else(thread_number, str::to_owned)
}

/// The number by which the system knows the calling thread.
pub(super) fn thread_number() -> String {
    rustix::thread::gettid().as_raw_nonzero().to_string()
}

//! The end of a job before its last file, and who learns of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use pdvault_engine::dimse::Status;

/// Why a job ends before its last file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// An object was answered with a failure.
    Refused(Status),
    /// A file cannot be sent.
    Unsendable(String),
    /// The peer aborted the association, or went away.
    PeerAborted(String),
    /// The association was lost otherwise, or none could be had.
    NoAssociation(String),
    /// The journal cannot be written.
    Journal(String),
    /// This signal came.
    Interrupted(i32),
}

impl Ending {
    /// What the program ends with: of a failure status the high byte.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            // A code below 0100H is no failure of the standard; it must not look like success.
            Self::Refused(status) => (status.0 >> 8).to_le_bytes()[0].max(1),
            Self::PeerAborted(_) => 10,
            // As a shell shows a program that a signal has ended.
            Self::Interrupted(signal) => 128 + (signal.to_le_bytes()[0] & 0x7f),
            Self::Unsendable(_) | Self::NoAssociation(_) | Self::Journal(_) => 1,
        }
    }

    /// Why, for the report.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Refused(status) => format!("an object was answered with {status}"),
            Self::Interrupted(signal) => format!("interrupted by signal {signal}"),
            Self::Unsendable(text)
            | Self::PeerAborted(text)
            | Self::NoAssociation(text)
            | Self::Journal(text) => text.clone(),
        }
    }
}

/// Tells all threads of a job when it is to end. What is in flight is waited for.
#[derive(Debug, Default)]
pub(super) struct Stop {
    is_set: AtomicBool,
    ending: Mutex<Option<Ending>>,
    changed: Condvar,
}

impl Stop {
    /// Ends the job. The first reason stands.
    pub(super) fn set(&self, ending: Ending) {
        let mut guard = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        guard.get_or_insert(ending);
        self.is_set.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Whether the job is to end.
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Sleeps, but no longer than until the job is to end.
    pub(super) fn sleep(&self, time: Duration) {
        self.sleep_while(time, || true);
    }

    /// Sleeps, but no longer than until the job is to end, or until [`Stop::wake`] finds that the
    /// sleep is not `wanted` any more.
    pub(super) fn sleep_while(&self, time: Duration, wanted: impl Fn() -> bool) {
        let guard = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let slept = self
            .changed
            .wait_timeout_while(guard, time, |ending| ending.is_none() && wanted());
        drop(slept);
    }

    /// Has everybody who sleeps look whether to go on sleeping.
    pub(super) fn wake(&self) {
        // Whoever is about to sleep has looked already, or does so after this.
        let guard = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.notify_all();
        drop(guard);
    }

    /// Why the job ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn exit_codes_are_those_of_dcmtk() {
        for (status, code) in [
            (0xA700, 167),
            (0xA900, 169),
            (0xC000, 192),
            (0xCFFF, 207),
            (0x0122, 1),
            (0x0005, 1),
        ] {
            assert_eq!(Ending::Refused(Status(status)).exit_code(), code);
        }
        assert_eq!(Ending::PeerAborted(String::new()).exit_code(), 10);
        assert_eq!(Ending::Unsendable(String::new()).exit_code(), 1);
        assert_eq!(Ending::Interrupted(15).exit_code(), 143);
    }

    #[test]
    fn the_first_reason_stands_and_wakes_who_sleeps() {
        let stop = Stop::default();
        thread::scope(|scope| {
            scope.spawn(|| stop.sleep(Duration::from_secs(3600)));
            stop.set(Ending::Refused(Status(0xA700)));
        });
        stop.set(Ending::PeerAborted(String::new()));
        assert!(stop.is_set());
        assert_eq!(stop.ending(), Some(Ending::Refused(Status(0xA700))));
    }

    #[test]
    fn who_sleeps_for_what_is_not_wanted_any_more_is_woken() {
        let (stop, wanted) = (Stop::default(), AtomicBool::new(true));
        let hours = Duration::from_secs(3600);
        thread::scope(|scope| {
            scope.spawn(|| stop.sleep_while(hours, || wanted.load(Ordering::Acquire)));
            wanted.store(false, Ordering::Release);
            stop.wake();
        });
        assert!(!stop.is_set());
    }
}

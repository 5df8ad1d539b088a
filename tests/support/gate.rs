//! A place where threads meet, as a barrier, but with an end to patience: when one of them fails on
//! its way, the others fail too and the test ends.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// How long a thread waits for the others.
const PATIENCE: Duration = Duration::from_secs(90);

/// A meeting place for a number of threads, used once.
pub struct Gate {
    expected: usize,
    arrived: Mutex<usize>,
    complete: Condvar,
}

impl Gate {
    /// A gate that opens when `expected` threads have come.
    pub fn new(expected: usize) -> Self {
        Self {
            expected,
            arrived: Mutex::new(0),
            complete: Condvar::new(),
        }
    }

    /// Waits for all the others.
    ///
    /// # Panics
    ///
    /// When they do not come.
    pub fn wait(&self) {
        let mut arrived = self.arrived.lock().expect("no holder panics");
        *arrived += 1;
        self.complete.notify_all();
        let (arrived, _) = self
            .complete
            .wait_timeout_while(arrived, PATIENCE, |arrived| *arrived < self.expected)
            .expect("no holder panics");
        // Given back before the assertion: a failing thread must not spoil it for the others.
        let (count, expected) = (*arrived, self.expected);
        drop(arrived);
        assert!(count >= expected, "only {count} of {expected} came");
    }
}

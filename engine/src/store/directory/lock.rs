//! The lock by which the receivers that share an output directory know of each other.
//!
//! Each holds it shared for as long as it may have part files. At start, before it has any, each
//! tries to hold it alone, without waiting: who succeeds knows that all part files there are stale.
//! So the lock is never held alone for longer than such files take to remove, and nobody who holds
//! it alone, or waits for it, has a part file that another could take for stale.
//!
//! The lock is `flock`'s: it belongs to the open directory and ends with it, however that ends.

use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// How long a receiver waits at start for one that holds the lock alone: ample for the removal of
/// many thousand files. Beyond, it is held by something else, or by a process that was halted.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How often the lock is asked for meanwhile. Waiting in the system could not be bounded.
const INTERVAL: Duration = Duration::from_millis(5);

/// Takes the lock alone, if nobody has it. `false` as well where the file system has no locks: then
/// nobody ever knows to be alone.
pub(super) fn try_alone(directory: BorrowedFd<'_>) -> bool {
    flock(directory, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Takes the lock shared, or goes over to that from holding it alone. `false` if somebody else has
/// held it alone all the time. Where the file system has no locks, there is none to wait for.
pub(super) fn share(directory: BorrowedFd<'_>, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    // Going over is no single step: another may come in between, and is waited for like any other.
    while let Err(errno) = flock(directory, FlockOperation::NonBlockingLockShared) {
        if !matches!(errno, Errno::WOULDBLOCK | Errno::INTR) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(INTERVAL);
    }
    true
}

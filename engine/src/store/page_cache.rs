//! Whether the page cache is the quicker way just now.
//!
//! Without durability nobody waits for the disk, so what counts is who takes the bytes sooner. While the
//! kernel has pages at hand, copying 512 KiB to them takes 0.1 to 0.2 ms, and objects come at the rate
//! of memory; by direct writes they come at the rate of the disk, for half of the CPU time. But pages that the
//! kernel has to reclaim first, or a virtual machine to get from its host, cost ten times as much,
//! and writers that are too far ahead of the disk are made to wait; then direct writes are several
//! times as fast as the page cache, and spare it.
//!
//! So each object pays what it took into an account, and is paid what it may take. When that is overdrawn,
//! the page cache is left alone for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What an object may take, whatever its size: twice to four times what making a file and naming it does.
const OBJECT: Duration = Duration::from_micros(100);

/// What a byte of it may take, in nanoseconds. Ready pages take 0.2 to 0.4, others 2 to 4. With two cores, a
/// sender included, direct writes are as fast at 1.
const BYTE_NS: u64 = 1;

/// Time in which an object did not run counts as a quarter of the time in which it did: on a machine
/// with much to do, most of it is the wait for a core, which says nothing about the page cache.
const WAIT_DIVISOR: u32 = 4;

/// How far the account may be overdrawn: one object that found no ready page, or lost its core, is
/// no reason to leave a way that is quick for the others.
const DEBT_MAX: Duration = Duration::from_millis(5);

/// How long the page cache is left alone, in times that the last object took: so that trying it
/// again costs 4 % at most, and an event loop loses no more to waits.
const CLOSED_TIMES: u32 = 25;

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct PageCache {
    started: Instant,
    /// Not to be used before, in nanoseconds since the start.
    closed_until: AtomicU64,
    /// In nanoseconds. Threads may overwrite each other's changes: it is a measure, not a count.
    debt: AtomicU64,
}

impl PageCache {
    /// `is_open`: whether it may be used at all.
    pub(super) fn new(is_open: bool) -> Self {
        Self {
            started: Instant::now(),
            closed_until: AtomicU64::new(if is_open { 0 } else { u64::MAX }),
            debt: AtomicU64::new(0),
        }
    }

    /// Whether objects should go there now.
    pub(super) fn is_quick(&self) -> bool {
        nanoseconds(self.started.elapsed()) >= self.closed_until.load(Ordering::Relaxed)
    }

    /// Not to be used from now on.
    pub(super) fn close(&self) {
        self.closed_until.store(u64::MAX, Ordering::Relaxed);
    }

    /// Runs a step that moves so many bytes there, and learns from what it takes.
    pub(super) fn watch<T>(&self, bytes: usize, step: impl FnOnce() -> T) -> T {
        let (start, ran) = (Instant::now(), time_run());
        let result = step();
        let took = start.elapsed();
        self.learn(bytes, took, time_run().saturating_sub(ran));
        result
    }

    fn learn(&self, bytes: usize, took: Duration, ran: Duration) {
        let cost = nanoseconds(ran + took.saturating_sub(ran) / WAIT_DIVISOR);
        let due = nanoseconds(OBJECT).saturating_add(BYTE_NS * bytes as u64);
        let debt = (self.debt.load(Ordering::Relaxed) + cost).saturating_sub(due);
        let limit = nanoseconds(DEBT_MAX);
        self.debt.store(debt.min(limit), Ordering::Relaxed);
        if debt >= limit && cost > due {
            let until = nanoseconds(self.started.elapsed() + took * CLOSED_TIMES);
            self.closed_until.fetch_max(until, Ordering::Relaxed);
        }
    }
}

/// How long this thread has run, on whatever core.
fn time_run() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BYTES: usize = 512 << 10;

    /// Objects of 512 KiB that ran for so long, and waited not at all.
    fn learn(cache: &PageCache, objects: usize, ran: Duration) {
        for _ in 0..objects {
            cache.learn(BYTES, ran, ran);
        }
    }

    #[test]
    fn ready_pages_keep_it_open() {
        let cache = PageCache::new(true);
        learn(&cache, 1000, MS / 5);
        assert!(cache.is_quick());
    }

    #[test]
    fn one_slow_object_among_many_is_forgiven() {
        let cache = PageCache::new(true);
        for _ in 0..100 {
            learn(&cache, 9, MS / 5);
            learn(&cache, 1, 2 * MS);
        }
        assert!(cache.is_quick());
    }

    #[test]
    fn pages_that_have_to_be_found_close_it() {
        let cache = PageCache::new(true);
        learn(&cache, 10, Duration::from_secs(10));
        assert!(!cache.is_quick());
    }

    #[test]
    fn being_made_to_wait_closes_it() {
        let cache = PageCache::new(true);
        cache.learn(8 << 10, Duration::from_secs(10), MS / 50);
        assert!(!cache.is_quick());
    }

    #[test]
    fn a_core_that_others_had_does_not_close_it() {
        let cache = PageCache::new(true);
        for _ in 0..1000 {
            cache.learn(BYTES, MS, MS / 5);
        }
        assert!(cache.is_quick());
    }

    #[test]
    fn it_is_tried_again_in_the_end_and_costs_little_where_it_stays_slow() {
        let cache = PageCache::new(true);
        learn(&cache, 10, 2 * MS);
        let closed = cache.closed_until.load(Ordering::Relaxed);
        assert!(closed >= nanoseconds(2 * MS * CLOSED_TIMES));
        cache.closed_until.store(0, Ordering::Relaxed);
        assert!(cache.is_quick());
        learn(&cache, 1, 2 * MS);
        assert!(!cache.is_quick(), "one object is enough to tell");
    }

    #[test]
    fn closed_for_good_is_never_opened() {
        let cache = PageCache::new(false);
        assert!(!cache.is_quick());
        let cache = PageCache::new(true);
        cache.close();
        learn(&cache, 10, 2 * MS);
        assert!(!cache.is_quick());
    }

    #[test]
    fn a_step_is_timed_by_what_its_thread_ran() {
        let before = time_run();
        let start = Instant::now();
        while time_run().saturating_sub(before) < MS {
            std::hint::spin_loop();
        }
        assert!(start.elapsed() >= MS / 2);
    }
}

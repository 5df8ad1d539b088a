//! A limit on how fast things go out, shared by all associations.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far behind its rate a sender may fall and still catch up. Longer, and a pause would be followed
/// by a burst of everything that might have gone out meanwhile.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Hands out moments at a steady rate.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: NonZeroU64,
    /// When the next unit is due.
    due: Mutex<Instant>,
}

impl Pace {
    /// So many units a second, from `now` on.
    pub(super) fn new(per_second: NonZeroU64, now: Instant) -> Self {
        Self {
            per_second,
            due: Mutex::new(now),
        }
    }

    /// Reserves `units` and tells how long to wait until they may go: they take their time from
    /// whoever asks next.
    pub(super) fn reserve(&self, units: u64, now: Instant) -> Duration {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        let start = (*due).max(earliest);
        *due = start + self.time_for(units);
        start.saturating_duration_since(now)
    }

    /// How many units there are room for in this time, at least one.
    pub(super) fn units_within(&self, time: Duration) -> u64 {
        let units = u128::from(self.per_second.get()) * time.as_nanos() / 1_000_000_000;
        u64::try_from(units).unwrap_or(u64::MAX).max(1)
    }

    fn time_for(&self, units: u64) -> Duration {
        let nanos = u128::from(units) * 1_000_000_000 / u128::from(self.per_second.get());
        // At one unit a second 64 bits of nanoseconds are five centuries.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX >> 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_second: u64, now: Instant) -> Pace {
        Pace::new(NonZeroU64::new(per_second).expect("not zero"), now)
    }

    #[test]
    fn units_are_spread_evenly() {
        let now = Instant::now();
        let pace = pace(50, now);
        let waits: Vec<_> = (0..4).map(|_| pace.reserve(1, now).as_millis()).collect();
        assert_eq!(waits, [0, 20, 40, 60]);
    }

    #[test]
    fn who_comes_late_catches_up_a_little_and_no_more() {
        let now = Instant::now();
        let pace = pace(100, now);
        pace.reserve(1, now);
        let later = now + Duration::from_secs(60);
        let waits: Vec<_> = (0..13)
            .map(|_| pace.reserve(1, later).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
    }

    #[test]
    fn a_large_reservation_delays_whoever_is_next() {
        let now = Instant::now();
        let pace = pace(10_000_000, now);
        assert_eq!(pace.reserve(20_000_000, now), Duration::ZERO);
        assert_eq!(pace.reserve(1, now), Duration::from_secs(2));
    }

    #[test]
    fn the_extremes_do_not_overflow() {
        let now = Instant::now();
        let slow = pace(1, now);
        slow.reserve(u64::MAX / 1_000_000_000, now);
        assert!(slow.reserve(1, now) > Duration::from_secs(1 << 32));
        let fast = pace(u64::MAX, now);
        assert_eq!(fast.reserve(u64::MAX, now), Duration::ZERO);
        assert_eq!(fast.units_within(Duration::from_secs(9)), u64::MAX);
        assert_eq!(slow.units_within(Duration::from_millis(1)), 1);
    }
}

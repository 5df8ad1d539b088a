//! Which failures pass, and how long to wait for that.

use std::time::Duration;

use pdvault_engine::dimse::Status;

/// How long the first wait is at most.
const DELAY_FIRST: Duration = Duration::from_secs(1);

/// How long any wait is at most: a peer that restarts is met soon, and one that is gone for a night is
/// not worn down.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// How often a transient failure is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    /// The most attempts after the first one.
    pub(super) retries: u32,
}

impl RetryPolicy {
    /// How long to wait before trying again what has failed `failures` times in a row; `None` to give
    /// up. The wait doubles each time; half of it is left to chance (`fraction`, 0 to 1), so that
    /// senders which failed together do not come back together.
    pub(super) fn delay(self, failures: u32, fraction: f64) -> Option<Duration> {
        if failures == 0 || failures > self.retries {
            return None;
        }
        let doubled =
            DELAY_FIRST.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
        let longest = doubled.min(DELAY_MAX);
        Some(longest.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0))
    }
}

/// Whether a peer that answered this may take the same object later: it is short of something.
pub(super) fn is_transient_status(status: Status) -> bool {
    matches!(status.0, 0xA700..=0xA7FF) || status == Status::RESOURCE_LIMITATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_end() {
        let policy = RetryPolicy { retries: 9 };
        let longest: Vec<_> = (1..=10)
            .map(|failures| policy.delay(failures, 1.0).map(|delay| delay.as_secs()))
            .collect();
        let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some);
        assert_eq!(longest[..9], expected);
        assert_eq!(longest[9], None);
    }

    #[test]
    fn half_of_a_wait_is_left_to_chance() {
        let policy = RetryPolicy { retries: u32::MAX };
        assert_eq!(policy.delay(4, 0.0), Some(Duration::from_secs(4)));
        assert_eq!(policy.delay(4, 1.0), Some(Duration::from_secs(8)));
        assert_eq!(policy.delay(u32::MAX, 0.0), Some(Duration::from_secs(30)));
    }

    #[test]
    fn without_retries_there_is_no_second_attempt() {
        assert_eq!(RetryPolicy::default().delay(1, 0.5), None);
    }

    #[test]
    fn a_peer_short_of_something_is_asked_again_and_one_that_refuses_is_not() {
        for code in [0xA700, 0xA7FF, 0x0213] {
            assert!(is_transient_status(Status(code)), "{code:#x}");
        }
        for code in [0x0000, 0xB000, 0xA900, 0xC000, 0x0122, 0x0110] {
            assert!(!is_transient_status(Status(code)), "{code:#x}");
        }
    }
}

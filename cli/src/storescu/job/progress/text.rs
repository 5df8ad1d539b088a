//! The words in which progress is shown.

use std::time::Duration;

use super::super::quantities::{bytes, time};
use super::super::report::Tally;

/// The columns that a bar and its numbers take at most: the usual terminal has 80.
const COLUMNS_MAX: usize = 79;

/// The columns of the bar itself, brackets apart, at most and at least; with room for less there is
/// none.
const BAR_COLUMNS: (usize, usize) = (5, 30);

/// How long nothing may be settled before that is told instead of a time left.
const SILENCE: Duration = Duration::from_secs(10);

/// How far a job is.
#[derive(Clone, Debug)]
pub(super) struct Numbers<'a> {
    /// What became of the files so far.
    pub(super) tally: &'a Tally,
    /// How many files there are, as far as they are counted.
    pub(super) total: u64,
    /// Whether all are counted.
    pub(super) is_total_final: bool,
    /// How long files have been sent.
    pub(super) took: Duration,
    /// How long it is since the fate of a file was settled.
    pub(super) silent: Duration,
}

impl Numbers<'_> {
    /// `done with 200 of 500 files, 1.05 MB/s, 100 skipped, 5 failed, 30 s left`
    pub(super) fn line(&self) -> String {
        let at_least = if self.is_total_final { "" } else { "at least " };
        let (done, total) = (self.tally.done(), self.total());
        let details = self.details();
        format!("done with {done} of {at_least}{total} files, {details}")
    }

    /// `[=====     ] 250/500 files, 1.05 MB/s, 250 skipped, 30 s left`
    pub(super) fn bar(&self) -> String {
        let (done, total) = (self.tally.done(), self.total());
        let details = self.details();
        let mut text = format!("{done}/{total} files, {details}");
        if text.len() > COLUMNS_MAX {
            text = format!("{done}/{total}, {details}");
        }
        let (least, most) = BAR_COLUMNS;
        let room = COLUMNS_MAX.saturating_sub(text.len() + "[] ".len());
        if room < least {
            return text;
        }
        let columns = room.min(most);
        let filled = u128::from(done) * columns as u128 / u128::from(total.max(1));
        let bar = "=".repeat(usize::try_from(filled).unwrap_or(columns));
        format!("[{bar:columns$}] {text}")
    }

    /// A count that lags behind does no harm.
    fn total(&self) -> u64 {
        self.total.max(self.tally.done())
    }

    fn details(&self) -> String {
        let count = |number: u64, what| match number {
            0 => String::new(),
            _ => format!(", {number} {what}"),
        };
        let (rate, left) = (bytes(self.bytes_per_second()), self.left());
        let skipped = count(self.tally.skipped, "skipped");
        let failed = count(self.tally.failed, "failed");
        format!("{rate}/s{skipped}{failed}{left}")
    }

    fn bytes_per_second(&self) -> u64 {
        let micros = self.took.as_micros().max(1);
        let per_second = u128::from(self.tally.bytes) * 1_000_000 / micros;
        u64::try_from(per_second).unwrap_or(u64::MAX)
    }

    /// How long the job will still take, or how long it has been standing still.
    fn left(&self) -> String {
        if self.tally.done() >= self.total() {
            return String::new();
        }
        if self.silent >= SILENCE {
            return format!(", no answer for {}", time(self.silent));
        }
        self.time_left().map_or_else(String::new, |left| {
            let left = time(left);
            format!(", {left} left")
        })
    }

    /// How long it takes if it goes on as it did; what was skipped took no time.
    fn time_left(&self) -> Option<Duration> {
        let left = self.total() - self.tally.done();
        let nanos = self.took.as_nanos() * u128::from(left);
        let nanos = nanos.checked_div(u128::from(self.tally.tried()))?;
        let left = Duration::from_nanos(u64::try_from(nanos).ok()?);
        self.is_total_final.then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        Tally {
            sent: 90,
            warned: 5,
            failed: 5,
            skipped: 100,
            bytes: 10_500_000,
            duplicates: 0,
        }
    }

    fn numbers(tally: &Tally) -> Numbers<'_> {
        Numbers {
            tally,
            total: 500,
            is_total_final: true,
            took: Duration::from_secs(10),
            silent: Duration::ZERO,
        }
    }

    #[test]
    fn a_line_tells_rate_skipped_failures_and_time_left() {
        let tally = tally();
        let mut numbers = numbers(&tally);
        let line = "done with 200 of 500 files, 1.05 MB/s, 100 skipped, 5 failed, 30 s left";
        assert_eq!(numbers.line(), line);
        numbers.is_total_final = false;
        let line = "done with 200 of at least 500 files, 1.05 MB/s, 100 skipped, 5 failed";
        assert_eq!(numbers.line(), line);
    }

    #[test]
    fn skipped_files_make_nobody_expect_an_early_end() {
        let tally = Tally {
            sent: 1,
            skipped: 4000,
            ..Tally::default()
        };
        let numbers = Numbers {
            total: 4101,
            ..numbers(&tally)
        };
        assert!(numbers.line().ends_with(", 16 min 40 s left"));
        let tally = Tally {
            skipped: 4000,
            ..Tally::default()
        };
        let numbers = Numbers {
            tally: &tally,
            ..numbers
        };
        assert!(numbers.line().ends_with(", 4000 skipped"));
    }

    #[test]
    fn an_outage_has_no_time_left() {
        let tally = tally();
        let mut numbers = numbers(&tally);
        numbers.silent = Duration::from_secs(40);
        assert!(numbers.line().ends_with(", 5 failed, no answer for 40 s"));
        assert!(numbers.bar().ends_with(", 5 failed, no answer for 40 s"));
    }

    #[test]
    fn a_bar_fits_into_80_columns_whatever_the_numbers_are() {
        let bar = numbers(&tally()).bar();
        let text = "200/500 files, 1.05 MB/s, 100 skipped, 5 failed, 30 s left";
        assert_eq!(bar, format!("[=======           ] {text}"));
        assert_eq!(bar.len(), COLUMNS_MAX);
        for millions in [1, 5, 10, 99] {
            let tally = Tally {
                sent: millions * 500_000,
                warned: millions * 1000,
                failed: 123_456,
                skipped: millions * 400_000,
                bytes: 123_000_000_000_000,
                duplicates: 0,
            };
            let numbers = Numbers {
                total: millions * 1_000_000,
                took: Duration::from_secs(1_000_000),
                ..numbers(&tally)
            };
            assert!(numbers.bar().len() <= COLUMNS_MAX, "{}", numbers.bar());
        }
    }

    #[test]
    fn a_count_that_lags_behind_does_no_harm() {
        let tally = Tally {
            skipped: 7,
            ..Tally::default()
        };
        let numbers = Numbers {
            total: 0,
            took: Duration::ZERO,
            ..numbers(&tally)
        };
        assert_eq!(numbers.line(), "done with 7 of 7 files, 0 B/s, 7 skipped");
        assert_eq!(
            numbers.bar(),
            format!("[{}] 7/7 files, 0 B/s, 7 skipped", "=".repeat(30))
        );
    }
}

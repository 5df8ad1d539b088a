//! When objects are due.

use std::time::Duration;

/// How the objects of an open loop arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Independently of each other, as from many senders that know nothing of one another: a Poisson
    /// process.
    Poisson,
    /// At even distances.
    Fixed,
}

/// An arrival rate that may grow at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Objects a second in the end; above 0.
    pub per_second: f64,
    /// For how long the rate grows evenly from 0.
    pub ramp: Duration,
    /// How they arrive.
    pub arrivals: Arrivals,
}

impl Schedule {
    /// The times from the start of the run at which one of `threads` has objects to begin. All
    /// threads together follow the schedule. Endless.
    pub fn due_times(self, thread: usize, threads: usize, seed: u64) -> DueTimes {
        let mut times = DueTimes {
            schedule: self,
            // Threads are few.
            step: f64::from(u32::try_from(threads.max(1)).unwrap_or(u32::MAX)),
            arrived: f64::from(u32::try_from(thread).unwrap_or(u32::MAX)),
            random: fastrand::Rng::with_seed(seed.wrapping_add(thread as u64)),
        };
        if self.arrivals == Arrivals::Poisson {
            times.arrived = 0.0;
            times.advance();
        }
        times
    }

    /// When so many objects are expected to have arrived: the inverse of the rate's integral.
    fn time_of(&self, arrived: f64) -> Duration {
        let ramp = self.ramp.as_secs_f64();
        let during_ramp = self.per_second * ramp / 2.0;
        let seconds = if arrived < during_ramp {
            (2.0 * ramp * arrived / self.per_second).sqrt()
        } else {
            arrived / self.per_second + ramp / 2.0
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// See [`Schedule::due_times`].
#[derive(Clone, Debug)]
pub struct DueTimes {
    schedule: Schedule,
    /// How many objects arrive, on average and at all threads, from one of this thread to the next.
    step: f64,
    /// Objects expected to have arrived when the next one is due.
    arrived: f64,
    random: fastrand::Rng,
}

impl DueTimes {
    fn advance(&mut self) {
        self.arrived += match self.schedule.arrivals {
            Arrivals::Fixed => self.step,
            // Distances of a Poisson process are exponentially distributed; 1 - x is never 0.
            Arrivals::Poisson => -self.step * (1.0 - self.random.f64()).ln(),
        };
    }
}

impl Iterator for DueTimes {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = self.schedule.time_of(self.arrived);
        self.advance();
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(schedule: Schedule, threads: usize, end: Duration) -> Vec<Duration> {
        let mut all: Vec<_> = (0..threads)
            .flat_map(|thread| {
                let times = schedule.due_times(thread, threads, 1);
                times.take_while(|due| *due < end)
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn fixed_arrivals_of_all_threads_are_evenly_apart() {
        let schedule = Schedule {
            per_second: 100.0,
            ramp: Duration::ZERO,
            arrivals: Arrivals::Fixed,
        };
        let times = merged(schedule, 3, Duration::from_secs(2));
        assert_eq!(times.len(), 200);
        let distances = times
            .windows(2)
            .map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64());
        assert!(
            distances
                .into_iter()
                .all(|apart| (apart - 0.01).abs() < 1e-6)
        );
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_irregular_distances_and_are_reproducible() {
        let schedule = Schedule {
            per_second: 1000.0,
            ramp: Duration::ZERO,
            arrivals: Arrivals::Poisson,
        };
        let times = merged(schedule, 2, Duration::from_secs(20));
        // The standard deviation is 141.
        assert!((19_000..21_000).contains(&times.len()), "{}", times.len());
        let longer = times
            .windows(2)
            .filter(|pair| pair[1] > pair[0] + Duration::from_millis(1));
        let share = longer.count() * 100 / times.len();
        assert!(
            (34..40).contains(&share),
            "1/e of the distances, not {share} %"
        );
        assert_eq!(times, merged(schedule, 2, Duration::from_secs(20)));
    }

    #[test]
    fn a_ramp_has_half_the_arrivals_and_fewest_at_first() {
        let schedule = Schedule {
            per_second: 100.0,
            ramp: Duration::from_secs(10),
            arrivals: Arrivals::Fixed,
        };
        let times = merged(schedule, 2, Duration::from_secs(20));
        let until = |seconds| times.partition_point(|due| *due < Duration::from_secs(seconds));
        for (seconds, expected) in [(1, 5), (5, 125), (10, 500), (20, 1500)] {
            assert!(
                until(seconds).abs_diff(expected) <= 1,
                "{seconds} s: {}",
                until(seconds)
            );
        }
    }
}

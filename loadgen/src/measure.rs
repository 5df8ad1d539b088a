//! What one thread of a run notes down; merged at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::implementation::Implementation;
use crate::number_set::NumberSet;

/// Latencies from a microsecond to an hour are told apart; beyond, they count as the bound. In
/// nanoseconds.
const LATENCY_NANOS: std::ops::RangeInclusive<u64> = 1_000..=3_600_000_000_000;

/// Decimal digits of a latency that are kept.
const LATENCY_DIGITS: u8 = 3;

/// How the time of an object is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// From the time it was due until it was begun: for want of a free association. Nothing in a
    /// closed loop.
    pub waiting: Duration,
    /// Until its last byte was given to the operating system; with one association per object, that
    /// is opened, too.
    pub sending: Duration,
    /// Until its response came.
    pub answering: Duration,
}

impl Phases {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.waiting + self.sending + self.answering
    }

    fn add(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.sending += other.sending;
        self.answering += other.answering;
    }
}

/// What happened within one second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Objects acknowledged.
    pub objects: u64,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// Objects that failed.
    pub failed: u64,
    /// The sum of the latencies.
    pub latency_sum: Duration,
    /// The longest latency.
    pub latency_max: Duration,
}

/// An object that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    /// Its number.
    pub number: u64,
    /// The length of its data set.
    pub bytes: u64,
    /// Whether the response was a warning.
    pub with_warning: bool,
    /// Where its time went.
    pub phases: Phases,
    /// When its response came, from the start of the run.
    pub at: Duration,
}

/// The notes of one thread.
#[derive(Clone, Debug)]
pub struct Record {
    warm_up: Duration,
    keeps_numbers: bool,
    /// Of the objects due after the warm-up; in nanoseconds.
    pub latency: Histogram<u64>,
    /// Where the time of the objects due after the warm-up went.
    pub phases: Phases,
    /// Objects due after the warm-up that were acknowledged.
    pub measured_objects: u64,
    /// Bytes of their data sets.
    pub measured_bytes: u64,
    /// When the last object was acknowledged, from the start of the run.
    pub acknowledged_until: Duration,
    /// When the last object failed.
    pub failed_until: Duration,
    /// When the run was over for want of time, or because it was interrupted; `None` when it was
    /// over because all its objects were sent.
    pub ended: Option<Duration>,
    /// All objects acknowledged, from the start.
    pub objects: u64,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// Those among them whose response was a warning.
    pub warned: u64,
    /// Objects that were begun or due and not acknowledged, by reason.
    pub failures: BTreeMap<String, u64>,
    /// Associations established.
    pub associations: u64,
    /// What the receivers of them said they are.
    pub receivers: BTreeSet<Implementation>,
    /// The seconds of the run.
    pub seconds: Vec<Second>,
    /// The numbers of the objects acknowledged, if they are kept.
    pub acknowledged: NumberSet,
}

impl Record {
    /// Nothing yet. Objects due before `warm_up` is over do not count for latency and throughput.
    pub fn new(warm_up: Duration, keeps_numbers: bool) -> Self {
        let (low, high) = (*LATENCY_NANOS.start(), *LATENCY_NANOS.end());
        Self {
            warm_up,
            keeps_numbers,
            latency: Histogram::new_with_bounds(low, high, LATENCY_DIGITS)
                .expect("the bounds above are in order"),
            phases: Phases::default(),
            measured_objects: 0,
            measured_bytes: 0,
            acknowledged_until: Duration::ZERO,
            failed_until: Duration::ZERO,
            ended: None,
            objects: 0,
            bytes: 0,
            warned: 0,
            failures: BTreeMap::new(),
            associations: 0,
            receivers: BTreeSet::new(),
            seconds: Vec::new(),
            acknowledged: NumberSet::default(),
        }
    }

    /// An object was acknowledged.
    pub fn acknowledged(&mut self, object: &Acknowledged) {
        let latency = object.phases.total();
        self.acknowledged_until = self.acknowledged_until.max(object.at);
        self.objects += 1;
        self.bytes += object.bytes;
        self.warned += u64::from(object.with_warning);
        if self.keeps_numbers {
            self.acknowledged.insert(object.number);
        }
        let second = self.second(object.at);
        second.objects += 1;
        second.bytes += object.bytes;
        second.latency_sum += latency;
        second.latency_max = second.latency_max.max(latency);
        let due = object.at.saturating_sub(latency);
        if due >= self.warm_up {
            self.measure(object, latency);
        }
    }

    fn measure(&mut self, object: &Acknowledged, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latency.saturating_record(nanos);
        self.phases.add(&object.phases);
        self.measured_objects += 1;
        self.measured_bytes += object.bytes;
    }

    /// So many objects failed for the same reason, `at` from the start of the run.
    pub fn failed(&mut self, reason: &str, objects: u64, at: Duration) {
        if objects == 0 {
            return;
        }
        match self.failures.get_mut(reason) {
            Some(count) => *count += objects,
            None => {
                self.failures.insert(reason.to_owned(), objects);
            }
        }
        self.failed_until = self.failed_until.max(at);
        self.second(at).failed += objects;
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let index = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        if index >= self.seconds.len() {
            self.seconds.resize(index + 1, Second::default());
        }
        &mut self.seconds[index]
    }

    /// Adds the notes of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.latency
            .add(&other.latency)
            .expect("all histograms have the same bounds");
        self.phases.add(&other.phases);
        self.measured_objects += other.measured_objects;
        self.measured_bytes += other.measured_bytes;
        self.acknowledged_until = self.acknowledged_until.max(other.acknowledged_until);
        self.failed_until = self.failed_until.max(other.failed_until);
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.warned += other.warned;
        self.associations += other.associations;
        for receiver in &other.receivers {
            receiver.clone().note_in(&mut self.receivers);
        }
        for (reason, count) in &other.failures {
            *self.failures.entry(reason.clone()).or_default() += count;
        }
        self.merge_seconds(&other.seconds);
        self.acknowledged.merge(&other.acknowledged);
    }

    fn merge_seconds(&mut self, others: &[Second]) {
        if others.len() > self.seconds.len() {
            self.seconds.resize(others.len(), Second::default());
        }
        for (second, other) in self.seconds.iter_mut().zip(others) {
            second.objects += other.objects;
            second.bytes += other.bytes;
            second.failed += other.failed;
            second.latency_sum += other.latency_sum;
            second.latency_max = second.latency_max.max(other.latency_max);
        }
    }

    /// From the start of the run to its end or the last acknowledgement, whichever is later: a
    /// receiver that falls silent must not stop the clock. A run without a set end is over with its
    /// last object, failed or not.
    pub fn run_time(&self) -> Duration {
        let end = self.ended.unwrap_or(self.failed_until);
        end.max(self.acknowledged_until)
    }

    /// The part of [`Record::run_time`] after the warm-up.
    pub fn measured_time(&self) -> Duration {
        self.run_time().saturating_sub(self.warm_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u64, at_ms: u64, latency_ms: u64) -> Acknowledged {
        Acknowledged {
            number,
            bytes: 10,
            with_warning: number == 1,
            phases: Phases {
                answering: Duration::from_millis(latency_ms),
                ..Phases::default()
            },
            at: Duration::from_millis(at_ms),
        }
    }

    #[test]
    fn what_was_due_during_the_warm_up_is_counted_but_not_measured() {
        let mut record = Record::new(Duration::from_secs(1), true);
        record.acknowledged(&object(0, 500, 10));
        record.acknowledged(&object(1, 1005, 10));
        record.acknowledged(&object(2, 3000, 500));
        assert_eq!((record.objects, record.bytes, record.warned), (3, 30, 1));
        assert_eq!((record.measured_objects, record.measured_bytes), (1, 10));
        assert_eq!(record.measured_time(), Duration::from_secs(2));
        assert_eq!(record.acknowledged.len(), 3);
        let per_second: Vec<_> = record.seconds.iter().map(|second| second.objects).collect();
        assert_eq!(per_second, [1, 1, 0, 1]);
    }

    #[test]
    fn an_outage_until_the_end_of_the_run_does_not_stop_the_clock() {
        let mut record = Record::new(Duration::from_secs(1), false);
        record.acknowledged(&object(0, 3000, 10));
        record.failed("connection closed", 1, Duration::from_secs(5));
        assert_eq!(record.measured_time(), Duration::from_secs(4), "a count");
        record.ended = Some(Duration::from_secs(9));
        record.failed("no response", 1, Duration::from_secs(39));
        assert_eq!(record.measured_time(), Duration::from_secs(8), "a duration");
        record.acknowledged(&object(1, 9500, 600));
        assert_eq!(record.measured_time(), Duration::from_millis(8500));
    }

    #[test]
    fn two_threads_make_one_record() {
        let mut one = Record::new(Duration::ZERO, true);
        one.acknowledged(&object(0, 10, 10));
        one.failed("status 0xA700", 2, Duration::ZERO);
        let mut other = Record::new(Duration::ZERO, true);
        other.acknowledged(&object(1, 1500, 30));
        other.failed("status 0xA700", 1, Duration::from_secs(1));
        one.merge(&other);
        assert_eq!(one.failures["status 0xA700"], 3);
        assert_eq!(one.latency.len(), 2);
        assert_eq!(one.phases.answering, Duration::from_millis(40));
        let failed: Vec<_> = one.seconds.iter().map(|second| second.failed).collect();
        assert_eq!(failed, [2, 1]);
        assert!(one.acknowledged.contains(0) && one.acknowledged.contains(1));
    }
}

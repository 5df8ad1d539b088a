//! Time that passed, and time that processors worked.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A moment, as all clocks show it.
pub(crate) struct Clocks {
    wall: Instant,
    process: Duration,
    thread: Duration,
    idle: Duration,
}

/// What has passed since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    pub(crate) wall: Duration,
    /// The CPU time of all threads, the kernel's workers for the ring included.
    pub(crate) process: Duration,
    /// The CPU time of the thread that asks.
    pub(crate) thread: Duration,
    /// The time of all processors but what they were idle.
    pub(crate) system: Duration,
}

impl Clocks {
    pub(crate) fn now() -> Self {
        Self {
            wall: Instant::now(),
            process: clock(ClockId::ProcessCPUTime),
            thread: clock(ClockId::ThreadCPUTime),
            idle: idle(),
        }
    }

    pub(crate) fn passed(&self) -> Passed {
        let now = Self::now();
        let wall = now.wall.duration_since(self.wall);
        Passed {
            wall,
            process: now.process.saturating_sub(self.process),
            thread: now.thread.saturating_sub(self.thread),
            system: (wall * processors()).saturating_sub(now.idle.saturating_sub(self.idle)),
        }
    }
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).try_into().expect("it runs forward")
}

fn processors() -> u32 {
    let count = std::thread::available_parallelism().expect("known");
    u32::try_from(count.get()).expect("few")
}

/// The time that processors had nothing to do, or waited for a disk.
fn idle() -> Duration {
    let stat = fs::read_to_string("/proc/stat").expect("Linux");
    let mut fields = stat.split_ascii_whitespace().skip(4);
    let ticks = [fields.next(), fields.next()]
        .map(|field| field.and_then(|field| field.parse::<u64>().ok()));
    let ticks: u64 = ticks.into_iter().flatten().sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

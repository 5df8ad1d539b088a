//! The long run: one receiver at full rate, and whether it gets slower or larger.
//!
//! No disk holds half an hour at such a rate. So the load comes in slices that fit: after each, the
//! clock stopped, the files are removed, while the receiver runs on. The file system is an ext4 on a
//! loop device past the page cache, whose image was written once in full, so that no slice is the first
//! to touch a block. (ext4 with a journal does not mind the removals; without one it would.)

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use crate::bench::{Bench, Sending};
use crate::figures::count;
use crate::matrix::Load;
use crate::memory;
use crate::problem::Problem;
use crate::receiver::Receiver;
use crate::stage::Stage;
use crate::statistics::Spread;
use crate::system::System;
use crate::tools;

/// The largest image, in bytes.
const IMAGE_BYTES_MAX: u64 = 24 << 30;

/// A slice fills so much of the image, as a fraction.
const SLICE_SHARE: (u64, u64) = (2, 3);

/// What the load is: CT images.
const OBJECT_BYTES: u64 = 512 << 10;
const ASSOCIATIONS: u32 = 8;

/// The most that the rate may have changed from the first third of the run to the last, and the memory
/// from the end of the first minute to the end, in percent.
const DRIFT_MAX_PERCENT: f64 = 5.0;
const GROWTH_MAX_PERCENT: f64 = 2.0;

/// A slice of the load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// When it began, in seconds of load before it.
    pub(crate) at_s: f64,
    /// How long it was, until stable storage.
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    /// Memory of the receiver at its end.
    pub(crate) resident_bytes: u64,
}

/// The whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Endurance {
    pub(crate) system: String,
    pub(crate) slices: Vec<Slice>,
}

/// Runs a receiver for so many minutes of load.
pub(crate) fn run(
    bench: &Bench,
    stage: &mut Stage,
    system: System,
    minutes: u32,
) -> Result<Endurance, Problem> {
    // A quarter of the free space stays free.
    let image = (stage.free_bytes()? / 4 * 3).min(IMAGE_BYTES_MAX);
    eprintln!(
        "compare: {minutes} minutes of {system}, in slices of up to {} GB; writes {} GB once, and \
         removes all at the end",
        image / SLICE_SHARE.1 * SLICE_SHARE.0 / 1_000_000_000,
        image / 1_000_000_000
    );
    let output = stage.prepare_lasting(image)?;
    let receiver = bench.start(stage.work(), system, &output)?;
    let load = Load {
        object_bytes: OBJECT_BYTES,
        associations: ASSOCIATIONS,
        window: 1,
        per_object: false,
        volume: image / SLICE_SHARE.1 * SLICE_SHARE.0,
        half_rate_of: None,
    };
    let (mut slices, mut at_s) = (Vec::new(), 0.0);
    while at_s < f64::from(minutes) * 60.0 {
        if bench.interrupted.load(Ordering::Relaxed) {
            return Err(Problem::Interrupted);
        }
        let slice = slice(
            bench,
            &receiver,
            system,
            &load,
            (&output, stage.work()),
            at_s,
        )?;
        at_s += slice.seconds;
        tell(&slice, minutes);
        slices.push(slice);
        remove_files(&output)?;
    }
    let system = system.to_string();
    Ok(Endurance { system, slices })
}

fn slice(
    bench: &Bench,
    receiver: &Receiver,
    system: System,
    load: &Load,
    (output, home): (&Path, &Path),
    at_s: f64,
) -> Result<Slice, Problem> {
    let sending = Sending {
        load,
        kind: system.kind,
        rate: None,
        verify: false,
    };
    let figures = bench.load(&sending, receiver, output, home)?;
    if let Some(failure) = figures.failure {
        return Err(format!("after {at_s:.0} s: {failure}").into());
    }
    Ok(Slice {
        at_s,
        seconds: figures
            .stable_s
            .ok_or_else(|| "no time was measured".to_owned())?,
        bytes: figures.bytes,
        resident_bytes: memory::resident(receiver.pid()).unwrap_or_default(),
    })
}

fn tell(slice: &Slice, minutes: u32) {
    eprintln!(
        "{:5.1} of {minutes} min: {:.0} MB/s, {} MiB resident",
        (slice.at_s + slice.seconds) / 60.0,
        slice.rate() / 1e6,
        slice.resident_bytes >> 20
    );
}

fn remove_files(directory: &Path) -> Result<(), Problem> {
    for entry in fs::read_dir(directory)
        .map_err(Problem::at(directory))?
        .flatten()
    {
        fs::remove_file(entry.path()).map_err(Problem::at(&entry.path()))?;
    }
    tools::sync(directory)
}

impl Slice {
    /// In bytes a second.
    fn rate(&self) -> f64 {
        count(self.bytes) / self.seconds
    }
}

impl Endurance {
    /// The rate of each minute, in bytes a second.
    pub(crate) fn rates_by_minute(&self) -> Vec<f64> {
        let mut minutes: Vec<(f64, f64)> = Vec::new();
        for slice in &self.slices {
            let minute = minute_of(slice.at_s);
            minutes.resize(minutes.len().max(minute + 1), (0.0, 0.0));
            minutes[minute].0 += count(slice.bytes);
            minutes[minute].1 += slice.seconds;
        }
        let minutes = minutes.into_iter().filter(|(_, seconds)| *seconds > 0.0);
        minutes.map(|(bytes, seconds)| bytes / seconds).collect()
    }

    /// The median rate of the last third of the slices against the first third's, in percent more.
    pub(crate) fn drift_percent(&self) -> Option<f64> {
        let third = self.slices.len() / 3;
        let median = |slices: &[Slice]| Spread::of(slices.iter().map(Slice::rate));
        let first = median(&self.slices[..third])?.median;
        let last = median(&self.slices[self.slices.len() - third..])?.median;
        Some((last / first - 1.0) * 100.0)
    }

    /// The memory at the end against that after the first minute, in percent more.
    pub(crate) fn growth_percent(&self) -> Option<f64> {
        let mut after_a_minute = self
            .slices
            .iter()
            .filter(|slice| minute_of(slice.at_s) >= 1);
        let first = after_a_minute.next()?.resident_bytes;
        let last = self.slices.last()?.resident_bytes;
        (first > 0).then(|| (count(last) / count(first) - 1.0) * 100.0)
    }

    /// What came out of it, for people.
    pub(crate) fn text(&self) -> String {
        let minutes = self.rates_by_minute();
        let rates = Spread::of(minutes.iter().copied());
        let rates = rates.map_or_else(String::new, |Spread { median, min, max }| {
            let (median, min, max) = (median / 1e6, min / 1e6, max / 1e6);
            format!("{median:.0} MB/s by minute (least {min:.0}, most {max:.0})")
        });
        let memory = self
            .slices
            .last()
            .map_or(0, |slice| slice.resident_bytes >> 20);
        format!(
            "{}: {} minutes of load, 512 KiB objects over 8 associations, to stable storage: {rates}. \
             Drift of the rate {}; memory at the end {memory} MiB, growth {}.\n",
            self.system,
            minutes.len(),
            judged(self.drift_percent(), DRIFT_MAX_PERCENT),
            judged(self.growth_percent(), GROWTH_MAX_PERCENT)
        )
    }
}

fn judged(percent: Option<f64>, max: f64) -> String {
    percent.map_or_else(
        || "not known, the run was too short".to_owned(),
        |percent| {
            let answer = if percent.abs() <= max {
                "yes"
            } else {
                "**no**"
            };
            format!("{percent:+.1} % (at most {max} %: {answer})")
        },
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time from the start, in minutes, is small and not negative"
)]
fn minute_of(at_s: f64) -> usize {
    (at_s / 60.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of 20 s, each with so many bytes and so much memory.
    fn endurance(slices: &[(u64, u64)]) -> Endurance {
        let mut at_s = 0.0;
        let slices = slices.iter().map(|&(bytes, resident_bytes)| {
            let slice = Slice {
                at_s,
                seconds: 20.0,
                bytes,
                resident_bytes,
            };
            at_s += 20.0;
            slice
        });
        Endurance {
            system: "pdvault/mio".to_owned(),
            slices: slices.collect(),
        }
    }

    #[test]
    fn drift_is_from_the_first_third_to_the_last() {
        let run = endurance(&[(100, 1), (100, 1), (500, 1), (500, 1), (90, 1), (90, 1)]);
        assert!((run.drift_percent().expect("long enough") + 10.0).abs() < 1e-9);
        assert!(run.text().contains("-10.0 % (at most 5 %: **no**)"));
        assert_eq!(endurance(&[(1, 1), (1, 1)]).drift_percent(), None);
    }

    #[test]
    fn memory_counts_from_the_second_minute_on() {
        let run = endurance(&[(1, 10), (1, 50), (1, 90), (1, 100), (1, 100), (1, 101)]);
        assert!((run.growth_percent().expect("two minutes") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_minute_has_the_bytes_of_its_slices() {
        let run = endurance(&[(20, 1), (40, 1), (60, 1), (80, 1)]);
        let rates = run.rates_by_minute();
        assert_eq!(rates.len(), 2);
        assert!((rates[0] - 2.0).abs() < 1e-9 && (rates[1] - 4.0).abs() < 1e-9);
    }
}

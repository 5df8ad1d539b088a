//! What a disk may hold after its power was cut at some tick.

use pdvault_tests::random::Random;

use crate::image::Image;
use crate::record::{Recording, Tick, Write};

/// What a disk writes whole or not at all, in bytes. Every write is a multiple.
const SECTOR_BYTES: usize = 512;

/// What becomes of the writes that no flush made stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// None of them reached the disk.
    AllLost,
    /// All of them did.
    AllKept,
    /// Each one did or did not, so many in ten.
    Some(u64),
    /// Each sector of each one did or did not, so many in ten.
    Torn(u64),
    /// The first ones did, in the order in which they were issued, and the next one in part.
    UpTo,
}

impl Fate {
    /// One of them, at random.
    pub(crate) fn draw(random: &mut Random) -> Self {
        random.pick(&[
            Self::AllLost,
            Self::AllLost,
            Self::AllKept,
            Self::Some(1),
            Self::Some(5),
            Self::Some(9),
            Self::Torn(2),
            Self::Torn(5),
            Self::Torn(9),
            Self::UpTo,
        ])
    }
}

/// Makes disks from one recording, for cuts that go forward in time.
pub(crate) struct Cuts<'a> {
    recording: &'a Recording,
    /// What is stable so far.
    stable: Image,
    /// Writes that are not in `stable`, by index.
    open: Vec<usize>,
    /// The first write that has not been looked at.
    next_write: usize,
    next_flush: usize,
    /// Writes completed before this tick are stable.
    bound: Tick,
}

/// A disk after a cut.
pub(crate) struct AfterCut {
    pub(crate) image: Image,
    /// Writes that were not stable at the cut.
    pub(crate) unstable: usize,
}

impl<'a> Cuts<'a> {
    pub(crate) fn new(recording: &'a Recording) -> Self {
        Self {
            recording,
            stable: recording.base.clone(),
            open: Vec::new(),
            next_write: 0,
            next_flush: 0,
            bound: 0,
        }
    }

    /// The disk after a cut at `tick`, which is not before that of the call before.
    pub(crate) fn at(&mut self, tick: Tick, fate: Fate, random: &mut Random) -> AfterCut {
        self.advance(tick);
        let mut image = self.stable.clone();
        let writes: Vec<&Write> = self.open.iter().map(|&i| self.write(i)).collect();
        apply(&mut image, &writes, fate, random);
        AfterCut {
            image,
            unstable: writes.len(),
        }
    }

    fn write(&self, index: usize) -> &'a Write {
        &self.recording.writes[index]
    }

    fn advance(&mut self, tick: Tick) {
        let flushes = &self.recording.flushes;
        while let Some(flush) = flushes.get(self.next_flush)
            && flush.completed <= tick
        {
            self.bound = self.bound.max(flush.arrived);
            self.next_flush += 1;
        }
        let writes = &self.recording.writes;
        while let Some(write) = writes.get(self.next_write)
            && write.arrived <= tick
        {
            self.open.push(self.next_write);
            self.next_write += 1;
        }
        let bound = self.bound;
        let is_stable = |write: &Write| write.completed.is_some_and(|done| done < bound);
        for &index in &self.open {
            let write = &writes[index];
            if is_stable(write) {
                self.stable.write(write.offset, &write.data);
            }
        }
        self.open.retain(|&index| !is_stable(&writes[index]));
    }
}

fn apply(image: &mut Image, writes: &[&Write], fate: Fate, random: &mut Random) {
    let mut in_ten = |chances: u64| random.below(10) < chances;
    match fate {
        Fate::AllLost => {}
        Fate::AllKept => keep(image, writes),
        Fate::Some(chances) => {
            let kept: Vec<_> = writes.iter().filter(|_| in_ten(chances)).copied().collect();
            keep(image, &kept);
        }
        Fate::Torn(chances) => {
            for write in writes {
                keep_sectors(image, write, |_| in_ten(chances));
            }
        }
        Fate::UpTo => {
            let whole = index_below(random, writes.len() + 1);
            keep(image, &writes[..whole]);
            if let Some(write) = writes.get(whole) {
                let sectors = index_below(random, write.data.len() / SECTOR_BYTES + 1);
                keep_sectors(image, write, |sector| sector < sectors);
            }
        }
    }
}

fn keep(image: &mut Image, writes: &[&Write]) {
    for write in writes {
        image.write(write.offset, &write.data);
    }
}

fn keep_sectors(image: &mut Image, write: &Write, mut is_kept: impl FnMut(usize) -> bool) {
    for (sector, data) in write.data.chunks(SECTOR_BYTES).enumerate() {
        if is_kept(sector) {
            image.write(write.offset + sector * SECTOR_BYTES, data);
        }
    }
}

fn index_below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).expect("below a length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Disk;

    const DISK_BYTES: usize = 16 << 10;

    fn byte(image: &Image, offset: usize) -> u8 {
        let mut out = [0];
        image.read(offset, &mut out);
        out[0]
    }

    fn write(disk: &Disk, offset: usize, value: u8) {
        let pending = disk.write_arrived(offset, &[value; SECTOR_BYTES]);
        disk.write_completed(pending);
    }

    #[test]
    fn a_flush_covers_what_was_completed_before_it_arrived_and_nothing_else() {
        let disk = Disk::new(DISK_BYTES);
        disk.start_recording();
        write(&disk, 0, 1);
        let late = disk.write_arrived(512, &[2; SECTOR_BYTES]);
        let flush = disk.flush_arrived();
        disk.write_completed(late);
        let before = disk.now();
        disk.flush_completed(flush);
        let after = disk.now();
        let recording = disk.stop_recording();
        let mut cuts = Cuts::new(&recording);
        let mut random = Random::from_clock();
        let image = cuts.at(before, Fate::AllLost, &mut random).image;
        assert_eq!((byte(&image, 0), byte(&image, 512)), (0, 0));
        let cut = cuts.at(after, Fate::AllLost, &mut random);
        assert_eq!((byte(&cut.image, 0), byte(&cut.image, 512)), (1, 0));
        assert_eq!(cut.unstable, 1);
        let image = cuts.at(after, Fate::AllKept, &mut random).image;
        assert_eq!((byte(&image, 0), byte(&image, 512)), (1, 2));
    }

    #[test]
    fn what_arrives_after_the_cut_is_never_there() {
        let disk = Disk::new(DISK_BYTES);
        write(&disk, 1024, 7);
        disk.start_recording();
        let cut = disk.now();
        write(&disk, 0, 1);
        let recording = disk.stop_recording();
        let mut random = Random::from_clock();
        let image = Cuts::new(&recording)
            .at(cut, Fate::AllKept, &mut random)
            .image;
        assert_eq!((byte(&image, 0), byte(&image, 1024)), (0, 7));
    }

    #[test]
    fn a_torn_write_changes_whole_sectors_only() {
        let disk = Disk::new(DISK_BYTES);
        disk.start_recording();
        disk.write_arrived(512, &[2; 8 * SECTOR_BYTES]);
        let recording = disk.stop_recording();
        let mut random = Random::from_clock();
        let mut cuts = Cuts::new(&recording);
        for _ in 0..100 {
            let image = cuts.at(recording.end, Fate::Torn(5), &mut random).image;
            for sector in 1..9 {
                let (first, last) = (sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES - 1);
                assert_eq!(byte(&image, first), byte(&image, last));
            }
            assert_eq!((byte(&image, 511), byte(&image, 9 * SECTOR_BYTES)), (0, 0));
        }
    }
}

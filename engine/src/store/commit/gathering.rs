//! How long a group waits for more objects before it is committed.
//!
//! Senders that wait for each response soon part into two camps: while the objects of one are being
//! committed, those of the other come, and every commit serves half of them. A commit has a price of its own
//! (the journal's records and two flushes of the device), so it pays to wait a moment until the camps are
//! together, where they are small. How many objects there are is known from the last commit: those that it
//! served, and those that came during it. Where waiting turns out to be in vain, because senders are slow
//! or many of them have gone, it is left alone for a while.
//!
//! What it gives depends on the device. 512 KiB over 8 associations, ext4 by a loop device, three runs of 3 s
//! each on an idle machine with 2 cores, objects a second:
//!
//! | longest wait        | image in the page cache: a flush is dear | past it, like a disk | commits |
//! |---------------------|---------------|---------------|-----|
//! | none                | 1,660 - 1,800 | 2,090 - 2,130 | 600 |
//! | half the last commit | 1,520 - 1,860 | 2,070 - 2,200 | 570 |
//! | twice, 3 ms at most | 1,720 - 1,880 | 2,040 - 2,430 | 380 |
//! | four times, 4 ms    | 1,820 - 1,910 | 2,040 - 2,240 | 280 |
//!
//! So nothing is lost by it on a disk, and most of the gain where flushes are dear comes with little waiting.

use std::time::Duration;

/// Groups of so many objects wait for no more: the price of a commit is small beside that of
/// their data, and while data comes the disk should not wait.
const GATHER_OBJECTS_MAX: usize = 16;

/// The share of the last commit's time that a group may wait: what can be won is about half a
/// commit.
const PATIENCE_DIVISOR: u32 = 2;

/// The longest wait, whatever commits take: on a slow disk, the sender of an object alone should not
/// notice it.
const PATIENCE_MAX: Duration = Duration::from_millis(2);

/// The most groups that go without waiting after it was in vain, doubled each time up to here: so
/// that it costs 1 % at most where it never pays.
const REST_GROUPS_MAX: u32 = 64;

/// Learns from each commit how the next group is to gather.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    last_group: usize,
    last_commit: Duration,
    /// Groups that will not wait.
    resting: u32,
    /// How many groups rest after the next wait in vain.
    rest: u32,
}

/// What a group waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// With so many objects the group is complete.
    pub(super) objects: usize,
    /// How long to wait for them at most, once there is one.
    pub(super) patience: Duration,
}

impl Gathering {
    /// The goal of the next group. `came`: objects that came while the last one was committed.
    pub(super) fn goal(&mut self, came: usize) -> Goal {
        if self.resting > 0 {
            self.resting -= 1;
            return Goal {
                objects: 1,
                patience: Duration::ZERO,
            };
        }
        let patience = self.last_commit / PATIENCE_DIVISOR;
        Goal {
            objects: (self.last_group + came).min(GATHER_OBJECTS_MAX),
            patience: patience.min(PATIENCE_MAX),
        }
    }

    /// A group with this goal was committed.
    pub(super) fn committed(&mut self, goal: Goal, objects: usize, took: Duration) {
        self.last_group = objects;
        self.last_commit = took;
        if objects < goal.objects {
            self.rest = (self.rest * 2).clamp(1, REST_GROUPS_MAX);
            self.resting = self.rest;
        } else if goal.objects > 1 {
            self.rest = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Commits a group of this many objects that reached its goal.
    fn commit(gathering: &mut Gathering, came: usize, objects: usize, took: Duration) {
        let goal = gathering.goal(came);
        gathering.committed(goal, objects, took);
    }

    #[test]
    fn an_object_alone_waits_for_nobody() {
        let mut gathering = Gathering::default();
        assert_eq!(gathering.goal(0).patience, Duration::ZERO);
        for _ in 0..5 {
            commit(&mut gathering, 0, 1, MS);
            assert!(gathering.goal(0).objects <= 1);
        }
    }

    #[test]
    fn two_camps_are_brought_together_and_stay_so() {
        let mut gathering = Gathering::default();
        commit(&mut gathering, 0, 4, 2 * MS);
        let goal = gathering.goal(4);
        assert_eq!((goal.objects, goal.patience), (8, MS));
        gathering.committed(goal, 8, 2 * MS);
        assert_eq!(gathering.goal(0).objects, 8);
    }

    #[test]
    fn large_groups_and_slow_disks_are_not_waited_for() {
        let mut gathering = Gathering::default();
        commit(&mut gathering, 0, 40, 100 * MS);
        let goal = gathering.goal(30);
        assert_eq!(goal.objects, GATHER_OBJECTS_MAX);
        assert_eq!(goal.patience, PATIENCE_MAX);
    }

    #[test]
    fn waiting_in_vain_is_tried_less_and_less_often() {
        let mut gathering = Gathering::default();
        commit(&mut gathering, 0, 4, MS);
        let mut waits = 0;
        for _ in 0..1000 {
            let goal = gathering.goal(4);
            waits += usize::from(goal.objects > 4);
            gathering.committed(goal, 4, MS);
        }
        assert!(waits < 30, "{waits} of 1000 groups waited");
        assert!(waits > 10, "it is tried again: {waits}");
    }

    #[test]
    fn once_it_pays_again_nothing_is_held_against_it() {
        let mut gathering = Gathering::default();
        commit(&mut gathering, 0, 4, MS);
        for _ in 0..20 {
            commit(&mut gathering, 4, 4, MS);
        }
        while gathering.goal(4).objects == 1 {
            gathering.committed(
                Goal {
                    objects: 1,
                    patience: Duration::ZERO,
                },
                4,
                MS,
            );
        }
        gathering.committed(
            Goal {
                objects: 8,
                patience: MS,
            },
            8,
            MS,
        );
        assert_eq!(gathering.goal(0).objects, 8);
    }
}

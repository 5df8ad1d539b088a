//! Which runs there are, in which order, and what they take.

use crate::bench::{LOAD_LIMIT_S, OPEN_LOOP_S, SLOW_LOAD_LIMIT_S};
use crate::figures::count;
use crate::matrix::{Condition, Part, Row};
use crate::options::Options;
use crate::outrun;
use crate::problem::Problem;
use crate::progress::minutes;
use crate::stage::{Stage, disk_bytes};
use crate::state::State;
use crate::system::{Driver, Kind, System};

/// A tenth of the free space stays free: a full disk is a slow disk.
const FREE_SHARE: (u64, u64) = (9, 10);

/// A run that is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) row: Row,
    pub(crate) system: System,
    /// From 1 on.
    pub(crate) round: u32,
    /// Whether what is on disk is compared with what was sent. That takes longer than the run.
    pub(crate) verify: bool,
}

impl Step {
    /// What it takes, as [`seconds`] has it: preparations, the load and clearing up.
    pub(crate) fn seconds(&self) -> f64 {
        const MANY: u32 = 64;
        const STARTING_S: f64 = 0.8;
        const WARMING_S_PER_GB: f64 = 0.65;
        const COOLING_S: f64 = 5.0;
        const CLEARING_S_PER_GB: f64 = 0.3;
        const VERIFYING_S_PER_GB: f64 = 0.8;
        let kind = self.system.kind;
        if self.round > 1 && kind.is_slow() && self.row.load.associations < MANY {
            // It is left out by all that is known. Many associations make up for much.
            return 0.0;
        }
        if !kind.stores() {
            return STARTING_S + self.sending_s();
        }
        let gigabytes = count(self.row.load.bytes(kind)) / 1e9;
        let verifying = if self.verify && kind.keeps_every_bit() {
            gigabytes * VERIFYING_S_PER_GB
        } else {
            0.0
        };
        let preparing = match self.row.condition {
            Condition::Warm => gigabytes * WARMING_S_PER_GB,
            Condition::Cold | Condition::Full => COOLING_S,
        };
        STARTING_S + preparing + self.sending_s() + gigabytes * CLEARING_S_PER_GB + verifying
    }

    /// The load until stable storage, in seconds.
    fn sending_s(&self) -> f64 {
        const DISCARDING_S_PER_GB: f64 = 0.15;
        const STORING_S_PER_GB: f64 = 0.9;
        const S_PER_OBJECT: f64 = 60e-6;
        const S_PER_ASSOCIATION: f64 = 200e-6;
        let (load, kind) = (&self.row.load, self.system.kind);
        if load.half_rate_of.is_some() {
            return count(OPEN_LOOP_S);
        }
        let (per_gb, limit) = match kind {
            kind if kind.is_slow() => return count(SLOW_LOAD_LIMIT_S),
            kind if kind.stores() => (STORING_S_PER_GB, LOAD_LIMIT_S),
            _ => (DISCARDING_S_PER_GB, LOAD_LIMIT_S),
        };
        let per_object = if load.per_object {
            S_PER_ASSOCIATION
        } else {
            S_PER_OBJECT
        };
        let (objects, bytes) = (count(load.objects(kind)), count(load.bytes(kind)));
        (bytes / 1e9 * per_gb + objects * per_object).min(count(limit))
    }
}

/// All runs, those that are finished included.
#[derive(Debug)]
pub(crate) struct Plan {
    rows: Vec<Row>,
    steps: Vec<Step>,
}

impl Plan {
    /// Every system of a row once, then the next row, then the next round.
    pub(crate) fn new(options: &Options, drivers: &[Driver]) -> Self {
        let rows = options.chosen_rows();
        let mut steps = Vec::new();
        for round in 1..=options.runs {
            for row in &rows {
                let systems = row.systems(drivers).into_iter();
                let systems = systems.filter(|system| options.wants(*system));
                steps.extend(systems.map(|system| Step {
                    row: *row,
                    system,
                    round,
                    verify: round == 1 && options.part != Part::Quick,
                }));
            }
        }
        Self { rows, steps }
    }

    /// Tells rows and systems.
    pub(crate) fn list(&self) {
        for row in &self.rows {
            let steps = self.steps.iter();
            let systems = steps.filter(|step| step.round == 1 && step.row.id == row.id);
            let systems: Vec<_> = systems.map(|step| step.system.to_string()).collect();
            let (title, systems) = (row.title(), systems.join(" "));
            println!("{:18} {title}\n{:18} {systems}", row.id, "");
        }
        println!(
            "{} runs, {}",
            self.steps.len(),
            minutes(seconds(&self.steps))
        );
    }

    /// The runs that are not finished.
    pub(crate) fn left(&self, finished: &State) -> Vec<Step> {
        let is_left = |step: &&Step| {
            !finished.has(&finished.key(&step.row, step.system, step.round))
                && !outrun::is_left_out(finished.all(), step)
        };
        let left: Vec<Step> = self.steps.iter().filter(is_left).copied().collect();
        let (done, all) = (self.steps.len() - left.len(), self.steps.len());
        if done > 0 {
            eprintln!("compare: {done} of {all} runs are finished already");
        }
        left
    }
}

/// Every system that is in a row, each once.
pub(crate) fn systems(rows: &[Row], drivers: &[Driver]) -> Vec<System> {
    let mut systems: Vec<_> = rows.iter().flat_map(|row| row.systems(drivers)).collect();
    systems.sort();
    systems.dedup();
    systems
}

/// What these runs take, in seconds, on a machine with two CPUs and a disk of 1 GB/s that does nothing
/// else.
pub(crate) fn seconds(steps: &[Step]) -> f64 {
    steps.iter().map(Step::seconds).sum()
}

/// Says it, and refuses what there is no room for.
pub(crate) fn say_what_is_written(stage: &Stage, left: &[Step]) -> Result<(), Problem> {
    let storing = || left.iter().filter(|step| step.system.kind.stores());
    let written: u64 = storing().map(written_bytes).sum();
    let most = storing()
        .map(|step| disk_bytes(&step.row.load, step.system.kind))
        .max();
    let (most, free) = (most.unwrap_or_default(), stage.free_bytes()?);
    let gb = |bytes: u64| bytes / 1_000_000_000;
    eprintln!(
        "compare: {} runs, {}; writes {} GB in {}, up to {} GB of it at a time, and removes it at the \
         end; {} GB are free",
        left.len(),
        minutes(seconds(left)),
        gb(written),
        stage.work().display(),
        gb(most),
        gb(free)
    );
    if !stage.is_root() {
        eprintln!("compare: not root: every run has a new directory, no file system of its own");
    }
    if free / FREE_SHARE.1 * FREE_SHARE.0 < most {
        return Err("not enough free space; see --directory".to_owned().into());
    }
    let is_cold = left
        .iter()
        .any(|step| step.row.condition == Condition::Cold);
    if is_cold && !stage.is_root() {
        eprintln!("compare: not root: the page cache is not dropped, so cold rows are not cold");
    }
    Ok(())
}

fn written_bytes(step: &Step) -> u64 {
    let bytes = step.row.load.bytes(step.system.kind);
    if step.system.kind == Kind::Fio {
        bytes / 2
    } else {
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Plan {
        let words = line.split_whitespace().map(str::to_owned);
        let options = Options::parse(words).expect("understood").expect("no help");
        Plan::new(&options, &[Driver::Mio, Driver::Uring])
    }

    #[test]
    fn systems_take_turns_and_rounds_are_outermost() {
        let plan = plan("--rows 512k-4-ignore,512k-256 --runs 2");
        let names = plan
            .steps
            .iter()
            .map(|step| format!("{} {}", step.round, step.system));
        let expected = [
            "1 pdvault-ignore/mio",
            "1 pdvault-ignore/uring",
            "1 bare-discard",
            "1 dcmtk-ignore",
            "1 pdvault/uring",
            "2 pdvault-ignore/mio",
        ];
        assert_eq!(names.take(expected.len()).collect::<Vec<_>>(), expected);
        assert_eq!(plan.steps.len(), 10);
        assert!(
            plan.steps
                .iter()
                .all(|step| step.verify == (step.round == 1))
        );
    }

    #[test]
    fn a_quick_look_leaves_out_who_is_far_behind_unless_asked_for() {
        let has = |plan: &Plan, kind| plan.steps.iter().any(|step| step.system.kind == kind);
        let quick = plan("--quick");
        assert!(has(&quick, Kind::Dcmtk) && !has(&quick, Kind::Orthanc));
        assert!(has(&plan("--quick --systems orthanc"), Kind::Orthanc));
        assert!(has(&plan(""), Kind::Orthanc));
    }
}

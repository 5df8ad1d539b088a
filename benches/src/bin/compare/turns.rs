//! The runs, one after another, each kept as soon as it is finished.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::bench::Bench;
use crate::figures::{Figures, Metric};
use crate::matrix::Row;
use crate::outrun;
use crate::plan::{self, Step};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::stage::Stage;
use crate::state::{Key, Run, State};

/// Does all of them.
pub(crate) fn take(
    bench: &Bench,
    stage: &mut Stage,
    steps: &[Step],
    finished: &mut State,
) -> Result<(), Problem> {
    let mut progress = Progress::new(steps.len(), plan::seconds(steps));
    for step in steps {
        if outrun::is_left_out(finished.all(), step) {
            progress.leave_out(step.seconds());
            continue;
        }
        let name = format!("{}, {}, round {}", step.row.id, step.system, step.round);
        progress.begin(&name);
        let start = Instant::now();
        let figures = run(bench, stage, finished, step)?;
        let took = start.elapsed();
        progress.done(&name, &figures, took, step.seconds());
        finished.add(Run {
            key: finished.key(&step.row, step.system, step.round),
            figures,
            took_s: took.as_secs_f64(),
        })?;
    }
    Ok(())
}

fn run(
    bench: &Bench,
    stage: &mut Stage,
    finished: &State,
    step: &Step,
) -> Result<Figures, Problem> {
    if bench.interrupted.load(Ordering::Relaxed) {
        return Err(Problem::Interrupted);
    }
    let key = finished.key(&step.row, step.system, step.round);
    match rate_for(finished, &step.row, &key) {
        Ok(rate) => bench.run(stage, step, rate),
        Err(text) => Ok(Figures::of_failure(text)),
    }
}

/// Half the rate that the same system reached in another row in this round, in objects a second, where
/// the row asks for it; an error text when there is none.
fn rate_for(finished: &State, row: &Row, key: &Key) -> Result<Option<u64>, String> {
    let Some(top) = row.load.half_rate_of else {
        return Ok(None);
    };
    let is_top = |run: &&Run| {
        run.key.row == top && run.key.system == key.system && run.key.round == key.round
    };
    let runs = finished.all();
    let reached = runs
        .iter()
        .find(is_top)
        .and_then(|run| run.figures.get(Metric::SuccessObjects));
    let reached = reached.ok_or(format!("the rate of {top} is not known"))?;
    Ok(Some(half(reached)))
}

/// Half of it, rounded; at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and far below 2^53"
)]
fn half(rate: f64) -> u64 {
    (rate / 2.0).round().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_rate_is_never_nothing() {
        assert_eq!((half(1001.0), half(0.1)), (501, 1));
    }
}

//! Receivers that are far from winning: one round tells that, and the time of the others is saved.

use crate::figures::Metric;
use crate::matrix::Row;
use crate::plan::Step;
use crate::state::Run;
use crate::system::{Kind, System};

/// A receiver of other people that is so many times slower to stable storage than the best of them in
/// round 1 takes no part in later rounds of that row.
pub(crate) const TIMES_SLOWER: f64 = 5.0;

/// Whether this run is not to be done.
pub(crate) fn is_left_out(runs: &[Run], step: &Step) -> bool {
    step.round > 1 && is_outrun(runs, &step.row, step.system.kind)
}

/// Whether a receiver is outrun in a row. DCMTK never is: targets name it. One that is known to be slow and
/// has failed is, too.
pub(crate) fn is_outrun(runs: &[Run], row: &Row, kind: Kind) -> bool {
    if !kind.is_peer() || kind == Kind::Dcmtk {
        return false;
    }
    let first = |kind| {
        let name = System { kind, driver: None }.to_string();
        let is_it =
            |run: &&Run| run.key.row == row.id && run.key.system == name && run.key.round == 1;
        runs.iter().find(is_it).map(|run| &run.figures)
    };
    let rate = |kind| first(kind)?.get(Metric::StableRate);
    let peers = row.kinds.iter().filter(|kind| kind.is_peer());
    let best = peers.filter_map(|kind| rate(*kind)).reduce(f64::max);
    match (best, rate(kind)) {
        (Some(best), Some(own)) => own * TIMES_SLOWER < best,
        _ => kind.is_slow() && first(kind).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::find;
    use crate::state::run_of_a_gigabyte;

    #[test]
    fn who_is_far_behind_in_round_1_is_left_out_later_but_dcmtk() {
        let runs = [
            run_of_a_gigabyte("512k-8", "dicom-rs", 1, 1.0),
            run_of_a_gigabyte("512k-8", "dcmtk", 1, 6.0),
            run_of_a_gigabyte("512k-8", "orthanc", 1, 5.5),
            run_of_a_gigabyte("512k-8", "pynetdicom", 1, 4.5),
            run_of_a_gigabyte("512k-8", "pdvault/mio", 1, 0.01),
        ];
        let row = find("512k-8").expect("a row");
        let outrun = |kind| is_outrun(&runs, row, kind);
        assert!(outrun(Kind::Orthanc) && !outrun(Kind::Pynetdicom));
        assert!(!outrun(Kind::Dcmtk) && !outrun(Kind::DicomRs) && !outrun(Kind::Object));
        assert!(!outrun(Kind::DcmtkPlain), "it was not measured");
        let mut failed = runs.clone();
        failed[0].figures.failure = Some("refused".to_owned());
        failed[3].figures.failure = Some("refused".to_owned());
        let outrun = |kind| is_outrun(&failed, row, kind);
        assert!(outrun(Kind::Pynetdicom) && !outrun(Kind::DicomRs));
    }
}

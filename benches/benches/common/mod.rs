//! Settings of all benches.

use std::time::Duration;

use criterion::Criterion;

/// Short runs: what is measured here is steady within a second.
pub(crate) fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .without_plots()
}

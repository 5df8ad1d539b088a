//! Settings of all benches, and places to write to.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::path::Path;
use std::time::Duration;

use criterion::Criterion;
use tempfile::TempDir;

/// A file system in memory, on usual Linux machines.
const MEMORY: &str = "/dev/shm";

/// Directories to write to, with what lies under them. They are removed when they are dropped.
pub(crate) fn places() -> Vec<(&'static str, TempDir)> {
    let roots = [
        ("memory", Path::new(MEMORY)),
        ("disk", Path::new(env!("CARGO_TARGET_TMPDIR"))),
    ];
    let directory = |root| tempfile::tempdir_in(root).expect("a directory to write to");
    roots
        .into_iter()
        .filter(|(_, root)| root.is_dir())
        .map(|(name, root)| (name, directory(root)))
        .collect()
}

/// Short runs: what is measured here is steady within a second.
pub(crate) fn config() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .without_plots()
}

/// Still shorter ones, for what has many settings and varies with the disk anyway.
pub(crate) fn short() -> Criterion {
    config()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(15)
}

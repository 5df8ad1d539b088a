//! Runs a load test, or compares two.

use std::process::ExitCode;

use super::{Comparison, Settings};
use crate::logging;

/// Sends, measures, tells.
pub(super) fn run(settings: Settings) -> ExitCode {
    logging::fatal(&format!(
        "load for {} is not built yet",
        settings.requestor.peer
    ));
    ExitCode::FAILURE
}

/// Shows two results side by side.
pub(super) fn compare(files: Comparison) -> ExitCode {
    logging::fatal(&format!("comparing {} is not built yet", files.a.display()));
    ExitCode::FAILURE
}

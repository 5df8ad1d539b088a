//! Runs a job.

use std::process::ExitCode;

use super::Settings;
use crate::logging;

/// Sends the files.
pub(super) fn run(settings: Settings) -> ExitCode {
    logging::fatal(&format!(
        "sending to {} is not built yet",
        settings.requestor.peer
    ));
    ExitCode::FAILURE
}

//! Runs the demonstration.

use std::process::ExitCode;

use super::Settings;
use crate::logging;

/// Shows what pdvault does.
pub(super) fn run(Settings: Settings) -> ExitCode {
    logging::fatal("the demonstration is not built yet");
    ExitCode::FAILURE
}

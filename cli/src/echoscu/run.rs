//! Sends C-ECHO.

use std::process::ExitCode;

use super::Settings;
use crate::logging;

/// Asks the peer.
pub(super) fn run(settings: Settings) -> ExitCode {
    logging::fatal(&format!(
        "asking {} is not built yet",
        settings.requestor.peer
    ));
    ExitCode::FAILURE
}

//! Does what was asked for.

use std::io;
use std::process::ExitCode;

use super::Settings;
use super::settings::Task;
use super::{extract, index, list, stat, verify};
use crate::logging;

pub(super) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command. Exit code 0 if all is well.
pub(super) fn run(settings: &Settings) -> ExitCode {
    let outcome = match settings.task {
        Task::List => list::list(settings),
        Task::Cat => extract::cat(settings),
        Task::Extract => extract::extract(settings),
        Task::Verify => verify::verify(settings),
        Task::Stat => stat::stat(settings),
        Task::Index => index::index(settings),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever reads our output has read enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            logging::fatal(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

//! Starts the receiver, and ends it on a signal.

use std::process::ExitCode;
use std::thread;

use pdvault_engine::receiver::{Receiver, ReceiverHandle, StartError, Stopper};
use signal_hook::iterator::Signals;

use super::{Settings, open_files, report};
use crate::help;
use crate::logging;
use crate::options::storescp::TOOL;
use crate::signals;

/// Serves until the first SIGTERM or SIGINT, then drains. A second signal ends the program at
/// once, unless it is a repetition of the first within a second.
pub(super) fn run(mut settings: Settings) -> ExitCode {
    tracing::debug!("{}\n", help::identification(&TOOL));
    settings.max_associations = open_files::allow(settings.max_associations);
    // Watched from here on, so that a signal during the start is not lost.
    let signals = match signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            logging::fatal(&format!("cannot watch for signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match start(&settings) {
        Ok(receiver) => serve(&settings, receiver, signals),
        Err(error) => {
            report::not_started(&settings, &error);
            ExitCode::FAILURE
        }
    }
}

/// The one place where settings become a receiver.
fn start(settings: &Settings) -> Result<ReceiverHandle, StartError> {
    let mut builder = Receiver::builder()
        .listen(settings.listen)
        .ipv6_only(settings.is_ipv6_only)
        .output_directory(&settings.output_directory)
        .max_pdu(settings.max_pdu_bytes)
        .max_operations(settings.max_operations)
        .accept_all(settings.accept_all)
        .promiscuous(settings.promiscuous)
        .acse_timeout(settings.acse_timeout)
        .dimse_timeout(settings.dimse_timeout)
        .socket_timeout(settings.socket_timeout)
        .drain_timeout(settings.drain_timeout)
        .max_associations(settings.max_associations)
        .driver(settings.driver)
        .landing_memory(settings.landing_memory_bytes)
        .durability(settings.durability)
        .on_duplicate(settings.on_duplicate)
        .unique_filenames(settings.unique_filenames)
        .filename_extension(&settings.filename_extension)
        .ignore(settings.ignore);
    if let Some(count) = settings.workers {
        builder = builder.workers(count);
    }
    if let Some(count) = settings.writers {
        builder = builder.writers(count);
    }
    builder.start()
}

fn serve(settings: &Settings, receiver: ReceiverHandle, signals: Signals) -> ExitCode {
    report::started(settings, &receiver);
    let (stopper, drain_seconds) = (receiver.stopper(), settings.drain_timeout.as_secs());
    thread::spawn(move || obey(signals, &stopper, drain_seconds));
    match receiver.join() {
        Ok(done) => {
            tracing::debug!("{}", report::effort_line(&done));
            tracing::info!("{}", report::end_line(&done));
            ExitCode::SUCCESS
        }
        Err(error) => {
            logging::fatal(&format!("receiver failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The first signal drains. What was not acknowledged has no name yet, so when the second ends the
/// program nothing needs to be put in order.
fn obey(signals: Signals, stopper: &Stopper, drain_seconds: u64) {
    signals::obey(signals, |_, name| {
        tracing::info!("{name} received, finishing what is in flight within {drain_seconds} s");
        stopper.shutdown();
    });
}

//! Starts the receiver, and ends it on a signal.

use std::io;
use std::process::ExitCode;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::Settings;
use crate::engine_stub::{Durability, OnDuplicate, Receiver, ReceiverHandle, StartError};
use crate::help;
use crate::logging;
use crate::options::storescp::TOOL;

/// Serves until the first SIGTERM or SIGINT, then drains. A second signal ends the program at
/// once.
pub(super) fn run(settings: &Settings) -> ExitCode {
    tracing::debug!("{}\n", help::identification(&TOOL));
    raise_open_files_limit();
    // Watched from here on, so that a signal during the start is not lost.
    let signals = match Signals::new([SIGTERM, SIGINT]) {
        Ok(signals) => signals,
        Err(error) => {
            logging::fatal(&format!("cannot watch for signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match start(settings) {
        Ok(receiver) => serve(settings, receiver, signals),
        Err(error) => {
            report(settings, &error);
            ExitCode::FAILURE
        }
    }
}

/// The one place where settings become a receiver.
fn start(settings: &Settings) -> Result<ReceiverHandle, StartError> {
    let mut builder = Receiver::builder()
        .listen(settings.listen)
        .output_directory(settings.output_directory.clone())
        .ae_title(settings.ae_title)
        .max_pdu(settings.max_pdu_bytes)
        .accept_all(settings.accept_all)
        .promiscuous(settings.promiscuous)
        .acse_timeout(settings.acse_timeout)
        .dimse_timeout(settings.dimse_timeout)
        .socket_timeout(settings.socket_timeout)
        .drain_timeout(settings.drain_timeout)
        .max_associations(settings.max_associations)
        .landing_memory(settings.landing_memory_bytes)
        .durability(settings.durability)
        .on_duplicate(settings.on_duplicate)
        .unique_filenames(settings.unique_filenames)
        .filename_extension(settings.filename_extension.clone())
        .ignore(settings.ignore);
    if let Some(count) = settings.workers {
        builder = builder.workers(count);
    }
    if let Some(count) = settings.writers {
        builder = builder.writers(count);
    }
    builder.start()
}

fn serve(settings: &Settings, receiver: ReceiverHandle, mut signals: Signals) -> ExitCode {
    tracing::info!("{}", start_line(settings, &receiver));
    let first = signals.forever().next();
    thread::spawn(move || end_at_next(&mut signals));
    tracing::info!(
        "{} received, finishing what is in progress within {} s",
        first.and_then(signal_name).unwrap_or("signal"),
        settings.drain_timeout.as_secs()
    );
    receiver.shutdown();
    match receiver.join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::fatal(&format!("receiver failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Ends the program with the next signal, as if nobody watched for it. What was not acknowledged
/// has no name yet, so nothing needs to be put in order.
fn end_at_next(signals: &mut Signals) {
    for signal in signals.forever() {
        tracing::warn!("second signal, ending at once");
        // It returns only for signals that have no such default, which are not watched.
        let _ = emulate_default_handler(signal);
    }
}

/// What, where and how durable, in a line.
fn start_line(settings: &Settings, receiver: &ReceiverHandle) -> String {
    let address = receiver.local_addr();
    if settings.ignore {
        return format!("listening on {address}, storing nothing (--ignore)");
    }
    let directory = settings.output_directory.display();
    let durability = match settings.durability {
        Durability::Object => "object",
        Durability::None => "none",
    };
    let on_duplicate = match settings.on_duplicate {
        OnDuplicate::Overwrite => "overwrite",
        OnDuplicate::Keep => "keep",
        OnDuplicate::Refuse => "refuse",
        OnDuplicate::Same => "same",
    };
    format!(
        "listening on {address}, storing in {directory}, durability {durability}, \
         duplicates: {on_duplicate}"
    )
}

/// Logs why the receiver did not start, in DCMTK's words where it has any.
fn report(settings: &Settings, error: &StartError) {
    let port = settings.listen.port();
    match error {
        StartError::Listen {
            kind: io::ErrorKind::PermissionDenied,
            ..
        } => {
            logging::fatal(&format!(
                "cannot listen on port {port}, insufficient privileges"
            ));
        }
        StartError::Listen { .. } => tracing::error!("cannot create network: {error}"),
        StartError::OutputDirectory { .. } => logging::fatal(&format!(
            "specified output directory is not writeable: {error}"
        )),
    }
}

/// Lifts the soft limit on open files to the hard one: a socket and a file for each of many
/// associations pass the usual soft limit of 1024. Where that fails the old limit stays.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(
            "the limit on open files stays at {:?}: {error}",
            limit.current
        );
    }
}

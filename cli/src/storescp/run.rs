//! Starts the receiver, and ends it on a signal.

use std::io;
use std::process::ExitCode;
use std::thread;

use pdvault_engine::receiver::{Receiver, ReceiverHandle, StartError, Stopper};
use pdvault_engine::store::{Durability, OnDuplicate, OpenError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::Settings;
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
        .output_directory(&settings.output_directory)
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
    tracing::info!("{}", start_line(settings, &receiver));
    let (stopper, drain_seconds) = (receiver.stopper(), settings.drain_timeout.as_secs());
    thread::spawn(move || obey(signals, &stopper, drain_seconds));
    match receiver.join() {
        Ok(done) => {
            tracing::info!(
                "ended: {} objects stored, {} failed or refused, {} associations served",
                done.objects_stored,
                done.objects_failed + done.objects_refused,
                done.associations_accepted
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            logging::fatal(&format!("receiver failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The first signal drains; the second ends the program as if nobody watched for it. What was not
/// acknowledged has no name yet, so nothing needs to be put in order.
fn obey(mut signals: Signals, stopper: &Stopper, drain_seconds: u64) {
    let mut signals = signals.forever();
    let Some(first) = signals.next() else { return };
    let name = signal_name(first).unwrap_or("signal");
    tracing::info!("{name} received, finishing what is in progress within {drain_seconds} s");
    stopper.shutdown();
    for signal in signals {
        tracing::warn!("second signal, ending at once");
        // It returns only for signals without such a default, which are not watched.
        let _ = emulate_default_handler(signal);
    }
}

/// What, where and how durable, in a line.
fn start_line(settings: &Settings, receiver: &ReceiverHandle) -> String {
    let place = format!(
        "{} listening on {}",
        settings.ae_title,
        receiver.local_addr()
    );
    if settings.ignore {
        return format!("{place}, storing nothing (--ignore)");
    }
    format!(
        "{place}, storing in {} (durability {}, duplicates {})",
        settings.output_directory.display(),
        durability_name(settings.durability),
        on_duplicate_name(settings.on_duplicate)
    )
}

/// The word of `--durability`.
fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Object => "object",
        Durability::None => "none",
    }
}

/// The word of `--on-duplicate`.
fn on_duplicate_name(on_duplicate: OnDuplicate) -> &'static str {
    match on_duplicate {
        OnDuplicate::Overwrite => "overwrite",
        OnDuplicate::Keep => "keep",
        OnDuplicate::Refuse => "refuse",
        OnDuplicate::Same => "same",
    }
}

/// Logs why the receiver did not start, in DCMTK's words and at its level where it has any.
fn report(settings: &Settings, error: &StartError) {
    let port = settings.listen.port();
    match error {
        StartError::Listen { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
            logging::fatal(&format!(
                "cannot listen on port {port}, insufficient privileges"
            ));
        }
        StartError::Listen { .. } => tracing::error!("cannot create network: {error}"),
        StartError::Store(OpenError::Create { .. }) => {
            logging::fatal(&format!(
                "specified output directory does not exist: {error}"
            ));
        }
        StartError::Store(OpenError::NotWritable { .. }) => {
            logging::fatal(&format!(
                "specified output directory is not writeable: {error}"
            ));
        }
        error => logging::fatal(&error.to_string()),
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

//! Runs the demonstration: a receiver and a sender in this process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pdvault_engine::association::{MAX_SEND_PDU_BYTES, RequestorTimeouts};
use pdvault_engine::receiver::{Receiver, ReceiverHandle};
use pdvault_engine::registry::{EXPLICIT_LITTLE, transfer_syntax};
use pdvault_engine::sender::ConnectionOptions;
use pdvault_engine::value::AeTitle;
use pdvault_loadgen::corpus::{Corpus, Mix};
use pdvault_loadgen::fault::FaultMix;
use pdvault_loadgen::results::Results;
use pdvault_loadgen::run::{self, Outcome, Pace, RunOptions};
use pdvault_loadgen::verify::{Verification, verify};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use super::Settings;
use crate::loadgen::watch::{self, Goal, Signals};
use crate::logging;

/// How many objects are sent at most; those of the mix have 0.85 MB each.
const OBJECTS_MAX: u64 = 1000;

/// The fewest objects that are worth a demonstration.
const OBJECTS_MIN: u64 = 50;

/// What an object takes on the disk, in bytes, with room for how the mix falls.
const OBJECT_BYTES: u64 = 1_000_000;

/// For how long objects are sent at most; looking at them takes about as long again.
const DURATION: Duration = Duration::from_secs(3);

/// How long anything may take that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Associations at once, and objects in flight over each.
const ASSOCIATIONS: usize = 4;
const OPERATIONS: u16 = 4;

type AnyError = Box<dyn std::error::Error>;

/// Shows what pdvault does.
pub(super) fn run(Settings: Settings) -> ExitCode {
    match show() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            logging::fatal(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything arrived as it was sent. The directory is removed in any case: on a signal
/// no more is sent, and what was is looked at.
fn show() -> Result<bool, AnyError> {
    let signals = Signals::watch()?;
    let directory = make_directory()?;
    let objects = objects_for(directory.path())?;
    let receiver = start_receiver(directory.path())?;
    say(&format!(
        "A receiver listens on {} and stores durably in {}.\n\
         Sending up to {objects} CT, MR and CR images, mammograms and reports over {ASSOCIATIONS} \
         associations ...\n",
        receiver.local_addr(),
        directory.path().display()
    ));
    let sent = send(receiver.local_addr(), objects, &signals)?;
    stop_receiver(receiver)?;
    let results = sent.outcome.results(BTreeMap::new());
    tell(&results, sent.cpu);
    let verification = look(directory.path(), &sent)?;
    let is_good = verification.is_good() && results.totals.failed == 0;
    directory.close()?;
    tell_end(&verification, is_good);
    Ok(is_good)
}

/// Where the receiver stores: a directory of its own where temporary files lie.
fn make_directory() -> Result<TempDir, AnyError> {
    let place = std::env::temp_dir();
    let made = tempfile::Builder::new()
        .prefix("pdvault-demo-")
        .tempdir_in(&place);
    made.map_err(|error| {
        let place = place.display();
        format!(
            "no directory for the files can be made in {place}: {error}; set TMPDIR to a directory \
             that can be written to"
        )
        .into()
    })
}

/// What was sent, and what it cost.
struct Sent {
    corpus: Arc<Corpus>,
    outcome: Outcome,
    /// Of receiver and sender together.
    cpu: Duration,
}

fn send(address: SocketAddr, objects: u64, signals: &Signals) -> Result<Sent, AnyError> {
    let syntax = transfer_syntax(EXPLICIT_LITTLE).expect("in the registry");
    let corpus = Arc::new(Corpus::of_mix(Mix::Mixed, syntax)?);
    let cpu_before = process_cpu_time();
    let running = run::start(options(address, objects), Arc::clone(&corpus))?;
    let (outcome, ()) = watch::until_done(running, Goal::Objects(objects), signals, || ())?;
    Ok(Sent {
        corpus,
        outcome,
        cpu: process_cpu_time().saturating_sub(cpu_before),
    })
}

fn start_receiver(directory: &Path) -> Result<ReceiverHandle, AnyError> {
    let receiver = Receiver::builder()
        .listen((Ipv4Addr::LOCALHOST, 0).into())
        .output_directory(directory);
    Ok(receiver.start()?)
}

fn stop_receiver(receiver: ReceiverHandle) -> Result<(), AnyError> {
    receiver.shutdown();
    receiver.join()?;
    Ok(())
}

/// As many objects as half the free space holds.
fn objects_for(directory: &Path) -> Result<u64, AnyError> {
    let status = rustix::fs::statvfs(directory)?;
    let free = status.f_bavail * status.f_frsize;
    let objects = (free / 2 / OBJECT_BYTES).min(OBJECTS_MAX);
    if objects < OBJECTS_MIN {
        let (directory, free) = (directory.display(), free / 1_000_000);
        let text = format!("{directory} has only {free} MB free; set TMPDIR to a larger place");
        return Err(text.into());
    }
    Ok(objects)
}

fn options(address: SocketAddr, objects: u64) -> RunOptions {
    RunOptions {
        address,
        calling_ae_title: AeTitle::new("DEMO").expect("legal"),
        called_ae_title: AeTitle::new("PDVAULT").expect("legal"),
        max_pdu_bytes: 16_384,
        associations: ASSOCIATIONS,
        operations: OPERATIONS,
        per_object: false,
        pace: Pace::Closed,
        ramp: Duration::ZERO,
        warm_up: Duration::ZERO,
        duration: Some(DURATION),
        objects: Some(objects),
        drain: PATIENCE,
        threads: thread::available_parallelism().map_or(1, usize::from),
        connection: ConnectionOptions {
            timeouts: RequestorTimeouts {
                acse: PATIENCE,
                dimse: Some(PATIENCE),
                socket: Some(PATIENCE),
            },
            connect_timeout: Some(PATIENCE),
            max_send_pdu_bytes: MAX_SEND_PDU_BYTES,
        },
        faults: FaultMix::default(),
        seed: 0,
        keep_acknowledged: true,
    }
}

/// Looks at every file.
fn look(directory: &Path, sent: &Sent) -> Result<Verification, AnyError> {
    say("\nComparing every file with what was sent ...\n");
    let acknowledged = sent.outcome.acknowledged();
    Ok(verify(directory, &sent.corpus, acknowledged)?)
}

/// Rate, latency, and where the time went. `cpu` is that of receiver and sender together.
fn tell(results: &Results, cpu: Duration) {
    let receiver_cpu = (cpu.as_secs_f64() - results.totals.cpu_s).max(0.0);
    let cpus = results.host.cpus;
    say(&format!(
        "{}receiver's CPU {receiver_cpu:.2} s; both shared {cpus} CPUs for {:.2} s\n",
        results.table(),
        results.totals.measured_s
    ));
}

fn tell_end(verification: &Verification, is_good: bool) {
    let verdict = if is_good {
        "All is well: every acknowledged object is there, byte for byte."
    } else {
        "Something is wrong; please report it."
    };
    say(&format!(
        "{verification}\n\n{verdict} The files are removed.\n"
    ));
}

fn say(text: &str) {
    logging::print(text);
}

fn process_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

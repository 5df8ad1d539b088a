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
use pdvault_loadgen::results::{Results, Totals};
use pdvault_loadgen::run::{self, Outcome, Pace, RunOptions};
use pdvault_loadgen::verify::{Verification, verify};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use super::Settings;
use crate::loadgen::watch::{self, Goal, Signals};
use crate::logging;

/// How many objects are sent at most; those of the mix have 0.85 MB each.
const OBJECTS_MAX: u64 = 600;

/// The fewest objects that are worth a demonstration.
const OBJECTS_MIN: u64 = 50;

/// What an object takes on the disk, in bytes, with room for how the mix falls.
const OBJECT_BYTES: u64 = 1_000_000;

/// For how long objects are sent at most. They are read back then, which on a busy machine takes up to
/// three times as long, and all of it is to be over in ten seconds.
const DURATION: Duration = Duration::from_millis(1500);

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
    directory.close()?;
    let verdict = Verdict::of(&verification, &results.totals);
    say(&format!(
        "{verification}\n\n{} The files have been removed.\n",
        verdict.text()
    ));
    Ok(verdict == Verdict::Good)
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
        "{}receiver's CPU {receiver_cpu:.2} s; sender and receiver shared {cpus} CPUs for {:.2} s\n",
        results.table(),
        results.totals.measured_s
    ));
}

/// What the demonstration has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It was interrupted before anything could be shown.
    Nothing,
    Bad,
}

impl Verdict {
    fn of(verification: &Verification, totals: &Totals) -> Self {
        if !verification.is_good() || totals.failed > 0 {
            Self::Bad
        } else if verification.acknowledged == 0 {
            Self::Nothing
        } else {
            Self::Good
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Good => "All is well: every acknowledged object is there, byte for byte.",
            Self::Nothing => "It ended before any object was acknowledged: try again.",
            Self::Bad => "Something is wrong: please report it with all of this output.",
        }
    }
}

fn say(text: &str) {
    logging::print(text);
}

fn process_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_well_only_where_something_arrived_and_nothing_failed() {
        let arrived = |acknowledged, different| Verification {
            acknowledged,
            different,
            ..Verification::default()
        };
        let failed = |failed| Totals {
            failed,
            ..Totals::default()
        };
        for (verification, totals, expected) in [
            (arrived(5, 0), failed(0), Verdict::Good),
            (arrived(0, 0), failed(0), Verdict::Nothing),
            (arrived(0, 0), failed(5), Verdict::Bad),
            (arrived(5, 0), failed(1), Verdict::Bad),
            (arrived(5, 1), failed(0), Verdict::Bad),
        ] {
            assert_eq!(Verdict::of(&verification, &totals), expected);
        }
    }
}

//! Runs a load test, or compares two.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pdvault_loadgen::corpus::{Corpus, CorpusError};
use pdvault_loadgen::fault::{FaultError, FaultMix};
use pdvault_loadgen::observe::Observer;
use pdvault_loadgen::results::{self, Results};
use pdvault_loadgen::run::{self, Outcome, Pace, RunOptions};
use pdvault_loadgen::verify::verify;

use super::outputs::Outputs;
use super::settings::{Json, Objects};
use super::watch::{self, Goal, Signals};
use super::{Comparison, Settings, Typed};
use crate::logging;
use crate::options::Entry;
use crate::options::loadgen::TOOL;
use crate::requesting::Peer;

/// The exit code when the results are not as expected.
const EXIT_UNEXPECTED: u8 = 2;

/// How long the last responses, and in an open loop free associations, are waited for.
const DRAIN: Duration = Duration::from_secs(30);

/// Seeds that are drawn are below this, as those that can be typed.
const SEED_END: u64 = i64::MAX as u64;

type AnyError = Box<dyn std::error::Error>;

/// Sends, measures, tells.
pub(super) fn run(settings: &Settings) -> ExitCode {
    match measure(settings) {
        Ok(code) => code,
        Err(error) => {
            logging::fatal(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn measure(settings: &Settings) -> Result<ExitCode, AnyError> {
    let outputs = Outputs::open(settings)?;
    let corpus = Arc::new(corpus(&settings.objects)?);
    let options = options(settings)?;
    let goal = goal(settings);
    let observer = observer(settings)?;
    let seed = options.seed;
    let signals = Signals::watch()?;
    let running = run::start(options, Arc::clone(&corpus))?;
    let (outcome, observation) =
        watch::until_done(running, goal, &signals, || observer.map(Observer::end))?;
    let interrupted = signals.exit_code();
    drop(signals);
    let mut results = outcome.results(settings.options.clone());
    results.seed = seed;
    if let Some(observation) = observation {
        results.observe(&observation?);
    }
    let is_verified = look(settings, &outcome, &corpus, &mut results);
    tell(settings, &results.table());
    outputs.write(&results)?;
    let is_as_expected = tell_expectations(settings, &results);
    if results.is_failure() {
        logging::fatal("no object was acknowledged: the table says why under \"failed\"");
    }
    Ok(if results.is_interrupted {
        interrupted
    } else if !is_verified {
        ExitCode::FAILURE
    } else if !is_as_expected {
        ExitCode::from(EXIT_UNEXPECTED)
    } else if results.is_failure() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn corpus(objects: &Objects) -> Result<Corpus, CorpusError> {
    match objects {
        Objects::Mix(mix, syntax) => Corpus::of_mix(*mix, syntax),
        Objects::Size(bytes, syntax) => Corpus::of_size(*bytes, syntax),
        Objects::Files(directory) => {
            let (corpus, left_out) = Corpus::of_files(directory)?;
            for (path, problem) in left_out {
                tracing::warn!("{} is left out: {problem}", path.display());
            }
            Ok(corpus)
        }
    }
}

/// What the settings mean for a run. A seed that was not given is drawn.
fn options(settings: &Settings) -> Result<RunOptions, AnyError> {
    let seed = settings.seed.unwrap_or_else(|| fastrand::u64(..SEED_END));
    let (requestor, sending) = (&settings.requestor, &settings.sending);
    let peer = Peer::new(requestor, sending.max_send_pdu_bytes);
    Ok(RunOptions {
        address: answering(&peer.addresses()?, peer.options().connect_timeout),
        calling_ae_title: requestor.calling,
        called_ae_title: requestor.called,
        max_pdu_bytes: requestor.max_pdu_bytes,
        associations: sending.associations,
        operations: sending.async_ops.unwrap_or(1),
        per_object: settings.per_object,
        pace: pace(settings),
        ramp: settings.ramp,
        warm_up: settings.warm_up,
        duration: settings.duration,
        objects: settings.count,
        drain: DRAIN,
        threads: thread::available_parallelism().map_or(1, usize::from),
        connection: peer.options().clone(),
        faults: faults(settings, seed)?,
        seed,
        keep_acknowledged: settings.verify.is_some(),
    })
}

/// The first address of a peer that takes a connection, which is closed at once. One alone is not tried;
/// where none answers the first is taken, and the run tells why it can't be reached.
fn answering(addresses: &[SocketAddr], timeout: Option<Duration>) -> SocketAddr {
    let answers = |address: &SocketAddr| match timeout {
        Some(timeout) => TcpStream::connect_timeout(address, timeout).is_ok(),
        None => TcpStream::connect(address).is_ok(),
    };
    let answering = match addresses {
        [_] => None,
        several => several.iter().find(|address| answers(address)),
    };
    *answering.unwrap_or(&addresses[0])
}

/// Looks at the receiver's machine, if that was asked for.
fn observer(settings: &Settings) -> io::Result<Option<Observer>> {
    let (receiver, synced) = (settings.receiver_pid, settings.sync.as_deref());
    let is_wanted = receiver.is_some() || synced.is_some();
    is_wanted
        .then(|| Observer::begin(receiver, synced))
        .transpose()
}

fn pace(settings: &Settings) -> Pace {
    let arrivals = settings.arrivals;
    settings
        .arrival_rate
        .map_or(Pace::Closed, |rate| Pace::Open {
            per_second: f64::from(rate),
            arrivals,
        })
}

fn faults(settings: &Settings, seed: u64) -> Result<FaultMix, FaultError> {
    FaultMix::new(&settings.faults, seed)
}

fn goal(settings: &Settings) -> Goal {
    match (settings.duration, settings.count) {
        (Some(duration), _) => Goal::Time(settings.warm_up + duration),
        (None, count) => Goal::Objects(count.unwrap_or_default()),
    }
}

/// Looks for the objects, if that was asked for. Returns whether all is well with them; the results
/// are told in any case.
fn look(settings: &Settings, outcome: &Outcome, corpus: &Corpus, results: &mut Results) -> bool {
    let Some(directory) = &settings.verify else {
        return true;
    };
    match verify(directory, corpus, outcome.acknowledged()) {
        Ok(verification) => {
            let is_good = verification.is_good();
            results.verification = Some(verification);
            is_good
        }
        Err(error) => {
            logging::fatal(&format!("nothing is verified: {error}"));
            false
        }
    }
}

/// Shows text: on standard error where standard output is for machines.
fn tell(settings: &Settings, text: &str) {
    if settings.json == Some(Json::StandardOutput) {
        logging::print_error(text);
    } else {
        logging::print(text);
    }
}

/// Says of each expectation whether it is met; returns whether all are.
fn tell_expectations(settings: &Settings, results: &Results) -> bool {
    let mut all_met = true;
    for expectation in &settings.expectations {
        let is_met = expectation.is_met(results);
        all_met &= is_met;
        let verdict = if is_met {
            "as expected"
        } else {
            "NOT AS EXPECTED"
        };
        let found = expectation.found(results);
        tell(settings, &format!("{verdict}: {expectation}, {found}\n"));
    }
    all_met
}

/// What an option was in a run in which it was not given: nothing when another of its group was.
fn default(results: &Results, name: &str) -> Option<&'static str> {
    let is_typed = |entry: &Entry<Typed>| results.options.contains_key(name_of(entry));
    let entry = TOOL.entries().find(|entry| name_of(entry) == name)?;
    let is_rival = |other: &Entry<Typed>| entry.group.is_some() && other.group == entry.group;
    let is_timed = name != "duration" || !results.options.contains_key("count");
    let has_rival = TOOL
        .entries()
        .any(|other| is_rival(other) && is_typed(other));
    entry.default.filter(|_| is_timed && !has_rival)
}

/// As it stands in results.
fn name_of(entry: &Entry<Typed>) -> &'static str {
    entry.long.trim_start_matches("--")
}

/// Shows two results side by side.
pub(super) fn compare(files: Comparison) -> ExitCode {
    let Comparison { a, b, .. } = files;
    let read = Results::read(&a).and_then(|a| Ok((a, Results::read(&b)?)));
    match read {
        Ok((a, b)) => {
            logging::print(&results::compare(&a, &b, &default));
            ExitCode::SUCCESS
        }
        Err(error) => {
            logging::fatal(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

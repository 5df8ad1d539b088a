//! A run: threads, each with an event loop and its share of the associations.

mod agenda;
mod desk;
mod options;
mod payload;
mod slot;
mod timer;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pdvault_engine::association::proposal::CONTEXTS_MAX;
use pdvault_engine::pdu::{AssociateRq, PduError};
use pdvault_engine::value::Uid;

pub use options::{ASSOCIATIONS_MAX, Pace, RunOptions};

use crate::corpus::Corpus;
use crate::fault::{Crew, CrewReport, CrewSetup};
use crate::measure::Record;
use crate::number_set::NumberSet;
use crate::proposal::Proposal;
use crate::results::{Effort, FaultCounts, Results};
use worker::Worker;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Nobody takes associations.
    #[error("no association with {address}: {reason}")]
    NoAssociation {
        /// The receiver's address.
        address: std::net::SocketAddr,
        /// Why the last attempt failed.
        reason: String,
    },
    /// The receiver takes none of what there is to send.
    #[error(
        "the receiver accepts none of the {0} presentation contexts: it takes these SOP classes in \
         other transfer syntaxes, or not at all"
    )]
    NothingAccepted(usize),
    /// The objects are of too many kinds.
    #[error(
        "the objects are of more than {CONTEXTS_MAX} pairs of SOP class and transfer syntax, which \
         is all that an association takes: send a part of them"
    )]
    TooManyContexts,
    /// The association cannot be asked for.
    #[error("the association request cannot be sent: {0}")]
    Request(#[from] PduError),
    /// The system does not give what is needed.
    #[error("cannot send: {0}; are descriptors or threads running out?")]
    System(#[from] io::Error),
}

/// Ends a run early when it is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Objects acknowledged.
    pub objects: u64,
    /// Bytes of their data sets.
    pub bytes: u64,
    /// Objects that failed.
    pub failed: u64,
}

/// What the threads share.
struct Shared {
    options: RunOptions,
    corpus: Arc<Corpus>,
    proposal: Proposal,
    request: AssociateRq,
    /// The SOP classes of the templates.
    classes: Vec<Uid>,
    start: Instant,
    /// The number of the next object.
    next: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
    stop: StopFlag,
    /// When the run was asked to end early, from its start.
    interrupted: OnceLock<Duration>,
    /// Whether any association has come to stand.
    has_associated: AtomicBool,
    /// What ended the run.
    error: Mutex<Option<RunError>>,
    crew: Option<Crew>,
}

impl Shared {
    /// When the run was over, from its start, if that was a matter of time.
    fn end(&self) -> Option<Duration> {
        let begun = self.next.load(Ordering::Relaxed);
        let is_complete = self.options.objects.is_some_and(|count| begun >= count);
        let interrupted = self.interrupted.get().copied();
        let planned = self.options.end().filter(|_| !is_complete);
        planned.into_iter().chain(interrupted).min()
    }

    /// Ends the run for a reason; the first one counts.
    fn give_up(&self, error: RunError) {
        let mut first = self.error.lock().expect("held for a moment only");
        first.get_or_insert(error);
        self.stop.set();
    }
}

/// A run that is going on.
#[must_use = "join it"]
pub struct Running {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<WorkerReport>>,
}

/// What one thread reports.
struct WorkerReport {
    record: Record,
    effort: Effort,
}

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    record: Record,
    effort: Effort,
    is_interrupted: bool,
    faults: Vec<FaultCounts>,
}

/// Starts sending.
pub fn start(options: RunOptions, corpus: Arc<Corpus>) -> Result<Running, RunError> {
    let proposal = Proposal::of(&corpus).ok_or(RunError::TooManyContexts)?;
    let titles = (options.calling_ae_title, options.called_ae_title);
    let request = |operations| proposal.request(titles, options.max_pdu_bytes, operations);
    let stop = StopFlag::default();
    let crew_setup = CrewSetup {
        address: options.address,
        request: request(1)?,
        proposal: proposal.clone(),
        corpus: Arc::clone(&corpus),
        stop: stop.clone(),
    };
    let has_faults = !options.faults.is_empty();
    let crew = has_faults.then(|| Crew::start(crew_setup)).transpose()?;
    let templates = corpus.templates().iter();
    let shared = Arc::new(Shared {
        classes: templates
            .map(|template| Uid::from(template.sop_class()))
            .collect(),
        request: request(options.operations)?,
        options,
        corpus,
        proposal,
        start: Instant::now(),
        next: AtomicU64::new(0),
        objects: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        stop,
        interrupted: OnceLock::new(),
        has_associated: AtomicBool::new(false),
        error: Mutex::new(None),
        crew,
    });
    let workers = start_workers(&shared)?;
    Ok(Running { shared, workers })
}

fn start_workers(shared: &Arc<Shared>) -> io::Result<Vec<JoinHandle<WorkerReport>>> {
    let count = shared.options.thread_count();
    let workers = (0..count).map(|number| Worker::new(shared, number, count));
    let workers = workers.collect::<io::Result<Vec<_>>>()?;
    let threads = workers.into_iter().map(|worker| {
        thread::Builder::new()
            .name("sender".to_owned())
            .spawn(move || worker.work())
    });
    threads.collect()
}

/// Shows a run to another thread.
#[derive(Clone)]
pub struct Monitor(Arc<Shared>);

impl Monitor {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            elapsed: self.0.start.elapsed(),
            objects: self.0.objects.load(Ordering::Relaxed),
            bytes: self.0.bytes.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
        }
    }

    /// Ends it early: no further object is begun; what is in flight has a moment to be answered.
    pub fn stop(&self) {
        self.0.interrupted.get_or_init(|| self.0.start.elapsed());
        self.0.stop.set();
    }
}

impl Running {
    /// Something to watch it by.
    pub fn monitor(&self) -> Monitor {
        Monitor(Arc::clone(&self.shared))
    }

    /// Waits for the end.
    pub fn join(self) -> Result<Outcome, RunError> {
        let options = &self.shared.options;
        let mut record = Record::new(options.warm_up, options.keep_acknowledged);
        let mut effort = Effort::default();
        for worker in self.workers {
            let report = worker.join().expect("a sending thread does not panic");
            record.merge(&report.record);
            effort.cpu += report.effort.cpu;
            effort.wall += report.effort.wall;
        }
        record.ended = self.shared.end();
        let is_interrupted = self.shared.interrupted.get().is_some();
        let error = self
            .shared
            .error
            .lock()
            .expect("held for a moment only")
            .take();
        let crew = self.shared.crew.as_ref();
        let faults = crew.map_or_else(CrewReport::default, Crew::finish);
        record.acknowledged.merge(&faults.acknowledged);
        match error {
            Some(error) => Err(error),
            None => Ok(Outcome {
                record,
                effort,
                is_interrupted,
                faults: faults.counts,
            }),
        }
    }
}

impl Outcome {
    /// The results, with the options of the run as they are to be shown.
    pub fn results(&self, options: BTreeMap<String, String>) -> Results {
        let mut results = Results::new(&self.record, self.effort, options);
        results.is_interrupted = self.is_interrupted;
        results.faults.clone_from(&self.faults);
        results
    }

    /// The numbers of the objects that were acknowledged, those of faults included, if they were
    /// kept.
    pub fn acknowledged(&self) -> &NumberSet {
        &self.record.acknowledged
    }
}

//! The threads that send objects wrong.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use pdvault_engine::pdu::AssociateRq;

use super::Fault;
use super::conversation::{Conversation, Outcome};
use super::script;
use crate::corpus::Corpus;
use crate::number_set::NumberSet;
use crate::proposal::Proposal;
use crate::results::FaultCounts;
use crate::run::StopFlag;

/// How many faults are made at once. Most of them wait all the time.
const THREADS: usize = 16;

/// How many faults may wait for their turn. When a receiver lets so many hang, more of them would
/// teach nothing; they are left out and counted.
const WAITING_MAX: usize = 64;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A fault to be made with object `number`.
struct Job {
    fault: Fault,
    number: u64,
}

/// What the crew works with.
pub(crate) struct CrewSetup {
    pub(crate) address: SocketAddr,
    pub(crate) request: AssociateRq,
    pub(crate) proposal: Proposal,
    pub(crate) corpus: Arc<Corpus>,
    pub(crate) stop: StopFlag,
}

/// The crew; [`Crew::finish`] waits for it.
pub(crate) struct Crew {
    /// `None` once it is finished.
    jobs: Mutex<Option<Sender<Job>>>,
    left_out: [AtomicU64; Fault::ALL.len()],
    threads: Mutex<Vec<JoinHandle<CrewReport>>>,
}

/// What came of the faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct CrewReport {
    outcomes: BTreeMap<Fault, BTreeMap<String, u64>>,
    /// Objects that were acknowledged all the same.
    pub(crate) acknowledged: NumberSet,
    pub(crate) counts: Vec<FaultCounts>,
}

impl Crew {
    pub(crate) fn start(setup: CrewSetup) -> io::Result<Self> {
        let setup = Arc::new(setup);
        let (jobs, waiting) = bounded(WAITING_MAX);
        let threads = (0..THREADS).map(|_| {
            let (setup, waiting) = (Arc::clone(&setup), waiting.clone());
            thread::Builder::new()
                .name("fault".to_owned())
                .spawn(move || work(&setup, &waiting))
        });
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            left_out: Default::default(),
            threads: Mutex::new(threads.collect::<io::Result<_>>()?),
        })
    }

    /// Has a fault made with object `number`, unless too many are waiting.
    pub(crate) fn order(&self, fault: Fault, number: u64) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = |jobs: &Sender<Job>| jobs.try_send(Job { fault, number }).is_ok();
        if !jobs.as_ref().is_some_and(is_taken) {
            self.left_out[fault as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all faults that were ordered are made.
    pub(crate) fn finish(&self) -> CrewReport {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = CrewReport::default();
        for thread in threads.drain(..) {
            report.merge(
                &thread
                    .join()
                    .expect("a thread that makes faults does not panic"),
            );
        }
        report.count(&self.left_out);
        report
    }
}

fn work(setup: &CrewSetup, jobs: &Receiver<Job>) -> CrewReport {
    let mut report = CrewReport::default();
    for job in jobs {
        if setup.stop.is_set() {
            continue;
        }
        let outcome = make(setup, &job).unwrap_or_else(|outcome| outcome);
        if outcome == Outcome::Acknowledged {
            report.acknowledged.insert(job.number);
        }
        let outcomes = report.outcomes.entry(job.fault).or_default();
        *outcomes.entry(outcome.to_string()).or_default() += 1;
    }
    report
}

fn make(setup: &CrewSetup, job: &Job) -> Result<Outcome, Outcome> {
    let object = setup.corpus.object(job.number);
    let context = setup.proposal.context(setup.corpus.template_of(job.number));
    let stream = TcpStream::connect_timeout(&setup.address, CONNECT_TIMEOUT)?;
    let conversation = Conversation::open(stream, setup.request.clone(), context)?;
    script::perform(job.fault, conversation, &object, &setup.stop)
}

impl CrewReport {
    fn merge(&mut self, other: &Self) {
        self.acknowledged.merge(&other.acknowledged);
        for (fault, outcomes) in &other.outcomes {
            let own = self.outcomes.entry(*fault).or_default();
            for (outcome, count) in outcomes {
                *own.entry(outcome.clone()).or_default() += count;
            }
        }
    }

    fn count(&mut self, left_out: &[AtomicU64]) {
        for (fault, left_out) in Fault::ALL.into_iter().zip(left_out) {
            let outcomes = self.outcomes.remove(&fault).unwrap_or_default();
            let counts = FaultCounts {
                fault: fault.name().to_owned(),
                made: outcomes.values().sum(),
                left_out: left_out.load(Ordering::Relaxed),
                outcomes,
            };
            if counts.made + counts.left_out > 0 {
                self.counts.push(counts);
            }
        }
    }
}

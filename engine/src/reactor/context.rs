//! What all event loops share: policy, memory, store, limits, counters, and the phase of life.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::association::{Policy, Timeouts};
use crate::landing::LandingPool;
use crate::store::{Discarding, Outcome, StoreHandle};
use crate::value::{AeTitle, Uid};

use super::mailbox::Mailbox;
use super::statistics::{Counters, Statistics};

/// How many connections may be open beyond the limit of associations: enough to hear out and reject
/// whoever comes too many, by A-ASSOCIATE-RJ. Further ones are closed without a word.
pub(super) const CONNECTIONS_BEYOND_ASSOCIATIONS: usize = 256;

/// Where objects go.
pub(crate) enum Storage {
    /// Into files.
    Files(StoreHandle),
    /// Nowhere (`--ignore`).
    Ignore(Discarding),
}

/// How much there may be of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Associations open at once.
    pub(crate) associations_max: usize,
    /// How long open associations may go on after the receiver was told to stop.
    pub(crate) drain: Duration,
}

/// An object that was stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredObject {
    /// SOP class UID of the command.
    pub sop_class: Uid,
    /// SOP instance UID of the command.
    pub sop_instance: Uid,
    /// UID of the transfer syntax.
    pub transfer_syntax: &'static str,
    /// The sender's AE title.
    pub calling_ae_title: AeTitle,
    /// The AE title that the sender called.
    pub called_ae_title: AeTitle,
    /// The sender's address.
    pub peer: SocketAddr,
    /// The file.
    pub path: PathBuf,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// Whether it is new, and what became of an older one of that name.
    pub outcome: Outcome,
}

/// Told of every stored object, on the thread of an event loop: it must return soon.
pub(crate) type OnStored = Box<dyn Fn(&StoredObject) + Send + Sync>;

/// See the [module documentation](self).
pub(crate) struct Context {
    pub(super) policy: Arc<Policy>,
    pub(super) timeouts: Timeouts,
    pub(super) limits: Limits,
    pub(super) pool: LandingPool,
    pub(super) storage: Storage,
    pub(super) on_stored: Option<OnStored>,
    pub(super) statistics: Counters,
    /// The bytes in the inboxes of all connections.
    pub(super) inbox_bytes: Arc<AtomicUsize>,
    associations_open: AtomicUsize,
    phase: AtomicU8,
    loops: OnceLock<Vec<Arc<Mailbox>>>,
}

/// The life of a receiver; it only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Running,
    /// No new connections; what is open may end by itself.
    Draining,
    /// Everything ends now.
    Stopping,
}

impl Context {
    pub(crate) fn new(
        policy: Policy,
        timeouts: Timeouts,
        limits: Limits,
        pool: LandingPool,
        storage: Storage,
        on_stored: Option<OnStored>,
    ) -> Self {
        Self {
            policy: Arc::new(policy),
            timeouts,
            limits,
            pool,
            storage,
            on_stored,
            statistics: Counters::default(),
            inbox_bytes: Arc::new(AtomicUsize::new(0)),
            associations_open: AtomicUsize::new(0),
            phase: AtomicU8::new(Phase::Running as u8),
            loops: OnceLock::new(),
        }
    }

    /// Makes the loops known to each other; once, before any of them runs.
    pub(super) fn set_loops(&self, loops: Vec<Arc<Mailbox>>) {
        assert!(self.loops.set(loops).is_ok(), "loops are set once");
    }

    pub(super) fn loops(&self) -> &[Arc<Mailbox>] {
        self.loops.get().map_or(&[], Vec::as_slice)
    }

    /// Somebody waits for memory: every loop should look whether it holds some back.
    pub(super) fn wake_all_loops(&self) {
        for mailbox in self.loops() {
            mailbox.wake();
        }
    }

    /// Counts an association in, unless there are too many.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Permit> {
        let max = self.limits.associations_max;
        let admitted =
            self.associations_open
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                    (open < max).then_some(open + 1)
                });
        admitted.ok().map(|_| Permit(Arc::clone(self)))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.statistics
            .read(self.associations_open.load(Ordering::Relaxed))
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Stopping,
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.phase() >= Phase::Draining
    }

    /// No new connections from now on.
    pub(crate) fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// Everything ends now.
    pub(crate) fn stop(&self) {
        self.advance(Phase::Stopping);
    }

    fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.wake_all_loops();
    }
}

/// A place under the limit of associations; dropping it gives it back.
pub(super) struct Permit(Arc<Context>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.associations_open.fetch_sub(1, Ordering::Relaxed);
    }
}

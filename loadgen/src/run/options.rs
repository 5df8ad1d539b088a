//! How a run is made.

use std::net::SocketAddr;
use std::time::Duration;

use pdvault_engine::sender::ConnectionOptions;
use pdvault_engine::value::AeTitle;

use crate::fault::FaultMix;
use crate::schedule::Arrivals;

/// The most associations of a run: a port number and a descriptor each.
pub const ASSOCIATIONS_MAX: usize = 20_000;

/// What decides when an object is begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// The responses: as many objects are in flight as associations and their windows allow.
    Closed,
    /// The clock: so many objects a second are due, whatever the receiver does.
    Open {
        /// Objects a second, above 0.
        per_second: f64,
        /// How they arrive.
        arrivals: Arrivals,
    },
}

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The receiver.
    pub address: SocketAddr,
    /// Our AE title.
    pub calling_ae_title: AeTitle,
    /// The receiver's.
    pub called_ae_title: AeTitle,
    /// The longest PDU that we take, in bytes; 0 is no limit (PS3.8 D.1).
    pub max_pdu_bytes: u32,
    /// Associations at once, 1 to [`ASSOCIATIONS_MAX`].
    pub associations: usize,
    /// Objects in flight that each association asks for; 1 asks for no window (PS3.7 D.3.3.3).
    pub operations: u16,
    /// Whether each object has an association of its own.
    pub per_object: bool,
    /// What decides when an object is begun.
    pub pace: Pace,
    /// Over which time the load grows to the full: the arrival rate in an open loop, the number of
    /// associations in a closed one.
    pub ramp: Duration,
    /// For how long what is due is not measured.
    pub warm_up: Duration,
    /// For how long objects are begun after the warm-up; `None`: until `objects` are.
    pub duration: Option<Duration>,
    /// How many objects are begun at most; `None`: until the time is over.
    pub objects: Option<u64>,
    /// For how long after the last object is due responses, and in an open loop free associations,
    /// are waited for.
    pub drain: Duration,
    /// Sending threads, at least 1.
    pub threads: usize,
    /// Time-outs, and the longest PDU to send.
    pub connection: ConnectionOptions,
    /// Objects that are sent wrong on purpose.
    pub faults: FaultMix,
    /// What arrivals and faults are drawn from.
    pub seed: u64,
    /// Whether the numbers of the acknowledged objects are kept, to verify them.
    pub keep_acknowledged: bool,
}

impl RunOptions {
    /// When the last object is due at the latest, from the start.
    pub(super) fn end(&self) -> Option<Duration> {
        Some(self.warm_up + self.duration?)
    }

    /// A thread without an association would have nothing to do.
    pub(super) fn thread_count(&self) -> usize {
        self.threads.clamp(1, self.associations.max(1))
    }
}

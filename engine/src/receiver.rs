//! The public door: start a receiver, watch it, stop it.
//!
//! ```
//! use pdvault_engine::receiver::Receiver;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = tempfile::tempdir()?;
//! let receiver = Receiver::builder()
//!     .listen(([127, 0, 0, 1], 0).into())
//!     .output_directory(directory.path())
//!     .landing_memory(16 << 20)
//!     .on_stored(|object| println!("{} is safe in {}", object.sop_instance, object.path.display()))
//!     .start()?;
//! println!("send to {}", receiver.local_addr());
//!
//! // ... and when it is time to go:
//! receiver.shutdown();
//! let statistics = receiver.join()?;
//! assert_eq!(statistics.objects_stored, 0);
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::association::{Policy, Timeouts};
use crate::landing::{
    CHUNK_BYTES_DEFAULT, LANDING_BYTES_DEFAULT, LandingConfig, LandingError, LandingPool,
};
use crate::reactor::{self, Context, Limits, NoDriver, OnStored, Storage};
use crate::store::{
    Discarding, Durability, OnDuplicate, OpenError, SinkFactory, Store, StoreConfig, SystemSinks,
    WRITERS_DEFAULT,
};

pub use crate::reactor::{ChosenDriver, Driver, Statistics, StoredObject, UringUnavailable};

/// The registered port of DICOM (PS3.8 9.1.1); the well-known one, 104, takes privileges.
pub const PORT_DEFAULT: u16 = 11112;

/// The maximum length announced by default, in bytes. Larger PDUs mean fewer headers and system
/// calls; 128 KiB is the most that DCMTK sends.
pub const MAX_PDU_BYTES_DEFAULT: u32 = 131_072;

/// The range of the maximum length, in bytes; DCMTK's.
pub const MAX_PDU_BYTES: std::ops::RangeInclusive<u32> = 4096..=131_072;

/// Associations open at once by default.
pub const ASSOCIATIONS_MAX_DEFAULT: usize = 1000;

/// The most event loops; beyond any machine's cores it only costs.
pub const WORKERS_MAX: usize = 256;

/// The smallest chunk of landing memory, in bytes: file meta information and a fragment fit.
const CHUNK_BYTES_MIN: usize = 64 * 1024;

/// The fewest chunks that small landing memory is cut into.
const CHUNKS_MIN: usize = 64;

/// Connections that the kernel holds for us until they are accepted; it may cut this down.
const BACKLOG: i32 = 1024;

/// The longest queue of one writer, in messages. With so many chunks and associations that it could
/// fill, a loop may have to wait for one write; without this bound, each writer's queue would take a
/// place for every store that may await its response.
const QUEUE_DEPTH_MAX: usize = 2048;

/// Stores of one association that may await their response, by default.
pub const OPERATIONS_DEFAULT: usize = 16;

/// The most of them. Each may hold a chunk of landing memory, of which there are 256 by default.
pub const OPERATIONS_MAX: usize = 256;

/// A DICOM storage SCP. See the [module documentation](self).
#[derive(Debug)]
pub struct Receiver(());

impl Receiver {
    /// A receiver to be configured, with the defaults of [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }
}

/// The settings of a receiver.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[must_use = "a builder does nothing before `start`"]
pub struct Builder {
    listen: SocketAddr,
    ipv6_only: bool,
    max_pdu_bytes: u32,
    accept_all: bool,
    promiscuous: bool,
    operations_max: usize,
    timeouts: Timeouts,
    limits: Limits,
    driver: Driver,
    workers: usize,
    landing_bytes: usize,
    ignore: bool,
    store: StoreConfig,
    sinks: Arc<dyn SinkFactory>,
    on_stored: Option<OnStored>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::UNSPECIFIED, PORT_DEFAULT).into(),
            ipv6_only: false,
            max_pdu_bytes: MAX_PDU_BYTES_DEFAULT,
            accept_all: false,
            promiscuous: false,
            operations_max: OPERATIONS_DEFAULT,
            timeouts: Timeouts {
                acse: Duration::from_secs(30),
                dimse: None,
                socket: Some(Duration::from_secs(60)),
            },
            limits: Limits {
                associations_max: ASSOCIATIONS_MAX_DEFAULT,
                drain: Duration::from_secs(30),
            },
            driver: Driver::Auto,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            landing_bytes: LANDING_BYTES_DEFAULT,
            ignore: false,
            store: StoreConfig {
                writers: WRITERS_DEFAULT,
                ..StoreConfig::new(".")
            },
            sinks: Arc::new(SystemSinks),
            on_stored: None,
        }
    }
}

impl Builder {
    /// The address to listen on; port 0 takes a free one. Default: every IPv4 address, port 11112.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Whether an IPv6 address takes connections by IPv6 alone (RFC 3493 5.3), so that `[::]` leaves
    /// every IPv4 address to others. Nothing to an IPv4 address. Default: no.
    pub fn ipv6_only(mut self, ipv6_only: bool) -> Self {
        self.ipv6_only = ipv6_only;
        self
    }

    /// Where objects go; created if missing. Default: the working directory.
    pub fn output_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.store.directory = directory.into();
        self
    }

    /// The maximum length of P-DATA-TF PDUs announced, in bytes, 4096 to 131072 (PS3.8 D.1).
    /// Default 131072.
    pub fn max_pdu(mut self, bytes: u32) -> Self {
        self.max_pdu_bytes = bytes;
        self
    }

    /// Accept every known transfer syntax, compressed ones ranked first. Default: the uncompressed
    /// three.
    pub fn accept_all(mut self, accept_all: bool) -> Self {
        self.accept_all = accept_all;
        self
    }

    /// Accept SOP classes that nobody knows, too. Default: no.
    pub fn promiscuous(mut self, promiscuous: bool) -> Self {
        self.promiscuous = promiscuous;
        self
    }

    /// How many stores of one association may await their response, 1 to [`OPERATIONS_MAX`]: granted
    /// to peers that ask for an asynchronous operations window (PS3.7 D.3.3.3); the others wait for
    /// each response anyway. 1 grants no window. An association that has as many is not read from
    /// until one is answered. Default 16.
    pub fn max_operations(mut self, max: usize) -> Self {
        self.operations_max = max;
        self
    }

    /// How long to wait for an association request, and for a peer to close. Default 30 s.
    pub fn acse_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.acse = timeout;
        self
    }

    /// How long to wait for the next bytes of a data set; `None`, the default: for ever.
    pub fn dimse_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeouts.dimse = timeout;
        self
    }

    /// How long to wait for any bytes at all on an established association; `None` is for ever.
    /// Default 60 s.
    pub fn socket_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeouts.socket = timeout;
        self
    }

    /// How many associations may be open; further ones are rejected as "local limit exceeded".
    /// At least 1; default 1000.
    pub fn max_associations(mut self, max: usize) -> Self {
        self.limits.associations_max = max;
        self
    }

    /// How many event loops, 1 to 256. Default: one for each core.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How bytes are moved between sockets and memory. Default: [`Driver::Auto`].
    pub fn driver(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    /// How many writer threads, 1 to [`WRITERS_MAX`](crate::store::WRITERS_MAX). Default: [`WRITERS_DEFAULT`].
    pub fn writers(mut self, writers: usize) -> Self {
        self.store.writers = writers;
        self
    }

    /// All the memory that objects may take on their way, in bytes; at least two chunks of 64 KiB,
    /// and no more than the machine has to spare. Default 256 MiB.
    pub fn landing_memory(mut self, bytes: usize) -> Self {
        self.landing_bytes = bytes;
        self
    }

    /// What must be true before a store is acknowledged. Default: [`Durability::Object`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.store.durability = durability;
        self
    }

    /// What to do with an object whose name is taken. Default: [`OnDuplicate::Overwrite`].
    pub fn on_duplicate(mut self, on_duplicate: OnDuplicate) -> Self {
        self.store.on_duplicate = on_duplicate;
        self
    }

    /// Name every file after a fresh UID. Default: after the SOP instance UID.
    pub fn unique_filenames(mut self, unique: bool) -> Self {
        self.store.unique_filenames = unique;
        self
    }

    /// Text at the end of every file name, for example `.dcm`; at most 64 bytes, without a slash.
    /// Default: none.
    pub fn filename_extension(mut self, extension: impl Into<String>) -> Self {
        self.store.filename_extension = extension.into();
        self
    }

    /// Acknowledge every object and throw it away. Default: no.
    pub fn ignore(mut self, ignore: bool) -> Self {
        self.ignore = ignore;
        self
    }

    /// How long what is in flight at [`ReceiverHandle::shutdown`] may take. Default 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.limits.drain = timeout;
        self
    }

    /// What files are written through. Default: the operating system. Anything else is for tests of
    /// faults that no disk can be made to have.
    pub fn sinks(mut self, sinks: Arc<dyn SinkFactory>) -> Self {
        self.sinks = sinks;
        self
    }

    /// Called for every stored object, once it is as durable as asked for, on the thread of an
    /// event loop: it must return soon. If it panics, the receiver ends. An object that was stored
    /// while the receiver was ended by force is not told of.
    pub fn on_stored(mut self, f: impl Fn(&StoredObject) + Send + Sync + 'static) -> Self {
        self.on_stored = Some(Box::new(f));
        self
    }

    /// Starts the receiver. When this returns, it listens.
    pub fn start(mut self) -> Result<ReceiverHandle, StartError> {
        self.check()?;
        let socket =
            bind(self.listen, self.ipv6_only).map_err(|error| self.cannot_listen(error))?;
        let pool = LandingPool::new(&landing_config(self.landing_bytes))?;
        let unanswered = (self.limits.associations_max).saturating_mul(self.operations_max);
        let messages = pool.chunk_count().saturating_add(unanswered);
        self.store.queue_depth = messages.min(QUEUE_DEPTH_MAX);
        let store = if self.ignore {
            None
        } else {
            Some(Store::open_with(
                self.store.clone(),
                Arc::clone(&self.sinks),
            )?)
        };
        let storage = match &store {
            Some(store) => Storage::Files(store.handle()),
            None => Storage::Ignore(Discarding::new()),
        };
        // Who can connect finds everything ready.
        let listener = listen(socket).map_err(|error| self.cannot_listen(error))?;
        let local_addr = listener
            .local_addr()
            .map_err(|error| self.cannot_listen(error))?;
        let policy = Policy {
            max_pdu_bytes: self.max_pdu_bytes,
            accept_all: self.accept_all,
            promiscuous: self.promiscuous,
            operations_max: self.operations_max,
        };
        let context = Context::new(
            policy,
            self.timeouts,
            self.limits,
            pool,
            storage,
            self.on_stored,
        );
        let context = Arc::new(context);
        let loops = reactor::start(&context, listener, self.workers, self.driver)?;
        Ok(ReceiverHandle {
            context,
            local_addr,
            driver: loops.driver,
            loops: loops.threads,
            store,
        })
    }

    fn cannot_listen(&self, error: io::Error) -> StartError {
        StartError::Listen {
            address: self.listen,
            error,
        }
    }

    fn check(&self) -> Result<(), StartError> {
        if !MAX_PDU_BYTES.contains(&self.max_pdu_bytes) {
            return Err(StartError::MaxPdu(self.max_pdu_bytes));
        }
        if !(1..=WORKERS_MAX).contains(&self.workers) {
            return Err(StartError::Workers(self.workers));
        }
        if self.limits.associations_max == 0 {
            return Err(StartError::NoAssociations);
        }
        if !(1..=OPERATIONS_MAX).contains(&self.operations_max) {
            return Err(StartError::Operations(self.operations_max));
        }
        Ok(())
    }
}

/// Chunks of the default size, or smaller ones where there would be too few of them.
fn landing_config(total_bytes: usize) -> LandingConfig {
    let share = (total_bytes / CHUNKS_MIN).max(CHUNK_BYTES_MIN);
    // A power of two no larger than the share is a multiple of the block.
    let chunk_bytes = CHUNK_BYTES_DEFAULT.min(1 << share.ilog2());
    LandingConfig {
        total_bytes,
        chunk_bytes,
    }
}

/// A socket at this address, which may be one whose last connections still linger.
fn bind(address: SocketAddr, ipv6_only: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Whatever the system's default is.
        socket.set_only_v6(ipv6_only)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Why a receiver did not start. Each says what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}; {}", listen_advice(error))]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The landing memory cannot be had.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// The output directory cannot be used, or the store cannot start.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// [`Driver::Uring`] was asked for and cannot be had.
    #[error("{0}; or let auto choose the driver, or take mio")]
    Driver(UringUnavailable),
    /// An event loop cannot start.
    #[error("cannot start an event loop: {0}; are descriptors or threads running out?")]
    EventLoop(io::Error),
    /// The maximum length is out of range.
    #[error("a maximum PDU length of {0} bytes is not between 4096 and 131072")]
    MaxPdu(u32),
    /// The number of event loops is out of range.
    #[error("{0} workers are not between 1 and {WORKERS_MAX}")]
    Workers(usize),
    /// The number of stores that may await their response is out of range.
    #[error("{0} operations at a time are not between 1 and {OPERATIONS_MAX}")]
    Operations(usize),
    /// No association would ever be accepted.
    #[error("at least 1 association must be allowed")]
    NoAssociations,
}

impl From<NoDriver> for StartError {
    fn from(reason: NoDriver) -> Self {
        match reason {
            NoDriver::Uring(unavailable) => Self::Driver(unavailable),
            NoDriver::EventLoop(error) => Self::EventLoop(error),
        }
    }
}

/// What to change when an address cannot be listened on.
fn listen_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; choose another port",
        io::ErrorKind::AddrNotAvailable => "choose an address of this machine",
        io::ErrorKind::PermissionDenied => "ports below 1024 need root or cap_net_bind_service",
        _ => "choose another address or port",
    }
}

/// A receiver that runs. [`ReceiverHandle::join`] waits for its end; dropping the handle ends it at
/// once, as [`ReceiverHandle::abort`] does, and waits too.
#[must_use = "dropping it ends the receiver"]
pub struct ReceiverHandle {
    context: Arc<Context>,
    local_addr: SocketAddr,
    driver: ChosenDriver,
    loops: Vec<JoinHandle<io::Result<()>>>,
    store: Option<Store>,
}

impl ReceiverHandle {
    /// The address that it listens on, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// How it moves bytes, and why.
    pub fn driver(&self) -> &ChosenDriver {
        &self.driver
    }

    /// How many part files of a process that died were removed from the output directory at start.
    pub fn stale_parts(&self) -> usize {
        self.store.as_ref().map_or(0, Store::stale_parts)
    }

    /// Why a power cut may cost what it acknowledges as durable, where the file system of the output
    /// directory is the reason; see [`Store::weakness`].
    pub fn weakness(&self) -> Option<&'static str> {
        self.store.as_ref().and_then(Store::weakness)
    }

    /// What it has done so far.
    pub fn statistics(&self) -> Statistics {
        self.context.statistics()
    }

    /// Tells it to stop: no new connection and no new object begins. An object in flight has the drain
    /// timeout to be finished; an association without one may release within a second, and is
    /// aborted then. Returns at once; [`ReceiverHandle::join`] waits.
    pub fn shutdown(&self) {
        self.context.drain();
    }

    /// Tells it to end at once: open associations are aborted. What was acknowledged is stored.
    pub fn abort(&self) {
        self.context.stop();
    }

    /// A way to stop it from elsewhere, for example a signal handler's thread.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.context))
    }

    /// Waits for the end, and for all that was given to the store.
    pub fn join(mut self) -> io::Result<Statistics> {
        self.finish().map(|()| self.context.statistics())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for event_loop in self.loops.drain(..) {
            let died = |_| Err(io::Error::other("an event loop died"));
            result = result.and(event_loop.join().unwrap_or_else(died));
        }
        if let Some(store) = self.store.take() {
            store.shutdown();
        }
        result
    }
}

impl Drop for ReceiverHandle {
    fn drop(&mut self) {
        self.abort();
        // Nobody is left to be told how it ended.
        let _ = self.finish();
    }
}

/// Stops a receiver; see [`ReceiverHandle::stopper`].
#[derive(Clone)]
pub struct Stopper(Arc<Context>);

impl Stopper {
    /// As [`ReceiverHandle::shutdown`].
    pub fn shutdown(&self) {
        self.0.drain();
    }

    /// As [`ReceiverHandle::abort`].
    pub fn abort(&self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_listen_is_told_what_to_change() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = holder.local_addr().expect("bound");
        let started = Receiver::builder().listen(address).start();
        let error = started.err().expect("the port is taken").to_string();
        assert!(error.ends_with("; another program listens there; choose another port"));

        let privileged = listen_advice(&io::ErrorKind::PermissionDenied.into());
        assert!(privileged.contains("cap_net_bind_service"));
        let elsewhere = listen_advice(&io::ErrorKind::AddrNotAvailable.into());
        assert_eq!(elsewhere, "choose an address of this machine");
    }

    #[test]
    fn stale_part_files_removed_at_start_are_counted() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join(".CT.1.0.part"), "left").expect("written");
        let receiver = Receiver::builder()
            .listen((Ipv4Addr::LOCALHOST, 0).into())
            .output_directory(directory.path())
            .landing_memory(1 << 20)
            .start()
            .expect("it starts");
        assert_eq!(receiver.stale_parts(), 1);
    }
}

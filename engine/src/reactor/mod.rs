//! Event loops: sockets, timers, wake-ups. Everything that is said over a connection is decided in
//! [`crate::association`]; here bytes are moved.

mod backend;
mod context;
mod deadlines;
mod driver;
mod dues;
mod event_loop;
mod inbox;
mod mailbox;
mod mio_backend;
mod report;
mod session;
mod statistics;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )
))]
mod uring;
#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )
)))]
#[path = "no_uring.rs"]
mod uring;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

pub use context::StoredObject;
pub(crate) use context::{Context, Limits, OnStored, Storage};
pub(crate) use driver::NoDriver;
pub use driver::{ChosenDriver, Driver, UringUnavailable};
pub use statistics::Statistics;

use backend::Backend;
use event_loop::EventLoop;
use mio_backend::MioBackend;

/// Event loops that run, each on a thread of its own.
pub(crate) struct Loops {
    pub(crate) driver: ChosenDriver,
    pub(crate) threads: Vec<JoinHandle<io::Result<()>>>,
}

/// Starts `workers` event loops, the first of which listens.
pub(crate) fn start(
    context: &Arc<Context>,
    listener: TcpListener,
    workers: usize,
    driver: Driver,
) -> Result<Loops, NoDriver> {
    let uring = || uring::backends(workers).map(Backends::Uring);
    let mio = || mio_backend::backends(workers).map(Backends::Mio);
    let (driver, backends) = driver::choose(driver, uring, mio)?;
    let threads = match backends {
        Backends::Uring(backends) => run(context, listener, backends),
        Backends::Mio(backends) => run(context, listener, backends),
    }?;
    Ok(Loops { driver, threads })
}

/// A backend for each loop.
enum Backends {
    Uring(Vec<uring::UringBackend>),
    Mio(Vec<MioBackend>),
}

fn run<B>(
    context: &Arc<Context>,
    listener: TcpListener,
    backends: Vec<B>,
) -> io::Result<Vec<JoinHandle<io::Result<()>>>>
where
    B: Backend<Socket: Send> + Send + 'static,
{
    let mut listener = Some(listener);
    let mut loops = Vec::with_capacity(backends.len());
    let mut mailboxes = Vec::with_capacity(backends.len());
    for mut backend in backends {
        if let Some(listener) = listener.take() {
            backend.listen(listener)?;
        }
        let (event_loop, mailbox) = EventLoop::new(Arc::clone(context), backend);
        loops.push(event_loop);
        mailboxes.push(mailbox);
    }
    context.set_loops(mailboxes);
    loops
        .into_iter()
        .enumerate()
        .map(|(index, event_loop)| spawn(context, index, event_loop))
        .collect()
}

fn spawn<B>(
    context: &Arc<Context>,
    index: usize,
    event_loop: EventLoop<B>,
) -> io::Result<JoinHandle<io::Result<()>>>
where
    B: Backend<Socket: Send> + Send + 'static,
{
    let guard = StopOthers(Some(Arc::clone(context)));
    let run = move || {
        let end = event_loop.run();
        if end.is_ok() {
            guard.disarm();
        }
        end
    };
    std::thread::Builder::new()
        .name(format!("pdv-loop-{index}"))
        .spawn(run)
}

/// Stops the whole receiver when a loop ends by an error or a panic: its connections would hang,
/// and new ones be handed to nobody.
struct StopOthers(Option<Arc<Context>>);

impl StopOthers {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for StopOthers {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::association::{Policy, Timeouts};
    use crate::landing::{LandingConfig, LandingPool};
    use crate::store::Discarding;

    fn context() -> Arc<Context> {
        let policy = Policy {
            max_pdu_bytes: 16384,
            accept_all: false,
            promiscuous: false,
            operations_max: 1,
        };
        let timeouts = Timeouts {
            acse: Duration::from_secs(30),
            dimse: None,
            socket: None,
        };
        let limits = Limits {
            associations_max: 100,
            drain: Duration::from_secs(1),
        };
        let config = LandingConfig {
            total_bytes: 1 << 20,
            chunk_bytes: 1 << 16,
        };
        let pool = LandingPool::new(&config).expect("memory");
        let storage = Storage::Ignore(Discarding::new());
        Arc::new(Context::new(policy, timeouts, limits, pool, storage, None))
    }

    fn connections(context: &Context) -> Vec<usize> {
        context
            .loops()
            .iter()
            .map(|mailbox| mailbox.load.connections())
            .collect()
    }

    #[test]
    fn connections_are_spread_evenly_and_make_room_when_they_go() {
        for driver in [Driver::Mio, Driver::Auto] {
            spread_evenly_and_make_room(driver);
        }
    }

    fn spread_evenly_and_make_room(driver: Driver) {
        let context = context();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let loops = start(&context, listener, 4, driver).expect("started");
        let within_seconds = |expected: &[usize]| {
            let deadline = Instant::now() + Duration::from_secs(10);
            while connections(&context) != expected && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(connections(&context), expected);
        };
        let peers: Vec<_> = (0..12)
            .map(|_| TcpStream::connect(address).expect("served"))
            .collect();
        within_seconds(&[3, 3, 3, 3]);
        drop(peers);
        within_seconds(&[0, 0, 0, 0]);
        context.stop();
        for event_loop in loops.threads {
            event_loop.join().expect("no panic").expect("no error");
        }
    }
}

//! Event loops: sockets, timers, wake-ups. Everything that is said over a connection is decided in
//! [`crate::association`]; here bytes are moved.

#![forbid(unsafe_code)]

mod context;
mod dues;
mod inbox;
mod mailbox;
mod mio_loop;
mod report;
mod session;
mod statistics;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

pub use context::StoredObject;
pub(crate) use context::{Context, Limits, OnStored, Storage};
pub use statistics::Statistics;

use mio_loop::MioLoop;

/// Starts `workers` event loops on threads of their own, the first of which listens.
pub(crate) fn start(
    context: &Arc<Context>,
    listener: TcpListener,
    workers: usize,
) -> io::Result<Vec<JoinHandle<io::Result<()>>>> {
    listener.set_nonblocking(true)?;
    let mut listener = Some(mio::net::TcpListener::from_std(listener));
    let mut loops = Vec::with_capacity(workers);
    let mut mailboxes = Vec::with_capacity(workers);
    for _ in 0..workers {
        let (event_loop, mailbox) = MioLoop::new(Arc::clone(context), listener.take())?;
        loops.push(event_loop);
        mailboxes.push(mailbox);
    }
    context.set_loops(mailboxes);
    let spawn = |(index, event_loop): (usize, MioLoop)| {
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
    };
    loops.into_iter().enumerate().map(spawn).collect()
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

//! What an event loop asks of the system: the one seam between [`super::event_loop`], which is the
//! same everywhere, and the ways of moving bytes.

#![forbid(unsafe_code)]

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::landing::Wake;

use super::session::{Session, Turn};
use super::statistics::Counters;

/// A connection that was accepted, on its way to the loop that will keep it.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
}

/// What a wait brought.
pub(super) enum News<E> {
    /// [`Backend::accept`] may have connections.
    Connections,
    /// Something happened to the socket with this index.
    Socket(usize, E),
}

/// Moves bytes between sockets and sessions. One backend serves one loop, on one thread.
pub(super) trait Backend: Sized {
    /// What it keeps of a connection.
    type Socket;
    /// What can happen to one.
    type Event;

    /// Accepts connections from here on.
    fn listen(&mut self, listener: TcpListener) -> io::Result<()>;

    /// Ends a [`Backend::wait`], from any thread.
    fn bell(&self) -> Arc<dyn Wake>;

    /// The loop is about to run, on the thread that it will stay on.
    fn begin(&mut self) -> io::Result<()>;

    /// Waits until something happens, the bell rings, or `timeout` has passed (`None`: for ever), and
    /// adds what happened to `news`. A signal may end it early.
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        news: &mut Vec<News<Self::Event>>,
    ) -> io::Result<()>;

    /// The next connection; `None` when there is none now, and [`News::Connections`] will tell of the
    /// next. After an error it is for the loop to say when to go on, by the next call. Counts
    /// [`Counter::Accepts`](super::statistics::Counter::Accepts).
    fn accept(&mut self, statistics: &Counters) -> Option<io::Result<Accepted>>;

    fn is_listening(&self) -> bool;

    /// No more connections.
    fn stop_listening(&mut self);

    /// Takes a connection over. `index` names it until [`Backend::release`] has let it go.
    fn adopt(&mut self, index: usize, stream: TcpStream) -> io::Result<Self::Socket>;

    /// Takes note of what happened; a turn follows.
    fn note(&mut self, socket: &mut Self::Socket, event: Self::Event);

    /// Reads and writes as far as the socket and the bounds of a turn allow. Returns whether it could
    /// go on at once. Counts the bytes, and each system call that it makes for a single socket.
    fn take_turn(
        &mut self,
        socket: &mut Self::Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool;

    /// Others wait for memory: gives the chunk up if it has been held long enough, now or as soon as
    /// the kernel has let go of it. Says whether the socket needs a turn.
    fn yield_chunk(
        &mut self,
        socket: &mut Self::Socket,
        session: &mut Session,
        turn: &mut Turn<'_>,
    ) -> bool;

    /// The connection is to be closed. Says whether that is done; if not, a turn follows when it may
    /// be.
    fn release(&mut self, socket: &mut Self::Socket) -> bool;
}

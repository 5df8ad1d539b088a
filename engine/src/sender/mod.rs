//! The public door for sending: associations on sockets, whose data sets come from files, memory or
//! streams.
//!
//! [`Connection`] is one association on one nonblocking socket, for callers with an event loop;
//! [`EventLoop`] is a small one for many connections of a thread, and [`BlockingConnection`] serves a
//! thread that has only one. What a data set is sent from is a [`Payload`].
//!
//! What is said over a connection is decided in [`crate::association`]; here bytes are moved, and no
//! payload byte is copied on its way to the kernel.

#![forbid(unsafe_code)]

mod blocking;
mod connection;
mod event_loop;
mod file;
mod outbox;
mod payload;
mod resolve;
mod socket;
mod stream;

pub use blocking::{BlockingConnection, OpenError};
pub use connection::{Connection, ConnectionEvent, ConnectionOptions, Turn};
pub use event_loop::{ConnectionIndex, EventLoop};
pub use file::FilePayload;
pub use payload::{Payload, PayloadError, Piece, Reach};
pub use resolve::{AddressFamily, ResolveError, resolve};
pub use socket::Counters;
pub use stream::{STREAM_BLOCK_BYTES, StreamPayload};

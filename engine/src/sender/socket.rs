//! The system calls of a connection, and what they came to.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};

use mio::net::TcpStream;
use rustix::net::{SendAncillaryBuffer, SendFlags};

/// The most slices of one write: the kernel's own limit (`UIO_MAXIOV`).
pub(super) const SLICES_MAX: usize = 1024;

/// What a connection has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes that the kernel has taken, headers included.
    pub bytes_sent: u64,
    /// Bytes that came from the peer.
    pub bytes_received: u64,
    /// System calls that wrote from memory.
    pub writes: u64,
    /// System calls that sent from a file.
    pub sendfiles: u64,
    /// System calls that read.
    pub reads: u64,
}

/// What can be sent by one system call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Batch<'a> {
    /// The slices that were gathered, from memory.
    Memory { bytes: usize, followed: Followed },
    /// From a file.
    File {
        file: BorrowedFd<'a>,
        position: u64,
        bytes: usize,
    },
}

/// What is sent right after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// Bytes of a file.
    ByFile,
    /// Nothing that is known yet, or more of the same.
    ByNothing,
}

/// Where the bytes of a batch came from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// So many bytes in memory.
    Memory { bytes: usize },
    /// A file, from this position on.
    File { position: u64 },
}

impl Source {
    /// Whether the socket may take more after it took `n` bytes. A file may come in parts; memory does
    /// not, unless the socket is full.
    pub(super) fn may_go_on_after(self, n: usize) -> bool {
        match self {
            Self::Memory { bytes } => n == bytes,
            Self::File { .. } => true,
        }
    }

    /// The position in the file; 0 in memory.
    pub(super) fn position(self) -> u64 {
        match self {
            Self::Memory { .. } => 0,
            Self::File { position } => position,
        }
    }
}

impl Batch<'_> {
    /// Where its bytes are.
    pub(super) fn source(&self) -> Source {
        match *self {
            Self::Memory { bytes, .. } => Source::Memory { bytes },
            Self::File { position, .. } => Source::File { position },
        }
    }

    /// Sends as much of it as the socket takes now. No bytes: the file has ended.
    pub(super) fn send(
        &self,
        stream: &TcpStream,
        slices: &[IoSlice<'_>],
        counters: &mut Counters,
    ) -> io::Result<usize> {
        let sent = match *self {
            Self::Memory { followed, .. } => {
                counters.writes += 1;
                send_slices(stream, slices, followed)
            }
            Self::File {
                file,
                mut position,
                bytes,
            } => {
                counters.sendfiles += 1;
                rustix::fs::sendfile(stream.as_fd(), file, Some(&mut position), bytes)
            }
        }?;
        counters.bytes_sent += sent as u64;
        Ok(sent)
    }
}

/// Headers in front of a file travel with its first bytes (`MSG_MORE`), not in a packet of their own.
fn send_slices(
    stream: &TcpStream,
    slices: &[IoSlice<'_>],
    followed: Followed,
) -> rustix::io::Result<usize> {
    let mut flags = SendFlags::NOSIGNAL;
    flags.set(SendFlags::MORE, followed == Followed::ByFile);
    let mut no_control = SendAncillaryBuffer::default();
    rustix::net::sendmsg(stream.as_fd(), slices, &mut no_control, flags)
}

/// Whether an error of sending is the connection's; otherwise it is that of the file sent from.
pub(super) fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}

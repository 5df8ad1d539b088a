//! A socket and what is in flight for it.

#![forbid(unsafe_code)]

use std::net::TcpStream;

use super::operation::Attempt;
use super::ring::{Ended, Key};

/// What is being received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    Nothing,
    /// Waiting for bytes, without memory for them that others might want.
    Small(Key),
    /// Waiting for payload, with a chunk of landing memory.
    Payload(Key),
}

/// See the [module documentation](self).
pub(in crate::reactor) struct Socket {
    pub(super) stream: TcpStream,
    /// The connection that it belongs to.
    pub(super) index: usize,
    pub(super) receiving: Receiving,
    pub(super) sending: Option<Key>,
    /// A receive, or a wait for one, that has ended.
    pub(super) received: Option<Ended>,
    /// A send that has ended.
    pub(super) sent: Option<Ended>,
    /// Whether there is, or may be, something to be received.
    pub(super) is_readable: bool,
    /// Whether what is in flight was asked to end.
    pub(super) is_cancelled: bool,
}

impl Socket {
    pub(super) fn new(index: usize, stream: TcpStream) -> Self {
        Self {
            stream,
            index,
            receiving: Receiving::Nothing,
            sending: None,
            received: None,
            sent: None,
            is_readable: true,
            is_cancelled: false,
        }
    }

    pub(super) fn is_receiving(&self) -> bool {
        self.receiving != Receiving::Nothing
    }

    /// How to try the next receive.
    pub(super) fn attempt(&self) -> Attempt {
        if self.is_readable {
            Attempt::Now
        } else {
            Attempt::WhenReadable
        }
    }

    /// Whether the kernel has nothing of it.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_receiving() && self.sending.is_none()
    }

    /// What is in flight.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        let receiving = match self.receiving {
            Receiving::Nothing => None,
            Receiving::Small(key) | Receiving::Payload(key) => Some(key),
        };
        receiving.into_iter().chain(self.sending)
    }
}

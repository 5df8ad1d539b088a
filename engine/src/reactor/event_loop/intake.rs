//! How connections come to the loops.

#![forbid(unsafe_code)]

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use super::{Connection, EventLoop, connection_id};
use crate::reactor::backend::{Accepted, Backend};
use crate::reactor::context::CONNECTIONS_BEYOND_ASSOCIATIONS;
use crate::reactor::session::{Session, Turn};
use crate::reactor::statistics::Counter;

/// Connections accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// How long to leave the listener alone after accepting failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl<B: Backend> EventLoop<B> {
    pub(super) fn accept(&mut self, now: Instant) {
        if self.accept_again.is_none_or(|at| at > now) {
            return;
        }
        self.accept_again = None;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.backend.accept(&self.context.statistics) {
                None => return,
                Some(Ok(accepted)) => self.hand_out(accepted),
                Some(Err(error)) if is_connection_error(&error) => {}
                Some(Err(error)) => {
                    warn!("cannot accept a connection: {error}; raise the limit of open files");
                    self.accept_again = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        self.accept_again = Some(now);
    }

    /// Gives a new connection to the loop that has the fewest.
    fn hand_out(&mut self, accepted: Accepted) {
        let max = self.context.limits.associations_max + CONNECTIONS_BEYOND_ASSOCIATIONS;
        let loops = self.context.loops();
        let open: usize = loops.iter().map(|mailbox| mailbox.load.connections()).sum();
        if open >= max {
            self.context.statistics.add(Counter::ConnectionsRefused, 1);
            warn!(
                "connection from {} closed: {open} are open; raise --max-associations to allow more",
                accepted.peer,
            );
            return;
        }
        let Some(mailbox) = loops
            .iter()
            .min_by_key(|mailbox| mailbox.load.connections())
        else {
            return;
        };
        mailbox.load.add();
        if Arc::ptr_eq(mailbox, &self.mailbox) {
            self.take_in(accepted, Instant::now());
        } else if mailbox.accepted.send(accepted).is_ok() {
            mailbox.wake();
        } else {
            // That loop has ended, as the receiver is about to.
            mailbox.load.remove();
        }
    }

    pub(super) fn take_in(&mut self, accepted: Accepted, now: Instant) {
        let Accepted { stream, peer } = accepted;
        let entry = self.connections.vacant_entry();
        let index = entry.key();
        let adopted = stream
            .set_nodelay(true)
            .and_then(|()| self.backend.adopt(index, stream));
        let socket = match adopted {
            Ok(socket) => socket,
            Err(error) => {
                debug!("connection from {peer} failed: {error}");
                self.mailbox.load.remove();
                return;
            }
        };
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let turn = Turn {
            now,
            context: &self.context,
            mailbox: &self.mailbox,
            dues: &mut self.dues,
        };
        entry.insert(Connection {
            socket,
            session: Session::new(connection_id(index, generation), peer, &turn),
            generation,
            is_queued: false,
            deadline_queued: None,
        });
        self.enqueue(index);
    }
}

/// Errors of the connection that was about to be accepted; the listener is well (accept(2)).
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            // It was gone before its address was asked for.
            | ErrorKind::NotConnected
            | ErrorKind::Interrupted
    )
}

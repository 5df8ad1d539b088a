//! A place for an association, and what is in flight over it.

use std::collections::VecDeque;
use std::time::Instant;

use pdvault_engine::association::OperationId;
use pdvault_engine::sender::ConnectionIndex;
use pdvault_engine::value::PresentationContextId;

use crate::measure::Phases;

/// An object that is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) due: Instant,
    /// When something was done for it first.
    pub(super) begun: Instant,
}

/// An object that awaits its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) operation: OperationId,
    pub(super) ticket: Ticket,
    pub(super) bytes: u64,
    /// When its last byte was given to the operating system.
    pub(super) sent: Option<Instant>,
}

impl Pending {
    /// Where its time went, now that its response has come.
    pub(super) fn phases(&self, answered: Instant) -> Phases {
        let Ticket { due, begun, .. } = self.ticket;
        let sent = self.sent.unwrap_or(answered);
        Phases {
            waiting: begun.saturating_duration_since(due),
            sending: sent.saturating_duration_since(begun),
            answering: answered.saturating_duration_since(sent),
        }
    }
}

/// See the [module documentation](self).
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) connection: Option<ConnectionIndex>,
    /// By template; `None` where the receiver refused.
    pub(super) contexts: Vec<Option<PresentationContextId>>,
    /// In the order in which they were begun, which most responses have, too.
    pub(super) pending: VecDeque<Pending>,
    /// The object that the association is opened for, if each has its own.
    pub(super) ticket: Option<Ticket>,
    /// Whether it stands in the list of free slots.
    pub(super) is_listed: bool,
    /// Whether the end of the association was asked for.
    pub(super) is_ending: bool,
    /// Why it failed.
    pub(super) failure: Option<String>,
}

impl Slot {
    /// Takes out the object of an operation.
    pub(super) fn take(&mut self, operation: OperationId) -> Option<Pending> {
        let found = |pending: &Pending| pending.operation == operation;
        let index = self.pending.iter().position(found)?;
        self.pending.remove(index)
    }

    pub(super) fn sent(&mut self, operation: OperationId, now: Instant) {
        let mut pending = self.pending.iter_mut();
        if let Some(pending) = pending.find(|pending| pending.operation == operation) {
            pending.sent = Some(now);
        }
    }
}

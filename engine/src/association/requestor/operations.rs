//! The operations in flight: invoked, and not answered yet.

use std::collections::VecDeque;

use crate::association::error::PeerMisbehaved;
use crate::dimse::{CommandField, Response};
use crate::value::PresentationContextId;

/// Names one operation of one association, from its request to its response. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub u64);

/// What was invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Store,
    Echo,
}

impl Kind {
    fn response(self) -> CommandField {
        match self {
            Self::Store => CommandField::C_STORE_RSP,
            Self::Echo => CommandField::C_ECHO_RSP,
        }
    }
}

/// An operation that awaits its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) id: OperationId,
    pub(super) kind: Kind,
    pub(super) message_id: u16,
    context: PresentationContextId,
}

/// See the [module documentation](self).
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// In the order of invocation, in which most responses come.
    in_flight: VecDeque<Operation>,
    ids: u64,
    message_ids: u16,
}

impl Operations {
    pub(super) fn len(&self) -> usize {
        self.in_flight.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Begins an operation; its message ID is one that no other awaits its response with.
    pub(super) fn begin(&mut self, kind: Kind, context: PresentationContextId) -> Operation {
        self.ids += 1;
        let operation = Operation {
            id: OperationId(self.ids),
            kind,
            message_id: self.next_message_id(),
            context,
        };
        self.in_flight.push_back(operation);
        operation
    }

    /// There is always one: the window is far smaller than the numbers.
    fn next_message_id(&mut self) -> u16 {
        loop {
            self.message_ids = self.message_ids.checked_add(1).unwrap_or(1);
            if self.find(self.message_ids).is_none() {
                return self.message_ids;
            }
        }
    }

    fn find(&self, message_id: u16) -> Option<usize> {
        self.in_flight
            .iter()
            .position(|operation| operation.message_id == message_id)
    }

    /// Ends the operation that a response is for.
    pub(super) fn end(
        &mut self,
        context: PresentationContextId,
        response: &Response,
    ) -> Result<Operation, PeerMisbehaved> {
        let index = self.find(response.message_id);
        let operation = index.and_then(|index| self.in_flight.get(index)).copied();
        let (Some(index), Some(operation)) = (index, operation) else {
            return Err(PeerMisbehaved::UnexpectedResponse(response.message_id));
        };
        if operation.kind.response().0 != response.command_field {
            return Err(PeerMisbehaved::UnexpectedResponse(response.message_id));
        }
        if operation.context != context {
            let (expected, found) = (operation.context, context);
            return Err(PeerMisbehaved::ContextChanged { expected, found });
        }
        self.in_flight.remove(index);
        Ok(operation)
    }

    /// No response will come any more.
    pub(super) fn clear(&mut self) {
        self.in_flight.clear();
    }
}

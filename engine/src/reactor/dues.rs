//! Objects whose verdict is due, and what follows from it.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::sync::Arc;

use slab::Slab;

use crate::association::{Negotiated, ObjectBegun, ObjectToken};
use crate::dimse::{FailureStatus, StoreOutcome};
use crate::store::{Outcome, StoreFailure, StoredReceipt, Verdict};

use super::context::{Context, StoredObject};
use super::report::{self, Who};
use super::statistics::Counter;

/// An object that was given to the store to its end.
pub(super) struct Due {
    connection: u64,
    peer: SocketAddr,
    begun: ObjectBegun,
    agreed: Arc<Negotiated>,
}

impl Due {
    pub(super) fn new(
        connection: u64,
        peer: SocketAddr,
        begun: ObjectBegun,
        agreed: Arc<Negotiated>,
    ) -> Self {
        Self {
            connection,
            peer,
            begun,
            agreed,
        }
    }
}

/// What a verdict means for the association it belongs to.
pub(super) struct Answer {
    pub(super) connection: u64,
    pub(super) token: ObjectToken,
    pub(super) outcome: StoreOutcome<StoredReceipt>,
}

/// All objects of one loop whose verdict is due, by ticket. At most one for each operation that
/// each association may have open.
#[derive(Default)]
pub(super) struct Dues(Slab<Due>);

impl Dues {
    /// Returns the ticket.
    pub(super) fn add(&mut self, due: Due) -> u64 {
        self.0.insert(due) as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a verdict: counts it, logs it, tells whoever wants to know. The object is stored, or
    /// not, whether its association still lives or not.
    pub(super) fn settle(&mut self, verdict: Verdict, context: &Context) -> Option<Answer> {
        let Due {
            connection,
            peer,
            begun,
            agreed,
        } = self.0.try_remove(usize::try_from(verdict.ticket).ok()?)?;
        let token = begun.token;
        let outcome = match verdict.result {
            Ok(receipt) => {
                on_stored(peer, begun, &agreed, &receipt, context);
                StoreOutcome::Stored(receipt)
            }
            Err(failure) => on_failed(peer, &begun, &agreed, &failure, context),
        };
        Some(Answer {
            connection,
            token,
            outcome,
        })
    }
}

fn on_stored(
    peer: SocketAddr,
    begun: ObjectBegun,
    agreed: &Negotiated,
    receipt: &StoredReceipt,
    context: &Context,
) {
    context.statistics.add(Counter::ObjectsStored, 1);
    context
        .statistics
        .add(Counter::BytesStored, receipt.bytes());
    if let Some(counter) = counter_of(receipt.outcome()) {
        context.statistics.add(counter, 1);
    }
    report::object_stored(receipt);
    let Some(on_stored) = &context.on_stored else {
        return;
    };
    on_stored(&StoredObject {
        sop_class: begun.request.sop_class,
        sop_instance: begun.request.sop_instance,
        transfer_syntax: begun.transfer_syntax,
        calling_ae_title: agreed.calling_ae_title,
        called_ae_title: agreed.called_ae_title,
        peer,
        path: receipt.path().to_owned(),
        bytes: receipt.bytes(),
        outcome: receipt.outcome(),
    });
}

/// What is counted beside the object itself.
fn counter_of(outcome: Outcome) -> Option<Counter> {
    match outcome {
        Outcome::Replaced => Some(Counter::ObjectsReplaced),
        Outcome::KeptBoth => Some(Counter::ObjectsKeptBoth),
        Outcome::Identical => Some(Counter::ObjectsIdentical),
        Outcome::New | Outcome::Ignored => None,
    }
}

fn on_failed(
    peer: SocketAddr,
    begun: &ObjectBegun,
    agreed: &Negotiated,
    failure: &StoreFailure,
    context: &Context,
) -> StoreOutcome<StoredReceipt> {
    context.statistics.add(Counter::ObjectsFailed, 1);
    let (status, comment) = status_of(failure);
    let who = Who {
        peer,
        agreed: Some(agreed),
    };
    report::object_failed(&who, &begun.request, failure, status);
    StoreOutcome::Failed { status, comment }
}

/// What the peer is told about a failure of the store (PS3.4 B.2.3, PS3.7 annex C).
fn status_of(failure: &StoreFailure) -> (FailureStatus, &'static str) {
    match failure {
        StoreFailure::Duplicate { .. } => (
            FailureStatus::DUPLICATE_SOP_INSTANCE,
            "SOP instance exists already",
        ),
        StoreFailure::UnusableName { .. } => (
            FailureStatus::INVALID_SOP_INSTANCE,
            "SOP instance UID gives no file name",
        ),
        StoreFailure::NoSpace { .. } => (FailureStatus::OUT_OF_RESOURCES, "no space left"),
        _ => (FailureStatus::OUT_OF_RESOURCES, "cannot write file"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::dimse::Status;
    use crate::store::Operation;

    #[test]
    fn every_failure_of_the_store_has_its_status() {
        let path = PathBuf::from("out/CT.1");
        let io = |operation| StoreFailure::Io {
            operation,
            path: path.clone(),
            errno: None,
            text: "refused".to_owned(),
        };
        let sop_instance = String::new();
        let cases = [
            (
                StoreFailure::NoSpace { path: path.clone() },
                Status::OUT_OF_RESOURCES,
            ),
            (io(Operation::Write), Status::OUT_OF_RESOURCES),
            (io(Operation::SyncData), Status::OUT_OF_RESOURCES),
            (io(Operation::SyncDirectory), Status::OUT_OF_RESOURCES),
            (
                StoreFailure::NamesExhausted { path: path.clone() },
                Status::OUT_OF_RESOURCES,
            ),
            (StoreFailure::ShutDown, Status::OUT_OF_RESOURCES),
            (
                StoreFailure::Duplicate { path: path.clone() },
                Status::DUPLICATE_SOP_INSTANCE,
            ),
            (
                StoreFailure::UnusableName { sop_instance },
                Status::INVALID_SOP_INSTANCE,
            ),
        ];
        for (failure, status) in cases {
            assert_eq!(status_of(&failure).0.status(), status, "{failure}");
        }
    }
}

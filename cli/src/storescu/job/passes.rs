//! The threads of a job: a feed, workers with an association each, and a journal.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use pdvault_engine::association::proposal::{AssociationRequest, CONTEXTS_MAX};
use pdvault_engine::pdu::{AssociateRq, ProposedContext};
use pdvault_engine::value::Uid;

use super::feed::{FILES_AHEAD, Feed, Item};
use super::ledger::Recorder;
use super::object::Object;
use super::payload::ObjectPayload;
use super::plan::CannotBegin;
use super::stop::{Ending, Stop};
use super::worker::{Shared, Worker, known, not_sent};
use super::{Orders, Pass};
use crate::requesting::Opened;

/// DCMTK's condition for a request without presentation contexts.
const NOTHING_TO_PROPOSE: &str =
    "0006:0103 ASC Coding error in ASC_requestAssociation: missing presentation contexts";

/// What all passes of a job share.
pub(super) struct Job<'a> {
    pub(super) orders: &'a Orders<'a>,
    pub(super) feed: Feed<'a>,
    pub(super) recorder: Recorder<'a>,
    pub(super) stop: &'a Stop,
    pub(super) ended_badly: &'a AtomicBool,
    /// The request for an association, without its contexts.
    pub(super) request: AssociationRequest,
    /// How many associations at once.
    pub(super) associations: usize,
    /// Whether all files were looked at for what is proposed, and bad ones told of.
    pub(super) files_were_looked_at: bool,
}

impl Job<'_> {
    /// Sends all files. Where one association has not room for all contexts, several follow each
    /// other: each sends the files of its classes.
    pub(super) fn run(&self, proposals: &[Vec<ProposedContext>]) -> Result<(), CannotBegin> {
        if let Some(class) = torn(proposals) {
            self.feed.leave_all(true, &|_| true);
            return Err(CannotBegin::fatal(format!(
                "SOP class {class} has more presentation contexts than the {CONTEXTS_MAX} of one \
                 association; propose fewer for it"
            )));
        }
        if proposals.is_empty() {
            self.account_for_all();
            self.check_that_nothing_was_left()?;
        }
        for (at, contexts) in proposals.iter().enumerate() {
            let pass = pass_of(proposals, at, self.files_were_looked_at);
            if self.stop.is_set() {
                self.leave(&pass);
                continue;
            }
            let request = AssociationRequest {
                contexts: contexts.clone(),
                ..self.request.clone()
            };
            let request = request.into_pdu().map_err(|error| {
                self.leave(&pass);
                CannotBegin::fatal(format!("Association Request Failed: {error}"))
            })?;
            self.pass(&request, pass);
        }
        Ok(())
    }

    /// The job ends before this pass.
    fn leave(&self, pass: &Pass) {
        let mode = self.orders.read_mode;
        let is_ours = |path: &Path| pass.is_for_file(path, mode);
        self.feed.leave_all(pass.is_first, &is_ours);
    }

    fn pass(&self, request: &AssociateRq, pass: Pass) {
        let (to_workers, items) = bounded::<Item>(FILES_AHEAD);
        let shared = self.shared(request, pass, items);
        let (pass, is_first) = (&shared.pass, shared.pass.is_first);
        let is_ours = |path: &Path| pass.is_for_file(path, self.orders.read_mode);
        thread::scope(|scope| {
            scope.spawn(move || self.feed.run(&to_workers, is_first, &is_ours));
            if is_first && self.feed.ledger.progress().wants_total() {
                scope.spawn(|| self.feed.count());
            }
            self.work(&shared, is_first);
            Worker::new(&shared).settle_rest();
        });
    }

    /// Sends files until there are no more, or no worker is left to send them.
    fn work(&self, shared: &Shared<'_>, is_first: bool) {
        let mut worker = Worker::new(shared);
        let Some(first) = self.first_association(&mut worker, is_first) else {
            return;
        };
        thread::scope(|scope| {
            for _ in 1..self.associations {
                scope.spawn(|| further(shared));
            }
            worker.run(first);
        });
    }

    /// Calls the peer once there is something to send; looking through a long journal can take longer
    /// than a peer waits. A first pass without any file calls it all the same, as DCMTK does, unless
    /// the journal shows all of them as acknowledged.
    fn first_association(
        &self,
        worker: &mut Worker<'_>,
        is_first: bool,
    ) -> Option<Opened<ObjectPayload>> {
        let has_file = worker.wait_for_file();
        let is_all_done = self.feed.ledger.report().tally().skipped > 0;
        if !has_file && (!is_first || is_all_done) {
            return None;
        }
        let opened = if has_file {
            worker.open()
        } else {
            worker.open_anyway()
        };
        opened.unwrap_or_else(|failure| {
            failure.log();
            let why = failure.to_string();
            if is_first || self.orders.settings.halt {
                self.stop.set(Ending::NoAssociation(why));
                worker.settle_leftovers();
            } else {
                worker.abandon(&why);
            }
            None
        })
    }

    /// No file asks for a context, so that the peer need not be called: each was acknowledged before
    /// or cannot be sent.
    fn account_for_all(&self) {
        let (to_us, items) = bounded::<Item>(FILES_AHEAD);
        thread::scope(|scope| {
            scope.spawn(move || self.feed.run(&to_us, true, &|_| true));
            for item in items {
                self.cannot_send(&item);
            }
        });
    }

    /// A job that has nothing to propose has failed, unless the journal shows that it was not in vain
    /// before.
    fn check_that_nothing_was_left(&self) -> Result<(), CannotBegin> {
        if self.stop.is_set() || self.feed.ledger.report().tally().skipped > 0 {
            return Ok(());
        }
        tracing::info!("Requesting Association");
        Err(CannotBegin::fatal(format!(
            "Association Request Failed: {NOTHING_TO_PROPOSE}: none of the files is an object of a \
             storage SOP class"
        )))
    }

    fn cannot_send(&self, item: &Item) {
        let path = &item.path;
        let opened = match &item.unreadable {
            Some(error) => Err(error.to_string()),
            None => Object::open(path, self.orders.read_mode).map_err(|error| error.to_string()),
        };
        let (why, settled) = match opened {
            Ok(object) => {
                let why = format!("unknown storage SOP class {}", object.sop_class);
                let settled = known(path, &object, &why);
                (why, settled)
            }
            Err(why) => {
                let settled = not_sent(path, &why);
                (why, settled)
            }
        };
        tracing::error!("cannot send file: {}: {why}", path.display());
        self.recorder.settle(settled);
        if self.orders.settings.halt {
            self.stop.set(Ending::Unsendable(why));
        }
    }

    fn shared<'s>(
        &'s self,
        request: &'s AssociateRq,
        pass: Pass,
        items: Receiver<Item>,
    ) -> Shared<'s> {
        Shared {
            orders: self.orders,
            request,
            items,
            recorder: self.recorder.clone(),
            stop: self.stop,
            ended_badly: self.ended_badly,
            pass,
            is_exhausted: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            given_up: Mutex::new(None),
        }
    }
}

/// One more association, if the peer wants it.
fn further(shared: &Shared<'_>) {
    let mut worker = Worker::new(shared);
    match worker.open() {
        Ok(Some(association)) => {
            worker.run(association);
        }
        Ok(None) => {}
        Err(failure) => tracing::warn!("going on with fewer associations: {failure}"),
    }
}

/// Which files the association number `at` is for.
fn pass_of(proposals: &[Vec<ProposedContext>], at: usize, has_told_of_bad_files: bool) -> Pass {
    let others = proposals[..at].iter().chain(&proposals[at + 1..]);
    Pass {
        is_first: at == 0,
        has_told_of_bad_files,
        classes: classes(&proposals[at]).cloned().collect(),
        elsewhere: others.flat_map(|one| classes(one)).cloned().collect(),
    }
}

/// The class whose contexts are in several associations, if there is one: a file could not choose among
/// them.
fn torn(proposals: &[Vec<ProposedContext>]) -> Option<&Uid> {
    let mut before = HashSet::new();
    for contexts in proposals {
        let classes: HashSet<_> = classes(contexts).collect();
        if let Some(class) = classes.iter().find(|class| before.contains(**class)) {
            return Some(class);
        }
        before.extend(classes);
    }
    None
}

fn classes(contexts: &[ProposedContext]) -> impl Iterator<Item = &Uid> {
    contexts.iter().map(|context| &context.abstract_syntax)
}

#[cfg(test)]
mod tests {
    use pdvault_engine::association::proposal::{ContextOffer, split};

    use super::*;

    fn proposals(classes: impl IntoIterator<Item = usize>) -> Vec<Vec<ProposedContext>> {
        let offers: Vec<_> = classes
            .into_iter()
            .map(|class| ContextOffer {
                abstract_syntax: Uid::from(format!("1.{class}").as_str()),
                transfer_syntaxes: vec![Uid::from("1.2.840.10008.1.2")],
            })
            .collect();
        split(&offers)
    }

    #[test]
    fn every_class_is_the_business_of_exactly_one_pass() {
        let proposals = proposals(0..300);
        let passes: Vec<_> = (0..proposals.len())
            .map(|at| pass_of(&proposals, at, false))
            .collect();
        assert_eq!(passes.len(), 3);
        // The last one is in no proposal.
        for class in 0..=300 {
            let class = Uid::from(format!("1.{class}").as_str());
            let count = passes.iter().filter(|pass| pass.is_for(&class)).count();
            assert_eq!(count, 1, "{class}");
        }
        assert!(passes[0].is_for(&Uid::from("1.300")));
    }

    #[test]
    fn a_class_with_too_many_contexts_for_an_association_is_noticed() {
        assert_eq!(torn(&proposals(0..300)), None);
        assert_eq!(torn(&proposals((0..100).chain(0..100))), None);
        let one_of_many = (0..100).chain([7; 128]);
        assert_eq!(torn(&proposals(one_of_many)), Some(&Uid::from("1.7")));
    }
}

//! The way of one object from the reactor to its writer, and the answer's way back.

use std::fmt;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::commit::StoredReceipt;
use super::failure::StoreFailure;
use super::writer::{Message, Then, Work, WriterPool};
use crate::landing::{Extent, Wake};
use crate::value::Uid;

/// What the store must know of an object before its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// The SOP class UID of the C-STORE request.
    pub sop_class: Uid,
    /// The SOP instance UID of the C-STORE request: makes the file name.
    pub sop_instance: Uid,
    /// The transfer syntax of the presentation context.
    pub transfer_syntax: Uid,
    /// The first part of the file name, from the registry.
    pub prefix: &'static str,
    /// Length of the file meta information at the front of the first extent, in bytes.
    pub header_len: usize,
}

/// Where the verdict on an object goes.
pub struct ReplyTo {
    /// Comes back with the [`Verdict`]; its meaning is the caller's own.
    pub ticket: u64,
    /// The channel. It must have room for one verdict per object on its way (an unbounded channel
    /// does): the store never waits here, and a verdict that finds the channel full is lost.
    pub to: Sender<Verdict>,
    /// Called after the verdict was sent.
    pub wake: Arc<dyn Wake>,
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}

/// What became of an object: exactly one for each that was committed, and none for any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The ticket of the [`ReplyTo`].
    pub ticket: u64,
    /// The receipt, or why there is none.
    pub result: Result<StoredReceipt, StoreFailure>,
}

/// One object on its way to the disk.
///
/// Dropping it without [`Incoming::commit`] discards the object: nothing of it stays, and no verdict
/// comes. All calls return at once, unless the writer is behind by the whole depth of its queue.
#[derive(Debug)]
#[must_use = "dropping it discards the object"]
pub struct Incoming {
    writers: Arc<WriterPool>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing was sent yet.
    New(ObjectHead),
    /// The writer that has the object, and the object's number there.
    Sent { writer: usize, object: u64 },
    /// Committed, or given up.
    Closed,
}

impl Incoming {
    pub(super) fn new(writers: Arc<WriterPool>, head: ObjectHead) -> Self {
        Self {
            writers,
            state: State::New(head),
        }
    }

    /// Hands over bytes of the object, in their order. More will follow: an object that ends with
    /// these bytes is better given to [`Incoming::commit`] at once.
    pub fn write(&mut self, extent: Extent) {
        self.send(Some(extent), Then::More);
    }

    /// The object is complete with these bytes, if any: it is to be made durable and published.
    /// Exactly one verdict follows, to `reply`, maybe before this call returns;
    /// [`StoreFailure::ShutDown`] if the object's writer is gone.
    pub fn commit(mut self, last: Option<Extent>, reply: ReplyTo) {
        let reply = Reply::new(reply);
        let state = std::mem::replace(&mut self.state, State::Closed);
        match (self.writers.shortcut(), state, last) {
            (Some(shortcut), State::New(head), Some(extent)) if shortcut.takes(&extent) => {
                shortcut.store(head, extent, reply);
            }
            (_, state, last) => {
                self.state = state;
                self.send(last, Then::Commit(reply));
            }
        }
    }

    fn send(&mut self, extent: Option<Extent>, then: Then) {
        let (writer, object, head) = match std::mem::replace(&mut self.state, State::Closed) {
            State::New(head) => {
                let is_whole = !matches!(then, Then::More);
                let (writer, object) = self.writers.assign(is_whole);
                (writer, object, Some(head))
            }
            State::Sent { writer, object } => (writer, object, None),
            State::Closed => return,
        };
        if matches!(then, Then::More) {
            self.state = State::Sent { writer, object };
        }
        self.writers.send(
            writer,
            Message::Work(Work {
                object,
                head,
                extent,
                then,
            }),
        );
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let State::Sent { writer, object } = self.state {
            let work = Work {
                object,
                head: None,
                extent: None,
                then: Then::Discard,
            };
            self.writers.send(writer, Message::Work(work));
        }
    }
}

/// The duty to answer for a committed object: answers [`StoreFailure::ShutDown`] when it is dropped
/// unanswered, so that no association waits for ever, however an object ends. It travels with the
/// commit, so no answer can come before it.
#[derive(Debug)]
pub(super) struct Reply(Option<ReplyTo>);

impl Reply {
    pub(super) fn new(to: ReplyTo) -> Self {
        Self(Some(to))
    }

    /// Sends the verdict and wakes its reader.
    pub(super) fn send(self, result: Result<StoredReceipt, StoreFailure>) {
        if let Some(wake) = self.send_quietly(result) {
            wake.wake();
        }
    }

    /// Sends the verdict; the caller wakes its reader. `None` when nobody listens.
    pub(super) fn send_quietly(
        mut self,
        result: Result<StoredReceipt, StoreFailure>,
    ) -> Option<Arc<dyn Wake>> {
        let to = self.0.take()?;
        // An association that is gone has dropped its end; that stops nobody here.
        to.to
            .try_send(Verdict {
                ticket: to.ticket,
                result,
            })
            .ok()?;
        Some(to.wake)
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(to) = self.0.take() {
            Self(Some(to)).send(Err(StoreFailure::ShutDown));
        }
    }
}

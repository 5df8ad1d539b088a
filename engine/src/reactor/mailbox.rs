//! How other threads reach an event loop: channels, and a wake-up behind them.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::landing::{Grant, Waiter, Wake};
use crate::store::{ReplyTo, Verdict};

use super::backend::Accepted;

/// The sending ends. The channels themselves have no bound, because each kind of message has one:
/// a grant per connection, a verdict per object on its way, and a connection per place under
/// [`super::context::Limits`].
pub(super) struct Mailbox {
    pub(super) load: Load,
    pub(super) accepted: Sender<Accepted>,
    grants: Sender<Grant>,
    verdicts: Sender<Verdict>,
    wake: Arc<dyn Wake>,
}

/// The receiving ends.
pub(super) struct Letters {
    pub(super) accepted: Receiver<Accepted>,
    pub(super) grants: Receiver<Grant>,
    pub(super) verdicts: Receiver<Verdict>,
}

impl Mailbox {
    pub(super) fn new(wake: Arc<dyn Wake>) -> (Self, Letters) {
        let (accepted_to, accepted) = unbounded();
        let (grants_to, grants) = unbounded();
        let (verdicts_to, verdicts) = unbounded();
        let mailbox = Self {
            load: Load::default(),
            accepted: accepted_to,
            grants: grants_to,
            verdicts: verdicts_to,
            wake,
        };
        (
            mailbox,
            Letters {
                accepted,
                grants,
                verdicts,
            },
        )
    }

    /// Makes the loop look at its letters.
    pub(super) fn wake(&self) {
        self.wake.wake();
    }

    /// The address for the store's answer.
    pub(super) fn reply_to(&self, ticket: u64) -> ReplyTo {
        ReplyTo {
            ticket,
            to: self.verdicts.clone(),
            wake: Arc::clone(&self.wake),
        }
    }

    /// The address for a chunk of the pool.
    pub(super) fn waiter(&self, ticket: u64) -> Waiter {
        Waiter {
            ticket,
            to: self.grants.clone(),
            wake: Arc::clone(&self.wake),
        }
    }
}

/// How many connections a loop has, or has been given.
#[derive(Default)]
pub(super) struct Load(AtomicUsize);

impl Load {
    pub(super) fn connections(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Wakes a loop once for any number of letters.
pub(super) struct LoopWaker {
    bell: Arc<dyn Wake>,
    /// Set from the wake-up until the loop begins to read its letters.
    is_awake: AtomicBool,
}

impl LoopWaker {
    pub(super) fn new(bell: Arc<dyn Wake>) -> Self {
        Self {
            bell,
            is_awake: AtomicBool::new(false),
        }
    }

    /// The loop is about to read its letters: what is sent from now on needs a new wake-up.
    pub(super) fn reset(&self) {
        self.is_awake.store(false, Ordering::SeqCst);
    }
}

impl Wake for LoopWaker {
    fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::SeqCst) {
            self.bell.wake();
        }
    }
}

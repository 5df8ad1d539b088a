//! The writer threads and their queues.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::commit::Committer;
use super::incoming::{ObjectHead, Reply};
use super::object::Object;
use super::{Context, OpenError};
use crate::landing::Extent;

/// What a writer is sent.
#[derive(Debug)]
pub(super) enum Message {
    Work(Work),
    /// Deal with what was sent before, then end.
    Stop,
}

/// One step of an object. An object that fits one extent is one message.
#[derive(Debug)]
pub(super) struct Work {
    /// The object's number, from [`WriterPool::assign`].
    pub(super) object: u64,
    /// With the first message of the object.
    pub(super) start: Option<Start>,
    pub(super) extent: Option<Extent>,
    pub(super) then: Then,
}

/// What a writer needs to begin an object.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) head: ObjectHead,
    pub(super) reply: Reply,
}

/// What happens to the object after the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    More,
    Commit,
    Discard,
}

/// The sending side of all writers.
pub(super) struct WriterPool {
    lanes: Vec<Lane>,
    next_object: AtomicU64,
}

struct Lane {
    queue: Sender<Message>,
    load: Arc<Load>,
}

/// What a writer has to do.
#[derive(Default)]
struct Load {
    /// Messages sent and not yet dealt with.
    messages: AtomicUsize,
    /// Objects assigned and not yet ended; those of slow senders stay long and cost little.
    objects: AtomicUsize,
}

impl WriterPool {
    /// Starts the threads, `pdv-writer-0` and on.
    pub(super) fn start(
        context: &Arc<Context>,
        committer: &Committer,
    ) -> Result<(Self, Vec<JoinHandle<()>>), OpenError> {
        let mut lanes = Vec::new();
        let mut threads = Vec::new();
        for index in 0..context.config.writers {
            let (queue, messages) = bounded(context.config.queue_depth);
            let load = Arc::new(Load::default());
            let writer = Writer {
                messages,
                load: Arc::clone(&load),
                context: Arc::clone(context),
                committer: committer.clone(),
                open: HashMap::new(),
            };
            threads.push(spawn(format!("pdv-writer-{index}"), move || writer.run())?);
            lanes.push(Lane { queue, load });
        }
        Ok((
            Self {
                lanes,
                next_object: AtomicU64::new(0),
            },
            threads,
        ))
    }

    /// Chooses the writer with the least to do; the first of equals, whose caches are warmest.
    /// Returns the writer's index and a number for the object.
    pub(super) fn assign(&self) -> (usize, u64) {
        let least = self
            .lanes
            .iter()
            .enumerate()
            .min_by_key(|(_, lane)| lane.load.get());
        let index = least.map_or(0, |(index, _)| index);
        if let Some(lane) = self.lanes.get(index) {
            lane.load.objects.fetch_add(1, Ordering::Relaxed);
        }
        (index, self.next_object.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends to a writer. After shutdown the message is dropped: its chunk goes back to the pool
    /// and its object is answered.
    pub(super) fn send(&self, writer: usize, message: Message) {
        if let Some(lane) = self.lanes.get(writer) {
            lane.load.messages.fetch_add(1, Ordering::Relaxed);
            if lane.queue.send(message).is_err() {
                lane.load.messages.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Tells every writer to end once it has done what was sent so far.
    pub(super) fn stop(&self) {
        for writer in 0..self.lanes.len() {
            self.send(writer, Message::Stop);
        }
    }
}

impl fmt::Debug for WriterPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterPool")
            .field("writers", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

impl Load {
    fn get(&self) -> (usize, usize) {
        (
            self.messages.load(Ordering::Relaxed),
            self.objects.load(Ordering::Relaxed),
        )
    }
}

/// Starts a named thread.
pub(super) fn spawn(
    name: String,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name.clone())
        .spawn(body)
        .map_err(|error: io::Error| OpenError::Thread {
            name,
            reason: error.to_string(),
        })
}

/// One writer thread.
struct Writer {
    messages: Receiver<Message>,
    load: Arc<Load>,
    context: Arc<Context>,
    committer: Committer,
    /// Objects of several messages that have begun and not ended.
    open: HashMap<u64, Object>,
}

impl Writer {
    /// Works until it is told to stop. Objects still open then were not committed: they are
    /// discarded, as is whatever is sent later.
    fn run(mut self) {
        while let Ok(Message::Work(work)) = self.messages.recv() {
            self.work(work);
            self.load.messages.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn work(&mut self, work: Work) {
        let Work {
            object: number,
            start,
            extent,
            then,
        } = work;
        let object = match start {
            Some(Start { head, reply }) => {
                Some(Object::begin(Arc::clone(&self.context), head, reply))
            }
            None => self.open.remove(&number),
        };
        let Some(mut object) = object else { return };
        if let Some(extent) = extent {
            object.write(&extent, then == Then::Commit);
            // The memory is free again before anything waits for the disk to sync.
            drop(extent);
        }
        if then == Then::More {
            self.open.insert(number, object);
            return;
        }
        match then {
            Then::Commit => object.commit(&self.committer),
            _ => object.discard(),
        }
        self.load.objects.fetch_sub(1, Ordering::Relaxed);
    }
}

//! The writer threads and their queues.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
// A crossbeam channel would keep what is queued, unanswered, when its receiver goes; these drop it.
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

use super::commit::Committer;
use super::incoming::{ObjectHead, Reply};
use super::object::{Object, Sealed};
use super::shortcut::Shortcut;
use super::{Context, Durability, OpenError};
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
    pub(super) head: Option<ObjectHead>,
    pub(super) extent: Option<Extent>,
    pub(super) then: Then,
}

/// What happens to the object after the bytes of a message.
#[derive(Debug)]
pub(super) enum Then {
    More,
    Commit(Reply),
    Discard,
}

/// The sending side of all writers.
pub(super) struct WriterPool {
    lanes: Vec<Lane>,
    next_object: AtomicU64,
    /// Whether every object waits for a sync of its own, so that it pays to spread them as far as
    /// they go.
    is_each_synced: bool,
    shortcut: Option<Shortcut>,
}

/// How much may wait for a writer before the next one is woken, in bytes. Small objects are dealt with
/// sooner than a thread wakes up: at 8 KiB, sixteen of them take less than half a millisecond, and
/// left to few threads each costs 33 us of CPU in place of 40 to 46 spread over 16 (`--durability
/// none`, 64 associations, 2 cores). Larger objects keep a disk busy by several writers.
const BACKLOG_BYTES: usize = 128 << 10;

struct Lane {
    queue: SyncSender<(Message, usize)>,
    load: Arc<Load>,
}

/// What a writer has to do.
#[derive(Default)]
struct Load {
    /// Its thread has ended: what is sent to it fails.
    is_dead: AtomicBool,
    /// It publishes what is complete, and may have to wait for the disk.
    is_settling: AtomicBool,
    /// What was sent and is not yet dealt with, in bytes by [`WriterPool::cost`].
    backlog: AtomicUsize,
    /// Objects of several messages that have not ended; those of slow senders stay long and cost
    /// little.
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
            let (queue, messages) = sync_channel(context.config.queue_depth);
            let load = Arc::new(Load::default());
            let writer = Writer {
                load: LifeSign(Arc::clone(&load)),
                messages,
                context: Arc::clone(context),
                committer: committer.clone(),
                open: HashMap::new(),
                sealed: Vec::with_capacity(BATCH_OBJECTS_MAX),
                written: 0,
            };
            threads.push(spawn(format!("pdv-writer-{index}"), move || writer.run())?);
            lanes.push(Lane { queue, load });
        }
        Ok((
            Self {
                lanes,
                next_object: AtomicU64::new(0),
                is_each_synced: context.syncs_each_file(),
                shortcut: Shortcut::new(context, committer),
            },
            threads,
        ))
    }

    /// Chooses the writer with the least to do of those that live; the first of equals, which is the
    /// least likely to sleep. `is_whole`: the object is one message. Returns the writer's index and
    /// a number for the object.
    pub(super) fn assign(&self, is_whole: bool) -> (usize, u64) {
        let least = self
            .lanes
            .iter()
            .enumerate()
            .min_by_key(|(_, lane)| lane.load.get());
        let index = least.map_or(0, |(index, _)| index);
        if let Some(lane) = self.lanes.get(index)
            && !is_whole
        {
            lane.load.objects.fetch_add(1, Ordering::Relaxed);
        }
        (index, self.next_object.fetch_add(1, Ordering::Relaxed))
    }

    /// The way past the writers, if there is one.
    pub(super) fn shortcut(&self) -> Option<&Shortcut> {
        self.shortcut.as_ref()
    }

    /// Sends to a writer. If its thread has ended, or ends before it gets there, the message is
    /// dropped: its chunk goes back to the pool, and a commit is answered.
    pub(super) fn send(&self, writer: usize, message: Message) {
        let Some(lane) = self.lanes.get(writer) else {
            return;
        };
        let cost = self.cost(&message);
        lane.load.backlog.fetch_add(cost, Ordering::Relaxed);
        if lane.queue.send((message, cost)).is_err() {
            lane.load.backlog.fetch_sub(cost, Ordering::Relaxed);
        }
    }

    /// How much of a writer's time a message takes, as the bytes that could be written in it.
    fn cost(&self, message: &Message) -> usize {
        match message {
            Message::Work(_) if self.is_each_synced => BACKLOG_BYTES,
            Message::Work(work) => work.extent.as_ref().map_or(0, |extent| extent.len),
            Message::Stop => 0,
        }
    }

    /// Tells every writer to end once it has done what was sent so far.
    pub(super) fn stop(&self) {
        if let Some(shortcut) = &self.shortcut {
            shortcut.close();
        }
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
    /// The order in which writers are chosen: the dead last, then those that may have to wait, then
    /// those with much to do.
    fn get(&self) -> (bool, bool, usize, usize) {
        (
            self.is_dead.load(Ordering::Relaxed),
            self.is_settling.load(Ordering::Relaxed),
            self.backlog.load(Ordering::Relaxed) / BACKLOG_BYTES,
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

/// A writer's own hold of its load: however its thread ends, no new objects go there then.
struct LifeSign(Arc<Load>);

impl Drop for LifeSign {
    fn drop(&mut self) {
        self.0.is_dead.store(true, Ordering::Relaxed);
    }
}

/// Objects that a writer completes before it publishes the first of them, if there are as many: one
/// waits for the disk while the next is written. What is gained beyond is small, what the first of
/// them waits is not.
const BATCH_OBJECTS_MAX: usize = 16;

/// Bytes written while a complete object waits to be published, for the same reason: about what a
/// disk takes in a millisecond.
const BATCH_BYTES_MAX: u64 = 1 << 20;

/// One writer thread.
struct Writer {
    /// Dropped first: nobody should choose a writer whose queue is closed.
    load: LifeSign,
    /// Each with its cost.
    messages: Receiver<(Message, usize)>,
    context: Arc<Context>,
    committer: Committer,
    /// Objects of several messages that have begun and not ended.
    open: HashMap<u64, Object>,
    /// Complete objects that are not published yet.
    sealed: Vec<Sealed>,
    /// Bytes written since the first of them was.
    written: u64,
}

impl Writer {
    /// Works until it is told to stop. Objects still open then were not committed: they are
    /// discarded, as is whatever is sent later.
    fn run(mut self) {
        while let Some((work, cost)) = self.next() {
            self.work(work);
            self.load.0.backlog.fetch_sub(cost, Ordering::Relaxed);
        }
        self.settle();
    }

    /// The next step: what waits in the queue before complete objects are published, until these have
    /// waited long enough; with its cost. `None` when it is time to stop.
    fn next(&mut self) -> Option<(Work, usize)> {
        let is_batch_full =
            self.sealed.len() >= BATCH_OBJECTS_MAX || self.written >= BATCH_BYTES_MAX;
        let (message, cost) = match self.messages.try_recv() {
            Ok(message) if !is_batch_full || self.sealed.is_empty() => {
                if let Some(sealed) = self.sealed.last_mut() {
                    sealed.start_securing();
                }
                message
            }
            Ok(message) => {
                self.settle();
                message
            }
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                self.settle();
                self.messages.recv().ok()?
            }
        };
        match message {
            Message::Work(work) => Some((work, cost)),
            Message::Stop => None,
        }
    }

    fn work(&mut self, work: Work) {
        let Work {
            object: number,
            head,
            extent,
            then,
        } = work;
        let is_whole = head.is_some() && !matches!(then, Then::More);
        let object = match head {
            Some(head) => Some(Object::begin(Arc::clone(&self.context), head)),
            None => self.open.remove(&number),
        };
        let Some(mut object) = object else { return };
        if let Some(extent) = extent {
            let is_last = matches!(then, Then::Commit(_));
            if object.is_cached() {
                let write = || object.write(&extent, is_last);
                self.context.page_cache.watch(extent.len, write);
            } else {
                object.write(&extent, is_last);
            }
            self.written += extent.len as u64;
            // The memory is free again before anything waits for the disk to sync.
            drop(extent);
        }
        match then {
            Then::More => {
                self.open.insert(number, object);
                return;
            }
            Then::Commit(reply) => self.seal(object, reply),
            Then::Discard => drop(object),
        }
        if !is_whole {
            self.load.0.objects.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn seal(&mut self, object: Object, reply: Reply) {
        if self.sealed.is_empty() {
            self.written = 0;
        }
        self.sealed.push(object.seal(reply));
        if self.context.config.durability == Durability::None {
            // Nothing to wait for, and nothing gained by it.
            self.settle();
        }
    }

    /// Publishes all that is complete.
    fn settle(&mut self) {
        if self.sealed.is_empty() {
            return;
        }
        self.load.0.is_settling.store(true, Ordering::Relaxed);
        for sealed in self.sealed.drain(..) {
            sealed.settle(&self.committer);
        }
        self.load.0.is_settling.store(false, Ordering::Relaxed);
    }
}

//! Group commit: many published objects, one sync of the directory, then their receipts.
//!
//! While the directory is being synced, further objects queue up; the next sync serves them all.
//! So the group grows with the load, and an object alone waits for nobody; see `gathering.rs` for the
//! moment that small groups wait.

mod gathering;
mod receipt;

use std::sync::Arc;
// As for the writers: what is queued when the receiver goes must be dropped, so that it is answered.
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use gathering::{Gathering, Goal};

use super::failure::{Operation, StoreFailure};
use super::incoming::Reply;
use super::publish::Placed;
use super::writer::spawn;
use super::{Context, Durability, OpenError};
use crate::landing::Wake;

pub use receipt::{Discarding, Outcome, StoredReceipt};

/// The most objects of one group, and the bound of the queue for the next one. A group can be no
/// larger than the objects that wait for their answer; this is the default limit of associations,
/// rounded up. A writer that finds the queue full waits for the sync under way.
pub const COMMIT_BATCH_MAX: usize = 1024;

/// An object under its final name, its data durable if durability is asked for.
pub(super) struct Published {
    pub(super) placed: Placed,
    pub(super) bytes: u64,
    pub(super) reply: Reply,
}

/// The way from published to acknowledged.
#[derive(Clone)]
pub(super) enum Committer {
    /// No durability asked: the receipt is made at once.
    Immediate(Arc<Context>),
    /// The committer thread makes the name durable first.
    Grouped(SyncSender<Published>),
}

/// Starts the committer thread, `pdv-commit`, where one is needed. It ends when the last clone of
/// the [`Committer`] is gone.
pub(super) fn start(
    context: &Arc<Context>,
) -> Result<(Committer, Option<JoinHandle<()>>), OpenError> {
    if context.config.durability == Durability::None {
        return Ok((Committer::Immediate(Arc::clone(context)), None));
    }
    let (sender, queue) = sync_channel(COMMIT_BATCH_MAX);
    let context = Arc::clone(context);
    let thread = spawn("pdv-commit".to_owned(), move || run(&context, &queue))?;
    Ok((Committer::Grouped(sender), Some(thread)))
}

impl Committer {
    /// Answers for a published object, once it is as durable as was asked.
    pub(super) fn settle(&self, published: Published) {
        match self {
            Self::Immediate(context) => {
                let Published {
                    placed,
                    bytes,
                    reply,
                } = published;
                let path = context.directory.path_of(&placed.file_name);
                reply.send(Ok(StoredReceipt::new(path, bytes, placed.outcome)));
            }
            Self::Grouped(queue) => {
                // Without a committer, which only a panic can bring about, the object answers for
                // itself as it is dropped.
                let _ = queue.send(published);
            }
        }
    }
}

fn run(context: &Context, queue: &Receiver<Published>) {
    let mut group = Vec::with_capacity(COMMIT_BATCH_MAX);
    let mut gathering = Gathering::default();
    loop {
        take_waiting(&mut group, queue);
        let goal = gathering.goal(group.len());
        if group.is_empty() {
            match queue.recv() {
                Ok(first) => group.push(first),
                Err(_) => return,
            }
        }
        gather(&mut group, queue, goal);
        let objects = group.len();
        let start = Instant::now();
        commit(context, &mut group);
        gathering.committed(goal, objects, start.elapsed());
    }
}

/// Adds what has come to a group, as far as it has room.
fn take_waiting(group: &mut Vec<Published>, queue: &Receiver<Published>) {
    group.extend(queue.try_iter().take(COMMIT_BATCH_MAX - group.len()));
}

/// Waits until the goal is reached, or for as long as it allows.
fn gather(group: &mut Vec<Published>, queue: &Receiver<Published>, goal: Goal) {
    take_waiting(group, queue);
    if group.len() >= goal.objects {
        return;
    }
    let end = Instant::now() + goal.patience;
    while group.len() < goal.objects {
        let left = end.saturating_duration_since(Instant::now());
        match queue.recv_timeout(left) {
            Ok(published) => group.push(published),
            Err(_) => return,
        }
    }
}

/// Makes the names of a group durable and answers for all.
fn commit(context: &Context, group: &mut Vec<Published>) {
    let synced = super::part::retry_interrupted(|| {
        context.sinks.sync_directory(context.directory.descriptor())
    });
    let mut wakes: Vec<Arc<dyn Wake>> = Vec::new();
    for Published {
        placed,
        bytes,
        reply,
    } in group.drain(..)
    {
        // Held up to here: its blocks may go to other files now that its name is durably gone.
        drop(placed.replaced);
        let path = context.directory.path_of(&placed.file_name);
        let result = match &synced {
            Ok(()) => Ok(StoredReceipt::new(path, bytes, placed.outcome)),
            Err(error) => Err(StoreFailure::of_system(
                Operation::SyncDirectory,
                &path,
                error,
            )),
        };
        if let Some(wake) = reply.send_quietly(result) {
            wake_once(&mut wakes, wake);
        }
    }
    for wake in wakes {
        wake.wake();
    }
}

/// Remembers a reader to wake, once however many verdicts it gets.
fn wake_once(wakes: &mut Vec<Arc<dyn Wake>>, wake: Arc<dyn Wake>) {
    let place = |wake: &Arc<dyn Wake>| Arc::as_ptr(wake).cast::<()>();
    if !wakes.iter().any(|known| place(known) == place(&wake)) {
        wakes.push(wake);
    }
}

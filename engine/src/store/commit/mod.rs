//! Group commit: many published objects, one sync of the directory, then their receipts.
//!
//! While the directory is being synced, further objects queue up; the next sync serves them all.
//! So the group grows with the load, and an object alone waits for nobody.

mod receipt;

use std::sync::Arc;
// As for the writers: what is queued when the receiver goes must be dropped, so that it is answered.
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::failure::{Operation, StoreFailure};
use super::incoming::Reply;
use super::writer::spawn;
use super::{Context, Durability, OpenError};
use crate::landing::Wake;

pub use receipt::{Discarding, Outcome, StoredReceipt};

/// The most objects of one group, and the bound of the queue for the next one. A group can be no
/// larger than the objects that wait for their answer; this is the default limit of associations,
/// rounded up. A writer that finds the queue full waits for the sync under way.
pub const COMMIT_BATCH_MAX: usize = 1024;

/// An object under its final name, its data durable if durability is asked for.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) file_name: String,
    pub(super) bytes: u64,
    pub(super) outcome: Outcome,
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
                    file_name,
                    bytes,
                    outcome,
                    reply,
                } = published;
                let path = context.directory.path_of(&file_name);
                reply.send(Ok(StoredReceipt::new(path, bytes, outcome)));
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
    while let Ok(first) = queue.recv() {
        group.push(first);
        group.extend(queue.try_iter().take(COMMIT_BATCH_MAX - 1));
        commit(context, &mut group);
    }
}

/// Makes the names of a group durable and answers for all.
fn commit(context: &Context, group: &mut Vec<Published>) {
    let synced = super::part::retry_interrupted(|| {
        context.sinks.sync_directory(context.directory.descriptor())
    });
    let mut wakes: Vec<Arc<dyn Wake>> = Vec::new();
    for Published {
        file_name,
        bytes,
        outcome,
        reply,
    } in group.drain(..)
    {
        let path = context.directory.path_of(&file_name);
        let result = match &synced {
            Ok(()) => Ok(StoredReceipt::new(path, bytes, outcome)),
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

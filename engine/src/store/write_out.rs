//! Moving to the disk what was published out of the page cache, without anybody waiting for it.
//!
//! Left to itself the kernel begins when a tenth of the memory has changed, or after half a minute; then it writes
//! in one go, and slows writers down that go on. Begun at once, the disk works while objects come:
//! 512 KiB, 8 associations, `--durability none`: all is on the disk 1.4 times as soon.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::part::{PartFile, SMALL_OBJECT_BYTES_MAX};
use super::writer::spawn;
use super::{Durability, OpenError};

/// Files that may wait. What comes when there are as many is left to the kernel: the disk is behind, and
/// has enough to do. Each holds a descriptor.
const WAITING_MAX: usize = 64;

/// The way to the thread that does it, `pdv-write-out`.
#[derive(Debug)]
pub(super) struct WriteOut {
    /// `None`: the end. Where durability is asked for there is no queue.
    queue: Option<SyncSender<Option<PartFile>>>,
}

impl WriteOut {
    /// Starts the thread where it has something to do.
    pub(super) fn start(
        durability: Durability,
    ) -> Result<(Self, Option<JoinHandle<()>>), OpenError> {
        if durability == Durability::Object {
            return Ok((Self { queue: None }, None));
        }
        let (sender, queue) = sync_channel(WAITING_MAX);
        let thread = spawn("pdv-write-out".to_owned(), move || run(&queue))?;
        let queue = Some(sender);
        Ok((Self { queue }, Some(thread)))
    }

    /// A published file of so many bytes, to be written out if it lies in the page cache. With many small
    /// files the kernel does better by itself.
    pub(super) fn offer(&self, part: PartFile, bytes: u64) {
        if let Some(queue) = &self.queue
            && part.is_cached()
            && bytes > SMALL_OBJECT_BYTES_MAX as u64
        {
            let _ = queue.try_send(Some(part));
        }
    }

    /// Ends the thread, once it has dealt with what waits.
    pub(super) fn stop(&self) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(None);
        }
    }
}

fn run(queue: &Receiver<Option<PartFile>>) {
    while let Ok(Some(mut part)) = queue.recv() {
        // An error is the kernel's to report to whoever syncs the file: no durability was asked for.
        let _ = part.start_securing();
    }
}

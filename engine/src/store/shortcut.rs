//! Small objects stored by whoever has them, without the way to a writer thread and back.
//!
//! Without durability, a small object takes some twenty microseconds in the kernel and waits for nothing;
//! two wake-ups and changes of threads cost more. Figures: 8 KiB, `--durability none`, 2 cores, file system
//! in memory: one association 16,000-21,000 objects a second in place of 5,000-13,000, at 33 in place
//! of 90 us of CPU each; eight 21,000-28,000 in place of 15,000-21,000, at 30 in place of 36; 64 the
//! same either way.
//!
//! When the disk makes an object wait after all (the kernel slows writers down that are far ahead of
//! it), the event loop stands still for so long; then the writers take over for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::commit::Committer;
use super::incoming::{ObjectHead, Reply};
use super::object::Object;
use super::part::SMALL_OBJECT_BYTES_MAX;
use super::{Context, Durability};
use crate::landing::Extent;

/// An object that took so long had to wait for something.
const SLOW: Duration = Duration::from_millis(1);

/// How long the writers take all objects after one was slow, in times that it took: so that a loop
/// loses one hundredth of its time to such waits at most, however long each is.
const CLOSED_TIMES: u32 = 100;

/// See the [module documentation](self).
pub(super) struct Shortcut {
    context: Arc<Context>,
    committer: Committer,
    started: Instant,
    /// No object goes this way before, in nanoseconds since the start.
    closed_until: AtomicU64,
}

impl Shortcut {
    /// `None` where objects have to wait for the disk anyway.
    pub(super) fn new(context: &Arc<Context>, committer: &Committer) -> Option<Self> {
        (context.config.durability == Durability::None).then(|| Self {
            context: Arc::clone(context),
            committer: committer.clone(),
            started: Instant::now(),
            closed_until: AtomicU64::new(0),
        })
    }

    /// Whether an object that is whole in this extent should go this way now.
    pub(super) fn takes(&self, extent: &Extent) -> bool {
        extent.len <= SMALL_OBJECT_BYTES_MAX
            && nanoseconds(self.started.elapsed()) >= self.closed_until.load(Ordering::Relaxed)
    }

    /// Stores an object and answers for it.
    pub(super) fn store(&self, head: ObjectHead, extent: Extent, reply: Reply) {
        let start = Instant::now();
        let mut object = Object::begin(Arc::clone(&self.context), head);
        object.write(&extent, true);
        drop(extent);
        object.seal(reply).settle(&self.committer);
        let took = start.elapsed();
        if took >= SLOW {
            let until = self.started.elapsed() + took * CLOSED_TIMES;
            self.closed_until
                .fetch_max(nanoseconds(until), Ordering::Relaxed);
        }
    }

    /// Nothing goes this way any more.
    pub(super) fn close(&self) {
        self.closed_until.store(u64::MAX, Ordering::Relaxed);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX - 1)
}

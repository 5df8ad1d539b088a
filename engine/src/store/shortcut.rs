//! Objects stored by whoever has them, without the way to a writer thread and back.
//!
//! Without durability, and while the page cache is quick, an object waits for nothing, and two wake-ups and
//! changes of threads cost more than making a small file. Figures: 8 KiB, `--durability none`, 2 cores, file system
//! in memory: one association 16,000-21,000 objects a second in place of 5,000-13,000, at 33 in place
//! of 90 us of CPU each; eight 21,000-28,000 in place of 15,000-21,000, at 30 in place of 36; 64 the
//! same either way.
//!
//! When the disk makes an object wait after all (the kernel slows writers down that are far ahead of
//! it), the event loop stands still for so long; then the writers take over for a while (`page_cache.rs`).

use std::sync::Arc;

use super::commit::Committer;
use super::incoming::{ObjectHead, Reply};
use super::object::Object;
use super::part::SMALL_OBJECT_BYTES_MAX;
use super::{Context, Durability, OnDuplicate};
use crate::landing::Extent;

/// See the [module documentation](self).
pub(super) struct Shortcut {
    context: Arc<Context>,
    committer: Committer,
}

impl Shortcut {
    /// `None` where objects have to wait for the disk anyway.
    pub(super) fn new(context: &Arc<Context>, committer: &Committer) -> Option<Self> {
        (context.config.durability == Durability::None).then(|| Self {
            context: Arc::clone(context),
            committer: committer.clone(),
        })
    }

    /// Whether an object that is whole in this extent should go this way now. One that is compared with a
    /// file may have to read that from the disk, and has company in that among the writers.
    pub(super) fn takes(&self, extent: &Extent) -> bool {
        let may_wait = self.context.config.on_duplicate == OnDuplicate::Same
            && extent.len > SMALL_OBJECT_BYTES_MAX;
        !may_wait && self.context.page_cache.is_quick()
    }

    /// Stores an object and answers for it.
    pub(super) fn store(&self, head: ObjectHead, extent: Extent, reply: Reply) {
        self.context.page_cache.watch(extent.len, || {
            let mut object = Object::begin(Arc::clone(&self.context), head);
            object.write(&extent, true);
            drop(extent);
            object.seal(reply).settle(&self.committer);
        });
    }

    /// Nothing goes this way any more.
    pub(super) fn close(&self) {
        self.context.page_cache.close();
        self.context.write_out.stop();
    }
}

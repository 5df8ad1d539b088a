//! One object in its writer's hands, from the first bytes to the answer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::commit::{Committer, Outcome, Published};
use super::duplicate::Comparison;
use super::failure::{Operation, StoreFailure};
use super::incoming::{ObjectHead, Reply};
use super::name::Name;
use super::part::PartFile;
use super::publish::{Placed, publish, rule};
use super::sink::SinkKind;
use super::{Context, Durability, OnDuplicate};
use crate::landing::Extent;

/// An object that has begun. Dropped before it is committed, nothing of it stays.
pub(super) struct Object {
    context: Arc<Context>,
    head: ObjectHead,
    /// Bytes taken so far: where the next extent begins.
    landed: u64,
    state: State,
}

enum State {
    /// Named, no bytes yet.
    Named(Name),
    /// On its way to the disk.
    Writing(Name, PartFile),
    /// So far the same as the file that has its name: nothing is written.
    Comparing(Name, Comparison),
    /// Lost. What comes is dropped; the answer waits for the commit.
    Failed(StoreFailure),
}

impl Object {
    pub(super) fn begin(context: Arc<Context>, head: ObjectHead) -> Self {
        let state = match Name::of(&context.config, &head) {
            Ok(name) => State::Named(name),
            Err(failure) => State::Failed(failure),
        };
        Self {
            context,
            head,
            landed: 0,
            state,
        }
    }

    /// Takes the next bytes. `is_last`: the object ends with them.
    pub(super) fn write(&mut self, extent: &Extent, is_last: bool) {
        let (bytes, offset) = (extent.bytes(), extent.file_offset);
        debug_assert!(
            offset == self.landed,
            "extents follow each other without a gap"
        );
        let state = std::mem::replace(&mut self.state, State::Failed(StoreFailure::ShutDown));
        let next = match state {
            State::Named(name) => self
                .open(name, bytes.len(), is_last)
                .and_then(|state| self.put(state, bytes, offset, is_last)),
            state => self.put(state, bytes, offset, is_last),
        };
        self.state = next.unwrap_or_else(State::Failed);
        self.landed = extent.file_end();
    }

    /// Whether it goes to the page cache because that is quick just now.
    pub(super) fn is_cached(&self) -> bool {
        matches!(&self.state, State::Writing(_, part) if part.is_cached())
    }

    /// Decides, with the first bytes, whether and how to write.
    fn open(&self, name: Name, first_len: usize, is_last: bool) -> Result<State, StoreFailure> {
        let plain = name.plain();
        match rule(&self.context, &name) {
            OnDuplicate::Refuse => {
                let taken = self.context.directory.is_taken(&plain);
                if taken.map_err(self.failed(Operation::Create, &name))? {
                    return Err(StoreFailure::Duplicate {
                        path: self.path(&name),
                    });
                }
            }
            OnDuplicate::Same => {
                let comparison = Comparison::begin(&self.context, &plain, &self.head);
                if let Some(comparison) =
                    comparison.map_err(self.failed(Operation::Compare, &name))?
                {
                    return Ok(State::Comparing(name, comparison));
                }
            }
            OnDuplicate::Overwrite | OnDuplicate::Keep => {}
        }
        let kind = PartFile::kind_for(&self.context, first_len, is_last);
        self.create(name, kind)
    }

    fn create(&self, name: Name, kind: SinkKind) -> Result<State, StoreFailure> {
        match PartFile::create(&self.context, &name.plain(), kind) {
            Ok(part) => Ok(State::Writing(name, part)),
            Err(error) => Err(self.failed(Operation::Create, &name)(error)),
        }
    }

    /// Writes the bytes, or compares them while that is all there is to do.
    fn put(
        &self,
        state: State,
        bytes: &[u8],
        offset: u64,
        is_last: bool,
    ) -> Result<State, StoreFailure> {
        match state {
            State::Writing(name, mut part) => {
                part.write(bytes, offset, is_last)
                    .map_err(self.failed(Operation::Write, &name))?;
                Ok(State::Writing(name, part))
            }
            State::Comparing(name, mut comparison) => {
                let same = comparison.goes_on_with(bytes, offset);
                if same.map_err(self.failed(Operation::Compare, &name))? {
                    return Ok(State::Comparing(name, comparison));
                }
                let kind = match offset {
                    0 => PartFile::kind_for(&self.context, bytes.len(), is_last),
                    _ => SinkKind::Buffered,
                };
                let state = self.write_after_all(name, &comparison, offset, kind)?;
                self.put(state, bytes, offset, is_last)
            }
            State::Named(_) | State::Failed(_) => Ok(state),
        }
    }

    /// The object differs from the file that has its name, somewhere after `same` bytes: what was
    /// only compared is written now.
    fn write_after_all(
        &self,
        name: Name,
        comparison: &Comparison,
        same: u64,
        kind: SinkKind,
    ) -> Result<State, StoreFailure> {
        let state = self.create(name, kind)?;
        if let State::Writing(name, mut part) = state {
            comparison
                .copy_to(&mut part, same)
                .map_err(self.failed(Operation::Compare, &name))?;
            return Ok(State::Writing(name, part));
        }
        Ok(state)
    }

    /// The object is complete.
    pub(super) fn seal(mut self, reply: Reply) -> Sealed {
        let state = std::mem::replace(&mut self.state, State::Failed(StoreFailure::ShutDown));
        self.state = self.complete(state).unwrap_or_else(State::Failed);
        Sealed {
            object: self,
            reply,
        }
    }

    fn complete(&self, state: State) -> Result<State, StoreFailure> {
        let state = match state {
            State::Named(name) => self.create(name, SinkKind::Buffered)?,
            State::Comparing(name, comparison) if !comparison.is_same_to_the_end(self.landed) => {
                self.write_after_all(name, &comparison, self.landed, SinkKind::Buffered)?
            }
            state => state,
        };
        match state {
            State::Writing(name, mut part) => {
                part.seal(self.landed)
                    .map_err(self.failed(Operation::Write, &name))?;
                Ok(State::Writing(name, part))
            }
            state => Ok(state),
        }
    }

    /// Starts on what [`Object::publish`] will wait for. If that fails, the object has: the kernel may
    /// have dropped what it could not place, and say so only once.
    fn start_securing(&mut self) {
        if let State::Writing(name, part) = &mut self.state
            && let Err(error) = part.start_securing()
        {
            let path = self.context.directory.path_of(&name.plain());
            let failure = StoreFailure::of_system(Operation::SyncData, &path, &error);
            self.state = State::Failed(failure);
        }
    }

    /// Secures the data, then gives the file its name. Also returns the file, if one was written.
    fn publish(&mut self) -> Result<(Placed, Option<PartFile>), StoreFailure> {
        let state = std::mem::replace(&mut self.state, State::Failed(StoreFailure::ShutDown));
        match state {
            State::Writing(name, mut part) => {
                self.if_durable(|| part.secure())
                    .map_err(self.failed(Operation::SyncData, &name))?;
                let placed = publish(&self.context, &mut part, &name, &self.head)?;
                Ok((placed, Some(part)))
            }
            State::Comparing(name, comparison) => {
                self.if_durable(|| comparison.sync_existing())
                    .map_err(self.failed(Operation::SyncData, &name))?;
                Ok((Placed::new(name.plain(), Outcome::Identical), None))
            }
            State::Failed(failure) => Err(failure),
            State::Named(_) => Err(StoreFailure::ShutDown),
        }
    }

    fn if_durable(&self, step: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.context.config.durability {
            Durability::Object => step(),
            Durability::None => Ok(()),
        }
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.context.directory.path_of(&name.plain())
    }

    fn failed(&self, operation: Operation, name: &Name) -> impl FnOnce(io::Error) -> StoreFailure {
        move |error| StoreFailure::of_system(operation, &self.path(name), &error)
    }
}

/// An object that is complete and has no name yet. Whoever drops it without [`Sealed::settle`] discards
/// it, and it is answered as lost.
pub(super) struct Sealed {
    object: Object,
    reply: Reply,
}

impl Sealed {
    /// Something else is done before [`Sealed::settle`]: starts moving to the disk what still lies in
    /// the page cache.
    pub(super) fn start_securing(&mut self) {
        self.object.start_securing();
    }

    /// Makes the data durable as far as that is due before the name, publishes the object and sees to
    /// the answer.
    pub(super) fn settle(mut self, committer: &Committer) {
        let (placed, part) = match self.object.publish() {
            Ok(published) => published,
            Err(failure) => return self.reply.send(Err(failure)),
        };
        let bytes = self.object.landed;
        committer.settle(Published {
            placed,
            bytes,
            reply: self.reply,
        });
        if let Some(part) = part {
            self.object.context.write_out.offer(part, bytes);
        }
    }
}

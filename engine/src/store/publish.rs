//! From a written file to its final name, by the rule for names that are taken.

use std::os::fd::OwnedFd;
use std::path::Path;

use super::commit::Outcome;
use super::duplicate;
use super::failure::{Operation, StoreFailure};
use super::name::{KEEP_NUMBER_MAX, Name};
use super::part::PartFile;
use super::{Context, ObjectHead, OnDuplicate};

/// The rule for an object of this name.
pub(super) fn rule(context: &Context, name: &Name) -> OnDuplicate {
    // Another object under a shared name is no older copy of this one.
    if name.is_shared() {
        OnDuplicate::Keep
    } else {
        context.config.on_duplicate
    }
}

/// A file under its final name.
pub(super) struct Placed {
    pub(super) file_name: String,
    pub(super) outcome: Outcome,
    /// The file that had the name, to be held until the name is durable.
    pub(super) replaced: Option<OwnedFd>,
}

impl Placed {
    pub(super) fn new(file_name: String, outcome: Outcome) -> Self {
        Self {
            file_name,
            outcome,
            replaced: None,
        }
    }
}

/// Publishes a file that is complete and, where that is asked for, durable.
pub(super) fn publish(
    context: &Context,
    part: &mut PartFile,
    name: &Name,
    head: &ObjectHead,
) -> Result<Placed, StoreFailure> {
    let plain = name.plain();
    let path = context.directory.path_of(&plain);
    let failed = |error| StoreFailure::of_system(Operation::Publish, &path, &error);
    if part.publish_new(&plain).map_err(failed)? {
        return Ok(Placed::new(plain, Outcome::New));
    }
    match rule(context, name) {
        OnDuplicate::Overwrite => {
            let replaced = part.publish_over(&plain).map_err(failed)?;
            Ok(Placed {
                replaced,
                ..Placed::new(plain, Outcome::Replaced)
            })
        }
        OnDuplicate::Refuse => Err(StoreFailure::Duplicate { path }),
        OnDuplicate::Keep => keep_both(part, name, &path),
        OnDuplicate::Same if duplicate::is_same(context, part, &plain, head)? => {
            Ok(Placed::new(plain, Outcome::Identical))
        }
        OnDuplicate::Same => {
            let kept = keep_both(part, name, &path)?;
            tracing::warn!(
                "{} holds other data than the object that came for it, which is kept as {}",
                path.display(),
                kept.file_name
            );
            Ok(kept)
        }
    }
}

/// Publishes under the first numbered name that is free.
fn keep_both(part: &mut PartFile, name: &Name, path: &Path) -> Result<Placed, StoreFailure> {
    for number in 1..=KEEP_NUMBER_MAX {
        let numbered = name.numbered(number);
        let published = part
            .publish_new(&numbered)
            .map_err(|error| StoreFailure::of_system(Operation::Publish, path, &error))?;
        if published {
            return Ok(Placed::new(numbered, Outcome::KeptBoth));
        }
    }
    Err(StoreFailure::NamesExhausted {
        path: path.to_owned(),
    })
}

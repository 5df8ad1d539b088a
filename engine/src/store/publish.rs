//! From a written file to its final name, by the rule for names that are taken.

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

/// Publishes a file that is complete and, where that is asked for, durable. Returns its name and
/// how it came to it.
pub(super) fn publish(
    context: &Context,
    mut part: PartFile,
    name: &Name,
    head: &ObjectHead,
) -> Result<(String, Outcome), StoreFailure> {
    let plain = name.plain();
    let path = context.directory.path_of(&plain);
    let failed = |error| StoreFailure::of_system(Operation::Publish, &path, &error);
    if part.publish_new(&plain).map_err(failed)? {
        return Ok((plain, Outcome::New));
    }
    match rule(context, name) {
        OnDuplicate::Overwrite => {
            part.publish_over(&plain).map_err(failed)?;
            Ok((plain, Outcome::Replaced))
        }
        OnDuplicate::Refuse => Err(StoreFailure::Duplicate { path }),
        OnDuplicate::Keep => keep_both(part, name, &path),
        OnDuplicate::Same if duplicate::is_same(context, &part, &plain, head)? => {
            Ok((plain, Outcome::Identical))
        }
        OnDuplicate::Same => {
            let kept = keep_both(part, name, &path)?;
            tracing::warn!(
                "{} holds other data than the object that came for it, which is kept as {}",
                path.display(),
                kept.0
            );
            Ok(kept)
        }
    }
}

/// Publishes under the first numbered name that is free.
fn keep_both(
    mut part: PartFile,
    name: &Name,
    path: &Path,
) -> Result<(String, Outcome), StoreFailure> {
    for number in 1..=KEEP_NUMBER_MAX {
        let numbered = name.numbered(number);
        let published = part
            .publish_new(&numbered)
            .map_err(|error| StoreFailure::of_system(Operation::Publish, path, &error))?;
        if published {
            return Ok((numbered, Outcome::KeptBoth));
        }
    }
    Err(StoreFailure::NamesExhausted {
        path: path.to_owned(),
    })
}

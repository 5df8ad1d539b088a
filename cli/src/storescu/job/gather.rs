//! A look at all files before the peer is called, for what has to be proposed.

use std::path::Path;

use pdvault_engine::association::proposal::StoredSyntaxes;
use pdvault_engine::registry;
use pdvault_engine::value::Uid;

use super::feed::Feed;
use super::inputs::Found;
use super::object::{Object, ObjectError};
use super::plan::{CannotBegin, complain, read_mode};
use crate::storescu::Settings;

/// Looks at all files, one after the other, but for those that need not be sent. Of one that cannot be
/// sent the log tells now; journal and report are told when its turn comes.
pub(super) fn gather(settings: &Settings, feed: &Feed<'_>) -> Result<StoredSyntaxes, CannotBegin> {
    let mode = read_mode(settings.input_format);
    let progress = feed.ledger.progress();
    progress.begin_looking();
    let (mut stored, mut count) = (StoredSyntaxes::default(), 0);
    for found in feed.inputs.walk() {
        if feed.stop.is_set() {
            return Ok(stored);
        }
        count += 1;
        progress.looked_at(count);
        // What cannot be read is told of when its turn comes.
        let Found::File(path) = found else { continue };
        if feed.is_done(&path) {
            continue;
        }
        match look_at(&path, Object::open(&path, mode)) {
            Ok(object) => stored.note(object.sop_class, object.transfer_syntax),
            Err(text) => complain(settings, &text)?,
        }
    }
    progress.end_looking(count, settings.repeat);
    Ok(stored)
}

/// The file, if it is of a class that can be proposed; else what DCMTK says of it.
fn look_at(path: &Path, opened: Result<Object, ObjectError>) -> Result<Object, String> {
    let shown = path.display();
    let object = opened.map_err(|_| format!("missing SOP class (or instance) in file: {shown}"))?;
    if can_be_proposed(&object.sop_class) {
        return Ok(object);
    }
    let class = &object.sop_class;
    Err(format!(
        "unknown storage SOP class in file: {shown}: {class}"
    ))
}

/// Whether this is a class whose objects are stored.
pub(super) fn can_be_proposed(class: &Uid) -> bool {
    registry::sop_class(class.as_str()).is_some_and(|class| class.storage || class.newer)
}

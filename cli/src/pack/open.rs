//! Opens what was named.

use std::path::PathBuf;

use pdvault_engine::pack::{OpenError, Segment, segment_paths};

use super::Settings;

/// The files of all segments that were named.
pub(super) fn paths(settings: &Settings) -> Result<Vec<PathBuf>, OpenError> {
    let mut paths = Vec::new();
    for pack in &settings.packs {
        paths.extend(segment_paths(pack)?);
    }
    Ok(paths)
}

/// All segments that were named. An index that can't be used is told and done without.
pub(super) fn segments(settings: &Settings) -> Result<Vec<Segment>, OpenError> {
    let mut segments = Vec::new();
    for path in paths(settings)? {
        let mut segment = Segment::open(&path)?;
        if settings.selection.is_some() {
            let checked = segment.check_index();
            checked.map_err(|source| OpenError::Io {
                path: path.clone(),
                source,
            })?;
        }
        if let Some(problem) = segment.index_problem() {
            tracing::warn!(
                "{}: {problem}; done without, pdvault pack index writes the index beside it anew",
                path.display()
            );
        }
        segments.push(segment);
    }
    Ok(segments)
}

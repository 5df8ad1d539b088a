//! `pack index`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use pdvault_engine::pack::{DigestCheck, Found, IndexBuilder, Segment, index_path};

use super::Settings;
use super::open;
use super::run::AnyError;

/// Writes the index beside each segment anew. Returns whether there is one beside each now.
pub(super) fn index(settings: &Settings) -> Result<bool, AnyError> {
    let mut is_good = true;
    for path in open::paths(settings)? {
        let segment = Segment::open(&path)?;
        let Some(bytes) = rebuilt(&segment)? else {
            let path = path.display();
            tracing::error!("{path}: not sealed; its index is written when it is");
            is_good = false;
            continue;
        };
        replace(&index_path(&path), &bytes)?;
    }
    Ok(is_good)
}

/// The index of a sealed segment, made of the headers in it. Damage is logged: what is lost is not in it.
fn rebuilt(segment: &Segment) -> io::Result<Option<Vec<u8>>> {
    let mut index: Option<IndexBuilder> = None;
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    for found in segment.scan(DigestCheck::None)? {
        let member = match found? {
            Found::Member(member) => member,
            Found::Torn { extent, damage } => {
                let (path, offset) = (segment.path().display(), extent.offset);
                tracing::warn!("{path} at {offset}: {damage}; left out of the index");
                continue;
            }
            Found::Head(_) | Found::Filler(_) | Found::Hole(_) => continue,
        };
        let index = index.get_or_insert_with(|| IndexBuilder::new(member.segment));
        if member.object().is_none() {
            let index = index.clone().finish(member.offset);
            return index.map(Some).map_err(invalid);
        }
        index.push(&member).map_err(invalid)?;
    }
    Ok(None)
}

/// Puts a whole file in the place of what was there.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), AnyError> {
    let part = path.with_extension("idx.part");
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // What is left of it is of no use.
        let _ = fs::remove_file(&part);
        format!("cannot write {}: {error}", path.display()).into()
    })
}

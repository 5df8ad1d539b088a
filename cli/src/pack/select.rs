//! The objects that a command is about.

use std::io;

use pdvault_engine::pack::{DigestCheck, Found, Member, Segment};

use super::settings::Selection;

/// How the search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// Objects found.
    pub(super) found: u64,
    /// Places that something is wrong with; the log names them.
    pub(super) damaged: u64,
}

/// Calls `visit` for each object of a segment that is selected, in the order of places. By the index
/// where objects are selected and there is one, else by all headers.
pub(super) fn each<E: From<io::Error>>(
    segment: &Segment,
    selection: Option<&Selection>,
    mut visit: impl FnMut(Member) -> Result<(), E>,
) -> Result<Search, E> {
    let mut search = Search::default();
    if let Some(selection) = selection {
        for member in segment.look_up(selection.key())? {
            search.found += 1;
            visit(member)?;
        }
        return Ok(search);
    }
    for found in segment.scan(DigestCheck::None)? {
        match found? {
            Found::Member(member) if member.object().is_some() => {
                search.found += 1;
                visit(member)?;
            }
            Found::Torn { extent, damage } => {
                search.damaged += 1;
                let (path, offset) = (segment.path().display(), extent.offset);
                tracing::error!("{path} at {offset}: {damage}");
            }
            Found::Head(_) | Found::Member(_) | Found::Filler(_) | Found::Hole(_) => {}
        }
    }
    Ok(search)
}

//! What bytes are that may be a DICOM file, by the guesses that DCMTK makes for `--read-file`.

use super::file_meta::{MAGIC, PREAMBLE_BYTES};
use super::vr::{self, Vr};
use super::{Encoding, Tag};

/// Tag and VR: what tells the encoding.
pub(super) const ENCODING_BYTES: usize = 6;

/// What the first bytes of a file look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// Preamble and "DICM"; the file meta information follows (PS3.10 7.1).
    File,
    /// File meta information without a preamble in front.
    MetaWithoutPreamble,
    /// A data set and nothing else. Whatever is no DICOM at all looks like implicit little endian.
    DataSet(Encoding),
}

/// Guesses what begins with `prefix`, of which 132 bytes matter. `None` for implicit big endian,
/// which is no transfer syntax, and for less than 6 bytes.
pub fn sniff(prefix: &[u8]) -> Option<Sniffed> {
    if has_preamble(prefix) {
        return Some(Sniffed::File);
    }
    match prefix {
        [2, 0, ..] | [0, 2, ..] => Some(Sniffed::MetaWithoutPreamble),
        _ => encoding(prefix).map(Sniffed::DataSet),
    }
}

fn has_preamble(prefix: &[u8]) -> bool {
    prefix
        .get(PREAMBLE_BYTES..)
        .is_some_and(|rest| rest.starts_with(MAGIC))
}

/// Guesses how the elements are written that begin with `prefix`: explicit if two letters stand
/// where the VR would be that are one, in the byte order in which the standard knows the first
/// tag. If it knows both, a low group is the likely one.
pub(super) fn encoding(prefix: &[u8]) -> Option<Encoding> {
    let &[g0, g1, e0, e1, v0, v1] = prefix.first_chunk::<ENCODING_BYTES>()?;
    let little = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
    let big = Tag(u16::from_be_bytes([g0, g1]), u16::from_be_bytes([e0, e1]));
    let is_big = match (vr::is_known(little), vr::is_known(big)) {
        (_, false) => false,
        (false, true) => true,
        (true, true) => little.0 > 0xFF && big.0 <= 0xFF,
    };
    match (Vr::from_wire([v0, v1]).is_some(), is_big) {
        (true, false) => Some(Encoding::ExplicitLittle),
        (true, true) => Some(Encoding::ExplicitBig),
        (false, false) => Some(Encoding::ImplicitLittle),
        (false, true) => None,
    }
}

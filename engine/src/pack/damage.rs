//! What can be wrong with a segment.

use thiserror::Error;

/// What is wrong at a place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The first block does not tell that this is a segment.
    #[error("the head of the segment is damaged")]
    Head,
    /// Bytes that belong to no member and are no filler: an object that was never completed, or a
    /// member whose header is damaged.
    #[error("no member begins here: an object that was not completed, or a damaged header")]
    NoMember,
    /// Zeroes in front of other members: space for an object that never came.
    #[error("space that was never written")]
    Hole,
    /// The file ends within a member.
    #[error("the file ends within this member")]
    Truncated,
    /// The data is not what its digest says.
    #[error("the data does not match its digest")]
    Digest,
    /// What follows the data, up to the next block, is not as it has to be.
    #[error("the padding behind the data is damaged")]
    Padding,
    /// The end of a filler is damaged, so that tar would stumble.
    #[error("a filler is damaged")]
    Filler,
    /// The index within the segment is not the one of these members.
    #[error("the index within the segment does not match its members")]
    Index,
    /// The index beside the segment is not the one of these members.
    #[error(
        "the index beside the segment does not match its members; `pdvault pack index` writes it anew"
    )]
    Sidecar,
    /// There is no index: nobody has sealed it yet, or its end is lost.
    #[error("the segment is not sealed: it is still written to, or its end is missing")]
    Unsealed,
    /// What follows the index is not the end of an archive.
    #[error("the end of the archive is damaged")]
    End,
}

//! What a data set is sent from.

use std::io;
use std::os::fd::BorrowedFd;

/// The data set of one C-STORE-RQ, read from front to end as the peer takes it.
///
/// Nothing of it is copied on its way from here to the kernel, so what [`Payload::piece`] has shown
/// stays as it is until [`Payload::prepare`] is called with an offset behind it.
pub trait Payload {
    /// Makes bytes from `offset` on available; what lies before is not asked for again.
    ///
    /// Called with offset 0 first, and then, unless the end was reached, with the end that the last
    /// call gave, once everything before it is sent.
    fn prepare(&mut self, offset: u64) -> Result<Reach, PayloadError>;

    /// The bytes at `offset`, which lies within what was prepared: at least one, as many as lie
    /// together.
    fn piece(&self, offset: u64) -> Piece<'_>;
}

/// How much of a data set is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The offset behind the last available byte. It lies behind the offset asked for, unless the data
    /// set ends right there.
    pub end: u64,
    /// Whether the data set ends there.
    pub is_last: bool,
}

/// Bytes of a data set that lie together.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// In memory; not empty.
    Memory(&'a [u8]),
    /// In a file, from which the kernel takes them.
    File {
        /// The file.
        file: BorrowedFd<'a>,
        /// Where in it, in bytes from its start.
        position: u64,
        /// How many; at least one.
        len: u64,
    },
}

/// Why a data set cannot be sent, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It cannot be read, or not be converted.
    #[error("the data set cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file ends before the data set does.
    #[error(
        "the file ends at byte {position}, {missing} bytes before the data set does: \
         it was cut short while it was sent"
    )]
    Shortened {
        /// Where the file ends, in bytes from its start.
        position: u64,
        /// How many bytes of the data set would have followed.
        missing: u64,
    },
}

impl<P: Payload + ?Sized> Payload for Box<P> {
    fn prepare(&mut self, offset: u64) -> Result<Reach, PayloadError> {
        (**self).prepare(offset)
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        (**self).piece(offset)
    }
}

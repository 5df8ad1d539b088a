//! Data sets that lie in files as they are to be sent.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;

use super::payload::{Payload, PayloadError, Piece, Reach};

/// A part of a file, which leaves by `sendfile`: from the page cache to the socket, past user space.
///
/// Why the file is not mapped: a mapped file that gets shorter while it is sent kills the process
/// (SIGBUS); here it is [`PayloadError::Shortened`], and one association fails. Nor would a map copy less.
#[derive(Clone, Debug)]
pub struct FilePayload {
    file: Arc<File>,
    offset: u64,
    length: u64,
}

impl FilePayload {
    /// The `length` bytes of `file` from `offset` on: those behind its meta information. Whether the
    /// file has them is found out when they are sent.
    pub fn new(file: impl Into<Arc<File>>, offset: u64, length: u64) -> Self {
        Self {
            file: file.into(),
            offset,
            length,
        }
    }
}

impl Payload for FilePayload {
    fn prepare(&mut self, _offset: u64) -> Result<Reach, PayloadError> {
        Ok(Reach {
            end: self.length,
            is_last: true,
        })
    }

    fn piece(&self, offset: u64) -> Piece<'_> {
        Piece::File {
            file: self.file.as_fd(),
            position: self.offset.saturating_add(offset),
            len: self.length.saturating_sub(offset),
        }
    }
}

//! The one system call that no library has a safe face for.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Writes a range of a file's page cache to the disk and waits for it. The disk's own cache is not
/// flushed, and no metadata is written (sync_file_range(2)).
pub(super) fn sync_range(file: impl AsFd, offset: usize, bytes: usize) -> io::Result<()> {
    let place = |number| i64::try_from(number).expect("a place in a file");
    let flags = libc::SYNC_FILE_RANGE_WAIT_BEFORE
        | libc::SYNC_FILE_RANGE_WRITE
        | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    let file = file.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open as long as it is borrowed; the call takes numbers only.
    match unsafe { libc::sync_file_range(file, place(offset), place(bytes), flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

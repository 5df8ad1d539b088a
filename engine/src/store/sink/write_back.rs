//! From the page cache to the device, without the flush and the journal commit of `fdatasync`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{SYNC_FILE_RANGE_WAIT_AFTER, SYNC_FILE_RANGE_WAIT_BEFORE, SYNC_FILE_RANGE_WRITE};

/// Starts writing all of a file's pages that were changed.
pub(super) fn start(file: BorrowedFd<'_>) -> io::Result<()> {
    sync_file_range(file, SYNC_FILE_RANGE_WRITE)
}

/// Writes all of a file's pages that were changed and waits for the device to have them.
pub(super) fn finish(file: BorrowedFd<'_>) -> io::Result<()> {
    let all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    sync_file_range(file, all)
}

#[expect(unsafe_code, reason = "no crate that we use offers this system call")]
fn sync_file_range(file: BorrowedFd<'_>, flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: the call takes no pointers, and the borrow keeps the descriptor open. From place 0,
    // length 0 is the whole file.
    match unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

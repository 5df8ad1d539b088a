//! Whether a file system of ext4's family keeps a journal.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// Whether the ext4 under this directory has a journal, by what the kernel tells in `/sys`: the
/// number of the thread that writes it. Where that can't be learnt, as on ext2, there is none.
pub(super) fn ext4_has_journal(directory: BorrowedFd<'_>) -> bool {
    let Ok(status) = rustix::fs::fstat(directory) else {
        return false;
    };
    let (major, minor) = (
        rustix::fs::major(status.st_dev),
        rustix::fs::minor(status.st_dev),
    );
    let device = fs::read_link(format!("/sys/dev/block/{major}:{minor}"));
    let task = device.ok().and_then(|device| {
        let task = Path::new("/sys/fs/ext4")
            .join(device.file_name()?)
            .join("journal_task");
        fs::read_to_string(task).ok()
    });
    task.is_some_and(|task| task.trim().parse::<u32>().is_ok())
}

//! Directories for a test, on the disk that holds the build.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The directory that the build writes to (`target`), found from the running executable.
pub fn target_directory() -> PathBuf {
    profile_directory()
        .parent()
        .expect("the profile directory lies in target")
        .to_owned()
}

/// The directory of the build profile in use (`target/release`): a program lies in it, a test in
/// `deps` under it.
pub fn profile_directory() -> PathBuf {
    let executable = std::env::current_exe().expect("a process knows its executable");
    let directory = executable
        .parent()
        .expect("an executable lies in a directory");
    let is_deps = directory.ends_with("deps");
    let profile = if is_deps {
        directory.parent()
    } else {
        Some(directory)
    };
    profile
        .expect("`deps` lies in the profile's directory")
        .to_owned()
}

/// A fresh directory under `target/tmp`, removed at the end of the test.
///
/// # Panics
///
/// When that place lies in memory: tests of stable storage would prove nothing there.
pub fn directory() -> TempDir {
    let base = base();
    assert!(
        !lies_in_memory(&base),
        "{} is on tmpfs; point CARGO_TARGET_DIR to a disk to run these tests",
        base.display()
    );
    tempfile::Builder::new()
        .prefix("pdvault-")
        .tempdir_in(base)
        .expect("a directory in target/tmp")
}

/// Where all directories for tests lie.
fn base() -> PathBuf {
    let base = target_directory().join("tmp");
    std::fs::create_dir_all(&base).expect("target/tmp can be created");
    base
}

fn lies_in_memory(path: &Path) -> bool {
    // TMPFS_MAGIC of linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    let status = rustix::fs::statfs(path).expect("an existing directory has a file system");
    u64::try_from(status.f_type) == Ok(TMPFS)
}

/// Free bytes of the file system that holds `path`.
pub fn free_bytes(path: &Path) -> u64 {
    let status = rustix::fs::statvfs(path).expect("an existing directory has a file system");
    status.f_bavail * status.f_frsize
}

/// Fails with a clear text unless a test can write `bytes` to its directories.
pub fn require_free(bytes: u64) {
    let (base, free) = (base(), free_bytes(&base()));
    assert!(
        free >= bytes,
        "this test writes to {} and needs {} MiB free there; {} MiB are",
        base.display(),
        bytes >> 20,
        free >> 20
    );
}

//! Small file systems that fill up, and waiting for what the disk or another process does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::scratch;

/// Polls until `done` or until `limit` has passed; says which.
pub fn eventually(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A file system of a few megabytes, unmounted when dropped.
pub struct SmallFileSystem {
    mount_point: PathBuf,
    _home: TempDir,
}

impl SmallFileSystem {
    /// Makes an ext4 file system in an image and mounts it by a loop device; where there is no
    /// loop device, a tmpfs of limited size.
    ///
    /// # Panics
    ///
    /// When neither can be had: mounting needs root, or sudo that asks for no password.
    pub fn mount(mebibytes: u64) -> Self {
        let home = scratch::directory();
        let mount_point = home.path().join("mnt");
        std::fs::create_dir(&mount_point).expect("a mount point");
        let mounted =
            mount_ext4(&home.path().join("image"), &mount_point, mebibytes).or_else(|ext4| {
                mount_tmpfs(&mount_point, mebibytes).map_err(|tmpfs| format!("{ext4}\n{tmpfs}"))
            });
        if let Err(reasons) = mounted {
            panic!(
                "this test needs a small file system: root (or sudo without a password), and a \
                 loop device with mkfs.ext4 or the right to mount tmpfs.\n{reasons}"
            );
        }
        open_to_all(&mount_point);
        Self {
            mount_point,
            _home: home,
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mount_point
    }
}

impl Drop for SmallFileSystem {
    fn drop(&mut self) {
        let unmounted = eventually(Duration::from_secs(10), || {
            as_root(&["umount", &self.mount_point.to_string_lossy()]).is_ok()
        });
        if !unmounted {
            println!("could not unmount {}", self.mount_point.display());
        }
    }
}

fn mount_ext4(image: &Path, mount_point: &Path, mebibytes: u64) -> Result<(), String> {
    let file = std::fs::File::create(image).map_err(|error| error.to_string())?;
    file.set_len(mebibytes << 20)
        .map_err(|error| error.to_string())?;
    let image = image.to_string_lossy();
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0", &image]))?;
    as_root(&[
        "mount",
        "-o",
        "loop",
        &image,
        &mount_point.to_string_lossy(),
    ])
}

fn mount_tmpfs(mount_point: &Path, mebibytes: u64) -> Result<(), String> {
    let size = format!("size={mebibytes}m");
    as_root(&[
        "mount",
        "-t",
        "tmpfs",
        "-o",
        &size,
        "tmpfs",
        &mount_point.to_string_lossy(),
    ])
}

fn open_to_all(mount_point: &Path) {
    as_root(&["chmod", "777", &mount_point.to_string_lossy()]).expect("root may change modes");
}

fn as_root(words: &[&str]) -> Result<(), String> {
    let words = words_as_root(words);
    run(Command::new(&words[0]).args(&words[1..]))
}

/// The words of a command that only root may run: by sudo, which may ask for no password, unless this
/// is root.
pub fn words_as_root(words: &[&str]) -> Vec<String> {
    let sudo: &[&str] = if rustix::process::geteuid().is_root() {
        &[]
    } else {
        &["sudo", "-n"]
    };
    [sudo, words]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { stderr, .. }) => Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&stderr).trim()
        )),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

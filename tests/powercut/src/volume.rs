//! File systems on the disk: a loop device over the served file, made and mounted anew each time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use fuser::BackgroundSession;
use pdvault_tests::disk::eventually;
use pdvault_tests::random::Random;
use tempfile::TempDir;

use crate::record::Disk;
use crate::served;

/// A kind of file system with the options it is used with.
pub(crate) struct FileSystem {
    /// What it is called on the command line and in reports.
    pub(crate) name: &'static str,
    make: &'static [&'static str],
    mount: &'static [&'static str],
    /// Run before mounting after a cut, where the file system has no journal to do it.
    repair: &'static [&'static str],
}

const EXT4_EXTENDED: &str = "nodiscard,lazy_itable_init=0,lazy_journal_init=0";

/// All kinds. Journals are small so that one recording wraps them.
pub(crate) const FILE_SYSTEMS: &[FileSystem] = &[
    FileSystem {
        name: "ext4",
        make: &["mkfs.ext4", "-qF", "-m0", "-Jsize=8", "-E", EXT4_EXTENDED],
        mount: &["-text4", "-odata=ordered"],
        repair: &[],
    },
    FileSystem {
        name: "ext4-writeback",
        make: &["mkfs.ext4", "-qF", "-m0", "-Jsize=8", "-E", EXT4_EXTENDED],
        mount: &["-text4", "-odata=writeback"],
        repair: &[],
    },
    FileSystem {
        name: "ext4-fast-commit",
        make: &[
            "mkfs.ext4",
            "-qF",
            "-m0",
            "-Ofast_commit",
            "-Jsize=8",
            "-E",
            EXT4_EXTENDED,
        ],
        mount: &["-text4", "-odata=ordered"],
        repair: &[],
    },
    FileSystem {
        name: "ext4-no-journal",
        make: &[
            "mkfs.ext4",
            "-qF",
            "-m0",
            "-O^has_journal",
            "-E",
            EXT4_EXTENDED,
        ],
        mount: &["-text4"],
        repair: &["e2fsck", "-fy"],
    },
    FileSystem {
        name: "xfs",
        make: &["mkfs.xfs", "-qfK"],
        mount: &["-txfs", "-onouuid"],
        repair: &[],
    },
    FileSystem {
        name: "btrfs",
        make: &["mkfs.btrfs", "-qfK"],
        mount: &["-tbtrfs"],
        repair: &[],
    },
];

/// Highest exit code of e2fsck(8) that means that all is mended.
const REPAIRED_CODE_MAX: i32 = 2;

/// How long a file system may be in use after what used it was ended.
const UNMOUNT_LIMIT: Duration = Duration::from_secs(30);

/// A disk with the way to mount what is on it.
pub(crate) struct Drive {
    pub(crate) disk: Arc<Disk>,
    served_at: PathBuf,
    mount_point: PathBuf,
    // In this order: the session unmounts from a directory of `_home`.
    _session: BackgroundSession,
    _home: TempDir,
}

/// A loop device on the disk. It goes once this is dropped and nothing is mounted from it, also when
/// the rig is killed.
struct LoopDevice {
    path: String,
    _held: File,
}

/// A mounted file system; it is unmounted when dropped.
pub(crate) struct Mounted<'a> {
    drive: &'a Drive,
}

impl Drive {
    /// A disk of `bytes` bytes, served.
    pub(crate) fn serve(bytes: usize, random: Random) -> Result<Self, String> {
        let home =
            tempfile::tempdir().map_err(|error| format!("a directory for mounts: {error}"))?;
        let (served_at, mount_point) = (home.path().join("served"), home.path().join("mnt"));
        for directory in [&served_at, &mount_point] {
            std::fs::create_dir(directory).map_err(|error| error.to_string())?;
        }
        let disk = Arc::new(Disk::new(bytes));
        let session = served::mount(Arc::clone(&disk), &served_at, random)
            .map_err(|error| format!("cannot mount a FUSE file system: {error}"))?;
        Ok(Self {
            disk,
            served_at,
            mount_point,
            _session: session,
            _home: home,
        })
    }

    /// Makes an empty file system.
    pub(crate) fn format(&self, kind: &FileSystem) -> Result<(), String> {
        let device = self.attach()?;
        run(kind.make, &[&device.path]).map(drop)
    }

    /// Mounts what is on the disk.
    pub(crate) fn mount(&self, kind: &FileSystem) -> Result<Mounted<'_>, String> {
        self.mount_with(kind, |_| Ok(()))
    }

    /// Mounts what is on the disk after a cut, repaired first where that takes a tool.
    pub(crate) fn recover(&self, kind: &FileSystem) -> Result<Mounted<'_>, String> {
        self.mount_with(kind, |device| match kind.repair {
            [] => Ok(()),
            words => repair(words, device),
        })
    }

    fn mount_with(
        &self,
        kind: &FileSystem,
        prepare: impl FnOnce(&str) -> Result<(), String>,
    ) -> Result<Mounted<'_>, String> {
        let device = self.attach()?;
        prepare(&device.path)?;
        let mount_point = self.mount_point.to_string_lossy();
        let words = [&["mount"], kind.mount].concat();
        run(&words, &[&device.path, &mount_point])?;
        Ok(Mounted { drive: self })
    }

    fn attach(&self) -> Result<LoopDevice, String> {
        let file = self.served_at.join(served::FILE_NAME);
        let words = ["losetup", "--find", "--show", "--direct-io=on"];
        let path = run(&words, &[&file.to_string_lossy()])?.trim().to_owned();
        let held = File::open(&path).map_err(|error| format!("{path}: {error}"));
        // Detached while it is held, it goes as soon as nobody holds it or has it mounted.
        run(&["losetup", "--detach"], &[&path])?;
        Ok(LoopDevice { path, _held: held? })
    }
}

impl Mounted<'_> {
    /// The root directory of the file system.
    pub(crate) fn path(&self) -> &Path {
        &self.drive.mount_point
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let mount_point = self.drive.mount_point.to_string_lossy();
        let mut unmounted = Ok(String::new());
        // A process that was just killed may hold it for another moment.
        eventually(UNMOUNT_LIMIT, || {
            unmounted = run(&["umount"], &[&mount_point]);
            unmounted.is_ok()
        });
        if let Err(error) = unmounted {
            eprintln!("power-cut: {error}");
        }
    }
}

fn repair(words: &[&str], device: &str) -> Result<(), String> {
    let status = Command::new(words[0])
        .args(&words[1..])
        .arg(device)
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?
        .status;
    match status.code() {
        Some(0..=REPAIRED_CODE_MAX) => Ok(()),
        _ => Err(format!("{} cannot repair: {status}", words[0])),
    }
}

/// Runs a program and returns what it says.
fn run(words: &[&str], more: &[&str]) -> Result<String, String> {
    let output = Command::new(words[0])
        .args(&words[1..])
        .args(more)
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{} {}: {}",
        words.join(" "),
        more.join(" "),
        said.trim()
    ))
}

//! Where a run takes place: a file system or directory that nothing was written to, and memory in a
//! known state. All of it is gone with the value.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::matrix::{Condition, Load, Row};
use crate::options::LoopMode;
use crate::problem::Problem;
use crate::system::Kind;
use crate::tools;
use crate::warmth::{self, Ballast, Cold};

/// What a file system needs for itself, in bytes, and some to spare: a full one is slow.
const SPARE_BYTES: u64 = 2 << 30;

/// Up to this size of an object, in bytes, a file takes twice its size: rounded up to blocks.
const SMALL_BYTES: u64 = 64 << 10;

/// Memory is made warm or cold for so much of the load, as a fraction: a little more than it takes.
const MEMORY_SHARE: (u64, u64) = (5, 4);

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Stage {
    work: PathBuf,
    loop_mode: LoopMode,
    is_root: bool,
    interrupted: Arc<AtomicBool>,
    /// The loop device that is there now.
    device: Option<String>,
    /// The size of an image that was written in full, in bytes; 0 while there is none.
    written: u64,
    /// The directory that the present run writes to.
    output: PathBuf,
    /// How many directories were made.
    made: u32,
    /// What fills the page cache, where a row asks for that.
    ballast: Option<Ballast>,
}

/// How much one run has on disk at a time, in bytes.
pub(crate) fn disk_bytes(load: &Load, kind: Kind) -> u64 {
    let bytes = load.bytes(kind);
    let rounded = if load.object_bytes <= SMALL_BYTES {
        bytes * 2
    } else {
        bytes + bytes / 8
    };
    rounded + SPARE_BYTES
}

impl Stage {
    /// Takes `work`, and removes first what a comparison left there that was killed.
    /// When `interrupted` gets set, what takes long is given up.
    pub(crate) fn new(
        work: PathBuf,
        loop_mode: LoopMode,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Self, Problem> {
        let mut stage = Self {
            output: work.clone(),
            work,
            loop_mode,
            is_root: rustix::process::geteuid().is_root(),
            interrupted,
            device: None,
            written: 0,
            made: 0,
            ballast: None,
        };
        stage.clear();
        fs::create_dir_all(stage.mount_point()).map_err(Problem::at(&stage.work))?;
        Ok(stage)
    }

    pub(crate) fn work(&self) -> &Path {
        &self.work
    }

    /// Whether file systems can be made and the page cache dropped.
    pub(crate) fn is_root(&self) -> bool {
        self.is_root
    }

    /// Free bytes in the file system of the stage.
    pub(crate) fn free_bytes(&self) -> Result<u64, Problem> {
        let told = rustix::fs::statvfs(&self.work);
        let told = told.map_err(|errno| Problem::at(&self.work)(errno.into()))?;
        Ok(told.f_bavail * told.f_frsize)
    }

    /// Makes the place for a run that writes up to `bytes`: an empty directory.
    pub(crate) fn prepare(&mut self, condition: Condition, bytes: u64) -> Result<PathBuf, Problem> {
        if condition == Condition::Warm && self.is_root {
            self.make_file_system(bytes)?;
            self.output = self.mount_point().join("objects");
        } else {
            self.made += 1;
            self.output = self.work.join(format!("objects.{}", self.made));
        }
        fs::create_dir(&self.output).map_err(Problem::at(&self.output))?;
        tools::sync(&self.output)?;
        Ok(self.output.clone())
    }

    /// Makes a place for many loads one after another, of up to `bytes` at a time: a file system past
    /// the page cache on an image all of whose blocks have been written.
    pub(crate) fn prepare_lasting(&mut self, bytes: u64) -> Result<PathBuf, Problem> {
        if !self.is_root {
            return Err("it needs root, to make a file system".to_owned().into());
        }
        self.write_image(bytes)?;
        self.loop_mode = LoopMode::Direct;
        self.mount_file_system()?;
        self.output = self.mount_point().join("objects");
        fs::create_dir(&self.output).map_err(Problem::at(&self.output))?;
        Ok(self.output.clone())
    }

    /// Sets memory up for a run of this row. It stays so until the value that is returned ends.
    pub(crate) fn set_memory(&mut self, row: &Row, kind: Kind) -> Result<Cold, Problem> {
        let bytes = row.load.bytes(kind);
        let with_spare = bytes / MEMORY_SHARE.1 * MEMORY_SHARE.0;
        if row.condition != Condition::Full {
            self.drop_ballast();
        }
        match row.condition {
            // The page cache of the image, and of the file system on it.
            Condition::Warm if kind.writes_direct() && row.load.object_bytes > SMALL_BYTES => {
                warmth::warm(with_spare, &self.interrupted)?;
            }
            Condition::Warm => warmth::warm(bytes * 2, &self.interrupted)?,
            // It takes root to drop the page cache.
            Condition::Cold if self.is_root => {
                warmth::drop_caches()?;
                return Cold::find(with_spare, &self.interrupted);
            }
            Condition::Full => self.fill_page_cache()?,
            Condition::Cold => {}
        }
        Ok(Cold::default())
    }

    fn fill_page_cache(&mut self) -> Result<(), Problem> {
        let path = self.ballast_file();
        if self.ballast.is_none() {
            self.ballast = Some(Ballast::new(&path)?);
        }
        let ballast = self.ballast.as_mut().expect("made right before");
        ballast.fill(&self.interrupted).map_err(Problem::at(&path))
    }

    fn drop_ballast(&mut self) {
        if self.ballast.take().is_some() {
            // It takes no room on disk, and its page cache is dropped anyway.
            let _ = fs::remove_file(self.ballast_file());
        }
    }

    fn ballast_file(&self) -> PathBuf {
        self.work.join("ballast")
    }

    /// Gives the space of the last run back. Files of the disk itself are emptied, not deleted: that
    /// would make it slower for others to create files for a while.
    pub(crate) fn clear_up(&mut self) -> Result<(), Problem> {
        if self.device.is_some() {
            self.drop_file_system();
        } else {
            empty_files(&self.output)?;
        }
        tools::sync(&self.work)
    }

    fn mount_point(&self) -> PathBuf {
        self.work.join("mount")
    }

    fn image(&self) -> PathBuf {
        self.work.join("image")
    }

    /// On an image that is written once in full, past its page cache, a loop device is like a disk; or a new one each
    /// time: the blocks of an old one would be there already.
    fn make_file_system(&mut self, bytes: u64) -> Result<(), Problem> {
        if self.loop_mode == LoopMode::Buffered {
            let image = self.image();
            let file = File::create(&image).map_err(Problem::at(&image))?;
            file.set_len(bytes).map_err(Problem::at(&image))?;
        } else if self.written < bytes {
            self.write_image(bytes)?;
        }
        self.mount_file_system()
    }

    /// Makes an image all of whose blocks were written.
    fn write_image(&mut self, bytes: u64) -> Result<(), Problem> {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=4M", "oflag=direct", "status=none"]);
        dd.arg(format!("of={}", self.image().display()));
        dd.arg(format!("count={}", bytes.div_ceil(4 << 20)));
        tools::run(&mut dd)?;
        self.written = bytes;
        Ok(())
    }

    /// Makes a file system on the image that is there.
    fn mount_file_system(&mut self) -> Result<(), Problem> {
        let direct = if self.loop_mode == LoopMode::Direct {
            "on"
        } else {
            "off"
        };
        let mut losetup = Command::new("losetup");
        losetup
            .args(["--find", "--show"])
            .arg(format!("--direct-io={direct}"))
            .arg(self.image());
        let device = tools::run(&mut losetup)?.trim().to_owned();
        self.device = Some(device.clone());
        // All of it now, so that no kernel thread goes on with it during the run.
        let mut extended = "lazy_itable_init=0,lazy_journal_init=0".to_owned();
        if self.loop_mode == LoopMode::Direct {
            extended.push_str(",nodiscard");
        }
        let mut mkfs = Command::new("mkfs.ext4");
        mkfs.args(["-q", "-F", "-E", &extended]);
        tools::run(mkfs.arg(&device))?;
        tools::run(Command::new("mount").arg(&device).arg(self.mount_point()))?;
        tools::sync(&self.work)
    }

    fn drop_file_system(&mut self) {
        // Nothing can be done about what fails here, and most often there is nothing.
        let _ = tools::run(Command::new("umount").arg(self.mount_point()));
        if let Some(device) = self.device.take() {
            let _ = tools::run(Command::new("losetup").arg("--detach").arg(device));
        }
        if self.loop_mode == LoopMode::Buffered {
            let _ = fs::remove_file(self.image());
        }
    }

    /// Also what another process has left under this name.
    fn clear(&mut self) {
        if self.is_root && self.device.is_none() {
            let mut losetup = Command::new("losetup");
            losetup
                .args(["--noheadings", "--output", "NAME", "--associated"])
                .arg(self.image());
            self.device = tools::run(&mut losetup)
                .ok()
                .map(|name| name.trim().to_owned());
            self.device.take_if(|name| name.is_empty());
        }
        self.drop_file_system();
        let _ = fs::remove_dir_all(&self.work);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.clear();
    }
}

fn empty_files(directory: &Path) -> Result<(), Problem> {
    for entry in fs::read_dir(directory)
        .map_err(Problem::at(directory))?
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            empty_files(&path)?;
        } else {
            let file = File::options().write(true).open(&path);
            file.and_then(|file| file.set_len(0))
                .map_err(Problem::at(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_emptied_but_stay() {
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("a/b");
        fs::create_dir_all(&inner).expect("made");
        fs::write(inner.join("file"), "full").expect("written");
        empty_files(directory.path()).expect("emptied");
        assert_eq!(fs::read(inner.join("file")).expect("still there"), b"");
    }

    #[test]
    fn a_stage_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let work = directory.path().join("work");
        let mut stage =
            Stage::new(work.clone(), LoopMode::Buffered, Arc::default()).expect("a stage");
        let first = stage.prepare(Condition::Cold, 0).expect("a place");
        fs::write(first.join("object"), "bytes").expect("written");
        stage.clear_up().expect("cleared");
        let second = stage.prepare(Condition::Cold, 0).expect("another place");
        assert!(first != second && first.join("object").exists());
        drop(stage);
        assert!(!work.exists());
    }
}

//! Where a run takes place: a file system or directory that nothing was written to, and memory in a
//! known state. All of it is gone with the value.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use memmap2::{Advice, MmapMut};

use crate::matrix::{Condition, Load};
use crate::options::LoopMode;
use crate::problem::Problem;
use crate::system::Kind;
use crate::tools;

/// What a file system needs for itself, in bytes, and some to spare: a full one is slow.
const SPARE_BYTES: u64 = 2 << 30;

/// Up to this size of an object, in bytes, a file takes twice its size: rounded up to blocks.
const SMALL_BYTES: u64 = 64 << 10;

/// The largest share of the available memory that is touched, as a divisor.
const MEMORY_DIVISOR: u64 = 2;

/// So much is touched at a time, in bytes.
const TOUCH_BYTES: usize = 64 << 20;

/// How often it is looked whether the machine still gives memory back to its host, and how many times
/// at most.
const GIVING_BACK_EVERY: Duration = Duration::from_secs(2);
const GIVING_BACK_LOOKS: u32 = 3;

/// Counts what was given back to the host, where the kernel does so.
const REPORTED: &str = "/sys/module/page_reporting/parameters/reported_kib";

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Stage {
    work: PathBuf,
    loop_mode: LoopMode,
    is_root: bool,
    interrupted: Arc<AtomicBool>,
    /// The loop device that is there now.
    device: Option<String>,
    /// The directory that the present run writes to.
    output: PathBuf,
    /// How many directories were made.
    made: u32,
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
            made: 0,
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
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=4M", "oflag=direct", "status=none"]);
        dd.arg(format!("of={}", self.image().display()));
        dd.arg(format!("count={}", bytes >> 22));
        tools::run(&mut dd)?;
        self.loop_mode = LoopMode::Direct;
        self.mount_file_system(true)?;
        self.output = self.mount_point().join("objects");
        fs::create_dir(&self.output).map_err(Problem::at(&self.output))?;
        Ok(self.output.clone())
    }

    /// Sets memory up for a run that writes `bytes`.
    pub(crate) fn set_memory(&self, condition: Condition, bytes: u64) -> Result<(), Problem> {
        match condition {
            // The page cache of the file system, and of the image under it.
            Condition::Warm => {
                let bytes = (bytes * 2).min(available_bytes() / MEMORY_DIVISOR);
                touch_memory(bytes, &self.interrupted)
            }
            Condition::Cold if self.is_root => drop_caches(),
            Condition::Cold => Ok(()),
        }
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

    /// A new image each time: the blocks of an old one would be there already.
    fn make_file_system(&mut self, bytes: u64) -> Result<(), Problem> {
        let image = self.image();
        let file = File::create(&image).map_err(Problem::at(&image))?;
        file.set_len(bytes).map_err(Problem::at(&image))?;
        self.mount_file_system(false)
    }

    /// Of the image that is there; the blocks that it has are kept if so asked.
    fn mount_file_system(&mut self, keep_blocks: bool) -> Result<(), Problem> {
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
        if keep_blocks {
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
        let _ = fs::remove_file(self.image());
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

/// Takes memory from the system, writes to every page of it and gives it back: the page cache is made
/// of it next, and it is already backed by the machine under a virtual one.
fn touch_memory(bytes: u64, interrupted: &AtomicBool) -> Result<(), Problem> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = usize::try_from(bytes).unwrap_or(usize::MAX) / threads;
    let touched: std::io::Result<Vec<()>> = thread::scope(|scope| {
        let touching: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| touch(share, interrupted)))
            .collect();
        let results = touching
            .into_iter()
            .map(|thread| thread.join().expect("no panic in it"));
        results.collect()
    });
    touched
        .map(drop)
        .map_err(|error| format!("cannot touch {bytes} bytes of memory: {error}").into())
}

fn touch(bytes: usize, interrupted: &AtomicBool) -> std::io::Result<()> {
    let memory = MmapMut::map_anon(bytes.max(TOUCH_BYTES))?;
    // Advice only; without it, it takes longer.
    let _ = memory.advise(Advice::HugePage);
    for start in (0..bytes).step_by(TOUCH_BYTES) {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        let length = TOUCH_BYTES.min(bytes - start);
        memory.advise_range(Advice::PopulateWrite, start, length)?;
    }
    Ok(())
}

fn available_bytes() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Empties the page cache, then waits until a virtual machine has handed the free memory back to its
/// host, where it does so: the next page of the cache is then a new one for the host, too.
fn drop_caches() -> Result<(), Problem> {
    rustix::fs::sync();
    let control = Path::new("/proc/sys/vm/drop_caches");
    fs::write(control, "3").map_err(Problem::at(control))?;
    let reported = || fs::read_to_string(REPORTED).ok();
    let mut before = reported();
    for _ in 0..GIVING_BACK_LOOKS {
        if before.is_none() {
            break;
        }
        thread::sleep(GIVING_BACK_EVERY);
        let now = reported();
        if now == before {
            break;
        }
        before = now;
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

    #[test]
    fn memory_is_touched_without_complaint() {
        let interrupted = AtomicBool::new(false);
        touch_memory((130 << 20) + 1, &interrupted).expect("there is so much");
        touch_memory(0, &interrupted).expect("nothing");
        assert!(available_bytes() > 1 << 20);
    }
}

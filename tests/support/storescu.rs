//! The two senders that are compared: DCMTK's `storescu` and ours.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::receiver::binary;
use crate::{disk, scratch, tools};

/// How long a sender may take in all, on a slow machine with other work.
pub const PATIENCE: Duration = Duration::from_secs(200);

/// A sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// DCMTK's.
    Dcmtk,
    /// `pdvault storescu`.
    Ours,
}

impl Tool {
    /// The command, without arguments.
    pub fn command(self) -> Command {
        match self {
            Self::Dcmtk => tools::dcmtk("storescu"),
            Self::Ours => {
                let mut command = Command::new(binary());
                command.arg("storescu");
                command
            }
        }
    }
}

/// A sender at work; it is killed when dropped.
pub struct Running {
    child: Child,
    home: TempDir,
}

/// What became of a sender.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it wrote to stderr.
    pub log: String,
    /// What it wrote to stdout.
    pub output: String,
}

impl Ended {
    /// Asserts that it ended with this exit code.
    pub fn assert_code(&self, code: i32) {
        assert_eq!(
            self.status.code(),
            Some(code),
            "exit code; its log:\n{}",
            self.log
        );
    }
}

impl Running {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        let home = scratch::directory();
        let file = |name| File::create(home.path().join(name)).expect("a file in target/tmp");
        command.stdin(Stdio::null());
        command.stdout(file("stdout")).stderr(file("stderr"));
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        Self { child, home }
    }

    /// Its process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child can be waited for");
        ended.is_none()
    }

    /// What it has written to stderr so far.
    pub fn log(&self) -> String {
        read(&self.home.path().join("stderr"))
    }

    /// The highest resident memory so far, in bytes (VmHWM of proc(5)); `None` when it has ended.
    pub fn peak_resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Sends SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub fn wait(mut self) -> Ended {
        let mut status = None;
        disk::eventually(PATIENCE, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        Ended {
            status: status.unwrap_or_else(|| panic!("does not end; its log:\n{}", self.log())),
            log: self.log(),
            output: read(&self.home.path().join("stdout")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    Running::start(command).wait()
}

fn read(path: &Path) -> String {
    tools::text(&fs::read(path).expect("the output was made for it"))
}

//! The receiver under test: the real `pdvault` as a process of its own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::listening::{self, free_port};
use crate::{disk, scratch};

/// How long a receiver may take to listen: it faults in its landing memory first.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a line may take to reach the log.
const LOG_LIMIT: Duration = Duration::from_secs(30);

/// How often a start is tried again when somebody else took the port in between.
const START_ATTEMPTS: u32 = 8;

/// A running receiver; it is killed when dropped.
pub struct Receiver {
    child: Child,
    port: u16,
    output: PathBuf,
    log: PathBuf,
    /// Everything of this receiver but perhaps its output.
    _home: TempDir,
}

/// How a receiver is to be started.
pub struct Launch {
    options: Vec<OsString>,
    output: Option<PathBuf>,
    port: Option<u16>,
    prefix: Vec<OsString>,
    called_storescp: bool,
}

/// The binary under test.
///
/// # Panics
///
/// When it has not been built.
pub fn binary() -> PathBuf {
    let path = scratch::profile_directory().join("pdvault");
    assert!(
        path.exists(),
        "{} is missing: build it first, in the same profile (`tests/run` does)",
        path.display()
    );
    path
}

impl Launch {
    /// A receiver with the options given, words separated by blanks.
    pub fn new(options: &str) -> Self {
        Self {
            options: options.split_whitespace().map(OsString::from).collect(),
            output: None,
            port: None,
            prefix: Vec::new(),
            called_storescp: false,
        }
    }

    /// Calls the binary through a link named `storescp`, as a drop-in would be.
    #[must_use]
    pub fn called_storescp(mut self) -> Self {
        self.called_storescp = true;
        self
    }

    /// Uses this port in place of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Uses this output directory in place of a fresh one.
    #[must_use]
    pub fn output(mut self, directory: &Path) -> Self {
        self.output = Some(directory.to_owned());
        self
    }

    /// Starts the receiver by way of another program, which must keep the process ID.
    #[must_use]
    pub fn through<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, words: I) -> Self {
        self.prefix = words
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(self) -> Receiver {
        for _ in 0..START_ATTEMPTS {
            let mut receiver = self.spawn(self.port.unwrap_or_else(free_port));
            if receiver.wait_until_listening() {
                return receiver;
            }
            let log = receiver.log();
            assert!(
                log.contains("in use"),
                "the receiver ended at start:\n{log}"
            );
        }
        panic!("no free port found in {START_ATTEMPTS} attempts");
    }

    /// Starts a receiver that is expected to end by itself, and returns its exit status and log.
    pub fn start_in_vain(self) -> (ExitStatus, String) {
        let mut receiver = self.spawn(self.port.unwrap_or_else(free_port));
        let status = receiver.wait_for_end(START_LIMIT);
        let status = status.unwrap_or_else(|| panic!("still running:\n{}", receiver.log()));
        (status, receiver.log())
    }

    fn spawn(&self, port: u16) -> Receiver {
        let home = scratch::directory();
        let output = self
            .output
            .clone()
            .unwrap_or_else(|| home.path().join("out"));
        let log = home.path().join("stderr");
        let mut words = self.prefix.clone();
        words.extend(self.program(home.path()));
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["-v", "+B", "-od"])
            .arg(&output)
            .args(driver());
        command.args(&self.options).arg(port.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).expect("a log file in the test's directory"));
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {words:?}: {e}"));
        Receiver {
            child,
            port,
            output,
            log,
            _home: home,
        }
    }

    /// The words that start the tool, up to its options.
    fn program(&self, home: &Path) -> Vec<OsString> {
        if !self.called_storescp {
            return vec![binary().into_os_string(), "storescp".into()];
        }
        let link = home.join("storescp");
        std::os::unix::fs::symlink(binary(), &link).expect("a link in the test's directory");
        vec![link.into_os_string()]
    }
}

/// The option for the driver that the environment names for these tests; none leaves the choice to the
/// receiver.
fn driver() -> Vec<OsString> {
    env::var_os("PDVAULT_TEST_DRIVER")
        .map_or_else(Vec::new, |driver| vec!["--driver".into(), driver])
}

impl Receiver {
    /// A receiver with the options given, words separated by blanks, and an output directory of
    /// its own.
    pub fn start(options: &str) -> Self {
        Launch::new(options).start()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The output directory.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// What it has written to stderr so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("the log exists")).into_owned()
    }

    /// Asserts that the log tells of trouble: a warning, an error, or a line about an association
    /// that was refused or aborted. The line may come a moment after the peer has its answer.
    pub fn assert_complained(&self) {
        let complained = disk::eventually(LOG_LIMIT, || self.log().lines().any(tells_of_trouble));
        assert!(complained, "nothing of it in the log:\n{}", self.log());
    }

    /// Waits until the log holds `phrase`.
    ///
    /// # Panics
    ///
    /// When it does not appear.
    pub fn wait_for_log(&self, phrase: &str) {
        let found = disk::eventually(LOG_LIMIT, || self.log().contains(phrase));
        assert!(found, "no {phrase:?} in the log:\n{}", self.log());
    }

    /// The highest resident memory so far, in bytes (VmHWM of proc(5)).
    pub fn peak_resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("a running process has a status");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .expect("VmHWM");
        let kib = line.split_whitespace().nth(1).expect("VmHWM has a number");
        kib.parse::<u64>().expect("VmHWM is a number") * 1024
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).expect("the receiver takes signals");
    }

    /// Waits for the process to end by itself; `None` when it is still running after `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut status = None;
        disk::eventually(limit, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        status
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_none()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// `false` when the process ended instead.
    fn wait_until_listening(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while !listening::listens(self.child.id(), self.port) {
            if !self.is_running() {
                return false;
            }
            assert!(
                Instant::now() < deadline,
                "does not listen:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            println!("--- log of the receiver ---\n{}--- end ---", self.log());
        }
    }
}

fn tells_of_trouble(line: &str) -> bool {
    ["W: ", "E: ", "F: "]
        .iter()
        .any(|letter| line.starts_with(letter))
        || ["Refus", "Reject", "Abort"]
            .iter()
            .any(|word| line.contains(word))
}

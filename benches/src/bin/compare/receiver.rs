//! A running receiver and all its processes. None of them outlives the value.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::problem::Problem;

/// How long one may take to listen: pdvault touches its landing memory, Python reads many files.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long one may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(20);

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Receiver {
    child: Child,
    log: PathBuf,
}

impl Receiver {
    /// Starts one in a process group of its own, and waits until it listens on `port`.
    pub(crate) fn start(mut command: Command, port: u16, log: &Path) -> Result<Self, Problem> {
        if is_listening(port) {
            let text = format!("port {port} is taken; set PDVAULT_BENCH_PORT to another");
            return Err(text.into());
        }
        let file = File::create(log).map_err(Problem::at(log))?;
        let twin = file.try_clone().map_err(Problem::at(log))?;
        command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            .process_group(0);
        let child = command.spawn().map_err(|error| {
            format!(
                "cannot run {}: {error}",
                command.get_program().to_string_lossy()
            )
        })?;
        let mut receiver = Self {
            child,
            log: log.to_owned(),
        };
        receiver.wait_until_listening(port)?;
        Ok(receiver)
    }

    fn wait_until_listening(&mut self, port: u16) -> Result<(), Problem> {
        let start = Instant::now();
        while !is_listening(port) {
            let is_over = !matches!(self.child.try_wait(), Ok(None));
            if is_over || start.elapsed() > START_LIMIT {
                return Err(format!("the receiver does not listen: {}", self.log()).into());
            }
            thread::sleep(EVERY);
        }
        Ok(())
    }

    /// Its process; it may have children.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it said.
    pub(crate) fn log(&self) -> String {
        last_lines(&self.log)
    }

    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // All of them may have ended already.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < END_LIMIT {
            thread::sleep(EVERY);
        }
        // Children of it as well, which may live on.
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The end of a log, on one line.
pub(crate) fn last_lines(log: &Path) -> String {
    const LINES: usize = 5;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("; ")
}

/// Whether something listens on a port, as /proc/net tells: a trial connection would leave its mark.
fn is_listening(port: u16) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    tables.into_iter().any(|table| has_listener(&table, port))
}

fn has_listener(table: &str, port: u16) -> bool {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_there = fields.next().is_some_and(|local| local.ends_with(&suffix));
        is_there && fields.nth(1) == Some(LISTEN)
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_a_socket_that_listens_counts() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:2D4F 00000000:0000 0A 0\n\
            1: 0100007F:2D50 0100007F:2D4F 01 0\n";
        assert!(has_listener(table, 0x2D4F));
        assert!(!has_listener(table, 0x2D50));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        assert!(is_listening(listener.local_addr().expect("bound").port()));
    }

    #[test]
    fn what_does_not_listen_is_an_error_that_quotes_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no licence"]);
        let started = Receiver::start(command, 1, &directory.path().join("log"));
        let text = started.expect_err("it listens nowhere").to_string();
        assert!(text.contains("no licence"), "{text}");
    }
}

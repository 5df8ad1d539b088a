//! System calls of a receiver, as strace saw them: what was made durable before what was said.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::disk::eventually;

/// Every call by which data or names become durable, files are published, or bytes reach a socket, and
/// the one that says how these are sent.
const CALLS: &str = "trace=openat,linkat,link,rename,renameat,renameat2,fsync,fdatasync,syncfs,sync,\
                     sync_file_range,write,writev,sendto,sendmsg,setsockopt";

/// Every call by which a loop waits for events, reads from a socket, writes to one, or is woken.
const TURN_CALLS: &str =
    "trace=epoll_wait,epoll_pwait,recvfrom,recvmsg,read,readv,write,writev,sendto,sendmsg";

/// How long strace may take to write its last line after the receiver ended.
const END_LIMIT: Duration = Duration::from_secs(30);

/// The words that start a program under strace, which writes to `file`. The program keeps the
/// process ID of what is spawned (-D).
pub fn strace_to(file: &Path) -> Vec<OsString> {
    strace(CALLS, file)
}

/// The same for the calls by which event loops wait, read, write and wake each other.
pub fn strace_turns_to(file: &Path) -> Vec<OsString> {
    strace(TURN_CALLS, file)
}

fn strace(calls: &str, file: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["strace", "-D", "-f", "-yy", "-s", "256", "-e", calls, "-o"]
        .map(OsString::from)
        .into();
    words.push(file.into());
    words
}

/// One call. Calls of several threads overlap, so it has a place where it started and one where it
/// ended: line numbers of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread that made it.
    pub thread: String,
    /// Name of the system call.
    pub name: String,
    /// Arguments and, behind them, the result, as strace prints them.
    pub text: String,
    /// Line on which it was begun.
    pub started: usize,
    /// Line on which it returned.
    pub ended: usize,
}

/// A whole trace.
#[derive(Clone, Debug, Default)]
pub struct Trace(Vec<Call>);

impl Trace {
    /// Reads the trace of a receiver that has ended.
    pub fn read(file: &Path) -> Self {
        let text = || fs::read_to_string(file).unwrap_or_default();
        let complete = eventually(END_LIMIT, || {
            text()
                .lines()
                .last()
                .is_some_and(|line| line.contains("+++ exited"))
        });
        assert!(
            complete,
            "strace has not seen the receiver end:\n{}",
            text()
        );
        Self::parse(&text())
    }

    /// Reads the text of a trace.
    pub fn parse(text: &str) -> Self {
        let mut calls = Vec::new();
        let mut unfinished: Vec<(&str, Call)> = Vec::new();
        for (line_number, line) in text.lines().enumerate() {
            let Some((pid, rest)) = line.split_once(' ') else {
                continue;
            };
            let rest = rest.trim_start();
            if let Some(resumed) = rest.strip_prefix("<... ") {
                let index = unfinished.iter().position(|(owner, _)| *owner == pid);
                let Some(index) = index else { continue };
                let (_, mut call) = unfinished.remove(index);
                call.text
                    .push_str(resumed.split_once('>').map_or("", |(_, tail)| tail));
                call.ended = line_number;
                calls.push(call);
            } else if let Some((name, text)) = rest.split_once('(') {
                let (name, text) = (name.to_owned(), text.to_owned());
                let call = Call {
                    thread: pid.to_owned(),
                    name,
                    text,
                    started: line_number,
                    ended: line_number,
                };
                match call.text.strip_suffix("<unfinished ...>") {
                    Some(head) => {
                        unfinished.push((
                            pid,
                            Call {
                                text: head.to_owned(),
                                ..call.clone()
                            },
                        ));
                    }
                    None => calls.push(call),
                }
            }
        }
        Self(calls)
    }

    /// Everything that makes something durable: syncing calls, and opening for synchronous writing.
    pub fn syncs(&self) -> Vec<&Call> {
        let is_sync = |call: &&Call| call.name.contains("sync") || call.text.contains("O_DSYNC");
        self.0.iter().filter(is_sync).collect()
    }

    /// Writes to the socket whose other end has this port, in order.
    pub fn writes_to_port(&self, port: u16) -> Vec<&Call> {
        let end = format!(":{port}]>");
        let names = ["write", "writev", "sendto", "sendmsg"];
        let is_one = |call: &&Call| {
            let descriptor = call.text.split(", ").next().unwrap_or_default();
            names.contains(&call.name.as_str()) && descriptor.ends_with(&end)
        };
        self.0.iter().filter(is_one).collect()
    }

    /// The calls of the thread of `call` that ended before it began, the last first.
    pub fn before<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Call> {
        let is_earlier = |other: &&Call| other.thread == call.thread && other.ended < call.started;
        self.0.iter().rev().filter(is_earlier)
    }

    /// The writes that wake a thread, in order.
    pub fn wakes(&self) -> impl Iterator<Item = &Call> {
        let is_wake = |call: &&Call| call.name == "write" && call.text.contains("[eventfd]");
        self.0.iter().filter(is_wake)
    }

    /// Whether Nagle's algorithm was turned off for the socket whose other end has this port.
    pub fn sends_without_delay(&self, port: u16) -> bool {
        let end = format!(":{port}]>, SOL_TCP, TCP_NODELAY, [1]");
        self.0
            .iter()
            .any(|call| call.name == "setsockopt" && call.text.contains(&end))
    }

    /// The call that published a file under a name in a directory.
    pub fn publication(&self, name: &str) -> Option<&Call> {
        self.0.iter().find(|call| {
            (call.name.starts_with("link") || call.name.starts_with("rename"))
                && call.succeeded()
                && call
                    .strings()
                    .last()
                    .is_some_and(|last| base_name(last) == name)
        })
    }

    /// What has to be true for an object under `--durability object`: its data was secured before it
    /// got its name, and the directory was synced after that and before `response` was begun.
    ///
    /// Returns what is not true.
    pub fn durable_before(
        &self,
        name: &str,
        directory: &Path,
        response: &Call,
        securing: Securing,
    ) -> Result<(), String> {
        let publication = self
            .publication(name)
            .ok_or_else(|| format!("{name} not published"))?;
        if publication.ended >= response.started {
            return Err(format!("{name} answered before it was published"));
        }
        if !self.data_secured_before(publication, securing) {
            return Err(format!("{name} published before its data was secured"));
        }
        let directory = format!("<{}>", directory.display());
        let name_synced = self.0.iter().any(|call| {
            matches!(call.name.as_str(), "fsync" | "fdatasync" | "syncfs")
                && call.succeeded()
                && call.text.contains(&directory)
                && call.started > publication.ended
                && call.ended < response.started
        });
        if name_synced {
            Ok(())
        } else {
            Err(format!("{name} answered before its directory sync"))
        }
    }

    /// Whether the file that a call publishes was secured before, by the descriptor it has there.
    fn data_secured_before(&self, publication: &Call, securing: Securing) -> bool {
        let is_source = |call: &Call| match publication.source() {
            Source::Descriptor(number) => {
                call.text.starts_with(&format!("{number}<"))
                    && call.started > self.opened(&number, publication)
            }
            Source::Name(name) => call.text.contains(&format!("/{name}>")),
        };
        self.0.iter().any(|call| {
            securing.is_done_by(call)
                && call.succeeded()
                && call.ended < publication.started
                && is_source(call)
        })
    }

    /// Line on which a descriptor was last opened before a call.
    fn opened(&self, descriptor: &str, before: &Call) -> usize {
        let result = format!("= {descriptor}<");
        let opened = self.0.iter().rfind(|call| {
            call.name == "openat" && call.ended < before.started && call.text.contains(&result)
        });
        opened.map_or(0, |call| call.ended)
    }
}

/// What has to happen to the data of a file before it gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Securing {
    /// A sync of its own.
    Synced,
    /// To be written out: the sync of the directory does the rest.
    WrittenOut,
}

impl Securing {
    /// What the file system of a directory asks for, by what the system's tools say of it.
    pub fn for_directory(directory: &Path) -> Self {
        let output = Command::new("findmnt")
            .args(["--noheadings", "--raw", "--output", "MAJ:MIN,FSTYPE"])
            .arg("--target")
            .arg(directory)
            .output()
            .expect("findmnt runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let (numbers, kind) = told.trim().split_once(' ').unwrap_or_default();
        match kind {
            "xfs" | "tmpfs" => Self::WrittenOut,
            "ext4" if has_journal(numbers) => Self::WrittenOut,
            _ => Self::Synced,
        }
    }

    fn is_done_by(self, call: &Call) -> bool {
        const WHOLE: &str = "SYNC_FILE_RANGE_WAIT_BEFORE|SYNC_FILE_RANGE_WRITE|\
                             SYNC_FILE_RANGE_WAIT_AFTER";
        match self {
            Self::Synced => matches!(call.name.as_str(), "fsync" | "fdatasync"),
            Self::WrittenOut => call.name == "sync_file_range" && call.text.contains(WHOLE),
        }
    }
}

/// Whether the file system on the device of these numbers (`254:0`) keeps a journal in an inode of its
/// own. What it was mounted by, such as `/dev/root` or `/dev/mapper/home`, need not be the kernel's name.
fn has_journal(numbers: &str) -> bool {
    let Ok(link) = fs::read_link(format!("/sys/dev/block/{numbers}")) else {
        return false;
    };
    let device = base_name(&link.to_string_lossy()).to_owned();
    let journals = fs::read_dir("/proc/fs/jbd2").into_iter().flatten();
    journals
        .flatten()
        .any(|journal| is_journal_of(&device, &journal.file_name().to_string_lossy()))
}

/// Whether the kernel names a journal like this, `dm-0-8`, that is an inode on this device, `dm-0`.
fn is_journal_of(device: &str, journal: &str) -> bool {
    journal
        .strip_prefix(device)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|inode| inode.parse::<u32>().is_ok())
}

/// The last part of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Which file a link or rename call is about.
enum Source {
    Descriptor(String),
    Name(String),
}

impl Call {
    /// Whether it waits for events.
    pub fn is_poll(&self) -> bool {
        self.name.starts_with("epoll_")
    }

    /// Whether it returned 0.
    pub fn succeeded(&self) -> bool {
        self.text.trim_end().ends_with("= 0")
    }

    /// The arguments that are strings. None that matters here holds a quotation mark itself.
    fn strings(&self) -> Vec<&str> {
        self.text.split('"').skip(1).step_by(2).collect()
    }

    fn source(&self) -> Source {
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect();
        match self.strings().first().copied().unwrap_or_default() {
            "" => Source::Descriptor(digits(&self.text)),
            path if path.starts_with("/proc/") => Source::Descriptor(base_name(path).to_owned()),
            path => Source::Name(base_name(path).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"
10 sendto(4<TCP:[127.0.0.1:104->127.0.0.1:43552]>, "AC", 2, 0, NULL, 0) = 2
11 openat(AT_FDCWD</tmp>, "/o", O_RDWR|O_CLOEXEC|O_TMPFILE, 0777) = 6</o/#10068166>(deleted)
11 fdatasync(6</o/#10068166>(deleted) <unfinished ...>
12 openat(7</o>, ".CT.1.3.7.part", O_RDWR|O_CREAT|O_CLOEXEC, 0666) = 8</o/.CT.1.3.7.part>
12 fdatasync(8</o/.CT.1.3.7.part>) = 0
11 <... fdatasync resumed>)           = 0
11 linkat(AT_FDCWD</tmp>, "/proc/self/fd/6", 7</o>, "CT.1.2", AT_SYMLINK_FOLLOW) = 0
12 renameat(7</o>, ".CT.1.3.7.part", 7</o>, "CT.1.3") = 0
13 fsync(7</o>)               = 0
10 sendto(4<TCP:[127.0.0.1:104->127.0.0.1:43552]>, "RSP", 3, 0, NULL, 0) = 3
10 +++ exited with 0 +++
"#;

    fn verdict(text: &str, name: &str) -> Result<(), String> {
        let trace = Trace::parse(text);
        let writes = trace.writes_to_port(43552);
        assert_eq!(writes.len(), 2);
        trace.durable_before(name, Path::new("/o"), writes[1], Securing::Synced)
    }

    #[test]
    fn the_right_order_is_recognised_with_links_and_with_renames() {
        assert_eq!(verdict(TRACE, "CT.1.2"), Ok(()));
        assert_eq!(verdict(TRACE, "CT.1.3"), Ok(()));
    }

    #[test]
    fn every_missing_step_is_noticed() {
        for (step, name) in [
            ("11 <... fdatasync resumed>", "CT.1.2"),
            ("12 fdatasync", "CT.1.3"),
            ("11 linkat", "CT.1.2"),
            ("12 renameat", "CT.1.3"),
            ("13 fsync", "CT.1.2"),
            ("13 fsync", "CT.1.3"),
        ] {
            let without: Vec<_> = TRACE
                .lines()
                .filter(|line| !line.starts_with(step))
                .collect();
            assert!(
                verdict(&without.join("\n"), name).is_err(),
                "without {step}"
            );
        }
    }

    #[test]
    fn writing_out_counts_where_it_does_and_only_if_it_waits() {
        const WRITTEN: &str = r#"
10 sendto(4<TCP:[127.0.0.1:104->127.0.0.1:43552]>, "AC", 2, 0, NULL, 0) = 2
11 openat(7</o>, ".", O_WRONLY|O_CLOEXEC|O_TMPFILE, 0666) = 6</o/#10068166>(deleted)
11 sync_file_range(6</o/#1>(deleted), 0, 0, SYNC_FILE_RANGE_WRITE) = 0
11 sync_file_range(6</o/#1>(deleted), 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE|SYNC_FILE_RANGE_WRITE|SYNC_FILE_RANGE_WAIT_AFTER) = 0
11 linkat(6</o/#1>(deleted), "", 7</o>, "CT.1.2", AT_EMPTY_PATH) = 0
13 fsync(7</o>)               = 0
10 sendto(4<TCP:[127.0.0.1:104->127.0.0.1:43552]>, "RSP", 3, 0, NULL, 0) = 3
"#;
        let verdict = |text: &str, securing| {
            let trace = Trace::parse(text);
            let response = trace.writes_to_port(43552)[1];
            trace.durable_before("CT.1.2", Path::new("/o"), response, securing)
        };
        assert_eq!(verdict(WRITTEN, Securing::WrittenOut), Ok(()));
        assert!(verdict(WRITTEN, Securing::Synced).is_err());
        let started = WRITTEN.replace("|SYNC_FILE_RANGE_WAIT_AFTER", "");
        assert!(verdict(&started, Securing::WrittenOut).is_err());
    }

    #[test]
    fn a_journal_is_known_by_its_device_and_any_inode() {
        for (device, journal, is_its) in [
            ("vda1", "vda1-8", true),
            ("dm-0", "dm-0-131074", true),
            ("dm-1", "dm-10-8", false),
            ("vda", "vda1-8", false),
            // A journal on a device of its own.
            ("vdb", "vdb", false),
            ("dm", "dm-0-8", false),
        ] {
            assert_eq!(is_journal_of(device, journal), is_its, "{device} {journal}");
        }
    }

    #[test]
    fn a_sync_that_fails_is_no_sync() {
        let failed = TRACE.replace(
            "13 fsync(7</o>)               = 0",
            "13 fsync(7</o>) = -1 EIO",
        );
        assert!(verdict(&failed, "CT.1.2").is_err());
    }

    #[test]
    fn the_sync_of_an_earlier_file_with_the_same_descriptor_does_not_count() {
        let (sync, open) = (
            "11 fdatasync(6</o/#1>) = 0\n",
            "11 openat(AT_FDCWD</tmp>, \"/o\"",
        );
        let without: Vec<_> = TRACE
            .lines()
            .filter(|line| !line.contains("resumed"))
            .collect();
        let earlier = without.join("\n").replace(open, &format!("{sync}{open}"));
        assert!(verdict(&earlier, "CT.1.2").is_err());
    }
}

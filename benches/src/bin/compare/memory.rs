//! How much memory a receiver has had at most.

use std::collections::HashMap;
use std::fs;

/// What one process tells in `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    /// The most that was resident at a time, in bytes.
    peak_bytes: u64,
}

/// The peaks of a process and all its living descendants, added up, in bytes. What they share counts
/// for each.
pub(crate) fn peak_of_tree(root: u32) -> u64 {
    let processes = processes();
    let is_in_tree = |mut pid: u32| {
        while pid != root {
            match processes.get(&pid) {
                Some(process) => pid = process.parent,
                None => return false,
            }
        }
        true
    };
    let members = processes.iter().filter(|(pid, _)| is_in_tree(**pid));
    members.map(|(_, process)| process.peak_bytes).sum()
}

/// The memory resident now of one process, in bytes.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    field(&status, "VmRSS:")?.checked_mul(1024)
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let told = pids.filter_map(|pid: u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some((pid, parse(&status)?))
    });
    told.collect()
}

/// Kernel threads have no memory of their own.
fn parse(status: &str) -> Option<Process> {
    Some(Process {
        parent: u32::try_from(field(status, "PPid:")?).ok()?,
        peak_bytes: field(status, "VmHWM:")
            .unwrap_or_default()
            .checked_mul(1024)?,
    })
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_and_parent_are_read_in_kib() {
        let status = "Name:\tx\nPPid:\t42\nVmHWM:\t    1200 kB\nVmRSS:\t 800 kB\n";
        let expected = Process {
            parent: 42,
            peak_bytes: 1200 * 1024,
        };
        assert_eq!(parse(status), Some(expected));
        assert_eq!(
            parse("Name:\tkthreadd\nPPid:\t0\n").map(|process| process.peak_bytes),
            Some(0)
        );
        assert_eq!(parse("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_and_its_parent_have_memory() {
        let own = peak_of_tree(std::process::id());
        assert!(own > 0 && resident(std::process::id()).is_some_and(|bytes| bytes > 0));
        let parent = std::os::unix::process::parent_id();
        assert!(
            peak_of_tree(parent) >= own,
            "it is part of its parent's tree"
        );
    }
}

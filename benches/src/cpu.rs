//! CPU time as the kernel accounts it (Linux).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

/// The CPU time of the live threads of a process and of all its descendants, to the nanosecond.
/// Threads that have ended are not in it: compare two moments between which none ends.
pub fn of_process_tree(root: u32) -> io::Result<Duration> {
    let parents = parents()?;
    let in_tree = |mut pid: u32| {
        while pid != root {
            match parents.get(&pid) {
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        true
    };
    let members = parents.keys().filter(|pid| in_tree(**pid));
    Ok(members.map(|pid| of_process(*pid)).sum())
}

/// The CPU time of the live threads of a process; none if it has just ended.
fn of_process(pid: u32) -> Duration {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Duration::ZERO;
    };
    let times = tasks.flatten().map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let run = text.split_whitespace().next().unwrap_or_default();
        Duration::from_nanos(run.parse().unwrap_or_default())
    });
    times.sum()
}

/// The parent of every process.
fn parents() -> io::Result<HashMap<u32, u32>> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some(parent) = parent_in(&stat) {
            parents.insert(pid, parent);
        }
    }
    Ok(parents)
}

/// The fourth field of `/proc/PID/stat`; the second is in parentheses and may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// The time that all CPUs together have been busy since boot, kernel threads and interrupts
/// included, sampled by the timer tick.
pub fn of_system() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let busy = busy_ticks(&stat).ok_or(io::ErrorKind::InvalidData)?;
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(busy * 1000 / ticks_per_second))
}

/// user + nice + system + irq + softirq: not idle, not waiting, not stolen (proc_stat(5)).
fn busy_ticks(stat: &str) -> Option<u64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    [0, 1, 2, 5, 6]
        .iter()
        .map(|field| ticks.get(*field))
        .sum::<Option<u64>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_with_an_odd_name_has_its_parent_found() {
        assert_eq!(parent_in("7 (a ) b) S 42 7 7 0"), Some(42));
    }

    #[test]
    fn idle_waiting_and_stolen_time_is_not_busy() {
        let stat = "cpu  1 2 4 1000 1000 8 16 1000 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), Some(31));
    }

    #[test]
    fn own_work_is_counted() {
        let before = of_process_tree(std::process::id()).expect("proc is mounted");
        let sum: u64 = (0..10_000_000_u64).map(std::hint::black_box).sum();
        let after = of_process_tree(std::process::id()).expect("proc is mounted");
        assert!(sum > 0 && after > before);
    }
}

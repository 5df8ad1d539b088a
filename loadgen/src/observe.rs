//! What a run costs besides the sender: the receiver's CPU time, the whole system's, and the time until
//! what was received is on stable storage. On the machine of the receiver only, and on Linux.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Looks at the machine from the beginning of a run to its end.
#[derive(Debug)]
pub struct Observer {
    /// The process, and what it had spent at the beginning.
    receiver: Option<(u32, Duration)>,
    /// All CPUs at the beginning.
    system: System,
    /// A directory of the file system to be synced.
    synced: Option<File>,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The CPU time of the receiver's process and all its descendants, those that have ended included.
    pub receiver_cpu: Option<Duration>,
    /// The time that all CPUs were busy, kernel threads and interrupts included; the sender's, too.
    pub system_cpu: Duration,
    /// How long the file system took to be synced after the last response.
    pub sync: Option<Duration>,
}

impl Observer {
    /// Begins. `receiver` is a process; `synced` is a directory of the file system that is to be synced
    /// at the end.
    pub fn begin(receiver: Option<u32>, synced: Option<&Path>) -> io::Result<Self> {
        let spent = |pid| Ok::<_, io::Error>((pid, of_process_tree(pid)?));
        Ok(Self {
            receiver: receiver.map(spent).transpose()?,
            system: System::now()?,
            synced: synced.map(File::open).transpose()?,
        })
    }

    /// Syncs what is to be synced, then looks again.
    pub fn end(self) -> io::Result<Observation> {
        let start = Instant::now();
        if let Some(directory) = &self.synced {
            rustix::fs::syncfs(directory)?;
        }
        let sync = self.synced.is_some().then(|| start.elapsed());
        let spent =
            |(pid, before)| Ok::<_, io::Error>(of_process_tree(pid)?.saturating_sub(before));
        Ok(Observation {
            receiver_cpu: self.receiver.map(spent).transpose()?,
            system_cpu: System::now()?.busy_since(&self.system),
            sync,
        })
    }
}

/// The line of a process in `/proc/PID/stat` (proc_pid_stat(5)), as far as it matters.
struct Stat {
    parent: u32,
    /// Of its threads, and of its children that were waited for.
    ticks: u64,
}

impl Stat {
    /// The fields from the third on; the second is in parentheses and may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let times = fields
            .get(11..15)?
            .iter()
            .map(|field| field.parse::<u64>().ok());
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: times.sum::<Option<u64>>()?,
        })
    }
}

/// The CPU time of a process and all its descendants.
fn of_process_tree(root: u32) -> io::Result<Duration> {
    let processes = processes()?;
    if !processes.contains_key(&root) {
        let text = format!("there is no process {root}");
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let in_tree = |mut pid: u32| {
        while pid != root {
            match processes.get(&pid) {
                Some(stat) => pid = stat.parent,
                None => return false,
            }
        }
        true
    };
    let members = processes.iter().filter(|(pid, _)| in_tree(**pid));
    Ok(from_ticks(members.map(|(_, stat)| stat.ticks).sum()))
}

fn processes() -> io::Result<HashMap<u32, Stat>> {
    let mut processes = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended in between.
        let text = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some(stat) = Stat::parse(&text) {
            processes.insert(pid, stat);
        }
    }
    Ok(processes)
}

/// How long all CPUs together have not been at work, and when that was.
///
/// Not the other way round: the kernel takes the time of going to sleep and of waking up, so idle time
/// is exact, but whatever runs when the timer ticks is charged a tick of user or system time. Work that
/// a timer starts, and that is through before the next tick, is hardly ever seen by it.
#[derive(Clone, Copy, Debug)]
struct System {
    at: Instant,
    cpus: u32,
    idle: Duration,
}

impl System {
    fn now() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let at = Instant::now();
        let (cpus, ticks) = idle_ticks(&stat).ok_or(io::ErrorKind::InvalidData)?;
        let idle = from_ticks(ticks);
        Ok(Self { at, cpus, idle })
    }

    fn busy_since(&self, before: &Self) -> Duration {
        let all = (self.at - before.at) * before.cpus;
        all.saturating_sub(self.idle.saturating_sub(before.idle))
    }
}

/// The number of CPUs, and idle + iowait + steal: either of the first two may go backwards, when who
/// sleeps begins or ends to wait for a disk, but not their sum; stolen time is not in the CPU time of
/// processes either (`proc_stat(5)`).
fn idle_ticks(stat: &str) -> Option<(u32, u64)> {
    let mut cpus = stat.lines().take_while(|line| line.starts_with("cpu"));
    let fields = cpus.next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let idle = [3, 4, 7].iter().map(|field| ticks.get(*field));
    let cpus = u32::try_from(cpus.count()).ok()?;
    Some((cpus, idle.sum::<Option<u64>>()?))
}

fn from_ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_with_an_odd_name_is_understood() {
        let line = "7 (a ) b) S 42 7 7 0 -1 4194304 10 20 0 0 1 2 3 4 20 0 1 0";
        let stat = Stat::parse(line).expect("a line");
        assert_eq!((stat.parent, stat.ticks), (42, 10));
        assert!(Stat::parse("7 (short) S 42").is_none());
    }

    #[test]
    fn idle_waiting_and_stolen_time_is_not_busy() {
        let stat = "cpu  1 2 4 1000 200 8 16 30 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n";
        assert_eq!(idle_ticks(stat), Some((2, 1230)));
        assert_eq!(idle_ticks("cpu  1 2 4 1000 200 8 16\n"), None);
    }

    #[test]
    fn the_rest_of_the_time_of_all_cpus_is_busy() {
        let now = Instant::now();
        let at = |seconds, idle| System {
            at: now + Duration::from_secs(seconds),
            cpus: 2,
            idle: Duration::from_secs(idle),
        };
        let (before, after) = (at(0, 100), at(10, 115));
        let busy = after.busy_since(&before).as_secs_f64();
        assert!((busy - 5.0).abs() < 1e-6, "{busy}");
        assert_eq!(at(1, 103).busy_since(&before), Duration::ZERO);
    }

    #[test]
    fn own_work_and_that_of_children_is_seen() {
        let observer =
            Observer::begin(Some(std::process::id()), Some(Path::new("."))).expect("Linux");
        // A tick is ten milliseconds.
        let busy = std::process::Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"])
            .status();
        assert!(busy.expect("a shell").success());
        let seen = observer.end().expect("Linux");
        assert!(seen.receiver_cpu > Some(Duration::ZERO));
        assert!(seen.system_cpu > Duration::ZERO && seen.sync.is_some());
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Observer::begin(Some(u32::MAX), None).is_err());
    }
}

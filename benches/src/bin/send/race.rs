//! The race: all associations at once, from the first object to stable storage.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pdvault_benches::cpu;
use pdvault_benches::object::{DataSet, instance_uid};

use crate::association::{Association, Message};
use crate::options::Options;

/// What came out.
pub(crate) struct Figures {
    /// What was sent, but for its instance UID.
    pub(crate) data_set: DataSet,
    clock: Clock,
    /// Of every object, shortest first: from its first byte to its response; with a window, which
    /// lets responses overtake each other, to as many responses.
    latencies: Vec<Duration>,
}

/// The times from the first object on.
#[derive(Clone, Copy)]
struct Clock {
    to_success: Duration,
    to_stable: Duration,
    receiver_cpu: Duration,
    sender_cpu: Duration,
    system_cpu: Duration,
}

/// The CPU time spent so far.
struct Spent {
    receiver: Duration,
    sender: Duration,
    system: Duration,
}

/// What the associations share.
struct Shared<'a> {
    message: &'a Message,
    epoch: u64,
    objects: usize,
    next: AtomicUsize,
    /// All threads and the one that holds the clock: at the start, when the last response has come,
    /// and when the clock has stopped.
    barrier: Barrier,
}

/// Sends everything. `memory` is given back just before the clock starts.
pub(crate) fn run(address: SocketAddr, options: &Options, memory: Vec<u8>) -> io::Result<Figures> {
    let epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let data_set = DataSet::ct(options.bytes, &instance_uid(epoch, 0));
    let associations = (0..options.associations)
        .map(|_| Association::open(address, options.window))
        .collect::<io::Result<Vec<_>>>()?;
    let pdu_bytes = associations
        .iter()
        .map(|association| association.pdu_bytes_max)
        .filter(|max| *max > 0)
        .fold(options.pdu_bytes, usize::min);
    let message = Message::new(&data_set, pdu_bytes);
    let shared = Shared {
        message: &message,
        epoch,
        objects: options.objects,
        next: AtomicUsize::new(0),
        barrier: Barrier::new(options.associations + 1),
    };
    thread::scope(|scope| {
        let senders: Vec<_> = associations
            .into_iter()
            .map(|association| scope.spawn(|| send(association, &shared)))
            .collect();
        drop(memory);
        let clock = hold_clock(options, &shared.barrier).unwrap_or_else(|error| give_up(&error));
        let senders = senders.into_iter();
        let latencies = senders.flat_map(|sender| sender.join().expect("a sender does not panic"));
        let mut latencies: Vec<Duration> = latencies.collect();
        latencies.sort_unstable();
        Ok(Figures {
            data_set,
            clock,
            latencies,
        })
    })
}

/// Starts everybody, takes the times, and lets everybody go.
fn hold_clock(options: &Options, barrier: &Barrier) -> io::Result<Clock> {
    let before = spent(options)?;
    let start = Instant::now();
    barrier.wait();
    barrier.wait();
    let to_success = start.elapsed();
    if let Some(directory) = &options.directory {
        sync_file_system(directory)?;
    }
    let to_stable = start.elapsed();
    let after = spent(options)?;
    barrier.wait();
    Ok(Clock {
        to_success,
        to_stable,
        receiver_cpu: after.receiver.saturating_sub(before.receiver),
        sender_cpu: after.sender.saturating_sub(before.sender),
        system_cpu: after.system.saturating_sub(before.system),
    })
}

/// One association's part. Stays until the clock has stopped, so that the receiver's process or
/// thread for it is still there to be asked for its CPU time.
fn send(mut association: Association, shared: &Shared<'_>) -> Vec<Duration> {
    let mut head = shared.message.head();
    let mut latencies = Vec::new();
    let mut under_way = VecDeque::new();
    shared.barrier.wait();
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let is_over = number >= shared.objects;
        while under_way.len() == association.window || is_over {
            let Some(begun) = under_way.pop_front() else {
                break;
            };
            let ended = association.end_store();
            ended.unwrap_or_else(|error| give_up(&error));
            latencies.push(Instant::elapsed(&begun));
        }
        if is_over {
            break;
        }
        under_way.push_back(Instant::now());
        let instance = instance_uid(shared.epoch, number);
        association
            .begin_store(shared.message, &mut head, &instance)
            .unwrap_or_else(|error| give_up(&error));
    }
    shared.barrier.wait();
    shared.barrier.wait();
    association
        .release()
        .unwrap_or_else(|error| give_up(&error));
    latencies
}

/// One failure spoils the figures of all; the others would wait for this one at the barrier.
fn give_up(error: &io::Error) -> ! {
    eprintln!("send: {error}");
    std::process::exit(1)
}

fn spent(options: &Options) -> io::Result<Spent> {
    let receiver = match options.receiver {
        Some(pid) => cpu::of_process_tree(pid)?,
        None => Duration::ZERO,
    };
    Ok(Spent {
        receiver,
        sender: cpu::of_process_tree(std::process::id())?,
        system: cpu::of_system()?,
    })
}

/// What `sync -f` does.
fn sync_file_system(directory: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(directory)?)?)
}

impl Figures {
    /// One line. Times in seconds; `system_cpu_s` is without the sender's.
    pub(crate) fn to_json(&self, options: &Options, checked: usize) -> String {
        let (objects, bytes) = (options.objects, options.bytes);
        let associations = options.associations;
        let Clock {
            to_success,
            to_stable,
            receiver_cpu,
            sender_cpu,
            system_cpu,
        } = self.clock;
        let others_cpu = system_cpu.saturating_sub(sender_cpu);
        format!(
            "{{\"objects\":{objects},\"object_bytes\":{bytes},\"associations\":{associations},\
             \"success_s\":{:.6},\"stable_s\":{:.6},\"receiver_cpu_s\":{:.6},\
             \"sender_cpu_s\":{:.6},\"system_cpu_s\":{:.6},\"latency_p50_ms\":{:.3},\
             \"latency_p99_ms\":{:.3},\"files_checked\":{checked}}}",
            to_success.as_secs_f64(),
            to_stable.as_secs_f64(),
            receiver_cpu.as_secs_f64(),
            sender_cpu.as_secs_f64(),
            others_cpu.as_secs_f64(),
            1000.0 * self.percentile(50).as_secs_f64(),
            1000.0 * self.percentile(99).as_secs_f64(),
        )
    }

    fn percentile(&self, percent: usize) -> Duration {
        let index = self.latencies.len() * percent / 100;
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

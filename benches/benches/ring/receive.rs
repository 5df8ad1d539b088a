//! Bytes from sockets into memory, through a ring: whether it helps that the memory is registered.

#![expect(unsafe_code, reason = "entries that point to memory")]

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use io_uring::squeue::Entry;
use io_uring::types::Fd;
use io_uring::{IoUring, opcode};
use memmap2::{Advice, MmapMut};

use crate::clocks::{Clocks, median};

/// Runs of each way, in turn with the others.
const ROUNDS: usize = 7;

const RUN_TIME: Duration = Duration::from_millis(1500);

/// Bytes of landing memory for each connection: an object of the usual size.
const ROOM_BYTES: usize = 512 << 10;

const CONNECTIONS: usize = 4;

/// What is sent at once, in bytes: a PDU.
const SENT_BYTES: usize = 128 << 10;

/// The one registered buffer: all of the memory.
const BUFFER: u16 = 0;

#[derive(Clone, Copy, Debug)]
enum Way {
    Receive,
    Read,
    ReadRegistered,
}

const WAYS: [(&str, Way); 3] = [
    ("RECV, ordinary memory", Way::Receive),
    ("READ, ordinary memory", Way::Read),
    ("READ_FIXED, registered memory", Way::ReadRegistered),
];

/// Receives from all connections into a place of the memory for each, again and again.
struct Receiver {
    /// Before the memory, so that it goes first.
    io: IoUring,
    way: Way,
    streams: Vec<TcpStream>,
    filled: Vec<usize>,
    memory: MmapMut,
}

impl Receiver {
    fn new(way: Way, streams: Vec<TcpStream>) -> io::Result<Self> {
        let io = IoUring::builder()
            .setup_single_issuer()
            .setup_coop_taskrun()
            .setup_defer_taskrun()
            .build(64)?;
        let mut memory = MmapMut::map_anon(streams.len() * ROOM_BYTES)?;
        memory.advise(Advice::PopulateWrite)?;
        if matches!(way, Way::ReadRegistered) {
            let whole = libc::iovec {
                iov_base: memory.as_mut_ptr().cast(),
                iov_len: memory.len(),
            };
            // SAFETY: the memory goes after the ring (order of the fields), and nobody looks at it.
            unsafe { io.submitter().register_buffers(&[whole])? };
        }
        Ok(Self {
            io,
            way,
            filled: vec![0; streams.len()],
            streams,
            memory,
        })
    }

    fn entry(&mut self, index: usize) -> Entry {
        let socket = Fd(self.streams[index].as_raw_fd());
        let filled = self.filled[index];
        let room = &mut self.memory[index * ROOM_BYTES..][filled..ROOM_BYTES];
        let (room, len) = (
            room.as_mut_ptr(),
            u32::try_from(room.len()).expect("little"),
        );
        let entry = match self.way {
            Way::Receive => opcode::Recv::new(socket, room, len).build(),
            Way::Read => opcode::Read::new(socket, room, len).build(),
            Way::ReadRegistered => opcode::ReadFixed::new(socket, room, len, BUFFER).build(),
        };
        entry.user_data(index as u64)
    }

    fn start(&mut self, index: usize) -> io::Result<()> {
        let entry = self.entry(index);
        // SAFETY: the entry points into the memory, to a place that no other entry has; it goes after
        // the ring, and nobody looks at it.
        unsafe { self.io.submission().push(&entry) }.map_err(io::Error::other)
    }

    /// Receives until the time is up, then to the end of each connection; how many bytes and times.
    fn run(&mut self) -> io::Result<(usize, usize)> {
        let (end, mut open) = (Instant::now() + RUN_TIME, self.streams.len());
        let (mut bytes, mut times) = (0, 0);
        (0..open).try_for_each(|index| self.start(index))?;
        while open > 0 {
            self.io.submit_and_wait(1)?;
            let ended: Vec<_> = self.io.completion().collect();
            for entry in ended {
                let index = usize::try_from(entry.user_data()).expect("one of ours");
                let count = usize::try_from(entry.result())
                    .map_err(|_| io::Error::from_raw_os_error(-entry.result()))?;
                bytes += count;
                times += 1;
                if count == 0 || Instant::now() >= end {
                    open -= 1;
                    continue;
                }
                self.filled[index] = (self.filled[index] + count) % ROOM_BYTES;
                self.start(index)?;
            }
        }
        Ok((bytes, times))
    }
}

/// Sends until nobody listens.
fn send(mut stream: TcpStream) {
    let bytes = vec![7; SENT_BYTES];
    while stream.write_all(&bytes).is_ok() {}
}

struct Run {
    gigabytes_a_second: f64,
    /// Of the receiving thread.
    cpu_seconds_a_gigabyte: f64,
    /// Of everything, the senders included.
    system_seconds_a_gigabyte: f64,
    bytes_a_time: f64,
}

fn run(way: Way) -> io::Result<Run> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut senders = Vec::new();
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address)?;
        senders.push(thread::spawn(move || send(stream)));
        streams.push(listener.accept()?.0);
    }
    let mut receiver = Receiver::new(way, streams)?;
    let clocks = Clocks::now();
    let (bytes, times) = receiver.run()?;
    let passed = clocks.passed();
    drop(receiver);
    for sender in senders {
        sender.join().expect("no sender failed");
    }
    let gigabytes = bytes as f64 / 1e9;
    Ok(Run {
        gigabytes_a_second: gigabytes / passed.wall.as_secs_f64(),
        cpu_seconds_a_gigabyte: passed.thread.as_secs_f64() / gigabytes,
        system_seconds_a_gigabyte: passed.system.as_secs_f64() / gigabytes,
        bytes_a_time: bytes as f64 / times as f64,
    })
}

/// Measures all ways in turn and prints a line for each.
pub(crate) fn measure() -> io::Result<()> {
    let mut runs: Vec<Vec<Run>> = WAYS.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((_, way), runs) in WAYS.iter().zip(&mut runs) {
            runs.push(run(*way)?);
        }
    }
    println!("GB/s; CPU s/GB: receiving thread, system with the senders; bytes a receive");
    for ((name, _), runs) in WAYS.iter().zip(&runs) {
        let typical = |value: &dyn Fn(&Run) -> f64| median(runs.iter().map(value).collect());
        println!(
            "{name:30} {:>6.2} {:>7.4} {:>7.4} {:>9.0}",
            typical(&|run| run.gigabytes_a_second),
            typical(&|run| run.cpu_seconds_a_gigabyte),
            typical(&|run| run.system_seconds_a_gigabyte),
            typical(&|run| run.bytes_a_time),
        );
    }
    Ok(())
}

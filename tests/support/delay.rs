//! A long line in a box: a proxy that passes every byte on a while after it came, both ways, however
//! many follow. So it adds to the round trip and takes nothing from the throughput.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Pieces on the way in one direction: far more than a sender has in flight at the rates of the tests,
/// and a bound for one that gets away.
const PIECES_MAX: usize = 4096;

/// A running proxy; it stops taking connections when dropped.
pub struct Delay {
    port: u16,
    stopping: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Delay {
    /// Passes every connection on to `to`; each direction takes `one_way`.
    pub fn start(to: u16, one_way: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                join(stream.expect("a connection"), to, one_way);
            }
        });
        Self {
            port: address.port(),
            stopping,
            listener: Some(listener),
        }
    }

    /// The port to send to.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // A last connection wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// Joins a connection with a new one; a peer that is not there is one that hangs up.
fn join(near: TcpStream, to: u16, one_way: Duration) {
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else {
        return;
    };
    for stream in [&near, &far] {
        stream
            .set_nodelay(true)
            .expect("a connection takes options");
    }
    let twin = |stream: &TcpStream| stream.try_clone().expect("a socket has two handles");
    carry(twin(&near), twin(&far), one_way);
    carry(far, near, one_way);
}

/// Carries one direction until it ends, and then its end.
fn carry(from: TcpStream, to: TcpStream, one_way: Duration) {
    let (line, arrivals) = sync_channel(PIECES_MAX);
    thread::spawn(move || take_in(from, &line, one_way));
    thread::spawn(move || give_out(to, &arrivals));
}

type Piece = (Instant, Vec<u8>);

fn take_in(mut from: TcpStream, line: &SyncSender<Piece>, one_way: Duration) {
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + one_way;
        if line.send((due, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
}

fn give_out(mut to: TcpStream, arrivals: &Receiver<Piece>) {
    for (due, bytes) in arrivals {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

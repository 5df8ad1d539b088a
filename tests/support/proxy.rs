//! A proxy between a sender and the receiver that records both directions, so that a test knows
//! exactly what a toolkit sent, re-encoded or not.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::conversation::{self, Transfer};

/// A running proxy.
pub struct Proxy {
    port: u16,
    stopping: Arc<AtomicBool>,
    recordings: Arc<Mutex<Vec<Recording>>>,
    listener: Option<JoinHandle<()>>,
}

/// One connection: the threads that copy its directions return what they copied.
struct Recording {
    from_requestor: JoinHandle<Vec<u8>>,
    from_acceptor: JoinHandle<Vec<u8>>,
}

impl Proxy {
    /// Listens on a free port and passes every connection on to `receiver_port`.
    pub fn start(receiver_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let stopping = Arc::new(AtomicBool::new(false));
        let recordings = Arc::new(Mutex::new(Vec::new()));
        let (stop, list) = (Arc::clone(&stopping), Arc::clone(&recordings));
        let listener = thread::spawn(move || {
            for requestor in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                // Locked before the first byte flows: whoever had an answer is in the list.
                let mut list = list.lock().expect("no holder panics");
                let recording = record(requestor.expect("a connection"), receiver_port);
                list.push(recording.expect("the receiver takes connections"));
            }
        });
        Self {
            port,
            stopping,
            recordings,
            listener: Some(listener),
        }
    }

    /// The port to send to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the connections made so far to end, and returns their transfers in the order in
    /// which the connections were made.
    pub fn take_transfers(&self) -> Vec<Transfer> {
        let recordings = std::mem::take(&mut *self.recordings.lock().expect("no holder panics"));
        let mut out = Vec::new();
        for recording in recordings {
            let requestor = recording
                .from_requestor
                .join()
                .expect("a copying thread ends well");
            let acceptor = recording
                .from_acceptor
                .join()
                .expect("a copying thread ends well");
            out.extend(conversation::transfers(&requestor, &acceptor));
        }
        out
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // A last connection wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn record(requestor: TcpStream, receiver_port: u16) -> io::Result<Recording> {
    let acceptor = TcpStream::connect((Ipv4Addr::LOCALHOST, receiver_port))?;
    requestor.set_nodelay(true)?;
    acceptor.set_nodelay(true)?;
    let (requestor_twin, acceptor_twin) = (requestor.try_clone()?, acceptor.try_clone()?);
    Ok(Recording {
        from_requestor: thread::spawn(move || copy(requestor, acceptor)),
        from_acceptor: thread::spawn(move || copy(acceptor_twin, requestor_twin)),
    })
}

/// Copies one direction until it ends, and passes the end on.
fn copy(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        seen.extend(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    seen
}

//! A peer that is reached over a line which breaks as told.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A-ASSOCIATE-RJ (PS3.8 9.3.4): transient, by the provider's presentation layer, temporary congestion.
const REJECTION: [u8; 10] = [3, 0, 0, 0, 0, 4, 0, 2, 3, 1];

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A connection breaks when this is said over it.
    BreaksAt(&'static str),
    /// All connections break when this is said over one, and there are no others.
    GoneAt(&'static str),
    /// The first association is passed on, the others are rejected for now.
    RejectsOthers,
}

/// The line to a peer.
pub(crate) struct Between {
    address: SocketAddr,
    line: Arc<Line>,
}

struct Line {
    peer: SocketAddr,
    fault: Fault,
    connections: AtomicUsize,
    /// Both ends of what is connected; `None` once the peer is gone.
    open: Mutex<Option<Vec<TcpStream>>>,
}

impl Between {
    pub(crate) fn new(peer: SocketAddr, fault: Fault) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let address = listener.local_addr().expect("bound");
        let line = Arc::new(Line {
            peer,
            fault,
            connections: AtomicUsize::new(0),
            open: Mutex::new(Some(Vec::new())),
        });
        let this = Self {
            address,
            line: Arc::clone(&line),
        };
        thread::spawn(move || line.serve(&listener, address));
        this
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// How often somebody has connected.
    pub(crate) fn connections(&self) -> usize {
        self.line.connections.load(Ordering::SeqCst)
    }
}

impl Line {
    fn serve(self: &Arc<Self>, listener: &TcpListener, address: SocketAddr) {
        while let Ok((sender, _)) = listener.accept() {
            let before = self.connections.fetch_add(1, Ordering::SeqCst);
            if matches!(self.fault, Fault::RejectsOthers) && before > 0 {
                thread::spawn(move || reject(sender));
            } else if !self.pass_on(&sender, address) {
                return;
            }
        }
    }

    /// False once the peer is gone.
    fn pass_on(self: &Arc<Self>, sender: &TcpStream, address: SocketAddr) -> bool {
        let peer = TcpStream::connect(self.peer).expect("the receiver listens");
        let again = |stream: &TcpStream| stream.try_clone().expect("cloned");
        let mut open = self.open.lock().expect("nobody panics");
        let Some(streams) = open.as_mut() else {
            return false;
        };
        streams.extend([again(sender), again(&peer)]);
        let (to_peer, from_sender) = (again(&peer), again(sender));
        let (line, to_sender) = (Arc::clone(self), again(sender));
        thread::spawn(move || line.there(from_sender, to_peer, address));
        thread::spawn(move || back(peer, to_sender));
        true
    }

    /// Passes on what the sender says, until it says what breaks the line.
    fn there(&self, mut from: TcpStream, mut to: TcpStream, address: SocketAddr) {
        let mut block = vec![0; 1 << 16];
        let mut said = Vec::new();
        while let Ok(length @ 1..) = from.read(&mut block) {
            said.extend_from_slice(&block[..length]);
            if self.is_broken_by(&said) {
                break;
            }
            // Words may come in two pieces.
            said.drain(..said.len().saturating_sub(64));
            if to.write_all(&block[..length]).is_err() {
                break;
            }
        }
        let was_said = self.is_broken_by(&said);
        close(&from);
        close(&to);
        if was_said && matches!(self.fault, Fault::GoneAt(_)) {
            let open = self.open.lock().expect("nobody panics").take();
            open.into_iter().flatten().for_each(|stream| close(&stream));
            // Whoever accepts connections is to see it.
            drop(TcpStream::connect(address));
        }
    }

    fn is_broken_by(&self, said: &[u8]) -> bool {
        match self.fault {
            Fault::BreaksAt(word) | Fault::GoneAt(word) => said
                .windows(word.len())
                .any(|window| window == word.as_bytes()),
            Fault::RejectsOthers => false,
        }
    }
}

fn back(mut from: TcpStream, mut to: TcpStream) {
    // It ends with either connection.
    let _ = std::io::copy(&mut from, &mut to);
    close(&to);
}

fn close(stream: &TcpStream) {
    // The other side may have closed it.
    let _ = stream.shutdown(Shutdown::Both);
}

fn reject(mut sender: TcpStream) {
    let mut request = [0; 6];
    sender.read_exact(&mut request).expect("a header");
    let length = u32::from_be_bytes([request[2], request[3], request[4], request[5]]);
    let mut rest = vec![0; usize::try_from(length).expect("short")];
    sender.read_exact(&mut rest).expect("a request");
    sender.write_all(&REJECTION).expect("a rejection");
    // The requestor closes the connection.
    let _ = sender.read(&mut request);
}

//! A scripted receiver: it accepts, answers, refuses and breaks off exactly as a test tells it to, and
//! notes all that a sender did.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::answer::{self, Requested};
use crate::wire::{self, Command, Pdv, element};

/// How long a receiver waits for a sender that neither speaks nor hangs up.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is done about an association request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRequest {
    /// It is accepted, context by context.
    Accept,
    /// It is rejected: result, source, reason (PS3.8 9.3.4).
    Reject(u8, u8, u8),
    /// A-ABORT in its place.
    Abort,
    /// The connection is closed.
    Close,
    /// Nothing at all.
    Silence,
}

/// What is done about an object that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A response with this status.
    Status(u16),
    /// A-ABORT in its place.
    Abort,
    /// The connection is closed.
    Close,
    /// Nothing at all.
    Silence,
}

/// What is done about a release request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRelease {
    /// A-RELEASE-RP.
    Answer,
    /// A-ABORT in its place.
    Abort,
    /// The connection is closed.
    Close,
}

/// How a receiver is to behave. The default takes everything and is content.
#[derive(Clone, Debug)]
pub struct Script {
    /// What is done about the first association requests.
    pub on_first_requests: Vec<OnRequest>,
    /// What is done about the others.
    pub on_request: OnRequest,
    /// The abstract syntaxes accepted; all where there is no list.
    pub classes: Option<Vec<String>>,
    /// Transfer syntaxes, the best first; where none is named, the first one proposed is taken.
    pub syntaxes: Vec<String>,
    /// Replies to the first objects over all associations; the later ones are answered with Success.
    pub replies: Vec<Reply>,
    /// What is done about a release request.
    pub on_release: OnRelease,
    /// Maximum length announced; 0 is unlimited.
    pub maximum_length: u32,
    /// Operations granted to a sender that asks for a window.
    pub operations: u16,
    /// Whether a demand for an answer to the user identity is met.
    pub answers_identity: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            on_first_requests: Vec::new(),
            on_request: OnRequest::Accept,
            classes: None,
            syntaxes: Vec::new(),
            replies: Vec::new(),
            on_release: OnRelease::Answer,
            maximum_length: 16_384,
            operations: 1,
            answers_identity: true,
        }
    }
}

/// An object that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SOP class UID of the command.
    pub class: String,
    /// SOP instance UID of the command.
    pub instance: String,
    /// Transfer syntax of its presentation context.
    pub syntax: String,
    /// Message ID.
    pub message_id: u16,
    /// Priority.
    pub priority: u16,
    /// The data set.
    pub data: Vec<u8>,
    /// How it was answered.
    pub reply: Reply,
}

/// How an association ended, as the receiver saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The sender asked for its release.
    Released,
    /// The sender aborted it: source, reason.
    Aborted(u8, u8),
    /// The sender hung up.
    #[default]
    Closed,
    /// The script ended it.
    Ours,
}

/// What a sender did in one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Association {
    /// Its request, if one came.
    pub requested: Option<Requested>,
    /// The objects that arrived whole, in order.
    pub stored: Vec<Stored>,
    /// Length of the longest P-DATA PDU, without its header.
    pub longest_pdu: usize,
    /// How it ended.
    pub end: End,
}

/// A running receiver; it stops listening when dropped.
pub struct Scp {
    port: u16,
    stopping: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<JoinHandle<Association>>>>,
    listener: Option<JoinHandle<()>>,
}

impl Scp {
    /// Listens on a free port.
    pub fn start(script: &Script) -> Self {
        Self::listen(
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"),
            script,
        )
    }

    /// Takes connections from this listener.
    pub fn listen(listener: TcpListener, script: &Script) -> Self {
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let stopping = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (stop, list) = (Arc::clone(&stopping), Arc::clone(&connections));
        let (script, counts) = (Arc::new(script.clone()), Arc::new(Counts::default()));
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.expect("a connection");
                let server = Server::new(stream, Arc::clone(&script), Arc::clone(&counts));
                let connection = thread::spawn(move || server.serve());
                list.lock().expect("no holder panics").push(connection);
            }
        });
        Self {
            port: address.port(),
            stopping,
            connections,
            listener: Some(listener),
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops listening, waits for the connections to end, and tells what happened in each, in the
    /// order in which they were made.
    pub fn finish(mut self) -> Vec<Association> {
        self.stop();
        let connections = std::mem::take(&mut *self.connections.lock().expect("no holder panics"));
        connections
            .into_iter()
            .map(|connection| connection.join().expect("a receiver ends well"))
            .collect()
    }

    fn stop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // A last connection wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listener) = self.listener.take() {
            listener.join().expect("the listener ends well");
        }
    }
}

impl Drop for Scp {
    fn drop(&mut self) {
        if self.listener.is_some() && !thread::panicking() {
            self.stop();
        }
    }
}

/// What was there before, over all connections.
#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    objects: AtomicUsize,
}

/// One connection.
struct Server {
    stream: TcpStream,
    script: Arc<Script>,
    counts: Arc<Counts>,
    seen: Association,
    command: Vec<u8>,
    current: Option<Stored>,
}

/// Whether the conversation goes on.
type Flow = io::Result<bool>;

impl Server {
    fn new(stream: TcpStream, script: Arc<Script>, counts: Arc<Counts>) -> Self {
        Self {
            stream,
            script,
            counts,
            seen: Association::default(),
            command: Vec::new(),
            current: None,
        }
    }

    fn serve(mut self) -> Association {
        let prepared = self
            .stream
            .set_nodelay(true)
            .and_then(|()| self.stream.set_read_timeout(Some(PATIENCE)));
        prepared.expect("a connection takes options");
        // Any error is the sender's hanging up, which `End::Closed` says already.
        while let Ok(true) = self.turn() {}
        self.seen
    }

    fn turn(&mut self) -> Flow {
        let mut header = [0; 6];
        self.stream.read_exact(&mut header)?;
        let length = u32::from_be_bytes(header[2..].try_into().expect("four bytes"));
        assert!(length < 1 << 24, "the sender sent a PDU of {length} bytes");
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body)?;
        match header[0] {
            wire::ASSOCIATE_RQ => self.on_request(&body),
            wire::P_DATA => self.on_data(&body),
            wire::RELEASE_RQ => self.on_release(),
            wire::ABORT => {
                self.seen.end = End::Aborted(body[2], body[3]);
                Ok(false)
            }
            other => panic!("the sender sent a PDU of type {other:#04x}"),
        }
    }

    fn on_request(&mut self, body: &[u8]) -> Flow {
        let requested = Requested::decode(body);
        let number = self.counts.requests.fetch_add(1, Ordering::SeqCst);
        let first = self.script.on_first_requests.get(number);
        let on_request = first.copied().unwrap_or(self.script.on_request);
        let answer = match on_request {
            OnRequest::Accept => answer::accept(&requested, &self.script),
            OnRequest::Reject(result, source, reason) => {
                wire::pdu(wire::ASSOCIATE_RJ, &[0, result, source, reason])
            }
            OnRequest::Abort => abort(),
            OnRequest::Close | OnRequest::Silence => Vec::new(),
        };
        self.seen.requested = Some(requested);
        self.stream.write_all(&answer)?;
        match on_request {
            OnRequest::Accept | OnRequest::Silence => Ok(true),
            _ => Ok(self.end()),
        }
    }

    /// Ends the conversation by the script's will.
    fn end(&mut self) -> bool {
        self.seen.end = End::Ours;
        false
    }

    fn on_data(&mut self, body: &[u8]) -> Flow {
        self.seen.longest_pdu = self.seen.longest_pdu.max(body.len());
        for pdv in wire::decode_pdvs(body) {
            match pdv.control {
                wire::COMMAND | wire::COMMAND_LAST => self.on_command(&pdv),
                _ => {
                    // DCMTK's storescp aborts over any other, the last one of a data set included.
                    let is_even = pdv.fragment.len().is_multiple_of(2);
                    assert!(is_even, "a fragment of odd length");
                    let current = self.current.as_mut().expect("data follow a command");
                    current.data.extend(&pdv.fragment);
                }
            }
            if pdv.control == wire::DATA_LAST && !self.on_object(pdv.context)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn on_command(&mut self, pdv: &Pdv) {
        self.command.extend(&pdv.fragment);
        if pdv.control != wire::COMMAND_LAST {
            return;
        }
        let bytes = std::mem::take(&mut self.command);
        let command = Command::decode(&bytes);
        assert!(
            command.group_length_is_right(&bytes),
            "group length of a request"
        );
        let kind = command.number(element::COMMAND_FIELD);
        assert_eq!(kind, Some(wire::C_STORE_RQ), "only C-STORE is expected");
        let requested = self.seen.requested.as_ref().expect("an association");
        let text = |number| command.text(number).expect("a C-STORE request names it");
        let number = |number| command.number(number).expect("a C-STORE request has it");
        self.current = Some(Stored {
            class: text(element::AFFECTED_SOP_CLASS),
            instance: text(element::AFFECTED_SOP_INSTANCE),
            syntax: answer::syntax_of(requested, &self.script, pdv.context),
            message_id: number(element::MESSAGE_ID),
            priority: number(element::PRIORITY),
            data: Vec::new(),
            reply: Reply::Status(0),
        });
    }

    fn on_object(&mut self, context: u8) -> Flow {
        let mut stored = self.current.take().expect("data follow a command");
        let number = self.counts.objects.fetch_add(1, Ordering::SeqCst);
        let reply = self.script.replies.get(number).copied();
        stored.reply = reply.unwrap_or(Reply::Status(0));
        let response = answer::store_response(context, &stored);
        let reply = stored.reply;
        self.seen.stored.push(stored);
        match reply {
            Reply::Status(_) => self.stream.write_all(&response).map(|()| true),
            Reply::Silence => Ok(true),
            Reply::Abort => self.stream.write_all(&abort()).map(|()| self.end()),
            Reply::Close => Ok(self.end()),
        }
    }

    fn on_release(&mut self) -> Flow {
        self.seen.end = End::Released;
        match self.script.on_release {
            OnRelease::Answer => {
                let answer = wire::pdu(wire::RELEASE_RP, &[0; 4]);
                self.stream.write_all(&answer).map(|()| true)
            }
            OnRelease::Abort => self.stream.write_all(&abort()).map(|()| false),
            OnRelease::Close => Ok(false),
        }
    }
}

fn abort() -> Vec<u8> {
    wire::pdu(wire::ABORT, &[0; 4])
}

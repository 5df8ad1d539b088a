//! The sending side against peers made by hand, which do what real ones do at their worst: read a
//! byte at a time, answer too early or never, close in the middle of an object.

mod common;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::scp::{accept, listen};
use common::{data, memory, options, request, store_request};
use pdvault_engine::association::{
    AssociationError, OperationId, PeerGone, RequestorEvent, StoreReply,
};
use pdvault_engine::dimse::{Request, Status};
use pdvault_engine::pdu::{
    Abort, AbortSource, AssociateRj, AssociateRq, AsynchronousOperations, Pdu, RejectReason,
    RejectResult,
};
use pdvault_engine::sender::{
    BlockingConnection, Connection, ConnectionEvent, ConnectionOptions, EventLoop, FilePayload,
    OpenError, Payload, PayloadError, STREAM_BLOCK_BYTES, StreamPayload,
};
use pdvault_engine::value::PresentationContextId;
use socket2::{Domain, Socket, Type};

const CONTEXT: PresentationContextId = PresentationContextId(1);

type Link = BlockingConnection<Box<dyn Payload>>;

fn open(address: SocketAddr) -> Link {
    BlockingConnection::open(&[address], &request(), &options()).expect("an association")
}

fn pipelining(operations: u16) -> AssociateRq {
    let mut request = request();
    request.user_information.asynchronous_operations = Some(AsynchronousOperations {
        invoked: operations,
        performed: 1,
    });
    request
}

fn store(link: &mut Link, payload: impl Payload + 'static) -> OperationId {
    link.store(CONTEXT, store_request("1.2.3"), Box::new(payload))
        .expect("a payload")
}

fn next(link: &mut Link) -> ConnectionEvent {
    link.wait(None).expect("a poll").expect("an event")
}

fn reply(link: &mut Link) -> StoreReply {
    loop {
        match next(link) {
            ConnectionEvent::Association(RequestorEvent::Stored(reply)) => return reply,
            ConnectionEvent::Sent { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Everything until the connection is closed.
fn to_the_end(link: &mut Link) -> Vec<ConnectionEvent> {
    std::iter::from_fn(|| link.wait(None).expect("a poll")).collect()
}

fn failure(events: &[ConnectionEvent]) -> &AssociationError {
    let error = events.iter().find_map(|event| match event {
        ConnectionEvent::Association(RequestorEvent::Failed(error)) => Some(error),
        _ => None,
    });
    assert!(
        matches!(events.last(), Some(ConnectionEvent::Closed)),
        "{events:?}"
    );
    error.expect("a failure")
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("room");
    file
}

// Peers that are slow.

/// A socket whose buffer is as small as the kernel allows, so that writes end anywhere.
fn listener_with_small_buffer() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(1).expect("a socket option");
    let address: SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into()).expect("a port");
    socket.listen(1).expect("a listener");
    socket.into()
}

/// Sends one object from each source through a relay that reads in such pieces; what went over the
/// wire is read as PDUs.
fn through_small_pieces(lengths: &'static [usize]) {
    let data = data(1, 40_003);
    let listener = listener_with_small_buffer();
    let address = listener.local_addr().expect("bound");
    let (server, peer) = accept(1, move |mut scp| scp.serve_to_the_end());
    let relay = std::thread::spawn(move || relay(&listener, server, lengths));
    let mut link = open(address);
    let file = FilePayload::new(file_of(&data), 0, data.len() as u64);
    store(&mut link, file);
    assert_eq!(reply(&mut link).status, Status::SUCCESS);
    store(&mut link, memory(&data));
    assert_eq!(reply(&mut link).status, Status::SUCCESS);
    link.release().expect("a release");
    let received = peer.join().expect("a peer");
    assert!(received.iter().all(|object| object.data == data));
    assert_eq!(received.len(), 2);
    relay.join().expect("a relay");
}

/// Passes everything on to `server`, read in pieces of these lengths; answers go straight back.
fn relay(listener: &TcpListener, server: SocketAddr, lengths: &[usize]) {
    let (mut sender, _) = listener.accept().expect("a sender");
    let mut server = std::net::TcpStream::connect(server).expect("a server");
    let mut answers = (
        server.try_clone().expect("a handle"),
        sender.try_clone().expect("a handle"),
    );
    let back = std::thread::spawn(move || io::copy(&mut answers.0, &mut answers.1));
    for &length in lengths.iter().cycle() {
        let mut piece = vec![0; length];
        match sender.read(&mut piece) {
            Ok(n) if n > 0 => server.write_all(&piece[..n]).expect("a server"),
            _ => break,
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Write);
    let _ = back.join();
}

#[test]
fn a_peer_that_reads_a_byte_at_a_time_gets_everything() {
    through_small_pieces(&[1]);
}

#[test]
fn a_peer_that_reads_in_uneven_pieces_gets_everything() {
    through_small_pieces(&[1, 11, 12, 4097, 3, 70_000, 13]);
}

#[test]
fn a_release_that_is_answered_by_closing_is_a_failure_to_release() {
    let (address, peer) = accept(1, |mut scp| {
        assert_eq!(scp.read_pdu(), Some(Pdu::ReleaseRq));
    });
    let error = open(address).release().expect_err("no A-RELEASE-RP came");
    assert_eq!(error, PeerGone::ConnectionClosed.into());
    peer.join().expect("a peer");
}

// Peers that answer when they like.

#[test]
fn a_store_refused_before_its_data_set_is_there_leaves_the_association_in_order() {
    let (address, peer) = accept(1, |mut scp| {
        let Some(Request::Store(first)) = scp.read_request() else {
            panic!("a C-STORE-RQ was due");
        };
        scp.refused(&first, "no room");
        let (first_data, _) = scp.read_part(false).expect("the data set all the same");
        let rest = scp.serve_to_the_end();
        (first_data.len(), rest.len())
    });
    let mut link = open(address);
    // More than any socket holds, so that the answer is here before the data set is gone.
    let data = data(2, 32 << 20);
    let file = file_of(&data);
    store(&mut link, FilePayload::new(file, 0, data.len() as u64));
    let refused = reply(&mut link);
    assert_eq!(refused.status, Status::OUT_OF_RESOURCES);
    assert_eq!(refused.error_comment.as_deref(), Some("no room"));
    while !link.connection().can_begin() {
        assert!(matches!(next(&mut link), ConnectionEvent::Sent { .. }));
    }
    store(&mut link, memory(b"next"));
    assert_eq!(reply(&mut link).status, Status::SUCCESS);
    link.release().expect("a release");
    assert_eq!(peer.join().expect("a peer"), (data.len(), 1));
}

#[test]
fn responses_in_another_order_find_their_operations() {
    let (address, peer) = accept(4, |mut scp| {
        let received: Vec<_> = (0..4).map(|_| scp.read_store().expect("a store")).collect();
        for object in received.iter().rev() {
            scp.stored(&object.request);
        }
        scp.serve_to_the_end();
    });
    let mut link: Link =
        BlockingConnection::open(&[address], &pipelining(4), &options()).expect("an association");
    let begun: Vec<_> = (0..4).map(|_| store(&mut link, memory(b"data"))).collect();
    assert!(!link.connection().can_begin(), "the window is full");
    let answered: Vec<_> = (0..4).map(|_| reply(&mut link).operation).collect();
    assert!(answered.iter().rev().eq(&begun), "{answered:?}");
    link.release().expect("a release");
    peer.join().expect("a peer");
}

#[test]
fn many_objects_leave_by_one_write() {
    let (address, peer) = accept(16, |mut scp| scp.serve_to_the_end().len());
    let mut event_loop = EventLoop::new().expect("a poll");
    let connection = Connection::connect(address, pipelining(16), &options(), Instant::now());
    event_loop
        .add(connection.expect("a socket"))
        .expect("a poll");
    let (mut begun, mut writes) = (0, Vec::new());
    while !event_loop.is_empty() {
        let round = event_loop.round(None, |_, connection, now| {
            while connection.poll_event().is_some() {}
            writes.push(connection.counters().writes);
            while begun < 16 && connection.can_begin() {
                begun += 1;
                let payload = memory(b"of two pieces");
                connection
                    .store(CONTEXT, store_request("1.2"), payload, now)
                    .expect("a payload");
            }
            if begun == 16 && connection.in_flight() == 0 {
                connection.release(now);
            }
        });
        round.expect("a poll");
    }
    assert_eq!(peer.join().expect("a peer"), 16);
    // The request, sixteen objects, and the release.
    assert_eq!(writes.last(), Some(&3), "{writes:?}");
}

#[test]
fn an_echo_is_answered() {
    let (address, peer) = accept(1, |mut scp| {
        scp.answer_echo();
        scp.serve_to_the_end();
    });
    let mut link = open(address);
    let asked = link.echo(CONTEXT);
    let ConnectionEvent::Association(RequestorEvent::Echoed { operation, status }) =
        next(&mut link)
    else {
        panic!("an answer was due");
    };
    assert_eq!((operation, status), (asked, Status::SUCCESS));
    link.release().expect("a release");
    peer.join().expect("a peer");
}

// Peers that go away, or say nothing.

#[test]
fn a_peer_that_closes_in_the_middle_of_an_object_ends_the_association() {
    let (address, peer) = accept(1, |mut scp| {
        assert!(scp.read_request().is_some());
    });
    let mut link = open(address);
    store(&mut link, memory(&data(3, 16 << 20)));
    let events = to_the_end(&mut link);
    assert_eq!(*failure(&events), PeerGone::ConnectionClosed.into());
    peer.join().expect("a peer");
}

#[test]
fn an_abort_that_comes_while_the_socket_is_full_is_read() {
    let (address, peer) = accept(1, |mut scp| {
        assert!(scp.read_request().is_some());
        let source = AbortSource::ServiceUser;
        scp.send(&Pdu::Abort(Abort { source }));
        // Until the sender has gone.
        while scp.read_pdu().is_some() {}
    });
    let mut link = open(address);
    store(&mut link, memory(&data(4, 32 << 20)));
    let events = to_the_end(&mut link);
    let expected = AssociationError::PeerAborted(AbortSource::ServiceUser);
    assert_eq!(*failure(&events), expected);
    peer.join().expect("a peer");
}

#[test]
fn a_peer_that_never_accepts_is_given_up() {
    let (address, peer) = listen(|mut scp| {
        let request = scp.read_pdu();
        assert!(matches!(request, Some(Pdu::AssociateRq(_))), "{request:?}");
        while scp.read_pdu().is_some() {}
    });
    let mut options = options();
    options.timeouts.acse = Duration::from_millis(300);
    let opened = BlockingConnection::<FilePayload>::open(&[address], &request(), &options);
    let error = opened.expect_err("no answer came");
    let expected = PeerGone::NoAssociateReply.into();
    assert!(
        matches!(&error, OpenError::Association(gone) if *gone == expected),
        "{error}"
    );
    peer.join().expect("a peer");
}

/// How an association ends with a peer that neither reads nor answers.
fn end_of_patience(options: &ConnectionOptions, bytes: usize) -> AssociationError {
    let (gone, wait) = std::sync::mpsc::channel::<()>();
    let (address, peer) = accept(1, move |_scp| wait.recv().unwrap_err());
    let mut link: Link =
        BlockingConnection::open(&[address], &request(), options).expect("an association");
    store(&mut link, memory(&data(5, bytes)));
    let end = loop {
        if let ConnectionEvent::Association(RequestorEvent::Failed(error)) = next(&mut link) {
            break error;
        }
    };
    link.abort();
    drop(gone);
    peer.join().expect("a peer");
    end
}

#[test]
fn a_peer_that_takes_nothing_is_given_up_after_the_socket_time_out() {
    let mut options = options();
    options.timeouts.socket = Some(Duration::from_millis(300));
    let end = end_of_patience(&options, 32 << 20);
    assert_eq!(end, PeerGone::SocketTimeout.into());
}

#[test]
fn a_peer_that_never_answers_is_given_up_after_the_dimse_time_out() {
    let mut options = options();
    options.timeouts.dimse = Some(Duration::from_millis(300));
    let end = end_of_patience(&options, 100);
    assert_eq!(end, PeerGone::NoResponse.into());
}

#[test]
fn a_response_that_nobody_looked_for_in_time_was_in_time_all_the_same() {
    let (tell, told) = std::sync::mpsc::channel();
    let (address, peer) = accept(1, move |mut scp| {
        let received = scp.read_store().expect("a store");
        scp.stored(&received.request);
        tell.send(()).expect("the test listens");
        scp.serve_to_the_end();
    });
    let mut options = options();
    options.timeouts.dimse = Some(Duration::from_millis(300));
    let mut link: Link =
        BlockingConnection::open(&[address], &request(), &options).expect("an association");
    store(&mut link, memory(b"data"));
    told.recv().expect("an answer");
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(reply(&mut link).status, Status::SUCCESS);
    link.release().expect("a release");
    peer.join().expect("a peer");
}

#[test]
fn an_association_that_is_not_wanted_any_more_is_not_waited_for() {
    // It connects, and nobody ever answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("bound");
    let mut options = options();
    options.timeouts.acse = Duration::from_secs(86_400);
    let asked = Cell::new(0);
    let is_wanted = || asked.replace(asked.get() + 1) < 3;
    let opened: Result<Link, _> =
        BlockingConnection::open_while(&[address], &request(), &options, &is_wanted);
    assert!(matches!(opened, Err(OpenError::Unwanted)));
    let (mut connection, _) = listener.accept().expect("a connection");
    let mut said = Vec::new();
    connection.read_to_end(&mut said).expect("all of it");
    let last = said.len() - 10;
    assert_eq!((said[0], said[last]), (1, 7), "A-ASSOCIATE-RQ, A-ABORT");
}

#[test]
fn a_peer_that_rejects_says_why() {
    let rejection = AssociateRj {
        result: RejectResult::Permanent,
        reason: RejectReason::CalledAeTitleNotRecognized,
    };
    let (address, peer) = listen(move |mut scp| {
        assert!(scp.read_pdu().is_some());
        scp.send(&Pdu::AssociateRj(rejection));
    });
    let opened = BlockingConnection::<FilePayload>::open(&[address], &request(), &options());
    let error = opened.expect_err("it was rejected");
    assert!(matches!(error, OpenError::Rejected(why) if why == rejection));
    assert_eq!(
        error.to_string(),
        "the peer refuses the association: rejected permanently, called AE title not recognized"
    );
    peer.join().expect("a peer");
}

#[test]
fn a_peer_that_accepts_no_context_is_told_by_an_abort() {
    let (address, peer) = listen(|mut scp| {
        scp.accept_none();
        scp.read_pdu()
    });
    let opened = BlockingConnection::<FilePayload>::open(&[address], &request(), &options());
    assert!(matches!(opened, Err(OpenError::NoContexts)));
    let source = AbortSource::ServiceUser;
    assert_eq!(
        peer.join().expect("a peer"),
        Some(Pdu::Abort(Abort { source }))
    );
}

// No peer at all.

#[test]
fn the_next_address_is_tried_where_nobody_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = closed.local_addr().expect("bound");
    drop(closed);
    let opened = BlockingConnection::<FilePayload>::open(&[nobody], &request(), &options());
    let error = opened.expect_err("nobody is there");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot connect to {nobody}: ")),
        "{text}"
    );
    let (address, peer) = accept(1, |mut scp| scp.serve_to_the_end().len());
    let link: Link = BlockingConnection::open(&[nobody, address], &request(), &options())
        .expect("an association with the second");
    assert_eq!(link.connection().peer(), address);
    link.release().expect("a release");
    peer.join().expect("a peer");
}

#[test]
fn connecting_takes_no_longer_than_it_may() {
    // A listener whose queue is full: what else comes is not answered.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&any.into()).expect("a port");
    socket.listen(0).expect("a listener");
    let listener: TcpListener = socket.into();
    let address = listener.local_addr().expect("bound");
    let begin = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_nonblocking(true).expect("a socket option");
        let _ = socket.connect(&address.into());
        socket
    };
    let _queued: Vec<_> = (0..8).map(|_| begin()).collect();
    let mut options = options();
    options.connect_timeout = Some(Duration::from_millis(300));
    let opened = BlockingConnection::<FilePayload>::open(&[address], &request(), &options);
    let error = opened.expect_err("nobody answers");
    assert!(
        matches!(&error, OpenError::Connect { source, .. } if source.kind() == ErrorKind::TimedOut),
        "{error}"
    );
}

// Payloads that fail.

#[test]
fn a_file_that_gets_shorter_ends_the_association_in_the_middle_of_its_fragment() {
    let (address, peer) = accept(1, |mut scp| {
        assert!(scp.read_request().is_some());
        let mut rest = Vec::new();
        scp.stream.read_to_end(&mut rest).expect("a clean end");
        rest
    });
    let mut link = open(address);
    let data = data(6, 50_000);
    let operation = store(&mut link, FilePayload::new(file_of(&data), 0, 60_000));
    let events = to_the_end(&mut link);
    let lost = events.iter().find_map(|event| match event {
        ConnectionEvent::PayloadFailed { operation, error } => Some((*operation, error)),
        _ => None,
    });
    let (lost, error) = lost.expect("a payload that failed");
    assert_eq!(lost, operation);
    assert!(
        matches!(
            error,
            PayloadError::Shortened {
                position: 50_000,
                missing: 10_000
            }
        ),
        "{error:?}"
    );
    failure(&events);
    let sent = peer.join().expect("a peer");
    assert!(sent.ends_with(&data[49_500..]), "nothing but the data set");
}

/// Gives this many bytes and then fails.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("damaged"));
        }
        let n = self.0.min(buffer.len());
        self.0 -= n;
        Ok(n)
    }
}

#[test]
fn a_stream_that_fails_half_way_is_answered_by_an_abort() {
    let (address, peer) = accept(1, |mut scp| {
        assert!(scp.read_request().is_some());
        loop {
            match scp.read_pdu() {
                Some(Pdu::PData(pdvs)) => assert!(!pdvs[0].control.is_last()),
                last => return last,
            }
        }
    });
    let mut link = open(address);
    store(
        &mut link,
        StreamPayload::new(Failing(2 * STREAM_BLOCK_BYTES)),
    );
    let events = to_the_end(&mut link);
    let failed = |event: &ConnectionEvent| matches!(event, ConnectionEvent::PayloadFailed { .. });
    assert_eq!(events.iter().filter(|event| failed(event)).count(), 1);
    failure(&events);
    let source = AbortSource::ServiceUser;
    assert_eq!(
        peer.join().expect("a peer"),
        Some(Pdu::Abort(Abort { source }))
    );
}

#[test]
fn a_payload_that_fails_at_once_costs_nothing_but_itself() {
    let (address, peer) = accept(1, |mut scp| scp.serve_to_the_end().len());
    let mut link = open(address);
    let failing: Box<dyn Payload> = Box::new(StreamPayload::new(Failing(1000)));
    let begun = link.store(CONTEXT, store_request("1.2.3"), failing);
    assert_eq!(
        begun.expect_err("it is damaged").to_string(),
        "the data set cannot be read: damaged"
    );
    store(&mut link, memory(b"another"));
    assert_eq!(reply(&mut link).status, Status::SUCCESS);
    link.release().expect("a release");
    assert_eq!(peer.join().expect("a peer"), 1);
}

// The loop.

#[test]
fn no_connection_sends_without_end_in_one_turn() {
    let (address, peer) = accept(1, |mut scp| scp.serve_to_the_end().len());
    let mut event_loop = EventLoop::new().expect("a poll");
    let connection = Connection::connect(address, request(), &options(), Instant::now());
    event_loop
        .add(connection.expect("a socket"))
        .expect("a poll");
    let data = data(7, 64 << 20);
    let file = Arc::new(file_of(&data));
    let (mut begun, mut sent) = (false, vec![0]);
    while !event_loop.is_empty() {
        let round = event_loop.round(None, |_, connection, now| {
            while connection.poll_event().is_some() {}
            sent.push(connection.counters().bytes_sent);
            if connection.can_begin() && !begun {
                begun = true;
                let payload = FilePayload::new(Arc::clone(&file), 0, 64 << 20);
                connection
                    .store(CONTEXT, store_request("1.2"), payload, now)
                    .expect("a payload");
            } else if begun && connection.in_flight() == 0 {
                connection.release(now);
            }
        });
        round.expect("a poll");
    }
    assert_eq!(peer.join().expect("a peer"), 1);
    let most = sent.windows(2).map(|pair| pair[1] - pair[0]).max();
    // A turn and what is sent after it, each with one fragment more than a megabyte at most.
    assert!(
        most.is_some_and(|most| most < 3 << 20),
        "{most:?} bytes in one turn"
    );
}

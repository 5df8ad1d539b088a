//! The ring alone, over pairs of sockets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::held::Held;
use super::operation::{Attempt, Operation, Outgoing, Room, SEND_BYTES};
use super::ring::{Completion, Ended, Ring, Sizes};
use crate::landing::{LandingConfig, LandingPool, Slot};
use crate::pdu::framer::Segment;
use crate::reactor::session::Landing;

fn ring(submissions: u32, completions: u32) -> Ring {
    let sizes = Sizes {
        submissions,
        completions,
    };
    let mut ring = Ring::new(sizes).expect("io_uring is there: tests/driver.rs says whether");
    ring.enable().expect("it is this thread's");
    ring
}

/// Two ends of a connection.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let ours = TcpStream::connect(address).expect("it listens");
    let (theirs, _) = listener.accept().expect("somebody connects");
    (ours, theirs)
}

fn say(mut stream: &TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("connected");
}

fn pool() -> LandingPool {
    let config = LandingConfig {
        total_bytes: 8 << 16,
        chunk_bytes: 1 << 16,
    };
    LandingPool::new(&config).expect("memory")
}

/// A receive of payload into a chunk of the pool.
fn payload(pool: &LandingPool, bytes: usize) -> Operation {
    let mut slot = Slot::new();
    slot.put_chunk(pool.take().expect("a chunk"));
    let mut room = Room::new();
    room.plan.push(Segment::Header(12));
    room.plan.push(Segment::Payload(bytes));
    room.landing = Some(Landing::Slot(slot));
    let room = Held::from(Box::new(room));
    let attempt = Attempt::Now;
    Operation::Scatter { room, attempt }
}

/// Waits for the next operation to end.
fn ended(ring: &mut Ring) -> (usize, Ended) {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        match ring.reap() {
            Some(Completion::Ended(connection, ended)) => return (connection, ended),
            Some(other) => panic!("nobody asked for {other:?}"),
            None => ring
                .wait(Some(Duration::from_secs(1)))
                .expect("the ring works"),
        }
    }
    panic!("nothing ended");
}

#[test]
fn no_completion_is_lost_where_there_are_more_than_places_for_them() {
    const SOCKETS: usize = 300;
    let mut ring = ring(2, 4);
    let pairs: Vec<_> = (0..SOCKETS).map(|_| pair()).collect();
    for (index, (ours, _)) in pairs.iter().enumerate() {
        ring.start(index, ours.as_fd(), Operation::Poll);
    }
    for (_, theirs) in &pairs {
        say(theirs, b"x");
    }
    let mut seen: Vec<_> = (0..SOCKETS)
        .map(|_| {
            let (connection, ended) = ended(&mut ring);
            ended.result.expect("there is something to read");
            connection
        })
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..SOCKETS));
}

#[test]
fn bytes_go_where_the_plan_says() {
    let pool = pool();
    let mut ring = ring(8, 16);
    let (ours, theirs) = pair();
    ring.start(7, ours.as_fd(), payload(&pool, 5));
    say(&theirs, b"twelve bytes12345");
    let (connection, ended) = ended(&mut ring);
    assert_eq!(connection, 7);
    // The first segment of the stream may come alone.
    let n = ended.result.expect("bytes");
    let Operation::Scatter { mut room, .. } = ended.operation else {
        panic!("a receive was started");
    };
    let expected = b"twelve bytes12345";
    assert_eq!(room.headers[..n.min(12)], expected[..n.min(12)]);
    let Some(Landing::Slot(slot)) = &mut room.landing else {
        panic!("the slot comes back");
    };
    assert_eq!(slot.room()[..n - 12], expected[12..n]);
}

#[test]
fn a_cancelled_receive_gives_its_memory_back() {
    let pool = pool();
    let mut ring = ring(8, 16);
    let (ours, _theirs) = pair();
    let key = ring.start(1, ours.as_fd(), payload(&pool, 5));
    ring.wait(Some(Duration::ZERO)).expect("the ring works");
    assert_eq!(pool.free_count(), 7);
    ring.cancel(key);
    let (_, ended) = ended(&mut ring);
    let error = ended.result.expect_err("nothing came");
    assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
    drop(ended.operation);
    assert_eq!(pool.free_count(), 8);
}

#[test]
fn a_ring_that_ends_takes_all_memory_back_from_the_kernel_first() {
    let pool = pool();
    let mut ring = ring(2, 4);
    let pairs: Vec<_> = (0..8).map(|_| pair()).collect();
    for (index, (ours, _)) in pairs.iter().enumerate() {
        ring.start(index, ours.as_fd(), payload(&pool, 5));
    }
    assert_eq!(pool.free_count(), 0);
    drop(ring);
    assert_eq!(pool.free_count(), 8);
    // What comes now is nobody's.
    for (_, theirs) in &pairs {
        say(theirs, b"twelve bytes12345");
    }
    let untouched = pool.take().expect("a chunk");
    assert!(untouched.iter().all(|byte| *byte == 0));
}

#[test]
fn a_ring_that_was_never_used_ends_at_once() {
    let sizes = Sizes {
        submissions: 2,
        completions: 4,
    };
    drop(Ring::new(sizes).expect("io_uring is there"));
}

#[test]
fn more_receives_than_buffers_are_all_served() {
    const SOCKETS: usize = 20;
    let mut ring = ring(64, 128);
    let pairs: Vec<_> = (0..SOCKETS).map(|_| pair()).collect();
    for (_, theirs) in &pairs {
        say(theirs, b"hello");
    }
    let receive = |ring: &mut Ring, index: usize| {
        let operation = Operation::Control {
            max: 100,
            attempt: Attempt::Now,
        };
        ring.start(index, pairs[index].0.as_fd(), operation);
    };
    (0..SOCKETS).for_each(|index| receive(&mut ring, index));
    let mut held = Vec::new();
    let mut starved = 0;
    while held.len() < SOCKETS {
        let (index, ended) = ended(&mut ring);
        if let Some(filled) = ended.filled {
            assert_eq!(ring.bytes(&filled), b"hello");
            held.push(filled);
        } else {
            let error = ended.result.expect_err("without a buffer");
            assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS));
            starved += 1;
            ring.add_buffers();
            receive(&mut ring, index);
        }
    }
    assert!(starved > 0, "there are fewer buffers to begin with");
    for filled in held {
        ring.give_back(filled);
    }
}

/// One send after the other fills the socket, and goes on as the peer reads: it gets each byte once.
#[test]
fn sends_wait_for_room_and_tell_how_much_went_out() {
    const PIECES: usize = 512;
    let mut ring = ring(8, 16);
    let (ours, mut theirs) = pair();
    let options = socket2::SockRef::from(&ours).set_send_buffer_size(16 << 10);
    options.expect("a socket option");
    let options = socket2::SockRef::from(&theirs).set_recv_buffer_size(16 << 10);
    options.expect("a socket option");
    let stream: Vec<u8> = (0..PIECES * SEND_BYTES)
        .map(|n| (n / 7).to_le_bytes()[0])
        .collect();
    let mut sent = 0;
    let mut reader = None;
    while sent < stream.len() {
        let mut outgoing = Outgoing::new();
        outgoing.fill(&stream[sent..]);
        let outgoing = Held::from(Box::new(outgoing));
        ring.start(1, ours.as_fd(), Operation::Send(outgoing));
        ring.wait(Some(Duration::ZERO)).expect("the ring works");
        let done = if let Some(Completion::Ended(_, done)) = ring.reap() {
            done
        } else {
            // It is full, for the first time, or for as long as the peer takes to read.
            reader.get_or_insert_with(|| {
                let mut theirs = theirs.try_clone().expect("a descriptor");
                std::thread::spawn(move || {
                    let mut all = vec![0; PIECES * SEND_BYTES];
                    theirs.read_exact(&mut all).expect("connected");
                    all
                })
            });
            ended(&mut ring).1
        };
        sent += done.result.expect("the peer is there");
    }
    let read = reader.expect("it was full once").join().expect("no panic");
    assert!(read == stream);
    drop(ours);
    assert_eq!(theirs.read(&mut [0; 1]).expect("an orderly end"), 0);
}

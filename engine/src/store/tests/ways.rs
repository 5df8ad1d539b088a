//! Who writes an object, and by which way.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::{CHUNK_BYTES, Fixture, Sample, directory};
use crate::store::directory::Directory;
use crate::store::{Durability, Sink, SinkFactory, SinkKind, StoreConfig, SystemSinks};

/// One write: the thread that made it, and the way it went.
#[derive(Clone, Debug)]
struct Write {
    thread: String,
    kind: SinkKind,
}

impl Write {
    fn is_by_writer(&self) -> bool {
        self.thread.starts_with("pdv-writer")
    }
}

/// Notes every write, and takes its time over it.
struct Slow {
    pause: Duration,
    writes: Arc<Mutex<Vec<Write>>>,
}

struct SlowSink {
    inner: Box<dyn Sink>,
    kind: SinkKind,
    pause: Duration,
    writes: Arc<Mutex<Vec<Write>>>,
}

impl SinkFactory for Slow {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        Box::new(SlowSink {
            inner: SystemSinks.sink(file, kind),
            kind,
            pause: self.pause,
            writes: Arc::clone(&self.writes),
        })
    }
}

impl Sink for SlowSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.writes.lock().expect("no panic").push(Write {
            thread,
            kind: self.kind,
        });
        std::thread::sleep(self.pause);
        self.inner.write_at(bytes, offset)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

/// How objects of these sizes are written, one after the other, each write with a pause.
fn writes(durability: Durability, pause: Duration, sizes: &[usize]) -> Vec<Write> {
    let temporary = directory();
    let config = StoreConfig {
        durability,
        ..StoreConfig::new(temporary.path())
    };
    let writes = Arc::new(Mutex::new(Vec::new()));
    let sinks = Slow {
        pause,
        writes: Arc::clone(&writes),
    };
    let fixture = Fixture::with_sinks(config, Arc::new(sinks));
    for (number, &len) in sizes.iter().enumerate() {
        let sample = Sample::new(&format!("1.{number}"), len, 0);
        fixture.side.store(&sample).expect("stored");
        assert!(fixture.read(&sample.name()) == sample.file());
    }
    let writes = writes.lock().expect("no panic");
    writes.clone()
}

/// Much longer than the page cache takes.
const PAUSE: Duration = Duration::from_millis(5);

/// An object of one extent and one of two.
const WHOLE: usize = 100;
const IN_PARTS: usize = 2 * CHUNK_BYTES - 1000;

#[test]
fn only_whole_objects_without_durability_are_written_by_who_has_them() {
    let none = writes(Durability::None, Duration::ZERO, &[WHOLE]);
    assert!(!none[0].is_by_writer(), "{none:?}");
    let none = writes(Durability::None, Duration::ZERO, &[IN_PARTS]);
    assert!(none.iter().all(Write::is_by_writer), "{none:?}");
    let durable = writes(Durability::Object, Duration::ZERO, &[WHOLE, IN_PARTS]);
    assert!(durable.iter().all(Write::is_by_writer), "{durable:?}");
}

#[test]
fn while_the_disk_is_slow_the_writers_do_the_waiting() {
    let writes = writes(Durability::None, PAUSE, &[WHOLE; 50]);
    assert!(!writes[0].is_by_writer(), "{writes:?}");
    // Of fifty, even a machine that stands still now and then brings some soon after a slow one.
    assert!(writes.iter().any(Write::is_by_writer), "{writes:?}");
}

#[test]
fn without_durability_the_page_cache_takes_what_it_takes_quickly() {
    let temporary = directory();
    let (directory, _) = Directory::open(temporary.path()).expect("opened");
    let is = |kind| move |write: &Write| write.kind == kind;
    let quick = writes(Durability::None, Duration::ZERO, &[IN_PARTS]);
    assert!(quick.iter().all(is(SinkKind::Buffered)), "{quick:?}");
    if directory.takes_direct_writes() {
        let slow = writes(Durability::None, PAUSE, &[IN_PARTS; 50]);
        assert!(slow.iter().any(is(SinkKind::Direct)), "{slow:?}");
        let durable = writes(Durability::Object, Duration::ZERO, &[IN_PARTS]);
        assert!(durable.iter().all(is(SinkKind::Direct)), "{durable:?}");
    }
}

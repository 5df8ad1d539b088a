//! The store over sinks that fail, and the order of what it does to the disk.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustix::io::Errno;

use super::support::*;
use crate::landing::Slot;
use crate::store::directory::Directory;
use crate::store::{
    Durability, OnDuplicate, Operation, Outcome, Sink, SinkFactory, SinkKind, StoreConfig,
    StoreFailure, SystemSinks, Verdict,
};

/// What goes wrong, while it is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Every write takes at most this many bytes.
    Short(usize),
    /// Every other call is interrupted.
    Interrupted,
    /// A write that reaches beyond this place takes what fits, or nothing with this error.
    FullAt(u64, Errno),
    /// Writes take nothing and say so.
    Zero,
    /// Data can't be synced or written out.
    SyncData,
    /// Writing out what lies in the page cache finds no space when it is started; the kernel has
    /// dropped it and will not say so again.
    StartWriteBack,
    /// The directory can't be synced.
    SyncDirectory,
    /// No space can be reserved.
    Allocate,
}

struct Faulty {
    fault: Fault,
    is_on: Arc<AtomicBool>,
}

struct FaultySink {
    inner: Box<dyn Sink>,
    fault: Option<Fault>,
    calls: usize,
}

impl SinkFactory for Faulty {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        let fault = self.is_on.load(Ordering::SeqCst).then_some(self.fault);
        Box::new(FaultySink {
            inner: SystemSinks.sink(file, kind),
            fault,
            calls: 0,
        })
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        if self.is_on.load(Ordering::SeqCst) && self.fault == Fault::SyncDirectory {
            return Err(Errno::IO.into());
        }
        SystemSinks.sync_directory(directory)
    }
}

impl Sink for FaultySink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.calls += 1;
        let most = match self.fault {
            Some(Fault::Short(most)) => most,
            Some(Fault::Interrupted) if self.calls % 2 == 1 => return Err(Errno::INTR.into()),
            Some(Fault::FullAt(place, errno)) if offset >= place => return Err(errno.into()),
            Some(Fault::FullAt(place, _)) => (place - offset) as usize,
            Some(Fault::Zero) => return Ok(0),
            _ => bytes.len(),
        };
        self.inner.write_at(&bytes[..most.min(bytes.len())], offset)
    }

    fn allocate(&mut self, len: u64) -> io::Result<()> {
        match self.fault {
            Some(Fault::Allocate) => Err(Errno::NOSPC.into()),
            _ => self.inner.allocate(len),
        }
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.inner.cut(len)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.fault {
            Some(Fault::SyncData) => Err(Errno::IO.into()),
            Some(Fault::Interrupted) if self.calls % 2 == 1 => Err(Errno::INTR.into()),
            _ => self.inner.sync_data(),
        }
    }

    fn start_write_back(&mut self) -> io::Result<()> {
        match self.fault {
            Some(Fault::StartWriteBack) => Err(Errno::NOSPC.into()),
            _ => self.inner.start_write_back(),
        }
    }

    fn finish_write_back(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.fault {
            Some(Fault::SyncData) => Err(Errno::IO.into()),
            Some(Fault::Interrupted) if self.calls % 2 == 1 => Err(Errno::INTR.into()),
            _ => self.inner.finish_write_back(),
        }
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

/// A store whose fault is switched on, and the switch.
fn faulty(config: StoreConfig, fault: Fault) -> (Fixture, Arc<AtomicBool>) {
    let is_on = Arc::new(AtomicBool::new(true));
    let sinks = Arc::new(Faulty {
        fault,
        is_on: Arc::clone(&is_on),
    });
    (Fixture::with_sinks(config, sinks), is_on)
}

#[test]
fn short_and_interrupted_writes_are_resumed() {
    for temporary in directories() {
        for fault in [
            Fault::Short(5000),
            Fault::Short(8192),
            Fault::Interrupted,
            Fault::Allocate,
        ] {
            let path = temporary.path().join(format!("{fault:?}"));
            let (fixture, _) = faulty(StoreConfig::new(path), fault);
            for (uid, len) in [("1.1", 700), ("1.2", 3 * CHUNK_BYTES + 9), ("1.3", 6 << 20)] {
                let sample = Sample::new(uid, len, 1);
                fixture.side.store(&sample).expect("stored");
                assert!(
                    fixture.read(&sample.name()) == sample.file(),
                    "{fault:?} {len}"
                );
            }
        }
    }
}

/// Stores over the fault: it must fail, leave the old copy or nothing, lose no memory, and go on
/// once the fault is gone.
fn fails_cleanly(fault: Fault, len: usize) -> StoreFailure {
    let mut failures = Vec::new();
    for temporary in directories() {
        let (fixture, is_on) = faulty(StoreConfig::new(temporary.path()), fault);
        is_on.store(false, Ordering::SeqCst);
        let old = Sample::new("1.1", 100, 1);
        fixture.side.store(&old).expect("stored");
        is_on.store(true, Ordering::SeqCst);
        for uid in ["1.1", "1.2"] {
            let failure = fixture
                .side
                .store(&Sample::new(uid, len, 2))
                .expect_err("the fault");
            failures.push((uid, failure));
        }
        assert_eq!(fixture.names(), ["CT.1.1"], "{fault:?}");
        assert!(fixture.read("CT.1.1") == old.file(), "{fault:?}");
        fixture.side.assert_all_chunks_free();
        is_on.store(false, Ordering::SeqCst);
        let next = Sample::new("1.2", len, 3);
        fixture.side.store(&next).expect("stored");
        assert!(fixture.read("CT.1.2") == next.file());
    }
    failures.pop().expect("one at least").1
}

#[test]
fn a_full_disk_fails_the_object_and_only_that() {
    for errno in [Errno::NOSPC, Errno::DQUOT] {
        for (place, len) in [
            (0, 100),
            (4096, 5 * CHUNK_BYTES),
            (CHUNK_BYTES as u64 + 100, 6 << 20),
        ] {
            let failure = fails_cleanly(Fault::FullAt(place, errno), len);
            assert!(matches!(failure, StoreFailure::NoSpace { .. }), "{failure}");
        }
    }
}

#[test]
fn other_refusals_say_what_was_refused() {
    for (fault, refused) in [
        (Fault::Zero, Operation::Write),
        (Fault::SyncData, Operation::SyncData),
    ] {
        let failure = fails_cleanly(fault, 2 * CHUNK_BYTES);
        let StoreFailure::Io {
            operation, path, ..
        } = failure
        else {
            panic!("{failure}")
        };
        assert_eq!(operation, refused);
        assert!(path.ends_with("CT.1.2"));
    }
}

#[test]
fn what_the_kernel_drops_while_others_are_written_is_not_acknowledged() {
    let temporary = directory();
    let config = StoreConfig {
        writers: 1,
        ..StoreConfig::new(temporary.path())
    };
    let (fixture, _) = faulty(config, Fault::StartWriteBack);
    // Many at once: all but those that find the queue empty are started before they are waited for.
    for ticket in 0..200 {
        let uid = format!("1.{ticket}");
        fixture.side.send(&Sample::new(&uid, 100, 0), ticket);
    }
    let mut lost = 0;
    for _ in 0..200 {
        let Verdict { ticket, result } = fixture.side.verdict();
        let name = format!("CT.1.{ticket}");
        match result {
            Ok(_) => assert!(fixture.path.join(name).exists()),
            Err(failure) => {
                assert!(
                    matches!(failure, StoreFailure::NoSpace { .. }),
                    "{failure:?}"
                );
                assert!(!fixture.path.join(name).exists());
                lost += 1;
            }
        }
    }
    assert!(lost > 0, "the writer never had two objects at once");
}

#[test]
fn a_directory_that_cannot_be_synced_gives_no_receipt() {
    let temporary = directory();
    let (fixture, is_on) = faulty(StoreConfig::new(temporary.path()), Fault::SyncDirectory);
    let sample = Sample::new("1.2", 100, 1);
    let failure = fixture.side.store(&sample).expect_err("the fault");
    let StoreFailure::Io {
        operation, errno, ..
    } = failure
    else {
        panic!("{failure}")
    };
    assert_eq!(
        (operation, errno),
        (Operation::SyncDirectory, Some(Errno::IO.raw_os_error()))
    );
    is_on.store(false, Ordering::SeqCst);
    assert_eq!(
        fixture.side.store(&sample).expect("stored").outcome(),
        Outcome::Replaced
    );
}

#[test]
fn identical_data_whose_sync_is_refused_is_not_acknowledged_either() {
    let temporary = directory();
    let config = StoreConfig {
        on_duplicate: OnDuplicate::Same,
        ..StoreConfig::new(temporary.path())
    };
    let (fixture, _) = faulty(config, Fault::SyncDirectory);
    let sample = Sample::new("1.2", 100, 1);
    for _ in 0..2 {
        fixture.side.store(&sample).expect_err("the fault");
    }
}

/// Writes down what is done to the disk, and lets a test hold directory syncs back.
#[derive(Default)]
struct Journal {
    events: Mutex<Vec<String>>,
    directory_syncs: AtomicUsize,
    gate: Option<Receiver<()>>,
}

impl Journal {
    fn note(&self, event: String) {
        self.events
            .lock()
            .expect("no panic while noting")
            .push(event);
    }
}

struct Recording {
    journal: Arc<Journal>,
    directory: std::path::PathBuf,
}

struct RecordingSink {
    inner: Box<dyn Sink>,
    journal: Arc<Journal>,
    directory: std::path::PathBuf,
}

impl SinkFactory for Recording {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        let inner = SystemSinks.sink(file, kind);
        let (journal, directory) = (Arc::clone(&self.journal), self.directory.clone());
        Box::new(RecordingSink {
            inner,
            journal,
            directory,
        })
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        if let Some(gate) = &self.journal.gate {
            let _ = gate.recv_timeout(PATIENCE);
        }
        self.journal.directory_syncs.fetch_add(1, Ordering::SeqCst);
        self.journal.note(format!(
            "directory synced with {:?}",
            names_in(&self.directory)
        ));
        SystemSinks.sync_directory(directory)
    }
}

impl Sink for RecordingSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let written = self.inner.write_at(bytes, offset)?;
        self.journal.note("written".to_owned());
        Ok(written)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.inner.sync_data()?;
        self.note_with_names("data synced");
        Ok(())
    }

    fn finish_write_back(&mut self) -> io::Result<()> {
        self.inner.finish_write_back()?;
        self.note_with_names("data written out");
        Ok(())
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

/// The names in a directory, sorted, but for hidden ones.
fn visible_names_in(directory: &std::path::Path) -> Vec<String> {
    let mut names = names_in(directory);
    names.retain(|name| !name.starts_with('.'));
    names
}

impl RecordingSink {
    fn note_with_names(&self, what: &str) {
        let names = visible_names_in(&self.directory);
        self.journal.note(format!("{what} with {names:?}"));
    }
}

fn recording(config: StoreConfig, gate: Option<Receiver<()>>) -> (Fixture, Arc<Journal>) {
    let journal = Arc::new(Journal {
        gate,
        ..Journal::default()
    });
    let sinks = Recording {
        journal: Arc::clone(&journal),
        directory: config.directory.clone(),
    };
    (Fixture::with_sinks(config, Arc::new(sinks)), journal)
}

#[test]
fn data_is_secured_before_the_name_and_the_name_before_the_receipt() {
    for temporary in directories() {
        let (directory, _) = Directory::open(temporary.path()).expect("opened");
        let secured = if directory.syncs_files() {
            "data written out with []"
        } else {
            "data synced with []"
        };
        drop(directory);
        let (fixture, journal) = recording(StoreConfig::new(temporary.path()), None);
        fixture
            .side
            .store(&Sample::new("1.2", 100, 0))
            .expect("stored");
        let events = journal.events.lock().expect("no panic").clone();
        assert_eq!(
            events,
            ["written", secured, "directory synced with [\"CT.1.2\"]"]
        );
    }
}

#[test]
fn without_durability_nothing_is_synced() {
    let temporary = directory();
    let config = StoreConfig {
        durability: Durability::None,
        ..StoreConfig::new(temporary.path())
    };
    let (fixture, journal) = recording(config, None);
    fixture
        .side
        .store(&Sample::new("1.2", 100, 0))
        .expect("stored");
    assert_eq!(*journal.events.lock().expect("no panic"), ["written"]);
}

#[test]
fn objects_that_wait_share_one_sync_of_the_directory() {
    let temporary = directory();
    let (open_gate, gate): (Sender<()>, _) = unbounded();
    let mut config = StoreConfig::new(temporary.path());
    config.writers = 2;
    let (fixture, journal) = recording(config, Some(gate));
    for ticket in 0..20 {
        fixture
            .side
            .send(&Sample::new(&format!("1.{ticket}"), 100, 0), ticket);
    }
    let end = std::time::Instant::now() + PATIENCE;
    while visible_names_in(&fixture.path).len() < 20 {
        assert!(
            std::time::Instant::now() < end,
            "all are published while one sync is held back"
        );
        std::thread::yield_now();
    }
    assert!(
        fixture.side.verdicts.try_recv().is_err(),
        "no receipt before the sync"
    );
    drop(open_gate);
    let mut tickets: Vec<u64> = (0..20).map(|_| fixture.side.verdict().ticket).collect();
    tickets.sort_unstable();
    assert_eq!(tickets, (0..20).collect::<Vec<_>>());
    let syncs = journal.directory_syncs.load(Ordering::SeqCst);
    // The one that was held back, one for all that waited meanwhile, and at most one for each writer
    // that had published its last object and not yet queued it when the gate opened.
    assert!(syncs <= 4, "{syncs} syncs for 20 objects");
}

/// Sinks that panic on the first bytes of one object, once let go: a fault of ours.
struct Panicking {
    /// What the bytes of the object end with.
    mark: &'static [u8],
    gate: Receiver<()>,
}

struct PanickingSink {
    inner: Box<dyn Sink>,
    mark: &'static [u8],
    gate: Receiver<()>,
}

impl SinkFactory for Panicking {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        Box::new(PanickingSink {
            inner: SystemSinks.sink(file, kind),
            mark: self.mark,
            gate: self.gate.clone(),
        })
    }
}

impl Sink for PanickingSink {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if bytes.ends_with(self.mark) {
            let _ = self.gate.recv_timeout(PATIENCE);
            panic!("a test's sink panics");
        }
        self.inner.write_at(bytes, offset)
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

const MARK: &[u8] = b"panic here";

/// A store whose writer panics over a [`fatal`] object, as soon as the sender is dropped.
fn panicking(path: &std::path::Path, writers: usize) -> (Fixture, Sender<()>) {
    let (open_gate, gate) = unbounded();
    let config = StoreConfig {
        writers,
        ..StoreConfig::new(path)
    };
    let mark = MARK;
    let sinks = Arc::new(Panicking { mark, gate });
    (Fixture::with_sinks(config, sinks), open_gate)
}

fn fatal(uid: &str) -> Sample {
    let mut sample = Sample::new(uid, 100, 0);
    sample.data.extend_from_slice(MARK);
    sample
}

#[test]
fn a_writer_that_dies_answers_for_its_objects_and_gets_no_new_ones() {
    let temporary = directory();
    let (fixture, open_gate) = panicking(temporary.path(), 2);
    let side = &fixture.side;
    // The first writer, of two that have nothing to do, gets a long object, and then a fatal one.
    let long = Sample::new("1.1", 2 * CHUNK_BYTES, 0);
    let (mut slot, mut incoming) = (Slot::new(), side.begin(&long));
    let other = Sample::new("1.2", 2 * CHUNK_BYTES, 0);
    let (mut other_slot, mut other_incoming) = (Slot::new(), side.begin(&other));
    side.land(&mut slot, &mut incoming, &long.file());
    side.land(&mut other_slot, &mut other_incoming, &other.file());
    drop(open_gate);
    assert_eq!(
        side.store(&fatal("1.3")).expect_err("its writer died"),
        StoreFailure::ShutDown
    );
    let end = std::time::Instant::now() + PATIENCE;
    while !fixture.store.threads.iter().any(JoinHandle::is_finished) {
        assert!(std::time::Instant::now() < end, "the writer ends");
        std::thread::yield_now();
    }
    // All at once: the living writer soon has more to do than the dead one ever had.
    for number in 0..20 {
        side.send(&Sample::new(&format!("2.{number}"), 100, 0), number);
    }
    for _ in 0..20 {
        side.verdict().result.expect("served by the other writer");
    }
    // Of the two on their way, one was with either writer.
    incoming.commit(slot.finish(), side.reply(1));
    other_incoming.commit(other_slot.finish(), side.reply(2));
    let mut verdicts = [side.verdict(), side.verdict()];
    verdicts.sort_by_key(|verdict| verdict.ticket);
    let failed = verdicts.iter().filter(|verdict| verdict.result.is_err());
    assert_eq!(failed.count(), 1, "{verdicts:?}");
    assert_eq!([verdicts[0].ticket, verdicts[1].ticket], [1, 2]);
    side.assert_all_chunks_free();
    assert_eq!(fixture.names().len(), 21);
}

#[test]
fn what_waits_in_the_queue_of_a_writer_that_dies_is_answered_too() {
    let temporary = directory();
    let (fixture, open_gate) = panicking(temporary.path(), 1);
    let side = &fixture.side;
    side.send(&fatal("1.0"), 0);
    for ticket in 1..5 {
        side.send(&Sample::new(&format!("1.{ticket}"), 100, 0), ticket);
    }
    drop(open_gate);
    for _ in 0..5 {
        assert_eq!(side.verdict().result, Err(StoreFailure::ShutDown));
    }
    // And what comes when no writer is left.
    let late = side.store(&Sample::new("1.9", 100, 0));
    assert_eq!(late, Err(StoreFailure::ShutDown));
    assert!(side.verdicts.is_empty(), "one verdict for each commit");
    side.assert_all_chunks_free();
    assert!(fixture.names().is_empty());
}

/// Sinks whose directory sync panics.
struct PanickingSync;

impl SinkFactory for PanickingSync {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        SystemSinks.sink(file, kind)
    }

    fn sync_directory(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        panic!("a test's directory sync panics");
    }
}

#[test]
fn without_a_committer_every_commit_is_answered_with_a_failure() {
    let temporary = directory();
    let config = StoreConfig::new(temporary.path());
    let fixture = Fixture::with_sinks(config, Arc::new(PanickingSync));
    for ticket in 0..20 {
        let sample = Sample::new(&format!("1.{ticket}"), 100, 0);
        fixture.side.send(&sample, ticket);
    }
    let mut tickets = Vec::new();
    for _ in 0..20 {
        let verdict = fixture.side.verdict();
        assert_eq!(verdict.result, Err(StoreFailure::ShutDown));
        tickets.push(verdict.ticket);
    }
    tickets.sort_unstable();
    assert_eq!(tickets, (0..20).collect::<Vec<_>>());
}

// Included once for each driver; see the file of that name above.

use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{Sender, data};
use pdvault_engine::dataset::file_meta;
use pdvault_engine::dimse::Status;
use pdvault_engine::receiver::Receiver;
use pdvault_engine::store::{Sink, SinkFactory, SinkKind, SystemSinks};

/// ENOSPC and EIO of Linux.
const NO_SPACE: i32 = 28;
const INPUT_OUTPUT_ERROR: i32 = 5;

/// What the disk does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    RefusedSync,
    RefusedDirectorySync,
    FullAfter(u64),
    ShortWrites,
}

/// The disk, whose fault comes and goes.
struct Disk {
    fault: Fault,
    is_on: AtomicBool,
}

impl Disk {
    fn fault(&self) -> Option<Fault> {
        self.is_on.load(Ordering::SeqCst).then_some(self.fault)
    }
}

/// The sinks of a disk.
struct Sinks(Arc<Disk>);

impl SinkFactory for Sinks {
    fn sink(&self, file: OwnedFd, kind: SinkKind) -> Box<dyn Sink> {
        let inner = SystemSinks.sink(file, kind);
        Box::new(File {
            inner,
            disk: Arc::clone(&self.0),
        })
    }

    fn sync_directory(&self, directory: BorrowedFd<'_>) -> io::Result<()> {
        match self.0.fault() {
            Some(Fault::RefusedDirectorySync) => {
                Err(io::Error::from_raw_os_error(INPUT_OUTPUT_ERROR))
            }
            _ => SystemSinks.sync_directory(directory),
        }
    }
}

struct File {
    inner: Box<dyn Sink>,
    disk: Arc<Disk>,
}

impl Sink for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let most = match self.disk.fault() {
            Some(Fault::FullAfter(place)) if offset >= place => {
                return Err(io::Error::from_raw_os_error(NO_SPACE));
            }
            Some(Fault::FullAfter(place)) => usize::try_from(place - offset).expect("small"),
            Some(Fault::ShortWrites) => 4096,
            _ => bytes.len(),
        };
        self.inner.write_at(&bytes[..most.min(bytes.len())], offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        match self.disk.fault() {
            Some(Fault::RefusedSync) => Err(io::Error::from_raw_os_error(INPUT_OUTPUT_ERROR)),
            _ => self.inner.sync_data(),
        }
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.inner.file()
    }
}

/// Sends an object of several chunks while the disk has the fault, and one after, on the same
/// association. The memory is so small that a chunk that was not given back would be missed.
fn store_on(fault: Fault) -> (Status, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(Disk {
        fault,
        is_on: AtomicBool::new(true),
    });
    let receiver = Receiver::builder()
        .driver(DRIVER)
        .listen(([127, 0, 0, 1], 0).into())
        .output_directory(directory.path())
        .landing_memory(128 << 10)
        .sinks(Arc::new(Sinks(Arc::clone(&disk))))
        .start()
        .expect("the receiver starts");
    let mut sender = Sender::connect(receiver.local_addr());
    let mut status = Status::SUCCESS;
    for _ in 0..3 {
        status = sender.store("1.2.3", &data(1, 300_001), 16_372);
    }
    let left = names_in(directory.path());
    disk.is_on.store(false, Ordering::SeqCst);
    assert_eq!(
        sender.store("1.2.4", &data(2, 300_001), 16_372),
        Status::SUCCESS
    );
    sender.release();
    receiver.shutdown();
    let statistics = receiver.join().expect("a clean end");
    assert_eq!(
        statistics.objects_stored + statistics.objects_failed,
        4,
        "{statistics:?}"
    );
    let stored = fs::read(directory.path().join("CT.1.2.4")).expect("the later object");
    let meta = file_meta::parse(&stored).expect("file meta information");
    assert!(stored[meta.data_set_offset..] == data(2, 300_001));
    (status, left)
}

fn names_in(directory: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn refused_sync_fails_the_object_and_leaves_nothing() {
    let (status, left) = store_on(Fault::RefusedSync);
    assert_eq!(status, Status::OUT_OF_RESOURCES);
    assert_eq!(left, [""; 0]);
}

#[test]
fn full_disk_fails_the_object_and_leaves_nothing() {
    for place in [0, 4096, 200_000] {
        let (status, left) = store_on(Fault::FullAfter(place));
        assert_eq!(status, Status::OUT_OF_RESOURCES, "full after {place} bytes");
        assert_eq!(left, [""; 0], "full after {place} bytes");
    }
}

#[test]
fn refused_sync_of_the_directory_is_not_acknowledged() {
    let (status, left) = store_on(Fault::RefusedDirectorySync);
    assert_eq!(status, Status::OUT_OF_RESOURCES);
    assert_eq!(
        left,
        ["CT.1.2.3"],
        "complete, but its name is not known to be durable"
    );
}

#[test]
fn short_writes_are_resumed() {
    let (status, left) = store_on(Fault::ShortWrites);
    assert_eq!(status, Status::SUCCESS);
    assert_eq!(left, ["CT.1.2.3"]);
}

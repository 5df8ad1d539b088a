//! A file system with one file, the disk, so that a loop device can be put on it.
//!
//! Requests are read one after the other as they come; writes and flushes are answered later, in
//! another order, as a disk with a queue does. So a flush meets writes on their way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, InitFlags, KernelConfig, LockOwner, MountOption, OpenFlags, ReplyAttr,
    ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, WriteFlags,
};
use pdvault_tests::random::Random;

use crate::record::{Disk, Pending, Tick};

/// The name of the file.
pub(crate) const FILE_NAME: &str = "disk";

const FILE: INodeNo = INodeNo(2);

/// How long the kernel may rely on names and sizes: they never change.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// The longest a write takes.
const WRITE_MICROS_MAX: u64 = 150;

/// The longest a flush takes.
const FLUSH_MICROS_MAX: u64 = 800;

/// How many requests the kernel may have on their way.
const QUEUE_DEPTH: u16 = 64;

/// Mounts the file system; it goes when what is returned is dropped.
pub(crate) fn mount(disk: Arc<Disk>, at: &Path, random: Random) -> io::Result<BackgroundSession> {
    let (queue, requests) = channel();
    let device = Arc::clone(&disk);
    thread::spawn(move || answer(&device, &requests, random));
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("power-cut".to_owned())];
    config.n_threads = Some(1);
    fuser::spawn_mount(Served { disk, queue }, at, &config)
}

struct Served {
    disk: Arc<Disk>,
    queue: Sender<Waiting>,
}

/// A request that waits for its answer.
enum Waiting {
    Write(Pending, u32, ReplyWrite),
    Flush(Tick, ReplyEmpty),
}

/// Answers requests when their time has come, until the file system is gone.
fn answer(disk: &Disk, requests: &Receiver<Waiting>, mut random: Random) {
    let mut due: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
    let mut waiting: Vec<Option<Waiting>> = Vec::new();
    loop {
        let next = due.peek().map(|Reverse((at, _))| *at);
        let request = match next {
            None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => requests.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match request {
            Ok(request) => {
                let index = put(&mut waiting, request);
                let takes = duration(waiting[index].as_ref(), &mut random);
                due.push(Reverse((Instant::now() + takes, index)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(&Reverse((at, index))) = due.peek()
            && at <= Instant::now()
        {
            due.pop();
            complete(disk, waiting[index].take().expect("one answer each"));
        }
    }
}

/// Puts a request into a free place.
fn put(waiting: &mut Vec<Option<Waiting>>, request: Waiting) -> usize {
    if let Some(free) = waiting.iter().position(Option::is_none) {
        waiting[free] = Some(request);
        return free;
    }
    waiting.push(Some(request));
    waiting.len() - 1
}

fn duration(request: Option<&Waiting>, random: &mut Random) -> Duration {
    let most = match request {
        Some(Waiting::Flush(..)) => FLUSH_MICROS_MAX,
        _ => WRITE_MICROS_MAX,
    };
    Duration::from_micros(random.below(most + 1))
}

fn complete(disk: &Disk, request: Waiting) {
    match request {
        Waiting::Write(pending, bytes, reply) => {
            disk.write_completed(pending);
            reply.written(bytes);
        }
        Waiting::Flush(arrived, reply) => {
            disk.flush_completed(arrived);
            reply.ok();
        }
    }
}

impl Served {
    fn attributes(&self, inode: INodeNo) -> FileAttr {
        let is_file = inode == FILE;
        FileAttr {
            ino: inode,
            size: if is_file { self.disk.bytes() as u64 } else { 0 },
            blocks: 0,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if is_file {
                FileType::RegularFile
            } else {
                FileType::Directory
            },
            perm: if is_file { 0o600 } else { 0o700 },
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 512,
            flags: 0,
        }
    }

    fn enqueue(&self, request: Waiting) {
        // Without the thread that answers, the reply tells of an error as it is dropped.
        let _ = self.queue.send(request);
    }
}

impl Filesystem for Served {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Many writes on their way at once; a kernel without that sends them one by one.
        let _ = config.add_capabilities(InitFlags::FUSE_ASYNC_DIO);
        let _ = config.set_max_background(QUEUE_DEPTH);
        Ok(())
    }

    fn lookup(&self, _: &Request, _parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == FILE_NAME {
            reply.entry(&FOR_EVER, &self.attributes(FILE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&FOR_EVER, &self.attributes(inode));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let flags = FopenFlags::FOPEN_DIRECT_IO | FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES;
        reply.opened(FileHandle(0), flags);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut data = vec![0; size as usize];
        self.disk.read(place(offset), &mut data);
        reply.data(&data);
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let pending = self.disk.write_arrived(place(offset), data);
        let bytes = u32::try_from(data.len()).expect("a request has less than 4 GiB");
        self.enqueue(Waiting::Write(pending, bytes, reply));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // Of close(2), which promises nothing.
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let arrived = self.disk.flush_arrived();
        self.enqueue(Waiting::Flush(arrived, reply));
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("an offset within the disk")
}

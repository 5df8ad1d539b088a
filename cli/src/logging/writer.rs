//! The thread that writes log lines: what a file or a terminal is slow to take stalls this thread
//! alone, never an event loop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::complaints;
use super::config::Target;
use super::file::LogFile;

/// How many messages wait to be written: the bursts of a few seconds, in a few MiB. One that finds no
/// room is left out at once, since whoever logs may be an event loop.
const QUEUE_MESSAGES: usize = 16_384;

/// How long the last lines are waited for at the end of the program, and before other output.
const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

/// While messages are lost without an end, their number is told this often.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What the thread is asked to do.
enum Job {
    /// Write a text to the target of this number.
    Write(usize, String, Timestamp),
    /// Say that everything before was written.
    Flush(Sender<()>),
}

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Sender<Job>,
    /// Whether the thread was waited for in vain, and has not caught up since.
    is_stalled: Arc<AtomicBool>,
    /// Messages that found no room and were not told of.
    lost: Arc<AtomicU64>,
}

impl Writer {
    /// Opens the targets and starts the thread. Errors are told on standard error unless `is_quiet`.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(super) fn start(targets: Vec<Target>, zone: TimeZone, is_quiet: bool) -> io::Result<Self> {
        let (jobs, queue) = bounded(QUEUE_MESSAGES);
        let is_stalled = Arc::<AtomicBool>::default();
        let lost = Arc::<AtomicU64>::default();
        let mut desk = Desk {
            outlets: Vec::new(),
            is_stalled: Arc::clone(&is_stalled),
            lost: Arc::clone(&lost),
            told: None,
            is_quiet,
        };
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                desk.open(targets, &zone);
                desk.run(&queue);
            })?;
        Ok(Self {
            jobs,
            is_stalled,
            lost,
        })
    }

    /// Hands a text over, to be written to the target of this number. Never waits: what finds no room
    /// is lost, and counted.
    pub(super) fn write(&self, target: usize, text: String, time: Timestamp) {
        let job = Job::Write(target, text, time);
        if self.jobs.try_send(job).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was handed over is written, for a while; not at all for a thread that is stalled.
    pub(super) fn flush(&self) {
        if self.is_stalled.load(Ordering::Relaxed) {
            return;
        }
        let end = Instant::now() + FLUSH_PATIENCE;
        let (done, is_done) = bounded(1);
        let is_asked = self.jobs.send_deadline(Job::Flush(done), end).is_ok();
        if !is_asked || is_done.recv_deadline(end).is_err() {
            self.is_stalled.store(true, Ordering::Relaxed);
        }
    }
}

/// An open target.
enum Outlet {
    StandardOutput,
    StandardError,
    File(Box<LogFile>, String),
    Nowhere,
}

/// What the thread works with.
struct Desk {
    outlets: Vec<Outlet>,
    is_stalled: Arc<AtomicBool>,
    lost: Arc<AtomicU64>,
    /// When lost messages were last told of.
    told: Option<Instant>,
    is_quiet: bool,
}

impl Desk {
    fn open(&mut self, targets: Vec<Target>, zone: &TimeZone) {
        for target in targets {
            let outlet = match target {
                Target::StandardOutput => Outlet::StandardOutput,
                Target::StandardError => Outlet::StandardError,
                Target::Nowhere => Outlet::Nowhere,
                Target::File(settings) => {
                    let name = settings.path.display().to_string();
                    let (file, outcome) = LogFile::open(settings, zone.clone());
                    if let Err(error) = outcome {
                        self.tell(&format!("Unable to open file: {name} ({error})"));
                    }
                    Outlet::File(Box::new(file), name)
                }
            };
            self.outlets.push(outlet);
        }
    }

    fn run(&mut self, queue: &Receiver<Job>) {
        for job in queue {
            match job {
                Job::Write(target, text, time) => self.write(target, &text, time),
                Job::Flush(done) => {
                    self.tell_of_lost();
                    // Whoever asked may have gone on.
                    let _ = done.try_send(());
                }
            }
            if queue.is_empty() {
                self.is_stalled.store(false, Ordering::Relaxed);
                self.tell_of_lost();
            } else if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                self.tell_of_lost();
            }
        }
    }

    fn tell_of_lost(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.told = Some(Instant::now());
            self.tell(&format!("the log is slow: {lost} messages are not in it"));
        }
    }

    /// A terminal or pipe that takes nothing has no one to be told to.
    fn write(&mut self, target: usize, text: &str, time: Timestamp) {
        let told = match self.outlets.get_mut(target) {
            Some(Outlet::StandardOutput) => {
                super::draw(|| drop(write_all(io::stdout().lock(), text)));
                None
            }
            Some(Outlet::StandardError) => {
                super::draw(|| drop(write_all(io::stderr().lock(), text)));
                None
            }
            Some(Outlet::File(file, name)) => file
                .write(text.as_bytes(), time)
                .err()
                .map(|error| format!("cannot write {name}: {error}")),
            Some(Outlet::Nowhere) | None => None,
        };
        if let Some(text) = told {
            self.tell(&text);
        }
    }

    fn tell(&self, text: &str) {
        if !self.is_quiet {
            super::draw(|| complaints::tell(text));
        }
    }
}

fn write_all(mut out: impl io::Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::path::Path;

    use crossbeam_channel::RecvTimeoutError;
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::super::file::{FileSettings, Rolling};
    use super::*;

    /// Longer than anything here takes, even on a loaded machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn writer(path: &Path) -> Writer {
        let target = Target::File(FileSettings {
            path: path.to_owned(),
            append: true,
            reopen_after: Duration::ZERO,
            rolling: Rolling::Never,
        });
        Writer::start(vec![target], TimeZone::UTC, true).expect("a thread")
    }

    #[test]
    fn what_was_handed_over_is_written_in_order_before_the_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let writer = writer(&path);
        // No more than there is room for: none is lost, however slow the machine is.
        let lines: Vec<_> = (0..QUEUE_MESSAGES).map(|n| format!("{n}\n")).collect();
        for line in &lines {
            writer.write(0, line.clone(), Timestamp::now());
        }
        writer.flush();
        // On a slow machine that waited in vain; there may not even be a file.
        let text = || fs::read_to_string(&path).unwrap_or_default();
        let end = Instant::now() + PATIENCE;
        while text().len() < lines.concat().len() && Instant::now() < end {
            thread::yield_now();
        }
        assert_eq!(text(), lines.concat());
    }

    #[test]
    fn a_log_that_takes_nothing_costs_messages_not_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pipe");
        // Nobody reads from this pipe: opening it lasts for ever.
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        let writer = writer(&path);
        for _ in 0..QUEUE_MESSAGES + 1000 {
            writer.write(0, "lost\n".to_owned(), Timestamp::now());
        }
        assert_eq!(writer.lost.load(Ordering::Relaxed), 1000);
    }

    #[test]
    fn a_log_that_takes_two_lines_a_second_does_not_slow_down_who_logs() {
        /// What a pipe's memory is counted in: so long a line is in it alone.
        const PAGE_BYTES: usize = 4096;
        /// More than are read while the test lasts.
        const LONG_LINES: usize = 400;
        const WITHOUT_ROOM: usize = 300;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        let writer = writer(&path);
        let (end, is_ended) = bounded::<()>(0);
        let reader = thread::spawn(move || {
            let mut pipe = fs::File::open(&path).expect("a pipe");
            let mut line = [0; PAGE_BYTES];
            pipe.read_exact(&mut line).expect("a line");
            let pace = Duration::from_millis(500);
            while is_ended.recv_timeout(pace) == Err(RecvTimeoutError::Timeout) {
                pipe.read_exact(&mut line).expect("a line");
            }
        });
        let begun = Instant::now();
        for n in 0..QUEUE_MESSAGES + WITHOUT_ROOM {
            let length = if n < LONG_LINES { PAGE_BYTES } else { 2 };
            let text = format!("{}\n", "x".repeat(length - 1));
            writer.write(0, text, Timestamp::now());
        }
        // Waiting for the log each time would have taken minutes.
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        drop(end);
        reader.join().expect("it read");
    }
}

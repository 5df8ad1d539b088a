//! A migration of many small objects while sender and receiver are killed (`kill -9`) again and again,
//! each time at a random point, and resumed: each object arrives, none is reported as sent that is
//! not there, and the journal stays whole.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use pdvault_tests::journal::Journal;
use pdvault_tests::object::Object;
use pdvault_tests::random::Random;
use pdvault_tests::receiver::{Launch, Receiver};
use pdvault_tests::stored::StoredFile;
use pdvault_tests::storescu::{Ended, Running, Tool};
use pdvault_tests::{scratch, stored};

/// Objects in all.
const OBJECTS: usize = 100_000;

/// Folders that they lie in.
const FOLDERS: usize = 100;

/// Sizes of data sets: these bytes and up to so many more.
const OBJECT_BYTES_MIN: u64 = 1000;
const OBJECT_BYTES_SPREAD: u64 = 3000;

/// Room on the disk: both copies, in blocks of 4 KiB, and the file system's own.
const DISK_BYTES: u64 = 2 << 30;

/// How often somebody is killed.
const KILLS: usize = 12;

/// The longest wait between the point that was drawn and the kill, so that it strikes anywhere.
const DELAY_MS_MAX: u64 = 40;

/// Runs of the sender, killed ones included. More are not needed unless it does not get on.
const RUNS_MAX: usize = 60;

/// How long nothing may be added to the journal while a sender runs.
const STANDSTILL_MAX: Duration = Duration::from_secs(120);

/// How often the journal is looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Sender,
    Receiver,
}

/// A kill, once so many records are in the journal.
#[derive(Clone, Copy, Debug)]
struct Kill {
    records: usize,
    delay: Duration,
    victim: Victim,
}

#[test]
fn each_object_of_a_migration_arrives_whoever_is_killed_on_the_way() {
    scratch::require_free(DISK_BYTES);
    let mut migration = Migration::new();
    while !migration.run() {
        assert!(migration.runs < RUNS_MAX, "it does not get on");
    }
    migration.check();
}

struct Migration {
    source: tempfile::TempDir,
    output: tempfile::TempDir,
    journal: Journal,
    receiver: Receiver,
    kills: Vec<Kill>,
    killed: Vec<Victim>,
    /// Records that were looked up on disk.
    checked: usize,
    runs: usize,
}

impl Migration {
    fn new() -> Self {
        let (source, output) = (scratch::directory(), scratch::directory());
        let mut random = Random::from_clock();
        make_objects(source.path(), &mut random);
        let receiver = Launch::new("").output(output.path()).start();
        Self {
            journal: Journal::new(&source.path().join("journal")),
            kills: draw_kills(&mut random),
            source,
            output,
            receiver,
            killed: Vec::new(),
            checked: 0,
            runs: 0,
        }
    }

    fn start_sender(&mut self) -> Running {
        self.runs += 1;
        let mut command = Tool::Ours.command();
        command.args(["--associations", "4", "--async-ops", "16", "--retry", "8"]);
        command.args(["--resume", "--journal"]);
        command.arg(self.source.path().join("journal"));
        command.args(["+sd", "+r", "127.0.0.1"]);
        command.arg(self.receiver.port().to_string());
        Running::start(command.arg(self.source.path().join("objects")))
    }

    /// One run of the sender. Says whether it was the last one.
    fn run(&mut self) -> bool {
        let mut sender = self.start_sender();
        let (mut seen, mut since) = (0, Instant::now());
        while sender.is_running() {
            self.journal.read();
            if self.is_time_to_kill() && self.kill(&mut sender) == Victim::Sender {
                return false;
            }
            if self.journal.records().len() > seen {
                (seen, since) = (self.journal.records().len(), Instant::now());
            }
            assert!(since.elapsed() < STANDSTILL_MAX, "stuck:\n{}", sender.log());
            thread::sleep(INTERVAL);
        }
        let ended = sender.wait();
        self.check_acknowledged();
        self.is_done(&ended)
    }

    fn is_time_to_kill(&self) -> bool {
        let next = self.kills.last();
        next.is_some_and(|kill| self.journal.records().len() >= kill.records)
    }

    fn kill(&mut self, sender: &mut Running) -> Victim {
        let kill = self.kills.pop().expect("a kill is due");
        thread::sleep(kill.delay);
        match kill.victim {
            Victim::Sender => sender.kill(),
            Victim::Receiver => self.receiver.kill(),
        }
        self.check_acknowledged();
        if kill.victim == Victim::Receiver {
            let port = self.receiver.port();
            let launch = Launch::new("").output(self.output.path()).port(port);
            self.receiver = launch.start();
        }
        self.killed.push(kill.victim);
        kill.victim
    }

    /// What the journal shows as acknowledged is under its name.
    fn check_acknowledged(&mut self) {
        self.journal.read();
        for record in &self.journal.records()[self.checked..] {
            let instance = record.instance.as_ref().expect("all are readable");
            let path = stored_path(self.output.path(), instance);
            assert!(
                !record.is_acknowledged() || path.exists(),
                "reported as sent, but not on disk: {record:?}"
            );
        }
        self.checked = self.journal.records().len();
    }

    /// A sender that was not killed ends well, or because it lost its receiver too often.
    fn is_done(&self, ended: &Ended) -> bool {
        let code = ended.status.code();
        println!(
            "run {}: exit code {code:?}, {} records",
            self.runs, self.checked
        );
        assert!(
            code == Some(0) || self.killed.contains(&Victim::Receiver),
            "exit code {code:?}:\n{}",
            ended.log
        );
        code == Some(0)
    }

    fn check(&self) {
        let counts = [Victim::Sender, Victim::Receiver]
            .map(|victim| self.killed.iter().filter(|one| **one == victim).count());
        println!("killed: sender {} times, receiver {}", counts[0], counts[1]);
        assert!(counts.iter().all(|count| *count >= 2), "{counts:?}");
        assert_eq!(self.journal.runs(), self.runs, "each run has its header");
        let acknowledged: HashSet<_> = self
            .journal
            .records()
            .iter()
            .filter(|record| record.is_acknowledged())
            .filter_map(|record| record.instance.as_deref())
            .collect();
        assert_eq!(acknowledged.len(), OBJECTS, "each one is acknowledged");
        stored::assert_no_leftovers(self.output.path());
        let names = stored::final_names(self.output.path());
        assert_eq!(names.len(), OBJECTS, "and nothing else is stored");
        self.compare_all();
    }

    fn compare_all(&self) {
        for number in 0..OBJECTS {
            let source = fs::read(source_path(self.source.path(), number)).expect("an object");
            let path = stored_path(self.output.path(), &instance(number));
            let (stored, sent) = (StoredFile::open(&path), data_of(&source));
            assert!(stored.data() == sent, "{} is not as it was", path.display());
        }
    }
}

/// Kills in the order in which they are taken from the end. Both get their share.
fn draw_kills(random: &mut Random) -> Vec<Kill> {
    let mut kills: Vec<_> = (0..KILLS)
        .map(|number| Kill {
            records: usize::try_from(random.below(OBJECTS as u64 * 9 / 10)).expect("a count"),
            delay: Duration::from_millis(random.below(DELAY_MS_MAX)),
            victim: [Victim::Sender, Victim::Receiver][number % 2],
        })
        .collect();
    kills.sort_by_key(|kill| std::cmp::Reverse(kill.records));
    kills
}

fn make_objects(source: &Path, random: &mut Random) {
    for folder in 0..FOLDERS {
        fs::create_dir_all(source.join(format!("objects/{folder}"))).expect("a folder");
    }
    for number in 0..OBJECTS {
        let bytes = OBJECT_BYTES_MIN + random.below(OBJECT_BYTES_SPREAD / 2) * 2;
        let bytes = usize::try_from(bytes).expect("small");
        let object = Object::ct(&instance(number), bytes);
        fs::write(source_path(source, number), object.file()).expect("an object");
    }
}

fn instance(number: usize) -> String {
    format!("2.25.7.{number}")
}

fn source_path(source: &Path, number: usize) -> PathBuf {
    source.join(format!("objects/{}/{number}.dcm", number % FOLDERS))
}

fn stored_path(output: &Path, instance: &str) -> PathBuf {
    output.join(format!("CT.{instance}"))
}

/// The data set in a file made by [`Object::file`].
fn data_of(file: &[u8]) -> &[u8] {
    let meta = stored::Meta::parse(file).expect("a DICOM file");
    &file[usize::try_from(meta.data_offset).expect("small")..]
}

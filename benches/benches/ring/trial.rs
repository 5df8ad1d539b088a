//! All cases, each in all ways in turn.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pdvault_benches::load::Load;
use pdvault_engine::landing::{LandingConfig, LandingPool};
use pdvault_engine::store::{Durability, Store, StoreConfig};

use crate::Storing;
use crate::clocks::{Clocks, Passed, median};
use crate::place::{CHUNK_BYTES, Case, Place, name};
use crate::ring::{Manner, Opens, Ring};
use crate::threads::{Alone, Threads};

/// Runs of each way, in turn with the others: many and short, so that other work on the machine falls
/// upon all of them.
const ROUNDS: usize = 11;

/// When a run ends.
const RUN_TIME: Duration = Duration::from_millis(500);

/// The most that a run writes, in bytes: half a small disk made afresh each time; else less.
const FRESH_BYTES_MAX: usize = 2 << 30;
const RUN_BYTES_MAX: usize = 256 << 20;

/// Bytes that must be free at the start, for a run of a fresh disk and for all runs of a case.
const FRESH_FREE_BYTES_MIN: u64 = 3 << 30;
const FREE_BYTES_MIN: u64 = 30 << 30;

/// Sizes in bytes, with the numbers in flight; those that matter most come first.
const SIZES: [(usize, &[usize]); 6] = [
    (512 << 10, &[8, 64]),
    (8 << 10, &[64, 8]),
    ((512 << 10) + 1000, &[8, 64]),
    (8 << 20, &[8]),
    (512 << 10, &[1]),
    (8 << 10, &[1]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// pdvault's store itself, for comparison with its likeness.
    Store,
    Threads,
    /// Objects in huge pages.
    ThreadsHuge,
    Alone,
    Ring(Manner),
}

const RING: Manner = Manner {
    opens: Opens::Ring,
    is_registered: false,
    is_polled: false,
};

const WAYS: [(&str, Way); 9] = [
    ("pdvault's store", Way::Store),
    ("16 threads", Way::Threads),
    ("16 threads, huge pages", Way::ThreadsHuge),
    ("the loop itself", Way::Alone),
    ("ring", Way::Ring(RING)),
    (
        "ring, memory registered",
        Way::Ring(Manner {
            is_registered: true,
            ..RING
        }),
    ),
    (
        "ring, and opened in its table",
        Way::Ring(Manner {
            opens: Opens::Table,
            is_registered: true,
            ..RING
        }),
    ),
    (
        "ring, the loop opens",
        Way::Ring(Manner {
            opens: Opens::Loop,
            is_registered: true,
            ..RING
        }),
    ),
    (
        "ring, the loop opens, SQPOLL",
        Way::Ring(Manner {
            opens: Opens::Loop,
            is_registered: true,
            is_polled: true,
        }),
    ),
];

/// pdvault's store under a load.
struct Real {
    load: Load,
    bytes: usize,
    /// Goes last.
    _store: Store,
}

impl Real {
    fn new(case: Case, directory: &Path) -> Self {
        let durability = if case.is_durable {
            Durability::Object
        } else {
            Durability::None
        };
        let config = StoreConfig {
            durability,
            ..StoreConfig::new(directory)
        };
        let store = Store::open(config).expect("opened");
        let pool = LandingPool::new(&LandingConfig::default()).expect("landing memory");
        Self {
            load: Load::new(store.handle(), pool),
            bytes: case.size,
            _store: store,
        }
    }
}

impl Storing for Real {
    fn start(&mut self, _: u64, _: usize) -> io::Result<()> {
        self.load.send(self.bytes);
        Ok(())
    }

    fn finished(&mut self) -> io::Result<usize> {
        self.load.verdict();
        Ok(0)
    }
}

impl Way {
    /// Whether objects of this size can be stored so.
    fn takes(self, case: Case) -> bool {
        self != Self::Store || case.size <= CHUNK_BYTES
    }

    fn open(self, place: &Arc<Place>, directory: &Path) -> io::Result<Box<dyn Storing>> {
        Ok(match self {
            Self::Store => Box::new(Real::new(place.case, directory)),
            Self::Threads | Self::ThreadsHuge => Box::new(Threads::new(place)),
            Self::Alone => Box::new(Alone::new(place)),
            Self::Ring(manner) => Box::new(Ring::new(place, manner)?),
        })
    }
}

/// What a run came to.
struct Run {
    objects: u64,
    /// Until the last object was said to be stored.
    stored: Passed,
    /// Until all was on stable storage.
    stable: Passed,
}

impl Run {
    fn new(way: Way, case: Case, directory: &Path, bytes_max: usize) -> io::Result<Self> {
        fs::create_dir(directory)?;
        let place = Arc::new(Place::new(case, directory, way == Way::ThreadsHuge)?);
        let mut storing = way.open(&place, directory)?;
        rustix::fs::syncfs(&place.directory)?;
        let clocks = Clocks::now();
        let objects = keep_going(&mut *storing, case, bytes_max)?;
        let stored = clocks.passed();
        rustix::fs::syncfs(&place.directory)?;
        let stable = clocks.passed();
        drop(storing);
        check(&place, directory, objects, way != Way::Store)?;
        Ok(Self {
            objects,
            stored,
            stable,
        })
    }

    fn micros(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.objects as f64
    }
}

/// Keeps objects in flight until time or room is up; how many were stored.
fn keep_going(storing: &mut dyn Storing, case: Case, bytes_max: usize) -> io::Result<u64> {
    let end = Instant::now() + RUN_TIME;
    let objects_max = (bytes_max / case.size) as u64;
    let mut objects = 0;
    for slot in 0..case.in_flight {
        storing.start(objects, slot)?;
        objects += 1;
    }
    while objects < objects_max && Instant::now() < end {
        let slot = storing.finished()?;
        storing.start(objects, slot)?;
        objects += 1;
    }
    for _ in 0..case.in_flight {
        storing.finished()?;
    }
    Ok(objects)
}

/// Whether everything is there.
fn check(place: &Place, directory: &Path, objects: u64, is_known: bool) -> io::Result<()> {
    for number in 0..objects {
        let path = directory.join(name(number).to_str().expect("ASCII"));
        let bytes = fs::metadata(&path)?.len();
        assert_eq!(bytes, place.case.size as u64, "{}", path.display());
        assert!(
            number > 0 || !is_known || fs::read(&path)? == place.object(0),
            "{} is another object",
            path.display()
        );
    }
    Ok(())
}

/// Where runs take place.
struct Ground<'a> {
    directory: PathBuf,
    fresh: Option<&'a str>,
    /// Directories of the present case.
    used: Vec<PathBuf>,
    runs: u32,
}

impl Ground<'_> {
    fn run(&mut self, way: Way, case: Case) -> io::Result<Run> {
        if let Some(command) = self.fresh {
            let status = Command::new("sh").args(["-c", command]).status()?;
            if !status.success() {
                return Err(io::Error::other(format!("{command}: {status}")));
            }
        }
        self.check_room()?;
        self.runs += 1;
        let directory = self.directory.join(format!("ring-{}", self.runs));
        self.used.push(directory.clone());
        Run::new(way, case, &directory, self.bytes_max())
    }

    fn check_room(&self) -> io::Result<()> {
        let (min, first) = match self.fresh {
            Some(_) => (FRESH_FREE_BYTES_MIN, true),
            None => (FREE_BYTES_MIN, self.used.is_empty()),
        };
        let space = rustix::fs::statvfs(&self.directory)?;
        if first && space.f_bavail * space.f_frsize < min {
            return Err(io::Error::other("there is too little free space"));
        }
        Ok(())
    }

    fn bytes_max(&self) -> usize {
        match self.fresh {
            Some(_) => FRESH_BYTES_MAX,
            None => RUN_BYTES_MAX,
        }
    }

    /// Frees the room that a case has taken. Nothing is deleted: file systems would remember.
    fn empty(&mut self) -> io::Result<()> {
        if self.fresh.is_some() {
            self.used.clear();
        }
        for directory in &self.used {
            for entry in fs::read_dir(directory)? {
                fs::File::create(entry?.path())?;
            }
        }
        let directory = fs::File::open(&self.directory)?;
        Ok(rustix::fs::syncfs(&directory)?)
    }
}

/// Every combination of size, objects in flight and durability.
fn cases() -> impl Iterator<Item = Case> {
    SIZES.into_iter().flat_map(|(size, in_flight)| {
        in_flight.iter().flat_map(move |&in_flight| {
            [false, true].map(|is_durable| Case {
                size,
                in_flight,
                is_durable,
            })
        })
    })
}

/// Measures everything and prints a line for each case and way.
pub(crate) fn measure(directory: PathBuf, fresh: Option<&str>) -> io::Result<()> {
    let mut ground = Ground {
        directory,
        fresh,
        used: Vec::new(),
        runs: 0,
    };
    println!(
        "objects/s: median, best; CPU us an object: process, its loop thread, system until stable"
    );
    for case in cases() {
        compare(case, &mut ground)?;
        ground.empty()?;
    }
    if fresh.is_none() {
        for run in 1..=ground.runs {
            fs::remove_dir_all(ground.directory.join(format!("ring-{run}")))?;
        }
    }
    Ok(())
}

fn compare(case: Case, ground: &mut Ground<'_>) -> io::Result<()> {
    let ways: Vec<_> = WAYS.iter().filter(|(_, way)| way.takes(case)).collect();
    let mut runs: Vec<Vec<Run>> = ways.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((name, way), runs) in ways.iter().zip(&mut runs) {
            let run = ground.run(*way, case);
            runs.push(run.map_err(|error| io::Error::other(format!("{name}: {error}")))?);
        }
    }
    for ((name, _), runs) in ways.iter().zip(&runs) {
        report(case, name, runs);
    }
    Ok(())
}

fn report(case: Case, way: &str, runs: &[Run]) {
    let all = |value: &dyn Fn(&Run) -> f64| runs.iter().map(value).collect::<Vec<_>>();
    let rates = all(&|run| run.objects as f64 / run.stored.wall.as_secs_f64());
    let best = rates.iter().copied().fold(0.0, f64::max);
    println!(
        "{:>8} x {:<2} {:>7} {way:30} {:>7.0} {best:>7.0} {:>7.1} {:>7.1} {:>7.1}",
        case.size,
        case.in_flight,
        if case.is_durable { "durable" } else { "none" },
        median(rates),
        median(all(&|run| run.micros(run.stored.process))),
        median(all(&|run| run.micros(run.stored.thread))),
        median(all(&|run| run.micros(run.stable.system))),
    );
}

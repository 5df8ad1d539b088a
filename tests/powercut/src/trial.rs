//! One subject on one file system: recorded once, cut many times.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use pdvault_tests::random::Random;

use crate::cut::{Cuts, Fate};
use crate::image::Image;
use crate::ledger::{Finding, Ledger};
use crate::options::Options;
use crate::record::{Recording, Tick};
use crate::report::{Cut, Report};
use crate::subject::{Load, Promise, Subject};
use crate::volume::{Drive, FileSystem};

/// Size of the disk: XFS takes none below 300 MiB.
const DISK_BYTES: usize = 512 << 20;

/// Where objects are stored, under the root of the file system.
const OUTPUT: &str = "out";

/// Cuts of a subject that must be caught: any of them should do.
const SELF_CHECK_CUTS_MAX: usize = 20;

/// What is to be tried.
pub(crate) struct Trial<'a> {
    pub(crate) file_system: &'static FileSystem,
    pub(crate) subject: &'static Subject,
    pub(crate) options: &'a Options,
}

impl Trial<'_> {
    /// Runs it. An error tells why it cannot run here.
    pub(crate) fn run(&self, random: &mut Random) -> Result<Report, String> {
        let promise = self.subject.promise_on(self.file_system);
        let drive = Drive::serve(DISK_BYTES, random.fork())?;
        let (recording, ledger) = self.record(&drive, random.fork())?;
        let mut report = Report::new(self, &recording, &ledger);
        let mut cuts = Cuts::new(&recording);
        for tick in self.moments(&recording, &ledger, random) {
            let fate = Fate::draw(random);
            let after = cuts.at(tick, fate, random);
            drive.disk.replace(after.image.clone());
            let findings = self.examine(&drive, &ledger, tick);
            if !findings.is_empty() && promise != Promise::MustBeCaught {
                self.keep(&after.image, tick);
            }
            report.add(Cut {
                tick,
                fate,
                unstable: after.unstable,
                findings,
            });
        }
        Ok(report)
    }

    /// Stores the load on a fresh file system and records what reaches the disk.
    fn record(&self, drive: &Drive, random: Random) -> Result<(Recording, Ledger), String> {
        drive.format(self.file_system)?;
        let mounted = drive.mount(self.file_system)?;
        let output = mounted.path().join(OUTPUT);
        make_durable(&output).map_err(|error| format!("{}: {error}", output.display()))?;
        let load = Load {
            senders: self.options.senders,
            objects: self.options.objects,
            replaced: self.options.replaced,
            random,
        };
        drive.disk.start_recording();
        let ledger = self.subject.store(&output, &drive.disk, &load);
        Ok((drive.disk.stop_recording(), ledger))
    }

    /// When to cut, in order: a third of the cuts at the very moment when a sender has an
    /// acknowledgement in hand, a third just before a flush is completed, when most is at stake, and
    /// the rest anywhere.
    fn moments(&self, recording: &Recording, ledger: &Ledger, random: &mut Random) -> Vec<Tick> {
        let acknowledged: Vec<Tick> = ledger.ticks().collect();
        let first = recording.writes.first().map_or(0, |write| write.arrived);
        let mut moments: Vec<Tick> = (0..self.cuts())
            .map(|number| match number % 3 {
                0 => random.pick(&acknowledged),
                1 if !recording.flushes.is_empty() => random.pick(&recording.flushes).completed - 1,
                _ => first + random.below(recording.end - first + 1),
            })
            .collect();
        moments.sort_unstable();
        moments
    }

    fn cuts(&self) -> usize {
        let cuts = self.options.cuts;
        match self.subject.promise_on(self.file_system) {
            Promise::MustBeCaught => cuts.min(SELF_CHECK_CUTS_MAX),
            Promise::Keeps | Promise::None => cuts,
        }
    }

    /// Mounts what is left of the disk and looks for broken promises.
    fn examine(&self, drive: &Drive, ledger: &Ledger, tick: Tick) -> Vec<Finding> {
        match drive.recover(self.file_system) {
            Ok(mounted) => ledger.check(&mounted.path().join(OUTPUT), tick),
            Err(error) => vec![Finding::Unmountable(error)],
        }
    }

    /// Writes a disk to a file, for a closer look.
    fn keep(&self, image: &Image, tick: Tick) {
        let Some(directory) = &self.options.keep else {
            return;
        };
        let (file_system, subject) = (self.file_system.name, self.subject.name);
        let path = directory.join(format!("{file_system}-{subject}-{tick}.img"));
        let kept = File::create(&path).and_then(|mut file| image.save(&mut file));
        if let Err(error) = kept {
            eprintln!("power-cut: {}: {error}", path.display());
        }
    }
}

/// Makes a directory, and all that is on its file system stable.
fn make_durable(directory: &Path) -> io::Result<()> {
    fs::create_dir(directory)?;
    Ok(rustix::fs::syncfs(File::open(directory)?)?)
}

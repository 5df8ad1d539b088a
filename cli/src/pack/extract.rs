//! `pack extract` and `pack cat`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, Sender};
use pdvault_engine::pack::{Member, Segment};

use super::Settings;
use super::progress::{self, Bar};
use super::run::AnyError;
use super::settings::OnDuplicate;
use super::{open, select};

/// Objects that wait for a thread: enough to keep all busy, and little memory.
const QUEUE_MAX: usize = 1024;

/// The highest number of a numbered name, as with storescp.
const KEEP_NUMBER_MAX: u32 = 9_999;

/// Writes the one object that is selected to standard output.
pub(super) fn cat(settings: &Settings) -> Result<bool, AnyError> {
    let segments = open::segments(settings)?;
    let mut found = Vec::new();
    for segment in &segments {
        let keep = |member| {
            found.push((segment, member));
            if found.len() > 1 {
                return Err("more than one object is selected; extract writes all of them".into());
            }
            Ok::<(), AnyError>(())
        };
        select::each(segment, settings.selection.as_ref(), keep)?;
    }
    let Some((segment, member)) = found.pop() else {
        return Err("no object is selected".into());
    };
    let mut out = io::stdout().lock();
    segment.copy_data(&member, &mut Vec::new(), &mut out)?;
    out.flush()?;
    Ok(true)
}

/// Writes the objects that are selected to files, several at once. Returns whether all were written,
/// and there were any.
pub(super) fn extract(settings: &Settings) -> Result<bool, AnyError> {
    let segments = open::segments(settings)?;
    let output = &settings.output;
    fs::create_dir_all(output)
        .map_err(|error| format!("cannot create {}: {error}", output.display()))?;
    let bar = progress::bar(&segments);
    let failed = AtomicU64::new(0);
    let (jobs, queue) = crossbeam_channel::bounded(QUEUE_MAX);
    let (found, damaged) = thread::scope(|scope| {
        for _ in 0..settings.threads {
            let (queue, bar, failed) = (queue.clone(), &bar, &failed);
            scope.spawn(move || work_off(&queue, settings, bar, failed));
        }
        drop(queue);
        let handed_out = hand_out(&segments, settings, &jobs);
        // The threads end when all is written.
        drop(jobs);
        handed_out
    })?;
    drop(bar);
    let failed = failed.into_inner();
    tracing::info!("{} objects written, {failed} failed", found - failed);
    if found == 0 {
        tracing::error!("no object was found");
    }
    Ok(found > 0 && failed == 0 && damaged == 0)
}

/// An object to write.
type Job<'a> = (&'a Segment, Member);

/// Returns how many objects there were, and how many places were damaged.
fn hand_out<'a>(
    segments: &'a [Segment],
    settings: &Settings,
    jobs: &Sender<Job<'a>>,
) -> io::Result<(u64, u64)> {
    let (mut found, mut damaged) = (0, 0);
    for segment in segments {
        let search = select::each(segment, settings.selection.as_ref(), |member| {
            // All threads are gone only if they panicked, which ends the program.
            let _ = jobs.send((segment, member));
            Ok::<(), io::Error>(())
        })?;
        found += search.found;
        damaged += search.damaged;
    }
    Ok((found, damaged))
}

fn work_off(queue: &Receiver<Job<'_>>, settings: &Settings, bar: &Bar, failed: &AtomicU64) {
    let mut buffer = Vec::new();
    for (segment, member) in queue {
        if let Err(error) = write(segment, &member, settings, &mut buffer) {
            failed.fetch_add(1, Ordering::Relaxed);
            let (path, offset) = (segment.path().display(), member.offset);
            tracing::error!("{path} at {offset}: {}: {error}", member.name);
        }
        bar.add(member.end() - member.offset);
    }
}

/// Writes one object. Nothing is left of one that fails.
fn write(
    segment: &Segment,
    member: &Member,
    settings: &Settings,
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    let (path, mut file) = create(member, settings)?;
    let written = segment
        .copy_data(member, buffer, &mut file)
        .and_then(|()| file.set_modified(received(member)));
    written.inspect_err(|_| {
        // The error that counts is the first one.
        let _ = fs::remove_file(&path);
    })
}

/// When the object was received.
fn received(member: &Member) -> SystemTime {
    let nanoseconds = member.object().map_or(0, |meta| meta.received_ns);
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

/// Makes the file, which is new in any case: nothing is written through a link.
fn create(member: &Member, settings: &Settings) -> io::Result<(PathBuf, File)> {
    let name = |stem: &str| format!("{stem}{}", settings.extension);
    let path = settings.output.join(name(&member.name));
    match (File::create_new(&path), settings.on_duplicate) {
        (Ok(file), _) => Ok((path, file)),
        (Err(error), OnDuplicate::Overwrite) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&path)?;
            let file = File::create_new(&path)?;
            Ok((path, file))
        }
        (Err(error), OnDuplicate::Keep) if error.kind() == io::ErrorKind::AlreadyExists => {
            numbered(&settings.output, |number| {
                name(&format!("{}_{number:04}", member.name))
            })
        }
        (Err(error), _) => Err(error),
    }
}

/// The first file of a numbered name that is free.
fn numbered(directory: &Path, name: impl Fn(u32) -> String) -> io::Result<(PathBuf, File)> {
    for number in 1..=KEEP_NUMBER_MAX {
        let path = directory.join(name(number));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

//! `pack verify`.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crossbeam_channel::Receiver;
use pdvault_engine::pack::{self, Damage, Finding, Segment, Verified};
use serde::Serialize;

use super::Settings;
use super::open;
use super::progress::{self, Bar};
use super::run::AnyError;

/// Reads every segment, several at once, and tells what is wrong in the order of their names. Returns
/// whether nothing is.
pub(super) fn verify(settings: &Settings) -> Result<bool, AnyError> {
    let paths = open::paths(settings)?;
    let mut segments = Vec::new();
    for path in &paths {
        segments.push(Segment::open_damaged(path)?);
    }
    let bar = progress::bar(&segments);
    let results = verify_all(&segments, settings.threads, &bar);
    drop(bar);
    let mut out = io::stdout().lock();
    let mut is_good = true;
    for (path, result) in paths.iter().zip(results) {
        let mut verified = result.map_err(|error| unreadable(path, &error))?;
        if settings.allow_unsealed {
            let is_wrong = |finding: &Finding| finding.damage != Damage::Unsealed;
            verified.findings.retain(is_wrong);
        }
        is_good &= verified.findings.is_empty();
        tell(&mut out, path, &verified, settings.json)?;
    }
    Ok(is_good)
}

fn unreadable(path: &Path, error: &io::Error) -> AnyError {
    format!("cannot read {}: {error}", path.display()).into()
}

/// The results in the order of the segments.
fn verify_all(segments: &[Segment], threads: usize, bar: &Bar) -> Vec<io::Result<Verified>> {
    let (jobs, queue) = crossbeam_channel::unbounded();
    for job in segments.iter().enumerate() {
        // The other end is in this function.
        let _ = jobs.send(job);
    }
    drop(jobs);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads.min(segments.len()) {
            scope.spawn(|| work_off(&queue, bar, &results));
        }
    });
    let mut results = results.into_inner().expect("no thread panics holding it");
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

type Results = Mutex<Vec<(usize, io::Result<Verified>)>>;

fn work_off(queue: &Receiver<(usize, &Segment)>, bar: &Bar, results: &Results) {
    for (number, segment) in queue {
        let mut done = 0;
        let result = pack::verify(segment, |position| {
            bar.add(position.saturating_sub(done));
            done = position;
        });
        let mut results = results.lock().expect("no thread panics holding it");
        results.push((number, result));
    }
}

/// What is told of a segment.
#[derive(Serialize)]
struct Report<'a> {
    segment: String,
    objects: u64,
    bytes: u64,
    findings: Vec<Row<'a>>,
}

/// What is told of something wrong.
#[derive(Serialize)]
struct Row<'a> {
    offset: u64,
    length: u64,
    damage: String,
    name: Option<&'a str>,
    sop_instance: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let member = finding.member.as_deref();
        let meta = member.and_then(|member| member.object());
        Self {
            offset: finding.extent.offset,
            length: finding.extent.length,
            damage: finding.damage.to_string(),
            name: member.map(|member| member.name.as_str()),
            sop_instance: meta.map(|meta| meta.sop_instance.as_str()),
        }
    }
}

fn tell(out: &mut impl Write, path: &Path, verified: &Verified, json: bool) -> io::Result<()> {
    let report = Report {
        segment: path.display().to_string(),
        objects: verified.objects,
        bytes: verified.data_bytes,
        findings: verified.findings.iter().map(Row::of).collect(),
    };
    if json {
        serde_json::to_writer(&mut *out, &report)?;
        return writeln!(out);
    }
    let verdict = match report.findings.len() {
        0 => "all is well".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        count => format!("{count} things are wrong"),
    };
    let Report {
        segment,
        objects,
        bytes,
        findings,
    } = report;
    writeln!(
        out,
        "{segment}: {objects} objects, {bytes} bytes, {verdict}"
    )?;
    for row in findings {
        let name = row.name.map_or(String::new(), |name| format!(" {name}:"));
        writeln!(
            out,
            "{segment} at {}, {} bytes:{name} {}",
            row.offset, row.length, row.damage
        )?;
    }
    Ok(())
}

//! `pack ls`.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use pdvault_engine::pack::{Member, Segment};
use pdvault_engine::value::Uid;
use serde::Serialize;

use super::Settings;
use super::run::AnyError;
use super::{open, select};

/// Lists the objects that are selected. Returns whether there were any, and nothing was damaged.
pub(super) fn list(settings: &Settings) -> Result<bool, AnyError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut found, mut damaged) = (0, 0);
    for segment in open::segments(settings)? {
        let search = select::each(&segment, settings.selection.as_ref(), |member| {
            write_line(&mut out, &segment, &member, settings.json)
        })?;
        found += search.found;
        damaged += search.damaged;
    }
    out.flush()?;
    if found == 0 && settings.selection.is_some() {
        tracing::error!("no object has this UID");
        return Ok(false);
    }
    Ok(damaged == 0)
}

fn write_line(
    out: &mut impl Write,
    segment: &Segment,
    member: &Member,
    json: bool,
) -> io::Result<()> {
    let line = Line::of(segment, member);
    if json {
        serde_json::to_writer(&mut *out, &line)?;
        return writeln!(out);
    }
    let (length, received, name) = (line.length, &line.received, line.name);
    writeln!(out, "{length:>12}  {received}  {name}")
}

/// What is told of an object.
#[derive(Serialize)]
struct Line<'a> {
    segment: String,
    offset: u64,
    name: &'a str,
    length: u64,
    digest: String,
    received: String,
    sop_class: Option<&'a str>,
    sop_instance: Option<&'a str>,
    transfer_syntax: Option<&'a str>,
    study: Option<&'a str>,
    series: Option<&'a str>,
    calling: Option<String>,
    called: Option<String>,
    peer: Option<String>,
}

impl<'a> Line<'a> {
    fn of(segment: &Segment, member: &'a Member) -> Self {
        let meta = member.object();
        Self {
            segment: segment.path().display().to_string(),
            offset: member.offset,
            name: &member.name,
            length: member.data_len,
            digest: member.digest.to_string(),
            received: time(meta.map_or(0, |meta| meta.received_ns)),
            sop_class: meta.map(|meta| meta.sop_class.as_str()),
            sop_instance: meta.map(|meta| meta.sop_instance.as_str()),
            transfer_syntax: meta.map(|meta| meta.transfer_syntax.as_str()),
            study: meta.and_then(|meta| meta.study.as_ref()).map(Uid::as_str),
            series: meta.and_then(|meta| meta.series.as_ref()).map(Uid::as_str),
            calling: meta.and_then(|meta| Some(meta.calling?.to_string())),
            called: meta.and_then(|meta| Some(meta.called?.to_string())),
            peer: meta.and_then(|meta| Some(meta.peer?.to_string())),
        }
    }
}

/// Nanoseconds since 1970 as people write them, in UTC, to the second.
fn time(nanoseconds: u64) -> String {
    match Timestamp::from_nanosecond(nanoseconds.into()) {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => nanoseconds.to_string(),
    }
}

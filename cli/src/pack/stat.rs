//! `pack stat`.

use std::io::{self, Write};

use pdvault_engine::pack::{Content, DigestCheck, Extent, Found, Segment};
use serde::Serialize;

use super::Settings;
use super::open;
use super::run::AnyError;

/// What is in a segment, in bytes but for objects.
#[derive(Default, Serialize)]
struct Stat {
    segment: String,
    objects: u64,
    data: u64,
    /// Headers, paddings, the index.
    overhead: u64,
    /// Fillers, and space that nothing was written to.
    unused: u64,
    damaged: u64,
    length: u64,
    sealed: bool,
}

/// Tells what is in each segment. Returns whether nothing is damaged.
pub(super) fn stat(settings: &Settings) -> Result<bool, AnyError> {
    let mut out = io::stdout().lock();
    let mut all = Stat::default();
    let segments = open::segments(settings)?;
    for segment in &segments {
        let stat = Stat::of(segment)?;
        if settings.json {
            serde_json::to_writer(&mut out, &stat)?;
            writeln!(out)?;
        } else {
            stat.write(&mut out)?;
        }
        all.add(&stat);
    }
    if !settings.json && segments.len() > 1 {
        all.segment = format!("{} segments", segments.len());
        all.write(&mut out)?;
    }
    Ok(all.damaged == 0)
}

impl Stat {
    fn of(segment: &Segment) -> io::Result<Self> {
        let mut stat = Self {
            segment: segment.path().display().to_string(),
            length: segment.byte_count(),
            ..Self::default()
        };
        for found in segment.scan(DigestCheck::None)? {
            stat.take(&found?);
        }
        let used = stat.data + stat.unused + stat.damaged;
        stat.overhead = stat.length.saturating_sub(used);
        Ok(stat)
    }

    fn take(&mut self, found: &Found) {
        match found {
            Found::Head(_) => {}
            Found::Member(member) if member.content == Content::Index => self.sealed = true,
            Found::Member(member) => {
                self.objects += 1;
                self.data += member.data_len;
            }
            // The end of the archive.
            Found::Hole(_) if self.sealed => {}
            Found::Filler(Extent { length, .. }) | Found::Hole(Extent { length, .. }) => {
                self.unused += length;
            }
            Found::Torn { extent, .. } => self.damaged += extent.length,
        }
    }

    fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.data += other.data;
        self.overhead += other.overhead;
        self.unused += other.unused;
        self.damaged += other.damaged;
        self.length += other.length;
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let seal = if self.sealed { ", sealed" } else { "" };
        writeln!(
            out,
            "{}: {} objects{seal}; {} bytes: {} data, {} overhead, {} unused, {} damaged",
            self.segment,
            self.objects,
            self.length,
            self.data,
            self.overhead,
            self.unused,
            self.damaged
        )
    }
}

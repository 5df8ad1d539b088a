//! What earlier runs have left in a journal.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::format::{FileVersion, Line, NAME};
use super::{JournalError, LINE_BYTES_MAX, VERSION};
use crate::storescu::job::hashed::HashedSet;

/// The objects that a peer has acknowledged: 16 bytes each, whatever their paths. A collision of
/// hashes would leave an object unsent.
#[derive(Debug, Default)]
pub(in crate::storescu::job) struct Acknowledged {
    files: HashedSet,
    elsewhere: Option<Elsewhere>,
}

/// What the journal shows as acknowledged by others than the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storescu::job) struct Elsewhere {
    /// How many acknowledgements there are.
    pub(in crate::storescu::job) count: u64,
    /// Who gave the last of them.
    pub(in crate::storescu::job) peer: String,
    /// Whether somebody else gave others.
    pub(in crate::storescu::job) has_more_peers: bool,
}

impl Acknowledged {
    fn insert(&mut self, file: &FileVersion) {
        self.files.insert(file.parts());
    }

    /// Whether the peer has this version of this file.
    pub(in crate::storescu::job) fn contains(&self, file: &FileVersion) -> bool {
        self.files.contains(file.parts())
    }

    /// How many there are.
    pub(in crate::storescu::job) fn len(&self) -> usize {
        self.files.len()
    }

    /// What others have, if the peer has nothing: its name may be spelled in another way now.
    pub(in crate::storescu::job) fn only_elsewhere(&self) -> Option<&Elsewhere> {
        self.elsewhere.as_ref().filter(|_| self.len() == 0)
    }

    fn count_elsewhere(&mut self, peer: &str) {
        let elsewhere = self.elsewhere.get_or_insert_with(|| Elsewhere {
            count: 0,
            peer: peer.to_owned(),
            has_more_peers: false,
        });
        elsewhere.count += 1;
        if elsewhere.peer != peer {
            elsewhere.has_more_peers = true;
            peer.clone_into(&mut elsewhere.peer);
        }
    }
}

/// What is in a journal.
pub(super) struct Earlier {
    pub(super) acknowledged: Acknowledged,
    /// How much of the file stays: all but a damaged end.
    pub(super) bytes: u64,
}

/// Reads a journal from its beginning.
pub(super) fn read(path: &Path, file: &File, peer: &str) -> Result<Earlier, JournalError> {
    let mut reading = Reading::new(path, peer);
    let mut input = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        read_line(&mut input, &mut text).map_err(|error| JournalError::Io {
            action: "read",
            path: path.to_owned(),
            error,
        })?;
        if text.is_empty() {
            break;
        }
        reading.take(&text)?;
    }
    let end = reading.bytes;
    Ok(Earlier {
        acknowledged: reading.acknowledged,
        bytes: reading.damaged.map_or(end, |damaged| damaged.start),
    })
}

/// Appends the next line, with its end, as far as [`LINE_BYTES_MAX`].
fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<usize> {
    let mut line = io::Read::take(input, LINE_BYTES_MAX as u64);
    line.read_until(b'\n', text)
}

/// A line that cannot be read.
struct DamagedLine {
    number: u64,
    /// Where in the file it begins.
    start: u64,
}

/// A journal, read so far.
struct Reading<'a> {
    path: &'a Path,
    peer: &'a str,
    /// To whom the run being read sent, if that is not the peer of this run.
    other_peer: Option<String>,
    lines: u64,
    bytes: u64,
    /// The first line that cannot be read. Good if no line follows that can.
    damaged: Option<DamagedLine>,
    acknowledged: Acknowledged,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, peer: &'a str) -> Self {
        Self {
            path,
            peer,
            other_peer: None,
            lines: 0,
            bytes: 0,
            damaged: None,
            acknowledged: Acknowledged::default(),
        }
    }

    fn take(&mut self, text: &[u8]) -> Result<(), JournalError> {
        let start = self.bytes;
        self.bytes += text.len() as u64;
        self.lines += 1;
        let line = text.strip_suffix(b"\n").and_then(Line::read);
        match line {
            None if self.lines == 1 && !is_torn_header(text) => {
                Err(JournalError::NotAJournal(self.path.to_owned()))
            }
            None => {
                let number = self.lines;
                self.damaged.get_or_insert(DamagedLine { number, start });
                Ok(())
            }
            Some(line) => self.judge(line),
        }
    }

    fn judge(&mut self, line: Line) -> Result<(), JournalError> {
        if let Some(damaged) = &self.damaged {
            return Err(JournalError::Damaged {
                path: self.path.to_owned(),
                line: damaged.number,
            });
        }
        match line {
            Line::Header(header) if header.version > VERSION => {
                return Err(JournalError::Newer {
                    path: self.path.to_owned(),
                    found: header.version,
                });
            }
            Line::Header(header) => {
                self.other_peer = (header.peer != self.peer).then_some(header.peer);
            }
            Line::Acknowledged(_) | Line::Failed if self.lines == 1 => {
                return Err(JournalError::NotAJournal(self.path.to_owned()));
            }
            Line::Acknowledged(file) => match &self.other_peer {
                None => self.acknowledged.insert(&file),
                Some(other) => self.acknowledged.count_elsewhere(other),
            },
            Line::Failed => {}
        }
        Ok(())
    }
}

/// Whether this may be what a crash left of the first header.
fn is_torn_header(text: &[u8]) -> bool {
    let beginning = format!("{{\"journal\":\"{NAME}\"");
    let beginning = beginning.as_bytes();
    !text.ends_with(b"\n") && (text.starts_with(beginning) || beginning.starts_with(text))
}

//! Objects made of the files of a directory: each is read once and gets places for fresh UIDs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pdvault_engine::dataset::{
    DataSetError, Encoding, FileError, FileHead, FileScan, ReadMode, RewriteOptions, Rewriter,
    Summary, Tag,
};
use pdvault_engine::value::Uid;

use super::deflated;
use super::template::{Segment, Template, Which};
use crate::uid::{Kind, UID_BYTES, UidText, Uids};

/// The most that the files of a corpus may have together, in bytes: they are kept in memory, so that
/// no disk slows the sender.
pub const FILES_BYTES_MAX: u64 = 4 << 30;

/// How deep directories are looked into.
const DEPTH_MAX: usize = 16;

/// Bytes of a file that are shown to the scan at once.
const SCAN_BYTES: usize = 64 << 10;

/// Why a file is no part of a corpus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no DICOM file, or damaged.
    #[error("{0}")]
    File(#[from] FileError),
    /// It is damaged.
    #[error("{0}")]
    DataSet(#[from] DataSetError),
    /// It has no SOP class UID or no SOP instance UID.
    #[error("the data set has no SOP class UID or no SOP instance UID")]
    NoUids,
    /// It is deflated, and its UIDs do not stand in the first 64 KiB.
    #[error("the data set is deflated, and its UIDs lie too far behind its beginning")]
    LongHead,
    /// All files together would be too many.
    #[error("together with those before it has more than {FILES_BYTES_MAX} bytes")]
    TooMuch,
}

/// The files of a directory.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) templates: Vec<Template>,
    /// Files that are left out, with the reason.
    pub(super) left_out: Vec<(PathBuf, FileProblem)>,
}

/// Reads all files below a directory, in the order of their paths.
pub(super) fn read(directory: &Path) -> io::Result<Files> {
    let mut paths = Vec::new();
    collect(directory, 0, &mut paths)?;
    paths.sort();
    let mut files = Files::default();
    let mut left = FILES_BYTES_MAX;
    for path in paths {
        match template(&path, left) {
            Ok(template) => {
                left = left.saturating_sub(template.data_set_bytes());
                files.templates.push(template);
            }
            Err(problem) => files.left_out.push((path, problem)),
        }
    }
    Ok(files)
}

fn collect(directory: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(&entry.path(), depth + 1, paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn template(path: &Path, bytes_max: u64) -> Result<Template, FileProblem> {
    if fs::metadata(path)?.len() > bytes_max {
        return Err(FileProblem::TooMuch);
    }
    let file = fs::read(path)?;
    let head = scan(&file)?;
    let is_given = |uid: &Option<Uid>| uid.as_ref().is_some_and(|uid| !uid.is_empty());
    if !is_given(&head.data_set.sop_instance) {
        return Err(FileProblem::NoUids);
    }
    let class = head.data_set.sop_class.filter(|class| !class.is_empty());
    let class = class.ok_or(FileProblem::NoUids)?;
    let offset = usize::try_from(head.data_set_offset).unwrap_or(usize::MAX);
    let syntax = head.transfer_syntax.as_str();
    let segments = with_places(file.get(offset..).unwrap_or_default(), syntax)?;
    Ok(Template::new(class.as_str(), syntax, segments))
}

fn scan(file: &[u8]) -> Result<FileHead, FileError> {
    let mut scan = FileScan::new(ReadMode::Detect);
    while let Ok(at) = usize::try_from(scan.wanted())
        && let Some(bytes) = file.get(at..).filter(|bytes| !bytes.is_empty())
    {
        scan.push(&bytes[..bytes.len().min(SCAN_BYTES)])?;
    }
    scan.finish(file.len() as u64)
}

/// The data set with places for UIDs. It is written anew once, in the same encoding, with UIDs that
/// occur nowhere else; where they stand are the places.
fn with_places(data_set: &[u8], syntax: &str) -> Result<Vec<Segment>, FileProblem> {
    let encoding = Encoding::for_reading(syntax);
    let is_deflated = encoding == Encoding::DeflatedExplicitLittle;
    let to = if is_deflated {
        Encoding::ExplicitLittle
    } else {
        encoding
    };
    let marks = marks();
    let edits = marks.iter().map(|mark| (mark.tag, mark.text.to_vec()));
    let options = RewriteOptions {
        edits: edits.collect(),
        ..RewriteOptions::default()
    };
    let rewriter = Rewriter::new(encoding, to, options.clone());
    let (mut out, mut summary) = rewritten(data_set, rewriter)?;
    if summary.are_offsets_wrong {
        let rewriter = Rewriter::new(encoding, to, options).without_offset_tables();
        (out, summary) = rewritten(data_set, rewriter)?;
    }
    let segments = cut(&out, &marks, marks.len() - summary.absent.len());
    if is_deflated {
        return deflated::deflate(segments).ok_or(FileProblem::LongHead);
    }
    Ok(segments)
}

fn rewritten(data_set: &[u8], mut rewriter: Rewriter) -> Result<(Vec<u8>, Summary), DataSetError> {
    let (mut rest, mut out) = (data_set, Vec::with_capacity(data_set.len()));
    while !rest.is_empty() {
        let taken = rewriter.push(rest, &mut out)?;
        rest = &rest[taken..];
    }
    let summary = rewriter.finish(&mut out)?;
    Ok((out, summary))
}

/// A UID that stands where another is to be.
struct Mark {
    tag: Tag,
    which: Which,
    text: UidText,
}

fn marks() -> [Mark; 3] {
    let uids = Uids::fresh();
    let mark = |tag, which, kind| Mark {
        tag,
        which,
        text: uids.uid(kind, 0),
    };
    [
        mark(Tag::SOP_INSTANCE, Which::Instance, Kind::Instance),
        mark(Tag::STUDY, Which::Study, Kind::Study),
        mark(Tag::SERIES, Which::Series, Kind::Series),
    ]
}

/// Cuts a data set at its marks, of which there are `count`.
fn cut(data_set: &[u8], marks: &[Mark], count: usize) -> Vec<Segment> {
    let windows = data_set.windows(UID_BYTES).enumerate();
    let found = windows.filter_map(|(at, window)| {
        let mark = marks.iter().find(|mark| mark.text == window)?;
        Some((at, mark.which))
    });
    let mut segments = Vec::new();
    let mut start = 0;
    for (at, which) in found.take(count) {
        segments.push(Segment::Bytes(data_set[start..at].into()));
        segments.push(Segment::Uid(which));
        start = at + UID_BYTES;
    }
    segments.push(Segment::Bytes(data_set[start..].into()));
    segments
}

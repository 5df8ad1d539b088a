//! Whether what was acknowledged is where it should be, byte for byte.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use pdvault_engine::dataset::{FILE_META_BYTES_MAX, file_meta};
use rustix::fs::{Advice, fadvise};
use serde::{Deserialize, Serialize};

use crate::corpus::{Corpus, Object};
use crate::number_set::NumberSet;

/// Read at a time when a file is compared, in bytes.
const BLOCK_BYTES: usize = 1 << 20;

/// How many files are read at once: a disk is slow when it is asked for one thing at a time.
const READERS: usize = 8;

/// How much of a file is read to find its data set, in bytes. Other receivers write longer file
/// meta information than ours.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// How deep directories are looked into: receivers sort by study, series, date.
const DEPTH_MAX: usize = 16;

/// How many paths are kept to be shown.
const EXAMPLES_MAX: usize = 10;

const _: () = assert!(FILE_META_BYTES_MAX as u64 <= HEAD_BYTES_MAX);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Objects acknowledged.
    pub acknowledged: u64,
    /// Those among them that are there as they were sent.
    pub found: u64,
    /// Objects acknowledged of which no file is there.
    pub missing: u64,
    /// Files of this run that are not as they were sent, acknowledged or not.
    pub different: u64,
    /// Some of these files, and some SOP instance UIDs of missing objects.
    pub examples: Vec<String>,
}

/// A directory or file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {error}")]
pub struct VerifyError {
    path: PathBuf,
    error: io::Error,
}

/// Looks for every acknowledged object below `directory`. Files that do not belong to this run are
/// left alone.
pub fn verify(
    directory: &Path,
    corpus: &Corpus,
    acknowledged: &NumberSet,
) -> Result<Verification, VerifyError> {
    let found = Mutex::new(Found {
        missing: acknowledged.clone(),
        result: Verification {
            acknowledged: acknowledged.len(),
            ..Verification::default()
        },
    });
    let (paths, queue) = bounded(READERS);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| read_all(&queue, corpus, &found)))
            .collect();
        let walked = walk(directory, 0, &paths);
        drop(paths);
        let read = readers
            .into_iter()
            .map(|reader| reader.join().expect("a reader does not panic"));
        // All of them have ended, whatever the first one says.
        read.collect::<Vec<_>>()
            .into_iter()
            .chain([walked])
            .collect::<Result<(), _>>()
    })?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(found.finish(corpus))
}

impl Verification {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.missing == 0 && self.different == 0
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} acknowledged objects found byte for byte, {} missing, {} files different",
            self.found, self.acknowledged, self.missing, self.different
        )?;
        for example in &self.examples {
            write!(f, "\n  {example}")?;
        }
        Ok(())
    }
}

/// Hands out the paths of all files.
fn walk(directory: &Path, depth: usize, paths: &Sender<PathBuf>) -> Result<(), VerifyError> {
    let failed = |error| failed(directory, error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(&entry.path(), depth + 1, paths)?;
        } else if kind.is_file() && paths.send(entry.path()).is_err() {
            // No reader is left; each says why.
            return Ok(());
        }
    }
    Ok(())
}

/// What one reader does. After an error it takes no further file.
fn read_all(
    queue: &Receiver<PathBuf>,
    corpus: &Corpus,
    found: &Mutex<Found>,
) -> Result<(), VerifyError> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut result = Ok(());
    for path in queue {
        // The others must not wait for a queue that nobody empties.
        if result.is_err() {
            continue;
        }
        match judge(&path, corpus, &mut block) {
            Ok(Some((number, is_same))) => {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.note(number, is_same, &path);
            }
            Ok(None) => {}
            Err(error) => result = Err(failed(&path, error)),
        }
    }
    result
}

/// The number of the object that a file holds, and whether it is as it was sent; `None` if it is none
/// of this run.
fn judge(path: &Path, corpus: &Corpus, block: &mut [u8]) -> io::Result<Option<(u64, bool)>> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    let mut start = Read::by_ref(&mut file).take(HEAD_BYTES_MAX);
    start.read_to_end(&mut head)?;
    let Some(meta) = file_meta::parse(&head) else {
        return Ok(None);
    };
    let instance = meta.sop_instance.as_str().as_bytes();
    let Some(number) = corpus.uids().count_of_instance(instance) else {
        return Ok(None);
    };
    let object = corpus.object(number);
    let is_same = is_as_sent(&object, &head[meta.data_set_offset..], &mut file, block)?;
    // The memory that held this file is best used for the next. Only a hint, which may be refused.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    Ok(Some((number, is_same)))
}

/// Whether a file holds an object, given the beginning of its data set and the rest.
fn is_as_sent(
    object: &Object,
    data_set: &[u8],
    rest: &mut File,
    block: &mut [u8],
) -> io::Result<bool> {
    if !object.matches(0, data_set) {
        return Ok(false);
    }
    let mut offset = data_set.len() as u64;
    loop {
        let count = rest.read(block)?;
        if count == 0 {
            return Ok(offset == object.data_set_bytes());
        }
        if !object.matches(offset, &block[..count]) {
            return Ok(false);
        }
        offset += count as u64;
    }
}

/// What all readers have found.
struct Found {
    missing: NumberSet,
    result: Verification,
}

impl Found {
    fn note(&mut self, number: u64, is_same: bool, path: &Path) {
        if !is_same {
            self.result.different += 1;
            self.example(format!("{} is not as it was sent", path.display()));
        } else if self.missing.remove(number) {
            self.result.found += 1;
        }
    }

    fn example(&mut self, text: String) {
        if self.result.examples.len() < EXAMPLES_MAX {
            self.result.examples.push(text);
        }
    }

    fn finish(mut self, corpus: &Corpus) -> Verification {
        self.result.missing = self.missing.len();
        let missing: Vec<u64> = self.missing.iter().take(EXAMPLES_MAX).collect();
        for number in missing {
            let object = corpus.object(number);
            self.example(format!("{} is missing", object.sop_instance()));
        }
        self.result
    }
}

fn failed(path: &Path, error: io::Error) -> VerifyError {
    VerifyError {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Mix;
    use pdvault_engine::dataset::FileMeta;
    use pdvault_engine::registry::transfer_syntax;
    use pdvault_engine::value::{AeTitle, Uid};

    fn corpus() -> Corpus {
        let syntax = transfer_syntax("1.2.840.10008.1.2.1").expect("known");
        Corpus::of_mix(Mix::Mr, syntax).expect("made")
    }

    /// Object `number` as a receiver would store it.
    fn stored(corpus: &Corpus, number: u64) -> Vec<u8> {
        let object = corpus.object(number);
        let meta = FileMeta {
            sop_class: &Uid::from(object.template().sop_class()),
            sop_instance: &Uid::from(object.sop_instance()),
            transfer_syntax: &Uid::from(object.template().transfer_syntax()),
            source_ae_title: &AeTitle::new("TEST").expect("legal"),
        };
        let mut bytes = vec![0; FILE_META_BYTES_MAX];
        let length = meta.encode(&mut bytes);
        bytes.truncate(length);
        bytes.extend(object.to_vec());
        bytes
    }

    fn numbers(numbers: std::ops::Range<u64>) -> NumberSet {
        let mut set = NumberSet::default();
        numbers.for_each(|number| set.insert(number));
        set
    }

    #[test]
    fn what_is_there_is_found_in_any_directory_below() {
        let (corpus, directory) = (corpus(), tempfile::tempdir().expect("a directory"));
        let below = directory.path().join("study/series");
        fs::create_dir_all(&below).expect("made");
        fs::write(directory.path().join("a"), stored(&corpus, 0)).expect("written");
        fs::write(below.join("b.dcm"), stored(&corpus, 1)).expect("written");
        fs::write(below.join("note.txt"), "not DICOM").expect("written");
        let other_run = self::corpus();
        fs::write(below.join("c"), &stored(&other_run, 2)[..5000]).expect("written");
        let result = verify(directory.path(), &corpus, &numbers(0..2)).expect("readable");
        assert!(result.is_good(), "{result}");
        assert_eq!((result.acknowledged, result.found), (2, 2));
    }

    #[test]
    fn missing_short_long_and_changed_objects_are_told() {
        let (corpus, directory) = (corpus(), tempfile::tempdir().expect("a directory"));
        let write = |name: &str, bytes: &[u8]| {
            fs::write(directory.path().join(name), bytes).expect("written");
        };
        let mut short = stored(&corpus, 0);
        short.truncate(100_000);
        write("short", &short);
        let mut long = stored(&corpus, 1);
        long.push(0);
        write("long", &long);
        let mut changed = stored(&corpus, 2);
        changed[90_000] ^= 1;
        write("changed", &changed);
        let result = verify(directory.path(), &corpus, &numbers(0..4)).expect("readable");
        assert!(!result.is_good());
        assert_eq!((result.found, result.missing, result.different), (0, 4, 3));
        let text = result.to_string();
        assert!(text.contains("changed is not as it was sent"), "{text}");
        assert!(text.contains(corpus.object(3).sop_instance()), "{text}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let error = verify(Path::new("/nowhere"), &corpus(), &numbers(0..1));
        let error = error.expect_err("no directory").to_string();
        assert!(error.starts_with("cannot read /nowhere: "), "{error}");
    }
}

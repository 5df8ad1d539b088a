//! `--on-duplicate same`: is what comes what we have?

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::OFlags;

use super::failure::{Operation, StoreFailure};
use super::part::{PartFile, retry_interrupted};
use super::{Context, Durability, ObjectHead};
use crate::dataset::file_meta;
use crate::value::Uid;

/// How much of a file is read at once, in bytes. The memory for it is held for the length of a call:
/// an object that waits for its next bytes keeps none.
const READ_BYTES: usize = 256 << 10;

/// How much of a file is searched for its file meta information, in bytes. Ours has less than one
/// kilobyte; other writers may have added private information.
const META_BYTES_MAX: usize = 64 << 10;

/// A published file, opened to be compared.
struct Existing {
    file: File,
    size: u64,
    /// When it was last modified, in seconds and nanoseconds.
    modified: (i64, i64),
    /// Where its data set begins, in bytes.
    data_offset: u64,
}

impl Existing {
    /// `None` when the name is free, or its file can't be the same object: no DICOM file, or of
    /// another transfer syntax.
    fn open(context: &Context, name: &str, syntax: &Uid) -> io::Result<Option<Self>> {
        let Some(file) = context.directory.open_published(name)? else {
            return Ok(None);
        };
        let metadata = file.metadata()?;
        let mut prefix = vec![0; META_BYTES_MAX];
        let len = read_full(&file, &mut prefix, 0)?;
        let Some(meta) = file_meta::parse(&prefix[..len]) else {
            return Ok(None);
        };
        if meta.transfer_syntax != *syntax {
            return Ok(None);
        }
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let data_offset = meta.data_set_offset as u64;
        Ok(Some(Self {
            file,
            size: metadata.len(),
            modified,
            data_offset,
        }))
    }

    /// Whether it is still what it was when it was opened. Replacing it by another file does not
    /// change this one; only writing into it does.
    fn is_unchanged(&self) -> bool {
        self.file.metadata().is_ok_and(|now| {
            now.len() == self.size && (now.mtime(), now.mtime_nsec()) == self.modified
        })
    }
}

/// An object on its way that has been, so far, the same as the file that has its name: same
/// transfer syntax, same data set. The file meta information before it may differ.
pub(super) struct Comparison {
    existing: Existing,
    header_len: usize,
    /// The new object's file meta information, from its first extent.
    header: Vec<u8>,
}

impl Comparison {
    /// `None` when there is nothing to compare with.
    pub(super) fn begin(
        context: &Context,
        name: &str,
        head: &ObjectHead,
    ) -> io::Result<Option<Self>> {
        let existing = Existing::open(context, name, &head.transfer_syntax)?;
        Ok(existing.map(|existing| Self {
            existing,
            header_len: head.header_len,
            header: Vec::new(),
        }))
    }

    /// Whether the object, the same up to `offset`, is the same with these bytes too.
    pub(super) fn goes_on_with(&mut self, bytes: &[u8], offset: u64) -> io::Result<bool> {
        let mut data = bytes;
        let mut at = self.existing_offset(offset);
        if offset == 0 {
            let Some((header, rest)) = bytes.split_at_checked(self.header_len) else {
                return Ok(false);
            };
            header.clone_into(&mut self.header);
            data = rest;
            at = self.existing.data_offset;
        }
        let mut buffer = vec![0; data.len().min(READ_BYTES)];
        for part in data.chunks(READ_BYTES) {
            let there = &mut buffer[..part.len()];
            if read_full(&self.existing.file, there, at)? < part.len() || there != part {
                return Ok(false);
            }
            at += part.len() as u64;
        }
        Ok(true)
    }

    /// Whether an object that ended at `len`, the same up to there, is the same as a whole.
    pub(super) fn is_same_to_the_end(&self, len: u64) -> bool {
        len >= self.header_len as u64
            && self.existing_offset(len) == self.existing.size
            && self.existing.is_unchanged()
    }

    /// Writes to another file what has been the same: the first `len` bytes of the object, its own
    /// header and then the data set from the existing file.
    pub(super) fn copy_to(&self, part: &mut PartFile, len: u64) -> io::Result<()> {
        if len == 0 {
            return Ok(());
        }
        part.write(&self.header, 0, false)?;
        let mut buffer = vec![0; READ_BYTES];
        let mut at = self.header_len as u64;
        while at < len {
            let step = usize::try_from(len - at).map_or(READ_BYTES, |left| left.min(READ_BYTES));
            let copied = &mut buffer[..step];
            self.existing
                .file
                .read_exact_at(copied, self.existing_offset(at))?;
            part.write(copied, at, false)?;
            at += step as u64;
        }
        if self.existing.is_unchanged() {
            Ok(())
        } else {
            Err(io::Error::other("the file changed while it was compared"))
        }
    }

    /// Brings the data of the existing file to stable storage.
    pub(super) fn sync_existing(&self) -> io::Result<()> {
        retry_interrupted(|| self.existing.file.sync_data())
    }

    /// Where the byte at `offset` of the new object's file is in the existing one.
    fn existing_offset(&self, offset: u64) -> u64 {
        self.existing.data_offset + offset.saturating_sub(self.header_len as u64)
    }
}

/// Compares a written file with the published one that took its name in the meantime. If they are
/// the same, the published one is made durable, as far as that is asked for.
pub(super) fn is_same(
    context: &Context,
    part: &PartFile,
    name: &str,
    head: &ObjectHead,
) -> Result<bool, StoreFailure> {
    let path = context.directory.path_of(name);
    let failed = |operation| {
        let path = &path;
        move |error| StoreFailure::of_system(operation, path, &error)
    };
    let same = same_as_published(context, part.file(), name, head);
    let Some(comparison) = same.map_err(failed(Operation::Compare))? else {
        return Ok(false);
    };
    if context.config.durability == Durability::Object {
        comparison
            .sync_existing()
            .map_err(failed(Operation::SyncData))?;
    }
    Ok(true)
}

fn same_as_published(
    context: &Context,
    written: BorrowedFd<'_>,
    name: &str,
    head: &ObjectHead,
) -> io::Result<Option<Comparison>> {
    let Some(mut comparison) = Comparison::begin(context, name, head)? else {
        return Ok(None);
    };
    let written = readable(written)?;
    let mut bytes = vec![0; READ_BYTES];
    let mut offset = 0;
    loop {
        let len = read_full(&written, &mut bytes, offset)?;
        if len == 0 {
            break;
        }
        if !comparison.goes_on_with(&bytes[..len], offset)? {
            return Ok(None);
        }
        offset += len as u64;
    }
    Ok(comparison.is_same_to_the_end(offset).then_some(comparison))
}

/// A second descriptor for a file that is written, fit to read any range: without `O_DIRECT`, which
/// both descriptors lose. Nothing more is written then.
fn readable(written: BorrowedFd<'_>) -> io::Result<File> {
    rustix::fs::fcntl_setfl(written, OFlags::empty())?;
    let copy: OwnedFd = written.try_clone_to_owned()?;
    Ok(File::from(copy))
}

/// Reads until `buffer` is full or the file ends, and returns how many bytes that were.
fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        let at = offset + len as u64;
        match retry_interrupted(|| file.read_at(&mut buffer[len..], at))? {
            0 => break,
            read => len += read,
        }
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::FILE_META_BYTES_MAX;
    use crate::store::tests::support::{Sample, directory};
    use crate::store::write_out::WriteOut;
    use crate::store::{Directory, StoreConfig, SystemSinks};

    #[test]
    fn an_open_comparison_holds_no_more_memory_than_a_header() {
        let temporary = directory();
        let config = StoreConfig::new(temporary.path());
        let (write_out, _) = WriteOut::start(config.durability).expect("no thread to start");
        let directory = Directory::open(temporary.path()).expect("opened").0;
        let context = Context::new(config, directory, Arc::new(SystemSinks), write_out);
        let sample = Sample::new("1.2", 2 * READ_BYTES, 1);
        let file = sample.file();
        std::fs::write(context.directory.path_of(&sample.name()), &file).expect("written");
        let mut comparison = Comparison::begin(&context, &sample.name(), &sample.head())
            .expect("readable")
            .expect("something to compare with");
        for offset in (0..file.len()).step_by(file.len() / 3) {
            let bytes = &file[offset..file.len().min(offset + file.len() / 3)];
            assert!(
                comparison
                    .goes_on_with(bytes, offset as u64)
                    .expect("readable")
            );
        }
        assert!(comparison.is_same_to_the_end(file.len() as u64));
        // Every field, so that none can be added without a look at this.
        let Comparison {
            existing:
                Existing {
                    file: _,
                    size: _,
                    modified: _,
                    data_offset: _,
                },
            header_len: _,
            header,
        } = comparison;
        assert!(header.capacity() <= FILE_META_BYTES_MAX);
    }
}

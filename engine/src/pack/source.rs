//! Bytes that can be read at any place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How often in a row a read that a signal interrupted is tried again.
const INTERRUPTED_MAX: u32 = 100;

/// Bytes that can be read at any place, by several readers at once.
pub trait ReadAt {
    /// Reads some bytes at `offset`; fewer than asked for, or none, at the end.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How many bytes there are.
    ///
    /// # Errors
    /// The system's.
    fn byte_count(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn byte_count(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).map_or(self.len(), |at| at.min(self.len()));
        let length = bytes.len().min(self.len() - start);
        bytes[..length].copy_from_slice(&self[start..start + length]);
        Ok(length)
    }

    fn byte_count(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(bytes, offset)
    }

    fn byte_count(&self) -> io::Result<u64> {
        self.as_slice().byte_count()
    }
}

impl<S: ReadAt + ?Sized> ReadAt for &S {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(bytes, offset)
    }

    fn byte_count(&self) -> io::Result<u64> {
        (**self).byte_count()
    }
}

/// Reads until `bytes` are full or the source ends. Returns how many were read.
pub(super) fn read_up_to(
    source: &(impl ReadAt + ?Sized),
    bytes: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let (mut done, mut interrupted) = (0, 0);
    while done < bytes.len() {
        match source.read_at(&mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error)
                if error.kind() == io::ErrorKind::Interrupted && interrupted < INTERRUPTED_MAX =>
            {
                interrupted += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Reads all of `bytes`.
///
/// # Errors
/// `UnexpectedEof` where the source ends before.
pub(super) fn read_exactly(
    source: &(impl ReadAt + ?Sized),
    bytes: &mut [u8],
    offset: u64,
) -> io::Result<()> {
    if read_up_to(source, bytes, offset)? < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

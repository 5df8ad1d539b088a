//! The contents of a disk, in memory. A copy costs little: pages are shared until one is written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What is shared between copies, in bytes.
const PAGE_BYTES: usize = 4096;

type Page = [u8; PAGE_BYTES];

/// A disk's contents; what was never written reads as zeros.
#[derive(Clone)]
pub(crate) struct Image {
    pages: Vec<Option<Arc<Page>>>,
}

impl Image {
    /// An empty disk of this many bytes, a multiple of a page.
    pub(crate) fn new(bytes: usize) -> Self {
        assert!(bytes.is_multiple_of(PAGE_BYTES), "a disk of whole pages");
        Self {
            pages: vec![None; bytes / PAGE_BYTES],
        }
    }

    /// Its size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.pages.len() * PAGE_BYTES
    }

    /// Overwrites what is at `offset`; what reaches over the end is dropped.
    pub(crate) fn write(&mut self, offset: usize, data: &[u8]) {
        for (page, from, part) in pieces(offset, data.len()) {
            let Some(page) = self.pages.get_mut(page) else {
                return;
            };
            let page = page.get_or_insert_with(|| Arc::new([0; PAGE_BYTES]));
            let piece = &data[part.clone()];
            Arc::make_mut(page)[from..from + piece.len()].copy_from_slice(piece);
        }
    }

    /// Fills `out` with what is at `offset`; zeros beyond the end.
    pub(crate) fn read(&self, offset: usize, out: &mut [u8]) {
        for (page, from, part) in pieces(offset, out.len()) {
            let piece = &mut out[part];
            match self.pages.get(page) {
                Some(Some(page)) => piece.copy_from_slice(&page[from..from + piece.len()]),
                _ => piece.fill(0),
            }
        }
    }

    /// Writes it to an empty file, with holes where nothing was ever written.
    pub(crate) fn save(&self, file: &mut File) -> io::Result<()> {
        file.set_len(self.bytes() as u64)?;
        for (number, page) in self.pages.iter().enumerate() {
            if let Some(page) = page {
                file.write_all_at(&page[..], (number * PAGE_BYTES) as u64)?;
            }
        }
        Ok(())
    }
}

/// Cuts `len` bytes at `offset` at page borders: page, place in the page, range of the bytes.
fn pieces(
    offset: usize,
    len: usize,
) -> impl Iterator<Item = (usize, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done;
        let (page, from) = (at / PAGE_BYTES, at % PAGE_BYTES);
        let end = len.min(done + PAGE_BYTES - from);
        let part = done..end;
        done = end;
        (!part.is_empty()).then_some((page, from, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_had_when_the_other_is_written() {
        let mut first = Image::new(4 * PAGE_BYTES);
        first.write(PAGE_BYTES - 3, b"abcdef");
        let second = first.clone();
        first.write(PAGE_BYTES, b"XYZ");
        let mut out = [1; 8];
        first.read(PAGE_BYTES - 4, &mut out);
        assert_eq!(&out, b"\0abcXYZ\0");
        second.read(PAGE_BYTES - 4, &mut out);
        assert_eq!(&out, b"\0abcdef\0");
    }

    #[test]
    fn what_lies_beyond_the_end_is_dropped_and_reads_as_zeros() {
        let mut image = Image::new(PAGE_BYTES);
        image.write(PAGE_BYTES - 2, b"abcd");
        let mut out = [1; 4];
        image.read(PAGE_BYTES - 2, &mut out);
        assert_eq!(&out, b"ab\0\0");
    }
}

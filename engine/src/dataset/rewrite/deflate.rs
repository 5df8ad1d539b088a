//! Deflates what was written (PS3.5 A.5).

use flate2::{Compress, CompressError, Compression, FlushCompress, Status};

use crate::dataset::inflate::PIECE_BYTES_MAX;

/// The deepest compression of zlib.
const LEVEL_MAX: u32 = 9;

#[derive(Debug)]
pub(super) struct Deflater {
    stream: Compress,
    staging: Vec<u8>,
}

impl Deflater {
    pub(super) fn new(level: u32) -> Self {
        Self {
            stream: Compress::new(Compression::new(level.min(LEVEL_MAX)), false),
            staging: Vec::new(),
        }
    }

    /// Where to put what is to be deflated.
    pub(super) fn staging(&mut self) -> &mut Vec<u8> {
        &mut self.staging
    }

    /// Deflates what is staged and appends it to `out`.
    pub(super) fn compress(&mut self, out: &mut Vec<u8>) -> Result<(), CompressError> {
        let mut taken = 0;
        while taken < self.staging.len() {
            let before = self.stream.total_in();
            out.reserve(PIECE_BYTES_MAX);
            self.stream
                .compress_vec(&self.staging[taken..], out, FlushCompress::None)?;
            // No more than the slice that was given.
            taken += usize::try_from(self.stream.total_in() - before).unwrap_or(usize::MAX);
        }
        self.staging.clear();
        Ok(())
    }

    /// Ends the stream, and pads it to an even length.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.compress(out)?;
        loop {
            out.reserve(PIECE_BYTES_MAX);
            let status = self.stream.compress_vec(&[], out, FlushCompress::Finish)?;
            if status == Status::StreamEnd {
                break;
            }
        }
        if self.stream.total_out() % 2 == 1 {
            out.push(0);
        }
        Ok(())
    }
}

//! Where a data set's bytes come from: as they are, or inflated (PS3.5 A.5).

use flate2::{Decompress, FlushDecompress, Status};

use super::Encoding;

/// How much is taken, or inflated, at once: enough to make the bookkeeping cheap, and it bounds
/// what one turn of the work can produce.
pub(super) const PIECE_BYTES_MAX: usize = 64 * 1024;

/// A deflated stream that is no stream of RFC 1951.
#[derive(Debug)]
pub(super) struct DeflateError;

/// Gives the data set piece by piece.
#[derive(Debug)]
pub(super) enum Source {
    Plain,
    Deflated(Inflater),
}

/// Undoes the deflating.
#[derive(Debug)]
pub(super) struct Inflater {
    stream: Decompress,
    piece: Box<[u8]>,
    has_ended: bool,
}

impl Source {
    pub(super) fn new(encoding: Encoding) -> Self {
        if encoding.is_deflated() {
            Self::Deflated(Inflater {
                stream: Decompress::new(false),
                piece: vec![0; PIECE_BYTES_MAX].into(),
                has_ended: false,
            })
        } else {
            Self::Plain
        }
    }

    /// Takes from the front of `input` and gives the next piece of the data set, at most
    /// [`PIECE_BYTES_MAX`]; an empty one if all of `input` was taken and nothing is left.
    pub(super) fn piece<'piece, 'input: 'piece>(
        &'piece mut self,
        input: &mut &'input [u8],
    ) -> Result<&'piece [u8], DeflateError> {
        match self {
            Self::Plain => {
                let (piece, rest) = input.split_at(input.len().min(PIECE_BYTES_MAX));
                *input = rest;
                Ok(piece)
            }
            Self::Deflated(inflater) => inflater.piece(input),
        }
    }

    /// Whether the data set can end here.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Plain => true,
            Self::Deflated(inflater) => inflater.has_ended,
        }
    }

    /// Whether bytes of the data set are not those of the input.
    pub(super) fn is_deflated(&self) -> bool {
        matches!(self, Self::Deflated(_))
    }
}

impl Inflater {
    fn piece(&mut self, input: &mut &[u8]) -> Result<&[u8], DeflateError> {
        while !self.has_ended {
            let (taken, given, status) = self.step(input)?;
            *input = &input[taken..];
            self.has_ended = status == Status::StreamEnd;
            if given > 0 {
                return Ok(&self.piece[..given]);
            }
            if input.is_empty() {
                return Ok(&[]);
            }
            if taken == 0 && !self.has_ended {
                return Err(DeflateError);
            }
        }
        // A byte of padding, which makes the whole even (PS3.5 A.5).
        *input = &[];
        Ok(&[])
    }

    /// Inflates once. Returns how many bytes were taken and given.
    fn step(&mut self, input: &[u8]) -> Result<(usize, usize, Status), DeflateError> {
        let (taken, given) = (self.stream.total_in(), self.stream.total_out());
        let status = self
            .stream
            .decompress(input, &mut self.piece, FlushDecompress::None)
            .map_err(|_| DeflateError)?;
        let taken = usize::try_from(self.stream.total_in() - taken).map_err(|_| DeflateError)?;
        let given = usize::try_from(self.stream.total_out() - given).map_err(|_| DeflateError)?;
        Ok((taken, given, status))
    }
}

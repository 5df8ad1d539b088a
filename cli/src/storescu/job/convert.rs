//! A data set in the form that the peer takes it in.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use pdvault_engine::dataset::{DataSetError, Encoding, RewriteOptions, Rewriter, Summary, Tag};

use super::object::Object;

/// How much of a file is read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Data sets up to this length, in bytes, are converted in memory before anything is promised to the
/// peer. Longer ones are converted twice: once to see that it can be done, once as they leave.
const IN_MEMORY_BYTES_MAX: u64 = 4 << 20;

/// Why a data set cannot be converted.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConvertError {
    /// Compressed data, or what a later standard has added, is passed on as it is or not at all.
    #[error("unable to convert data set from '{from}' to '{to}' transfer syntax")]
    Impossible {
        /// How it is encoded.
        from: String,
        /// How the peer wants it.
        to: String,
    },
    /// It is damaged.
    #[error(transparent)]
    Bad(#[from] DataSetError),
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What has to be done to a data set before it can leave.
#[derive(Clone, Debug)]
pub(super) struct Conversion {
    from: Encoding,
    to: Encoding,
    options: RewriteOptions,
    /// Whether offset tables of compressed pixel data stay; they do while they hold.
    keeps_offsets: bool,
}

/// A converted data set.
pub(super) enum Converted {
    /// All of it.
    Whole(Vec<u8>),
    /// One that comes into being while it is sent.
    Stream(Box<ConvertingReader>),
}

impl Conversion {
    /// What it takes to send `object` in the transfer syntax `to`; `None` if it can leave as it is.
    pub(super) fn plan(
        object: &Object,
        to: &str,
        options: RewriteOptions,
    ) -> Result<Option<Self>, ConvertError> {
        let from = object.transfer_syntax.as_str();
        if from == to {
            let encoding = Encoding::for_reading(from);
            // Fragments have even lengths (PS3.8 annex E.1), so values of odd length are padded first.
            // A deflated data set is padded behind its end, as it leaves.
            let is_even =
                object.bytes.is_multiple_of(2) || encoding == Encoding::DeflatedExplicitLittle;
            let is_as_it_is = is_even && options.edits.is_empty() && !options.old_vr_only;
            return Ok((!is_as_it_is).then_some(Self {
                from: encoding,
                to: encoding,
                options,
                keeps_offsets: true,
            }));
        }
        let encodings =
            Encoding::from_transfer_syntax(from).zip(Encoding::from_transfer_syntax(to));
        match encodings {
            Some((from, to)) => Ok(Some(Self {
                from,
                to,
                options,
                keeps_offsets: true,
            })),
            None => Err(ConvertError::Impossible {
                from: from.to_owned(),
                to: to.to_owned(),
            }),
        }
    }

    /// Converts a data set, or sees that it can be done. Returns, too, which of the elements to be
    /// edited are absent.
    pub(super) fn convert(self, object: &Object) -> Result<(Converted, Vec<Tag>), ConvertError> {
        let mut reader = ConvertingReader::new(self.clone(), object);
        let is_kept = object.bytes <= IN_MEMORY_BYTES_MAX;
        let mut out = Vec::new();
        while reader.advance(&mut out)? {
            if !is_kept {
                out.clear();
            }
        }
        let Summary {
            absent,
            are_offsets_wrong,
        } = reader.summary;
        if are_offsets_wrong {
            let without_offsets = Self {
                keeps_offsets: false,
                ..self
            };
            return without_offsets.convert(object);
        }
        let converted = if is_kept {
            Converted::Whole(out)
        } else {
            Converted::Stream(Box::new(ConvertingReader::new(self, object)))
        };
        Ok((converted, absent))
    }

    fn rewriter(self) -> Rewriter {
        let rewriter = Rewriter::new(self.from, self.to, self.options);
        if self.keeps_offsets {
            rewriter
        } else {
            rewriter.without_offset_tables()
        }
    }
}

/// Reads a data set from its file and gives it converted.
pub(super) struct ConvertingReader {
    file: Arc<File>,
    /// Where the next bytes are read.
    position: u64,
    end: u64,
    /// `None` once everything is converted.
    rewriter: Option<Rewriter>,
    input: Vec<u8>,
    /// What of the input has been converted.
    taken: usize,
    /// What was found; nothing before the end.
    summary: Summary,
    output: Vec<u8>,
    given: usize,
}

impl ConvertingReader {
    fn new(conversion: Conversion, object: &Object) -> Self {
        Self {
            file: Arc::clone(&object.file),
            position: object.offset,
            end: object.offset + object.bytes,
            rewriter: Some(conversion.rewriter()),
            input: Vec::new(),
            taken: 0,
            summary: Summary::default(),
            output: Vec::new(),
            given: 0,
        }
    }

    /// Converts a little more, onto the end of `out`. False: that was all.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<bool, ConvertError> {
        if self.taken == self.input.len() {
            self.read_input()?;
        }
        let Some(rewriter) = &mut self.rewriter else {
            return Ok(false);
        };
        if self.taken < self.input.len() {
            self.taken += rewriter.push(&self.input[self.taken..], out)?;
        } else if let Some(rewriter) = self.rewriter.take() {
            self.summary = rewriter.finish(out)?;
        }
        Ok(true)
    }

    fn read_input(&mut self) -> io::Result<()> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        self.input.resize(left.min(READ_BYTES), 0);
        self.taken = 0;
        // Shorter than it was: the element that is cut says so.
        self.file.read_exact_at(&mut self.input, self.position)?;
        self.position += self.input.len() as u64;
        Ok(())
    }
}

impl Read for ConvertingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            let mut output = std::mem::take(&mut self.output);
            output.clear();
            self.given = 0;
            let goes_on = self.advance(&mut output);
            self.output = output;
            if !goes_on.map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let ready = &self.output[self.given..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.given += length;
        Ok(length)
    }
}

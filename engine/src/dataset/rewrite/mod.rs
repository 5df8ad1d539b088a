//! The same data set in another encoding, or with other values, as a stream.

mod deflate;
mod offsets;
mod swap;
mod writer;

use deflate::Deflater;
use writer::Writer;

use super::error::{DataSetError, What};
use super::inflate::Source;
use super::parser::Parser;
use super::{Encoding, Tag};

/// How much output ends a turn of [`Rewriter::push`], in bytes. One turn gives a few times as much
/// at most.
const TURN_BYTES: usize = 256 * 1024;

/// What else to do than to change the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteOptions {
    /// New values of elements of text, UIDs and the like, as bytes without padding. Only an element
    /// of the data set itself, not of an item, that is present and no sequence gets its value.
    pub edits: Vec<(Tag, Vec<u8>)>,
    /// Writes VRs that came after 1993 as OB, their numbers little endian: UN, UT, UC, UR, OF, OD,
    /// OL, OV, SV, UV (`--disable-new-vr`).
    pub old_vr_only: bool,
    /// How hard deflating tries, from 0 (not at all) to 9; 6 is zlib's own choice.
    pub compression_level: u32,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self {
            edits: Vec::new(),
            old_vr_only: false,
            compression_level: 6,
        }
    }
}

/// What was found while a data set was rewritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Which elements were to be edited and are absent, in the order of the edits.
    pub absent: Vec<Tag>,
    /// Whether padding has moved fragments that an offset table points to. What was written is not
    /// to be used then: do it again with [`Rewriter::without_offset_tables`].
    pub are_offsets_wrong: bool,
}

/// Rewrites a data set while it streams through.
///
/// Sequences and items that are not empty get an undefined length (PS3.5 7.5.2), as their length in
/// the new encoding is not known when they begin. Group lengths and trailing padding are left out
/// (PS3.5 7.2, PS3.10 7.2). Values of odd length are padded. An element without a VR gets that of
/// PS3.6; where the standard leaves a choice, pixels, overlays, waveforms and lookup tables are OW
/// (PS3.5 A.1, A.2), and numbers are US or SS as the Pixel Representation says that was met before.
/// Private elements are UN, as is a value that is too long for its VR; UN is little endian
/// everywhere (PS3.5 6.2.2).
///
/// Encapsulated pixel data is passed on if the encoding stays the same, and an error otherwise. Its
/// fragments are padded like other values; see [`Summary::are_offsets_wrong`].
#[derive(Debug)]
pub struct Rewriter {
    source: Source,
    parser: Parser,
    writer: Writer,
    deflater: Option<Deflater>,
}

impl Rewriter {
    /// Begins with the first byte of a data set.
    pub fn new(from: Encoding, to: Encoding, options: RewriteOptions) -> Self {
        let deflater = to
            .is_deflated()
            .then(|| Deflater::new(options.compression_level));
        Self {
            source: Source::new(from),
            parser: Parser::new(from.syntax()),
            writer: Writer::new(to.syntax(), from == to, options.edits, options.old_vr_only),
            deflater,
        }
    }

    /// Empties the basic offset tables of encapsulated pixel data, and leaves out the extended ones:
    /// the standard demands neither (PS3.5 A.4, PS3.3 C.7.6.3). To be called before the first byte.
    #[must_use]
    pub fn without_offset_tables(mut self) -> Self {
        self.writer.leave_out_offset_tables();
        self
    }

    /// Takes bytes from the front of `input` and appends what they become to `out`. Returns how many
    /// it took: fewer than all when `out` has grown by a few hundred kilobytes, so that it can be
    /// sent before it grows more. At least one, if there is one.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, DataSetError> {
        let mut rest = input;
        let full = out.len() + TURN_BYTES;
        while self.piece(&mut rest, out)? && out.len() < full {}
        Ok(input.len() - rest.len())
    }

    /// Tells that the data set ends here, and appends its end to `out`: less than a megabyte.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Summary, DataSetError> {
        while self.piece(&mut [].as_slice(), out)? {}
        self.parser.finish()?;
        if !self.source.is_complete() {
            return Err(self.parser.error(What::Truncated));
        }
        if let Some(deflater) = self.deflater {
            deflater
                .finish(out)
                .map_err(|_| self.parser.error(What::Deflate))?;
        }
        Ok(self.writer.into_summary())
    }

    /// Rewrites the next piece. Returns whether there was any.
    fn piece(&mut self, rest: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, DataSetError> {
        let Ok(mut piece) = self.source.piece(rest) else {
            return Err(self.parser.error(What::Deflate));
        };
        let is_some = !piece.is_empty();
        let written = match &mut self.deflater {
            Some(deflater) => deflater.staging(),
            None => &mut *out,
        };
        while let Some(token) = self.parser.next(&mut piece)? {
            self.writer
                .token(token, self.parser.depth(), written)
                .map_err(|what| self.parser.error(what))?;
        }
        if let Some(deflater) = &mut self.deflater {
            deflater
                .compress(out)
                .map_err(|_| self.parser.error(What::Deflate))?;
        }
        Ok(is_some)
    }
}

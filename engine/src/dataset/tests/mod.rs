//! Tests of the scans and the rewriter, with an encoder of their own.

mod bounds;
mod damage;
mod files;
mod heads;
mod model;
mod oddities;
mod properties;

use super::rewrite::{RewriteOptions, Rewriter, Summary};
use super::{DataSetError, Encoding};

const ENCODINGS: [Encoding; 4] = [
    Encoding::ImplicitLittle,
    Encoding::ExplicitLittle,
    Encoding::ExplicitBig,
    Encoding::DeflatedExplicitLittle,
];

/// Rewrites a data set that comes in pieces of these sizes, over and over.
fn rewrite_in_pieces(
    mut rewriter: Rewriter,
    mut input: &[u8],
    sizes: &[usize],
) -> Result<(Vec<u8>, Summary), DataSetError> {
    let mut out = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !input.is_empty() {
        let size = sizes.next().map_or(input.len(), |&size| size.max(1));
        let piece = &input[..size.min(input.len())];
        let taken = rewriter.push(piece, &mut out)?;
        assert!(taken > 0, "every turn goes on");
        input = &input[taken..];
    }
    let summary = rewriter.finish(&mut out)?;
    Ok((out, summary))
}

/// Rewrites a data set at once.
fn rewrite(from: Encoding, to: Encoding, input: &[u8]) -> Result<Vec<u8>, DataSetError> {
    let rewriter = Rewriter::new(from, to, RewriteOptions::default());
    rewrite_in_pieces(rewriter, input, &[]).map(|(out, _)| out)
}

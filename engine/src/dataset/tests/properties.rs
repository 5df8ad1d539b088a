//! What holds for every data set, in every encoding, however it is cut.

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Lengths, Node, data_set, encode, encode_plain, inflate};
use super::{ENCODINGS, rewrite, rewrite_in_pieces};
use crate::dataset::{Encoding, FileScan, HeadScan, ReadMode, RewriteOptions, Rewriter};

fn any_encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(ENCODINGS.to_vec())
}

fn any_lengths() -> impl Strategy<Value = Lengths> {
    prop::sample::select(vec![Lengths::Defined, Lengths::Undefined])
}

/// The elements, whether or not they are deflated.
fn plain(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    if encoding == Encoding::DeflatedExplicitLittle {
        assert_eq!(bytes.len() % 2, 0, "PS3.5 A.5");
        inflate(bytes)
    } else {
        bytes.to_vec()
    }
}

/// Where a data set may end: behind each of its own elements.
fn boundaries(nodes: &[Node], encoding: Encoding) -> Vec<usize> {
    (0..=nodes.len())
        .map(|count| encode_plain(&nodes[..count], encoding, Lengths::Defined).len())
        .collect()
}

proptest! {
    #[test]
    fn every_encoding_becomes_every_other(
        nodes in data_set(),
        from in any_encoding(),
        to in any_encoding(),
        lengths in any_lengths(),
        sizes in vec(1_usize..50, 1..20),
    ) {
        let input = encode(&nodes, from, lengths);
        let rewriter = Rewriter::new(from, to, RewriteOptions::default());
        let (out, _) = rewrite_in_pieces(rewriter, &input, &sizes).expect("a good data set");
        let expected = encode_plain(&nodes, to, Lengths::Undefined);
        prop_assert_eq!(plain(&out, to), expected);
    }

    #[test]
    fn however_the_input_is_cut_the_output_is_the_same(
        nodes in data_set(),
        from in any_encoding(),
        to in any_encoding(),
        sizes in vec(1_usize..20, 1..20),
    ) {
        let input = encode(&nodes, from, Lengths::Defined);
        let rewriter = Rewriter::new(from, to, RewriteOptions::default());
        let (in_pieces, _) = rewrite_in_pieces(rewriter, &input, &sizes).expect("good");
        prop_assert_eq!(
            plain(&in_pieces, to),
            plain(&rewrite(from, to, &input).expect("good"), to)
        );
    }

    #[test]
    fn a_data_set_that_is_cut_off_is_an_error_unless_an_element_ends_there(
        nodes in data_set(),
        from in prop::sample::select(ENCODINGS[..3].to_vec()),
        at in any::<prop::sample::Index>(),
    ) {
        let input = encode(&nodes, from, Lengths::Defined);
        let cut = at.index(input.len() + 1);
        let result = rewrite(from, Encoding::ExplicitLittle, &input[..cut]);
        prop_assert_eq!(result.is_ok(), boundaries(&nodes, from).contains(&cut));
    }

    #[test]
    fn a_deflated_data_set_that_is_cut_off_is_an_error(
        nodes in data_set(),
        at in any::<prop::sample::Index>(),
    ) {
        let input = encode(&nodes, Encoding::DeflatedExplicitLittle, Lengths::Defined);
        // The last byte may be padding.
        let cut = at.index(input.len() - 1);
        let result = rewrite(Encoding::DeflatedExplicitLittle, Encoding::ExplicitLittle, &input[..cut]);
        prop_assert!(result.is_err());
    }

    #[test]
    fn any_bytes_give_a_result_or_an_error_within_them(
        bytes in vec(any::<u8>(), 0..400),
        from in any_encoding(),
        to in any_encoding(),
        sizes in vec(1_usize..50, 1..4),
    ) {
        let rewriter = Rewriter::new(from, to, RewriteOptions::default());
        if let Err(error) = rewrite_in_pieces(rewriter, &bytes, &sizes) {
            let is_deflated = from == Encoding::DeflatedExplicitLittle;
            prop_assert!(is_deflated || error.offset <= bytes.len() as u64);
        }
    }

    #[test]
    fn damage_gives_a_result_or_an_error(
        nodes in data_set(),
        from in any_encoding(),
        to in any_encoding(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&nodes, from, Lengths::Undefined);
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let _ = rewrite(from, to, &bytes);
        let mut scan = HeadScan::new(from);
        if scan.push(&bytes).is_ok() {
            let _ = scan.finish();
        }
    }

    #[test]
    fn any_file_gives_a_head_or_an_error(
        front in prop::sample::select(vec![0, 128, 132]),
        bytes in vec(any::<u8>(), 0..300),
        mode in prop::sample::select(vec![ReadMode::Detect, ReadMode::FileOnly, ReadMode::DataSetOnly]),
        size in 1_usize..200,
    ) {
        let mut file = vec![0; front];
        if front == 132 {
            file[128..].copy_from_slice(b"DICM");
        }
        file.extend(bytes);
        let mut scan = FileScan::new(mode);
        while let Some(rest @ [_, ..]) = usize::try_from(scan.wanted()).ok().and_then(|at| file.get(at..)) {
            if scan.push(&rest[..rest.len().min(size)]).is_err() {
                return Ok(());
            }
        }
        let _ = scan.finish(file.len() as u64);
    }
}

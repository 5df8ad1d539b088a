//! Deflated data sets (PS3.5 A.5) with places for UIDs.
//!
//! Deflated bytes cannot be changed in place, but deflate has blocks that are stored as they are
//! (RFC 1951 3.2.4) and no checksum. So the head, up to behind the last UID, becomes one stored block,
//! and the rest is compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::noise;
use super::template::Segment;

/// Pixels are deflated with their four high bits clear: real ones have twelve bits, too, and noise
/// of sixteen would not get smaller.
const PIXEL_MASK: [u8; 2] = [0xFF, 0x0F];

/// Deflates a data set; `None` when its head is too long for a stored block.
pub(super) fn deflate(segments: Vec<Segment>) -> Option<Vec<Segment>> {
    let is_uid = |segment: &Segment| matches!(segment, Segment::Uid(_));
    let head_count = segments.iter().rposition(is_uid).map_or(0, |last| last + 1);
    let mut head = segments;
    let rest = head.split_off(head_count);
    let head_bytes = head.iter().map(Segment::len).sum();
    let mut out = stored_block_header(head_bytes)?;
    out.extend(head);
    out.push(Segment::Bytes(compress(&rest).into()));
    // One NUL behind the stream makes the data set even (PS3.5 A.5): peers abort over odd ones.
    if out.iter().map(Segment::len).sum::<u64>() % 2 == 1 {
        out.push(Segment::Bytes([0].into()));
    }
    Some(out)
}

/// Not the last block; type 0, the rest of the byte unused; the length and its complement.
fn stored_block_header(bytes: u64) -> Option<Vec<Segment>> {
    if bytes == 0 {
        return Some(Vec::new());
    }
    let length = u16::try_from(bytes).ok()?;
    let mut header = vec![0];
    header.extend(length.to_le_bytes());
    header.extend((!length).to_le_bytes());
    Some(vec![Segment::Bytes(header.into())])
}

fn compress(segments: &[Segment]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    for segment in segments {
        match segment {
            Segment::Bytes(bytes) => encoder.write_all(bytes),
            Segment::Noise(bytes) => encoder.write_all(&pixels(*bytes)),
            Segment::Uid(_) => Ok(()), // all of them are in the head
        }
        .expect("memory takes all");
    }
    encoder.finish().expect("memory takes all")
}

fn pixels(bytes: u64) -> Vec<u8> {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    let noise = noise::bytes();
    let masks = PIXEL_MASK.iter().cycle();
    let masked = noise
        .iter()
        .cycle()
        .zip(masks)
        .map(|(byte, mask)| byte & mask);
    masked.take(bytes).collect()
}

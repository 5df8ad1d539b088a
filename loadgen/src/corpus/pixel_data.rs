//! Pixel data in every transfer syntax.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use pdvault_engine::registry::TransferSyntax;

use super::element::{ITEM, SEQUENCE_END, Value};
use super::modality::Shape;
use super::noise;
use super::template::Segment;

/// The longest fragment that a frame is cut into, in bytes, where a frame may be cut.
const FRAGMENT_BYTES_MAX: u64 = 256 << 10;

/// RLE Lossless (PS3.5 G).
const RLE: &str = "1.2.840.10008.1.2.5";

/// Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 A.4.11).
const UNCOMPRESSED: &str = "1.2.840.10008.1.2.1.98";

/// Deflated Image Frame Compression (PS3.5 A.4.13).
const DEFLATED_FRAME: &str = "1.2.840.10008.1.2.8.1";

/// How a frame is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    /// Not encapsulated.
    Native,
    /// As it is, in fragments.
    Uncompressed,
    Rle,
    DeflatedFrame,
    /// Noise of half the length in fragments: a valid data set, but no image comes out of it.
    Opaque,
}

impl Codec {
    fn of(syntax: &TransferSyntax) -> Self {
        match syntax.uid {
            _ if !syntax.encapsulated => Self::Native,
            RLE => Self::Rle,
            UNCOMPRESSED => Self::Uncompressed,
            DEFLATED_FRAME => Self::DeflatedFrame,
            _ => Self::Opaque,
        }
    }
}

/// The value of Pixel Data; `None` when it is longer than a native element can be.
pub(super) fn value(shape: Shape, syntax: &TransferSyntax) -> Option<Value> {
    let codec = Codec::of(syntax);
    if codec == Codec::Native {
        let bytes = shape.frame_bytes().checked_mul(u32::from(shape.frames))?;
        return (bytes < u32::MAX - 1).then_some(Value::Pixels(bytes));
    }
    let frame = frame(codec, u64::from(shape.frame_bytes()));
    let frame_bytes: u64 = frame.iter().map(Segment::len).sum();
    let mut segments = vec![offset_table(frame_bytes, shape.frames)?];
    for _ in 0..shape.frames {
        segments.extend_from_slice(&frame);
    }
    segments.push(item(SEQUENCE_END, 0));
    Some(Value::Encapsulated(segments))
}

/// How many bytes of pixels, uncoded, fill so many bytes of fragments; a little too few.
pub(super) fn native_bytes(syntax: &TransferSyntax, room: u64) -> u64 {
    // Item headers, offset table, delimiter, the header of RLE.
    let room = room.saturating_sub(128 + room / FRAGMENT_BYTES_MAX * 8);
    match Codec::of(syntax) {
        Codec::Native | Codec::Uncompressed => room,
        Codec::Rle => room / 129 * 128,
        Codec::DeflatedFrame => room.saturating_sub(room / 1000),
        Codec::Opaque => room * 2,
    }
}

/// The fragments of a frame, each behind its item header.
fn frame(codec: Codec, native_bytes: u64) -> Vec<Segment> {
    match codec {
        Codec::Rle => single_fragment(rle(&pixels(native_bytes))),
        Codec::DeflatedFrame => single_fragment(deflate(&pixels(native_bytes))),
        Codec::Opaque => noise_fragments(native_bytes.div_ceil(4) * 2),
        Codec::Native | Codec::Uncompressed => noise_fragments(native_bytes),
    }
}

/// Pixels that are coded here and now, so they are the same in every object.
fn pixels(bytes: u64) -> Vec<u8> {
    let noise = noise::bytes();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    noise.iter().copied().cycle().take(bytes).collect()
}

fn noise_fragments(mut bytes: u64) -> Vec<Segment> {
    let mut segments = Vec::new();
    while bytes > 0 {
        let fragment = bytes.min(FRAGMENT_BYTES_MAX);
        segments.push(item(ITEM, fragment));
        segments.push(Segment::Noise(fragment));
        bytes -= fragment;
    }
    segments
}

fn single_fragment(mut bytes: Vec<u8>) -> Vec<Segment> {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    vec![item(ITEM, bytes.len() as u64), Segment::Bytes(bytes.into())]
}

/// Basic Offset Table (PS3.5 A.4): where each frame begins; `None` when that is too far for it.
fn offset_table(frame_bytes: u64, frames: u16) -> Option<Segment> {
    let mut bytes = item_bytes(ITEM, u64::from(frames) * 4);
    for frame in 0..u64::from(frames) {
        let offset = u32::try_from(frame * frame_bytes).ok()?;
        bytes.extend(offset.to_le_bytes());
    }
    Some(Segment::Bytes(bytes.into()))
}

fn item(tag: u32, length: u64) -> Segment {
    Segment::Bytes(item_bytes(tag, length).into())
}

/// The header of an item; encapsulated data is always little endian.
fn item_bytes(tag: u32, length: u64) -> Vec<u8> {
    let [g0, g1, e0, e1] = tag.to_be_bytes();
    let length = u32::try_from(length).expect("no frame has more than 2^32 bytes");
    let mut bytes = vec![g1, g0, e1, e0];
    bytes.extend(length.to_le_bytes());
    bytes
}

/// A frame of 16-bit pixels in RLE (PS3.5 G): the high bytes, then the low bytes, in literal runs.
fn rle(native: &[u8]) -> Vec<u8> {
    let plane = |byte: usize| native.iter().copied().skip(byte).step_by(2).collect();
    let planes: [Vec<u8>; 2] = [plane(1), plane(0)];
    let mut out = vec![0; 64];
    out[0] = 2;
    for (number, plane) in planes.iter().enumerate() {
        let offset = u32::try_from(out.len()).expect("a frame has less than 2^32 bytes");
        out[4 + 4 * number..][..4].copy_from_slice(&offset.to_le_bytes());
        for run in plane.chunks(128) {
            out.push(u8::try_from(run.len() - 1).expect("at most 127"));
            out.extend_from_slice(run);
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

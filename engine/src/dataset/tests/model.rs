//! A data set as a tree, and a plain encoder for it.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::dataset::Encoding;

/// Tags of each kind that the standard knows, with VR and the size of numbers; private ones.
const LEAVES: [((u16, u16), &[u8; 2], usize); 21] = [
    ((0x0008, 0x0008), b"CS", 1),
    ((0x0008, 0x0016), b"UI", 1),
    ((0x0008, 0x0018), b"UI", 1),
    ((0x0009, 0x0010), b"LO", 1),
    ((0x0009, 0x1001), b"UN", 1),
    ((0x0008, 0x0119), b"UC", 1),
    ((0x0008, 0x0120), b"UR", 1),
    ((0x0010, 0x0010), b"PN", 1),
    ((0x0010, 0x4000), b"LT", 1),
    ((0x0018, 0x9087), b"FD", 8),
    ((0x0008, 0x9459), b"FL", 4),
    ((0x0020, 0x000D), b"UI", 1),
    ((0x0028, 0x0009), b"AT", 2),
    ((0x0028, 0x0010), b"US", 2),
    ((0x0018, 0x6020), b"SL", 4),
    ((0x0028, 0x9001), b"UL", 4),
    ((0x0042, 0x0011), b"OB", 1),
    ((0x0066, 0x0016), b"OF", 4),
    ((0x7FE0, 0x0001), b"OV", 8),
    ((0x7FE0, 0x0009), b"OD", 8),
    ((0x7FE0, 0x0010), b"OW", 2),
];

const SEQUENCES: [(u16, u16); 2] = [(0x0008, 0x1140), (0x0040, 0x0275)];

#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf {
        tag: (u16, u16),
        vr: [u8; 2],
        unit: usize,
        /// Little endian, of even length.
        value: Vec<u8>,
    },
    Sequence {
        tag: (u16, u16),
        items: Vec<Vec<Node>>,
    },
}

/// How lengths of sequences and items are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    Defined,
    /// But for empty ones: as the rewriter does it.
    Undefined,
}

pub(super) fn leaf(tag: (u16, u16), vr: [u8; 2], value: &[u8]) -> Node {
    let known = LEAVES.iter().find(|(_, known, _)| **known == vr);
    Node::Leaf {
        tag,
        vr,
        unit: known.map_or(1, |&(_, _, unit)| unit),
        value: value.to_vec(),
    }
}

pub(super) fn sequence(tag: (u16, u16), items: Vec<Vec<Node>>) -> Node {
    Node::Sequence { tag, items }
}

/// Any data set of the elements above, sequences three deep.
pub(super) fn data_set() -> impl Strategy<Value = Vec<Node>> {
    let leaf =
        (any::<prop::sample::Index>(), vec(any::<u8>(), 0..40)).prop_map(|(index, value)| {
            let (tag, vr, unit) = LEAVES[index.index(LEAVES.len())];
            let step = unit.max(2);
            let value = value[..value.len() / step * step].to_vec();
            Node::Leaf {
                tag,
                vr: *vr,
                unit,
                value,
            }
        });
    let node = leaf.prop_recursive(3, 40, 4, |inner| {
        let items = vec(vec(inner, 0..4), 0..3);
        (any::<bool>(), items).prop_map(|(which, items)| Node::Sequence {
            tag: SEQUENCES[usize::from(which)],
            items,
        })
    });
    vec(node, 0..12)
}

pub(super) fn encode(nodes: &[Node], encoding: Encoding, lengths: Lengths) -> Vec<u8> {
    let plain = encode_plain(nodes, encoding, lengths);
    if encoding == Encoding::DeflatedExplicitLittle {
        deflate(&plain)
    } else {
        plain
    }
}

/// As [`encode`] without deflating.
pub(super) fn encode_plain(nodes: &[Node], encoding: Encoding, lengths: Lengths) -> Vec<u8> {
    let mut encoder = Encoder {
        explicit: encoding != Encoding::ImplicitLittle,
        big: encoding == Encoding::ExplicitBig,
        lengths,
        out: Vec::new(),
    };
    encoder.nodes(nodes);
    encoder.out
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    let mut out = encoder.finish().expect("memory");
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

pub(super) fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = DeflateDecoder::new(bytes);
    decoder.read_to_end(&mut out).expect("a deflated stream");
    out
}

struct Encoder {
    explicit: bool,
    big: bool,
    lengths: Lengths,
    out: Vec<u8>,
}

impl Encoder {
    fn u16(&mut self, value: u16) {
        let bytes = if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.out.extend(bytes);
    }

    fn u32(&mut self, value: u32) {
        let bytes = if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.out.extend(bytes);
    }

    fn tag(&mut self, (group, element): (u16, u16)) {
        self.u16(group);
        self.u16(element);
    }

    fn header(&mut self, tag: (u16, u16), vr: [u8; 2], length: u32) {
        self.tag(tag);
        if !self.explicit {
            return self.u32(length);
        }
        self.out.extend(vr);
        let is_long = matches!(vr[0], b'O')
            || matches!(&vr, b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV");
        if is_long {
            self.u16(0);
            self.u32(length);
        } else {
            self.u16(u16::try_from(length).expect("a short value"));
        }
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Leaf {
                    tag,
                    vr,
                    unit,
                    value,
                } => self.leaf(*tag, *vr, *unit, value),
                Node::Sequence { tag, items } => self.sequence(*tag, items),
            }
        }
    }

    fn leaf(&mut self, tag: (u16, u16), vr: [u8; 2], unit: usize, value: &[u8]) {
        self.header(tag, vr, u32::try_from(value.len()).expect("short"));
        for number in value.chunks(unit) {
            if self.big {
                self.out.extend(number.iter().rev());
            } else {
                self.out.extend(number);
            }
        }
    }

    fn sequence(&mut self, tag: (u16, u16), items: &[Vec<Node>]) {
        let mut inner = self.inner();
        for item in items {
            let mut content = self.inner();
            content.nodes(item);
            inner.tag((0xFFFE, 0xE000));
            inner.u32(self.length(content.out.len()));
            inner.out.extend(&content.out);
            if self.is_delimited(content.out.len()) {
                inner.tag((0xFFFE, 0xE00D));
                inner.u32(0);
            }
        }
        self.header(tag, *b"SQ", self.length(inner.out.len()));
        self.out.extend(&inner.out);
        if self.is_delimited(inner.out.len()) {
            self.tag((0xFFFE, 0xE0DD));
            self.u32(0);
        }
    }

    fn inner(&self) -> Self {
        Self {
            out: Vec::new(),
            ..*self
        }
    }

    fn is_delimited(&self, length: usize) -> bool {
        self.lengths == Lengths::Undefined && length > 0
    }

    fn length(&self, length: usize) -> u32 {
        if self.is_delimited(length) {
            u32::MAX
        } else {
            u32::try_from(length).expect("short")
        }
    }
}

//! A data set that is made into any number of objects without being encoded again.
//!
//! It is a list of segments: bytes that never change, places for the UIDs of an object, and pixel
//! data. An [`Object`] adds its UIDs and where in the common noise its pixels begin; nothing is
//! copied or allocated for it.

use std::sync::{Arc, OnceLock};

use super::noise;
use crate::uid::{Kind, UID_BYTES, UidText, Uids};

/// How many objects make a study.
const OBJECTS_PER_STUDY: u64 = 100;

/// Which of an object's UIDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Instance,
    Series,
    Study,
}

/// A part of a data set.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// The same in every object.
    Bytes(Arc<[u8]>),
    /// A UID of the object.
    Uid(Which),
    /// So many bytes of noise.
    Noise(u64),
}

impl Segment {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Uid(_) => UID_BYTES as u64,
            Self::Noise(bytes) => *bytes,
        }
    }
}

/// A data set with places for UIDs.
#[derive(Clone, Debug)]
pub struct Template {
    sop_class: String,
    transfer_syntax: String,
    /// Each with the offset of its first byte.
    segments: Vec<(u64, Segment)>,
    len: u64,
    /// What tells its series from those of other templates.
    index: u64,
}

impl Template {
    pub(super) fn new(sop_class: &str, transfer_syntax: &str, segments: Vec<Segment>) -> Self {
        let mut len = 0;
        let mut placed = Vec::with_capacity(segments.len());
        for segment in segments.into_iter().filter(|segment| segment.len() > 0) {
            let start = len;
            len += segment.len();
            placed.push((start, segment));
        }
        Self {
            sop_class: sop_class.to_owned(),
            transfer_syntax: transfer_syntax.to_owned(),
            segments: placed,
            len,
            index: 0,
        }
    }

    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.index = index as u64;
        self
    }

    /// The SOP class UID.
    pub fn sop_class(&self) -> &str {
        &self.sop_class
    }

    /// The transfer syntax UID.
    pub fn transfer_syntax(&self) -> &str {
        &self.transfer_syntax
    }

    /// The length of each of its data sets, in bytes; never 0.
    pub fn data_set_bytes(&self) -> u64 {
        self.len
    }

    /// Object `number` of a run. A hundred objects make a study, with one series a template.
    pub(super) fn object(self: &Arc<Self>, uids: &Uids, number: u64, templates: u64) -> Object {
        let study = number / OBJECTS_PER_STUDY;
        Object {
            number,
            instance: uids.uid(Kind::Instance, number),
            series: uids.uid(Kind::Series, study * templates + self.index),
            study: uids.uid(Kind::Study, study),
            noise_start: noise::start_of(number),
            template: Arc::clone(self),
        }
    }

    /// The segment that holds this offset, and where it starts.
    fn segment_at(&self, offset: u64) -> Option<&(u64, Segment)> {
        let next = self.segments.partition_point(|(start, _)| *start <= offset);
        self.segments.get(next.checked_sub(1)?)
    }
}

/// One object to send.
#[derive(Clone, Debug)]
pub struct Object {
    number: u64,
    instance: UidText,
    series: UidText,
    study: UidText,
    noise_start: usize,
    template: Arc<Template>,
}

impl Object {
    /// Its number in the run.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What it was made from.
    pub fn template(&self) -> &Arc<Template> {
        &self.template
    }

    /// Its SOP instance UID.
    pub fn sop_instance(&self) -> &str {
        std::str::from_utf8(&self.instance).expect("digits and dots")
    }

    /// The length of its data set, in bytes.
    pub fn data_set_bytes(&self) -> u64 {
        self.template.len
    }

    /// The bytes of the data set from `offset` on, as many as lie in one place: at least one, but
    /// none from the end of the data set on.
    pub fn piece(&self, offset: u64) -> &[u8] {
        let Some((start, segment)) = self.template.segment_at(offset) else {
            return &[];
        };
        let within = usize::try_from(offset - start).unwrap_or(usize::MAX);
        match segment {
            Segment::Bytes(bytes) => bytes.get(within..).unwrap_or_default(),
            Segment::Uid(which) => self.uid(*which).get(within..).unwrap_or_default(),
            Segment::Noise(len) => noise_piece(self.noise_start, within, *len),
        }
    }

    fn uid(&self, which: Which) -> &UidText {
        match which {
            Which::Instance => &self.instance,
            Which::Series => &self.series,
            Which::Study => &self.study,
        }
    }

    /// The whole data set, for tests and for objects that are sent wrong on purpose.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut offset = 0;
        while offset < self.template.len {
            let piece = self.piece(offset);
            bytes.extend_from_slice(piece);
            offset += piece.len() as u64;
        }
        bytes
    }

    /// Whether these bytes are what the data set has from `offset` on.
    pub fn matches(&self, mut offset: u64, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let piece = self.piece(offset);
            let len = piece.len().min(bytes.len());
            if len == 0 || piece[..len] != bytes[..len] {
                return false;
            }
            bytes = &bytes[len..];
            offset += len as u64;
        }
        true
    }
}

/// Noise `within` bytes behind the beginning of a segment of `len` bytes.
fn noise_piece(start: usize, within: usize, len: u64) -> &'static [u8] {
    static NOISE: OnceLock<Box<[u8]>> = OnceLock::new();
    let noise = NOISE.get_or_init(noise::bytes);
    let left = usize::try_from(len).unwrap_or(usize::MAX) - within;
    let from = (start + within) % noise.len();
    &noise[from..][..left.min(noise.len() - from)]
}

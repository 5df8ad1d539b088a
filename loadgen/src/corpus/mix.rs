//! Named mixes.

use std::fmt;
use std::str::FromStr;

use super::modality::{self, Plan, Shape};

/// What a department sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mix {
    /// CT images of 512 x 512 pixels: 512 KiB.
    Ct,
    /// MR images of 256 x 256 pixels: 128 KiB.
    Mr,
    /// Computed radiography of 2048 x 2048 pixels: 8 MiB.
    Cr,
    /// Mammograms of 4096 x 3328 pixels: 26 MiB.
    Mammo,
    /// Multi-frame images, 128 frames of 512 x 512 pixels: 64 MiB.
    Multiframe,
    /// Structured reports of 8 KiB.
    Sr,
    /// Of a hundred objects 45 MR, 40 CT, 10 reports, 4 CR, 1 mammogram.
    Mixed,
}

impl Mix {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ct,
        Self::Mr,
        Self::Cr,
        Self::Mammo,
        Self::Multiframe,
        Self::Sr,
        Self::Mixed,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ct => "ct",
            Self::Mr => "mr",
            Self::Cr => "cr",
            Self::Mammo => "mammo",
            Self::Multiframe => "multiframe",
            Self::Sr => "sr",
            Self::Mixed => "mixed",
        }
    }

    pub(super) fn shares(self) -> Vec<Share> {
        match self {
            Self::Ct => vec![Share::new(1, modality::ct(Shape::frame(512, 512)))],
            Self::Mr => vec![Share::new(1, modality::mr(Shape::frame(256, 256)))],
            Self::Cr => vec![Share::new(1, modality::cr(Shape::frame(2048, 2048)))],
            Self::Mammo => vec![Share::new(1, modality::mammography(MAMMOGRAM))],
            Self::Multiframe => vec![Share::new(1, modality::multi_frame(CINE))],
            Self::Sr => vec![Share::new(1, modality::report())],
            Self::Mixed => vec![
                Share::new(45, modality::mr(Shape::frame(256, 256))),
                Share::new(40, modality::ct(Shape::frame(512, 512))),
                Share::new(10, modality::report()),
                Share::new(4, modality::cr(Shape::frame(2048, 2048))),
                Share::new(1, modality::mammography(MAMMOGRAM)),
            ],
        }
    }
}

const MAMMOGRAM: Shape = Shape {
    rows: 4096,
    columns: 3328,
    frames: 1,
};

const CINE: Shape = Shape {
    rows: 512,
    columns: 512,
    frames: 128,
};

/// How many of a round are like this.
pub(super) struct Share {
    pub(super) weight: usize,
    pub(super) plan: Plan,
}

impl Share {
    fn new(weight: usize, plan: Plan) -> Self {
        Self { weight, plan }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No mix has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mix has this name; there are ct, mr, cr, mammo, multiframe, sr and mixed")]
pub struct UnknownMix;

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Self, UnknownMix> {
        let mut all = Self::ALL.into_iter();
        all.find(|mix| mix.name() == name).ok_or(UnknownMix)
    }
}

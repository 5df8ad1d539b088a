//! Value representations (PS3.5 6.2), and which one an element has by PS3.6.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

use super::Tag;

/// A value representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vr([u8; 2]);

/// What has to be known of a VR to read and to write its elements.
struct Traits {
    vr: [u8; 2],
    /// The size of the numbers whose bytes swap places with the byte order; 1 for what doesn't.
    unit_bytes: u8,
    /// Whether an explicit length has 32 bits (PS3.5 7.1.2).
    long: bool,
    /// What makes an odd value even (PS3.5 6.2).
    padding: u8,
    /// Whether DICOM had it in 1993. The younger ones are what `--disable-new-vr` is about.
    old: bool,
}

const fn short(vr: [u8; 2], unit_bytes: u8, padding: u8) -> Traits {
    Traits {
        vr,
        unit_bytes,
        long: false,
        padding,
        old: true,
    }
}

const fn long(vr: [u8; 2], unit_bytes: u8, padding: u8, old: bool) -> Traits {
    Traits {
        vr,
        unit_bytes,
        long: true,
        padding,
        old,
    }
}

/// All VRs of PS3.5 table 6.2-1, in the order of their bytes.
static VRS: [Traits; 34] = [
    short(*b"AE", 1, b' '),
    short(*b"AS", 1, b' '),
    short(*b"AT", 2, 0),
    short(*b"CS", 1, b' '),
    short(*b"DA", 1, b' '),
    short(*b"DS", 1, b' '),
    short(*b"DT", 1, b' '),
    short(*b"FD", 8, 0),
    short(*b"FL", 4, 0),
    short(*b"IS", 1, b' '),
    short(*b"LO", 1, b' '),
    short(*b"LT", 1, b' '),
    long(*b"OB", 1, 0, true),
    long(*b"OD", 8, 0, false),
    long(*b"OF", 4, 0, false),
    long(*b"OL", 4, 0, false),
    long(*b"OV", 8, 0, false),
    long(*b"OW", 2, 0, true),
    short(*b"PN", 1, b' '),
    short(*b"SH", 1, b' '),
    short(*b"SL", 4, 0),
    long(*b"SQ", 1, 0, true),
    short(*b"SS", 2, 0),
    short(*b"ST", 1, b' '),
    long(*b"SV", 8, 0, false),
    short(*b"TM", 1, b' '),
    long(*b"UC", 1, b' ', false),
    short(*b"UI", 1, 0),
    short(*b"UL", 4, 0),
    long(*b"UN", 1, 0, false),
    long(*b"UR", 1, b' ', false),
    short(*b"US", 2, 0),
    long(*b"UT", 1, b' ', false),
    long(*b"UV", 8, 0, false),
];

impl Vr {
    pub(super) const OB: Self = Self(*b"OB");
    pub(super) const OW: Self = Self(*b"OW");
    pub(super) const SQ: Self = Self(*b"SQ");
    pub(super) const SS: Self = Self(*b"SS");
    pub(super) const UN: Self = Self(*b"UN");
    pub(super) const US: Self = Self(*b"US");
    /// No VR of the wire: US or SS, as the Pixel Representation says.
    pub(super) const US_OR_SS: Self = Self(*b"xs");

    /// The VR that these bytes name, if any.
    pub(super) fn from_wire(bytes: [u8; 2]) -> Option<Self> {
        find(bytes).map(|_| Self(bytes))
    }

    /// Whether a length behind these two bytes has 32 bits. Two capital letters that name no VR
    /// are taken for one of the future, which has (PS3.5 6.2.2); anything else is a mistake that
    /// real senders make with 16 bits. DCMTK reads them so.
    pub(super) fn is_long_on_wire(bytes: [u8; 2]) -> bool {
        match Self::from_wire(bytes) {
            Some(vr) => vr.is_long(),
            None => bytes.iter().all(u8::is_ascii_uppercase),
        }
    }

    /// The VR of an element that comes without (PS3.6, PS3.5 A.1): of a private one LO if it
    /// reserves a block (PS3.5 7.8.1), else UN. OW where pixels, overlays, waveforms and lookup
    /// tables could be either.
    pub(super) fn of(tag: Tag) -> Self {
        match dictionary_vr(tag) {
            Some(VirtualVr::Exact(vr)) => Self(vr.to_bytes()),
            Some(VirtualVr::Xs) => Self::US_OR_SS,
            Some(VirtualVr::Ox | VirtualVr::Px | VirtualVr::Lt) => Self::OW,
            _ => Self::UN,
        }
    }

    /// The two characters on the wire.
    pub(super) fn as_wire(self) -> [u8; 2] {
        self.0
    }

    /// Whether an explicit length has 32 bits.
    pub(super) fn is_long(self) -> bool {
        self.traits().is_some_and(|traits| traits.long)
    }

    /// Whether `--disable-new-vr` keeps it.
    pub(super) fn is_old(self) -> bool {
        self.traits().is_some_and(|traits| traits.old)
    }

    /// The size of its numbers in bytes: 1, 2, 4 or 8.
    pub(super) fn unit_bytes(self) -> u8 {
        self.traits().map_or(1, |traits| traits.unit_bytes)
    }

    /// What makes an odd value even.
    pub(super) fn padding(self) -> u8 {
        self.traits().map_or(0, |traits| traits.padding)
    }

    fn traits(self) -> Option<&'static Traits> {
        let wire = if self == Self::US_OR_SS {
            *b"US"
        } else {
            self.0
        };
        find(wire)
    }
}

fn find(bytes: [u8; 2]) -> Option<&'static Traits> {
    let index = VRS.binary_search_by_key(&bytes, |traits| traits.vr).ok()?;
    Some(&VRS[index])
}

fn dictionary_vr(tag: Tag) -> Option<VirtualVr> {
    let entry = StandardDataDictionary.by_tag(dicom_core::Tag(tag.0, tag.1))?;
    Some(entry.vr())
}

/// Whether the standard knows this tag, or its group has such elements (group lengths, private
/// creators).
pub(super) fn is_known(tag: Tag) -> bool {
    dictionary_vr(tag).is_some()
}

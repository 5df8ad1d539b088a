//! What each modality's objects consist of, but for their pixel data.

use super::element::{Elements, Value};
use super::template::Which;

/// An object as a list of elements, with the shape of its pixels.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) sop_class: &'static str,
    pub(super) elements: Elements,
    /// None in a report.
    pub(super) pixels: Option<Shape>,
}

/// Pixels of two bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) frames: u16,
}

impl Shape {
    pub(super) fn frame(rows: u16, columns: u16) -> Self {
        Self {
            rows,
            columns,
            frames: 1,
        }
    }

    /// The largest frame, as square as may be, of at most so many bytes; at least one pixel.
    pub(super) fn within(bytes: u64) -> Self {
        let pixels = (bytes / 2).max(1);
        let columns = u16::try_from(pixels.isqrt()).unwrap_or(u16::MAX);
        let rows = u16::try_from(pixels / u64::from(columns)).unwrap_or(u16::MAX);
        Self::frame(rows, columns)
    }

    pub(super) fn frame_bytes(self) -> u32 {
        // At most 65535 * 65535 * 2; what is too long for an element is refused before.
        let pixels = u32::from(self.rows) * u32::from(self.columns);
        pixels.saturating_mul(2)
    }
}

/// CT Image Storage (PS3.3 A.3).
pub(super) fn ct(shape: Shape) -> Plan {
    let mut elements = image("CT", "1.2.840.10008.5.1.4.1.1.2", shape);
    elements.text(IMAGE_TYPE, *b"CS", "ORIGINAL\\PRIMARY\\AXIAL");
    elements.texts(&PLANE);
    elements.texts(&[
        (0x0018_0060, *b"DS", "120"),
        (0x0028_1052, *b"DS", "-1024"),
        (0x0028_1053, *b"DS", "1"),
    ]);
    plan("1.2.840.10008.5.1.4.1.1.2", elements, shape)
}

/// MR Image Storage (PS3.3 A.4).
pub(super) fn mr(shape: Shape) -> Plan {
    let mut elements = image("MR", "1.2.840.10008.5.1.4.1.1.4", shape);
    elements.text(IMAGE_TYPE, *b"CS", "ORIGINAL\\PRIMARY\\OTHER");
    elements.texts(&PLANE);
    elements.texts(&[
        (0x0018_0020, *b"CS", "SE"),
        (0x0018_0021, *b"CS", "NONE"),
        (0x0018_0022, *b"CS", ""),
        (0x0018_0023, *b"CS", "2D"),
        (0x0018_0080, *b"DS", "500"),
        (0x0018_0081, *b"DS", "15"),
        (0x0018_0091, *b"IS", "1"),
    ]);
    plan("1.2.840.10008.5.1.4.1.1.4", elements, shape)
}

/// Computed Radiography Image Storage (PS3.3 A.2).
pub(super) fn cr(shape: Shape) -> Plan {
    let mut elements = image("CR", "1.2.840.10008.5.1.4.1.1.1", shape);
    elements.texts(&[
        (0x0018_0015, *b"CS", "CHEST"),
        (0x0018_5101, *b"CS", "PA"),
        (0x0020_0020, *b"CS", "L\\F"),
    ]);
    plan("1.2.840.10008.5.1.4.1.1.1", elements, shape)
}

/// Digital Mammography X-Ray Image Storage - For Presentation (PS3.3 A.27).
pub(super) fn mammography(shape: Shape) -> Plan {
    let class = "1.2.840.10008.5.1.4.1.1.1.2";
    let mut elements = image("MG", class, shape);
    elements.texts(&[
        (0x0008_0068, *b"CS", "FOR PRESENTATION"),
        (0x0018_0015, *b"CS", "BREAST"),
        (0x0018_1164, *b"DS", "0.07\\0.07"),
        (0x0018_1508, *b"CS", "MAMMOGRAPHIC"),
        (0x0018_7004, *b"CS", "DIRECT"),
        (0x0018_5101, *b"CS", "CC"),
        (0x0020_0020, *b"CS", "A\\R"),
        (0x0020_0062, *b"CS", "L"),
        (0x0028_0301, *b"CS", "NO"),
        (0x0028_1040, *b"CS", "LOG"),
        (0x0028_1050, *b"DS", "32768"),
        (0x0028_1051, *b"DS", "65536"),
        (0x0028_1052, *b"DS", "0"),
        (0x0028_1053, *b"DS", "1"),
        (0x0028_1054, *b"LO", "US"),
        (0x0028_2110, *b"CS", "00"),
        (0x0040_0318, *b"CS", "BREAST"),
        (0x2050_0020, *b"CS", "IDENTITY"),
    ]);
    elements.put(0x0008_2218, code("76752008", "SCT", "Breast"));
    elements.put(0x0028_1041, Value::Signed(-1));
    elements.put(0x0040_0555, Value::Items(Vec::new()));
    let mut view = code_item("399162004", "SCT", "cranio-caudal");
    view.put(0x0054_0222, Value::Items(Vec::new()));
    elements.put(0x0054_0220, Value::Items(vec![view]));
    plan(class, elements, shape)
}

/// Multi-frame Grayscale Word Secondary Capture Image Storage (PS3.3 A.8.4).
pub(super) fn multi_frame(shape: Shape) -> Plan {
    let class = "1.2.840.10008.5.1.4.1.1.7.3";
    let mut elements = image("OT", class, shape);
    elements.put(0x0028_0009, Value::Tag(FRAME_TIME));
    elements.texts(&[
        (0x0008_0064, *b"CS", "WSD"),
        (FRAME_TIME, *b"DS", "40"),
        (0x0020_0020, *b"CS", ""),
        (0x0020_0060, *b"CS", ""),
        (0x0028_0301, *b"CS", "NO"),
        (0x0028_1052, *b"DS", "0"),
        (0x0028_1053, *b"DS", "1"),
        (0x0028_1054, *b"LO", "US"),
        (0x2050_0020, *b"CS", "IDENTITY"),
    ]);
    elements.text(0x0028_0008, *b"IS", shape.frames.to_string());
    plan(class, elements, shape)
}

/// Basic Text SR Storage (PS3.3 A.35.1), about 8 KiB.
pub(super) fn report() -> Plan {
    let class = "1.2.840.10008.5.1.4.1.1.88.11";
    let mut elements = identification("SR", class);
    elements.texts(&[
        (0x0020_0013, *b"IS", "1"),
        (0x0040_A040, *b"CS", "CONTAINER"),
        (0x0040_A050, *b"CS", "SEPARATE"),
        (0x0040_A491, *b"CS", "COMPLETE"),
        (0x0040_A493, *b"CS", "UNVERIFIED"),
    ]);
    elements.put(0x0008_1111, Value::Items(Vec::new()));
    elements.put(CONCEPT_NAME, code("18748-4", "LN", "Diagnostic Report"));
    elements.put(0x0040_A372, Value::Items(Vec::new()));
    elements.put(
        0x0040_A730,
        Value::Items((0..FINDINGS).map(finding).collect()),
    );
    Plan {
        sop_class: class,
        elements,
        pixels: None,
    }
}

/// Image Type.
const IMAGE_TYPE: u32 = 0x0008_0008;

/// Frame Time, in milliseconds.
const FRAME_TIME: u32 = 0x0018_1063;

/// Concept Name Code Sequence.
const CONCEPT_NAME: u32 = 0x0040_A043;

/// How many findings make a report of 8 KiB.
const FINDINGS: u16 = 27;

/// The image plane and frame of reference of cross-sectional images.
const PLANE: [(u32, [u8; 2], &str); 9] = [
    (0x0018_0050, *b"DS", "1"),
    (0x0018_5100, *b"CS", "HFS"),
    (0x0020_0012, *b"IS", "1"),
    (0x0020_0032, *b"DS", "0\\0\\0"),
    (0x0020_0037, *b"DS", "1\\0\\0\\0\\1\\0"),
    (0x0020_0052, *b"UI", "2.25.1"),
    (0x0020_0060, *b"CS", ""),
    (0x0020_1040, *b"LO", ""),
    (0x0028_0030, *b"DS", "0.5\\0.5"),
];

fn plan(sop_class: &'static str, elements: Elements, shape: Shape) -> Plan {
    Plan {
        sop_class,
        elements,
        pixels: Some(shape),
    }
}

/// Patient, study, series and equipment: what every composite object has. Nobody is meant.
fn identification(modality: &str, class: &str) -> Elements {
    let mut elements = Elements::default();
    elements.text(0x0008_0016, *b"UI", class);
    elements.put(0x0008_0018, Value::Uid(Which::Instance));
    elements.put(0x0020_000D, Value::Uid(Which::Study));
    elements.put(0x0020_000E, Value::Uid(Which::Series));
    elements.text(0x0008_0060, *b"CS", modality);
    elements.texts(&[
        (0x0008_0005, *b"CS", "ISO_IR 100"),
        (0x0008_0020, *b"DA", "20260101"),
        (0x0008_0023, *b"DA", "20260101"),
        (0x0008_0030, *b"TM", "120000"),
        (0x0008_0033, *b"TM", "120000"),
        (0x0008_0050, *b"SH", ""),
        (0x0008_0070, *b"LO", "pdvault loadgen"),
        (0x0008_0090, *b"PN", ""),
        (0x0010_0010, *b"PN", "LOAD^GENERATED"),
        (0x0010_0020, *b"LO", "LOADGEN"),
        (0x0010_0030, *b"DA", ""),
        (0x0010_0040, *b"CS", ""),
        (0x0020_0010, *b"SH", "1"),
        (0x0020_0011, *b"IS", "1"),
    ]);
    elements
}

/// An image of 16-bit pixels.
fn image(modality: &str, class: &str, shape: Shape) -> Elements {
    let mut elements = identification(modality, class);
    elements.texts(&[
        (IMAGE_TYPE, *b"CS", "ORIGINAL\\PRIMARY"),
        (0x0020_0013, *b"IS", "1"),
        (0x0028_0004, *b"CS", "MONOCHROME2"),
    ]);
    elements.numbers(&[
        (0x0028_0002, 1),
        (0x0028_0010, shape.rows),
        (0x0028_0011, shape.columns),
        (0x0028_0100, 16),
        (0x0028_0101, 16),
        (0x0028_0102, 15),
        (0x0028_0103, 0),
    ]);
    elements
}

fn code(value: &str, scheme: &str, meaning: &str) -> Value {
    Value::Items(vec![code_item(value, scheme, meaning)])
}

fn code_item(value: &str, scheme: &str, meaning: &str) -> Elements {
    let mut item = Elements::default();
    item.texts(&[
        (0x0008_0100, *b"SH", value),
        (0x0008_0102, *b"SH", scheme),
        (0x0008_0104, *b"LO", meaning),
    ]);
    item
}

fn finding(number: u16) -> Elements {
    let mut item = Elements::default();
    item.texts(&[
        (0x0040_A010, *b"CS", "CONTAINS"),
        (0x0040_A040, *b"CS", "TEXT"),
    ]);
    item.put(CONCEPT_NAME, code("121071", "DCM", "Finding"));
    let sentence = "Made up to be as long as what is written about a real examination. ";
    item.text(
        0x0040_A160,
        *b"UT",
        format!("{number}. {}", sentence.repeat(2)),
    );
    item
}

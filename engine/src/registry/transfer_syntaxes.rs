//! The transfer syntaxes that an object can arrive in (PS3.5 annex A, PS3.6 table A-1), in the byte
//! order of their UIDs.

use super::Coding::{BigEndian, Deflated, Encapsulated, Explicit, Implicit};
use super::TransferSyntax;

/// The table, sorted by UID.
#[rustfmt::skip]
pub static TRANSFER_SYNTAXES: [TransferSyntax; 36] = [
    TransferSyntax::new("1.2.840.10008.1.2", "Implicit VR Little Endian", Implicit),
    TransferSyntax::new("1.2.840.10008.1.2.1", "Explicit VR Little Endian", Explicit),
    TransferSyntax::new("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", Deflated),
    TransferSyntax::new("1.2.840.10008.1.2.2", "Explicit VR Big Endian", BigEndian),
    TransferSyntax::new("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.112", "JPEG XL", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Image Compression (Lossless Only)", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000 Image Compression", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 & 4)", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless Image Compression", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless) Image Compression", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.90", "JPEG 2000 Image Compression (Lossless Only)", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.5", "RLE Lossless", Encapsulated),
    TransferSyntax::new("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", Encapsulated),
];

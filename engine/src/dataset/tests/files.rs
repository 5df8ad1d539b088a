//! Files as senders find them.

use super::model::{Lengths, encode, leaf};
use crate::dataset::error::What;
use crate::dataset::{Encoding, FileError, FileHead, FileScan, META_BYTES_MAX, ReadMode};

const IMPLICIT: &str = "1.2.840.10008.1.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

fn data_set(encoding: Encoding) -> Vec<u8> {
    let nodes = [
        leaf((0x0008, 0x0016), *b"UI", b"1.1\0"),
        leaf((0x0008, 0x0018), *b"UI", b"1.22"),
        leaf((0x7FE0, 0x0010), *b"OW", &vec![0; 50_000]),
    ];
    encode(&nodes, encoding, Lengths::Defined)
}

fn element(number: u8, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("short");
    let header = [2, 0, number, 0, vr[0], vr[1], length, 0];
    [header.as_slice(), value].concat()
}

/// File meta information: its group length, and what it counts.
fn meta(syntax: &str) -> [Vec<u8>; 2] {
    let mut syntax = syntax.as_bytes().to_vec();
    syntax.resize(syntax.len().next_multiple_of(2), 0);
    let group = [
        element(0x02, *b"UI", b"9.1\0"),
        element(0x03, *b"UI", b"9.22"),
        element(0x10, *b"UI", &syntax),
    ]
    .concat();
    let length = u32::try_from(group.len()).expect("short");
    [element(0x00, *b"UL", &length.to_le_bytes()), group]
}

fn preamble() -> Vec<u8> {
    [[0x55; 128].as_slice(), b"DICM"].concat()
}

/// Reads as a sender does, so many bytes at once.
fn scan_by(size: usize, mode: ReadMode, file: &[u8]) -> Result<FileHead, FileError> {
    let mut scan = FileScan::new(mode);
    loop {
        let at = usize::try_from(scan.wanted()).expect("in memory");
        match file.get(at..) {
            None | Some([]) => return scan.finish(file.len() as u64),
            Some(rest) => scan.push(&rest[..rest.len().min(size)])?,
        }
    }
}

fn scan(mode: ReadMode, file: &[u8]) -> Result<FileHead, FileError> {
    let at_once = scan_by(usize::MAX, mode, file);
    for size in [1, 100, 4096] {
        assert_eq!(scan_by(size, mode, file), at_once, "{size} bytes at once");
    }
    at_once
}

#[test]
fn a_file_tells_its_transfer_syntax_and_both_kinds_of_uids() {
    let [length, group] = meta(IMPLICIT);
    let front = [preamble(), length, group].concat();
    let file = [front.clone(), data_set(Encoding::ImplicitLittle)].concat();
    let head = scan(ReadMode::FileOnly, &file).expect("good");
    let meta = head.meta.expect("present");
    assert_eq!(meta.sop_class, Some("9.1".into()));
    assert_eq!(meta.sop_instance, Some("9.22".into()));
    assert_eq!(head.data_set_offset, front.len() as u64);
    assert_eq!(head.transfer_syntax, IMPLICIT.into());
    assert_eq!(head.data_set.sop_class, Some("1.1".into()));
    assert_eq!(head.data_set.sop_instance, Some("1.22".into()));
}

#[test]
fn files_without_preamble_or_group_length_are_read() {
    let [length, group] = meta(IMPLICIT);
    let data = data_set(Encoding::ImplicitLittle);
    let wrong_length = element(0x00, *b"UL", &[0xFF, 0, 0, 0]);
    for front in [
        [vec![], length, group.clone()],
        [preamble(), vec![], group.clone()],
        [preamble(), wrong_length, group],
    ] {
        let front = front.concat();
        let file = [front.as_slice(), &data].concat();
        let head = scan(ReadMode::Detect, &file).expect("good");
        assert_eq!(head.data_set_offset, front.len() as u64);
        assert_eq!(head.data_set.sop_instance, Some("1.22".into()));
    }
}

#[test]
fn bare_data_sets_are_guessed_unless_a_file_is_demanded() {
    for encoding in [
        Encoding::ImplicitLittle,
        Encoding::ExplicitLittle,
        Encoding::ExplicitBig,
    ] {
        let file = data_set(encoding);
        for mode in [ReadMode::Detect, ReadMode::DataSetOnly] {
            let head = scan(mode, &file).expect("good");
            assert_eq!((head.meta, head.data_set_offset), (None, 0));
            assert_eq!(head.transfer_syntax, encoding.transfer_syntax().into());
        }
        assert_eq!(scan(ReadMode::FileOnly, &file), Err(FileError::MetaMissing));
    }
}

#[test]
fn a_file_that_does_not_tell_its_transfer_syntax_is_guessed_unless_it_has_to() {
    let meta = element(0x02, *b"UI", b"9.1\0");
    let file = [preamble(), meta, data_set(Encoding::ExplicitBig)].concat();
    let head = scan(ReadMode::Detect, &file).expect("good");
    assert_eq!(
        head.transfer_syntax,
        Encoding::ExplicitBig.transfer_syntax().into()
    );
    assert!(head.meta.is_some_and(|meta| meta.transfer_syntax.is_none()));
    assert_eq!(scan(ReadMode::FileOnly, &file), Err(FileError::MetaMissing));
}

#[test]
fn a_transfer_syntax_that_nobody_knows_is_kept() {
    for syntax in [JPEG, "1.2.3.4"] {
        let [length, group] = meta(syntax);
        let file = [
            preamble(),
            length,
            group,
            data_set(Encoding::ExplicitLittle),
        ]
        .concat();
        let head = scan(ReadMode::Detect, &file).expect("good");
        assert_eq!(head.transfer_syntax, syntax.into());
    }
}

#[test]
fn a_truncated_file_is_refused_without_reading_its_values() {
    let [length, group] = meta(IMPLICIT);
    let mut file = [
        preamble(),
        length,
        group,
        data_set(Encoding::ImplicitLittle),
    ]
    .concat();
    file.pop();
    let error = scan(ReadMode::Detect, &file).expect_err("truncated");
    let FileError::DataSet(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.what, What::Truncated);
}

#[test]
fn a_deflated_file_is_checked_to_its_end() {
    let [length, group] = meta("1.2.840.10008.1.2.1.99");
    let data = data_set(Encoding::DeflatedExplicitLittle);
    let mut file = [preamble(), length, group, data].concat();
    let head = scan(ReadMode::Detect, &file).expect("good");
    assert_eq!(head.data_set.sop_instance, Some("1.22".into()));
    file.truncate(file.len() - 4);
    assert!(scan(ReadMode::Detect, &file).is_err());
}

#[test]
fn what_is_no_dicom_is_refused() {
    let text = b"All happy families are alike; each unhappy family is unhappy in its own way.";
    assert!(scan(ReadMode::Detect, text).is_err());
    for short in [b"".as_slice(), b"12345", &preamble()] {
        assert_eq!(scan(ReadMode::Detect, short), Err(FileError::NoDataSet));
    }
}

#[test]
fn file_meta_information_that_is_cut_off_or_endless_is_refused() {
    let [length, group] = meta(IMPLICIT);
    let file = [preamble(), length, group[..20].to_vec()].concat();
    let error = scan(ReadMode::Detect, &file).expect_err("cut off");
    assert!(matches!(error, FileError::Meta(_)), "{error}");
    let private = [
        b"\x02\0\x02\x01OB\0\0\0\0\0\x40".as_slice(),
        &vec![0; META_BYTES_MAX],
    ]
    .concat();
    let file = [preamble(), private].concat();
    let error = scan_by(65_536, ReadMode::Detect, &file).expect_err("endless");
    assert_eq!(error, FileError::MetaTooLong);
}

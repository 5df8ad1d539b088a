use super::*;
use crate::uid::UID_BYTES;
use pdvault_engine::registry::{TRANSFER_SYNTAXES, transfer_syntax};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

fn syntax(uid: &str) -> &'static TransferSyntax {
    transfer_syntax(uid).expect("known")
}

fn places_of(needle: &[u8], haystack: &[u8]) -> usize {
    let windows = haystack.windows(needle.len());
    windows.filter(|window| *window == needle).count()
}

#[test]
fn a_size_asked_for_is_met_exactly_in_every_syntax_that_is_not_deflated() {
    for syntax in TRANSFER_SYNTAXES.iter().filter(|syntax| !syntax.deflated) {
        for bytes in [OBJECT_BYTES_MIN, 8 << 10, 100_002, 3 << 20] {
            let corpus = Corpus::of_size(bytes, syntax).expect(syntax.name);
            let object = corpus.object(3);
            assert_eq!(object.data_set_bytes(), bytes, "{}", syntax.name);
            assert_eq!(object.to_vec().len() as u64, bytes, "{}", syntax.name);
        }
    }
}

#[test]
fn sizes_that_cannot_be_had_are_refused() {
    for bytes in [
        0,
        OBJECT_BYTES_MIN - 2,
        8193,
        OBJECT_BYTES_MAX + 2,
        u64::MAX,
    ] {
        let made = Corpus::of_size(bytes, syntax(EXPLICIT));
        assert!(matches!(made, Err(CorpusError::Size(_))), "{bytes}");
    }
    assert!(Corpus::of_size(OBJECT_BYTES_MAX - 1, syntax(EXPLICIT)).is_ok());
}

#[test]
fn objects_differ_in_their_uids_and_pixels_and_are_the_same_each_time() {
    let corpus = Corpus::of_mix(Mix::Ct, syntax(EXPLICIT)).expect("made");
    let (first, second) = (corpus.object(0), corpus.object(1));
    assert_ne!(first.sop_instance(), second.sop_instance());
    let (one, other) = (first.to_vec(), second.to_vec());
    assert_eq!(one, corpus.object(0).to_vec());
    assert_eq!(one.len(), other.len());
    let half = one.len() / 2;
    assert_ne!(one[half..], other[half..], "pixels");
    assert!(first.matches(0, &one) && first.matches(1000, &one[1000..]));
    assert!(!first.matches(0, &other) && !first.matches(0, &[&one[..], &[0]].concat()));
}

#[test]
fn uids_stand_in_the_data_set_where_they_can_be_changed_even_deflated() {
    for uid in [EXPLICIT, DEFLATED] {
        let corpus = Corpus::of_mix(Mix::Mr, syntax(uid)).expect("made");
        let object = corpus.object(77);
        let bytes = object.to_vec();
        assert_eq!(object.sop_instance().len(), UID_BYTES);
        assert_eq!(places_of(object.sop_instance().as_bytes(), &bytes), 1);
    }
}

#[test]
fn a_deflated_data_set_inflates_to_the_elements_with_its_uids() {
    use std::io::Read as _;
    let object = Corpus::of_mix(Mix::Mr, syntax(DEFLATED))
        .expect("made")
        .object(5);
    let deflated = object.to_vec();
    let mut inflated = Vec::new();
    flate2::read::DeflateDecoder::new(&deflated[..])
        .read_to_end(&mut inflated)
        .expect("a deflate stream");
    let plain = Corpus::of_mix(Mix::Mr, syntax(EXPLICIT)).expect("made");
    assert_eq!(inflated.len() as u64, plain.object(5).data_set_bytes());
    assert_eq!(places_of(object.sop_instance().as_bytes(), &inflated), 1);
    assert!(deflated.len() < inflated.len(), "pixels of twelve bits");
}

#[test]
fn every_data_set_has_an_even_length_whatever_its_deflated_bytes_have() {
    use super::template::{Segment, Which};
    let mut was_odd = false;
    for bytes in 1..20_u8 {
        let text: Vec<u8> = (0..bytes).collect();
        let segments = vec![Segment::Uid(Which::Instance), Segment::Bytes(text.into())];
        let out = deflated::deflate(segments).expect("a short head");
        let lens: Vec<u64> = out.iter().map(Segment::len).collect();
        assert_eq!(lens.iter().sum::<u64>() % 2, 0, "{lens:?}");
        was_odd |= lens.last() == Some(&1);
    }
    assert!(was_odd, "nothing had to be padded");
    for mix in [Mix::Ct, Mix::Mr, Mix::Sr] {
        let corpus = Corpus::of_mix(mix, syntax(DEFLATED)).expect("made");
        assert_eq!(corpus.object(0).data_set_bytes() % 2, 0, "{mix}");
    }
}

#[test]
fn every_mix_can_be_made_in_every_syntax() {
    for syntax in &TRANSFER_SYNTAXES {
        for mix in [Mix::Ct, Mix::Mr, Mix::Sr] {
            let corpus = Corpus::of_mix(mix, syntax).expect(syntax.name);
            assert!(corpus.object(0).data_set_bytes() > 512);
        }
    }
}

#[test]
fn a_round_of_a_mix_has_its_shares_and_spreads_them() {
    let corpus = Corpus::of_mix(Mix::Mixed, syntax(EXPLICIT)).expect("made");
    let mut counts = [0; 5];
    for number in 0..200 {
        counts[corpus.template_of(number)] += 1;
    }
    assert_eq!(counts, [90, 80, 20, 8, 2]);
    let large = (0..100).filter(|number| corpus.template_of(*number) == 3);
    let large: Vec<u64> = large.collect();
    assert!(
        large.windows(2).all(|pair| pair[1] - pair[0] > 10),
        "{large:?}"
    );
}

#[test]
fn reports_have_the_size_that_is_documented() {
    let corpus = Corpus::of_mix(Mix::Sr, syntax(EXPLICIT)).expect("made");
    let bytes = corpus.object(0).data_set_bytes();
    assert!((7 << 10..9 << 10).contains(&bytes), "{bytes}");
}

/// A file as a receiver would store it, with UIDs of another length.
fn file(mix: Mix, syntax_uid: &str) -> Vec<u8> {
    use pdvault_engine::dataset::{FILE_META_BYTES_MAX, FileMeta};
    use pdvault_engine::value::{AeTitle, Uid};
    let object = Corpus::of_mix(mix, syntax(syntax_uid))
        .expect("made")
        .object(1);
    let meta = FileMeta {
        sop_class: &Uid::from(object.template().sop_class()),
        sop_instance: &Uid::from(object.sop_instance()),
        transfer_syntax: &Uid::from(syntax_uid),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let mut bytes = vec![0; FILE_META_BYTES_MAX];
    let length = meta.encode(&mut bytes);
    bytes.truncate(length);
    bytes.extend(object.to_vec());
    bytes
}

#[test]
fn files_become_objects_with_fresh_uids_and_what_cannot_be_sent_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(directory.path().join(name), bytes).expect("written");
    };
    let report = file(Mix::Sr, EXPLICIT);
    write("a", &report);
    std::fs::create_dir(directory.path().join("below")).expect("made");
    write("below/b", &file(Mix::Mr, DEFLATED));
    write("c", &file(Mix::Mr, "1.2.840.10008.1.2.5"));
    write("d.txt", b"not DICOM");
    write("e", &report[..report.len() - 100]);
    let (corpus, left_out) = Corpus::of_files(directory.path()).expect("read");
    assert_eq!(corpus.templates().len(), 3);
    let names: Vec<_> = left_out.iter().map(|(path, _)| path.file_name()).collect();
    assert_eq!(names, [Some("d.txt".as_ref()), Some("e".as_ref())]);

    let made = Corpus::of_mix(Mix::Sr, syntax(EXPLICIT)).expect("made");
    let (object, again) = (corpus.object(0), corpus.object(3));
    assert_eq!(object.data_set_bytes(), made.object(0).data_set_bytes());
    assert_ne!(object.to_vec(), again.to_vec());
    for object in (0..3).map(|number| corpus.object(number)) {
        assert_eq!(
            places_of(object.sop_instance().as_bytes(), &object.to_vec()),
            1
        );
    }
    assert_eq!(corpus.object(1).template().transfer_syntax(), DEFLATED);
}

#[test]
fn a_directory_without_objects_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = Corpus::of_files(directory.path())
        .expect_err("empty")
        .to_string();
    assert!(error.ends_with("can be sent: it holds none"), "{error}");
    assert!(Corpus::of_files(Path::new("/nowhere")).is_err());
}

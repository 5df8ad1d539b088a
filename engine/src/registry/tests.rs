//! The tables are complete, sorted, and agree with those of others.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

mod dictionary;

/// Storage by name, but of things that belong to no patient and study; with them, directories of
/// media, which are not sent. Accepted neither by default nor promiscuously.
const OUTSIDE_PATIENT_STUDY: [&str; 10] = [
    "CT Defined Procedure Protocol Storage",
    "Color Palette Storage",
    "Generic Implant Template Storage",
    "Hanging Protocol Storage",
    "Implant Assembly Template Storage",
    "Implant Template Group Storage",
    "Inventory Storage",
    "Media Storage Directory Storage",
    "Protocol Approval Storage",
    "XA Defined Procedure Protocol Storage",
];

/// Younger than the default set, so accepted promiscuously only.
const NEWER: [&str; 6] = [
    "CT Image Storage - For Processing",
    "Enhanced CT Image Storage - For Processing",
    "Legacy Converted Enhanced CT Image Storage - For Processing",
    "Ultrasound Waveform Storage",
    "Waveform Acquisition Presentation State Storage",
    "Waveform Presentation State Storage",
];

/// Classes whose names hold the word "storage" and that are about something else.
const NOT_STORAGE: [&str; 2] = [
    "Storage Commitment Pull Model",
    "Storage Commitment Push Model",
];

/// Where the dictionary's constant is not made of our name, and why.
const NAME_DIFFERENCES: [(&str, &str); 2] = [
    (
        "1.2.840.10008.5.1.4.1.1.501.6",
        "an abbreviation in the middle of the name",
    ),
    (
        "1.2.840.10008.5.1.4.1.1.9.1.1",
        "an identifier can't begin with a digit",
    ),
];

fn sorted_strictly<'a>(uids: impl Iterator<Item = &'a str> + Clone) -> bool {
    uids.clone().zip(uids.skip(1)).all(|(a, b)| a < b)
}

fn names(filter: impl Fn(&SopClass) -> bool) -> BTreeSet<&'static str> {
    SOP_CLASSES
        .iter()
        .filter(|class| filter(class))
        .map(|class| class.name)
        .collect()
}

fn uids_of(constants: &[(&str, &'static str)]) -> BTreeSet<&'static str> {
    constants.iter().map(|&(_, uid)| uid).collect()
}

#[test]
fn every_table_is_sorted_and_without_duplicates() {
    assert!(sorted_strictly(SOP_CLASSES.iter().map(|class| class.uid)));
    assert!(sorted_strictly(
        TRANSFER_SYNTAXES.iter().map(|syntax| syntax.uid)
    ));
    assert!(sorted_strictly(OTHER_UIDS.iter().copied()));
}

#[test]
fn no_uid_is_in_two_tables() {
    for uid in OTHER_UIDS {
        assert!(
            sop_class(uid).is_none() && transfer_syntax(uid).is_none(),
            "{uid}"
        );
    }
    for syntax in &TRANSFER_SYNTAXES {
        assert!(sop_class(syntax.uid).is_none(), "{}", syntax.uid);
    }
}

#[test]
fn every_uid_is_well_formed_and_every_name_is_its_own() {
    let tables = SOP_CLASSES.iter().map(|class| (class.uid, class.name));
    let tables = tables.chain(
        TRANSFER_SYNTAXES
            .iter()
            .map(|syntax| (syntax.uid, syntax.name)),
    );
    let mut seen = BTreeSet::new();
    for (uid, name) in tables {
        assert!(crate::value::Uid::from(uid).is_well_formed(), "{uid}");
        assert!(!name.is_empty() && name.trim() == name, "{uid}: {name:?}");
        assert!(seen.insert(name), "{name} twice");
    }
    for uid in OTHER_UIDS {
        assert!(crate::value::Uid::from(uid).is_well_formed(), "{uid}");
    }
}

#[test]
fn every_entry_is_found_by_its_uid() {
    for class in &SOP_CLASSES {
        assert_eq!(sop_class(class.uid), Some(class));
        assert_eq!(is_storage(class.uid), class.storage);
        assert_eq!(file_name_prefix(class.uid), class.prefix);
        assert_eq!(is_known(class.uid), !class.newer, "{}", class.name);
    }
    for syntax in &TRANSFER_SYNTAXES {
        assert_eq!(transfer_syntax(syntax.uid), Some(syntax));
        assert!(
            is_known(syntax.uid) && !is_storage(syntax.uid),
            "{}",
            syntax.name
        );
    }
    for uid in OTHER_UIDS {
        assert!(is_known(uid) && !is_storage(uid), "{uid}");
    }
}

#[test]
fn what_is_not_listed_is_unknown() {
    for uid in [
        "",
        "1.2.3",
        "1.2.840.10008.5.1.4.1.1.2.",
        "1.2.840.10008.5.1.4.1.1.2 ",
        "../x",
    ] {
        assert!(!is_known(uid) && !is_storage(uid), "{uid}");
        assert!(
            sop_class(uid).is_none() && transfer_syntax(uid).is_none(),
            "{uid}"
        );
        assert_eq!(file_name_prefix(uid), "UNKNOWN");
    }
}

#[test]
fn there_are_199_storage_classes_and_verification_is_none_of_them() {
    assert_eq!(names(|class| class.storage).len(), 199);
    assert!(is_known(VERIFICATION) && !is_storage(VERIFICATION));
    assert_eq!(
        sop_class(VERIFICATION).expect("listed").name,
        "Verification"
    );
}

#[test]
fn storage_by_name_is_storage_in_fact_but_for_the_listed_exceptions() {
    let by_name = names(|class| class.name.contains("Storage"));
    let stored = names(|class| class.storage);
    assert!(
        stored.is_subset(&by_name),
        "{:?}",
        stored.difference(&by_name)
    );
    let exceptions: BTreeSet<_> = OUTSIDE_PATIENT_STUDY
        .into_iter()
        .chain(NEWER)
        .chain(NOT_STORAGE)
        .collect();
    let not_stored: BTreeSet<_> = by_name.difference(&stored).copied().collect();
    assert_eq!(not_stored, exceptions);
    assert_eq!(names(|class| class.newer), NEWER.into());
}

#[test]
fn every_storage_class_has_a_prefix_of_two_to_four_characters() {
    for class in &SOP_CLASSES {
        if class.prefix == UNKNOWN_PREFIX {
            assert!(!class.storage, "{}", class.name);
            continue;
        }
        assert!((2..=4).contains(&class.prefix.len()), "{}", class.name);
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(class.prefix.chars().all(legal), "{}", class.name);
    }
    let with_prefix = names(|class| class.prefix != UNKNOWN_PREFIX);
    assert_eq!(with_prefix.len(), 211);
}

#[test]
fn two_classes_at_most_share_a_prefix() {
    let mut classes = BTreeMap::<_, Vec<_>>::new();
    for class in SOP_CLASSES
        .iter()
        .filter(|class| class.prefix != UNKNOWN_PREFIX)
    {
        classes.entry(class.prefix).or_default().push(class.name);
    }
    classes.retain(|_, names| names.len() > 1);
    let shared = [
        "Implantation Plan SR Storage",
        "Performed Imaging Agent Administration SR Storage",
    ];
    assert_eq!(classes, [("SRi", shared.to_vec())].into());
}

#[test]
fn well_known_classes_have_the_prefixes_that_users_expect() {
    for (uid, prefix) in [
        ("1.2.840.10008.5.1.4.1.1.1", "CR"),
        ("1.2.840.10008.5.1.4.1.1.2", "CT"),
        ("1.2.840.10008.5.1.4.1.1.2.1", "CTe"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR"),
        ("1.2.840.10008.5.1.4.1.1.7", "SC"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "RP"),
        ("1.2.840.10008.5.1.4.1.1.88.76", "SRde"),
        ("1.2.840.10008.5.1.4.38.1", "HP"),
    ] {
        assert_eq!(file_name_prefix(uid), prefix, "{uid}");
    }
}

#[test]
fn the_sop_classes_are_exactly_those_of_the_dictionary() {
    let ours: BTreeSet<_> = SOP_CLASSES.iter().map(|class| class.uid).collect();
    let mut theirs = uids_of(&dictionary::SOP_CLASSES);
    theirs.extend(uids_of(&dictionary::META_SOP_CLASSES));
    assert_eq!(ours, theirs);
}

#[test]
fn the_names_of_sop_classes_are_those_of_the_dictionary() {
    let squeeze = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect()
    };
    let different: BTreeSet<_> = dictionary::SOP_CLASSES
        .iter()
        .chain(&dictionary::META_SOP_CLASSES)
        .filter(|(constant, uid)| {
            squeeze(sop_class(uid).expect("listed").name) != squeeze(constant)
        })
        .map(|&(_, uid)| uid)
        .collect();
    let expected: BTreeSet<_> = NAME_DIFFERENCES.iter().map(|&(uid, _reason)| uid).collect();
    assert_eq!(different, expected);
}

#[test]
fn every_other_uid_of_the_dictionary_is_known() {
    for (name, uid) in dictionary::TRANSFER_SYNTAXES
        .iter()
        .chain(&dictionary::OTHERS)
    {
        assert!(is_known(uid), "{name} {uid}");
    }
}

#[test]
fn the_only_other_uids_that_the_dictionary_lacks_are_frames_of_reference_and_a_private_one() {
    let mut theirs = uids_of(&dictionary::TRANSFER_SYNTAXES);
    theirs.extend(uids_of(&dictionary::OTHERS));
    // PS3.6 table A-2 is not part of the dictionary; the last is a transfer syntax of old files
    // that every toolkit knows.
    let (frames, rest): (Vec<_>, Vec<_>) = OTHER_UIDS
        .into_iter()
        .filter(|uid| !theirs.contains(uid))
        .partition(|uid| uid.starts_with("1.2.840.10008.1.4."));
    assert_eq!(frames.len(), 28);
    assert_eq!(rest, ["1.2.840.113619.5.2"]);
}

#[test]
fn transfer_syntaxes_that_carry_no_object_of_their_own_are_left_out() {
    let ours: BTreeSet<_> = TRANSFER_SYNTAXES.iter().map(|syntax| syntax.uid).collect();
    let theirs = uids_of(&dictionary::TRANSFER_SYNTAXES);
    assert!(ours.is_subset(&theirs));
    // Retired JPEG processes, JPEG 2000 part 2, references to an image server (JPIP), the retired
    // MIME, XML and Papyrus encodings, and the streams of real-time video: no receiver of objects
    // accepts them.
    let left_out = |uid: &str| {
        let part = uid.strip_prefix("1.2.840.10008.1.2").unwrap_or("papyrus");
        let number = part.strip_prefix(".4.").and_then(|n| n.parse::<u32>().ok());
        matches!(number, Some(52..=66 | 92..=95 | 204 | 205))
            || part.starts_with(".6.")
            || part.starts_with(".7.")
            || uid == "1.2.840.10008.1.20"
    };
    for uid in theirs {
        assert_eq!(left_out(uid), !ours.contains(uid), "{uid}");
    }
}

#[test]
fn rankings_hold_each_transfer_syntax_once() {
    let all: BTreeSet<_> = TRANSFER_SYNTAXES.iter().map(|syntax| syntax.uid).collect();
    let ranked: BTreeSet<_> = RANKING_ACCEPT_ALL.iter().copied().collect();
    assert_eq!(RANKING_ACCEPT_ALL.len(), ranked.len());
    assert_eq!(ranked, all);
    assert!(RANKING_ACCEPT_ALL.ends_with(RANKING_DEFAULT));
    assert_eq!(RANKING_DEFAULT.len(), 3);
}

#[test]
fn rankings_prefer_compressed_to_plain_and_the_own_byte_order_to_the_other() {
    let syntax = |uid: &&str| transfer_syntax(uid).expect("listed");
    let plain = |s: &TransferSyntax| !s.encapsulated && !s.deflated;
    let first_plain = RANKING_ACCEPT_ALL.iter().position(|uid| plain(syntax(uid)));
    assert_eq!(first_plain, Some(RANKING_ACCEPT_ALL.len() - 3));
    let native = syntax(&RANKING_DEFAULT[0]);
    assert_eq!(native.big_endian, cfg!(target_endian = "big"));
    assert!(!native.implicit);
    assert_ne!(syntax(&RANKING_DEFAULT[1]).big_endian, native.big_endian);
    assert!(syntax(&RANKING_DEFAULT[2]).implicit);
}

#[test]
fn the_properties_of_transfer_syntaxes_exclude_each_other() {
    let count = |property: fn(&TransferSyntax) -> bool| {
        TRANSFER_SYNTAXES
            .iter()
            .filter(|syntax| property(syntax))
            .count()
    };
    assert_eq!(count(|s| s.implicit), 1);
    assert_eq!(count(|s| s.big_endian), 1);
    assert_eq!(count(|s| s.deflated), 1);
    assert_eq!(count(|s| s.encapsulated), 32);
    assert_eq!(
        count(|s| !s.implicit && !s.big_endian && !s.deflated && !s.encapsulated),
        1
    );
    let deflated = transfer_syntax("1.2.840.10008.1.2.1.99").expect("listed");
    assert!(deflated.deflated && !deflated.encapsulated);
}

mod symbols {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_is_there_once() {
        assert!(sorted_strictly(SYMBOLS.iter().map(|(name, _)| *name)));
    }

    #[test]
    fn every_name_but_those_of_retired_transfer_syntaxes_is_of_something_known() {
        // Retired ones of PS3.6 table A-1 in which nothing is stored here: 4.52 to 4.66, and 4.92
        // to 4.95.
        let is_retired = |uid: &str| {
            let number = uid.strip_prefix("1.2.840.10008.1.2.4.");
            number
                .and_then(|number| number.parse::<u16>().ok())
                .is_some_and(|number| (52..=66).contains(&number) || (92..=95).contains(&number))
        };
        for (name, uid) in SYMBOLS {
            let is_there = sop_class(uid).is_some() || transfer_syntax(uid).is_some();
            assert_ne!(is_there, is_retired(uid), "{name}");
        }
    }

    #[test]
    fn every_transfer_syntax_has_a_name() {
        let named: BTreeSet<_> = SYMBOLS.iter().map(|(_, uid)| *uid).collect();
        for syntax in &TRANSFER_SYNTAXES {
            assert!(named.contains(syntax.uid), "{}", syntax.uid);
        }
    }

    #[test]
    fn a_uid_has_one_name() {
        for (name, uid) in SYMBOLS {
            assert_eq!(symbol_of(uid), Some(name));
        }
        assert_eq!(symbol_of("1.2.3"), None);
    }

    #[test]
    fn a_name_stands_for_its_uid_letter_for_letter() {
        for (name, uid) in [
            ("LittleEndianImplicit", Some(IMPLICIT_LITTLE)),
            ("JPEGExtended:Process2+4", Some("1.2.840.10008.1.2.4.51")),
            ("CTImageStorage", Some("1.2.840.10008.5.1.4.1.1.2")),
            ("VerificationSOPClass", Some(VERIFICATION)),
            ("LocalEndianExplicit", Some(EXPLICIT_NATIVE[0])),
            ("OppositeEndianExplicit", Some(EXPLICIT_NATIVE[1])),
            ("ctimagestorage", None),
            ("", None),
        ] {
            assert_eq!(uid_of_symbol(name), uid, "{name}");
        }
    }
}

//! Profiles as DCMTK's storescu 3.6.7 was seen to read them.

use super::*;

const PLAIN: &str = "\
[[TransferSyntaxes]]
[TS]
TransferSyntax1 = LittleEndianImplicit
TransferSyntax2 = 1.2.840.10008.1.2.1
[[PresentationContexts]]
[PC]
PresentationContext1 = CTImageStorage\\TS
[[SCPSCURoleSelection]]
[R]
Role1 = CTImageStorage\\BOTH
[[ExtendedNegotiation]]
[E]
ExtendedNegotiation1 = CTImageStorage\\0a0B
[[Profiles]]
[P]
PresentationContexts = PC
";

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// The profile `P` of the plain file with one piece of text replaced.
fn changed(from: &str, to: &str) -> Result<Profile, String> {
    assert!(PLAIN.contains(from), "{from}");
    parse(&PLAIN.replace(from, to), "P").map_err(|error| error.to_string())
}

fn plain() -> Profile {
    parse(PLAIN, "P").expect("legal")
}

#[test]
fn a_profile_proposes_its_contexts_in_the_order_of_the_file() {
    let profile = changed(
        "TS\n[[SCP",
        "TS\nPresentationContext2 = 1.2.3\\TS\nPresentationContext3 = CTImageStorage\\TS\n[[SCP",
    )
    .expect("legal");
    let classes: Vec<_> = profile
        .contexts
        .iter()
        .map(|context| context.abstract_syntax.as_str())
        .collect();
    assert_eq!(classes, [CT, "1.2.3", CT]);
    let syntaxes = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"].map(Uid::from);
    assert_eq!(profile.contexts[0].transfer_syntaxes, syntaxes);
    assert!(profile.roles.is_empty() && profile.extended.is_empty());
}

#[test]
fn roles_and_extended_negotiation_are_taken_where_the_profile_names_them() {
    let profile = changed(
        "PresentationContexts = PC",
        "PresentationContexts = PC\nSCPSCURoleSelection = R\nExtendedNegotiation = E",
    )
    .expect("legal");
    let role = &profile.roles[..];
    assert!(matches!(role, [role] if role.scu && role.scp && role.sop_class.as_str() == CT));
    let item = &profile.extended[..];
    assert!(matches!(item, [item] if item.information == [10, 11]));
}

#[test]
fn names_of_sections_keys_and_profiles_are_compared_loosely() {
    assert_eq!(parse(PLAIN, " p ").expect("legal"), plain());
    for (from, to) in [
        ("[TS]", "[ t.s ] "),
        ("TransferSyntax2", "transfer Syntax 2"),
        ("CTImageStorage\\TS", "CTImageStorage\\ t s"),
        ("= PC", "= P C "),
        ("CTImageStorage\\TS", "=CTImageStorage\\TS"),
    ] {
        assert_eq!(changed(from, to), Ok(plain()), "{to}");
    }
}

#[test]
fn comments_blank_lines_and_repetitions_change_nothing() {
    for (from, to) in [
        ("[TS]\n", "# x\n\n[TS]\n#TransferSyntax1 = y\n"),
        ("Implicit\n", "Implicit\n  \n"),
        ("Implicit\n", "Implicit\nTransferSyntax1 = JPEGBaseline\n"),
        ("[TS]\n", "[TS]\njunk\n"),
        ("\n", "\r\n"),
    ] {
        assert_eq!(changed(from, to), Ok(plain()), "{to}");
    }
    assert_eq!(parse(PLAIN.trim_end(), "P").expect("legal"), plain());
}

#[test]
fn a_line_that_begins_with_a_blank_goes_on_with_the_value() {
    let profile = changed(
        "0a0B\n[[Profiles]]\n[P]\n",
        "0a\n\t0B\n[[Profiles]]\n[P]\nExtendedNegotiation = E\n",
    );
    assert_eq!(profile.expect("legal").extended[0].information, [10, 11]);
    let error = changed("LittleEndianImplicit", "LittleEndian\n Implicit").expect_err("no name");
    assert!(error.contains("LittleEndian\nImplicit"), "{error}");
}

#[test]
fn numbered_entries_end_at_the_first_gap() {
    let profile = changed("TransferSyntax2", "TransferSyntax3").expect("legal");
    assert_eq!(profile.contexts[0].transfer_syntaxes.len(), 1);
    let text = "reading config file: transfer syntax key undefined: TS";
    let error = changed("TransferSyntax1", "TransferSyntax01");
    assert_eq!(error, Err(text.to_owned()));
}

#[test]
fn what_is_wrong_is_told_as_dcmtk_does() {
    for (from, to, text) in [
        (
            "\\TS",
            "\\TX",
            "reading config file: transfer syntax key undefined: TX",
        ),
        (
            "LittleEndianImplicit",
            "Foo",
            "reading config file: not a valid transfer syntax UID: Foo",
        ),
        (
            "LittleEndianImplicit",
            "LittleEndianImplicit ",
            "reading config file: not a valid transfer syntax UID: LittleEndianImplicit ",
        ),
        (
            "= PC",
            "= PX",
            "reading config file: presentation context key undefined: PX",
        ),
        (
            "[[Profiles]]",
            "",
            "reading config file: cannot find section [[PROFILES]] in config file",
        ),
        (
            "CTImageStorage\\TS",
            "CTImageStorage",
            "reading config file: syntax error: missing '\\' in entry PRESENTATIONCONTEXT1 in \
             config file",
        ),
        (
            "CTImageStorage\\TS",
            "ctimagestorage\\TS",
            "reading config file: not a valid abstract syntax UID: ctimagestorage",
        ),
        (
            "CTImageStorage\\TS",
            "1.2.3a\\TS",
            "reading config file: not a valid abstract syntax UID: 1.2.3a",
        ),
    ] {
        assert_eq!(changed(from, to), Err(text.to_owned()));
    }
    let error = parse(PLAIN, "q").expect_err("there is none");
    assert_eq!(error.to_string(), "profile key undefined: Q");
}

#[test]
fn roles_and_items_must_be_right_and_for_a_class_that_is_proposed_once_each() {
    let with_both = PLAIN.replace(
        "PresentationContexts = PC",
        "PresentationContexts = PC\nSCPSCURoleSelection = R\nExtendedNegotiation = E",
    );
    assert!(parse(&with_both, "P").is_ok());
    for (from, to) in [
        ("\\BOTH", "\\NONE"),
        ("\\BOTH", "\\SCU "),
        ("CTImageStorage\\BOTH", "MRImageStorage\\BOTH"),
        ("\\BOTH", "\\BOTH\nRole2 = CTImageStorage\\SCU"),
        ("\\0a0B", "\\0a0"),
        ("\\0a0B", "\\0a0X"),
        ("\\0a0B", "\\"),
        ("CTImageStorage\\0a0B", "MRImageStorage\\0a0B"),
        ("= R", "= S"),
        ("= E", "= F"),
    ] {
        assert!(parse(&with_both.replace(from, to), "P").is_err(), "{to}");
    }
}

#[test]
fn an_item_has_1024_bytes_at_most() {
    let digits = |count: usize| "00".repeat(count);
    assert!(values::bytes("K", &digits(1024)).is_ok());
    assert!(values::bytes("K", &digits(1025)).is_err());
}

#[test]
fn a_file_that_can_not_be_read_or_is_far_too_long_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("profiles");
    let error = read(&path, OsStr::new("P")).expect_err("no file");
    let text = "reading config file: unable to open configuration file: ";
    assert!(error.to_string().starts_with(text), "{error}");
    std::fs::write(&path, PLAIN).expect("written");
    assert_eq!(read(&path, OsStr::new("P")).expect("legal"), plain());
    let file = File::options().append(true).open(&path).expect("there");
    file.set_len(FILE_BYTES_MAX + 1).expect("a hole");
    let error = read(&path, OsStr::new("P")).expect_err("too long");
    assert!(matches!(error, ProfileError::TooLong { .. }));
}

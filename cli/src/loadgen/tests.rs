//! What the typed options mean.

use std::time::Duration;

use pdvault_loadgen::corpus::Mix;

use super::settings::Objects;
use super::*;
use crate::options::loadgen::COMPARE;

fn typed(change: impl FnOnce(&mut Typed)) -> Typed {
    let mut typed = Typed::default();
    typed.requestor.peer = "host".into();
    change(&mut typed);
    typed
}

fn resolved(change: impl FnOnce(&mut Typed)) -> Settings {
    Settings::resolve(&typed(change)).expect("legal settings")
}

fn refused(change: impl FnOnce(&mut Typed)) -> String {
    let error = Settings::resolve(&typed(change)).expect_err("illegal settings");
    error.text
}

#[test]
fn without_options_a_mixed_load_is_sent_for_ten_seconds_in_a_closed_loop() {
    let settings = resolved(|_| {});
    let Objects::Mix(mix, syntax) = settings.objects else {
        panic!("a mix");
    };
    assert_eq!((mix, syntax.uid), (Mix::Mixed, "1.2.840.10008.1.2.1"));
    assert_eq!(settings.count, None);
    assert_eq!(settings.duration, Some(Duration::from_secs(10)));
    assert_eq!((settings.warm_up, settings.ramp), Default::default());
    assert_eq!((settings.arrival_rate, settings.seed), (None, None));
    assert_eq!(settings.sending.associations, 1);
    assert_eq!(settings.requestor.calling.to_string(), "LOADGEN");
    assert!(settings.faults.is_empty() && settings.expectations.is_empty());
}

#[test]
fn a_count_alone_bounds_the_run() {
    let settings = resolved(|typed| typed.count = Some(5));
    assert_eq!((settings.count, settings.duration), (Some(5), None));
    let settings = resolved(|typed| {
        typed.count = Some(5);
        typed.duration_seconds = Some(3);
    });
    assert_eq!(settings.duration, Some(Duration::from_secs(3)));
}

#[test]
fn every_mix_of_the_table_is_one() {
    for mix in Mix::ALL {
        let settings = resolved(|typed| typed.source = Some(Source::Mix(mix.name())));
        assert!(matches!(settings.objects, Objects::Mix(found, _) if found == mix));
        let words = ["--corpus", mix.name(), "host", "104"].map(OsString::from);
        assert!(crate::grammar::parse(&TOOL, words.into()).is_ok());
    }
}

#[test]
fn a_transfer_syntax_is_a_uid_or_a_name() {
    for text in ["1.2.840.10008.1.2.4.50", "JPEGBaseline"] {
        let settings = resolved(|typed| typed.syntax = Some(text.into()));
        let Objects::Mix(_, syntax) = settings.objects else {
            panic!("a mix");
        };
        assert_eq!(syntax.uid, "1.2.840.10008.1.2.4.50");
    }
    for text in ["", "JPEG", "CTImageStorage", "1.2.3"] {
        let text = refused(|typed| typed.syntax = Some(text.into()));
        assert!(text.starts_with("Invalid value for option --transfer-syntax ("));
    }
}

#[test]
fn an_odd_size_is_refused() {
    let text = refused(|typed| typed.source = Some(Source::Size(4097)));
    assert_eq!(
        text,
        "Invalid value for option --size (4097: an even number expected)"
    );
}

#[test]
fn expectations_that_are_none_are_told_before_anything_is_sent() {
    let settings = resolved(|typed| typed.expectations = vec!["p99<50ms".into()]);
    assert_eq!(settings.expectations.len(), 1);
    let text = refused(|typed| typed.expectations = vec!["p99".into()]);
    assert!(
        text.starts_with("Invalid value for option --expect ("),
        "{text}"
    );
}

#[test]
fn what_was_typed_is_kept_for_the_results() {
    let words = [
        "--corpus",
        "ct",
        "--fault",
        "abort=1%",
        "--fault",
        "stall=2%",
        "--per-object",
        "h",
        "1",
    ];
    let words = words.map(OsString::from).into();
    let line = crate::grammar::parse(&TOOL, words).expect("legal");
    let mut typed = Typed::default();
    typed.note_parameters(&line).expect("legal");
    let options: Vec<_> = typed
        .options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expected = ["corpus=ct", "fault=abort=1% stall=2%", "per-object="];
    assert_eq!(options, expected);
    assert_eq!(typed.requestor.port, 1);
}

#[test]
fn a_comparison_takes_two_files() {
    let read = |words: &[&str]| {
        let words = words.iter().map(OsString::from).collect();
        let mut typed = Comparison::default();
        let line = crate::grammar::parse(&COMPARE, words)?;
        typed.note_parameters(&line)?;
        Ok::<_, UsageError>(typed)
    };
    let files = read(&["a", "b"]).expect("legal");
    assert_eq!((files.a, files.b), ("a".into(), "b".into()));
    for words in [&["a"][..], &["a", "b", "c"]] {
        assert!(read(words).is_err());
    }
}

#[test]
fn the_help_names_faults_expectations_the_default_duration_and_the_comparison() {
    let text = crate::help::usage(&TOOL);
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    for phrase in [
        "| compare a.json b.json",
        "abort, stall, half-pdu, slow-reader, same-uid or large-pdu",
        "mean, max, throughput, rate, objects, failures, warnings, cpu",
        "(default: 10)",
    ] {
        assert!(text.contains(phrase), "{phrase} in {text}");
    }
    for text in [text, crate::help::usage(&COMPARE)] {
        assert!(!text.contains("DCMTK"), "{text}");
    }
    let page = crate::man::page(&TOOL);
    let fault = page.split(".TP").find(|item| item.contains("A\\-ABORT"));
    let fault = fault.expect("documented");
    assert_eq!(fault.matches("May be repeated").count(), 1, "{fault}");
}

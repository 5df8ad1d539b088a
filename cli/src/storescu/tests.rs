//! What the typed options mean.

use std::time::Duration;

use pdvault_engine::association::proposal::{SyntaxProposal, UserIdentity};

use super::settings::{Contexts, Invent};
use super::*;
use crate::logging::Threshold;
use crate::options::shared::ip_version::IpVersion;

fn typed(change: impl FnOnce(&mut Typed)) -> Typed {
    let mut typed = Typed {
        inputs: vec!["file".into()],
        ..Typed::default()
    };
    typed.requestor.peer = "host".into();
    typed.requestor.port = 104;
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
fn what_is_left_out_has_its_default() {
    let settings = resolved(|_| {});
    let requestor = &settings.requestor;
    assert_eq!((requestor.peer.as_str(), requestor.port), ("host", 104));
    assert_eq!(requestor.ip_version, IpVersion::V4);
    assert_eq!(requestor.calling.to_string(), "STORESCU");
    assert_eq!(requestor.called.to_string(), "ANY-SCP");
    assert_eq!(requestor.connect_timeout, None);
    assert_eq!(requestor.socket_timeout, Some(Duration::from_secs(60)));
    assert_eq!(requestor.acse_timeout, Duration::from_secs(30));
    assert_eq!(requestor.dimse_timeout, None);
    assert_eq!(requestor.max_pdu_bytes, 16384);
    assert_eq!(settings.sending.max_send_pdu_bytes, None);
    assert_eq!(settings.sending.associations, 1);
    assert_eq!(settings.sending.async_ops, None);
    assert_eq!(settings.input_format, InputFormat::Detect);
    let proposal = SyntaxProposal::default();
    assert_eq!(settings.contexts, Contexts::Default(proposal));
    assert_eq!(settings.compression_level, 6);
    assert_eq!((settings.repeat, settings.retries), (1, 0));
    assert_eq!((settings.identity, settings.invent), (None, None));
    assert_eq!((settings.rate, settings.journal), (None, None));
    assert!(settings.halt && !settings.abort && !settings.prefer_deflated);
    assert!(!settings.scan_directories && !settings.recurse && !settings.rename);
    assert!(!settings.resume && !settings.old_vr_only);
}

#[test]
fn the_table_shows_the_defaults_that_hold() {
    for (long, default) in [
        ("--aetitle", "STORESCU"),
        ("--call", "ANY-SCP"),
        ("--timeout", "unlimited"),
        ("--socket-timeout", "60"),
        ("--acse-timeout", "30"),
        ("--dimse-timeout", "unlimited"),
        ("--max-pdu", "16384"),
        ("--compression-level", "6"),
        ("--repeat", "1"),
        ("--invent-series", "100"),
        ("--invent-study", "50"),
        ("--invent-patient", "25"),
        ("--associations", "1"),
        ("--async-ops", "1"),
        ("--retry", "0"),
    ] {
        let entry = TOOL.entries().find(|entry| entry.long == long);
        assert_eq!(
            entry.and_then(|entry| entry.default),
            Some(default),
            "{long}"
        );
    }
}

#[test]
fn contexts_come_from_the_default_classes_the_files_or_a_profile() {
    let jpeg = || SyntaxProposal::preferring("1.2.840.10008.1.2.4.50");
    let settings = resolved(|typed| {
        typed.preference = Some(jpeg());
        typed.combine = true;
    });
    assert_eq!(settings.contexts, Contexts::Default(jpeg().combined(true)));
    let settings = resolved(|typed| {
        typed.preference = Some(jpeg());
        typed.required = true;
    });
    assert_eq!(settings.contexts, Contexts::Required(jpeg()));
    let settings = resolved(|typed| {
        typed.propose_stored = true;
        typed.required = true;
    });
    assert_eq!(settings.contexts, Contexts::Stored);
    assert!(!settings.prefer_deflated);
    let settings = resolved(|typed| typed.profile = Some(("f".into(), "p".into())));
    let (file, name) = ("f".into(), "p".into());
    assert_eq!(settings.contexts, Contexts::Profile { file, name });
}

#[test]
fn deflated_is_preferred_where_it_is_proposed_first() {
    assert!(resolved(|typed| typed.first("1.2.840.10008.1.2.1.99")).prefer_deflated);
    assert!(!resolved(|typed| typed.first("1.2.840.10008.1.2.1")).prefer_deflated);
}

#[test]
fn any_of_the_invent_options_invents_and_the_others_keep_their_defaults() {
    let invent = |images_per_series, series_per_study, studies_per_patient| {
        Some(Invent {
            images_per_series,
            series_per_study,
            studies_per_patient,
        })
    };
    assert_eq!(
        resolved(|typed| typed.invent = true).invent,
        invent(100, 50, 25)
    );
    let settings = resolved(|typed| typed.invent_series = Some(1));
    assert_eq!(settings.invent, invent(1, 50, 25));
    let settings = resolved(|typed| typed.invent_study = Some(1));
    assert_eq!(settings.invent, invent(100, 1, 25));
    let settings = resolved(|typed| typed.invent_patient = Some(1));
    assert_eq!(settings.invent, invent(100, 50, 1));
}

#[test]
fn a_window_of_one_is_not_asked_for() {
    let window = |number| {
        resolved(|typed| typed.sending.async_ops = Some(number))
            .sending
            .async_ops
    };
    assert_eq!(window(1), None);
    assert_eq!(window(16), Some(16));
}

#[test]
fn verbose_presentation_contexts_need_a_log_that_shows_them() {
    let text = "--verbose-pc only allowed with verbose mode";
    assert_eq!(refused(|typed| typed.verbose_pc = true), text);
    for threshold in [Threshold::Info, Threshold::Debug] {
        let settings = resolved(|typed| {
            typed.verbose_pc = true;
            typed.general.threshold = Some(threshold);
        });
        assert!(settings.verbose_pc);
    }
}

#[test]
fn titles_and_peers_that_can_not_be_are_refused() {
    for title in ["", " ", "A\\B", "ABCDEFGHIJKLMNOé"] {
        let text = refused(|typed| typed.requestor.calling = Some(title.into()));
        assert!(text.starts_with("Invalid value for option --aetitle ("));
        let text = refused(|typed| typed.requestor.called = Some(title.into()));
        assert!(text.starts_with("Invalid value for option --call ("));
    }
    let text = refused(|typed| typed.requestor.peer = "".into());
    assert_eq!(text, "Invalid parameter value ");
}

#[test]
fn a_title_that_is_too_long_is_cut() {
    for (typed, title) in [
        ("SEVENTEEN_LETTERS", "SEVENTEEN_LETTER"),
        ("FIFTEEN_LETTERS \\", "FIFTEEN_LETTERS"),
        ("  SIXTEEN_LETTERS_", "SIXTEEN_LETTERS_"),
    ] {
        let settings = resolved(|t| t.requestor.calling = Some(typed.into()));
        assert_eq!(settings.requestor.calling.to_string(), title);
    }
}

mod identities {
    use super::*;

    fn loaded(change: impl FnOnce(&mut Typed)) -> UserIdentity {
        let source = resolved(change).identity.expect("there is one");
        source.load().expect("it can be read")
    }

    fn user(typed: &mut Typed) {
        typed.identity = Some(TypedIdentity::User("u".into()));
    }

    #[test]
    fn a_user_comes_with_or_without_a_password() {
        assert_eq!(loaded(user), UserIdentity::Name("u".into()));
        for (passcode, expected) in [
            (TypedPasscode::Word("p".into()), "p"),
            (TypedPasscode::Empty, ""),
        ] {
            let identity = loaded(|typed| {
                user(typed);
                typed.passcode = Some(passcode);
            });
            let expected = UserIdentity::NameAndPasscode("u".into(), expected.into());
            assert_eq!(identity, expected);
        }
    }

    #[test]
    fn tickets_assertions_and_tokens_come_from_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ticket");
        std::fs::write(&path, b"\0\xff").expect("written");
        let content = || vec![0, 0xff];
        for (identity, expected) in [
            (
                TypedIdentity::Kerberos(path.clone()),
                UserIdentity::Kerberos(content()),
            ),
            (
                TypedIdentity::Saml(path.clone()),
                UserIdentity::Saml(content()),
            ),
            (
                TypedIdentity::Jwt(path.clone()),
                UserIdentity::Jwt(content()),
            ),
        ] {
            assert_eq!(loaded(|typed| typed.identity = Some(identity)), expected);
        }
    }

    #[test]
    fn a_file_that_is_missing_empty_or_too_long_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ticket");
        let source = identity::Source::Jwt(path.clone());
        let error = source.load().expect_err("missing").to_string();
        assert!(error.contains("ticket"), "{error}");
        std::fs::write(&path, "").expect("written");
        let error = source.load().expect_err("empty").to_string();
        assert!(error.contains("ticket is empty"), "{error}");
        std::fs::write(&path, vec![0; 65_536]).expect("written");
        let error = source.load().expect_err("too long").to_string();
        assert!(error.contains("longer than 65535 bytes"), "{error}");
        std::fs::write(&path, vec![0; 65_535]).expect("written");
        assert!(source.load().is_ok());
    }

    #[test]
    fn names_and_passwords_are_never_shown() {
        let settings = resolved(|typed| {
            typed.identity = Some(TypedIdentity::User("sesame-user".into()));
            typed.passcode = Some(TypedPasscode::Word("sesame-word".into()));
        });
        assert!(!format!("{settings:?}").contains("sesame"));
    }

    #[test]
    fn a_response_is_enforced_for_names_only() {
        let enforces = |change: fn(&mut Typed)| {
            let source = resolved(change).identity.expect("there is one");
            source.enforces_response()
        };
        assert!(enforces(user));
        assert!(!enforces(|typed| {
            typed.identity = Some(TypedIdentity::Jwt("f".into()));
        }));
    }
}

//! What the typed options mean.

use std::time::Duration;

use pdvault_engine::receiver::Driver;
use pdvault_engine::store::{Durability, OnDuplicate};

use super::*;
use crate::options::shared::ip_version::IpVersion;

fn resolved(change: impl FnOnce(&mut Typed)) -> Settings {
    let mut typed = Typed {
        port: 11112,
        ..Typed::default()
    };
    change(&mut typed);
    Settings::resolve(&typed).expect("legal settings")
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = resolved(|_| {});
    assert_eq!(settings.listen.to_string(), "0.0.0.0:11112");
    assert!(!settings.is_ipv6_only);
    assert_eq!(settings.output_directory.to_str(), Some("."));
    assert_eq!(settings.ae_title.to_string(), "STORESCP");
    assert_eq!(settings.max_pdu_bytes, 131_072);
    assert_eq!(settings.max_operations, 16);
    assert_eq!(settings.acse_timeout, Duration::from_secs(30));
    assert_eq!(settings.dimse_timeout, None);
    assert_eq!(settings.socket_timeout, Some(Duration::from_secs(60)));
    assert_eq!(settings.drain_timeout, Duration::from_secs(30));
    assert_eq!(settings.max_associations, 1000);
    assert_eq!(settings.driver, Driver::Auto);
    assert_eq!((settings.workers, settings.writers), (None, None));
    assert_eq!(settings.landing_memory_bytes, 256 << 20);
    assert_eq!(settings.durability, Durability::Object);
    assert_eq!(settings.on_duplicate, OnDuplicate::Overwrite);
    assert_eq!(settings.filename_extension, "");
    assert!(!settings.accept_all && !settings.promiscuous);
    assert!(!settings.unique_filenames && !settings.ignore);
}

#[test]
fn the_table_shows_the_defaults_that_hold() {
    let shown = |long| {
        TOOL.entries()
            .find(|entry| entry.long == long)
            .and_then(|e| e.default)
    };
    assert_eq!(shown("--aetitle"), Some("STORESCP"));
    assert_eq!(shown("--max-pdu"), Some("131072"));
    assert_eq!(shown("--max-ops"), Some("16"));
    assert_eq!(shown("--acse-timeout"), Some("30"));
    assert_eq!(shown("--dimse-timeout"), Some("unlimited"));
    assert_eq!(shown("--socket-timeout"), Some("60"));
    assert_eq!(shown("--drain-timeout"), Some("30"));
    assert_eq!(shown("--driver"), Some("auto"));
    assert_eq!(shown("--max-associations"), Some("1000"));
    assert_eq!(shown("--landing-memory"), Some("256M"));
    assert_eq!(shown("--durability"), Some("object"));
    assert_eq!(shown("--on-duplicate"), Some("overwrite"));
    assert_eq!(shown("--output-directory"), Some("."));
    let writers = pdvault_engine::store::WRITERS_DEFAULT.to_string();
    assert_eq!(shown("--writers"), Some(writers.as_str()));
}

#[test]
fn a_socket_timeout_of_zero_or_less_is_none() {
    for seconds in [0, -1] {
        assert_eq!(
            resolved(|typed| typed.socket_timeout_seconds = Some(seconds)).socket_timeout,
            None
        );
    }
}

#[test]
fn ipv6_alone_and_both_versions_listen_on_the_ipv6_wildcard() {
    for (version, is_ipv6_only) in [(IpVersion::V6, true), (IpVersion::Any, false)] {
        let settings = resolved(|typed| typed.ip_version = version);
        assert_eq!(settings.listen.to_string(), "[::]:11112");
        assert_eq!(settings.is_ipv6_only, is_ipv6_only);
    }
}

#[test]
fn an_empty_output_directory_is_refused() {
    let typed = Typed {
        output_directory: Some("".into()),
        ..Typed::default()
    };
    let error = Settings::resolve(&typed).expect_err("no directory");
    assert_eq!(
        error.text,
        "Invalid value for option --output-directory (empty: a directory such as . \
         expected)"
    );
}

#[test]
fn every_word_of_a_choice_has_a_meaning() {
    let durability = |word| resolved(|typed| typed.durability = Some(word)).durability;
    assert_eq!(durability("object"), Durability::Object);
    assert_eq!(durability("none"), Durability::None);
    let driver = |word| resolved(|typed| typed.driver = Some(word)).driver;
    assert_eq!(driver("auto"), Driver::Auto);
    assert_eq!(driver("mio"), Driver::Mio);
    assert_eq!(driver("uring"), Driver::Uring);
    let on_duplicate = |word| resolved(|typed| typed.on_duplicate = Some(word)).on_duplicate;
    assert_eq!(on_duplicate("overwrite"), OnDuplicate::Overwrite);
    assert_eq!(on_duplicate("keep"), OnDuplicate::Keep);
    assert_eq!(on_duplicate("refuse"), OnDuplicate::Refuse);
    assert_eq!(on_duplicate("same"), OnDuplicate::Same);
}

#[test]
fn a_title_or_an_extension_that_can_not_be_one_is_refused() {
    for title in ["", "A\\B"] {
        let typed = Typed {
            ae_title: Some(title.into()),
            ..Typed::default()
        };
        let error = Settings::resolve(&typed).expect_err("no AE title");
        assert!(
            error
                .text
                .starts_with("Invalid value for option --aetitle ("),
            "{error}"
        );
    }
    for extension in ["/x", "../x", "a\0", "a\n", &"x".repeat(65)] {
        let typed = Typed {
            filename_extension: Some(extension.into()),
            ..Typed::default()
        };
        let error = Settings::resolve(&typed).expect_err("no extension");
        assert!(
            error
                .text
                .starts_with("Invalid value for option --filename-extension (")
        );
    }
}

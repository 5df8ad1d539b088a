//! What the typed options mean.

use super::settings::{OnDuplicate, Selection, Task};
use super::*;
use crate::grammar::UsageError;

fn resolve(command: &str, change: impl FnOnce(&mut Typed)) -> Result<Settings, UsageError> {
    let mut typed = Typed {
        command: command.into(),
        packs: vec!["pack".into()],
        ..Typed::default()
    };
    change(&mut typed);
    Settings::resolve(&typed)
}

#[test]
fn every_command_is_known_by_its_name() {
    for (name, task) in [
        ("ls", Task::List),
        ("cat", Task::Cat),
        ("extract", Task::Extract),
        ("verify", Task::Verify),
        ("stat", Task::Stat),
        ("index", Task::Index),
    ] {
        assert_eq!(resolve(name, |_| {}).expect("legal").task, task);
        assert!(TOOL.usage.contains(name));
    }
    let error = resolve("list", |_| {}).expect_err("unknown");
    assert!(
        error.text.starts_with("Invalid parameter value list"),
        "{error}"
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = resolve("extract", |_| {}).expect("legal");
    assert_eq!(settings.output, std::path::Path::new("."));
    assert_eq!(settings.on_duplicate, OnDuplicate::Overwrite);
    assert_eq!(
        (settings.extension.as_str(), settings.selection),
        ("", None)
    );
    assert!(settings.threads >= 1);
}

#[test]
fn options_are_refused_where_they_mean_nothing() {
    let select = |typed: &mut Typed| typed.key = Some((KeyKind::Study, "1.2".into()));
    for command in ["verify", "stat", "index"] {
        let error = resolve(command, select).expect_err("nothing to select");
        assert!(
            error.text.ends_with(&format!("not allowed with {command}")),
            "{error}"
        );
    }
    for command in ["ls", "cat", "extract"] {
        let settings = resolve(command, select).expect("legal");
        let (kind, uid) = (KeyKind::Study, "1.2".into());
        assert_eq!(settings.selection, Some(Selection { kind, uid }));
    }
    assert!(resolve("ls", |typed| typed.output = Some("out".into())).is_err());
    assert!(resolve("ls", |typed| typed.extension = Some("x".into())).is_err());
    assert!(resolve("ls", |typed| typed.on_duplicate = Some("keep")).is_err());
    assert!(resolve("ls", |typed| typed.allow_unsealed = true).is_err());
    assert!(resolve("cat", |typed| typed.json = true).is_err());
    assert!(resolve("stat", |typed| typed.threads = Some(1)).is_err());
}

#[test]
fn texts_that_can_not_be_are_refused() {
    for extension in ["a/b", "a\n", &"x".repeat(65)] {
        let typed = resolve("extract", |typed| typed.extension = Some(extension.into()));
        assert!(typed.is_err(), "{extension}");
    }
    for uid in ["", "é"] {
        let typed = resolve("ls", |typed| {
            typed.key = Some((KeyKind::Series, uid.into()));
        });
        assert!(typed.is_err(), "{uid}");
    }
}

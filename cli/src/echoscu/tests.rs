//! What the typed options mean.

use std::time::Duration;

use super::*;

fn resolved(change: impl FnOnce(&mut Typed)) -> Settings {
    let mut typed = Typed::default();
    typed.requestor.peer = "host".into();
    change(&mut typed);
    Settings::resolve(&typed).expect("legal settings")
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = resolved(|_| {});
    assert_eq!(settings.requestor.calling.to_string(), "ECHOSCU");
    assert_eq!(settings.requestor.called.to_string(), "ANY-SCP");
    assert_eq!(settings.requestor.acse_timeout, Duration::from_secs(30));
    assert_eq!((settings.repeat, settings.abort), (1, false));
    let [context] = &settings.contexts[..] else {
        panic!("one context");
    };
    assert_eq!(context.abstract_syntax.as_str(), "1.2.840.10008.1.1");
    assert_eq!(context.transfer_syntaxes, ["1.2.840.10008.1.2".into()]);
}

#[test]
fn more_contexts_and_more_syntaxes_are_proposed_on_request() {
    let settings = resolved(|typed| {
        typed.syntaxes = Some(4);
        typed.contexts = Some(128);
    });
    assert_eq!(settings.contexts.len(), 128);
    for context in &settings.contexts {
        let syntaxes: Vec<_> = context
            .transfer_syntaxes
            .iter()
            .map(|uid| uid.as_str().trim_start_matches("1.2.840.10008.1.2"))
            .collect();
        assert_eq!(syntaxes, ["", ".1", ".2", ".4.50"]);
    }
}

#[test]
fn no_syntax_is_proposed_twice() {
    let mut syntaxes = SYNTAXES.to_vec();
    syntaxes.sort_unstable();
    syntaxes.dedup();
    assert_eq!(syntaxes.len(), SYNTAXES.len());
}

//! The parameters of an association, in DCMTK's layout.

use std::fmt::Write as _;

use pdvault_engine::association::Agreed;
use pdvault_engine::pdu::{AssociateRq, ContextOutcome, ProposedContext};
use pdvault_engine::registry;
use pdvault_engine::value::Uid;

/// The parameters asked for.
pub(super) fn request(request: &AssociateRq) -> String {
    let mut text = heading("BEGIN", "RQ", request, None);
    text.push_str("Presentation Contexts:\n");
    for context in &request.presentation_contexts {
        line(&mut text, context, "Proposed");
        text.push_str("    Proposed Transfer Syntax(es):\n");
        for syntax in &context.transfer_syntaxes {
            let _ = writeln!(text, "      {}", shown(syntax));
        }
    }
    text.push_str(&rule("END", "RQ"));
    text
}

/// The parameters agreed on.
pub(super) fn acceptance(request: &AssociateRq, agreed: &Agreed) -> String {
    let mut text = heading("BEGIN", "AC", request, Some(agreed));
    text.push_str("Presentation Contexts:\n");
    for context in &request.presentation_contexts {
        let outcome = agreed
            .results
            .iter()
            .find(|result| result.id == context.id)
            .map_or(ContextOutcome::NoReason, |result| result.result);
        line(&mut text, context, outcome_name(outcome));
        if let Some(accepted) = agreed.context(context.id) {
            let name = shown(&accepted.transfer_syntax);
            let _ = writeln!(text, "    Accepted Transfer Syntax: {name}");
        }
    }
    text.push_str(&rule("END", "AC"));
    text
}

fn heading(word: &str, kind: &str, request: &AssociateRq, agreed: Option<&Agreed>) -> String {
    let own = &request.user_information;
    let name = |bytes: Option<&Vec<u8>>| {
        bytes.map_or_else(String::new, |name| name.escape_ascii().to_string())
    };
    let uid = |uid: Option<&Uid>| uid.map_or_else(String::new, Uid::to_string);
    let theirs = agreed.and_then(|agreed| agreed.implementation_class_uid.as_ref());
    let their_name = agreed.and_then(|agreed| agreed.implementation_version_name.as_ref());
    let limit = agreed.map_or(0, |agreed| agreed.peer_max_pdu_bytes);
    let operations = agreed.map_or(1, |agreed| agreed.operations_max);
    [
        rule(word, kind),
        format!(
            "\nOur Implementation Class UID:      {}\n",
            uid(own.implementation_class_uid.as_ref())
        ),
        format!(
            "Our Implementation Version Name:   {}\n",
            name(own.implementation_version_name.as_ref())
        ),
        format!("Their Implementation Class UID:    {}\n", uid(theirs)),
        format!("Their Implementation Version Name: {}\n", name(their_name)),
        format!(
            "Application Context Name:    {}\n",
            request.application_context
        ),
        format!(
            "Calling Application Name:    {}\n",
            request.calling_ae_title
        ),
        format!("Called Application Name:     {}\n", request.called_ae_title),
        format!("Our Max PDU Receive Size:    {}\n", own.maximum_length),
        format!("Their Max PDU Receive Size:  {limit}\n"),
        format!("Operations in flight:        {operations}\n"),
    ]
    .concat()
}

fn rule(word: &str, kind: &str) -> String {
    let middle = format!(" {word} A-ASSOCIATE-{kind} ");
    format!("{middle:=^65}")
}

fn line(text: &mut String, context: &ProposedContext, state: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "  Context ID:        {} ({state})\n    Abstract Syntax: {}",
        context.id,
        shown(&context.abstract_syntax)
    );
}

/// `=CTImageStorage`; the UID if it has no name.
fn shown(uid: &Uid) -> String {
    match registry::symbol_of(uid.as_str()) {
        Some(name) => format!("={name}"),
        None => uid.to_string(),
    }
}

fn outcome_name(outcome: ContextOutcome) -> &'static str {
    match outcome {
        ContextOutcome::Acceptance => "Accepted",
        ContextOutcome::UserRejection => "User Rejection",
        ContextOutcome::NoReason => "No Reason",
        ContextOutcome::AbstractSyntaxNotSupported => "Abstract Syntax Not Supported",
        ContextOutcome::TransferSyntaxesNotSupported => "Transfer Syntaxes Not Supported",
    }
}

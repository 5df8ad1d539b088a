use super::*;

#[test]
fn own_ranking_decides_about_the_transfer_syntax() {
    let (reply, agreed) = negotiate(&request(), &policy()).expect("accepted");
    let chosen: Vec<&str> = reply
        .presentation_contexts
        .iter()
        .map(|context| context.transfer_syntax.as_str())
        .collect();
    assert_eq!(chosen, [EXPLICIT_LE, EXPLICIT_LE]);
    assert_eq!(agreed.contexts.len(), 2);
    assert_eq!(reply.called_ae_title, request().called_ae_title);
    assert_eq!(reply.calling_ae_title, request().calling_ae_title);
}

#[test]
fn refused_contexts_say_what_was_not_supported() {
    let jpeg = "1.2.840.10008.1.2.4.50";
    let find = "1.2.840.10008.5.1.4.1.2.2.1";
    let unknown = "1.2.3.4.5";
    let outcome = |abstract_syntax: &str, syntax: &str, policy: &Policy| {
        let mut request = request();
        request.presentation_contexts = vec![ProposedContext {
            id: PresentationContextId(5),
            abstract_syntax: Uid::from(abstract_syntax),
            transfer_syntaxes: vec![Uid::from(syntax)],
        }];
        let (reply, _) = negotiate(&request, policy).expect("accepted");
        reply.presentation_contexts[0].result
    };
    let plain = policy();
    let all = Policy {
        accept_all: true,
        ..policy()
    };
    let promiscuous = Policy {
        promiscuous: true,
        ..policy()
    };
    assert_eq!(outcome(CT, jpeg, &plain), TransferSyntaxesNotSupported);
    assert_eq!(outcome(CT, jpeg, &all), Acceptance);
    assert_eq!(
        outcome(find, IMPLICIT_LE, &plain),
        AbstractSyntaxNotSupported
    );
    assert_eq!(
        outcome(find, IMPLICIT_LE, &promiscuous),
        AbstractSyntaxNotSupported
    );
    assert_eq!(
        outcome(unknown, IMPLICIT_LE, &plain),
        AbstractSyntaxNotSupported
    );
    assert_eq!(outcome(unknown, IMPLICIT_LE, &promiscuous), Acceptance);
}

#[test]
fn requests_that_break_the_rules_are_rejected_or_aborted() {
    let judge = |change: &dyn Fn(&mut AssociateRq)| {
        let mut request = request();
        change(&mut request);
        negotiate(&request, &policy()).expect_err("refused")
    };
    let rejected = |rejection| Refusal::Reject(rejection);
    assert_eq!(
        judge(&|rq| rq.protocol_version = 2),
        rejected(Rejection::ProtocolVersion)
    );
    assert_eq!(
        judge(&|rq| rq.application_context = Uid::from("1.2.3")),
        rejected(Rejection::ApplicationContext)
    );
    assert_eq!(
        judge(&|rq| rq.presentation_contexts.clear()),
        rejected(Rejection::NoPresentationContext)
    );
    for bad in [0, 2, ECHO_CONTEXT.0] {
        let id = PresentationContextId(bad);
        let error = PeerMisbehaved::InvalidContextId(id);
        assert_eq!(
            judge(&|rq| rq.presentation_contexts[0].id = id),
            Refusal::Abort(match bad {
                // The second of the two is the one found out.
                3 => PeerMisbehaved::InvalidContextId(ECHO_CONTEXT),
                _ => error,
            })
        );
    }
}

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

#[test]
fn window_is_granted_to_who_asks_up_to_the_policy() {
    let granted = |asked: Option<(u16, u16)>, operations_max: usize| {
        let mut request = request();
        let window = |(invoked, performed)| AsynchronousOperations { invoked, performed };
        request.user_information.asynchronous_operations = asked.map(window);
        let policy = Policy {
            operations_max,
            ..policy()
        };
        let (reply, agreed) = negotiate(&request, &policy).expect("accepted");
        let window = reply.user_information.asynchronous_operations;
        let window = window.map(|window| (window.invoked, window.performed));
        (window, agreed.operations)
    };
    assert_eq!(granted(None, 16), (None, 1), "nothing was asked");
    assert_eq!(granted(Some((1, 1)), 16), (Some((1, 1)), 1));
    assert_eq!(granted(Some((2, 0)), 16), (Some((2, 1)), 2));
    assert_eq!(granted(Some((16, 1)), 16), (Some((16, 1)), 16));
    assert_eq!(granted(Some((17, 1)), 16), (Some((16, 1)), 16));
    assert_eq!(granted(Some((u16::MAX, 1)), 16), (Some((16, 1)), 16));
    assert_eq!(granted(Some((0, 0)), 16), (Some((16, 1)), 16), "unlimited");
    assert_eq!(granted(Some((0, 0)), 1), (None, 1), "turned off");
    assert_eq!(granted(Some((0, 9)), 70_000), (Some((65_535, 1)), 65_535));
}

#[test]
fn positive_user_identity_response_is_given_where_it_is_asked_for_and_empty() {
    let response = |kind, response_requested| {
        let mut request = request();
        request.user_information.user_identity = Some(UserIdentityRq {
            kind,
            response_requested,
            primary: b"user".to_vec(),
            secondary: b"wrong".to_vec(),
        });
        let (reply, _) = negotiate(&request, &policy()).expect("any identity is accepted");
        reply.user_information.user_identity_response
    };
    for kind in [1, 2, 5] {
        assert_eq!(response(kind, true), Some(vec![]), "{kind}");
    }
    for kind in [3, 4, 0, 6] {
        assert_eq!(response(kind, true), None, "we have no ticket: {kind}");
    }
    for kind in 1..=5 {
        assert_eq!(response(kind, false), None, "nobody asked: {kind}");
    }
}

#[test]
fn roles_are_confirmed_once_for_each_accepted_class_and_never_that_of_a_receiver() {
    let role = |sop_class: &str, scu, scp| RoleSelection {
        sop_class: Uid::from(sop_class),
        scu,
        scp,
    };
    let refused = "1.2.840.10008.5.1.4.1.2.2.1";
    let verification = crate::registry::VERIFICATION;
    let mut request = request();
    let mut again = request.presentation_contexts[0].clone();
    again.id = PresentationContextId(5);
    request.presentation_contexts.push(again);
    request.presentation_contexts.push(ProposedContext {
        id: PresentationContextId(7),
        abstract_syntax: Uid::from(refused),
        transfer_syntaxes: vec![Uid::from(IMPLICIT_LE)],
    });
    request.user_information.roles = vec![
        role(refused, true, true),
        role("1.2.3.4.5", true, true),
        role(verification, false, true),
        role(CT, true, true),
    ];
    let (reply, _) = negotiate(&request, &policy()).expect("accepted");
    let expected = [role(CT, true, false), role(verification, false, false)];
    assert_eq!(reply.user_information.roles, expected);
}

//! What holds for every PDU, and for bytes that are none.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// A UID of any form: whatever bytes a peer may send, without padding at its end.
fn any_uid() -> impl Strategy<Value = Uid> {
    let legal = "[0-9.]{0,64}".prop_map(|text: String| Uid::from(text.as_str()));
    prop_oneof![4 => legal, 1 => vec(any::<u8>(), 0..80).prop_map(|bytes| Uid::from_wire(&bytes))]
}

fn any_title() -> impl Strategy<Value = AeTitle> {
    any::<[u8; 16]>().prop_map(AeTitle::from_wire)
}

fn any_context_id() -> impl Strategy<Value = PresentationContextId> {
    any::<u8>().prop_map(PresentationContextId)
}

fn any_identity() -> impl Strategy<Value = UserIdentityRq> {
    let field = || vec(any::<u8>(), 0..100);
    (any::<u8>(), any::<bool>(), field(), field()).prop_map(
        |(kind, response_requested, primary, secondary)| UserIdentityRq {
            kind,
            response_requested,
            primary,
            secondary,
        },
    )
}

prop_compose! {
    fn any_user_information()(
        maximum_length in any::<u32>(),
        implementation_class_uid in option::of(any_uid()),
        implementation_version_name in option::of(vec(any::<u8>(), 0..20)),
        window in option::of(any::<(u16, u16)>()),
        roles in vec((any_uid(), any::<bool>(), any::<bool>()), 0..4),
        extended in vec((any_uid(), vec(any::<u8>(), 0..20)), 0..4),
        common_extended in vec((any_uid(), any_uid(), vec(any_uid(), 0..4)), 0..4),
        user_identity in option::of(any_identity()),
        user_identity_response in option::of(vec(any::<u8>(), 0..20)),
    ) -> UserInformation {
        UserInformation {
            maximum_length,
            implementation_class_uid,
            implementation_version_name,
            asynchronous_operations: window
                .map(|(invoked, performed)| AsynchronousOperations { invoked, performed }),
            roles: roles
                .into_iter()
                .map(|(sop_class, scu, scp)| RoleSelection { sop_class, scu, scp })
                .collect(),
            extended: extended
                .into_iter()
                .map(|(sop_class, information)| ExtendedNegotiation { sop_class, information })
                .collect(),
            common_extended: common_extended
                .into_iter()
                .map(|(sop_class, service_class, related)| CommonExtendedNegotiation {
                    sop_class,
                    service_class,
                    related,
                })
                .collect(),
            user_identity,
            user_identity_response,
        }
    }
}

fn any_proposed_context() -> impl Strategy<Value = ProposedContext> {
    (any_context_id(), any_uid(), vec(any_uid(), 0..5)).prop_map(
        |(id, abstract_syntax, transfer_syntaxes)| ProposedContext {
            id,
            abstract_syntax,
            transfer_syntaxes,
        },
    )
}

fn any_context_result() -> impl Strategy<Value = ContextResult> {
    let outcome = (0..5_u8).prop_map(|code| ContextOutcome::from_code(code).expect("legal"));
    (any_context_id(), outcome, any_uid()).prop_map(|(id, result, transfer_syntax)| ContextResult {
        id,
        result,
        transfer_syntax,
    })
}

prop_compose! {
    fn any_request()(
        protocol_version in any::<u16>(),
        called_ae_title in any_title(),
        calling_ae_title in any_title(),
        application_context in any_uid(),
        presentation_contexts in vec(any_proposed_context(), 0..6),
        user_information in any_user_information(),
    ) -> AssociateRq {
        AssociateRq {
            protocol_version,
            called_ae_title,
            calling_ae_title,
            application_context,
            presentation_contexts,
            user_information,
        }
    }
}

prop_compose! {
    fn any_acceptance()(
        head in any_request(),
        presentation_contexts in vec(any_context_result(), 0..6),
    ) -> AssociateAc {
        AssociateAc {
            protocol_version: head.protocol_version,
            called_ae_title: head.called_ae_title,
            calling_ae_title: head.calling_ae_title,
            application_context: head.application_context,
            presentation_contexts,
            user_information: head.user_information,
        }
    }
}

fn any_rejection() -> impl Strategy<Value = AssociateRj> {
    let result = prop_oneof![Just(RejectResult::Permanent), Just(RejectResult::Transient)];
    (result, any::<(u8, u8)>()).prop_map(|(result, (source, reason))| AssociateRj {
        result,
        reason: RejectReason::from_codes(source, reason),
    })
}

fn any_abort() -> impl Strategy<Value = Abort> {
    any::<[u8; 4]>().prop_map(|body| match Pdu::decode(7, &body) {
        Ok(Pdu::Abort(abort)) => abort,
        other => panic!("every four bytes are the body of an A-ABORT: {other:?}"),
    })
}

fn any_value() -> impl Strategy<Value = Pdv> {
    (any_context_id(), any::<u8>(), vec(any::<u8>(), 0..200)).prop_map(
        |(context, control, fragment)| Pdv {
            context,
            control: MessageControl::from_wire(control),
            fragment,
        },
    )
}

fn any_pdu() -> impl Strategy<Value = Pdu> {
    prop_oneof![
        3 => any_request().prop_map(Pdu::AssociateRq),
        3 => any_acceptance().prop_map(Pdu::AssociateAc),
        1 => any_rejection().prop_map(Pdu::AssociateRj),
        2 => vec(any_value(), 1..5).prop_map(Pdu::PData),
        1 => Just(Pdu::ReleaseRq),
        1 => Just(Pdu::ReleaseRp),
        1 => any_abort().prop_map(Pdu::Abort),
    ]
}

proptest! {
    #[test]
    fn every_pdu_is_read_as_it_was_written(pdu in any_pdu()) {
        prop_assert_eq!(decode(&encode(&pdu)), Ok(pdu));
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in 0..9_u8, body in vec(any::<u8>(), 0..300)) {
        let _ = Pdu::decode(kind, &body);
    }

    /// Bytes that are right but for a few reach deeper than arbitrary ones. Whatever is still
    /// readable survives being written and read again.
    #[test]
    fn damaged_pdus_are_refused_or_read_to_something_that_can_be_written(
        pdu in any_pdu(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in option::of(any::<prop::sample::Index>()),
    ) {
        let mut body = encode(&pdu).split_off(PDU_HEADER_BYTES);
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        if let Ok(read) = Pdu::decode(pdu.kind().code(), &body) {
            prop_assert_eq!(decode(&encode(&read)), Ok(read));
        }
    }
}

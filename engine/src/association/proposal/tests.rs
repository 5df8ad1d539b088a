//! Proposals as DCMTK's storescu 3.6.7 was seen to make them, and the choice among what was agreed.

use super::*;
use crate::association::AgreedContext;
use crate::pdu::{Pdu, PduError};
use crate::registry::{DEFAULT_STORAGE_PROPOSAL, DEFLATED_EXPLICIT_LITTLE, SOP_CLASSES};
use crate::value::AeTitle;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const MPEG2: &str = "1.2.840.10008.1.2.4.100";

/// Contexts in short: `CT:1 CT:2,0` are two of CT, the first with Explicit VR Little Endian.
/// Transfer syntaxes are named by what follows 1.2.840.10008.1.2, the implicit one is 0.
fn short<'a>(contexts: impl IntoIterator<Item = (&'a Uid, &'a Vec<Uid>)>) -> String {
    let class = |uid: &Uid| match uid.as_str() {
        CT => "CT",
        MR => "MR",
        _ => "?",
    };
    let syntax = |uid: &Uid| match uid.as_str().strip_prefix("1.2.840.10008.1.2") {
        Some("") => "0".to_owned(),
        rest => rest.expect("a transfer syntax")[1..].to_owned(),
    };
    let words: Vec<_> = contexts
        .into_iter()
        .map(|(abstract_syntax, syntaxes)| {
            let syntaxes: Vec<_> = syntaxes.iter().map(syntax).collect();
            format!("{}:{}", class(abstract_syntax), syntaxes.join(","))
        })
        .collect();
    words.join(" ")
}

fn proposed(proposal: &SyntaxProposal, classes: &[&str]) -> String {
    let offers = proposal.offers(classes.iter().map(|uid| Uid::from(*uid)));
    short(
        offers
            .iter()
            .map(|offer| (&offer.abstract_syntax, &offer.transfer_syntaxes)),
    )
}

mod proposals {
    use super::*;

    #[test]
    fn each_class_gets_the_preferred_syntax_alone_and_then_the_other_uncompressed_ones() {
        for (preferred, expected) in [
            (EXPLICIT_LITTLE, "CT:1 CT:2,0 MR:1 MR:2,0"),
            (EXPLICIT_BIG, "CT:2 CT:1,0 MR:2 MR:1,0"),
            (JPEG, "CT:4.50 CT:1,2,0 MR:4.50 MR:1,2,0"),
            (
                DEFLATED_EXPLICIT_LITTLE,
                "CT:1.99 CT:1,2,0 MR:1.99 MR:1,2,0",
            ),
        ] {
            let proposal = SyntaxProposal::preferring(preferred);
            assert_eq!(proposed(&proposal, &[CT, MR]), expected);
        }
    }

    #[test]
    fn combined_they_stand_in_one_context_the_preferred_one_first() {
        for (preferred, expected) in [
            (EXPLICIT_LITTLE, "CT:1,2,0"),
            (EXPLICIT_BIG, "CT:2,1,0"),
            (JPEG, "CT:4.50,1,2,0"),
        ] {
            let proposal = SyntaxProposal::preferring(preferred).combined(true);
            assert_eq!(proposed(&proposal, &[CT]), expected);
        }
    }

    #[test]
    fn a_syntax_that_is_proposed_alone_has_no_second_context_combined_or_not() {
        for is_combined in [false, true] {
            for (syntax, expected) in [(IMPLICIT_LITTLE, "CT:0 MR:0"), (MPEG2, "CT:4.100 MR:4.100")]
            {
                let proposal = SyntaxProposal::only(syntax).combined(is_combined);
                assert_eq!(proposed(&proposal, &[CT, MR]), expected);
            }
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn by_default_explicit_little_endian_is_preferred() {
        assert_eq!(proposed(&SyntaxProposal::default(), &[CT]), "CT:1 CT:2,0");
    }

    #[test]
    fn classes_keep_their_order_and_count_once() {
        let proposal = SyntaxProposal::only(IMPLICIT_LITTLE);
        assert_eq!(proposed(&proposal, &[MR, CT, MR, MR]), "MR:0 CT:0");
    }

    #[test]
    fn the_default_classes_are_storage_classes_each_once() {
        let mut classes = DEFAULT_STORAGE_PROPOSAL.to_vec();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), 64);
        for uid in classes {
            let class = SOP_CLASSES.iter().find(|class| class.uid == uid);
            assert!(class.is_some_and(|class| class.storage), "{uid}");
        }
    }

    #[test]
    fn the_default_proposal_fills_one_association() {
        let classes = DEFAULT_STORAGE_PROPOSAL.iter().map(|uid| Uid::from(*uid));
        let associations = split(&SyntaxProposal::default().offers(classes));
        assert_eq!(associations.len(), 1);
        assert_eq!(associations[0].len(), CONTEXTS_MAX);
        let last = associations[0].last().expect("128 of them");
        assert_eq!(last.id, PresentationContextId(255));
        // X-ray radiofluoroscopy is the last by name.
        assert_eq!(
            last.abstract_syntax.as_str(),
            "1.2.840.10008.5.1.4.1.1.12.2"
        );
    }
}

mod stored {
    use super::*;

    /// What is proposed for files of these classes and transfer syntaxes.
    fn offered(files: &[(&str, &str)]) -> String {
        let mut stored = StoredSyntaxes::default();
        for (class, syntax) in files {
            stored.note(Uid::from(*class), Uid::from(*syntax));
        }
        let offers = stored.offers();
        short(
            offers
                .iter()
                .map(|offer| (&offer.abstract_syntax, &offer.transfer_syntaxes)),
        )
    }

    #[test]
    fn explicit_little_endian_files_need_no_more_than_the_usual_contexts() {
        assert_eq!(offered(&[(CT, EXPLICIT_LITTLE)]), "CT:1 CT:2,0");
        assert_eq!(offered(&[]), "");
    }

    #[test]
    fn what_is_compressed_or_deflated_gets_a_context_of_its_own_per_class() {
        let files = [
            (CT, JPEG),
            (MR, MPEG2),
            (CT, DEFLATED_EXPLICIT_LITTLE),
            (CT, JPEG),
            (MR, EXPLICIT_LITTLE),
        ];
        let expected = "CT:4.50 CT:1.99 CT:1 CT:2,0 MR:4.100 MR:1 MR:2,0";
        assert_eq!(offered(&files), expected);
    }

    #[test]
    fn other_native_files_need_not_share_a_context_of_which_the_peer_chooses() {
        assert_eq!(offered(&[(CT, IMPLICIT_LITTLE)]), "CT:1 CT:0 CT:2");
        assert_eq!(offered(&[(CT, EXPLICIT_BIG)]), "CT:1 CT:2 CT:0");
        let both = [(CT, EXPLICIT_BIG), (CT, IMPLICIT_LITTLE)];
        assert_eq!(offered(&both), "CT:1 CT:2 CT:0");
    }

    #[test]
    fn each_stored_syntax_is_chosen_where_a_peer_takes_the_last_of_each_context() {
        let syntaxes = [
            JPEG,
            DEFLATED_EXPLICIT_LITTLE,
            IMPLICIT_LITTLE,
            EXPLICIT_LITTLE,
            EXPLICIT_BIG,
        ];
        let mut stored = StoredSyntaxes::default();
        for syntax in syntaxes {
            stored.note(Uid::from(CT), Uid::from(syntax));
        }
        let contexts = split(&stored.offers()).remove(0).into_iter();
        let agreed: Vec<_> = contexts
            .map(|mut context| AgreedContext {
                id: context.id,
                abstract_syntax: context.abstract_syntax,
                transfer_syntax: context.transfer_syntaxes.pop().expect("at least one"),
            })
            .collect();
        for syntax in syntaxes {
            let choice = choose(&agreed, &Uid::from(CT), syntax, false).expect("agreed");
            assert_eq!(choice.transfer_syntax.as_str(), syntax);
        }
    }

    #[test]
    fn what_is_no_uid_is_not_proposed_but_its_class_is() {
        for bad in ["", "JPEG", "1..2", &"1".repeat(65)] {
            assert_eq!(offered(&[(CT, bad)]), "CT:1 CT:2,0", "{bad}");
        }
    }

    #[test]
    fn a_class_never_has_more_contexts_than_one_association() {
        let mut stored = StoredSyntaxes::default();
        for number in 0..1000 {
            let syntax = format!("2.25.{number}");
            stored.note(Uid::from(CT), Uid::from(syntax.as_str()));
            stored.note(Uid::from(MR), Uid::from(JPEG));
        }
        let associations = split(&stored.offers());
        let sizes: Vec<_> = associations.iter().map(Vec::len).collect();
        assert_eq!(sizes, [CONTEXTS_MAX, 3]);
        assert_eq!(stored.into_classes().count(), 2);
    }
}

mod splits {
    use super::*;

    /// Contexts for classes named by these numbers.
    fn offers(classes: impl IntoIterator<Item = usize>) -> Vec<ContextOffer> {
        classes
            .into_iter()
            .map(|class| ContextOffer {
                abstract_syntax: Uid::from(format!("1.{class}").as_str()),
                transfer_syntaxes: vec![Uid::from(IMPLICIT_LITTLE)],
            })
            .collect()
    }

    fn sizes(classes: impl IntoIterator<Item = usize>) -> Vec<usize> {
        split(&offers(classes)).iter().map(Vec::len).collect()
    }

    #[test]
    fn as_few_associations_as_it_takes() {
        assert_eq!(sizes(0..0), [0; 0]);
        assert_eq!(sizes(0..1), [1]);
        assert_eq!(sizes(0..128), [128]);
        assert_eq!(sizes(0..129), [128, 1]);
        assert_eq!(sizes(0..400), [128, 128, 128, 16]);
    }

    #[test]
    fn contexts_of_one_class_stay_together() {
        let three_each = (0..100).flat_map(|class| [class; 3]);
        assert_eq!(sizes(three_each), [126, 126, 48]);
    }

    #[test]
    fn contexts_of_one_class_that_are_far_apart_are_brought_together() {
        let classes = || (0..100).chain(0..100);
        assert_eq!(sizes(classes()), [128, 72]);
        let associations = split(&offers(classes()));
        let first = |class: &Uid| associations[0].iter().any(|c| c.abstract_syntax == *class);
        assert!(!associations[1].iter().any(|c| first(&c.abstract_syntax)));
        // In a single one they stay as they are.
        let [single] = &split(&offers([1, 2, 1]))[..] else {
            panic!("one association");
        };
        assert_eq!(single[1].abstract_syntax.as_str(), "1.2");
    }

    #[test]
    fn a_class_with_more_contexts_than_an_association_holds_is_torn_apart() {
        assert_eq!(sizes([7; 300]), [128, 128, 44]);
        assert_eq!(sizes([7; 130].into_iter().chain([8])), [128, 3]);
    }

    #[test]
    fn every_association_numbers_its_contexts_from_one_upwards() {
        for association in split(&offers(0..200)) {
            for (index, context) in association.iter().enumerate() {
                assert_eq!(usize::from(context.id.0), 2 * index + 1);
            }
        }
    }
}

mod choices {
    use super::*;

    fn agreed(contexts: &[(u8, &str, &str)]) -> Vec<AgreedContext> {
        contexts
            .iter()
            .map(|(id, class, syntax)| AgreedContext {
                id: PresentationContextId(*id),
                abstract_syntax: Uid::from(*class),
                transfer_syntax: Uid::from(*syntax),
            })
            .collect()
    }

    fn chosen(contexts: &[(u8, &str, &str)], syntax: &str, prefer_deflated: bool) -> Option<u8> {
        let choice = choose(&agreed(contexts), &Uid::from(CT), syntax, prefer_deflated).ok()?;
        let of_choice = contexts.iter().find(|(id, ..)| *id == choice.context.0);
        assert_eq!(
            of_choice.map(|(_, _, syntax)| *syntax),
            Some(choice.transfer_syntax.as_str())
        );
        Some(choice.context.0)
    }

    #[test]
    fn the_own_syntax_comes_first_then_explicit_then_implicit_then_anything() {
        let all = [
            (1, MR, JPEG),
            (3, CT, MPEG2),
            (5, CT, IMPLICIT_LITTLE),
            (7, CT, EXPLICIT_BIG),
            (9, CT, EXPLICIT_LITTLE),
            (11, CT, JPEG),
        ];
        assert_eq!(chosen(&all, JPEG, false), Some(11));
        assert_eq!(chosen(&all, IMPLICIT_LITTLE, false), Some(5));
        assert_eq!(chosen(&all[..5], JPEG, false), Some(7));
        assert_eq!(chosen(&all[..3], JPEG, false), Some(5));
        assert_eq!(chosen(&all[..2], JPEG, false), Some(3));
        assert_eq!(chosen(&all[..1], JPEG, false), None);
    }

    #[test]
    fn deflated_is_preferred_for_what_is_not_encapsulated_only() {
        let both = [
            (1, CT, EXPLICIT_LITTLE),
            (3, CT, DEFLATED_EXPLICIT_LITTLE),
            (5, CT, JPEG),
        ];
        for (syntax, expected) in [
            (EXPLICIT_LITTLE, 3),
            (IMPLICIT_LITTLE, 3),
            (DEFLATED_EXPLICIT_LITTLE, 3),
            (JPEG, 5),
            (MPEG2, 1),
        ] {
            assert_eq!(chosen(&both, syntax, true), Some(expected), "{syntax}");
        }
        assert_eq!(chosen(&both, EXPLICIT_LITTLE, false), Some(1));
        assert_eq!(chosen(&both[..1], IMPLICIT_LITTLE, true), Some(1));
    }

    #[test]
    fn the_error_names_the_class() {
        let error = choose(&[], &Uid::from(CT), JPEG, false).expect_err("nothing agreed");
        assert!(error.to_string().contains(CT));
    }
}

mod requests {
    use super::*;

    fn request() -> AssociationRequest {
        AssociationRequest {
            calling: AeTitle::new("ME").expect("legal"),
            called: AeTitle::new("YOU").expect("legal"),
            max_pdu_bytes: 16384,
            operations: None,
            user_identity: None,
            roles: Vec::new(),
            extended: Vec::new(),
            contexts: split(&SyntaxProposal::default().offers([Uid::from(CT)])).remove(0),
        }
    }

    #[test]
    fn a_request_says_what_it_was_told() {
        let mut request = request();
        request.operations = Some(16);
        let pdu = request.clone().into_pdu().expect("short");
        assert_eq!(pdu.protocol_version, 1);
        assert_eq!(pdu.calling_ae_title, request.calling);
        assert_eq!(pdu.called_ae_title, request.called);
        assert_eq!(pdu.presentation_contexts, request.contexts);
        let information = pdu.user_information;
        assert_eq!(information.maximum_length, 16384);
        let operations = information.asynchronous_operations.expect("asked for");
        assert_eq!((operations.invoked, operations.performed), (16, 1));
        assert!(information.implementation_class_uid.is_some());
        assert!(information.implementation_version_name.is_some());
    }

    #[test]
    fn no_window_is_asked_for_unless_wanted() {
        let pdu = request().into_pdu().expect("short");
        assert_eq!(pdu.user_information.asynchronous_operations, None);
    }

    #[test]
    fn user_identities_have_the_kinds_of_the_standard() {
        let name = || "u".to_owned();
        for (identity, kind, primary, secondary) in [
            (
                UserIdentity::Name(name()),
                1,
                b"u".as_slice(),
                b"".as_slice(),
            ),
            (
                UserIdentity::NameAndPasscode(name(), "p".into()),
                2,
                b"u",
                b"p",
            ),
            (UserIdentity::Kerberos(vec![3]), 3, &[3], b""),
            (UserIdentity::Saml(vec![4]), 4, &[4], b""),
            (UserIdentity::Jwt(vec![5]), 5, &[5], b""),
        ] {
            assert!(!format!("{identity:?}").contains('"'));
            let item = identity.into_item(true);
            assert!(item.response_requested);
            assert_eq!(item.kind, kind);
            assert_eq!(
                (&item.primary[..], &item.secondary[..]),
                (primary, secondary)
            );
        }
    }

    #[test]
    fn an_identity_too_long_for_its_item_is_found_out_at_once() {
        let mut request = request();
        request.user_identity = Some(UserIdentity::Jwt(vec![0; 65_535]).into_item(false));
        let error = request.clone().into_pdu().expect_err("too long");
        assert!(matches!(error, PduError::TooLong { .. }));
        request.user_identity = Some(UserIdentity::Jwt(vec![0; 65_000]).into_item(false));
        let pdu = request.into_pdu().expect("fits");
        assert!(Pdu::AssociateRq(pdu).encode(&mut Vec::new()).is_ok());
    }
}

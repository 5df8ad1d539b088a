//! Annotated bytes; what holds for all bytes is in [`properties`].

mod properties;

use super::*;
use crate::value::{AeTitle, PresentationContextId, Uid};

/// A PDU as bytes: header, then the pieces of its body.
fn pdu(kind: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let body = pieces.concat();
    let length = u32::try_from(body.len()).expect("small");
    let mut bytes = PduHeader { kind, length }.encode().to_vec();
    bytes.extend(body);
    bytes
}

/// Decodes a PDU with its header.
fn decode(bytes: &[u8]) -> Result<Pdu, PduError> {
    let (header, body) = bytes.split_first_chunk().expect("a header");
    let header = PduHeader::decode(*header);
    assert_eq!(header.length as usize, body.len(), "the length of the PDU");
    Pdu::decode(header.kind, body)
}

fn encode(pdu: &Pdu) -> Vec<u8> {
    let mut bytes = Vec::new();
    pdu.encode(&mut bytes).expect("fits");
    bytes
}

fn title(text: &str) -> AeTitle {
    AeTitle::new(text).expect("legal")
}

/// The fields in front of the items of A-ASSOCIATE-RQ and -AC.
const HEAD: &[&[u8]] = &[
    &[0x00, 0x01],       // protocol version 1
    &[0x00, 0x00],       // reserved
    b"STORESCP        ", // called AE title
    b"ECHOSCU         ", // calling AE title
    &[0; 32],            // reserved
];

/// The body of an association PDU with these items.
fn with_head<'a>(items: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [HEAD, items].concat()
}

/// What an association request with this user information sub-item is read as.
fn user_information(sub_item: &[u8]) -> Result<UserInformation, PduError> {
    let length = u8::try_from(sub_item.len()).expect("short");
    let item = [&[0x50, 0, 0, length], sub_item].concat();
    match decode(&pdu(1, &with_head(&[&item])))? {
        Pdu::AssociateRq(request) => Ok(request.user_information),
        other => panic!("{other:?}"),
    }
}

fn echo_request() -> AssociateRq {
    AssociateRq {
        protocol_version: 1,
        called_ae_title: title("STORESCP"),
        calling_ae_title: title("ECHOSCU"),
        application_context: APPLICATION_CONTEXT.into(),
        presentation_contexts: vec![ProposedContext {
            id: PresentationContextId(1),
            abstract_syntax: "1.2.840.10008.1.1".into(),
            transfer_syntaxes: vec!["1.2.840.10008.1.2".into(), "1.2.840.10008.1.2.1".into()],
        }],
        user_information: UserInformation {
            maximum_length: 16_384,
            implementation_class_uid: Some("1.2.3".into()),
            implementation_version_name: Some(b"TEST_1".to_vec()),
            ..UserInformation::default()
        },
    }
}

#[test]
fn association_request_is_read_and_written_byte_for_byte() {
    let bytes = pdu(
        0x01,
        &with_head(&[
            &[0x10, 0, 0, 21], // application context
            b"1.2.840.10008.3.1.1.1",
            &[0x20, 0, 0, 69], // presentation context, RQ
            &[1, 0, 0, 0],     // its ID, reserved
            &[0x30, 0, 0, 17], // abstract syntax
            b"1.2.840.10008.1.1",
            &[0x40, 0, 0, 17], // transfer syntax
            b"1.2.840.10008.1.2",
            &[0x40, 0, 0, 19], // transfer syntax
            b"1.2.840.10008.1.2.1",
            &[0x50, 0, 0, 27], // user information
            &[0x51, 0, 0, 4],  // maximum length
            &[0, 0, 0x40, 0],  // 16384
            &[0x52, 0, 0, 5],  // implementation class UID
            b"1.2.3",
            &[0x55, 0, 0, 6], // implementation version name
            b"TEST_1",
        ]),
    );
    let request = Pdu::AssociateRq(echo_request());
    assert_eq!(decode(&bytes), Ok(request.clone()));
    assert_eq!(encode(&request), bytes);
}

#[test]
fn association_acceptance_is_read_and_written_byte_for_byte() {
    let bytes = pdu(
        0x02,
        &with_head(&[
            &[0x10, 0, 0, 21],
            b"1.2.840.10008.3.1.1.1",
            &[0x21, 0, 0, 25], // presentation context, AC
            &[1, 0, 0, 0],     // its ID, reserved, accepted, reserved
            &[0x40, 0, 0, 17], // the transfer syntax
            b"1.2.840.10008.1.2",
            &[0x21, 0, 0, 8],
            &[3, 0, 4, 0],    // transfer syntaxes not supported
            &[0x40, 0, 0, 0], // without meaning
            &[0x50, 0, 0, 8],
            &[0x51, 0, 0, 4],
            &[0, 2, 0, 0], // 131072
        ]),
    );
    let acceptance = Pdu::AssociateAc(AssociateAc {
        protocol_version: 1,
        called_ae_title: title("STORESCP"),
        calling_ae_title: title("ECHOSCU"),
        application_context: APPLICATION_CONTEXT.into(),
        presentation_contexts: vec![
            ContextResult {
                id: PresentationContextId(1),
                result: ContextOutcome::Acceptance,
                transfer_syntax: "1.2.840.10008.1.2".into(),
            },
            ContextResult {
                id: PresentationContextId(3),
                result: ContextOutcome::TransferSyntaxesNotSupported,
                transfer_syntax: Uid::default(),
            },
        ],
        user_information: UserInformation {
            maximum_length: 131_072,
            ..Default::default()
        },
    });
    assert_eq!(decode(&bytes), Ok(acceptance.clone()));
    assert_eq!(encode(&acceptance), bytes);
}

/// The request that DCMTK 3.6.7's echoscu sends, as it was on the wire. Its reserved bytes are not
/// all zero.
const RECORDED_REQUEST: &[&[u8]] = &[
    &[0x01, 0, 0, 0, 0, 205, 0, 1, 0, 0],
    b"VAULT           PEER            ",
    &[0; 32],
    &[0x10, 0, 0, 21],
    b"1.2.840.10008.3.1.1.1",
    &[0x20, 0, 0, 46, 1, 0, 0xff, 0],
    &[0x30, 0, 0, 17],
    b"1.2.840.10008.1.1",
    &[0x40, 0, 0, 17],
    b"1.2.840.10008.1.2",
    RECORDED_USER_INFORMATION,
];

/// The answer of DCMTK 3.6.7's storescp to it.
const RECORDED_ACCEPTANCE: &[&[u8]] = &[
    &[0x02, 0, 0, 0, 0, 184, 0, 1, 0, 0],
    b"VAULT           PEER            ",
    &[0; 32],
    &[0x10, 0, 0, 21],
    b"1.2.840.10008.3.1.1.1",
    &[0x21, 0, 0, 25, 1, 0, 0, 0],
    &[0x40, 0, 0, 17],
    b"1.2.840.10008.1.2",
    RECORDED_USER_INFORMATION,
];

const RECORDED_USER_INFORMATION: &[u8] = b"\x50\0\0\x3a\
    \x51\0\0\x04\0\0\x40\0\
    \x52\0\0\x1b1.2.276.0.7230010.3.0.3.6.7\
    \x55\0\0\x0fOFFIS_DCMTK_367";

#[test]
fn the_recorded_request_of_another_implementation_is_read() {
    let mut bytes = RECORDED_REQUEST.concat();
    let Ok(Pdu::AssociateRq(request)) = decode(&bytes) else {
        panic!("readable")
    };
    assert_eq!(request.called_ae_title, title("VAULT"));
    assert_eq!(request.calling_ae_title, title("PEER"));
    assert_eq!(request.presentation_contexts.len(), 1);
    let name = request
        .user_information
        .implementation_version_name
        .as_deref();
    assert_eq!(name, Some(&b"OFFIS_DCMTK_367"[..]));
    let reserved = bytes
        .iter()
        .position(|&byte| byte == 0xff)
        .expect("recorded so");
    bytes[reserved] = 0;
    assert_eq!(encode(&Pdu::AssociateRq(request)), bytes);
}

#[test]
fn the_recorded_acceptance_of_another_implementation_is_read_and_written() {
    let bytes = RECORDED_ACCEPTANCE.concat();
    let Ok(Pdu::AssociateAc(acceptance)) = decode(&bytes) else {
        panic!("readable")
    };
    let [context] = &acceptance.presentation_contexts[..] else {
        panic!("one context")
    };
    assert_eq!(context.result, ContextOutcome::Acceptance);
    assert_eq!(context.transfer_syntax.as_str(), "1.2.840.10008.1.2");
    assert_eq!(encode(&Pdu::AssociateAc(acceptance)), bytes);
}

#[test]
fn every_user_information_sub_item_is_read_and_written_byte_for_byte() {
    let sub_items: &[&[u8]] = &[
        &[0x51, 0, 0, 4, 0, 0, 0, 0], // no maximum length
        &[0x53, 0, 0, 4],             // asynchronous operations
        &[0, 0, 0, 5],                // any number invoked, 5 performed
        &[0x54, 0, 0, 7],             // role selection
        &[0, 3],
        b"1.2",
        &[0, 1],          // SCU no, SCP yes
        &[0x56, 0, 0, 7], // extended negotiation
        &[0, 3],
        b"1.3",
        &[2, 1],           // application information
        &[0x57, 0, 0, 20], // common extended negotiation
        &[0, 3],
        b"1.4", // SOP class
        &[0, 3],
        b"1.5",  // service class
        &[0, 8], // related general SOP classes
        &[0, 3],
        b"1.6",
        &[0, 1],
        b"1",
        &[0x58, 0, 0, 12], // user identity, RQ
        &[2, 1],           // name and passcode, answer asked for
        &[0, 4],
        b"user",
        &[0, 2],
        b"pw",
        &[0x59, 0, 0, 4], // user identity, AC
        &[0, 2],
        b"ok",
    ];
    let sub_items = sub_items.concat();
    let expected = UserInformation {
        maximum_length: 0,
        implementation_class_uid: None,
        implementation_version_name: None,
        asynchronous_operations: Some(AsynchronousOperations {
            invoked: 0,
            performed: 5,
        }),
        roles: vec![RoleSelection {
            sop_class: "1.2".into(),
            scu: false,
            scp: true,
        }],
        extended: vec![ExtendedNegotiation {
            sop_class: "1.3".into(),
            information: vec![2, 1],
        }],
        common_extended: vec![CommonExtendedNegotiation {
            sop_class: "1.4".into(),
            service_class: "1.5".into(),
            related: vec!["1.6".into(), "1".into()],
        }],
        user_identity: Some(UserIdentityRq {
            kind: 2,
            response_requested: true,
            primary: b"user".to_vec(),
            secondary: b"pw".to_vec(),
        }),
        user_identity_response: Some(b"ok".to_vec()),
    };
    assert_eq!(user_information(&sub_items), Ok(expected.clone()));
    let request = AssociateRq {
        user_information: expected,
        ..echo_request()
    };
    let bytes = encode(&Pdu::AssociateRq(request));
    assert!(bytes.ends_with(&sub_items));
}

#[test]
fn short_pdus_are_read_and_written_byte_for_byte() {
    let rejection = |result, reason| Pdu::AssociateRj(AssociateRj { result, reason });
    let abort = |source| Pdu::Abort(Abort { source });
    let provider = |reason| abort(AbortSource::ServiceProvider(reason));
    for (bytes, expected) in [
        (
            [3, 0, 0, 0, 0, 4, 0, 1, 1, 2],
            rejection(
                RejectResult::Permanent,
                RejectReason::ApplicationContextNameNotSupported,
            ),
        ),
        (
            [3, 0, 0, 0, 0, 4, 0, 2, 3, 2],
            rejection(RejectResult::Transient, RejectReason::LocalLimitExceeded),
        ),
        (
            [3, 0, 0, 0, 0, 4, 0, 1, 1, 9],
            rejection(
                RejectResult::Permanent,
                RejectReason::Other {
                    source: 1,
                    reason: 9,
                },
            ),
        ),
        ([5, 0, 0, 0, 0, 4, 0, 0, 0, 0], Pdu::ReleaseRq),
        ([6, 0, 0, 0, 0, 4, 0, 0, 0, 0], Pdu::ReleaseRp),
        (
            [7, 0, 0, 0, 0, 4, 0, 0, 0, 0],
            abort(AbortSource::ServiceUser),
        ),
        (
            [7, 0, 0, 0, 0, 4, 0, 0, 2, 2],
            provider(AbortReason::UnexpectedPdu),
        ),
        (
            [7, 0, 0, 0, 0, 4, 0, 0, 2, 3],
            abort(AbortSource::Other {
                source: 2,
                reason: 3,
            }),
        ),
    ] {
        assert_eq!(decode(&bytes), Ok(expected.clone()));
        assert_eq!(encode(&expected), bytes);
    }
}

#[test]
fn presentation_data_values_are_read_and_written_byte_for_byte() {
    let bytes = pdu(
        0x04,
        &[
            &[0, 0, 0, 5],     // two bytes of header, three of fragment
            &[1, 0b0000_0011], // context 1, command, last
            b"abc",
            &[0, 0, 0, 2],       // an empty fragment
            &[255, 0b0000_0000], // context 255, data set, not the last
        ],
    );
    let value = |context, command, last, fragment: &[u8]| Pdv {
        context: PresentationContextId(context),
        control: MessageControl::new(command, last),
        fragment: fragment.to_vec(),
    };
    let data = Pdu::PData(vec![
        value(1, true, true, b"abc"),
        value(255, false, false, b""),
    ]);
    assert_eq!(decode(&bytes), Ok(data.clone()));
    assert_eq!(encode(&data), bytes);
}

#[test]
fn reserved_bytes_and_unknown_items_are_ignored() {
    let bytes = pdu(
        0x01,
        &[
            &[0x00, 0x01, 0xaa, 0xaa],
            b"STORESCP        ECHOSCU         ",
            &[0xaa; 32],
            &[0x99, 0xaa, 0, 2, 1, 2], // no such item
            &[0x10, 0xaa, 0, 22],
            b"1.2.840.10008.3.1.1.1\0", // padded, as some do
            &[0x20, 0xaa, 0, 75],
            &[1, 0xaa, 0xaa, 0xaa],
            &[0x30, 0xaa, 0, 18],
            b"1.2.840.10008.1.1\0",
            &[0x33, 0xaa, 0, 0], // no such sub-item
            &[0x40, 0xaa, 0, 18],
            b"1.2.840.10008.1.2 ",
            &[0x40, 0xaa, 0, 19],
            b"1.2.840.10008.1.2.1",
            &[0x50, 0xaa, 0, 33],
            &[0x51, 0xaa, 0, 4, 0, 0, 0x40, 0],
            &[0x60, 0xaa, 0, 2, 1, 2], // no such sub-item
            &[0x52, 0xaa, 0, 5],
            b"1.2.3",
            &[0x55, 0xaa, 0, 6],
            b"TEST_1",
        ],
    );
    assert_eq!(decode(&bytes), Ok(Pdu::AssociateRq(echo_request())));
    let abort = Abort {
        source: AbortSource::ServiceUser,
    };
    assert_eq!(
        decode(&[7, 9, 0, 0, 0, 4, 9, 9, 0, 9]),
        Ok(Pdu::Abort(abort))
    );
    assert_eq!(decode(&[5, 9, 0, 0, 0, 4, 9, 9, 9, 9]), Ok(Pdu::ReleaseRq));
    assert_eq!(
        MessageControl::from_wire(0xfd),
        MessageControl::new(true, false)
    );
}

#[test]
fn what_is_absent_from_an_association_request_is_empty() {
    let expected = AssociateRq {
        application_context: Uid::default(),
        presentation_contexts: Vec::new(),
        user_information: UserInformation::default(),
        ..echo_request()
    };
    assert_eq!(decode(&pdu(1, HEAD)), Ok(Pdu::AssociateRq(expected)));
    let bare_context = pdu(1, &with_head(&[&[0x20, 0, 0, 4, 7, 0, 0, 0]]));
    let Ok(Pdu::AssociateRq(request)) = decode(&bare_context) else {
        panic!("readable")
    };
    let [context] = &request.presentation_contexts[..] else {
        panic!("one context")
    };
    assert_eq!(context.id, PresentationContextId(7));
    assert!(context.abstract_syntax.is_empty() && context.transfer_syntaxes.is_empty());
}

#[test]
fn of_repeated_items_the_last_counts_and_user_information_adds_up() {
    let bytes = pdu(
        1,
        &with_head(&[
            &[0x10, 0, 0, 1, b'1'],
            &[0x10, 0, 0, 1, b'2'],
            &[0x50, 0, 0, 17],
            &[0x51, 0, 0, 4, 0, 0, 0, 1],
            &[0x52, 0, 0, 5],
            b"1.2.3",
            &[0x50, 0, 0, 8],
            &[0x51, 0, 0, 4, 0, 0, 0, 2],
        ]),
    );
    let Ok(Pdu::AssociateRq(request)) = decode(&bytes) else {
        panic!("readable")
    };
    assert_eq!(request.application_context.as_str(), "2");
    assert_eq!(request.user_information.maximum_length, 2);
    assert_eq!(
        request.user_information.implementation_class_uid,
        Some("1.2.3".into())
    );
}

#[test]
fn more_than_128_contexts_are_kept_for_the_acceptor_to_judge() {
    let context: &[u8] = &[0x20, 0, 0, 4, 1, 0, 0, 0];
    let Ok(Pdu::AssociateRq(request)) = decode(&pdu(1, &with_head(&[context; 300]))) else {
        panic!("readable")
    };
    assert_eq!(request.presentation_contexts.len(), 300);
}

#[test]
fn unknown_pdu_types_are_told_apart_from_malformed_ones() {
    for code in [0, 8, 0x47, 0xff] {
        let error = Pdu::decode(code, b"").expect_err("unknown");
        assert_eq!(error, PduError::UnknownPduType { code });
        assert_eq!(error.abort_reason(), AbortReason::UnrecognizedPdu);
    }
    let error = Pdu::decode(1, b"").expect_err("empty");
    assert_eq!(error.abort_reason(), AbortReason::InvalidPduParameterValue);
}

#[test]
fn wrong_lengths_are_named() {
    let truncated = |field, needed, left| {
        Err(PduError::Truncated {
            field,
            needed,
            left,
        })
    };
    let trailing = |field, count| Err(PduError::TrailingBytes { field, count });
    assert_eq!(
        Pdu::decode(1, &[0; 67]),
        truncated("reserved bytes 43 to 74", 32, 31)
    );
    assert_eq!(Pdu::decode(5, &[0; 3]), truncated("A-RELEASE", 4, 3));
    assert_eq!(Pdu::decode(6, &[0; 5]), trailing("A-RELEASE", 1));
    assert_eq!(Pdu::decode(7, &[0; 6]), trailing("A-ABORT", 2));
    assert_eq!(
        Pdu::decode(3, &[0, 1, 1]),
        truncated("A-ASSOCIATE-RJ", 4, 3)
    );
    let item = pdu(1, &with_head(&[&[0x10, 0, 0xff, 0xff, b'1']]));
    assert_eq!(decode(&item), truncated("A-ASSOCIATE-RQ item", 65_535, 1));
    let half_header = pdu(2, &with_head(&[&[0x10, 0, 0]]));
    assert_eq!(decode(&half_header), truncated("A-ASSOCIATE-AC item", 2, 1));
    let sub_item = pdu(
        1,
        &with_head(&[&[0x20, 0, 0, 9, 1, 0, 0, 0, 0x30, 0, 0, 2, b'1']]),
    );
    assert_eq!(
        decode(&sub_item),
        truncated("presentation context sub-item", 2, 1)
    );
}

#[test]
fn wrong_lengths_in_user_information_are_named() {
    let truncated = |field, needed, left| {
        Err(PduError::Truncated {
            field,
            needed,
            left,
        })
    };
    let trailing = |field, count| Err(PduError::TrailingBytes { field, count });
    let check = |sub_item: &[u8], expected| assert_eq!(user_information(sub_item), expected);
    check(&[0x51, 0, 0, 2, 0, 0], truncated("maximum length", 4, 2));
    check(
        &[0x51, 0, 0, 5, 0, 0, 0, 0, 0],
        trailing("maximum length", 1),
    );
    check(
        &[0x53, 0, 0, 6, 0, 1, 0, 1, 0, 0],
        trailing("asynchronous operations window", 2),
    );
    check(
        &[0x54, 0, 0, 4, 0, 9, b'1', 1],
        truncated("role selection SOP class UID", 9, 2),
    );
    check(
        &[0x54, 0, 0, 6, 0, 1, b'1', 1, 1, 0],
        trailing("role selection", 1),
    );
    check(
        &[0x57, 0, 0, 8, 0, 0, 0, 0, 0, 2, 0, 9],
        truncated("common extended related class UID", 9, 0),
    );
    check(
        &[0x58, 0, 0, 6, 1, 0, 0, 0, 0, 1],
        truncated("user identity secondary field", 1, 0),
    );
    check(
        &[0x59, 0, 0, 3, 0, 0, 7],
        trailing("user identity response", 1),
    );
}

#[test]
fn what_follows_the_related_classes_is_reserved() {
    let sub_item = [0x57, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0xaa, 0xaa];
    let information = user_information(&sub_item).expect("readable");
    assert_eq!(information.common_extended.len(), 1);
}

#[test]
fn values_without_meaning_are_named() {
    let invalid = |field, value| Err(PduError::InvalidValue { field, value });
    assert_eq!(
        Pdu::decode(3, &[0, 3, 1, 1]),
        invalid("A-ASSOCIATE-RJ result", 3)
    );
    let result = pdu(2, &with_head(&[&[0x21, 0, 0, 4, 1, 0, 5, 0]]));
    assert_eq!(decode(&result), invalid("presentation context result", 5));
    let value = [0, 0, 0, 1, 1, 0];
    assert_eq!(
        Pdu::decode(4, &value),
        invalid("presentation data value length", 1)
    );
    assert_eq!(Pdu::decode(4, b""), Err(PduError::NoPresentationDataValue));
}

#[test]
fn a_fragment_that_claims_four_gigabytes_is_refused_at_once() {
    let value = [0xff, 0xff, 0xff, 0xff, 1, 0, 1, 2, 3];
    let field = "presentation data value fragment";
    let expected = PduError::Truncated {
        field,
        needed: 0xffff_fffd,
        left: 3,
    };
    assert_eq!(Pdu::decode(4, &value), Err(expected));
}

#[test]
fn a_value_too_long_for_its_length_field_writes_nothing() {
    let mut request = echo_request();
    request.user_information.implementation_version_name = Some(vec![b'x'; 65_536]);
    let mut out = b"before".to_vec();
    let error = Pdu::AssociateRq(request)
        .encode(&mut out)
        .expect_err("too long");
    let field = "implementation version name";
    assert_eq!(
        error,
        PduError::TooLong {
            field,
            length: 65_536
        }
    );
    assert_eq!(out, b"before");
}

#[test]
fn headers_read_what_they_wrote() {
    let header = PduHeader {
        kind: 4,
        length: 0x0102_0304,
    };
    assert_eq!(header.encode(), [4, 0, 1, 2, 3, 4]);
    assert_eq!(PduHeader::decode([4, 0xaa, 1, 2, 3, 4]), header);
    let control = MessageControl::new(false, true);
    let header = PdvHeader {
        length: 0x0102_0304,
        context: PresentationContextId(5),
        control,
    };
    assert_eq!(header.encode(), [1, 2, 3, 4, 5, 2]);
    assert_eq!(PdvHeader::decode([1, 2, 3, 4, 5, 2]), header);
    assert_eq!(header.fragment_len(), Some(0x0102_0302));
    assert_eq!(
        PdvHeader {
            length: 2,
            ..header
        }
        .fragment_len(),
        Some(0)
    );
    assert_eq!(
        PdvHeader {
            length: 1,
            ..header
        }
        .fragment_len(),
        None
    );
}

#[test]
fn message_control_headers_cover_the_four_kinds_of_fragments() {
    for (byte, command, last) in [
        (0, false, false),
        (1, true, false),
        (2, false, true),
        (3, true, true),
    ] {
        let control = MessageControl::from_wire(byte);
        assert_eq!((control.is_command(), control.is_last()), (command, last));
        assert_eq!(MessageControl::new(command, last), control);
        assert_eq!(control.to_wire(), byte);
    }
}

#[test]
fn codes_and_kinds_correspond() {
    for code in 0..=u8::MAX {
        if let Some(kind) = PduType::from_code(code) {
            assert_eq!(kind.code(), code);
        } else {
            assert!(!(1..=7).contains(&code));
        }
        assert!(AbortReason::from_code(code).is_none_or(|reason| reason.code() == code));
        assert!(ContextOutcome::from_code(code).is_none_or(|outcome| outcome.code() == code));
        for reason in 0..=u8::MAX {
            let reject = RejectReason::from_codes(code, reason);
            assert_eq!((reject.source(), reject.reason()), (code, reason));
        }
    }
}

#[test]
fn every_pair_of_the_rejection_table_has_its_own_words() {
    let pairs = [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 7),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
    ];
    for (source, reason) in pairs {
        let reject = RejectReason::from_codes(source, reason);
        assert!(
            !matches!(reject, RejectReason::Other { .. }),
            "{source} {reason}"
        );
        assert!(!reject.to_string().is_empty());
    }
    assert_eq!(
        RejectReason::LocalLimitExceeded.to_string(),
        "local limit exceeded"
    );
    assert_eq!(
        RejectReason::from_codes(2, 7).to_string(),
        "source 2, reason 7"
    );
}

#[test]
fn names_and_passcodes_are_not_shown() {
    let identity = UserIdentityRq {
        kind: 2,
        response_requested: false,
        primary: b"somebody".to_vec(),
        secondary: b"secret".to_vec(),
    };
    let shown = format!("{identity:?}");
    assert!(!shown.contains("somebody") && !shown.contains("secret"));
    assert!(!shown.contains("115"), "not as numbers either: {shown}");
}

/// What a decoded association request has allocated, in bytes: the tables of contexts and transfer
/// syntaxes, and the text of UIDs (at most two bytes for each of the wire).
fn footprint(request: &AssociateRq) -> usize {
    let text = |uid: &Uid| uid.as_str().len();
    let contexts = &request.presentation_contexts;
    contexts.capacity() * size_of::<ProposedContext>()
        + contexts
            .iter()
            .map(|context| {
                context.transfer_syntaxes.capacity() * size_of::<Uid>()
                    + context.transfer_syntaxes.iter().map(text).sum::<usize>()
                    + text(&context.abstract_syntax)
            })
            .sum::<usize>()
}

#[test]
fn memory_is_in_proportion_to_the_input() {
    let many_contexts = [0x20, 0, 0, 4, 1, 0, 0, 0].repeat(10_000);
    let mut many_syntaxes = vec![0x20, 0, 0xff, 0xfc, 1, 0, 0, 0];
    many_syntaxes.extend([0x40, 0, 0, 0].repeat((0xfffc - 4) / 4));
    let mut one_syntax = [0x20, 0, 0, 9, 1, 0, 0, 0, 0x40, 0, 0, 1, b'1'].repeat(5_000);
    one_syntax.extend([0x20, 0, 0, 4, 1, 0, 0, 0]);
    for items in [many_contexts, many_syntaxes, one_syntax] {
        let bytes = pdu(1, &with_head(&[&items]));
        let Ok(Pdu::AssociateRq(request)) = decode(&bytes) else {
            panic!("readable")
        };
        let ratio = footprint(&request) / items.len();
        assert!(ratio <= 20, "{ratio} bytes of memory for each of the wire");
    }
}

//! Annotated command sets, and properties that hold for all bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::value::{AeTitle, Uid};

/// An element of a command set.
fn element(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("short");
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(length.to_le_bytes());
    bytes.extend_from_slice(value);
    bytes
}

fn us(number: u16, value: u16) -> Vec<u8> {
    element(0, number, &value.to_le_bytes())
}

fn store_request() -> StoreRq {
    StoreRq {
        message_id: 7,
        sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
        sop_instance: "1.2.3.4".into(),
        priority: 0,
        has_data_set: true,
        move_originator: Some(MoveOriginator {
            ae_title: AeTitle::new("MOVER").expect("legal"),
            message_id: 9,
        }),
    }
}

fn encoded_store_request() -> Vec<u8> {
    let pieces: &[&[u8]] = &[
        &[0, 0, 0x00, 0x00, 4, 0, 0, 0, 114, 0, 0, 0], // group length
        &[0, 0, 0x02, 0x00, 26, 0, 0, 0],              // affected SOP class UID
        b"1.2.840.10008.5.1.4.1.1.2\0",
        &[0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x01, 0x00], // command field: C-STORE-RQ
        &[0, 0, 0x10, 0x01, 2, 0, 0, 0, 7, 0],       // message ID
        &[0, 0, 0x00, 0x07, 2, 0, 0, 0, 0, 0],       // priority: medium
        &[0, 0, 0x00, 0x08, 2, 0, 0, 0, 1, 0],       // data set type: there is one
        &[0, 0, 0x00, 0x10, 8, 0, 0, 0],             // affected SOP instance UID
        b"1.2.3.4\0",
        &[0, 0, 0x30, 0x10, 6, 0, 0, 0], // move originator AE title
        b"MOVER ",
        &[0, 0, 0x31, 0x10, 2, 0, 0, 0, 9, 0], // move originator message ID
    ];
    pieces.concat()
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    bytes
}

/// Checks the group length of a command set: the bytes behind the element that holds it.
fn has_right_group_length(set: &[u8]) -> bool {
    let value = CommandSet::decode(set)
        .expect("readable")
        .value(0)
        .expect("in front");
    usize::try_from(u32::from_le_bytes(value.try_into().expect("four bytes")))
        .is_ok_and(|length| length + 12 == set.len())
}

#[test]
fn store_request_is_read_and_written_byte_for_byte() {
    let bytes = encoded_store_request();
    assert!(has_right_group_length(&bytes));
    assert_eq!(Request::decode(&bytes), Ok(Request::Store(store_request())));
    assert_eq!(encoded(|out| store_request().encode(out)), bytes);
}

#[test]
fn echo_request_is_read_and_written_byte_for_byte() {
    let pieces: &[&[u8]] = &[
        &[0, 0, 0x00, 0x00, 4, 0, 0, 0, 56, 0, 0, 0],
        &[0, 0, 0x02, 0x00, 18, 0, 0, 0],
        b"1.2.840.10008.1.1\0",
        &[0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x30, 0x00], // C-ECHO-RQ
        &[0, 0, 0x10, 0x01, 2, 0, 0, 0, 1, 0],
        &[0, 0, 0x00, 0x08, 2, 0, 0, 0, 0x01, 0x01], // no data set
    ];
    let bytes = pieces.concat();
    let request = EchoRq {
        message_id: 1,
        sop_class: "1.2.840.10008.1.1".into(),
        has_data_set: false,
    };
    assert_eq!(Request::decode(&bytes), Ok(Request::Echo(request.clone())));
    assert_eq!(encoded(|out| request.encode(out)), bytes);
}

/// The response of DCMTK 3.6.7's storescp to C-ECHO-RQ 1, as it was on the wire.
#[test]
fn echo_response_is_what_another_implementation_sends() {
    let pieces: &[&[u8]] = &[
        &[0, 0, 0x00, 0x00, 4, 0, 0, 0, 66, 0, 0, 0],
        &[0, 0, 0x02, 0x00, 18, 0, 0, 0],
        b"1.2.840.10008.1.1\0",
        &[0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x30, 0x80], // C-ECHO-RSP
        &[0, 0, 0x20, 0x01, 2, 0, 0, 0, 1, 0],
        &[0, 0, 0x00, 0x08, 2, 0, 0, 0, 0x01, 0x01],
        &[0, 0, 0x00, 0x09, 2, 0, 0, 0, 0, 0], // success
    ];
    let request = EchoRq {
        message_id: 1,
        sop_class: "1.2.840.10008.1.1".into(),
        has_data_set: false,
    };
    assert_eq!(
        encoded(|out| encode_echo_response(out, &request)),
        pieces.concat()
    );
}

#[test]
fn encoding_appends_behind_what_is_there() {
    let mut out = b"before".to_vec();
    store_request().encode(&mut out);
    assert_eq!(
        out.strip_prefix(b"before"),
        Some(&encoded_store_request()[..])
    );
}

#[test]
fn success_is_written_byte_for_byte() {
    let pieces: &[&[u8]] = &[
        &[0, 0, 0x00, 0x00, 4, 0, 0, 0, 90, 0, 0, 0],
        &[0, 0, 0x02, 0x00, 26, 0, 0, 0],
        b"1.2.840.10008.5.1.4.1.1.2\0",
        &[0, 0, 0x00, 0x01, 2, 0, 0, 0, 0x01, 0x80], // C-STORE-RSP
        &[0, 0, 0x20, 0x01, 2, 0, 0, 0, 7, 0],       // message ID being responded to
        &[0, 0, 0x00, 0x08, 2, 0, 0, 0, 0x01, 0x01], // no data set
        &[0, 0, 0x00, 0x09, 2, 0, 0, 0, 0, 0],       // status: success
        &[0, 0, 0x00, 0x10, 8, 0, 0, 0],
        b"1.2.3.4\0",
    ];
    let stored = StoreOutcome::Stored(());
    let bytes = encoded(|out| encode_store_response(out, &store_request(), &stored));
    assert_eq!(bytes, pieces.concat());
}

#[test]
fn failure_tells_status_and_comment() {
    let failed: StoreOutcome<()> = StoreOutcome::Failed {
        status: FailureStatus::OUT_OF_RESOURCES,
        comment: "no space left",
    };
    let bytes = encoded(|out| encode_store_response(out, &store_request(), &failed));
    assert!(has_right_group_length(&bytes));
    let response = Response {
        command_field: CommandField::C_STORE_RSP.0,
        message_id: 7,
        status: Status::OUT_OF_RESOURCES,
        sop_class: Some("1.2.840.10008.5.1.4.1.1.2".into()),
        sop_instance: Some("1.2.3.4".into()),
        error_comment: Some("no space left".to_owned()),
        has_data_set: false,
    };
    assert_eq!(Response::decode(&bytes), Ok(response));
}

#[test]
fn comments_are_made_to_fit_their_value_representation() {
    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789";
    let comment_sent = |comment| {
        let status = FailureStatus::CANNOT_UNDERSTAND;
        let failed: StoreOutcome<()> = StoreOutcome::Failed { status, comment };
        let bytes = encoded(|out| encode_store_response(out, &store_request(), &failed));
        Response::decode(&bytes).expect("readable").error_comment
    };
    assert_eq!(comment_sent(LONG).as_deref(), Some(&LONG[..64]));
    assert_eq!(comment_sent("a\\b\nc\u{e9}").as_deref(), Some("a?b?c?"));
    assert_eq!(comment_sent(""), None);
}

#[test]
fn a_uid_that_is_too_long_is_not_sent_back() {
    let long = "1".repeat(65);
    let request = StoreRq {
        sop_instance: long.as_str().into(),
        ..store_request()
    };
    let failed: StoreOutcome<()> = StoreOutcome::Failed {
        status: FailureStatus::INVALID_SOP_INSTANCE,
        comment: "",
    };
    let bytes = encoded(|out| encode_store_response(out, &request, &failed));
    let response = Response::decode(&bytes).expect("readable");
    assert_eq!(response.sop_instance, None);
    assert_eq!(response.sop_class, Some(request.sop_class));
    assert_eq!(response.status, Status::INVALID_SOP_INSTANCE);
}

#[test]
fn echo_is_answered_with_success() {
    let request = EchoRq {
        message_id: 3,
        sop_class: "1.2.840.10008.1.1".into(),
        has_data_set: false,
    };
    let bytes = encoded(|out| encode_echo_response(out, &request));
    assert!(has_right_group_length(&bytes));
    let response = Response::decode(&bytes).expect("readable");
    assert_eq!(response.command_field, CommandField::C_ECHO_RSP.0);
    assert_eq!((response.message_id, response.status), (3, Status::SUCCESS));
    assert_eq!(response.sop_class, Some(request.sop_class));
    assert_eq!(response.sop_instance, None);
}

#[test]
fn other_requests_are_read_and_answered_as_unrecognized() {
    let set = [
        element(0, 0x0003, b"1.2.840.10008.5.1.1.16"), // requested SOP class UID
        us(0x0100, CommandField::N_GET_RQ.0),
        us(0x0110, 5),
        us(0x0800, 0x0101),
        element(0, 0x1001, b"1.2.840.10008.5.1.1.17"), // requested SOP instance UID
        element(0, 0x1005, &[0x10, 0x21, 0x10, 0x00]), // attribute identifier list
    ];
    let Ok(Request::Other(request)) = Request::decode(&set.concat()) else {
        panic!("readable")
    };
    assert_eq!(request.command_field, 0x0110);
    assert!(!request.has_data_set);
    let bytes = encoded(|out| encode_unrecognized_operation(out, &request));
    assert!(has_right_group_length(&bytes));
    let response = Response::decode(&bytes).expect("readable");
    assert_eq!(response.command_field, CommandField::N_GET_RSP.0);
    assert_eq!((response.message_id, response.status.0), (5, 0x0211));
    assert_eq!(response.sop_class, Some("1.2.840.10008.5.1.1.16".into()));
    assert_eq!(response.sop_instance, Some("1.2.840.10008.5.1.1.17".into()));
}

#[test]
fn a_command_that_no_standard_knows_can_still_be_answered() {
    let set = [us(0x0100, 0x0042), us(0x0110, 5), us(0x0800, 0x0101)].concat();
    let Ok(Request::Other(request)) = Request::decode(&set) else {
        panic!("readable")
    };
    assert_eq!((&request.sop_class, &request.sop_instance), (&None, &None));
    let bytes = encoded(|out| encode_unrecognized_operation(out, &request));
    assert_eq!(
        Response::decode(&bytes).expect("readable").command_field,
        0x8042
    );
}

#[test]
fn cancel_request_names_the_request_to_end() {
    let set = [us(0x0100, 0x0FFF), us(0x0120, 12), us(0x0800, 0x0101)].concat();
    let request = Request::decode(&set).expect("readable");
    assert_eq!(
        request,
        Request::Cancel {
            message_id_responded_to: 12
        }
    );
    assert!(!request.has_data_set());
}

#[test]
fn any_order_any_group_length_and_unknown_elements_are_taken() {
    let set = [
        us(0x0800, 0x0000), // any value but 0101H announces a data set
        element(0, 0x1000, b"1.2.3.4\0"),
        element(0x0008, 0x0016, b"9.9 "), // not of group 0000
        us(0x0110, 7),
        us(0x0110, 8),                     // the first counts
        element(0, 0x9999, b""),           // no such element
        element(0, 0x0000, &[1, 0, 0, 0]), // wrong, and not in front
        us(0x0100, 0x0001),
        element(0, 0x0002, b"1.2.840.10008.5.1.4.1.1.2 "), // padded with a space
    ];
    let Ok(Request::Store(request)) = Request::decode(&set.concat()) else {
        panic!("readable")
    };
    assert_eq!(
        request,
        StoreRq {
            move_originator: None,
            ..store_request()
        }
    );
}

#[test]
fn move_originator_needs_both_title_and_message_id() {
    let base = |extra: Vec<u8>| {
        let mut request = store_request();
        request.move_originator = None;
        let set = [encoded(|out| request.encode(out)), extra].concat();
        match Request::decode(&set) {
            Ok(Request::Store(request)) => Ok(request.move_originator),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    };
    assert_eq!(base(element(0, 0x1030, b"MOVER ")), Ok(None));
    assert_eq!(base(us(0x1031, 9)), Ok(None));
    assert_eq!(
        base([element(0, 0x1030, b"  "), us(0x1031, 9)].concat()),
        Ok(None)
    );
    let both = [element(0, 0x1030, b"MOVER\0"), us(0x1031, 9)].concat();
    let originator = base(both).expect("readable").expect("both are there");
    assert_eq!(originator.ae_title.to_string(), "MOVER");
    let long = element(0, 0x1030, b"SEVENTEEN_LETTERS ");
    assert_eq!(
        base(long),
        Err(CommandError::WrongLength {
            element: 0x1030,
            length: 18
        })
    );
}

#[test]
fn missing_and_empty_elements_are_named() {
    let missing = |element| Err(CommandError::Missing { element });
    assert_eq!(Request::decode(b""), missing(0x0100));
    let field = us(0x0100, 0x0001);
    assert_eq!(Request::decode(&field), missing(0x0110));
    let with_id = [field, us(0x0110, 1)].concat();
    assert_eq!(Request::decode(&with_id), missing(0x0002));
    let with_empty_class = [with_id.clone(), element(0, 0x0002, b"\0\0")].concat();
    assert_eq!(Request::decode(&with_empty_class), missing(0x0002));
    let with_class = [with_id, element(0, 0x0002, b"1.2\0")].concat();
    assert_eq!(Request::decode(&with_class), missing(0x1000));
    let with_instance = [with_class, element(0, 0x1000, b"1.3\0")].concat();
    assert_eq!(Request::decode(&with_instance), missing(0x0800));
    let with_empty_type = [with_instance, element(0, 0x0800, b"")].concat();
    assert_eq!(Request::decode(&with_empty_type), missing(0x0800));
}

#[test]
fn wrong_lengths_are_named() {
    let long = element(0, 0x0100, &[1, 0, 0, 0]);
    let expected = CommandError::WrongLength {
        element: 0x0100,
        length: 4,
    };
    assert_eq!(Request::decode(&long), Err(expected));
    let truncated = |group, element, needed, left| {
        Err(CommandError::Truncated {
            group,
            element,
            needed,
            left,
        })
    };
    assert_eq!(Request::decode(&[0; 7]), truncated(0, 0, 8, 7));
    let four_gigabytes = [0, 0, 2, 0, 0xff, 0xff, 0xff, 0xff, b'1'];
    assert_eq!(
        Request::decode(&four_gigabytes),
        truncated(0, 2, 0xffff_ffff, 1)
    );
    let too_long = vec![0; COMMAND_SET_BYTES_MAX + 8];
    let expected = CommandError::TooLong {
        length: too_long.len(),
    };
    assert_eq!(Request::decode(&too_long), Err(expected));
    assert!(CommandSet::decode(&too_long[8..]).is_ok());
}

#[test]
fn requests_and_responses_are_told_apart() {
    let response = [
        us(0x0100, 0x8001),
        us(0x0110, 1),
        us(0x0120, 1),
        us(0x0800, 0x0101),
    ]
    .concat();
    assert_eq!(
        Request::decode(&response),
        Err(CommandError::NotARequest { field: 0x8001 })
    );
    let expected = CommandError::NotAResponse { field: 0x0001 };
    assert_eq!(Response::decode(&encoded_store_request()), Err(expected));
    assert_eq!(
        Response::decode(&response),
        Err(CommandError::Missing { element: 0x0900 })
    );
}

#[test]
fn hostile_uids_arrive_as_they_were_sent() {
    let uid = "../../etc/\0passwd".to_owned() + &"1".repeat(1000);
    let request = StoreRq {
        sop_instance: uid.as_str().into(),
        ..store_request()
    };
    let bytes = encoded(|out| request.encode(out));
    assert_eq!(Request::decode(&bytes), Ok(Request::Store(request)));
}

#[test]
fn command_fields_have_names() {
    assert_eq!(CommandField::C_STORE_RQ.to_string(), "C-STORE-RQ");
    assert_eq!(CommandField(0x8150).to_string(), "N-DELETE-RSP");
    assert_eq!(CommandField(0x0FFF).to_string(), "C-CANCEL-RQ");
    assert_eq!(CommandField(0x0042).to_string(), "command 0x0042");
    assert_eq!(CommandField::C_MOVE_RQ.response(), CommandField::C_MOVE_RSP);
    let named = (0..=u16::MAX)
        .filter(|&code| CommandField(code).name().is_some())
        .count();
    assert_eq!(named, 23, "eleven operations both ways, and C-CANCEL-RQ");
}

#[test]
fn statuses_fall_into_the_categories_of_the_standard() {
    for (codes, category) in [
        (&[0x0000][..], StatusCategory::Success),
        (
            &[0x0001, 0x0107, 0x0116, 0xB000, 0xB006, 0xB007],
            StatusCategory::Warning,
        ),
        (&[0xFE00], StatusCategory::Cancel),
        (&[0xFF00, 0xFF01], StatusCategory::Pending),
        (
            &[
                0x0105, 0x0106, 0x0110, 0x0111, 0x0112, 0x0113, 0x0114, 0x0115, 0x0117, 0x0118,
                0x0119, 0x0120, 0x0121, 0x0122, 0x0123, 0x0124, 0x0210, 0x0211, 0x0212, 0x0213,
                0xA700, 0xA900, 0xC000, 0xCFFF, 0x0002, 0xFE01, 0xFFFF,
            ],
            StatusCategory::Failure,
        ),
    ] {
        for &code in codes {
            assert_eq!(Status(code).category(), category, "{code:#06x}");
            let failure = FailureStatus::new(Status(code));
            assert_eq!(
                failure.is_some(),
                category == StatusCategory::Failure,
                "{code:#06x}"
            );
        }
    }
}

#[test]
fn every_named_failure_is_one() {
    for failure in [
        FailureStatus::OUT_OF_RESOURCES,
        FailureStatus::DATA_SET_DOES_NOT_MATCH,
        FailureStatus::CANNOT_UNDERSTAND,
        FailureStatus::PROCESSING_FAILURE,
        FailureStatus::DUPLICATE_SOP_INSTANCE,
        FailureStatus::INVALID_SOP_INSTANCE,
        FailureStatus::SOP_CLASS_NOT_SUPPORTED,
        FailureStatus::MISTYPED_ARGUMENT,
    ] {
        assert_eq!(FailureStatus::new(failure.status()), Some(failure));
    }
}

#[test]
fn statuses_are_shown_in_the_words_that_scripts_look_for() {
    for (code, text) in [
        (0x0000, "Success"),
        (0xA700, "Refused: OutOfResources"),
        (0xA7FF, "Refused: OutOfResources"),
        (0xA900, "Error: DataSetDoesNotMatchSOPClass"),
        (0xC000, "Error: CannotUnderstand"),
        (0xCABC, "Error: CannotUnderstand"),
        (0x0122, "Refused: SOPClassNotSupported"),
        (0xB000, "Warning: CoercionOfDataElements"),
        (0xB006, "Warning: ElementsDiscarded"),
        (0xB007, "Warning: DataSetDoesNotMatchSOPClass"),
        (0x0111, "Unknown Status: 0x111"),
        (0xA800, "Unknown Status: 0xa800"),
    ] {
        assert_eq!(Status(code).to_string(), text);
    }
}

/// A UID of any form that is not empty.
fn any_uid() -> impl Strategy<Value = Uid> {
    let any_bytes = vec(any::<u8>(), 1..80).prop_map(|bytes| Uid::from_wire(&bytes));
    prop_oneof![
        3 => "[0-9.]{1,64}".prop_map(|text: String| Uid::from(text.as_str())),
        1 => any_bytes.prop_filter("not empty", |uid| !uid.is_empty()),
    ]
}

prop_compose! {
    fn any_store_request()(
        message_id in any::<u16>(),
        sop_class in any_uid(),
        sop_instance in any_uid(),
        priority in 0..3_u16,
        has_data_set in any::<bool>(),
        originator in option::of(("[A-Z]{1,16}", any::<u16>())),
    ) -> StoreRq {
        let move_originator = originator.map(|(title, message_id)| MoveOriginator {
            ae_title: AeTitle::new(&title).expect("legal"),
            message_id,
        });
        StoreRq { message_id, sop_class, sop_instance, priority, has_data_set, move_originator }
    }
}

proptest! {
    #[test]
    fn store_requests_are_read_as_they_were_written(request in any_store_request()) {
        let bytes = encoded(|out| request.encode(out));
        prop_assert!(has_right_group_length(&bytes));
        prop_assert_eq!(bytes.len() % 2, 0);
        prop_assert_eq!(Request::decode(&bytes), Ok(Request::Store(request)));
    }

    #[test]
    fn responses_answer_their_request(request in any_store_request(), code in any::<u16>()) {
        let outcome = match FailureStatus::new(Status(code)) {
            Some(status) => StoreOutcome::Failed { status, comment: "text" },
            None => StoreOutcome::Stored(()),
        };
        let bytes = encoded(|out| encode_store_response(out, &request, &outcome));
        prop_assert!(has_right_group_length(&bytes));
        let response = Response::decode(&bytes).expect("readable");
        prop_assert_eq!(response.message_id, request.message_id);
        let success = matches!(outcome, StoreOutcome::Stored(()));
        prop_assert_eq!(response.status == Status::SUCCESS, success);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Request::decode(&bytes);
        let _ = Response::decode(&bytes);
    }

    #[test]
    fn damaged_requests_never_panic(
        request in any_store_request(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encoded(|out| request.encode(out));
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = Request::decode(&bytes);
        let _ = Response::decode(&bytes);
    }
}

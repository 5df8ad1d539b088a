//! CT images made up in memory, and their way onto the wire.

use std::ops::Range;

use pdvault_engine::dimse::StoreRq;
use pdvault_engine::pdu::{
    APPLICATION_CONTEXT, AssociateRq, MessageControl, PDV_HEADER_BYTES, Pdu, Pdv, ProposedContext,
    UserInformation,
};
use pdvault_engine::value::{AeTitle, PresentationContextId, Uid};

/// CT Image Storage.
pub const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.2";

/// Explicit VR Little Endian.
pub const TRANSFER_SYNTAX: &str = "1.2.840.10008.1.2.1";

/// The presentation context that objects are sent in.
pub const CONTEXT: PresentationContextId = PresentationContextId(1);

/// The length of an instance UID, in bytes: even, so that it needs no padding.
pub const INSTANCE_UID_BYTES: usize = 26;

/// The instance UID of object `number` of the run that began at `epoch`, in seconds since 1970
/// (both below 10^10): below the root for UIDs without a registered one (PS3.5 B.2).
pub fn instance_uid(epoch: u64, number: usize) -> String {
    format!("2.25.1{epoch:010}{number:010}")
}

/// A data set (PS3.5, Explicit VR Little Endian) of which only the instance UID is to change.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The data set.
    pub bytes: Vec<u8>,
    /// Where the value of SOP Instance UID stands.
    pub instance_uid: Range<usize>,
}

impl DataSet {
    /// A data set of `len` bytes (even, 400 at least), most of them pixel data that does not
    /// compress.
    ///
    /// # Panics
    /// When `len` is odd or too small.
    pub fn ct(len: usize, instance: &str) -> Self {
        let mut bytes = Vec::with_capacity(len);
        push_text(&mut bytes, (0x0008, 0x0016), *b"UI", SOP_CLASS);
        let uid_at = push_text(&mut bytes, (0x0008, 0x0018), *b"UI", instance);
        push_text(&mut bytes, (0x0008, 0x0060), *b"CS", "CT");
        push_text(&mut bytes, (0x0010, 0x0010), *b"PN", "BENCH^MARK");
        push_text(&mut bytes, (0x0010, 0x0020), *b"LO", "BENCHMARK");
        push_text(&mut bytes, (0x0020, 0x000D), *b"UI", "2.25.2");
        push_text(&mut bytes, (0x0020, 0x000E), *b"UI", "2.25.3");
        push_tag(&mut bytes, (0x7FE0, 0x0010), *b"OW");
        let pixels = len
            .checked_sub(bytes.len() + 6)
            .filter(|pixels| pixels.is_multiple_of(2))
            .expect("an even length with room for the header");
        let length_field = u32::try_from(pixels).expect("an explicit length (PS3.5 7.1.2)");
        bytes.extend([0, 0]);
        bytes.extend(length_field.to_le_bytes());
        bytes.extend(noise().take(pixels));
        Self {
            bytes,
            instance_uid: uid_at,
        }
    }
}

/// Appends an element of text; returns where its value stands.
fn push_text(out: &mut Vec<u8>, tag: (u16, u16), vr: [u8; 2], text: &str) -> Range<usize> {
    let padding = text.len() % 2;
    let len = u16::try_from(text.len() + padding).expect("a short value");
    push_tag(out, tag, vr);
    out.extend(len.to_le_bytes());
    let value = out.len()..out.len() + text.len();
    out.extend(text.bytes());
    // UIDs are padded with NUL, other text with a space (PS3.5 9.1, 6.2).
    let pad = if vr == *b"UI" { 0 } else { b' ' };
    out.extend(std::iter::repeat_n(pad, padding));
    value
}

fn push_tag(out: &mut Vec<u8>, (group, element): (u16, u16), vr: [u8; 2]) {
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(vr);
}

/// Bytes without a pattern, the same ones each time (xorshift).
fn noise() -> impl Iterator<Item = u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
}

/// The request for the association that objects are sent over.
pub fn associate_rq() -> AssociateRq {
    AssociateRq {
        protocol_version: 1,
        called_ae_title: AeTitle::new("RECEIVER").expect("a legal title"),
        calling_ae_title: AeTitle::new("BENCH").expect("a legal title"),
        application_context: Uid::from(APPLICATION_CONTEXT),
        presentation_contexts: vec![ProposedContext {
            id: CONTEXT,
            abstract_syntax: Uid::from(SOP_CLASS),
            transfer_syntaxes: vec![Uid::from(TRANSFER_SYNTAX)],
        }],
        user_information: UserInformation {
            maximum_length: 16_384,
            ..UserInformation::default()
        },
    }
}

/// The command set of a C-STORE-RQ.
pub fn store_command(instance: &str) -> Vec<u8> {
    let request = StoreRq {
        message_id: 1,
        sop_class: Uid::from(SOP_CLASS),
        sop_instance: Uid::from(instance),
        priority: 0,
        has_data_set: true,
        move_originator: None,
    };
    let mut command = Vec::new();
    request.encode(&mut command);
    command
}

/// A C-STORE-RQ and its data set as P-DATA-TF PDUs of one PDV each, none with a body longer than
/// `pdu_bytes` (PS3.8 D.1).
pub fn message(instance: &str, data_set: &[u8], pdu_bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    push_p_data(&mut out, true, true, &store_command(instance));
    let mut fragments = data_set.chunks(pdu_bytes - PDV_HEADER_BYTES).peekable();
    while let Some(fragment) = fragments.next() {
        push_p_data(&mut out, false, fragments.peek().is_none(), fragment);
    }
    out
}

fn push_p_data(out: &mut Vec<u8>, is_command: bool, is_last: bool, fragment: &[u8]) {
    let pdv = Pdv {
        context: CONTEXT,
        control: MessageControl::new(is_command, is_last),
        fragment: fragment.to_vec(),
    };
    Pdu::PData(vec![pdv])
        .encode(out)
        .expect("a PDU within its length field");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_have_the_length_asked_for_and_tell_where_their_uid_is() {
        let uid = instance_uid(1, 2);
        let data_set = DataSet::ct(1000, &uid);
        assert_eq!(data_set.bytes.len(), 1000);
        assert_eq!(&data_set.bytes[data_set.instance_uid], uid.as_bytes());
    }

    #[test]
    fn instance_uids_have_one_length() {
        for number in [0, 9_999_999_999] {
            assert_eq!(
                instance_uid(1_700_000_000, number).len(),
                INSTANCE_UID_BYTES
            );
        }
    }
}

//! The bytes on their way to the peer.

use crate::pdu::{
    MessageControl, PDU_HEADER_BYTES, PDV_HEADER_BYTES, Pdu, PduHeader, PduType, PdvHeader,
};
use crate::value::PresentationContextId;

/// The smallest fragment that is sent, in bytes, whatever maximum length the peer announces: one
/// that leaves no room for a fragment would never get its response.
const FRAGMENT_BYTES_MIN: usize = 64;

/// The length field of a PDV item, which its own value does not count, in bytes (PS3.8 9.3.5.1).
const PDV_LENGTH_FIELD_BYTES: u32 = 4;

/// The memory for output that an association keeps, in bytes.
const OUTPUT_BYTES_KEPT: usize = 1024;

/// A queue of encoded PDUs; bounded by its user.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// What has not been sent.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Forgets the first `n` bytes.
    pub(super) fn sent(&mut self, n: usize) {
        self.sent += n;
        if self.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(OUTPUT_BYTES_KEPT);
            self.sent = 0;
        }
    }

    /// Queues a control PDU.
    pub(super) fn push_pdu(&mut self, pdu: &Pdu) {
        // What the acceptor sends is short: at most 128 context results of a UID each.
        pdu.encode(&mut self.bytes)
            .expect("our own PDUs are within the length field");
    }

    /// Queues a command set as P-DATA-TF PDUs of one PDV each, none longer than `max_pdu_bytes`
    /// (0: no limit; PS3.8 D.1).
    pub(super) fn push_command(
        &mut self,
        context: PresentationContextId,
        command: &[u8],
        max_pdu_bytes: u32,
    ) {
        let mut fragments = command.chunks(fragment_bytes_max(max_pdu_bytes)).peekable();
        while let Some(fragment) = fragments.next() {
            self.push_fragment(context, fragment, fragments.peek().is_none());
        }
    }

    fn push_fragment(&mut self, context: PresentationContextId, fragment: &[u8], is_last: bool) {
        // A response is a few hundred bytes.
        let fragment_len = u32::try_from(fragment.len()).expect("a command set is short");
        let item = PdvHeader {
            length: fragment_len + 2,
            context,
            control: MessageControl::new(true, is_last),
        };
        let length = item.length + PDV_LENGTH_FIELD_BYTES;
        let header = PduHeader {
            kind: PduType::PData.code(),
            length,
        };
        self.bytes.extend(header.encode());
        self.bytes.extend(item.encode());
        self.bytes.extend(fragment);
    }
}

fn fragment_bytes_max(max_pdu_bytes: u32) -> usize {
    if max_pdu_bytes == 0 {
        return usize::MAX;
    }
    let headers = PDU_HEADER_BYTES + PDV_HEADER_BYTES;
    (max_pdu_bytes as usize)
        .saturating_sub(headers)
        .max(FRAGMENT_BYTES_MIN)
}

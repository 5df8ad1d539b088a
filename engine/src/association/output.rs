//! The bytes on their way to the peer.

use crate::pdu::{
    MessageControl, PDU_HEADER_BYTES, PDV_HEADER_BYTES, Pdu, PduError, PduHeader, PduType,
    PdvHeader,
};
use crate::value::PresentationContextId;

/// The smallest fragment that is sent, in bytes, whatever maximum length the peer announces: one
/// that leaves no room for a fragment would never get its response.
const FRAGMENT_BYTES_MIN: usize = 64;

/// The length field of a PDV item, which its own value does not count, in bytes (PS3.8 9.3.5.1).
const PDV_LENGTH_FIELD_BYTES: u32 = 4;

/// How many bytes that were sent may stand in front of those that were not, before these are moved
/// to the front: a peer that always leaves something unread must not make the memory grow.
const SENT_BYTES_MAX: usize = 64 * 1024;

/// A queue of encoded PDUs; bounded by its user.
#[derive(Debug)]
pub(super) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    bytes_kept: usize,
}

impl Output {
    /// An empty queue, which keeps memory for `bytes_kept` bytes once it has had more.
    pub(super) fn new(bytes_kept: usize) -> Self {
        Self {
            bytes: Vec::new(),
            sent: 0,
            bytes_kept,
        }
    }

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
            self.bytes.shrink_to(self.bytes_kept);
            self.sent = 0;
        } else if self.sent > SENT_BYTES_MAX {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Forgets all but the next `n` bytes.
    pub(super) fn truncate(&mut self, n: usize) {
        self.bytes.truncate(self.sent + n);
    }

    /// Queues a control PDU; says if one of its values does not fit its length field.
    pub(super) fn push_pdu(&mut self, pdu: &Pdu) -> Result<(), PduError> {
        pdu.encode(&mut self.bytes)
    }

    /// Queues a command set as P-DATA-TF PDUs of one PDV each, with fragments of at most
    /// `fragment_bytes`.
    pub(super) fn push_command(
        &mut self,
        context: PresentationContextId,
        command: &[u8],
        fragment_bytes: usize,
    ) {
        let mut fragments = command.chunks(fragment_bytes).peekable();
        while let Some(fragment) = fragments.next() {
            let control = MessageControl::new(true, fragments.peek().is_none());
            self.push_headers(context, control, fragment.len());
            self.bytes.extend(fragment);
        }
    }

    /// Queues the headers of a P-DATA-TF PDU with a single fragment of `fragment_bytes`.
    pub(super) fn push_headers(
        &mut self,
        context: PresentationContextId,
        control: MessageControl,
        fragment_bytes: usize,
    ) {
        // Fragments are cut by `fragment_bytes_max`, and command sets are short.
        let fragment_bytes = u32::try_from(fragment_bytes).expect("a fragment is short");
        let item = PdvHeader {
            length: fragment_bytes + 2,
            context,
            control,
        };
        let header = PduHeader {
            kind: PduType::PData.code(),
            length: item.length + PDV_LENGTH_FIELD_BYTES,
        };
        self.bytes.extend(header.encode());
        self.bytes.extend(item.encode());
    }
}

/// The longest fragment in a PDU of at most `max_pdu_bytes` (0: no limit; PS3.8 D.1), in bytes. Its
/// length is even, as that of every element is.
pub(super) fn fragment_bytes_max(max_pdu_bytes: u32) -> usize {
    if max_pdu_bytes == 0 {
        return usize::MAX;
    }
    let headers = PDU_HEADER_BYTES + PDV_HEADER_BYTES;
    let fragment_bytes = (max_pdu_bytes as usize).saturating_sub(headers) & !1;
    fragment_bytes.max(FRAGMENT_BYTES_MIN)
}

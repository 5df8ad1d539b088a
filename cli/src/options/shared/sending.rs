//! How much is sent at once: what storescu and loadgen have in common.

use pdvault_engine::association::OPERATIONS_MAX;

use super::super::{Entry, bound, entry, unsigned};
use super::requestor::{PDU_BYTES_MAX, PDU_BYTES_MIN};

/// The most associations at once: a receiver hardly serves more of one sender.
const ASSOCIATIONS_MAX: i64 = 1024;

/// What was typed about it. Numbers are within the ranges of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) max_send_pdu_bytes: Option<i64>,
    pub(crate) associations: Option<i64>,
    pub(crate) async_ops: Option<i64>,
}

/// The longest PDU that is sent.
pub(crate) const fn max_send_pdu<T: AsMut<Sending>>() -> Entry<T> {
    entry(
        "--max-send-pdu",
        "largest PDU to send, in bytes",
        "Sends no larger PDUs than this, although the peer may take them. Without it what the \
         peer takes is sent, 131072 bytes at most.",
    )
    .takes(const { &[unsigned("bytes", PDU_BYTES_MIN, PDU_BYTES_MAX)] })
    .works(|typed, values| typed.as_mut().max_send_pdu_bytes = Some(values[0].number()))
}

/// How many associations at once.
pub(crate) const fn associations<T: AsMut<Sending>>(details: &'static str) -> Entry<T> {
    entry("--associations", "so many associations at once", details)
        .takes(const { &[unsigned("number", 1, ASSOCIATIONS_MAX)] })
        .tells_range()
        .default("1")
        .works(|typed, values| typed.as_mut().associations = Some(values[0].number()))
}

/// How many operations at once in an association.
pub(crate) const fn async_ops<T: AsMut<Sending>>() -> Entry<T> {
    entry(
        "--async-ops",
        "objects under way at once in an association",
        "Asks the peer for an asynchronous operations window of this many (PS3.7 D.3.3.3) and \
         sends on without waiting for each answer as far as the peer grants it. Most peers grant \
         one, which is the default. Over a network with long round trips it helps most.",
    )
    .takes(const { &[unsigned("number", 1, bound(OPERATIONS_MAX))] })
    .tells_range()
    .default("1")
    .works(|typed, values| typed.as_mut().async_ops = Some(values[0].number()))
}

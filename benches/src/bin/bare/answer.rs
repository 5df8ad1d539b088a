//! What is said to the peer: just enough for it to go on.

use std::io;

use pdvault_engine::association::{Negotiated, Policy, negotiate};
use pdvault_engine::dimse::{StoreOutcome, StoreRq, encode_store_response};
use pdvault_engine::pdu::{MessageControl, Pdu, Pdv};
use pdvault_engine::value::PresentationContextId;

/// What pdvault and DCMTK announce in the comparison, in bytes.
pub(crate) const MAX_PDU_BYTES: u32 = 128 << 10;

/// The window that is granted to a peer that asks for one.
const OPERATIONS_MAX: usize = 16;

/// Accepts what is proposed in this body of an A-ASSOCIATE-RQ; the reply is appended to `out`.
pub(crate) fn accept(body: &[u8], out: &mut Vec<u8>) -> io::Result<Negotiated> {
    const REQUEST: u8 = 1;
    let Ok(Pdu::AssociateRq(request)) = Pdu::decode(REQUEST, body) else {
        return Err(io::Error::other("not an A-ASSOCIATE-RQ"));
    };
    let policy = Policy {
        max_pdu_bytes: MAX_PDU_BYTES,
        accept_all: true,
        promiscuous: true,
        operations_max: OPERATIONS_MAX,
    };
    let (reply, negotiated) =
        negotiate(&request, &policy).map_err(|refusal| io::Error::other(format!("{refusal:?}")))?;
    encode(&Pdu::AssociateAc(reply), out)?;
    Ok(negotiated)
}

/// Success.
pub(crate) fn success(
    context: PresentationContextId,
    request: &StoreRq,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut fragment = Vec::new();
    encode_store_response(&mut fragment, request, &StoreOutcome::Stored(()));
    let value = Pdv {
        context,
        control: MessageControl::new(true, true),
        fragment,
    };
    encode(&Pdu::PData(vec![value]), out)
}

/// Farewell.
pub(crate) fn released(out: &mut Vec<u8>) -> io::Result<()> {
    encode(&Pdu::ReleaseRp, out)
}

fn encode(pdu: &Pdu, out: &mut Vec<u8>) -> io::Result<()> {
    pdu.encode(out).map_err(io::Error::other)
}

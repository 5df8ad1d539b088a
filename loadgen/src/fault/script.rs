//! What is done, step by step, for each fault.

use std::thread;
use std::time::{Duration, Instant};

use super::Fault;
use super::conversation::{Conversation, Outcome};
use crate::corpus::Object;
use crate::run::StopFlag;

/// For how long a stalling sender is silent, and a slow one does not read.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a pause looks whether the run has been stopped.
const PAUSE_STEP: Duration = Duration::from_millis(50);

/// The receive buffer of a slow reader, in bytes; the system takes its own minimum.
const SLOW_RECEIVE_BYTES: usize = 1024;

/// How much longer than the receiver's maximum a PDU is that is too long, in bytes.
const EXCESS_BYTES: usize = 4096;

/// Sends an object wrong; says what the receiver did in the end.
pub(super) fn perform(
    fault: Fault,
    conversation: Conversation,
    object: &Object,
    stop: &StopFlag,
) -> Result<Outcome, Outcome> {
    match fault {
        Fault::Abort => abort(conversation, object),
        Fault::Stall => stall(conversation, object, stop),
        Fault::HalfPdu => half_pdu(conversation, object),
        Fault::SlowReader => slow_reader(conversation, object, stop),
        Fault::SameUid => same_uid(conversation, object),
        Fault::LargePdu => large_pdu(conversation, object),
    }
}

fn half(object: &Object) -> u64 {
    object.data_set_bytes() / 2
}

fn abort(mut conversation: Conversation, object: &Object) -> Result<Outcome, Outcome> {
    conversation.begin(object)?;
    let pdu_bytes = conversation.pdu_bytes;
    conversation.send_part(object, 0..half(object), pdu_bytes)?;
    conversation.abort()?;
    Ok(conversation.wait_for_end())
}

fn stall(
    mut conversation: Conversation,
    object: &Object,
    stop: &StopFlag,
) -> Result<Outcome, Outcome> {
    conversation.begin(object)?;
    let (half, end, pdu_bytes) = (
        half(object),
        object.data_set_bytes(),
        conversation.pdu_bytes,
    );
    conversation.send_part(object, 0..half, pdu_bytes)?;
    pause(stop);
    conversation.send_part(object, half..end, pdu_bytes)?;
    Ok(answer(conversation))
}

fn half_pdu(mut conversation: Conversation, object: &Object) -> Result<Outcome, Outcome> {
    conversation.begin(object)?;
    conversation.send_half_pdu(object)?;
    Ok(Outcome::Closed)
}

fn slow_reader(
    mut conversation: Conversation,
    object: &Object,
    stop: &StopFlag,
) -> Result<Outcome, Outcome> {
    rustix::net::sockopt::set_socket_recv_buffer_size(conversation.stream(), SLOW_RECEIVE_BYTES)
        .map_err(|_| Outcome::Unexpected)?;
    send(&mut conversation, object)?;
    pause(stop);
    Ok(answer(conversation))
}

fn same_uid(mut conversation: Conversation, object: &Object) -> Result<Outcome, Outcome> {
    send(&mut conversation, object)?;
    match conversation.response() {
        Outcome::Acknowledged => {}
        other => return Ok(other),
    }
    send(&mut conversation, object)?;
    Ok(answer(conversation))
}

fn large_pdu(mut conversation: Conversation, object: &Object) -> Result<Outcome, Outcome> {
    conversation.begin(object)?;
    let pdu_bytes = conversation.pdu_bytes + EXCESS_BYTES;
    let end = object.data_set_bytes();
    // A receiver that refuses may close while this is still being sent: look what it said.
    let sent = conversation.send_part(object, 0..end, pdu_bytes);
    match conversation.response() {
        Outcome::Closed => sent.map(|()| Outcome::Closed),
        outcome => Ok(outcome),
    }
}

fn send(conversation: &mut Conversation, object: &Object) -> Result<(), Outcome> {
    conversation.begin(object)?;
    let pdu_bytes = conversation.pdu_bytes;
    conversation.send_part(object, 0..object.data_set_bytes(), pdu_bytes)
}

/// The response, after which the association is released.
fn answer(mut conversation: Conversation) -> Outcome {
    let outcome = conversation.response();
    if matches!(outcome, Outcome::Acknowledged | Outcome::Status(_)) {
        conversation.release();
    }
    outcome
}

fn pause(stop: &StopFlag) {
    let until = Instant::now() + PAUSE;
    while Instant::now() < until && !stop.is_set() {
        thread::sleep(PAUSE_STEP);
    }
}

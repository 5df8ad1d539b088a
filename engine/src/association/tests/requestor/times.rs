use super::*;

const SOCKET: Duration = Duration::from_secs(60);
const DIMSE: Duration = Duration::from_secs(20);

fn expires_with(sender: &mut Sender, after: Duration, gone: PeerGone) {
    let deadline = sender.now + after;
    assert_eq!(sender.requestor.deadline(), Some(deadline));
    let before = deadline
        .checked_sub(Duration::from_nanos(1))
        .expect("positive");
    sender.requestor.expired(before);
    assert_eq!(sender.requestor.failure(), None);
    sender.requestor.expired(deadline);
    sender.now = deadline;
    sender.drain();
    assert_eq!(failure(sender), AssociationError::PeerGone(gone));
    let source = AbortSource::ServiceUser;
    let abort = bytes(&Pdu::Abort(Abort { source }));
    assert!(sender.send(usize::MAX).ends_with(&abort));
    let artim = deadline + ARTIM;
    assert_eq!(sender.requestor.deadline(), Some(artim));
    sender.requestor.expired(artim);
    assert!(sender.requestor.is_closed());
}

#[test]
fn request_without_an_answer_is_given_up_however_slowly_it_trickles() {
    let mut sender = Sender::new(asking(None));
    assert_eq!(sender.requestor.deadline(), None, "nobody is connected");
    sender.requestor.connected(sender.now);
    sender.sent();
    let half = ARTIM / 2;
    sender.now += half;
    sender.give(&bytes(&Pdu::AssociateAc(acceptance(None)))[..20]);
    expires_with(&mut sender, half, PeerGone::NoAssociateReply);
}

#[test]
fn release_without_an_answer_is_given_up() {
    let mut sender = Sender::established(None);
    sender.now += Duration::from_secs(1000);
    assert_eq!(sender.requestor.deadline(), None, "it is our turn");
    sender.requestor.release(sender.now);
    sender.sent();
    expires_with(&mut sender, ARTIM, PeerGone::NoReleaseReply);
}

#[test]
fn response_is_awaited_from_the_last_byte_that_was_sent() {
    let mut sender = Sender::established(Some(WINDOW));
    sender.store(b"first");
    sender.now += Duration::from_secs(5);
    sender.begin(b"second");
    sender.sent();
    assert_eq!(sender.requestor.deadline(), None, "we owe a data set");
    sender.now += Duration::from_secs(1000);
    sender.requestor.provide(6, true, sender.now);
    sender.now += Duration::from_secs(5);
    sender.sent();
    assert_eq!(sender.requestor.deadline(), Some(sender.now + DIMSE));
    sender.now += Duration::from_secs(5);
    sender.give(&store_response(2, Status::SUCCESS));
    expires_with(&mut sender, DIMSE, PeerGone::NoResponse);
}

#[test]
fn silence_is_bounded_where_responses_may_take_for_ever() {
    let mut sender = Sender::established(None);
    let mut patient = timeouts();
    patient.dimse = None;
    sender.requestor = Requestor::new(asking(None), patient, sender.now);
    sender.requestor.connected(sender.now);
    sender.give(&bytes(&Pdu::AssociateAc(acceptance(None))));
    sender.store(b"object");
    sender.now += SOCKET / 2;
    sender.sent();
    expires_with(&mut sender, SOCKET, PeerGone::SocketTimeout);
}

#[test]
fn peer_that_takes_nothing_is_given_up() {
    let mut sender = Sender::established(None);
    sender.store(&[0; 100]);
    sender.now += SOCKET / 2;
    sender.send(10);
    expires_with(&mut sender, SOCKET, PeerGone::SocketTimeout);
}

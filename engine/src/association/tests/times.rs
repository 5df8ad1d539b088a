use super::*;

#[test]
fn silent_connection_is_closed_by_artim() {
    let mut driver = Driver::new();
    assert_eq!(driver.acceptor.deadline(), Some(driver.now + ARTIM));
    driver.acceptor.expired(
        driver.now
            + (ARTIM
                .checked_sub(Duration::from_nanos(1))
                .expect("positive")),
    );
    assert!(!driver.acceptor.is_closed());
    driver.acceptor.expired(driver.now + ARTIM);
    assert!(driver.acceptor.is_closed());
    let gone = AssociationError::PeerGone(PeerGone::AcseTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn idle_association_is_aborted_after_the_socket_timeout() {
    let mut driver = Driver::established();
    let deadline = driver.now + Duration::from_secs(60);
    assert_eq!(driver.acceptor.deadline(), Some(deadline));
    driver.acceptor.expired(deadline);
    assert_eq!(driver.sent_kinds(), [PduType::Abort]);
    let gone = AssociationError::PeerGone(PeerGone::SocketTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn data_set_that_stops_arriving_is_aborted_after_the_dimse_timeout() {
    let mut driver = Driver::established();
    driver.give(&command_pdu(&store_command("1.2.3")));
    let deadline = driver.now + Duration::from_secs(20);
    assert_eq!(driver.acceptor.deadline(), Some(deadline));
    driver.acceptor.pause_clock();
    assert_eq!(driver.acceptor.deadline(), None, "the wait is ours");
    driver.now += Duration::from_secs(100);
    driver.acceptor.resume_clock(driver.now);
    assert_eq!(
        driver.acceptor.deadline(),
        Some(driver.now + Duration::from_secs(20))
    );
    driver
        .acceptor
        .expired(driver.now + Duration::from_secs(20));
    let gone = AssociationError::PeerGone(PeerGone::DimseTimeout);
    assert_eq!(driver.acceptor.failure(), Some(&gone));
}

#[test]
fn no_clock_runs_against_the_peer_while_it_waits_for_us() {
    let mut driver = Driver::established();
    driver.answers = false;
    driver.give(&command_pdu(&store_command("1.2.3")));
    driver.give(&p_data(vec![pdv(STORE_CONTEXT, false, true, b"data")]));
    assert_eq!(driver.acceptor.deadline(), None);
}

#[test]
fn peer_that_takes_no_response_is_given_up() {
    let mut driver = Driver::established();
    driver.give(&p_data(vec![pdv(
        ECHO_CONTEXT,
        true,
        true,
        &echo_command(),
    )]));
    driver.now += Duration::from_secs(50);
    driver.give(&p_data(vec![pdv(
        ECHO_CONTEXT,
        true,
        true,
        &echo_command(),
    )]));
    driver
        .acceptor
        .expired(driver.now + Duration::from_secs(10));
    let gone = AssociationError::PeerGone(PeerGone::SocketTimeout);
    assert_eq!(
        driver.acceptor.failure(),
        Some(&gone),
        "60 s after the first response was queued"
    );
}

#[test]
fn flood_of_requests_whose_responses_are_not_read_is_not_read_either() {
    let mut driver = Driver::established();
    let echo = p_data(vec![pdv(ECHO_CONTEXT, true, true, &echo_command())]);
    let flood: Vec<u8> = echo
        .iter()
        .copied()
        .cycle()
        .take(echo.len() * 5000)
        .collect();
    let left = driver.give(&flood).len();
    assert!(left > 0, "reading stops");
    assert!(
        driver.acceptor.output().len() < 66 * 1024,
        "output is bounded"
    );
    driver.sent();
    assert_ne!(
        driver.acceptor.need(),
        Need::Nothing,
        "and goes on once the peer reads"
    );
}

//! The words, and the numbers in front of them, in which DCMTK's tools tell of failures: scripts look
//! for them.

use pdvault_engine::association::{AssociationError, MAX_SEND_PDU_BYTES, PeerGone};
use pdvault_engine::pdu::{AssociateRj, RejectReason, RejectResult};
use pdvault_engine::sender::OpenError;
use pdvault_engine::value::AeTitle;

use super::OpenFailure;

/// What DCMTK takes off a PDU before it calls the rest its largest PDV, in bytes.
const PDV_OVERHEAD: u32 = 12;

/// The line about an association of which the peer takes PDUs of this length, in bytes; 0 is any.
pub(super) fn accepted(peer_max_pdu_bytes: u32) -> String {
    let longest = match peer_max_pdu_bytes {
        0 => MAX_SEND_PDU_BYTES,
        limited => limited.min(MAX_SEND_PDU_BYTES),
    };
    format!("Association Accepted (Max Send PDV: {})", max_pdv(longest))
}

/// The longest piece of a data set in a PDU of this length, both in bytes. It is even, as fragments
/// are (PS3.8 annex E.1).
pub(super) fn max_pdv(max_pdu_bytes: u32) -> u32 {
    max_pdu_bytes.saturating_sub(PDV_OVERHEAD) & !1
}

/// Whether DCMTK calls it an abort by the peer: that, a closed connection, and a silent one.
pub(crate) fn is_peer_abort(error: &AssociationError) -> bool {
    matches!(
        error,
        AssociationError::PeerAborted(_)
            | AssociationError::PeerGone(PeerGone::ConnectionClosed | PeerGone::SocketTimeout)
    )
}

/// Why an association failed, as a condition.
pub(crate) fn condition(error: &AssociationError) -> String {
    match error {
        _ if is_peer_abort(error) => {
            "0006:0317 Peer aborted Association (or never connected)".to_owned()
        }
        AssociationError::PeerGone(PeerGone::NoResponse) => {
            format!("0006:0207 DIMSE No data available ({error})")
        }
        AssociationError::PeerGone(_) => format!("0006:031a DUL network read timeout ({error})"),
        _ => format!("0006:0303 DUL Finite State Machine Error: {error}"),
    }
}

/// Why no association was opened, as the lines of a fatal message.
pub(super) fn open_failure(failure: &OpenFailure) -> String {
    let error = match failure {
        OpenFailure::NoIdentityResponse => {
            return "0006:0108 ASC User Identification Negotiation failed".to_owned();
        }
        OpenFailure::Unknown { error, .. } => {
            return format!(
                "Association Request Failed: 0006:0320 Attempt to connect to unknown host: {error}"
            );
        }
        OpenFailure::UnknownTitle {
            rejection,
            calling,
            called,
        } => {
            let titles = titles(calling, called);
            return format!("{}\nThe request was of {titles}", rejected(*rejection));
        }
        OpenFailure::NotOpened(error) => error,
    };
    match error {
        OpenError::Rejected(rejection) => rejected(*rejection),
        OpenError::NoContexts => "No Acceptable Presentation Contexts".to_owned(),
        OpenError::Connect { address, source } => {
            let text = source.to_string();
            let words = text.split(" (os error").next().unwrap_or_default();
            format!(
                "Association Request Failed: 0006:031c TCP Initialization Error: {words} ({address}; \
                 check host, port, and that the peer listens)"
            )
        }
        OpenError::Association(error) => {
            format!("Association Request Failed: {}", condition(error))
        }
        error => format!("Association Request Failed: {error}"),
    }
}

/// `calling AE title \"PDVAULT\" (-aet), called AE title \"ANY-SCP\" (-aec)`
pub(super) fn titles(calling: &AeTitle, called: &AeTitle) -> String {
    format!("calling AE title \"{calling}\" (-aet), called AE title \"{called}\" (-aec)")
}

fn rejected(rejection: AssociateRj) -> String {
    let result = match rejection.result {
        RejectResult::Permanent => "Rejected Permanent",
        RejectResult::Transient => "Rejected Transient",
    };
    let source = match rejection.reason.source() {
        1 => "Service User".to_owned(),
        2 => "Service Provider (ACSE Related)".to_owned(),
        3 => "Service Provider (Presentation Related)".to_owned(),
        other => format!("Unknown ({other})"),
    };
    let reason = reject_reason(rejection.reason);
    format!("Association Rejected:\nResult: {result}, Source: {source}\nReason: {reason}")
}

fn reject_reason(reason: RejectReason) -> String {
    match reason {
        RejectReason::NoReasonGiven | RejectReason::AcseNoReasonGiven => "No Reason",
        RejectReason::ApplicationContextNameNotSupported => {
            "Application Context Name Not Supported"
        }
        RejectReason::CallingAeTitleNotRecognized => "Calling AE Title Not Recognized",
        RejectReason::CalledAeTitleNotRecognized => "Called AE Title Not Recognized",
        RejectReason::ProtocolVersionNotSupported => "Protocol Version Not Supported",
        RejectReason::TemporaryCongestion => "Temporary Congestion",
        RejectReason::LocalLimitExceeded => "Local Limit Exceeded",
        RejectReason::Other { .. } => return format!("Unknown ({})", reason.reason()),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use pdvault_engine::association::LocalAbort;
    use pdvault_engine::pdu::AbortSource;

    use super::*;

    #[test]
    fn the_length_shown_is_that_of_dcmtk() {
        for (pdu, pdv) in [
            (16384, 16372),
            (5001, 4988),
            (0, 131_060),
            (200_000, 131_060),
        ] {
            let line = format!("Association Accepted (Max Send PDV: {pdv})");
            assert_eq!(accepted(pdu), line);
        }
    }

    #[test]
    fn a_rejection_has_three_lines() {
        let rejection = AssociateRj {
            result: RejectResult::Permanent,
            reason: RejectReason::CalledAeTitleNotRecognized,
        };
        let lines = "Association Rejected:\nResult: Rejected Permanent, Source: Service User\n\
                     Reason: Called AE Title Not Recognized";
        assert_eq!(
            open_failure(&OpenFailure::NotOpened(OpenError::Rejected(rejection))),
            lines
        );
        let title = |text| AeTitle::new(text).expect("legal");
        let about_titles = OpenFailure::UnknownTitle {
            rejection,
            calling: title("ME"),
            called: title("ARCHIVE"),
        };
        assert_eq!(
            open_failure(&about_titles),
            format!(
                "{lines}\nThe request was of calling AE title \"ME\" (-aet), called AE title \
                 \"ARCHIVE\" (-aec)"
            )
        );
    }

    #[test]
    fn a_refused_connection_has_the_number_that_scripts_look_for() {
        let error = OpenError::Connect {
            address: ([127, 0, 0, 1], 104).into(),
            source: std::io::Error::from_raw_os_error(111),
        };
        let text = open_failure(&OpenFailure::NotOpened(error));
        assert!(
            text.starts_with(
                "Association Request Failed: 0006:031c TCP Initialization Error: Connection refused"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_peer_that_went_away_looks_the_same_however_it_went() {
        let aborted = AssociationError::PeerAborted(AbortSource::ServiceUser);
        let closed = AssociationError::PeerGone(PeerGone::ConnectionClosed);
        let silent = AssociationError::PeerGone(PeerGone::SocketTimeout);
        for error in [aborted, closed, silent] {
            assert_eq!(
                condition(&error),
                "0006:0317 Peer aborted Association (or never connected)"
            );
        }
        let own = AssociationError::Local(LocalAbort::Requested);
        assert!(condition(&own).ends_with("aborted on our side"));
    }
}

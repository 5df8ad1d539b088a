//! Files whose fate is open.

use std::path::Path;

use pdvault_engine::association::StoreReply;
use pdvault_engine::value::Uid;

use super::super::feed::Item;
use super::super::journal::FileVersion;
use super::super::ledger::Settled;
use super::super::object::Object;
use super::super::outcome::{Outcome, Verdict, bounded_reason};
use crate::logging;

/// The most dots of one progress line; a longer data set has no more.
const DOTS_MAX: u64 = 4096;

/// A file that was sent, or is being sent, and has no answer yet.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) item: Item,
    pub(super) file: FileVersion,
    pub(super) sop_class: Uid,
    pub(super) sop_instance: Uid,
    /// The bytes that went out; 0 until all have.
    pub(super) bytes: u64,
}

impl Flight {
    /// The last byte was handed to the kernel. The progress line goes to standard output, at info level
    /// exactly: a dot for each fragment.
    pub(super) fn sent(&mut self, bytes: u64, fragment_bytes: u64) {
        self.bytes = bytes;
        if logging::shows_progress() {
            let fragments = bytes.div_ceil(fragment_bytes).min(DOTS_MAX);
            let dots = ".".repeat(usize::try_from(fragments).unwrap_or_default());
            logging::print(&format!("XMIT: {dots}\n"));
        }
    }

    /// The peer has answered.
    pub(super) fn answered(self, reply: &StoreReply, verdict: Verdict) -> (Item, Settled) {
        let details = tracing::enabled!(tracing::Level::DEBUG).then(|| self.describe(reply));
        let notice = match details {
            Some(_) => "Received Store Response".to_owned(),
            None => format!("Received Store Response ({})", reply.status),
        };
        let comment = reply.error_comment.clone().filter(|text| !text.is_empty());
        let reason = match (verdict, comment) {
            (Verdict::Sent, comment) => comment,
            (_, Some(comment)) => Some(format!("{}: {comment}", reply.status)),
            (_, None) => Some(reply.status.to_string()),
        };
        let (item, mut settled) = self.settled(verdict, reason);
        settled.outcome.status = Some(reply.status);
        settled.notice = Some(notice);
        settled.details = details;
        (item, settled)
    }

    /// The peer will not answer any more.
    pub(super) fn unanswered(self, why: &str) -> (Item, Settled) {
        let reason = format!("no response: {why}");
        self.settled(Verdict::Failed, Some(reason))
    }

    /// It could not be sent to its end.
    pub(super) fn broken(self, why: &str) -> (Item, Settled) {
        self.settled(Verdict::Failed, Some(why.to_owned()))
    }

    fn settled(self, verdict: Verdict, reason: Option<String>) -> (Item, Settled) {
        let outcome = Outcome {
            path: self.item.path.clone(),
            sop_class: Some(self.sop_class.as_str().to_owned()),
            sop_instance: Some(self.sop_instance.as_str().to_owned()),
            bytes: self.bytes,
            verdict,
            status: None,
            reason: reason.map(bounded_reason),
        };
        let settled = Settled {
            outcome,
            file: Some(self.file),
            notice: None,
            details: None,
        };
        (self.item, settled)
    }

    /// The response, in DCMTK's layout.
    fn describe(&self, reply: &StoreReply) -> String {
        format!(
            "===================== INCOMING DIMSE MESSAGE ====================\n\
             Message Type                  : C-STORE RSP\n\
             Message ID Being Responded To : {}\n\
             Affected SOP Class UID        : {}\n\
             Affected SOP Instance UID     : {}\n\
             Data Set                      : none\n\
             DIMSE Status                  : {:#06x}: {}\n\
             ======================= END DIMSE MESSAGE =======================",
            reply.operation.0, self.sop_class, self.sop_instance, reply.status.0, reply.status
        )
    }
}

/// A file that was not sent.
pub(in super::super) fn not_sent(path: &Path, why: &str) -> Settled {
    Settled {
        outcome: Outcome {
            path: path.to_owned(),
            sop_class: None,
            sop_instance: None,
            bytes: 0,
            verdict: Verdict::Failed,
            status: None,
            reason: Some(bounded_reason(why.to_owned())),
        },
        file: FileVersion::of(path),
        notice: None,
        details: None,
    }
}

/// A file that was not sent, though it is known what it is.
pub(in super::super) fn known(path: &Path, object: &Object, why: &str) -> Settled {
    let mut settled = not_sent(path, why);
    settled.outcome.sop_class = Some(object.sop_class.as_str().to_owned());
    settled.outcome.sop_instance = Some(object.sop_instance.as_str().to_owned());
    settled.file = Some(object.version.clone());
    settled
}

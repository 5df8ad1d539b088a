//! What is told of the start and of the end.

use std::io;
use std::path::{self, Path, PathBuf};

use pdvault_engine::receiver::{ReceiverHandle, StartError, Statistics};
use pdvault_engine::store::{Durability, OnDuplicate, OpenError};

use super::{Settings, directory};
use crate::logging;

/// Logs what, where and how durable, and what a user should know before data comes.
pub(super) fn started(settings: &Settings, receiver: &ReceiverHandle) {
    let stale = receiver.stale_parts();
    if stale > 0 {
        let files = counted(stale as u64, "part file");
        tracing::warn!("removed {files} that an ended process left");
    }
    if settings.ignore {
        tracing::warn!("--ignore: every object is answered with Success and thrown away");
    }
    if let (Durability::Object, Some(weakness)) = (settings.durability, receiver.weakness()) {
        tracing::warn!(
            "a power cut may cost acknowledged objects: {} is on {weakness}; use ext4 with a journal, XFS or \
             btrfs, or accept it with --durability none",
            absolute(&settings.output_directory).display()
        );
    }
    tracing::info!("{}", start_line(settings, receiver));
    tracing::info!("bytes are moved by {}", receiver.driver());
}

fn start_line(settings: &Settings, receiver: &ReceiverHandle) -> String {
    let place = format!(
        "{} listening on {}{}",
        settings.ae_title,
        receiver.local_addr(),
        if settings.is_ipv6_only {
            " (IPv6 only)"
        } else {
            ""
        }
    );
    if settings.ignore {
        return format!("{place}, storing nothing (--ignore)");
    }
    format!(
        "{place}, storing in {} (durability {}, duplicates {})",
        absolute(&settings.output_directory).display(),
        durability_name(settings.durability),
        on_duplicate_name(settings.on_duplicate)
    )
}

/// The path from the root; as it is where the working directory is gone.
fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The word of `--durability`.
fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Object => "object",
        Durability::None => "none",
    }
}

/// The word of `--on-duplicate`.
fn on_duplicate_name(on_duplicate: OnDuplicate) -> &'static str {
    match on_duplicate {
        OnDuplicate::Overwrite => "overwrite",
        OnDuplicate::Keep => "keep",
        OnDuplicate::Refuse => "refuse",
        OnDuplicate::Same => "same",
    }
}

/// What became of all objects, in a line. Of what went other than planned, only what happened.
pub(super) fn end_line(done: &Statistics) -> String {
    let stored = counted(done.objects_stored, "object");
    let older = happened(&[
        (done.objects_replaced, "over older files"),
        (done.objects_kept_both, "beside older files"),
        (done.objects_identical, "identical already"),
    ]);
    let older = if older.is_empty() {
        older
    } else {
        format!(" ({older})")
    };
    let others = happened(&[
        (done.objects_failed, "failed"),
        (done.objects_refused, "refused"),
        (done.objects_dropped, "incomplete"),
        (done.objects_ignored, "ignored"),
    ]);
    let others = if others.is_empty() {
        others
    } else {
        format!(", {others}")
    };
    let associations = counted(done.associations_accepted, "association");
    format!("ended: {stored} stored{older}{others}; {associations} served")
}

/// What it took to receive them, for whoever looks after speed.
pub(super) fn effort_line(done: &Statistics) -> String {
    let received = done.objects_stored
        + done.objects_failed
        + done.objects_refused
        + done.objects_dropped
        + done.objects_ignored;
    format!(
        "event loops: {} system calls ({} polls, {} accepts, {} reads, {} writes) for {}, {}; place \
         guessed right for {} of {}, {} moved; {} for landing memory",
        done.loop_calls(),
        done.polls,
        done.accepts,
        done.reads,
        done.writes,
        counted(received, "object"),
        counted(done.bytes_received, "byte"),
        done.fragments_guessed_right,
        counted(done.fragments_guessed, "fragment"),
        counted(done.bytes_moved, "byte"),
        counted(done.chunk_waits, "wait"),
    )
}

/// `2 failed, 1 refused`: the numbers that are not zero.
fn happened(numbers: &[(u64, &str)]) -> String {
    let parts: Vec<_> = numbers
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    parts.join(", ")
}

/// `1 object`, `2 objects`.
fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Logs why the receiver did not start, in DCMTK's words and at its level where it has any.
pub(super) fn not_started(settings: &Settings, error: &StartError) {
    let port = settings.listen.port();
    match error {
        StartError::Listen { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
            logging::fatal(&format!(
                "cannot listen on port {port}, insufficient privileges; ports below 1024 need \
                 root or cap_net_bind_service"
            ));
        }
        StartError::Listen { .. } => tracing::error!("cannot create network: {error}"),
        StartError::Store(OpenError::Create { path, .. }) => {
            let why = directory::why_missing(&absolute(path)).unwrap_or_else(|| error.to_string());
            logging::fatal(&format!("specified output directory does not exist: {why}"));
        }
        StartError::Store(OpenError::NotWritable { .. }) => {
            logging::fatal(&format!(
                "specified output directory is not writeable: {error}"
            ));
        }
        error => logging::fatal(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_line_tells_what_became_of_all_objects() {
        let mut done = Statistics::default();
        done.objects_stored = 8;
        done.objects_replaced = 2;
        done.objects_kept_both = 1;
        done.objects_identical = 3;
        done.objects_failed = 4;
        done.objects_refused = 5;
        done.objects_dropped = 6;
        done.objects_ignored = 7;
        done.associations_accepted = 9;
        assert_eq!(
            end_line(&done),
            "ended: 8 objects stored (2 over older files, 1 beside older files, 3 identical \
             already), 4 failed, 5 refused, 6 incomplete, 7 ignored; 9 associations served"
        );
    }

    #[test]
    fn the_effort_line_tells_system_calls_guesses_and_bytes_moved() {
        let mut done = Statistics::default();
        done.objects_stored = 3;
        done.objects_ignored = 2;
        (done.polls, done.accepts, done.reads, done.writes) = (5, 2, 12, 7);
        done.bytes_received = 1000;
        (done.fragments_guessed, done.fragments_guessed_right) = (40, 39);
        done.bytes_moved = 11;
        done.chunk_waits = 1;
        assert_eq!(
            effort_line(&done),
            "event loops: 26 system calls (5 polls, 2 accepts, 12 reads, 7 writes) for 5 objects, \
             1000 bytes; place guessed right for 39 of 40 fragments, 11 bytes moved; 1 wait for \
             landing memory"
        );
    }

    #[test]
    fn the_end_line_leaves_out_what_did_not_happen() {
        let mut done = Statistics::default();
        assert_eq!(
            end_line(&done),
            "ended: 0 objects stored; 0 associations served"
        );
        done.objects_stored = 1;
        done.objects_kept_both = 1;
        done.objects_dropped = 2;
        done.associations_accepted = 1;
        assert_eq!(
            end_line(&done),
            "ended: 1 object stored (1 beside older files), 2 incomplete; 1 association served"
        );
    }
}

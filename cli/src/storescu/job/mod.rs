//! What `pdvault storescu` does once its settings are clear.
//!
//! A [feed] finds files, one after the other; [workers](worker) with an association each take them
//! and send them; what becomes of each goes to the [journal] first and then to log, report and
//! progress ([ledger]). All queues are bounded, so a job of any size runs in the same memory.

mod clock;
mod convert;
mod feed;
mod gather;
mod hashed;
mod hints;
mod inputs;
mod invent;
mod journal;
mod ledger;
mod object;
mod outcome;
mod pace;
mod passes;
mod pattern;
mod payload;
mod plan;
mod progress;
mod quantities;
mod rename;
mod report;
mod rest;
mod retry;
mod stop;
mod summary;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashSet;
use std::io::{self, IsTerminal as _};
use std::num::NonZeroU64;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::bounded;
use pdvault_engine::association::proposal::AssociationRequest;
use pdvault_engine::dataset::ReadMode;
use pdvault_engine::value::Uid;

use super::Settings;
use crate::logging;
use crate::options::Rate;
use crate::requesting::Peer;
use crate::signals;

use feed::Feed;
use hints::Hints;
use invent::{InventCounts, Inventor};
use journal::{Acknowledged, Journal};
use ledger::{JOURNAL_QUEUE, Ledger, Recorder, keep_journal};
use object::Object;
use pace::Pace;
use passes::Job;
use plan::CannotBegin;
use report::Conclusion;
use retry::RetryPolicy;
use stop::{Ending, Stop};
use summary::Summary;

/// What every worker is told.
struct Orders<'a> {
    settings: &'a Settings,
    peer: Peer,
    retry: RetryPolicy,
    objects_pace: Option<Pace>,
    bytes_pace: Option<Arc<Pace>>,
    inventor: Option<Mutex<Inventor>>,
    read_mode: ReadMode,
    hints: Hints,
}

/// Which files a pass over all of them is for.
struct Pass {
    /// Whether it is the first, which tells of every file that no pass can send.
    is_first: bool,
    /// Whether the log told of files that cannot be sent when all were looked at.
    has_told_of_bad_files: bool,
    /// The SOP classes that it proposes.
    classes: HashSet<Uid>,
    /// The SOP classes that other passes are for.
    elsewhere: HashSet<Uid>,
}

impl Pass {
    /// Whether files of this class are this pass's business: of each class they are exactly one's.
    fn is_for(&self, class: &Uid) -> bool {
        self.classes.contains(class) || self.is_first && !self.elsewhere.contains(class)
    }

    /// Whether this file is. Where that is not the case for all files, it is looked into.
    fn is_for_file(&self, path: &Path, mode: ReadMode) -> bool {
        if self.elsewhere.is_empty() {
            return true;
        }
        match Object::open(path, mode) {
            Ok(object) => self.is_for(&object.sop_class),
            Err(_) => self.is_first,
        }
    }
}

/// Sends the files.
pub(super) fn run(settings: &Settings) -> ExitCode {
    if let Err(text) = check_report(settings) {
        logging::fatal(&text);
        return ExitCode::FAILURE;
    }
    hints::tell_of_slow_rate(settings.rate);
    let (started, clock) = (SystemTime::now(), Instant::now());
    let ledger = Ledger::new(settings.rename, is_long(settings));
    let stop = Arc::new(Stop::default());
    watch_signals(&stop);
    let ended_badly = AtomicBool::new(false);
    let began = send_watched(settings, &ledger, &stop, &ended_badly);
    ledger.progress().finish();
    let ending = stop.ending();
    let exit_code = match (&began, &ending) {
        (Err(_), _) => 1,
        (Ok(()), Some(ending)) => ending.exit_code(),
        (Ok(()), None) => u8::from(ended_badly.load(Ordering::Acquire)),
    };
    let began_at_all = began.is_ok();
    let error = match began {
        Err(CannotBegin(text)) => Some(text),
        Ok(()) => ending.as_ref().map(Ending::text),
    };
    let conclusion = Conclusion {
        peer: &peer_name(settings),
        started,
        took: clock.elapsed(),
        error: error.as_deref(),
        exit_code,
    };
    let exit_code = conclude(settings, &ledger, &conclusion);
    if began_at_all {
        sum_up(settings, &ledger, conclusion.took, ending.is_some());
    }
    ExitCode::from(exit_code)
}

/// Whether this is a job of which more is told than of one of DCMTK's.
fn is_long(settings: &Settings) -> bool {
    settings.journal.is_some() || settings.report.is_some()
}

/// The last line, where somebody looks for it.
fn sum_up(settings: &Settings, ledger: &Ledger, took: Duration, is_cut_short: bool) {
    let is_watched = is_long(settings) || io::stderr().is_terminal();
    if !is_watched || !tracing::enabled!(tracing::Level::WARN) {
        return;
    }
    let report = ledger.report();
    let summary = Summary {
        tally: report.tally().clone(),
        total: ledger.progress().total(),
        rest: settings.report.is_some().then(|| report.rest().clone()),
        took,
        is_cut_short,
        report: settings.report.as_deref(),
        journal: settings.journal.as_deref(),
        was_resumed: settings.resume,
    };
    drop(report);
    logging::always(&summary.line());
}

fn send_watched(
    settings: &Settings,
    ledger: &Ledger,
    stop: &Stop,
    ended_badly: &AtomicBool,
) -> Result<(), CannotBegin> {
    thread::scope(|scope| {
        let (_ends_with_this, end) = bounded(0);
        scope.spawn(move || ledger.keep_showing(&end));
        send(settings, ledger, stop, ended_badly)
    })
}

/// Notices in time that the report will have no place.
fn check_report(settings: &Settings) -> Result<(), String> {
    let Some(path) = &settings.report else {
        return Ok(());
    };
    report::check(path).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(report: &Path, error: &io::Error) -> String {
    format!("cannot write report {}: {error}", report.display())
}

/// Has the job end at a signal, once what is in flight is answered. What a second signal cuts off is
/// in no journal, and is sent again by the next run.
fn watch_signals(stop: &Arc<Stop>) {
    let stop = Arc::clone(stop);
    match signals::watch() {
        Ok(watched) => {
            thread::spawn(move || {
                signals::obey(watched, |signal, name| {
                    tracing::warn!("{name} received, ending once all that was sent is answered");
                    stop.set(Ending::Interrupted(signal));
                });
            });
        }
        Err(error) => tracing::warn!("signals will end the job at once: {error}"),
    }
}

/// Writes the report, if there is to be one. Returns the exit code that then holds.
fn conclude(settings: &Settings, ledger: &Ledger, conclusion: &Conclusion<'_>) -> u8 {
    let Some(path) = &settings.report else {
        return conclusion.exit_code;
    };
    match ledger.report().write(path, conclusion) {
        Ok(()) => conclusion.exit_code,
        Err(error) => {
            tracing::error!("{}", cannot_write(path, &error));
            conclusion.exit_code.max(1)
        }
    }
}

/// Whom a journal means by the objects that it shows as acknowledged.
fn peer_name(settings: &Settings) -> String {
    let requestor = &settings.requestor;
    format!("{}@{}:{}", requestor.called, requestor.peer, requestor.port)
}

fn send(
    settings: &Settings,
    ledger: &Ledger,
    stop: &Stop,
    ended_badly: &AtomicBool,
) -> Result<(), CannotBegin> {
    let Some(path) = &settings.journal else {
        return send_recorded(
            settings,
            ledger,
            None,
            stop,
            ended_badly,
            &Recorder::new(ledger, None),
        );
    };
    let (journal, acknowledged) = Journal::open(path, &peer_name(settings))
        .map_err(|error| CannotBegin::fatal(error.to_string()))?;
    let acknowledged = settings.resume.then_some(acknowledged);
    if let Some(acknowledged) = &acknowledged {
        let (count, path) = (acknowledged.len(), path.display());
        tracing::info!("resuming: {count} objects are acknowledged in journal {path}");
        if let Some(elsewhere) = acknowledged.only_elsewhere() {
            tracing::warn!("{}", hints::other_peer(elsewhere, &peer_name(settings)));
        }
    }
    let (sender, settled) = bounded(JOURNAL_QUEUE);
    thread::scope(|scope| {
        scope.spawn(|| keep_journal(journal, settled, ledger, stop));
        let recorder = Recorder::new(ledger, Some(sender));
        let acknowledged = acknowledged.as_ref();
        send_recorded(settings, ledger, acknowledged, stop, ended_badly, &recorder)
    })
}

fn send_recorded(
    settings: &Settings,
    ledger: &Ledger,
    acknowledged: Option<&Acknowledged>,
    stop: &Stop,
    ended_badly: &AtomicBool,
    recorder: &Recorder<'_>,
) -> Result<(), CannotBegin> {
    let wanted = plan::wanted(settings)?;
    let (inputs, missing) = plan::find_inputs(settings, acknowledged)?;
    let feed = Feed {
        inputs: &inputs,
        acknowledged,
        ledger,
        stop,
        rename: settings.rename,
        repeat: settings.repeat,
        tells_of_rest: settings.report.is_some(),
        rest_until: OnceLock::new(),
    };
    let proposals = plan::tell_of_missing(settings, &missing, recorder)
        .and_then(|()| plan::proposals(wanted, settings, &feed))
        .inspect_err(|_| feed.leave_all(true, &|_| true))?;
    let orders = orders(settings);
    let job = Job {
        orders: &orders,
        feed,
        recorder: recorder.clone(),
        stop,
        ended_badly,
        request: AssociationRequest {
            roles: proposals.roles,
            extended: proposals.extended,
            ..request(settings)?
        },
        associations: settings.sending.associations,
        files_were_looked_at: settings.contexts.need_a_look_at_files(),
    };
    job.run(&proposals.associations)
}

fn orders(settings: &Settings) -> Orders<'_> {
    let enforced = settings
        .identity
        .as_ref()
        .is_some_and(super::identity::Source::enforces_response);
    let peer = Peer::new(&settings.requestor, settings.sending.max_send_pdu_bytes)
        .verbose_pc(settings.verbose_pc)
        .wants_identity_response(settings.positive_response && enforced);
    let now = Instant::now();
    let pace = |number| NonZeroU64::new(number).map(|number| Pace::new(number, now));
    let (objects_pace, bytes_pace) = match settings.rate {
        None => (None, None),
        Some(Rate::Objects(number)) => (pace(number), None),
        Some(Rate::Bytes(number)) => (None, pace(number).map(Arc::new)),
    };
    Orders {
        settings,
        peer,
        retry: RetryPolicy {
            retries: settings.retries,
        },
        objects_pace,
        bytes_pace,
        inventor: settings.invent.map(inventor),
        read_mode: plan::read_mode(settings.input_format),
        hints: Hints::default(),
    }
}

fn inventor(invent: super::settings::Invent) -> Mutex<Inventor> {
    Mutex::new(Inventor::new(InventCounts {
        images: invent.images_per_series.into(),
        series: invent.series_per_study.into(),
        studies: invent.studies_per_patient.into(),
    }))
}

/// The request for an association, without what is proposed.
fn request(settings: &Settings) -> Result<AssociationRequest, CannotBegin> {
    let identity = settings
        .identity
        .as_ref()
        .map(super::identity::Source::load)
        .transpose()
        .map_err(|error| CannotBegin::fatal(error.to_string()))?;
    Ok(AssociationRequest {
        calling: settings.requestor.calling,
        called: settings.requestor.called,
        max_pdu_bytes: settings.requestor.max_pdu_bytes,
        operations: settings.sending.async_ops,
        user_identity: identity.map(|identity| identity.into_item(settings.positive_response)),
        roles: Vec::new(),
        extended: Vec::new(),
        contexts: Vec::new(),
    })
}

//! What is settled before the peer is called: which files, and which contexts they need.

use std::fs;
use std::path::{Path, PathBuf};

use pdvault_engine::association::proposal::{SyntaxProposal, split};
use pdvault_engine::dataset::ReadMode;
use pdvault_engine::pdu::{ExtendedNegotiation, ProposedContext, RoleSelection};
use pdvault_engine::registry::DEFAULT_STORAGE_PROPOSAL;
use pdvault_engine::value::Uid;

use super::super::profile::{self, Profile};
use super::super::settings::{Contexts, InputFormat, Settings};
use super::feed::Feed;
use super::gather::gather;
use super::inputs::{Complaint, Inputs, Scan};
use super::journal::{Acknowledged, FileVersion};
use super::ledger::Recorder;
use super::pattern::Pattern;
use super::rename::after_done;
use super::worker::not_sent;
use crate::logging;

/// A job that cannot begin; it was logged why.
#[derive(Debug)]
pub(super) struct CannotBegin(pub(super) String);

impl CannotBegin {
    /// Logs why as what ends the program.
    pub(super) fn fatal(text: String) -> Self {
        logging::fatal(&text);
        Self(text)
    }
}

/// How files are read.
pub(super) fn read_mode(format: InputFormat) -> ReadMode {
    match format {
        InputFormat::Detect => ReadMode::Detect,
        InputFormat::FileOnly => ReadMode::FileOnly,
        InputFormat::DataSet => ReadMode::DataSetOnly,
    }
}

/// Looks at the parameters. Returns those that are there, and the files that do not exist; one that
/// `acknowledged` shows as sent by an earlier run, which renamed it, is there.
pub(super) fn find_inputs(
    settings: &Settings,
    acknowledged: Option<&Acknowledged>,
) -> Result<(Inputs, Vec<PathBuf>), CannotBegin> {
    if settings.scan_directories {
        tracing::info!("determining input files ...");
    }
    let scan = Scan {
        is_on: settings.scan_directories,
        pattern: pattern(settings),
        recurse: settings.recurse,
        files_are_renamed: settings.rename,
    };
    let mut missing = Vec::new();
    let parameters = settings.inputs.iter().map(|path| {
        let acknowledged = acknowledged.filter(|_| settings.rename);
        acknowledged
            .and_then(|acknowledged| renamed(path, acknowledged))
            .unwrap_or_else(|| path.clone())
    });
    let inputs = Inputs::new(parameters, scan, |complaint| match complaint {
        Complaint::IgnoredDirectory(path) => tracing::warn!(
            "ignoring directory because option --scan-directories is not set: {}",
            path.display()
        ),
        Complaint::NoAccess(path) => missing.push(path),
    });
    if missing.is_empty() && inputs.walk().next().is_none() {
        return Err(CannotBegin::fatal("no input files to be sent".to_owned()));
    }
    tracing::info!("checking input files ...");
    Ok((inputs, missing))
}

/// A file that does not exist ends the job, or has failed.
pub(super) fn tell_of_missing(
    settings: &Settings,
    missing: &[PathBuf],
    recorder: &Recorder<'_>,
) -> Result<(), CannotBegin> {
    for path in missing {
        let text = format!("cannot access file: {}", path.display());
        complain(settings, &text)?;
        recorder.settle(not_sent(path, &text));
    }
    Ok(())
}

/// The name that a file has by now which an earlier run has sent.
fn renamed(path: &Path, acknowledged: &Acknowledged) -> Option<PathBuf> {
    if path.exists() {
        return None;
    }
    let done = after_done(path);
    let metadata = fs::metadata(&done).ok()?;
    let before = FileVersion::new(path, &metadata);
    acknowledged.contains(&before).then_some(done)
}

fn pattern(settings: &Settings) -> Option<Pattern> {
    let text = settings.scan_pattern.as_ref()?;
    // DCMTK takes the empty pattern for none.
    (!text.is_empty()).then(|| Pattern::new(text.as_encoded_bytes()))
}

/// A file that cannot be sent, as is seen before the peer is called: the end of the job, or a
/// warning.
pub(super) fn complain(settings: &Settings, text: &str) -> Result<(), CannotBegin> {
    if settings.halt {
        return Err(CannotBegin::fatal(text.to_owned()));
    }
    tracing::warn!("{text}, ignoring file");
    Ok(())
}

/// What is proposed.
pub(super) struct Proposals {
    /// The presentation contexts, association by association.
    pub(super) associations: Vec<Vec<ProposedContext>>,
    /// The roles asked for in each of them.
    pub(super) roles: Vec<RoleSelection>,
    /// The extended negotiation items of each of them.
    pub(super) extended: Vec<ExtendedNegotiation>,
}

/// What is to be proposed, as far as can be said without the files.
pub(super) enum Wanted<'a> {
    /// This.
    Profile(Profile),
    /// These transfer syntaxes for the classes of the files.
    Required(&'a SyntaxProposal),
    /// The transfer syntaxes of the files for their classes.
    Stored,
}

/// What the settings ask to propose; reads a profile.
pub(super) fn wanted(settings: &Settings) -> Result<Wanted<'_>, CannotBegin> {
    Ok(match &settings.contexts {
        Contexts::Default(proposal) => {
            let classes = DEFAULT_STORAGE_PROPOSAL.iter().map(|uid| Uid::from(*uid));
            Wanted::Profile(Profile::of_contexts(proposal.offers(classes)))
        }
        Contexts::Required(proposal) => Wanted::Required(proposal),
        Contexts::Stored => Wanted::Stored,
        Contexts::Profile { file, name } => {
            let profile = profile::read(file, name);
            Wanted::Profile(profile.map_err(|error| CannotBegin::fatal(error.to_string()))?)
        }
    })
}

/// The proposals for these files.
pub(super) fn proposals(
    wanted: Wanted<'_>,
    settings: &Settings,
    feed: &Feed<'_>,
) -> Result<Proposals, CannotBegin> {
    let profile = match wanted {
        Wanted::Profile(profile) => profile,
        Wanted::Required(proposal) => {
            let classes = gather(settings, feed)?.into_classes();
            Profile::of_contexts(proposal.offers(classes))
        }
        Wanted::Stored => Profile::of_contexts(gather(settings, feed)?.offers()),
    };
    Ok(Proposals {
        associations: split(&profile.contexts),
        roles: profile.roles,
        extended: profile.extended,
    })
}

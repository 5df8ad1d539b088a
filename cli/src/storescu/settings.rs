//! What the typed options mean.

use std::ffi::OsString;
use std::path::PathBuf;

use pdvault_engine::association::proposal::SyntaxProposal;
use pdvault_engine::registry::DEFLATED_EXPLICIT_LITTLE;

use super::typed::{TypedIdentity, TypedPasscode};
use super::{Typed, identity};
use crate::grammar::{Stage, UsageError};
use crate::logging::Threshold;
use crate::meaning::{RequestorSettings, SendingSettings, in_range, utf8};
use crate::options::Rate;

/// The most attempts for one file after the first.
pub(crate) const RETRIES_MAX: i64 = 1_000_000;

/// zlib's level unless another is typed.
const COMPRESSION_LEVEL_DEFAULT: u32 = 6;

/// Everything that a job is told.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Files and directories, in the order typed; at least one.
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) requestor: RequestorSettings,
    pub(crate) sending: SendingSettings,
    /// Log the parameters of associations at info level already.
    pub(crate) verbose_pc: bool,
    pub(crate) input_format: InputFormat,
    pub(crate) scan_directories: bool,
    /// A pattern of the shell for names found by a scan.
    pub(crate) scan_pattern: Option<OsString>,
    pub(crate) recurse: bool,
    pub(crate) rename: bool,
    pub(crate) contexts: Contexts,
    /// Whether what is not encapsulated looks for a deflated context first.
    pub(crate) prefer_deflated: bool,
    /// Whether value representations newer than 1993 are written as OB.
    pub(crate) old_vr_only: bool,
    /// zlib's level, 0 to 9.
    pub(crate) compression_level: u32,
    pub(crate) identity: Option<identity::Source>,
    /// Whether the peer has to say that it accepts the identity.
    pub(crate) positive_response: bool,
    /// How many times each file is sent, at least once.
    pub(crate) repeat: u32,
    /// Whether associations end by an abort instead of a release.
    pub(crate) abort: bool,
    /// Whether a file that failed ends the job.
    pub(crate) halt: bool,
    pub(crate) invent: Option<Invent>,
    pub(crate) rate: Option<Rate>,
    /// How many times a file is tried again after a failure that may pass.
    pub(crate) retries: u32,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) report: Option<PathBuf>,
}

/// How input files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum InputFormat {
    /// Files with meta header, or bare data sets.
    #[default]
    Detect,
    /// Files with meta header only.
    FileOnly,
    /// Bare data sets only.
    DataSet,
}

/// Which presentation contexts are proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contexts {
    /// These transfer syntaxes for the default storage classes.
    Default(SyntaxProposal),
    /// These transfer syntaxes for the classes of the files, in order of appearance.
    Required(SyntaxProposal),
    /// The transfer syntaxes that the files have, for their classes.
    Stored,
    /// Those of a profile in an association configuration file (see [`super::profile`]).
    Profile {
        /// The file.
        file: PathBuf,
        /// The name, as typed.
        name: OsString,
    },
}

impl Contexts {
    /// Whether all files are looked at before the peer is called.
    pub(crate) fn need_a_look_at_files(&self) -> bool {
        matches!(self, Self::Required(_) | Self::Stored)
    }
}

/// When invented series, studies and patients end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invent {
    pub(crate) images_per_series: u32,
    pub(crate) series_per_study: u32,
    pub(crate) studies_per_patient: u32,
}

impl Settings {
    /// Puts defaults where nothing was typed, and gives numbers their units.
    ///
    /// # Errors
    /// An AE title that can't be one, a name that is no UTF-8, `--verbose-pc` without a log level
    /// that would show it.
    pub(crate) fn resolve(typed: &Typed) -> Result<Self, UsageError> {
        check_verbose_pc(typed)?;
        let proposal = typed.preference.clone().unwrap_or_default();
        Ok(Self {
            inputs: typed.inputs.clone(),
            requestor: RequestorSettings::resolve::<Typed>(&typed.requestor)?,
            sending: SendingSettings::resolve(&typed.sending),
            verbose_pc: typed.verbose_pc,
            input_format: typed.input_format,
            scan_directories: typed.scan_directories,
            scan_pattern: typed.scan_pattern.clone(),
            recurse: typed.recurse,
            rename: typed.rename,
            prefer_deflated: proposal.preferred() == DEFLATED_EXPLICIT_LITTLE,
            contexts: contexts(typed, proposal),
            old_vr_only: typed.old_vr_only,
            compression_level: typed
                .compression_level
                .map_or(COMPRESSION_LEVEL_DEFAULT, in_range),
            identity: identity_source(typed)?,
            positive_response: typed.positive_response,
            repeat: typed.repeat.map_or(1, in_range),
            abort: typed.abort,
            halt: !typed.no_halt,
            invent: invent(typed),
            rate: typed.rate,
            retries: typed.retries.map_or(0, in_range),
            journal: typed.journal.clone(),
            resume: typed.resume,
            report: typed.report.clone(),
        })
    }
}

fn check_verbose_pc(typed: &Typed) -> Result<(), UsageError> {
    if typed.verbose_pc && typed.general.threshold() > Threshold::Info {
        let text = "--verbose-pc only allowed with verbose mode";
        return Err(UsageError::new(Stage::Judging, text));
    }
    Ok(())
}

fn contexts(typed: &Typed, proposal: SyntaxProposal) -> Contexts {
    let proposal = proposal.combined(typed.combine);
    match &typed.profile {
        Some((file, name)) => Contexts::Profile {
            file: file.clone(),
            name: name.clone(),
        },
        None if typed.propose_stored => Contexts::Stored,
        None if typed.required => Contexts::Required(proposal),
        None => Contexts::Default(proposal),
    }
}

fn identity_source(typed: &Typed) -> Result<Option<identity::Source>, UsageError> {
    Ok(match &typed.identity {
        None => None,
        Some(TypedIdentity::User(name)) => Some(user(name, typed.passcode.as_ref())?),
        Some(TypedIdentity::Kerberos(path)) => Some(identity::Source::Kerberos(path.clone())),
        Some(TypedIdentity::Saml(path)) => Some(identity::Source::Saml(path.clone())),
        Some(TypedIdentity::Jwt(path)) => Some(identity::Source::Jwt(path.clone())),
    })
}

fn user(name: &OsString, passcode: Option<&TypedPasscode>) -> Result<identity::Source, UsageError> {
    let passcode = match passcode {
        None => None,
        Some(TypedPasscode::Empty) => Some(String::new()),
        Some(TypedPasscode::Word(word)) => Some(utf8("--password", word)?),
    };
    Ok(identity::Source::User {
        name: utf8("--user", name)?,
        passcode,
    })
}

/// Each of the four options asks for invented identities.
fn invent(typed: &Typed) -> Option<Invent> {
    let counts = [
        typed.invent_series,
        typed.invent_study,
        typed.invent_patient,
    ];
    (typed.invent || counts.iter().any(Option::is_some)).then(|| Invent {
        images_per_series: typed.invent_series.map_or(100, in_range),
        series_per_study: typed.invent_study.map_or(50, in_range),
        studies_per_patient: typed.invent_patient.map_or(25, in_range),
    })
}

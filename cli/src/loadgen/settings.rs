//! What the typed options mean.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pdvault_engine::registry::{self, EXPLICIT_LITTLE, TransferSyntax};
use pdvault_loadgen::corpus::Mix;
use pdvault_loadgen::fault::{FaultMix, FaultShare};
use pdvault_loadgen::results::Expectation;
use pdvault_loadgen::schedule::Arrivals;

use super::{Source, Typed};
use crate::grammar::{Stage, UsageError};
use crate::meaning::{RequestorSettings, SendingSettings, duration, in_range, invalid};

/// The highest arrival rate, in objects per second: more than any machine sends.
pub(crate) const RATE_MAX: i64 = 10_000_000;

/// How long a run without `--count` and `--duration` is.
const DURATION_DEFAULT: Duration = Duration::from_secs(10);

/// Everything that a load test is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) requestor: RequestorSettings,
    pub(crate) sending: SendingSettings,
    pub(crate) objects: Objects,
    /// How many objects; `None`: as many as go.
    pub(crate) count: Option<u64>,
    /// How long after the warm-up objects are begun; `None` only with a count.
    pub(crate) duration: Option<Duration>,
    /// How long objects are sent that are not measured.
    pub(crate) warm_up: Duration,
    /// Objects that are due each second, at least one; `None`: a closed loop.
    pub(crate) arrival_rate: Option<u32>,
    /// How they come to be due.
    pub(crate) arrivals: Arrivals,
    /// How long it takes until all of the load is there.
    pub(crate) ramp: Duration,
    /// Whether each object has an association of its own.
    pub(crate) per_object: bool,
    /// What goes wrong on purpose.
    pub(crate) faults: Vec<FaultShare>,
    /// The number that chooses them; `None`: any.
    pub(crate) seed: Option<u64>,
    /// The receiver's process, whose CPU time is told.
    pub(crate) receiver_pid: Option<u32>,
    /// A directory whose file system is synced before the clock stops.
    pub(crate) sync: Option<PathBuf>,
    pub(crate) json: Option<Json>,
    pub(crate) plot: Option<PathBuf>,
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) verify: Option<PathBuf>,
    /// Everything that was typed, by name, for the results.
    pub(crate) options: BTreeMap<String, String>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Objects {
    /// Made up, of a mix, in a transfer syntax.
    Mix(Mix, &'static TransferSyntax),
    /// Made up, with data sets of so many bytes, in a transfer syntax.
    Size(u64, &'static TransferSyntax),
    /// The files below this directory.
    Files(PathBuf),
}

/// Where results go as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// To standard output; what is for people goes to standard error then.
    StandardOutput,
    /// To this file.
    File(PathBuf),
}

impl Json {
    fn named(name: &Path) -> Self {
        if name == Path::new("-") {
            Self::StandardOutput
        } else {
            Self::File(name.to_owned())
        }
    }
}

impl Settings {
    /// Puts defaults where nothing was typed, and gives numbers their units.
    ///
    /// # Errors
    /// A transfer syntax, a fault or an expectation that is none; an AE title that can't be one.
    pub(crate) fn resolve(typed: &Typed) -> Result<Self, UsageError> {
        Ok(Self {
            requestor: RequestorSettings::resolve::<Typed>(&typed.requestor)?,
            sending: SendingSettings::resolve(&typed.sending),
            objects: objects(typed)?,
            count: typed.count.map(in_range),
            duration: match (typed.duration_seconds, typed.count) {
                (Some(seconds), _) => Some(duration(seconds)),
                (None, Some(_)) => None,
                (None, None) => Some(DURATION_DEFAULT),
            },
            warm_up: duration(typed.warm_up_seconds.unwrap_or(0)),
            arrival_rate: typed.arrival_rate.map(in_range),
            arrivals: if typed.fixed_arrivals {
                Arrivals::Fixed
            } else {
                Arrivals::Poisson
            },
            ramp: duration(typed.ramp_seconds.unwrap_or(0)),
            per_object: typed.per_object,
            faults: faults(typed)?,
            seed: typed.seed.map(in_range),
            receiver_pid: typed.receiver_pid.map(in_range),
            sync: typed.sync.clone(),
            json: typed.json.as_deref().map(Json::named),
            plot: typed.plot.clone(),
            expectations: expectations(typed)?,
            verify: typed.verify.clone(),
            options: typed.options.clone(),
        })
    }
}

fn objects(typed: &Typed) -> Result<Objects, UsageError> {
    let syntax = syntax(typed.syntax.as_deref())?;
    Ok(match &typed.source {
        None => Objects::Mix(Mix::Mixed, syntax),
        Some(Source::Mix(name)) => {
            Objects::Mix(name.parse().expect("the table names mixes"), syntax)
        }
        Some(Source::Size(bytes)) if bytes % 2 != 0 => {
            let text = bytes.to_string();
            return Err(invalid("--size", OsStr::new(&text), "an even number"));
        }
        Some(Source::Size(bytes)) => Objects::Size(in_range(*bytes), syntax),
        Some(Source::Files(directory)) => Objects::Files(directory.clone()),
    })
}

/// The transfer syntax of a UID or a symbolic name.
fn syntax(text: Option<&OsStr>) -> Result<&'static TransferSyntax, UsageError> {
    let text = text.unwrap_or_else(|| OsStr::new(EXPLICIT_LITTLE));
    let uid = text
        .to_str()
        .map(|text| registry::uid_of_symbol(text).unwrap_or(text));
    uid.and_then(registry::transfer_syntax).ok_or_else(|| {
        let expected = "the UID or the name of a transfer syntax, such as JPEGBaseline,";
        invalid("--transfer-syntax", text, expected)
    })
}

fn faults(typed: &Typed) -> Result<Vec<FaultShare>, UsageError> {
    let shares = typed
        .faults
        .iter()
        .map(|text| text.to_string_lossy().parse());
    let shares: Result<Vec<FaultShare>, _> = shares.collect();
    let checked = shares.and_then(|shares| FaultMix::new(&shares, 0).map(|_| shares));
    checked.map_err(|error| judged("--fault", &error))
}

fn judged(option: &str, error: &impl std::fmt::Display) -> UsageError {
    let text = format!("Invalid value for option {option} ({error})");
    UsageError::new(Stage::Judging, text)
}

fn expectations(typed: &Typed) -> Result<Vec<Expectation>, UsageError> {
    let parsed = typed.expectations.iter().map(|text| {
        let expectation = text.to_string_lossy().parse::<Expectation>();
        expectation.map_err(|error| judged("--expect", &error))
    });
    parsed.collect()
}

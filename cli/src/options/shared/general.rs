//! Help and logging: the same for every tool.

use std::path::PathBuf;

use super::super::{Answer, Argument, FILE_NAME, Kind, Section, entry};
use crate::logging::{LEVELS, Threshold};

const VERBOSITY: &str = "log-verbosity";

/// What was typed about logging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct General {
    pub(crate) arguments: bool,
    pub(crate) threshold: Option<Threshold>,
    /// The file that says how to log instead.
    pub(crate) log_config: Option<PathBuf>,
}

impl General {
    /// The threshold that holds.
    pub(crate) fn threshold(&self) -> Threshold {
        self.threshold.unwrap_or(Threshold::Warn)
    }
}

/// The general options of a tool whose options are noted in `T`.
pub(crate) const fn general<T: AsMut<General>>() -> Section<T> {
    Section {
        title: "general options",
        entries: const {
            &[
        entry(
            "--help",
            "print this help text and exit",
            "Prints how to use the program on standard output and ends with exit code 0. The same \
             happens when nothing at all is typed.",
        )
        .short("-h")
        .answers(Answer::Help),
        entry(
            "--version",
            "print version information and exit",
            "Prints the version and what it was built for on standard output and ends with exit \
             code 0.",
        )
        .answers(Answer::Version),
        entry(
            "--arguments",
            "print the expanded command line",
            "Prints the command line as a log line at start, after command files were expanded \
             and with every option by its long name, whatever the log level is.",
        )
        .works(|typed, _| typed.as_mut().arguments = true),
        entry(
            "--quiet",
            "quiet mode, log nothing but fatal errors",
            "Logs fatal errors only. Error texts about the values of options are not shown \
             either; the exit code still tells.",
        )
        .short("-q")
        .group(VERBOSITY)
        .works(|typed, _| typed.as_mut().threshold = Some(Threshold::Fatal)),
        entry(
            "--verbose",
            "verbose mode, log what is done",
            "Logs at info level: the start, each association, each object. No patient data is \
             logged at this level.",
        )
        .short("-v")
        .group(VERBOSITY)
        .works(|typed, _| typed.as_mut().threshold = Some(Threshold::Info)),
        entry(
            "--debug",
            "debug mode, log every detail",
            "Logs at debug level: what is negotiated and what each message asks for.",
        )
        .short("-d")
        .group(VERBOSITY)
        .works(|typed, _| typed.as_mut().threshold = Some(Threshold::Debug)),
        entry(
            "--log-level",
            "log messages of this level and graver ones",
            "Sets the threshold of the log: off, fatal, error, warn, info, debug, trace or all, \
             in upper or lower case.",
        )
        .short("-ll")
        .takes(&[Argument {
            name: "level",
            kind: Kind::LogLevel(LEVELS),
        }])
        .default("warn")
        .conflicts(&[&["--verbose", "--debug", "--quiet"]])
        .sets_up_log()
        .works(|typed, values| typed.as_mut().threshold = Threshold::from_name(values[0].word())),
        entry(
            "--log-config",
            "configure the log by a file",
            "Reads levels, targets and layout of the log from a properties file, as log4cplus has \
             them; section LOG CONFIGURATION tells more.",
        )
        .short("-lc")
        .takes(&[FILE_NAME])
        .conflicts(&[&["--verbose", "--debug", "--quiet"], &["--log-level"]])
        .sets_up_log()
        .works(|typed, values| typed.as_mut().log_config = Some(values[0].path())),
        ]
        },
    }
}

//! How grave messages are.

use tracing_subscriber::filter::LevelFilter;

/// The names of the levels that `--log-level` knows.
pub(crate) const LEVELS: &[&str] = &[
    "fatal", "error", "warn", "info", "debug", "trace", "off", "all",
];

/// The level from which on messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Threshold {
    /// Everything.
    Trace,
    /// Every detail but traces.
    Debug,
    /// What is done.
    Info,
    /// What is odd.
    Warn,
    /// What went wrong.
    Error,
    /// What ends the program.
    Fatal,
    /// Nothing.
    Off,
}

impl Threshold {
    /// The threshold of a name in [`LEVELS`].
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "all" | "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "fatal" => Self::Fatal,
            "off" => Self::Off,
            _ => return None,
        })
    }

    /// The threshold of a name in a configuration file, in upper or lower case.
    pub(super) fn of_configuration(name: &str) -> Option<Self> {
        Self::from_name(&name.to_ascii_lowercase())
    }

    /// The name in log lines.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Off => "OFF",
        }
    }

    /// What the rest of the program need not even format. Fatal messages are errors to it.
    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error | Self::Fatal => LevelFilter::ERROR,
            Self::Off => LevelFilter::OFF,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_level_is_understood() {
        assert!(
            LEVELS
                .iter()
                .all(|name| Threshold::from_name(name).is_some())
        );
    }

    #[test]
    fn a_configuration_may_shout() {
        assert_eq!(Threshold::of_configuration("WARN"), Some(Threshold::Warn));
        assert_eq!(Threshold::of_configuration("loud"), None);
    }
}

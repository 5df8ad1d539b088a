//! From the file of `--log-config` to a log.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Zoned;

use super::complaints::Complaints;
use super::config::Config;
use super::configured::Configured;
use super::date::formatted;
use super::print_error;
use super::properties::Properties;
use super::record::Process;

/// The longest configuration file, in bytes; DCMTK's own example has 8 KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What the keys begin with that mean anything.
const PREFIX: &str = "log4cplus.";

/// Why there is no log as the file wants it; DCMTK's words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// There is nothing of this name, or no file.
    #[error("Specified --log-config file does not exist")]
    Missing,
    /// The file is there, but can't be read.
    #[error("Specified --log-config file cannot be read: {0}")]
    Unreadable(io::Error),
    /// It can hardly be a configuration.
    #[error("Specified --log-config file has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// No line is a setting.
    #[error("Specified --log-config file does not contain any settings")]
    Empty,
    /// No line is a setting of the log.
    #[error("Specified --log-config file does not contain any valid settings")]
    NoSettings,
    /// The one setting that is needed is not there.
    #[error("Specified --log-config file does not set up log4cplus.rootLogger")]
    NoRoot,
    /// The system has no thread to write the log.
    #[error("cannot start the log: {0}")]
    NoThread(io::Error),
}

/// Starts the log that the file describes. What in it can't be had is complained about on standard
/// error.
pub(super) fn load(tool: &str, path: &Path) -> Result<Configured, ConfigError> {
    let text = read(path)?;
    let mut properties = Properties::parse(&text);
    if properties.is_empty() {
        return Err(ConfigError::Empty);
    }
    if properties.below(PREFIX).is_empty() {
        return Err(ConfigError::NoSettings);
    }
    if properties.get("log4cplus.rootLogger").is_none() {
        return Err(ConfigError::NoRoot);
    }
    set_own(&mut properties, tool);
    let mut complaints = Complaints::new(&path.display().to_string());
    properties.expand(|name| env::var(name).ok(), &mut complaints);
    let config = Config::read(&properties.below(PREFIX), &mut complaints);
    print_error(&complaints.into_lines().concat());
    Configured::start(tool, config).map_err(ConfigError::NoThread)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    if !fs::metadata(path).is_ok_and(|data| !data.is_dir()) {
        return Err(ConfigError::Missing);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(ConfigError::Unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLong);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The variables that DCMTK sets besides.
fn set_own(properties: &mut Properties, tool: &str) {
    let process = Process::this();
    let now = Zoned::now().with_time_zone(process.zone);
    let date = |format| formatted(format, &now).unwrap_or_default();
    for (name, value) in [
        ("appname", tool.to_owned()),
        ("hostname", process.host),
        ("pid", process.id.to_string()),
        ("date", date("%Y%m%d")),
        ("time", date("%H%M%S")),
    ] {
        properties.set(name, &value, 0);
    }
}

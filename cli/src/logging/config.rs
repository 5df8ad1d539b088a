//! What a configuration file says of loggers and appenders.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Threshold;
use super::complaints::Complaints;
use super::file::{FileSettings, Rolling};
use super::filter::Filter;
use super::layout::Layout;
use super::properties::Properties;
use super::schedule::Schedule;

/// The length at which a file makes room unless another is given, in bytes; log4cplus'.
const MAX_FILE_BYTES_DEFAULT: u64 = 10 * 1024 * 1024;

/// The least length at which a file makes room, in bytes; log4cplus'.
const MAX_FILE_BYTES_MIN: u64 = 200 * 1024;

/// The most old files that are kept: all of them are renamed each time.
const BACKUPS_MAX: i64 = 1000;

/// How long a file that could not be written is left alone unless another time is given, in seconds;
/// log4cplus'.
const REOPEN_SECONDS_DEFAULT: i64 = 1;

/// The longest such time, in seconds.
const REOPEN_SECONDS_MAX: i64 = 3600;

/// Everything that a file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) root: Logger,
    /// Loggers by name.
    pub(super) loggers: BTreeMap<String, Logger>,
    pub(super) appenders: Vec<Appender>,
}

/// A logger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logger {
    /// Its level; `None` is that of its parent.
    pub(super) level: Option<Threshold>,
    /// Where its messages go, by number.
    pub(super) appenders: Vec<usize>,
    /// Whether they go to the appenders of its parent too.
    pub(super) is_additive: bool,
}

impl Default for Logger {
    fn default() -> Self {
        Self {
            level: None,
            appenders: Vec::new(),
            is_additive: true,
        }
    }
}

/// An appender: where messages go, which, and how they look.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Appender {
    pub(super) name: String,
    /// The least grave messages; `None` for all.
    pub(super) threshold: Option<Threshold>,
    pub(super) filters: Vec<Filter>,
    pub(super) layout: Layout,
    pub(super) target: Target,
}

impl Appender {
    /// That of a log without a configuration.
    fn usual() -> Self {
        Self {
            name: String::new(),
            threshold: None,
            filters: Vec::new(),
            layout: Layout::usual(),
            target: Target::StandardError,
        }
    }
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    StandardOutput,
    StandardError,
    File(FileSettings),
    Nowhere,
}

impl Config {
    /// Reads properties whose keys begin behind `log4cplus.`. What can't be had is complained about
    /// and left out.
    pub(super) fn read(properties: &Properties, complaints: &mut Complaints) -> Self {
        let mut config = Self {
            root: Logger::default(),
            loggers: BTreeMap::new(),
            appenders: read_appenders(&properties.below("appender."), complaints),
        };
        config.root = config.logger("root", "rootLogger", properties, complaints);
        // The root has no parent to have its level of; it keeps DCMTK's.
        config.root.level.get_or_insert(Threshold::Info);
        if properties.value("rootLogger").is_none_or(str::is_empty) {
            config.root.appenders.push(config.appenders.len());
            config.appenders.push(Appender::usual());
        }
        let loggers = properties.below("logger.");
        for (name, _) in loggers.iter() {
            let logger = config.logger(name, name, &loggers, complaints);
            config.loggers.insert(name.to_owned(), logger);
        }
        let additivity = properties.below("additivity.");
        for (name, _) in additivity.iter() {
            if let Some(is_additive) = additivity.truth(name) {
                let logger = config.loggers.entry(name.to_owned()).or_default();
                logger.is_additive = is_additive;
            }
        }
        config
    }

    /// `LEVEL, appender, appender`
    fn logger(
        &self,
        name: &str,
        key: &str,
        properties: &Properties,
        complaints: &mut Complaints,
    ) -> Logger {
        let mut logger = Logger::default();
        let Some(property) = properties.get(key) else {
            return logger;
        };
        let mut words = property
            .value
            .split(',')
            .map(|word| word.replace(char::is_whitespace, ""))
            .filter(|word| !word.is_empty());
        let level = words.next().unwrap_or_default();
        logger.level = Threshold::of_configuration(&level);
        // INHERIT is what DCMTK's own example says for INHERITED.
        let inherits = name != "root" && (level == "INHERITED" || level == "INHERIT");
        if logger.level.is_none() && !inherits {
            let text = format!("{level:?} is no level for logger {name}");
            complaints.add(property.line, text);
        }
        for word in words {
            match self.appenders.iter().position(|known| known.name == word) {
                Some(number) => logger.appenders.push(number),
                None => complaints.add(property.line, format!("Invalid appender: {word}")),
            }
        }
        logger
    }
}

fn read_appenders(properties: &Properties, complaints: &mut Complaints) -> Vec<Appender> {
    let mut appenders = Vec::new();
    for (name, class) in properties.iter().filter(|(name, _)| !name.contains('.')) {
        let own = properties.below(&format!("{name}."));
        let target = match &*class.value {
            "log4cplus::ConsoleAppender" if own.truth("logToStdErr") == Some(true) => {
                Ok(Target::StandardError)
            }
            "log4cplus::ConsoleAppender" => Ok(Target::StandardOutput),
            "log4cplus::NullAppender" => Ok(Target::Nowhere),
            "log4cplus::FileAppender" => file(&own, false, Rolling::Never),
            "log4cplus::RollingFileAppender" => file(&own, true, by_size(&own)),
            "log4cplus::DailyRollingFileAppender" => file(&own, true, by_time(&own, complaints)),
            other => Err(format!("Cannot find AppenderFactory: {other}")),
        };
        match target {
            Ok(target) => appenders.push(Appender {
                name: name.to_owned(),
                threshold: own.value("Threshold").and_then(Threshold::of_configuration),
                filters: Filter::read_all(&own, complaints),
                layout: Layout::read(&own, complaints),
                target,
            }),
            Err(why) => complaints.add(class.line, why),
        }
    }
    appenders
}

fn file(own: &Properties, append: bool, rolling: Rolling) -> Result<Target, String> {
    let path = own.value("File").filter(|path| !path.is_empty());
    let path = path.ok_or("Invalid filename: the appender has no File")?;
    let seconds = own.number("ReopenDelay").unwrap_or(REOPEN_SECONDS_DEFAULT);
    let seconds = seconds.clamp(0, REOPEN_SECONDS_MAX).unsigned_abs();
    Ok(Target::File(FileSettings {
        path: path.into(),
        append: own.truth("Append").unwrap_or(append),
        reopen_after: Duration::from_secs(seconds),
        rolling,
    }))
}

fn by_size(own: &Properties) -> Rolling {
    let bytes = own.value("MaxFileSize").map(file_bytes);
    Rolling::BySize {
        max_bytes: bytes
            .unwrap_or(MAX_FILE_BYTES_DEFAULT)
            .max(MAX_FILE_BYTES_MIN),
        backups: backups(own, 1),
    }
}

fn by_time(own: &Properties, complaints: &mut Complaints) -> Rolling {
    let name = own.get("Schedule");
    let schedule = name.and_then(|name| Schedule::from_name(&name.value));
    if let (None, Some(name)) = (schedule, name) {
        complaints.add(name.line, format!("\"Schedule\" not valid: {}", name.value));
    }
    Rolling::ByTime {
        schedule: schedule.unwrap_or(Schedule::Daily),
        backups: backups(own, 10),
    }
}

fn backups(own: &Properties, default: i64) -> u32 {
    let number = own.number("MaxBackupIndex").unwrap_or(default);
    u32::try_from(number.clamp(1, BACKUPS_MAX)).unwrap_or(1)
}

/// `500KB`, `5MB`, or bytes: the leading digits count.
fn file_bytes(text: &str) -> u64 {
    let text = text.to_ascii_uppercase();
    let end = text.find(|c: char| !c.is_ascii_digit());
    let digits = &text[..end.unwrap_or(text.len())];
    let number = match digits.parse::<u64>() {
        Ok(number) => number,
        Err(_) if digits.is_empty() => 0,
        Err(_) => u64::MAX,
    };
    let unit = match text {
        _ if text.ends_with("MB") => 1024 * 1024,
        _ if text.ends_with("KB") => 1024,
        _ => 1,
    };
    number.saturating_mul(unit)
}

#[cfg(test)]
mod tests;

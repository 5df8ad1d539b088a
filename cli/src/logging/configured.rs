//! The log as a configuration file wants it.

use std::io;

use jiff::Timestamp;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::config::{Appender, Config, Logger};
use super::filter;
use super::record::{Process, Record};
use super::words::{Words, escaped};
use super::writer::Writer;
use super::{Threshold, complaints};

/// The loggers that our messages are of, under DCMTK's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The tool itself: `dcmtk.apps.storescu`.
    Tool,
    /// The network: `dcmtk.dcmnet`.
    Network,
    /// Data sets: `dcmtk.dcmdata`.
    Data,
}

impl Source {
    /// Who speaks in this module. What the receiver tells of associations and objects, DCMTK's
    /// storescp tells itself.
    fn of(module: &str) -> Self {
        let Some(room) = module.strip_prefix("pdvault_engine::") else {
            return Self::Tool;
        };
        match room {
            "reactor::report" => Self::Tool,
            _ if room.starts_with("store") => Self::Tool,
            _ if room.starts_with("dataset") => Self::Data,
            _ => Self::Network,
        }
    }
}

/// What becomes of the messages of a logger.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    logger: String,
    level: Threshold,
    /// The appenders, by number.
    appenders: Vec<usize>,
}

impl Route {
    /// The way up from this logger: the level of the first that has one, the appenders of all up to
    /// one that keeps its messages to itself.
    fn of(logger: &str, config: &Config) -> Self {
        let mut route = Self {
            logger: logger.to_owned(),
            level: config.root.level.unwrap_or(Threshold::Info),
            appenders: Vec::new(),
        };
        let line: Vec<_> = ancestry(logger)
            .filter_map(|name| config.loggers.get(name))
            .chain([&config.root])
            .collect();
        if let Some(level) = line.iter().find_map(|logger| logger.level) {
            route.level = level;
        }
        let speaking = 1 + line.iter().take_while(|logger| logger.is_additive).count();
        for Logger { appenders, .. } in line.into_iter().take(speaking) {
            route.appenders.extend(appenders);
        }
        route
    }

    fn is_enabled(&self, level: Level) -> bool {
        self.level.filter() >= level
    }
}

/// `a.b.c`, `a.b`, `a`
fn ancestry(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| {
        name.rsplit_once('.').map(|(parent, _)| parent)
    })
}

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct Configured {
    root: Route,
    tool: Route,
    network: Route,
    data: Route,
    /// The level of the logger that DCMTK asks whether progress is shown.
    progress: Threshold,
    appenders: Vec<Appender>,
    process: Process,
    writer: Writer,
}

impl Configured {
    /// The log of a tool.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(super) fn start(tool: &str, config: Config) -> io::Result<Self> {
        let process = Process::this();
        let root = Route::of("root", &config);
        let targets = config.appenders.iter().map(|one| one.target.clone());
        let is_quiet = root.level > Threshold::Error;
        let writer = Writer::start(targets.collect(), process.zone.clone(), is_quiet)?;
        // Files that can't be opened are told of before anything else is.
        writer.flush();
        let apps = format!("dcmtk.apps.{tool}");
        let configured = Self {
            root,
            tool: Route::of(&apps, &config),
            network: Route::of("dcmtk.dcmnet", &config),
            data: Route::of("dcmtk.dcmdata", &config),
            progress: Route::of(&format!("{apps}.progress"), &config).level,
            appenders: config.appenders,
            process,
            writer,
        };
        configured.tell_of_silence();
        Ok(configured)
    }

    /// Says that messages go nowhere, where the file does not say so.
    fn tell_of_silence(&self) {
        let route = &self.tool;
        if route.appenders.is_empty() && self.root.level <= Threshold::Error {
            complaints::tell(&format!(
                "No appenders could be found for logger ({}): nothing will be logged",
                route.logger
            ));
        }
    }

    /// The level of the tool's own messages.
    pub(super) fn tool_level(&self) -> Threshold {
        self.tool.level
    }

    /// The level of all loggers that have none of their own.
    pub(super) fn root_level(&self) -> Threshold {
        self.root.level
    }

    /// Whether progress is shown on standard output, as with DCMTK: at info level exactly.
    pub(super) fn shows_progress(&self) -> bool {
        self.progress == Threshold::Info
    }

    /// Waits until all that was logged is written, for a while.
    pub(super) fn flush(&self) {
        self.writer.flush();
    }

    /// Logs a text of the root at info level, whatever its level.
    pub(super) fn always(&self, text: &str) {
        let message = escaped(text);
        self.append(
            &self.root,
            &Record {
                time: Timestamp::now(),
                logger: &self.root.logger,
                gravity: Threshold::Info,
                message: &message,
                file: "",
                line: None,
                module: "",
            },
        );
    }

    fn route(&self, module: &str) -> &Route {
        match Source::of(module) {
            Source::Tool => &self.tool,
            Source::Network => &self.network,
            Source::Data => &self.data,
        }
    }

    fn append(&self, route: &Route, record: &Record<'_>) {
        for number in &route.appenders {
            let appender = &self.appenders[*number];
            let is_wanted = appender
                .threshold
                .is_none_or(|least| record.gravity >= least)
                && filter::passes(&appender.filters, record.gravity, record.message);
            if is_wanted {
                let text = appender.layout.text(record, &self.process);
                self.writer.write(*number, text, record.time);
            }
        }
    }

    fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.route(metadata.target()).is_enabled(*metadata.level())
    }

    fn log(&self, event: &Event<'_>) {
        let (words, metadata) = (Words::of(event), event.metadata());
        let gravity = words.gravity(metadata);
        let route = self.route(metadata.target());
        if gravity < route.level {
            return;
        }
        self.append(
            route,
            &Record {
                time: Timestamp::now(),
                logger: &route.logger,
                gravity,
                message: &escaped(&words.text),
                file: metadata.file().unwrap_or_default(),
                line: metadata.line(),
                module: metadata.module_path().unwrap_or_default(),
            },
        );
    }
}

/// The layer that gives events to a configured log.
pub(super) struct ConfiguredLayer(pub(super) &'static Configured);

impl<S: Subscriber> Layer<S> for ConfiguredLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.is_enabled(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.log(event);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::complaints::Complaints;
    use super::super::properties::Properties;
    use super::*;

    fn route(logger: &str, text: &str) -> (Threshold, Vec<usize>) {
        let appenders = "appender.a=log4cplus::NullAppender\nappender.b=log4cplus::NullAppender\n\
                         appender.c=log4cplus::NullAppender\n";
        let properties = Properties::parse(&format!("{appenders}{text}"));
        let mut complaints = Complaints::new("file");
        let config = Config::read(&properties, &mut complaints);
        assert_eq!(complaints.into_lines(), [""; 0]);
        let route = Route::of(logger, &config);
        (route.level, route.appenders)
    }

    #[test]
    fn a_logger_has_the_level_of_its_nearest_ancestor_and_the_appenders_of_all() {
        let text = "rootLogger=WARN, a\nlogger.dcmtk=INHERITED, b\nlogger.dcmtk.apps=DEBUG, c\n";
        let (debug, warn) = (Threshold::Debug, Threshold::Warn);
        assert_eq!(route("dcmtk.apps.storescu", text), (debug, vec![2, 1, 0]));
        assert_eq!(route("dcmtk.apps", text), (debug, vec![2, 1, 0]));
        assert_eq!(route("dcmtk.dcmnet", text), (warn, vec![1, 0]));
        assert_eq!(route("root", text), (warn, vec![0]));
        assert_eq!(route("dcmtk.appsx", text), (warn, vec![1, 0]));
    }

    #[test]
    fn a_logger_may_keep_its_messages_from_its_parents() {
        let text = "rootLogger=INFO, a\nlogger.dcmtk=INFO, b\nadditivity.dcmtk=false\n\
                    additivity.dcmtk.apps=0\n";
        assert_eq!(route("dcmtk.dcmnet", text).1, [1]);
        assert_eq!(route("dcmtk.apps.storescu", text).1, [0; 0]);
    }

    #[test]
    fn our_modules_have_dcmtk_s_names() {
        for (module, source) in [
            ("pdvault::storescu::job::worker", Source::Tool),
            ("pdvault::requesting", Source::Tool),
            ("pdvault_engine::reactor::report", Source::Tool),
            ("pdvault_engine::store::publish", Source::Tool),
            ("pdvault_engine::store", Source::Tool),
            (
                "pdvault_engine::reactor::event_loop::intake",
                Source::Network,
            ),
            ("pdvault_engine::reactor::uring::ring", Source::Network),
            ("pdvault_engine::sender::connection", Source::Network),
            ("pdvault_engine::dataset::file_scan", Source::Data),
        ] {
            assert_eq!(Source::of(module), source, "{module}");
            assert!(is_there(module), "{module} has moved");
        }
    }

    /// Whether there is a module of this path: a name that only once was one would prove nothing.
    fn is_there(module: &str) -> bool {
        let (package, path) = module.split_once("::").expect("a module of a package");
        let room = if package == "pdvault" {
            "cli"
        } else {
            "engine"
        };
        let path = path.replace("::", "/");
        let stem = format!("{}/../{room}/src/{path}", env!("CARGO_MANIFEST_DIR"));
        [".rs", "/mod.rs"]
            .iter()
            .any(|end| Path::new(&format!("{stem}{end}")).is_file())
    }
}

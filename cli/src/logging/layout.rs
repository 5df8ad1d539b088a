//! How a message looks: log4cplus' three layouts.

use jiff::Timestamp;

use super::complaints::Complaints;
use super::date::DateFormat;
use super::pattern::Pattern;
use super::properties::Properties;
use super::record::{Process, Record, thread_name};

/// A layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// `INFO - message`
    Simple,
    /// `12 [thread] INFO logger <> - message`; the time in milliseconds, or as a date.
    Ttcc(Option<DateFormat>),
    /// What a pattern says, for each line of the message or for all at once.
    Pattern { pattern: Pattern, is_by_line: bool },
}

impl Layout {
    /// The layout of an appender with these properties. One that can't be had is complained about,
    /// and the simple one takes its place, as with DCMTK.
    pub(super) fn read(properties: &Properties, complaints: &mut Complaints) -> Self {
        let Some(class) = properties.get("layout") else {
            return Self::Simple;
        };
        let own = properties.below("layout.");
        match &*class.value {
            "log4cplus::SimpleLayout" => Self::Simple,
            "log4cplus::TTCCLayout" => {
                let is_greenwich = own.truth("Use_gmtime").unwrap_or(false);
                let format = own.value("DateFormat").filter(|format| !format.is_empty());
                Self::Ttcc(format.map(|format| DateFormat::new(format, is_greenwich)))
            }
            "log4cplus::PatternLayout" => Self::of_pattern(&own, complaints).unwrap_or_else(|| {
                complaints.add(class.line, "ConversionPattern not specified in properties");
                Self::Simple
            }),
            other => {
                let text = format!("Cannot find LayoutFactory: \"{other}\"");
                complaints.add(class.line, text);
                Self::Simple
            }
        }
    }

    /// That of a log without a configuration: `I: message`.
    pub(super) fn usual() -> Self {
        Self::Pattern {
            pattern: Pattern::parse("%P: %m%n", 0, &mut Complaints::new("")),
            is_by_line: true,
        }
    }

    /// `ConversionPattern`, or `Pattern`, its former name.
    fn of_pattern(own: &Properties, complaints: &mut Complaints) -> Option<Self> {
        let pattern = own
            .get("ConversionPattern")
            .or_else(|| own.get("Pattern"))?;
        // An empty one shows the message, as with DCMTK.
        let text = Some(&*pattern.value).filter(|text| !text.is_empty());
        Some(Self::Pattern {
            pattern: Pattern::parse(text.unwrap_or("%m"), pattern.line, complaints),
            is_by_line: own.truth("FormatEachLine").unwrap_or(true),
        })
    }

    /// The message in this layout.
    pub(super) fn text(&self, record: &Record<'_>, process: &Process) -> String {
        let (level, message) = (record.gravity.name(), record.message);
        match self {
            Self::Simple => format!("{level} - {message}\n"),
            Self::Ttcc(format) => {
                let time = match format {
                    None => relative(record.time, process),
                    Some(format) => format.text(record.time, &process.zone),
                };
                let (thread, logger) = (thread_name(), record.logger);
                format!("{time} [{thread}] {level} {logger} <> - {message}\n")
            }
            Self::Pattern {
                pattern,
                is_by_line: false,
            } => {
                let mut text = String::new();
                pattern.put(record, process, &mut text);
                text
            }
            Self::Pattern { pattern, .. } => {
                let mut text = String::new();
                for message in message.split('\n') {
                    pattern.put(&Record { message, ..*record }, process, &mut text);
                }
                text
            }
        }
    }
}

/// Milliseconds since logging began.
pub(super) fn relative(time: Timestamp, process: &Process) -> String {
    time.duration_since(process.started)
        .as_millis()
        .max(0)
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;

    use super::super::Threshold;
    use super::*;

    fn shown(properties: &str) -> (String, Vec<String>) {
        let mut complaints = Complaints::new("file");
        let layout = Layout::read(&Properties::parse(properties), &mut complaints);
        let process = Process {
            started: Timestamp::from_second(1_700_000_000).expect("a time"),
            zone: TimeZone::UTC,
            host: "host".to_owned(),
            id: 7,
        };
        let record = Record {
            time: Timestamp::from_millisecond(1_700_000_001_234).expect("a time"),
            logger: "dcmtk.apps.storescu",
            gravity: Threshold::Warn,
            message: "one\ntwo",
            file: "a/b.rs",
            line: Some(3),
            module: "m",
        };
        (layout.text(&record, &process), complaints.into_lines())
    }

    #[test]
    fn the_layouts_look_as_log4cplus_has_them() {
        let thread = thread_name();
        for (properties, expected) in [
            ("", "WARN - one\ntwo\n".to_owned()),
            (
                "layout=log4cplus::SimpleLayout",
                "WARN - one\ntwo\n".to_owned(),
            ),
            (
                "layout=log4cplus::TTCCLayout",
                format!("1234 [{thread}] WARN dcmtk.apps.storescu <> - one\ntwo\n"),
            ),
            (
                "layout=log4cplus::TTCCLayout\nlayout.DateFormat=%H:%M\nlayout.Use_gmtime=1",
                format!("22:13 [{thread}] WARN dcmtk.apps.storescu <> - one\ntwo\n"),
            ),
            (
                "layout=log4cplus::PatternLayout\nlayout.ConversionPattern=%P: %m%n",
                "W: one\nW: two\n".to_owned(),
            ),
            (
                "layout=log4cplus::PatternLayout\nlayout.Pattern=%P: %m%n\nlayout.FormatEachLine=false",
                "W: one\ntwo\n".to_owned(),
            ),
        ] {
            let (text, complaints) = shown(properties);
            assert_eq!((text, complaints), (expected, vec![]), "{properties}");
        }
    }

    #[test]
    fn a_layout_that_is_not_there_is_complained_about_and_the_simple_one_used() {
        let complaints: BTreeSet<_> = [
            "\n\nlayout=log4cplus::FancyLayout",
            "\n\nlayout=log4cplus::PatternLayout",
        ]
        .into_iter()
        .flat_map(|properties| {
            let (text, complaints) = shown(properties);
            assert_eq!(text, "WARN - one\ntwo\n");
            complaints
        })
        .collect();
        let expected = [
            "log4cplus:ERROR file:3: Cannot find LayoutFactory: \"log4cplus::FancyLayout\"\n",
            "log4cplus:ERROR file:3: ConversionPattern not specified in properties\n",
        ];
        assert!(complaints.iter().eq(expected));
    }
}

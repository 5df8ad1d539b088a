//! Filters of an appender: log4cplus' four.

use super::Threshold;
use super::complaints::Complaints;
use super::properties::Properties;

/// What decides whether an appender shows a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// Nothing is shown.
    DenyAll,
    /// Messages of one level.
    Match {
        level: Option<Threshold>,
        accepts: bool,
    },
    /// Messages from a level to another; those beyond are not shown.
    Range {
        min: Option<Threshold>,
        max: Option<Threshold>,
        accepts: bool,
    },
    /// Messages in which a text is found.
    Text { text: String, accepts: bool },
}

impl Filter {
    /// The filters numbered from 1 on, up to the first number that is missing.
    pub(super) fn read_all(properties: &Properties, complaints: &mut Complaints) -> Vec<Self> {
        (1..)
            .map_while(|number: usize| {
                let class = properties.get(&format!("filters.{number}"))?;
                let own = properties.below(&format!("filters.{number}."));
                let filter = Self::read(&class.value, &own);
                if filter.is_none() {
                    let text = format!("Cannot find FilterFactory: {}", class.value);
                    complaints.add(class.line, text);
                }
                Some(filter)
            })
            .flatten()
            .collect()
    }

    fn read(class: &str, own: &Properties) -> Option<Self> {
        let accepts = own.truth("AcceptOnMatch").unwrap_or(false);
        let level = |key| own.value(key).and_then(Threshold::of_configuration);
        Some(match class {
            "log4cplus::spi::DenyAllFilter" => Self::DenyAll,
            "log4cplus::spi::LogLevelMatchFilter" => Self::Match {
                level: level("LogLevelToMatch"),
                accepts,
            },
            "log4cplus::spi::LogLevelRangeFilter" => Self::Range {
                min: level("LogLevelMin"),
                max: level("LogLevelMax"),
                accepts,
            },
            "log4cplus::spi::StringMatchFilter" => Self::Text {
                text: own.value("StringToMatch").unwrap_or_default().to_owned(),
                accepts,
            },
            _ => return None,
        })
    }

    /// Whether the message is shown; `None` leaves that to the next filter.
    fn decide(&self, gravity: Threshold, message: &str) -> Option<bool> {
        match self {
            Self::DenyAll => Some(false),
            Self::Match { level, accepts } => (*level == Some(gravity)).then_some(*accepts),
            Self::Range { min, max, accepts } => {
                let is_within =
                    min.is_none_or(|min| gravity >= min) && max.is_none_or(|max| gravity <= max);
                if is_within {
                    accepts.then_some(true)
                } else {
                    Some(false)
                }
            }
            Self::Text { text, accepts } => {
                let is_found = !text.is_empty() && message.contains(&**text);
                is_found.then_some(*accepts)
            }
        }
    }
}

/// Whether a message gets through: what the first filter says that says anything.
pub(super) fn passes(filters: &[Filter], gravity: Threshold, message: &str) -> bool {
    filters
        .iter()
        .find_map(|filter| filter.decide(gravity, message))
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(properties: &str) -> Vec<&'static str> {
        let mut complaints = Complaints::new("file");
        let filters = Filter::read_all(&Properties::parse(properties), &mut complaints);
        assert_eq!(complaints.into_lines(), [""; 0]);
        ["debug", "info", "warn", "error", "fatal"]
            .into_iter()
            .filter(|name| {
                let level = Threshold::of_configuration(name).expect("a level");
                passes(&filters, level, name)
            })
            .collect()
    }

    #[test]
    fn without_filters_everything_is_shown() {
        assert_eq!(shown("").len(), 5);
    }

    #[test]
    fn a_range_before_a_wall_shows_the_range() {
        let range = "filters.1=log4cplus::spi::LogLevelRangeFilter\nfilters.1.LogLevelMin=info\n\
                     filters.1.LogLevelMax=ERROR\nfilters.1.AcceptOnMatch=true\n\
                     filters.2=log4cplus::spi::DenyAllFilter";
        assert_eq!(shown(range), ["info", "warn", "error"]);
        let neutral = range.replace("true", "false");
        assert_eq!(shown(&neutral), [""; 0]);
    }

    #[test]
    fn one_level_or_a_text_is_shown_or_left_out() {
        let level = "filters.1=log4cplus::spi::LogLevelMatchFilter\nfilters.1.LogLevelToMatch=warn";
        assert_eq!(shown(level), ["debug", "info", "error", "fatal"]);
        let text = "filters.1=log4cplus::spi::StringMatchFilter\nfilters.1.StringToMatch=r\n\
                    filters.1.AcceptOnMatch=1\nfilters.2=log4cplus::spi::DenyAllFilter";
        assert_eq!(shown(text), ["warn", "error"]);
    }

    #[test]
    fn a_filter_that_is_not_there_is_complained_about_and_left_out() {
        let mut complaints = Complaints::new("file");
        let properties = Properties::parse("filters.1=x\nfilters.2=log4cplus::spi::DenyAllFilter");
        let filters = Filter::read_all(&properties, &mut complaints);
        assert_eq!(filters, [Filter::DenyAll]);
        assert!(complaints.into_lines()[0].contains("file:1: Cannot find FilterFactory: x"));
    }
}

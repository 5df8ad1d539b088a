//! Dates in the log: what `strftime` of C knows, and log4cplus' own `%q`, `%Q` and `%s`.

use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The name that C gives Greenwich's time.
const GREENWICH: &str = "GMT";

/// How a date is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateFormat {
    format: String,
    is_greenwich: bool,
}

impl DateFormat {
    /// The date in this format, in Greenwich's time or in local time.
    pub(super) fn new(format: &str, is_greenwich: bool) -> Self {
        Self {
            format: format.to_owned(),
            is_greenwich,
        }
    }

    /// The time as text; what is no date in it stays as it is.
    pub(super) fn text(&self, time: Timestamp, zone: &TimeZone) -> String {
        let zone = if self.is_greenwich {
            TimeZone::UTC
        } else {
            zone.clone()
        };
        let format = self.with_own(time);
        formatted(&format, &time.to_zoned(zone)).unwrap_or(format)
    }

    /// The format, with what `strftime` of C does not know already put in.
    fn with_own(&self, time: Timestamp) -> String {
        let mut format = String::with_capacity(self.format.len() * 2);
        let mut rest = self.format.chars();
        while let Some(character) = rest.next() {
            if character == '%' {
                format.push_str(&self.directive(rest.next(), time));
            } else {
                format.push(character);
            }
        }
        format
    }

    /// What stands for a percent sign and what follows it.
    fn directive(&self, character: Option<char>, time: Timestamp) -> String {
        let micros = time.subsec_nanosecond().unsigned_abs() / 1000;
        match character {
            None => "%%".to_owned(),
            Some('q') => format!("{:03}", micros / 1000),
            Some('Q') => format!("{:03}.{:03}", micros / 1000, micros % 1000),
            Some('s') => time.as_second().to_string(),
            Some('Z') if self.is_greenwich => GREENWICH.to_owned(),
            // Other numerals and calendars, of which the locale that programs start with has none.
            Some('E' | 'O') => "%".to_owned(),
            // Known to the library, not to C.
            Some(other @ ('f' | 'N' | 'i' | 'J')) => format!("%%{other}"),
            Some(other) => format!("%{other}"),
        }
    }
}

/// A date in C's format, in C's own locale.
pub(super) fn formatted(format: &str, time: &Zoned) -> Option<String> {
    let config = Config::new().custom(PosixCustom::new()).lenient(true);
    BrokenDownTime::from(time)
        .to_string_with_config(&config, format)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: &str, is_greenwich: bool) -> String {
        let time = Timestamp::new(1_700_000_000, 12_034_567).expect("a time");
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        DateFormat::new(format, is_greenwich).text(time, &zone)
    }

    #[test]
    fn dates_are_local_or_greenwich_s() {
        assert_eq!(
            text("%Y-%m-%d %H:%M:%S %Z", false),
            "2023-11-14 23:13:20 CET"
        );
        assert_eq!(
            text("%Y-%m-%d %H:%M:%S %Z", true),
            "2023-11-14 22:13:20 GMT"
        );
    }

    #[test]
    fn fractions_and_seconds_are_log4cplus_own() {
        assert_eq!(text("%s,%q,%Q", true), "1700000000,012,012.034");
    }

    #[test]
    fn c_s_own_locale_is_used() {
        assert_eq!(
            text("%c|%x|%X|%p", true),
            "Tue Nov 14 22:13:20 2023|11/14/23|22:13:20|PM"
        );
        assert_eq!(text("%Ey %Od", true), "23 14");
    }

    #[test]
    fn what_is_no_date_stays() {
        assert_eq!(text("a %! %f %", true), "a %! %f %");
        assert_eq!(text("", true), "");
    }
}

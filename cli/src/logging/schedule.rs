//! When a log file that is kept by time ends, and what it is called then.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, ToSpan as _, Unit, Zoned, ZonedRound};

use super::date::formatted;

/// How long a file is written to. Weeks begin on Sunday, as in log4cplus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    Monthly,
    Weekly,
    Daily,
    TwiceDaily,
    Hourly,
    Minutely,
}

impl Schedule {
    /// The schedule of a name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match &*name.to_ascii_uppercase() {
            "MONTHLY" => Self::Monthly,
            "WEEKLY" => Self::Weekly,
            "DAILY" => Self::Daily,
            "TWICE_DAILY" => Self::TwiceDaily,
            "HOURLY" => Self::Hourly,
            "MINUTELY" => Self::Minutely,
            _ => return None,
        })
    }

    /// What is put behind the name of the file of this time.
    pub(super) fn suffix(self, time: Timestamp, zone: &TimeZone) -> String {
        let format = match self {
            Self::Monthly => "%Y-%m",
            Self::Weekly => "%Y-%W",
            Self::Daily => "%Y-%m-%d",
            Self::TwiceDaily => "%Y-%m-%d-%p",
            Self::Hourly => "%Y-%m-%d-%H",
            Self::Minutely => "%Y-%m-%d-%H-%M",
        };
        let start = self.start(&time.to_zoned(zone.clone()));
        formatted(format, &start).unwrap_or_else(|| time.to_string())
    }

    /// When the time ends in which this moment lies.
    pub(super) fn end(self, time: Timestamp, zone: &TimeZone) -> Timestamp {
        let start = self.start(&time.to_zoned(zone.clone()));
        let length = match self {
            Self::Monthly => 1.month(),
            Self::Weekly => 1.week(),
            Self::Daily => 1.day(),
            Self::TwiceDaily => 12.hours(),
            Self::Hourly => 1.hour(),
            Self::Minutely => 1.minute(),
        };
        // At the end of all time there is no next file.
        start
            .checked_add(length)
            .map_or(Timestamp::MAX, |end| end.timestamp())
    }

    /// When the time began in which this moment lies. A clock that can't be set so stays.
    fn start(self, time: &Zoned) -> Zoned {
        let round = |unit| time.round(ZonedRound::new().smallest(unit).mode(RoundMode::Trunc));
        let midnight = |date: jiff::civil::Date| date.to_zoned(time.time_zone().clone());
        let start = match self {
            Self::Monthly => midnight(time.date().first_of_month()),
            Self::Weekly => {
                let days = time.weekday().to_sunday_zero_offset();
                time.date()
                    .checked_sub(i64::from(days).days())
                    .and_then(midnight)
            }
            Self::Daily => midnight(time.date()),
            Self::TwiceDaily => {
                let half = if time.hour() < 12 { 0 } else { 12 };
                let noon = Time::constant(half, 0, 0, 0);
                time.date()
                    .to_datetime(noon)
                    .to_zoned(time.time_zone().clone())
            }
            Self::Hourly => round(Unit::Hour),
            Self::Minutely => round(Unit::Minute),
        };
        start.unwrap_or_else(|_| time.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_has_its_end_and_its_name() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let time: Timestamp = "2024-02-29T14:05:09Z".parse().expect("a time");
        for (name, suffix, end) in [
            ("monthly", "2024-02", "2024-02-29T23:00:00Z"),
            ("WEEKLY", "2024-08", "2024-03-02T23:00:00Z"),
            ("daily", "2024-02-29", "2024-02-29T23:00:00Z"),
            ("twice_daily", "2024-02-29-PM", "2024-02-29T23:00:00Z"),
            ("hourly", "2024-02-29-15", "2024-02-29T15:00:00Z"),
            ("minutely", "2024-02-29-15-05", "2024-02-29T14:06:00Z"),
        ] {
            let schedule = Schedule::from_name(name).expect("a schedule");
            assert_eq!(schedule.suffix(time, &zone), suffix, "{name}");
            assert_eq!(schedule.end(time, &zone).to_string(), end, "{name}");
        }
        assert_eq!(Schedule::from_name("yearly"), None);
    }

    #[test]
    fn a_day_on_which_clocks_change_ends_at_midnight() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let time: Timestamp = "2024-03-31T00:30:00Z".parse().expect("a time");
        let end = Schedule::Daily.end(time, &zone);
        assert_eq!(end.to_string(), "2024-03-31T22:00:00Z");
    }
}

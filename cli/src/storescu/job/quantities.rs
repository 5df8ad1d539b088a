//! Numbers as people read them. Bytes have decimal units, as `--rate` and the load generator have.

use std::time::Duration;

/// The units of bytes, each a thousand of the one before.
const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// `999 B`, `1.23 kB`, `12.3 MB`, `512 MB`: three digits that count.
pub(super) fn bytes(count: u64) -> String {
    let (mut scale, mut unit) = (1_u64, 0);
    while count / scale >= 1000 {
        scale *= 1000;
        unit += 1;
    }
    let name = UNITS[unit];
    let whole = count / scale;
    let decimals = match (unit, whole) {
        (0, _) | (_, 100..) => return format!("{whole} {name}"),
        (_, 10..) => 1,
        _ => 2,
    };
    let divisor = scale / 10_u64.pow(decimals);
    let digits = count / divisor % 10_u64.pow(decimals);
    let width = decimals as usize;
    format!("{whole}.{digits:0width$} {name}")
}

/// `less than 1 s`, `23 s`, `4 min 10 s`, `2 h 13 min`, `3 d 4 h`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0 => "less than 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits_and_decimal_units() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (1_050_000, "1.05 MB"),
            (12_345_678, "12.3 MB"),
            (512_999_999, "512 MB"),
            (40_000_000_000, "40.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "less than 1 s"),
            (59, "59 s"),
            (250, "4 min 10 s"),
            (8000, "2 h 13 min"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(time(Duration::from_secs(seconds)), text);
        }
    }
}

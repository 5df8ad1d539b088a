use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::Threshold;
use super::*;

fn shown(pattern: &str) -> (String, Vec<String>) {
    let mut complaints = Complaints::new("file");
    let pattern = Pattern::parse(pattern, 9, &mut complaints);
    let process = Process {
        started: Timestamp::UNIX_EPOCH,
        zone: TimeZone::UTC,
        host: "host".to_owned(),
        id: 7,
    };
    let record = Record {
        time: Timestamp::from_millisecond(61_234).expect("a time"),
        logger: "dcmtk.apps.storescu",
        gravity: Threshold::Info,
        message: "message",
        file: "a/b.rs",
        line: Some(3),
        module: "x::y",
    };
    let mut text = String::new();
    pattern.put(&record, &process, &mut text);
    (text, complaints.into_lines())
}

#[test]
fn each_conversion_shows_its_part() {
    for (pattern, expected) in [
        ("%P: %m%n", "I: message\n"),
        (
            "%p %c %c{1} %c{2} %c{9}",
            "INFO dcmtk.apps.storescu storescu apps.storescu dcmtk.apps.storescu",
        ),
        ("%F %b %L %l %M", "a/b.rs b.rs 3 a/b.rs:3 x::y"),
        ("%i %h %H %r", "7 host host 61234"),
        ("<%x%X%X{key}>", "<>"),
        ("%d %d{%S.%q} %D{%M}", "1970-01-01 00:01:01 01.234 01"),
        ("100%% %", "100% %"),
    ] {
        assert_eq!(shown(pattern), (expected.to_owned(), vec![]), "{pattern}");
    }
}

#[test]
fn a_thread_has_a_name_and_a_number() {
    let (text, _) = shown("%t %T");
    assert_eq!(text, format!("{} {}", thread_name(), thread_number()));
}

#[test]
fn fields_are_filled_with_blanks_and_cut_at_their_beginning() {
    for (pattern, expected) in [
        ("[%10m]", "[   message]"),
        ("[%-10m]", "[message   ]"),
        ("[%.3m]", "[age]"),
        ("[%2m]", "[message]"),
        // What is cut is not filled, as in log4cplus.
        ("[%-5.3m]", "[age]"),
        ("[%5.3p]", "[NFO]"),
    ] {
        assert_eq!(shown(pattern), (expected.to_owned(), vec![]), "{pattern}");
    }
}

#[test]
fn what_is_no_conversion_stays_and_is_complained_about_with_its_line() {
    for (pattern, expected, why) in [
        ("%y %m", "%y message", "there is no conversion 'y'"),
        (
            "%3.x%m",
            "%3.xmessage",
            "a digit is expected behind the point, not 'x'",
        ),
        ("%5%|", "%5%|", "there is no conversion '%'"),
        ("%m%5", "message%5", "a conversion has no character"),
        ("%m%d{%H", "message%d{%H", "a brace is not closed"),
    ] {
        let (text, complaints) = shown(pattern);
        assert_eq!(text, expected, "{pattern}");
        let line = format!("log4cplus:ERROR file:9: {why} in the conversion pattern\n");
        assert_eq!(complaints, [line], "{pattern}");
    }
}

#[test]
fn a_field_is_no_wider_than_a_line_needs() {
    let (text, _) = shown("%99999999999999999999m");
    assert_eq!(text.len(), WIDTH_MAX);
    let (text, _) = shown("%.99999999999999999999m");
    assert_eq!(text, "message");
}

#[test]
fn a_name_is_cut_from_its_beginning() {
    for (count, expected) in [
        (0, "a.b.c"),
        (1, "c"),
        (2, "b.c"),
        (3, "a.b.c"),
        (4, "a.b.c"),
    ] {
        assert_eq!(last_parts("a.b.c", count), expected, "{count}");
    }
    assert_eq!(last_parts("a.", 1), "");
    assert_eq!(last_parts("", 1), "");
}

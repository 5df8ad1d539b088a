use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::measure::Acknowledged;

/// A run of three seconds: a hundred objects of 1 MB, the n-th with a latency of n milliseconds.
fn results() -> Results {
    let mut record = Record::new(Duration::ZERO, false);
    for number in 1..=100_u64 {
        record.acknowledged(&Acknowledged {
            number,
            bytes: 1_000_000,
            with_warning: false,
            phases: Phases {
                waiting: Duration::from_millis(number / 2),
                sending: Duration::ZERO,
                answering: Duration::from_millis(number - number / 2),
            },
            at: Duration::from_millis(number * 20),
        });
    }
    record.failed("status 0xA700", 2, Duration::from_secs(2));
    record.associations = 4;
    let effort = Effort {
        cpu: Duration::from_millis(50),
        wall: Duration::from_secs(2),
    };
    let options = BTreeMap::from([("associations".to_owned(), "4".to_owned())]);
    Results::new(&record, effort, options)
}

fn is_about(value: f64, expected: f64) -> bool {
    (value / expected - 1.0).abs() < 1e-6
}

fn is_met(text: &str) -> bool {
    let expectation: Expectation = text.parse().expect("an expectation");
    expectation.is_met(&results())
}

#[test]
fn rates_and_latencies_are_those_of_the_run() {
    let results = results();
    assert!(is_about(results.throughput(), 50e6));
    assert!(is_about(results.rate(), 50.0));
    assert!(
        results
            .cpu_s_per_gb()
            .is_some_and(|cost| is_about(cost, 0.5))
    );
    let p99 = results.percentile_ms(99.0).expect("reported");
    assert!((98.9..99.2).contains(&p99), "{p99}");
    assert!(
        results
            .latency()
            .is_some_and(|latency| (latency.max_ms - 100.0).abs() < 0.2)
    );
    assert!(is_about(results.phases.waiting_s, 2.5));
}

#[test]
fn json_is_read_as_it_was_written() {
    let mut results = results();
    results.faults.push(FaultCounts {
        fault: "stall".to_owned(),
        made: 2,
        left_out: 0,
        outcomes: BTreeMap::from([("acknowledged".to_owned(), 2)]),
    });
    results.verification = Some(Verification::default());
    results.observe(&Observation {
        receiver_cpu: Some(Duration::from_millis(10)),
        system_cpu: Duration::from_millis(90),
        sync: Some(Duration::from_secs(1)),
    });
    assert!(
        results
            .table()
            .contains("stable         after 3.00 s, 33.3 MB/s")
    );
    let read = Results::parse(&results.to_json(), Path::new("a.json"));
    assert_eq!(read.expect("readable"), results);
}

fn dcmtk() -> Implementation {
    Implementation {
        class_uid: "1.2.276.0.7230010.3.0.3.6.7".to_owned(),
        version_name: "OFFIS_DCMTK_367".to_owned(),
    }
}

#[test]
fn results_without_a_receiver_are_read_and_told_from_those_with_one() {
    let old = results();
    let without = old.to_json().replace("  \"receivers\": [],\n", "");
    assert!(!without.contains("receivers"), "{without}");
    let read = Results::parse(&without, Path::new("a.json")).expect("readable");
    assert_eq!(read, old);
    assert!(!read.table().contains("receiver"));

    let mut new = results();
    new.receivers.push(dcmtk());
    let read = Results::parse(&new.to_json(), Path::new("b.json")).expect("readable");
    assert_eq!(read, new);
    let text = compare(&old, &new, &|_, _| None);
    let line = "  receiver: not noted / OFFIS_DCMTK_367 (1.2.276.0.7230010.3.0.3.6.7)\n";
    assert!(text.contains(line), "{text}");
    let table = new.table();
    assert!(
        table.starts_with("receiver       OFFIS_DCMTK_367 (1.2."),
        "{table}"
    );
}

#[test]
fn results_of_another_version_and_other_files_are_refused_with_a_reason() {
    let other = results()
        .to_json()
        .replacen("\"format\": 1", "\"format\": 2", 1);
    let error = Results::parse(&other, Path::new("old.json")).expect_err("format 2");
    assert!(
        error
            .to_string()
            .starts_with("old.json has results in format 2, and this program")
    );
    let cut = &results().to_json()[..300];
    for text in ["", "[]", "{}", "{\"format\":1}", "{\"format\":\"1\"}", cut] {
        let error = Results::parse(text, Path::new("x")).expect_err("no results");
        assert!(
            matches!(error, ReadError::Malformed { .. }),
            "{text}: {error}"
        );
    }
    let missing = Results::read(Path::new("/nowhere/a.json")).expect_err("no file");
    assert!(
        missing
            .to_string()
            .starts_with("cannot read /nowhere/a.json: ")
    );
}

#[test]
fn what_has_no_end_or_is_no_file_is_not_read() {
    let home = tempfile::tempdir().expect("a directory");
    for path in [Path::new("/dev/zero"), home.path()] {
        let error = Results::read(path).expect_err("no file").to_string();
        assert!(error.contains("is no regular file: give a file"), "{error}");
    }
    let long = home.path().join("long");
    let sparse = std::fs::File::create(&long).expect("created");
    sparse.set_len(u64::from(u32::MAX)).expect("a sparse file");
    let error = Results::read(&long).expect_err("too long");
    assert!(matches!(error, ReadError::TooLong(_)), "{error}");
    let read = |bytes_max| file::read_bounded(&b"text"[..], bytes_max).expect("memory");
    assert_eq!((read(4).as_deref(), read(3)), (Some("text"), None));
}

#[test]
fn expectations_are_met_or_not() {
    for met in [
        "p99<100ms",
        "p99 < 0.1 s",
        "p50<=51ms",
        "max<101ms",
        "mean>50ms",
        "throughput>49MB/s",
        "throughput<0.051GB/s",
        "rate>=49",
        "rate<51/s",
        "failures=2",
        "objects=100",
        "warnings=0",
        "cpu<0.6s/GB",
    ] {
        assert!(is_met(met), "{met}");
    }
    for missed in [
        "p99<50ms",
        "p99<90000us",
        "throughput>1GB/s",
        "failures=0",
        "cpu<0.4",
    ] {
        assert!(!is_met(missed), "{missed}");
    }
}

#[test]
fn expectations_that_cannot_be_understood_say_why() {
    let error = |text: &str| text.parse::<Expectation>().expect_err(text);
    assert!(matches!(error("p99"), ExpectationError::NoRelation(_)));
    for text in ["p98<1ms", "speed>1", "p<1ms", "<1", "p1e1<1ms "] {
        // The last but one names nothing, the last is ten percent, oddly written.
        if let Err(error) = text.parse::<Expectation>() {
            assert!(matches!(error, ExpectationError::Metric(_)), "{text}");
        }
    }
    for text in [
        "p99<50",
        "p99<ms",
        "throughput>1GB",
        "failures=0ms",
        "p99<-1ms",
        "p99<1.2.3ms",
    ] {
        assert!(
            matches!(error(text), ExpectationError::Value { .. }),
            "{text}"
        );
    }
}

/// A run whose objects were all refused, after 10 ms of work.
fn refused() -> Results {
    let mut record = Record::new(Duration::ZERO, false);
    record.failed("status 0xA700", 5, Duration::from_secs(1));
    let effort = Effort {
        cpu: Duration::from_millis(10),
        wall: Duration::from_secs(1),
    };
    Results::new(&record, effort, BTreeMap::new())
}

#[test]
fn a_run_without_any_acknowledged_object_has_no_latency_and_has_failed() {
    let refused = refused();
    assert!(refused.is_failure() && !results().is_failure());
    let json = refused.to_json();
    for text in [r#""latency": null"#, r#""latency_mean_ms": null"#] {
        assert!(json.contains(text), "{text} in\n{json}");
    }
    assert_eq!(
        Results::parse(&json, Path::new("a.json")).expect("readable"),
        refused
    );
    let table = refused.table();
    for text in [
        "latency        nothing was measured\n",
        "mean object    -\n",
        "sender's CPU   0.01 s, - s/GB, busy 1 %\n",
    ] {
        assert!(table.contains(text), "{text} in\n{table}");
    }
}

#[test]
fn faults_alone_are_no_failed_run() {
    let record = Record::new(Duration::ZERO, false);
    let mut results = Results::new(&record, Effort::default(), BTreeMap::new());
    assert!(results.is_failure(), "nothing was done");
    results.faults.push(FaultCounts {
        made: 3,
        ..FaultCounts::default()
    });
    assert!(!results.is_failure());
}

#[test]
fn a_comparison_has_no_figures_and_no_change_for_what_was_not_measured() {
    // As a program wrote it that had zeros there.
    let mut zeros = refused();
    zeros.latency = Some(Latency {
        percentiles: vec![Percentile {
            percent: 99.0,
            ms: 0.0,
        }],
        ..Latency::default()
    });
    for b in [refused(), zeros] {
        let text = compare(&results(), &b, &|_, _| None);
        for name in ["latency mean", "latency p99 ", "latency max", "sender s/GB"] {
            let row = text.lines().find(|line| line.starts_with(name));
            let words: Vec<_> = row.expect(name).split_whitespace().collect();
            assert!(words.ends_with(&["-", "-"]), "{text}");
        }
        let failed = text.lines().find(|line| line.starts_with("failed"));
        assert!(
            failed.is_some_and(|row| row.ends_with("+150.0 %")),
            "{text}"
        );
    }
}

#[test]
fn nothing_is_as_expected_when_nothing_was_measured() {
    let record = Record::new(Duration::ZERO, false);
    let empty = Results::new(&record, Effort::default(), BTreeMap::new());
    for text in ["p99<50ms", "throughput<1GB/s", "mean<1s", "cpu<1"] {
        let expectation: Expectation = text.parse().expect("an expectation");
        assert!(!expectation.is_met(&empty), "{text}");
        assert_eq!(expectation.found(&empty), "nothing was measured");
    }
    assert!(empty.table().contains("nothing was measured"));
    assert!(svg(&empty).is_ok());
}

#[test]
fn a_comparison_shows_the_change_and_the_conditions_that_differ() {
    let a = results();
    let mut b = results();
    b.totals.measured_s *= 2.0;
    b.options.insert("async-ops".to_owned(), "16".to_owned());
    let text = compare(&a, &b, &|_, _| None);
    let throughput = text.lines().find(|line| line.starts_with("throughput"));
    assert!(
        throughput.is_some_and(|line| line.ends_with("-50.0 %")),
        "{text}"
    );
    assert!(text.contains("async-ops: not given / 16"), "{text}");
    b.options.insert("json".to_owned(), "b.json".to_owned());
    let text = compare(&a, &b, &|_, name| (name == "async-ops").then_some("1"));
    assert!(text.contains("async-ops: 1 / 16"), "{text}");
    assert!(!text.contains("json"), "{text}");
    assert!(!text.contains("kernel"), "{text}");
    assert!(compare(&a, &a, &|_, _| None).contains("are the same"));
}

#[test]
fn the_table_shows_rate_latency_failures_and_where_time_went() {
    let table = results().table();
    for text in [
        "50.0 objects/s, 50.0 MB/s",
        "p99 99.",
        "2 x status 0xA700",
        "waiting 25.0 ms",
    ] {
        assert!(table.contains(text), "{text} in\n{table}");
    }
}

#[test]
fn percentiles_of_too_few_objects_are_left_out() {
    let results = results();
    assert!(results.telling_percentile_ms(99.0).is_some());
    assert!(results.telling_percentile_ms(99.9).is_none());
    assert!(results.telling_percentile_ms(100.0).is_some());
    let table = results.table();
    assert!(table.contains("p99.9 -, p99.99 -, max 100"), "{table}");
}

#[test]
fn the_picture_has_both_curves() {
    let text = svg(&results()).expect("drawn");
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
    let curves = text.lines().filter(|line| line.starts_with("<polyline"));
    let of_color = |color| curves.clone().filter(|line| line.contains(color)).count();
    assert_eq!((of_color("#0000FF"), of_color("#FF0000")), (1, 1));
}

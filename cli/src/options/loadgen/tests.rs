//! The table as a whole, and each working option on its own.

use super::*;
use crate::loadgen::Source;
use crate::options::checks;

/// Options that are written and judged as in DCMTK's tools: short name, long name, number of
/// values, group.
const REFERENCE: &str = "\
-h --help 0 -
- --version 0 -
- --arguments 0 -
-q --quiet 0 log-verbosity
-v --verbose 0 log-verbosity
-d --debug 0 log-verbosity
-ll --log-level 1 -
-lc --log-config 1 -
-i4 --ipv4 0 ip-version
-i6 --ipv6 0 ip-version
-i0 --ip-auto 0 ip-version
-aet --aetitle 1 -
-aec --call 1 -
-to --timeout 1 -
-ts --socket-timeout 1 -
-ta --acse-timeout 1 -
-td --dimse-timeout 1 -
-pdu --max-pdu 1 -
- --max-send-pdu 1 -";

const OURS: &[&str] = &[
    "--corpus",
    "--size",
    "--files",
    "--transfer-syntax",
    "--count",
    "--duration",
    "--warm-up",
    "--associations",
    "--async-ops",
    "--arrival-rate",
    "--fixed-arrivals",
    "--ramp",
    "--per-object",
    "--fault",
    "--seed",
    "--receiver-pid",
    "--sync",
    "--json",
    "--plot",
    "--expect",
    "--verify",
];

checks::table_tests!(TOOL, REFERENCE, OURS);

fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    checks::assert_notes(&TOOL, long, value, &[], change);
}

#[test]
fn our_own_numbers_and_no_others_tell_their_range() {
    checks::ranges_are_told_by(&TOOL, OURS);
}

#[test]
fn the_last_source_of_objects_counts() {
    assert_notes("--corpus", &["ct"], |typed| {
        typed.source = Some(Source::Mix("ct"));
    });
    assert_notes("--size", &["8K"], |typed| {
        typed.source = Some(Source::Size(8192));
    });
    assert_notes("--files", &["dir"], |typed| {
        typed.source = Some(Source::Files("dir".into()));
    });
    let typed = checks::read(&TOOL, &["--size", "8K", "--corpus", "sr"]).expect("legal");
    assert_eq!(typed.source, Some(Source::Mix("sr")));
}

#[test]
fn files_have_a_transfer_syntax_of_their_own() {
    assert_notes("--transfer-syntax", &["JPEGBaseline"], |typed| {
        typed.syntax = Some("JPEGBaseline".into());
    });
    let words = ["--files", "dir", "--transfer-syntax", "JPEGBaseline"];
    let error = checks::read(&TOOL, &words).expect_err("a contradiction");
    assert_eq!(error.text, "--transfer-syntax not allowed with --files");
}

#[test]
fn length_and_load() {
    assert_notes("--count", &["5"], |typed| typed.count = Some(5));
    assert_notes("--duration", &["5"], |typed| {
        typed.duration_seconds = Some(5);
    });
    assert_notes("--warm-up", &["5"], |typed| {
        typed.warm_up_seconds = Some(5);
    });
    assert_notes("--associations", &["5"], |typed| {
        typed.sending.associations = Some(5);
    });
    assert_notes("--async-ops", &["5"], |typed| {
        typed.sending.async_ops = Some(5);
    });
    assert_notes("--max-send-pdu", &["4096"], |typed| {
        typed.sending.max_send_pdu_bytes = Some(4096);
    });
    assert_notes("--arrival-rate", &["5"], |typed| {
        typed.arrival_rate = Some(5);
    });
    let open_loop = &["--arrival-rate", "5"];
    checks::assert_notes(&TOOL, "--fixed-arrivals", &[], open_loop, |typed| {
        typed.fixed_arrivals = true;
    });
    assert_notes("--ramp", &["5"], |typed| typed.ramp_seconds = Some(5));
    assert_notes("--per-object", &[], |typed| typed.per_object = true);
}

#[test]
fn faults_and_expectations_add_up() {
    let words = [
        "--fault", "a=1", "--fault", "b=2", "--expect", "x", "--expect", "y",
    ];
    let typed = checks::read(&TOOL, &words).expect("legal");
    assert_eq!(typed.faults, ["a=1", "b=2"]);
    assert_eq!(typed.expectations, ["x", "y"]);
    checks::assert_notes(&TOOL, "--seed", &["7"], &["--fault", "a=1"], |typed| {
        typed.seed = Some(7);
    });
}

#[test]
fn what_is_looked_at_and_where_results_go() {
    assert_notes("--receiver-pid", &["7"], |typed| {
        typed.receiver_pid = Some(7);
    });
    assert_notes("--sync", &["d"], |typed| typed.sync = Some("d".into()));
    assert_notes("--json", &["f"], |typed| typed.json = Some("f".into()));
    assert_notes("--plot", &["f"], |typed| typed.plot = Some("f".into()));
    assert_notes("--verify", &["d"], |typed| typed.verify = Some("d".into()));
}

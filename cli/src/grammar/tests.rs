//! The grammar on a small table of its own.

use super::*;
use crate::options::{Manual, Section, entry};

#[derive(Debug, Default, PartialEq)]
struct Notes(Vec<String>);

const fn number(min: i64, max: i64) -> Argument {
    Argument {
        name: "number",
        kind: Kind::Unsigned { min, max },
    }
}

static SECTION: Section<Notes> = Section {
    title: "options",
    entries: &[
        entry("--help", "s", "d").short("-h").answers(Answer::Help),
        entry("--left", "s", "d")
            .short("+l")
            .group("side")
            .works(|n, _| n.0.push("left".into())),
        entry("--right", "s", "d")
            .short("-r")
            .group("side")
            .works(|n, _| n.0.push("right".into())),
        entry("--pair", "s", "d")
            .short("-p")
            .takes(&[number(1, 9), number(0, 5)])
            .works(|n, v| {
                n.0.push(format!("pair {} {}", v[0].number(), v[1].number()));
            }),
        entry("--text", "s", "d")
            .short("-te")
            .takes(&[Argument {
                name: "text",
                kind: Kind::Text,
            }])
            .works(|n, v| n.0.push(format!("text {}", v[0].text().display()))),
        entry("--wait", "s", "d")
            .takes(&[Argument {
                name: "seconds",
                kind: Kind::Signed { min: -1, max: 100 },
            }])
            .works(|n, v| n.0.push(format!("wait {}", v[0].number()))),
        entry("--size", "s", "d")
            .takes(&[Argument {
                name: "size",
                kind: Kind::Size { min: 1, max: 4096 },
            }])
            .tells_range()
            .works(|n, v| n.0.push(format!("size {}", v[0].number()))),
        entry("--each", "s", "d")
            .takes(&[number(1, 9)])
            .repeats()
            .works(|n, v| n.0.push(format!("each {}", v[0].number()))),
        entry("--needs", "s", "d")
            .requires(&["--left", "--right", "--pair"])
            .works(|_, _| {}),
        entry("--rival", "s", "d")
            .conflicts(&[&["--left", "--pair"]])
            .works(|_, _| {}),
        entry("--later", "s", "d")
            .short("+la")
            .not_yet("it is not built"),
        entry("--never", "s", "d").refused("it makes no sense"),
    ],
};

static TOOL: Tool<Notes> = Tool {
    name: "tool",
    has_link: true,
    title: "title",
    description: "description",
    usage: "[options] [port]",
    helps_when_empty: true,
    parameters: &[("port", "port")],
    takes_files: false,
    manual: &Manual {
        sections: &[],
        exit_status: "",
        files: &[],
        examples: &[],
    },
    sections: &[&SECTION],
};

fn read(words: &[&str]) -> Result<CommandLine<Notes>, UsageError> {
    parse(&TOOL, words.iter().map(OsString::from).collect())
}

fn notes(words: &[&str]) -> Result<Vec<String>, UsageError> {
    let mut notes = Notes::default();
    read(words)?.apply_to(&mut notes)?;
    Ok(notes.0)
}

fn error(words: &[&str]) -> (String, Stage) {
    let error = notes(words).expect_err("this command line is wrong");
    (error.text, error.stage)
}

fn judged(text: &str) -> (String, Stage) {
    (text.to_owned(), Stage::Judging)
}

#[test]
fn parameters_and_options_may_be_mixed() {
    let line = read(&["-r", "11112", "--wait", "5"]).expect("legal");
    assert_eq!(line.parameters(&["port"], 1), Ok(&["11112".into()][..]));
    assert!(line.is_selected("--right") && line.is_selected("--wait"));
}

#[test]
fn a_sign_and_a_digit_or_a_lone_sign_are_parameters() {
    for word in ["-5", "+5", "-", "+", "", "@"] {
        let line = read(&[word]).expect("legal");
        assert_eq!(
            line.parameters(&["port"], 1),
            Ok(&[word.into()][..]),
            "{word:?}"
        );
    }
}

#[test]
fn double_dash_abbreviations_and_bundles_are_unknown() {
    for word in ["--", "--he", "-rh", "-x"] {
        let expected = (format!("Unknown option {word}"), Stage::Reading);
        assert_eq!(error(&[word]), expected);
    }
}

#[test]
fn an_unknown_option_may_have_been_meant_otherwise() {
    for (word, hint) in [
        ("--text=a", "a value is an argument of its own: --text a"),
        ("--left=", "--left takes no value"),
        ("--rigt", "did you mean --right?"),
        ("-right", "did you mean --right?"),
    ] {
        let expected = (format!("Unknown option {word}; {hint}"), Stage::Reading);
        assert_eq!(error(&[word]), expected);
    }
}

#[test]
fn values_are_the_next_arguments_even_when_they_look_like_options() {
    assert_eq!(notes(&["-te", "--right"]), Ok(vec!["text --right".into()]));
    assert_eq!(notes(&["-p", "1", "2"]), Ok(vec!["pair 1 2".into()]));
}

#[test]
fn a_missing_value_is_reported_by_the_long_name() {
    let expected = ("Missing value for option --pair".to_owned(), Stage::Reading);
    assert_eq!(error(&["-p", "1"]), expected);
}

#[test]
fn the_rightmost_of_a_group_and_of_a_repeated_option_counts() {
    assert_eq!(notes(&["+l", "-r"]), Ok(vec!["right".into()]));
    assert_eq!(notes(&["+l", "-r", "+l"]), Ok(vec!["left".into()]));
    assert_eq!(
        notes(&["--wait", "0x", "--wait", "7"]),
        Ok(vec!["wait 7".into()])
    );
    assert_eq!(
        notes(&["--wait", "nonsense", "--wait", "7"]),
        Ok(vec!["wait 7".into()])
    );
}

#[test]
fn numbers_out_of_range_are_underflows_and_overflows() {
    for (words, text) in [
        (
            ["--wait", "-2"],
            "Invalid value for option --wait (underflow: -2)",
        ),
        (
            ["--wait", "101x"],
            "Invalid value for option --wait (overflow: 101x)",
        ),
        (["--wait", "abc"], "Invalid value for option --wait (abc)"),
        (["--wait", ""], "Invalid value for option --wait"),
        (
            ["--size", "0"],
            "Invalid value for option --size (underflow: 0) [1..4K]",
        ),
        (
            ["--size", "5K"],
            "Invalid value for option --size (overflow: 5K) [1..4K]",
        ),
        (
            ["--size", "1KB"],
            "Invalid value for option --size (1KB: did you mean 1K?) [1..4K]",
        ),
        (
            ["--size", "x"],
            "Invalid value for option --size (x: a number of bytes expected, with K, M or G if you \
             like) [1..4K]",
        ),
    ] {
        assert_eq!(error(&words), judged(text));
    }
    assert_eq!(
        error(&["-p", "1", "-1"]),
        judged("Invalid value for option --pair (-1)")
    );
    assert_eq!(
        error(&["-p", "0x5", "1"]),
        judged("Invalid value for option --pair (underflow: 0x5)")
    );
    assert_eq!(notes(&["--wait", "0x10"]), Ok(vec!["wait 16".into()]));
    assert_eq!(notes(&["--size", "4K"]), Ok(vec!["size 4096".into()]));
}

#[test]
fn requirements_and_rivals_are_named() {
    let text = "--needs only allowed with --left, --right or --pair";
    assert_eq!(error(&["--needs"]), judged(text));
    assert!(notes(&["--needs", "-r"]).is_ok());
    assert_eq!(
        error(&["--rival", "+l"]),
        judged("--rival not allowed with --left or --pair")
    );
    assert!(
        notes(&["--rival", "+l", "-r"]).is_ok(),
        "a replaced member is no rival"
    );
}

#[test]
fn a_refused_option_says_why() {
    for (word, names, why) in [
        ("--later", "+la (--later)", "it is not built"),
        ("+la", "+la (--later)", "it is not built"),
        ("--never", "--never", "it makes no sense"),
    ] {
        let text = format!("option {names} is not supported: {why}");
        assert_eq!(error(&[word]), (text, Stage::Refusal));
    }
}

#[test]
fn parameters_are_counted_and_the_first_that_is_missing_is_named() {
    let count = |words: &[&str], most| {
        let line = read(words).expect("split");
        line.parameters(&["peer", "port"], most)
            .map(<[_]>::len)
            .map_err(|error| {
                assert_eq!(error.stage, Stage::Reading);
                error.text
            })
    };
    assert_eq!(count(&["-r"], 2), Err("Missing parameter peer".to_owned()));
    assert_eq!(count(&["a"], 2), Err("Missing parameter port".to_owned()));
    assert_eq!(count(&["a", "b"], 2), Ok(2));
    assert_eq!(
        count(&["a", "b", "c"], 2),
        Err("Too many parameters".to_owned())
    );
    assert_eq!(count(&["a", "b", "c"], usize::MAX), Ok(3));
}

#[test]
fn of_an_option_that_repeats_each_time_counts_of_others_the_last() {
    assert_eq!(
        notes(&["--each", "1", "--text", "a", "--each", "2", "--text", "b"]),
        Ok(vec!["text b".into(), "each 1".into(), "each 2".into()])
    );
    assert_eq!(
        error(&["--each", "x", "--each", "2"]),
        judged("Invalid value for option --each (x)")
    );
}

#[test]
fn the_expanded_line_has_long_names_and_keeps_values() {
    let line = read(&["-r", "-te", "-x", "1"]).expect("legal");
    assert_eq!(line.expanded(), ["--right", "--text", "-x", "1"]);
    assert_eq!(
        read(&["1", "-h"]).expect("legal").answer(),
        Some(Answer::Help)
    );
}

#[test]
fn a_command_file_that_is_missing_is_an_error() {
    let (text, stage) = error(&["@/no/such/file"]);
    assert!(
        text.starts_with("Cannot open command file '/no/such/file'"),
        "{text}"
    );
    assert_eq!(stage, Stage::Reading);
}

#[test]
fn a_port_is_read_as_dcmtk_reads_it() {
    let port = |text: &str| port(OsStr::new(text)).map_err(|error| error.text);
    assert_eq!(port("5000x"), Ok(5000));
    assert_eq!(port("+5"), Ok(5));
    assert_eq!(port("65535"), Ok(65535));
    for (text, error) in [
        ("0", "Invalid parameter value 0 (underflow)"),
        ("65536", "Invalid parameter value 65536 (overflow)"),
        ("-5", "Invalid parameter value -5 (overflow)"),
        ("abc", "Invalid parameter value abc"),
        ("", "Invalid parameter value "),
    ] {
        assert_eq!(port(text), Err(error.to_owned()));
    }
}

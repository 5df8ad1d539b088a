//! The table as a whole, and each working option on its own.

use std::collections::HashSet;
use std::ffi::OsString;

use super::*;
use crate::grammar::{self, Stage, UsageError};
use crate::logging::Threshold;
use crate::options::{Argument, Effect, Entry, Kind};

/// DCMTK's options: short name, long name, number of values, group.
const REFERENCE: &str = include_str!("../../../tests/fixtures/storescp_options.txt");

/// The options that DCMTK does not have.
const OURS: &[&str] = &[
    "--workers",
    "--drain-timeout",
    "--max-ops",
    "--durability",
    "--on-duplicate",
    "--writers",
    "--landing-memory",
];

fn find(long: &str) -> &'static Entry<Typed> {
    TOOL.entries()
        .find(|entry| entry.long == long)
        .expect("the table has this option")
}

fn read(words: &[&str]) -> Result<Typed, UsageError> {
    let mut typed = Typed::default();
    grammar::parse(&TOOL, words.iter().map(OsString::from).collect())?.apply_to(&mut typed)?;
    Ok(typed)
}

/// The option, by each of its names and with this value, changes what `change` changes and
/// nothing else.
fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    let mut expected = Typed::default();
    change(&mut expected);
    for name in find(long).short.into_iter().chain([long]) {
        let words: Vec<_> = [&[name], value].concat();
        assert_eq!(read(&words).as_ref(), Ok(&expected), "{name}");
    }
}

/// A value that suits an argument.
fn sample(argument: &Argument) -> String {
    match argument.kind {
        Kind::Text | Kind::Path | Kind::Rate => "x".to_owned(),
        Kind::Signed { min, .. } | Kind::Unsigned { min, .. } | Kind::Size { min, .. } => {
            min.to_string()
        }
        Kind::Choice(words) | Kind::LogLevel(words) => words[0].to_owned(),
    }
}

fn words_of(entry: &Entry<Typed>, name: &str) -> Vec<String> {
    [name.to_owned()]
        .into_iter()
        .chain(entry.arguments.iter().map(sample))
        .collect()
}

mod table {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let mut seen = HashSet::new();
        for entry in TOOL.entries() {
            for name in entry.short.into_iter().chain([entry.long]) {
                assert!(seen.insert(name), "{name}");
            }
        }
    }

    #[test]
    fn every_option_of_dcmtk_is_there_with_its_names_values_and_group() {
        let named = |text: &'static str| Some(text).filter(|text| *text != "-");
        let mut count = 0;
        for row in REFERENCE.lines().filter(|row| !row.starts_with('#')) {
            let [short, long, values, group] = row.split(' ').collect::<Vec<_>>()[..] else {
                panic!("four columns in {row}");
            };
            let entry = find(long);
            assert_eq!(entry.short, named(short), "{long}");
            assert_eq!(entry.arguments.len().to_string(), values, "{long}");
            assert_eq!(entry.group, named(group), "{long}");
            count += 1;
        }
        assert_eq!(count + OURS.len(), TOOL.entries().count());
        assert!(OURS.iter().all(|long| find(long).short.is_none()));
    }

    #[test]
    fn every_option_is_documented() {
        for entry in TOOL.entries() {
            let name = entry.long;
            assert!(
                entry.summary.len() > 8 && entry.summary.len() <= 60,
                "{name}"
            );
            assert!(!entry.summary.ends_with('.'), "{name}");
            assert!(
                entry.details.len() > 20 && entry.details.ends_with('.'),
                "{name}"
            );
            assert!(!entry.details.contains("  "), "{name}");
        }
    }

    #[test]
    fn names_have_the_form_that_the_grammar_takes() {
        for entry in TOOL.entries() {
            assert!(
                entry.long.starts_with("--") && entry.long.len() > 3,
                "{}",
                entry.long
            );
            if let Some(short) = entry.short {
                let rest = short.strip_prefix(['-', '+']).expect("a sign");
                assert!(!rest.is_empty() && !rest.starts_with(['-', '+']), "{short}");
                assert!(!rest.starts_with(|c: char| c.is_ascii_digit()), "{short}");
            }
        }
    }

    #[test]
    fn whatever_an_entry_refers_to_exists() {
        for entry in TOOL.entries() {
            for long in entry
                .requires
                .iter()
                .chain(entry.conflicts.iter().copied().flatten())
            {
                assert_ne!(find(long).long, entry.long);
            }
        }
    }

    #[test]
    fn a_pair_of_rivals_is_listed_once() {
        let mut seen = HashSet::new();
        for entry in TOOL.entries() {
            for rival in entry.conflicts.iter().copied().flatten() {
                let mut pair = [entry.long, *rival];
                pair.sort_unstable();
                assert!(seen.insert(pair), "{pair:?}");
            }
        }
    }

    #[test]
    fn a_group_has_several_members_and_at_most_one_default() {
        let groups: HashSet<_> = TOOL.entries().filter_map(|entry| entry.group).collect();
        for group in groups {
            let members: Vec<_> = TOOL.entries().filter(|e| e.group == Some(group)).collect();
            let defaults = members
                .iter()
                .filter(|entry| entry.default == Some("yes"))
                .count();
            assert!(members.len() > 1, "{group}");
            assert!(defaults <= 1, "{group}");
        }
    }

    #[test]
    fn our_own_numbers_and_no_others_tell_their_range() {
        for entry in TOOL.entries() {
            let has_range = entry.arguments.iter().any(|argument| {
                !matches!(
                    argument.kind,
                    Kind::Choice(_) | Kind::Text | Kind::Path | Kind::Rate
                )
            });
            let is_ours = OURS.contains(&entry.long) || entry.long == "--max-associations";
            assert_eq!(entry.tells_range, is_ours && has_range, "{}", entry.long);
        }
    }

    #[test]
    fn ranges_are_not_empty_and_unsigned_ones_not_negative() {
        for argument in TOOL.entries().flat_map(|entry| entry.arguments) {
            match argument.kind {
                Kind::Signed { min, max } => assert!(min < max),
                Kind::Unsigned { min, max } | Kind::Size { min, max } => {
                    assert!((0..max).contains(&min));
                }
                Kind::Choice(words) | Kind::LogLevel(words) => assert!(words.len() > 1),
                Kind::Text | Kind::Path | Kind::Rate => {}
            }
        }
    }
}

mod refusals {
    use super::*;

    #[test]
    fn no_refused_option_is_accepted_by_any_of_its_names() {
        for entry in TOOL.entries().filter(|entry| entry.refusal().is_some()) {
            for name in entry.short.into_iter().chain([entry.long]) {
                let words = words_of(entry, name);
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                assert!(read(&words).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_option_and_says_why() {
        for entry in TOOL.entries().filter(|entry| entry.requires.is_empty()) {
            let Some(why) = entry.refusal() else { continue };
            let words = words_of(entry, entry.long);
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let error = read(&words).expect_err("refused");
            let text = format!("option {} is not supported: {why}", entry.names());
            assert_eq!((error.text, error.stage), (text, Stage::Refusal));
            assert!(why.len() > 10 && !why.ends_with('.'), "{}", entry.long);
        }
    }

    #[test]
    fn a_refused_member_of_a_group_that_a_later_one_replaces_does_no_harm() {
        assert_eq!(read(&["-B", "+B"]), Ok(Typed::default()));
        assert_eq!(read(&["--single-process", "--fork"]), Ok(Typed::default()));
        assert!(read(&["+B", "-B"]).is_err());
    }

    #[test]
    fn combinations_are_judged_in_the_words_of_dcmtk() {
        for (words, text) in [
            (
                &["-ll", "info", "-v"][..],
                "--log-level not allowed with --verbose, --debug or --quiet",
            ),
            (
                &["+B", "+te"],
                "--write-xfer-little not allowed with --bit-preserving",
            ),
            (
                &["+te", "+B"],
                "--write-xfer-little not allowed with --bit-preserving",
            ),
            (
                &["+xa", "+te"],
                "--write-xfer-little not allowed with --accept-all",
            ),
            (&["+pw", "x"], "--use-passwd only allowed with --enable-tls"),
            (
                &["-tn", "+uf"],
                "--timenames not allowed with --unique-filenames",
            ),
            (
                &["+xa", "-xf", "f", "p"],
                "--config-file not allowed with --accept-all",
            ),
            (&["-id", "--fork"], "--inetd not allowed with --fork"),
            (
                &["-xcs", "x"],
                "--exec-on-eostudy only allowed with --sort-conc-studies, --sort-on-study-uid or \
                 --sort-on-patientname",
            ),
            (
                &["-ll", "loud"],
                "Invalid log level for --log-level option (loud: fatal, error, warn, info, debug, trace, \
                 off or all expected)",
            ),
            (
                &["-pdu", "1", "-ta", "0"],
                "Invalid value for option --acse-timeout (underflow: 0)",
            ),
        ] {
            // Some pairs hold an option that is refused as well: whichever stands first in the
            // table is judged first, and an error it is in any case.
            let error = read(words).expect_err("not allowed");
            assert_eq!(error.text, text, "{words:?}");
        }
    }
}

/// One test per working option.
mod works {
    use super::*;

    #[test]
    fn every_working_option_with_a_value_takes_the_ends_of_its_range_only() {
        for entry in TOOL.entries().filter(|entry| entry.refusal().is_none()) {
            let Some(argument) = entry.arguments.first() else {
                continue;
            };
            assert_eq!(entry.arguments.len(), 1, "{}", entry.long);
            let (Kind::Signed { min, max } | Kind::Unsigned { min, max } | Kind::Size { min, max }) =
                argument.kind
            else {
                continue;
            };
            for (number, is_legal) in [(min - 1, false), (min, true), (max, true), (max + 1, false)]
            {
                let outcome = read(&[entry.long, &number.to_string()]);
                assert_eq!(outcome.is_ok(), is_legal, "{} {number}", entry.long);
            }
        }
    }

    #[test]
    fn help() {
        assert!(matches!(
            find("--help").effect,
            Effect::Answer(crate::options::Answer::Help)
        ));
    }

    #[test]
    fn version() {
        assert!(matches!(
            find("--version").effect,
            Effect::Answer(crate::options::Answer::Version)
        ));
    }

    #[test]
    fn arguments() {
        assert_notes("--arguments", &[], |typed| typed.general.arguments = true);
    }

    #[test]
    fn quiet() {
        assert_notes("--quiet", &[], |typed| {
            typed.general.threshold = Some(Threshold::Fatal);
        });
    }

    #[test]
    fn verbose() {
        assert_notes("--verbose", &[], |typed| {
            typed.general.threshold = Some(Threshold::Info);
        });
    }

    #[test]
    fn debug() {
        assert_notes("--debug", &[], |typed| {
            typed.general.threshold = Some(Threshold::Debug);
        });
    }

    #[test]
    fn log_level() {
        for (word, level) in [("WARN", Threshold::Warn), ("off", Threshold::Off)] {
            assert_notes("--log-level", &[word], |typed| {
                typed.general.threshold = Some(level);
            });
        }
    }

    #[test]
    fn fork() {
        assert_notes("--fork", &[], |_| {});
    }

    #[test]
    fn max_associations() {
        assert_notes("--max-associations", &["7"], |typed| {
            typed.max_associations = Some(7);
        });
    }

    #[test]
    fn workers() {
        assert_notes("--workers", &["3"], |typed| typed.workers = Some(3));
    }

    #[test]
    fn drain_timeout() {
        assert_notes("--drain-timeout", &["0"], |typed| {
            typed.drain_timeout_seconds = Some(0);
        });
    }

    #[test]
    fn ipv4() {
        assert_notes("--ipv4", &[], |_| {});
        assert_eq!(read(&["-i0", "-i4"]), Ok(Typed::default()));
    }

    #[test]
    fn ip_auto() {
        assert_notes("--ip-auto", &[], |typed| typed.dual_stack = true);
    }

    #[test]
    fn socket_timeout() {
        assert_notes("--socket-timeout", &["-1"], |typed| {
            typed.socket_timeout_seconds = Some(-1);
        });
    }

    #[test]
    fn acse_timeout() {
        assert_notes("--acse-timeout", &["0x10"], |typed| {
            typed.acse_timeout_seconds = Some(16);
        });
    }

    #[test]
    fn dimse_timeout() {
        assert_notes("--dimse-timeout", &["9"], |typed| {
            typed.dimse_timeout_seconds = Some(9);
        });
    }

    #[test]
    fn aetitle() {
        assert_notes("--aetitle", &["-v"], |typed| {
            typed.ae_title = Some("-v".into());
        });
    }

    #[test]
    fn max_pdu() {
        assert_notes("--max-pdu", &["4096"], |typed| {
            typed.max_pdu_bytes = Some(4096);
        });
    }

    #[test]
    fn max_ops() {
        for number in [1, 256] {
            assert_notes("--max-ops", &[&number.to_string()], |typed| {
                typed.max_operations = Some(number);
            });
        }
    }

    #[test]
    fn disable_host_lookup() {
        assert_notes("--disable-host-lookup", &[], |_| {});
    }

    #[test]
    fn promiscuous() {
        assert_notes("--promiscuous", &[], |typed| typed.promiscuous = true);
    }

    #[test]
    fn access_full() {
        assert_notes("--access-full", &[], |_| {});
    }

    #[test]
    fn ignore() {
        assert_notes("--ignore", &[], |typed| typed.ignore = true);
    }

    #[test]
    fn prefer_uncompr() {
        assert_notes("--prefer-uncompr", &[], |_| {});
        assert_eq!(read(&["+xa", "+x="]), Ok(Typed::default()));
    }

    #[test]
    fn accept_all() {
        assert_notes("--accept-all", &[], |typed| typed.accept_all = true);
    }

    #[test]
    fn disable_tls() {
        assert_notes("--disable-tls", &[], |_| {});
    }

    #[test]
    fn no_sni() {
        assert_notes("--no-sni", &[], |_| {});
    }

    #[test]
    fn output_directory() {
        assert_notes("--output-directory", &["dir"], |typed| {
            typed.output_directory = Some("dir".into());
        });
    }

    #[test]
    fn bit_preserving() {
        assert_notes("--bit-preserving", &[], |_| {});
    }

    #[test]
    fn write_file() {
        assert_notes("--write-file", &[], |_| {});
    }

    #[test]
    fn write_xfer_same() {
        assert_notes("--write-xfer-same", &[], |_| {});
    }

    #[test]
    fn padding_off() {
        assert_notes("--padding-off", &[], |_| {});
    }

    #[test]
    fn retain_un() {
        assert_notes("--retain-un", &[], |_| {});
    }

    #[test]
    fn default_filenames() {
        assert_notes("--default-filenames", &[], |_| {});
        assert_eq!(read(&["+uf", "-uf"]), Ok(Typed::default()));
    }

    #[test]
    fn unique_filenames() {
        assert_notes("--unique-filenames", &[], |typed| {
            typed.unique_filenames = true;
        });
    }

    #[test]
    fn filename_extension() {
        assert_notes("--filename-extension", &[".dcm"], |typed| {
            typed.filename_extension = Some(".dcm".into());
        });
    }

    #[test]
    fn durability() {
        for word in ["object", "none"] {
            assert_notes("--durability", &[word], |typed| {
                typed.durability = Some(word);
            });
        }
        assert!(read(&["--durability", "Object"]).is_err());
    }

    #[test]
    fn on_duplicate() {
        for word in ["overwrite", "keep", "refuse", "same"] {
            assert_notes("--on-duplicate", &[word], |typed| {
                typed.on_duplicate = Some(word);
            });
        }
        let error = read(&["--on-duplicate", "x"]).expect_err("unknown");
        let text = "Invalid value for option --on-duplicate (x: overwrite, keep, refuse or same \
                    expected)";
        assert_eq!(error.text, text);
    }

    #[test]
    fn writers() {
        assert_notes("--writers", &["5"], |typed| typed.writers = Some(5));
    }

    #[test]
    fn landing_memory() {
        assert_notes("--landing-memory", &["64M"], |typed| {
            typed.landing_memory_bytes = Some(64 << 20);
        });
    }
}

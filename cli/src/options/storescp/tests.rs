//! The table as a whole, and each working option on its own.

use super::*;
use crate::grammar::UsageError;
use crate::logging::Threshold;
use crate::options::{Effect, Entry, checks};

/// DCMTK's options: short name, long name, number of values, group.
const REFERENCE: &str = include_str!("../../../tests/fixtures/storescp_options.txt");

/// The options that DCMTK does not have.
const OURS: &[&str] = &[
    "--workers",
    "--driver",
    "--drain-timeout",
    "--max-ops",
    "--durability",
    "--on-duplicate",
    "--writers",
    "--landing-memory",
];

fn find(long: &str) -> &'static Entry<Typed> {
    checks::find(&TOOL, long)
}

fn read(words: &[&str]) -> Result<Typed, UsageError> {
    checks::read(&TOOL, words)
}

fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    checks::assert_notes(&TOOL, long, value, &[], change);
}

checks::table_tests!(TOOL, REFERENCE, OURS);

#[test]
fn our_own_numbers_and_no_others_tell_their_range() {
    checks::ranges_are_told_by(&TOOL, &[OURS, &["--max-associations"]].concat());
}

mod refusals {
    use super::*;

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
    use crate::options::shared::ip_version::IpVersion;

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
    fn driver() {
        for word in ["auto", "mio", "uring"] {
            assert_notes("--driver", &[word], |typed| typed.driver = Some(word));
        }
        assert!(read(&["--driver", "epoll"]).is_err());
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
        assert_notes("--ip-auto", &[], |typed| typed.ip_version = IpVersion::Any);
    }

    #[test]
    fn ipv6() {
        assert_notes("--ipv6", &[], |typed| typed.ip_version = IpVersion::V6);
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

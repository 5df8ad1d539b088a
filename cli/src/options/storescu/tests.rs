//! The table as a whole, and each working option on its own.

use pdvault_engine::association::proposal::SyntaxProposal;

use super::*;
use crate::grammar::UsageError;
use crate::options::shared::ip_version::IpVersion;
use crate::options::{Rate, checks};
use crate::storescu::{InputFormat, TypedIdentity, TypedPasscode};

/// DCMTK's options: short name, long name, number of values, group.
const REFERENCE: &str = include_str!("../../../tests/fixtures/storescu_options.txt");

/// The options that DCMTK does not have.
const OURS: &[&str] = &[
    "--propose-stored",
    "--associations",
    "--async-ops",
    "--rate",
    "--retry",
    "--journal",
    "--resume",
    "--report",
];

checks::table_tests!(TOOL, REFERENCE, OURS);

fn read(words: &[&str]) -> Result<Typed, UsageError> {
    checks::read(&TOOL, words)
}

fn assert_notes(long: &str, value: &[&str], change: impl Fn(&mut Typed)) {
    checks::assert_notes(&TOOL, long, value, &[], change);
}

#[test]
fn our_own_numbers_and_no_others_tell_their_range() {
    checks::ranges_are_told_by(&TOOL, OURS);
}

/// One test for each group of working options.
mod works {
    use super::*;

    #[test]
    fn which_input_is_read() {
        for (long, format) in [
            ("--read-file", InputFormat::Detect),
            ("--read-file-only", InputFormat::FileOnly),
            ("--read-dataset", InputFormat::DataSet),
        ] {
            assert_notes(long, &[], |typed| typed.input_format = format);
        }
        assert_notes("--verbose-pc", &[], |typed| typed.verbose_pc = true);
    }

    #[test]
    fn which_files_are_read() {
        let scan = &["--scan-directories"];
        assert_notes("--scan-directories", &[], |typed| {
            typed.scan_directories = true;
        });
        checks::assert_notes(&TOOL, "--scan-pattern", &["*.dcm"], scan, |typed| {
            typed.scan_pattern = Some("*.dcm".into());
        });
        checks::assert_notes(&TOOL, "--recurse", &[], scan, |typed| typed.recurse = true);
        assert_notes("--no-recurse", &[], |_| {});
        assert_notes("--rename", &[], |typed| typed.rename = true);
        assert_notes("--no-rename", &[], |_| {});
        assert_eq!(read(&["+rn", "-rn", "+sd", "+r", "-r"]), read(&["+sd"]));
    }

    #[test]
    fn who_is_called_by_whom() {
        for (long, version) in [
            ("--ipv4", IpVersion::V4),
            ("--ipv6", IpVersion::V6),
            ("--ip-auto", IpVersion::Any),
        ] {
            assert_notes(long, &[], |typed| typed.requestor.ip_version = version);
        }
        assert_notes("--aetitle", &["-v"], |typed| {
            typed.requestor.calling = Some("-v".into());
        });
        assert_notes("--call", &["YOU"], |typed| {
            typed.requestor.called = Some("YOU".into());
        });
    }

    #[test]
    fn each_transfer_syntax_is_proposed_first_or_alone() {
        let first = |uid| Some(SyntaxProposal::preferring(uid));
        let only = |uid| Some(SyntaxProposal::only(uid));
        for (short, preference) in [
            ("-x=", None),
            ("-xe", first("1.2.840.10008.1.2.1")),
            ("-xb", first("1.2.840.10008.1.2.2")),
            ("-xi", only("1.2.840.10008.1.2")),
            ("-xs", first("1.2.840.10008.1.2.4.70")),
            ("-xy", first("1.2.840.10008.1.2.4.50")),
            ("-xx", first("1.2.840.10008.1.2.4.51")),
            ("-xv", first("1.2.840.10008.1.2.4.90")),
            ("-xw", first("1.2.840.10008.1.2.4.91")),
            ("-xt", first("1.2.840.10008.1.2.4.80")),
            ("-xu", first("1.2.840.10008.1.2.4.81")),
            ("-xm", only("1.2.840.10008.1.2.4.100")),
            ("-xh", only("1.2.840.10008.1.2.4.101")),
            ("-xn", only("1.2.840.10008.1.2.4.102")),
            ("-xl", only("1.2.840.10008.1.2.4.103")),
            ("-x2", only("1.2.840.10008.1.2.4.104")),
            ("-x3", only("1.2.840.10008.1.2.4.105")),
            ("-xo", only("1.2.840.10008.1.2.4.106")),
            ("-x4", only("1.2.840.10008.1.2.4.107")),
            ("-x5", only("1.2.840.10008.1.2.4.108")),
            ("-xr", first("1.2.840.10008.1.2.5")),
            ("-xd", first("1.2.840.10008.1.2.1.99")),
        ] {
            let typed = read(&[short]).expect("legal");
            assert_eq!(typed.preference, preference, "{short}");
        }
        assert_eq!(read(&["-xs", "-x="]), Ok(Typed::default()));
    }

    #[test]
    fn what_is_proposed() {
        assert_notes("--config-file", &["f", "p"], |typed| {
            typed.profile = Some(("f".into(), "p".into()));
        });
        assert_notes("--propose-stored", &[], |typed| typed.propose_stored = true);
        assert_eq!(read(&["--propose-stored", "-xs"]), read(&["-xs"]));
        assert_eq!(
            read(&["-xs", "--propose-stored"]),
            read(&["--propose-stored"])
        );
        assert_notes("--required", &[], |typed| typed.required = true);
        assert_notes("--combine", &[], |typed| typed.combine = true);
    }

    #[test]
    fn how_data_sets_are_encoded() {
        assert_notes("--disable-new-vr", &[], |typed| typed.old_vr_only = true);
        assert_notes("--enable-new-vr", &[], |_| {});
        for company in [&["-xd"][..], &["-xf", "f", "p"]] {
            checks::assert_notes(&TOOL, "--compression-level", &["9"], company, |typed| {
                typed.compression_level = Some(9);
            });
        }
    }

    #[test]
    fn who_the_user_is() {
        let identity = |typed: &mut Typed, identity| typed.identity = Some(identity);
        assert_notes("--user", &["u"], |typed| {
            identity(typed, TypedIdentity::User("u".into()));
        });
        assert_notes("--kerberos", &["f"], |typed| {
            identity(typed, TypedIdentity::Kerberos("f".into()));
        });
        assert_notes("--saml", &["f"], |typed| {
            identity(typed, TypedIdentity::Saml("f".into()));
        });
        assert_notes("--jwt", &["f"], |typed| {
            identity(typed, TypedIdentity::Jwt("f".into()));
        });
        let user = &["--user", "u"];
        checks::assert_notes(&TOOL, "--password", &["p"], user, |typed| {
            typed.passcode = Some(TypedPasscode::Word("p".into()));
        });
        checks::assert_notes(&TOOL, "--empty-password", &[], user, |typed| {
            typed.passcode = Some(TypedPasscode::Empty);
        });
        checks::assert_notes(&TOOL, "--pos-response", &[], &["--jwt", "f"], |typed| {
            typed.positive_response = true;
        });
    }

    #[test]
    fn how_long_is_waited() {
        assert_notes("--timeout", &["1"], |typed| {
            typed.requestor.connect_timeout_seconds = Some(1);
        });
        assert_notes("--socket-timeout", &["-1"], |typed| {
            typed.requestor.socket_timeout_seconds = Some(-1);
        });
        assert_notes("--acse-timeout", &["0x10"], |typed| {
            typed.requestor.acse_timeout_seconds = Some(16);
        });
        assert_notes("--dimse-timeout", &["9"], |typed| {
            typed.requestor.dimse_timeout_seconds = Some(9);
        });
    }

    #[test]
    fn how_files_are_sent() {
        assert_notes("--max-pdu", &["4096"], |typed| {
            typed.requestor.max_pdu_bytes = Some(4096);
        });
        assert_notes("--max-send-pdu", &["131072"], |typed| {
            typed.sending.max_send_pdu_bytes = Some(131_072);
        });
        assert_notes("--repeat", &["3"], |typed| typed.repeat = Some(3));
        assert_notes("--abort", &[], |typed| typed.abort = true);
        assert_notes("--no-halt", &[], |typed| typed.no_halt = true);
        assert_notes("--uid-padding", &[], |_| {});
    }

    #[test]
    fn what_is_invented() {
        assert_notes("--invent-instance", &[], |typed| typed.invent = true);
        assert_notes("--invent-series", &["1"], |typed| {
            typed.invent_series = Some(1);
        });
        assert_notes("--invent-study", &["2"], |typed| {
            typed.invent_study = Some(2);
        });
        assert_notes("--invent-patient", &["3"], |typed| {
            typed.invent_patient = Some(3);
        });
    }

    #[test]
    fn what_only_we_have() {
        assert_notes("--associations", &["4"], |typed| {
            typed.sending.associations = Some(4);
        });
        assert_notes("--async-ops", &["16"], |typed| {
            typed.sending.async_ops = Some(16);
        });
        assert_notes("--rate", &["2M"], |typed| {
            typed.rate = Some(Rate::Bytes(2 << 20));
        });
        assert_notes("--rate", &["50objects"], |typed| {
            typed.rate = Some(Rate::Objects(50));
        });
        assert_notes("--retry", &["3"], |typed| typed.retries = Some(3));
        assert_notes("--journal", &["f"], |typed| {
            typed.journal = Some("f".into());
        });
        assert_notes("--report", &["f"], |typed| typed.report = Some("f".into()));
        checks::assert_notes(&TOOL, "--resume", &[], &["--journal", "f"], |typed| {
            typed.resume = true;
        });
    }

    #[test]
    fn plain_connections_and_no_server_name() {
        assert_notes("--disable-tls", &[], |_| {});
        assert_notes("--no-sni", &[], |_| {});
    }
}

#[test]
fn combinations_are_judged() {
    for (words, text) in [
        (&["--resume"][..], "--resume only allowed with --journal"),
        (
            &["--propose-stored", "-xf", "f", "p"],
            "--config-file not allowed with --propose-stored",
        ),
        (
            &["--propose-stored", "+C"],
            "--propose-stored not allowed with --combine",
        ),
        (
            &["--resume", "--journal", "f", "+II"],
            "--resume not allowed with --repeat, --invent-instance, --invent-series, \
             --invent-study or --invent-patient",
        ),
        (
            &["--rate", "fast"],
            "Invalid value for option --rate (fast: a rate such as 20M (bytes per second) or \
             50objects expected)",
        ),
        (
            &["--associations", "0"],
            "Invalid value for option --associations (underflow: 0) [1..1024]",
        ),
    ] {
        assert_eq!(read(words).expect_err("not allowed").text, text);
    }
}

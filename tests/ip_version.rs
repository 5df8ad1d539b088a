//! IPv4 and IPv6: which receivers are reached by which, by our senders and by other people's.

use std::fs;
use std::net::{Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use pdvault_tests::object::Object;
use pdvault_tests::receiver::{Launch, Receiver, binary};
use pdvault_tests::storescu::{Ended, run};
use pdvault_tests::{disk, scratch, tools};
use tempfile::TempDir;

/// What a receiver or a sender is told, and whether it works by IPv4 and by IPv6 then.
const VERSIONS: &[(&str, bool, bool)] = &[
    ("", true, false),
    ("-i4", true, false),
    ("-i6", false, true),
    ("-i0", true, true),
];

/// Our tools that connect, and what follows the peer.
const OURS: &[(&str, &[&str])] = &[
    ("storescu", &["ct.dcm"]),
    ("echoscu", &[]),
    ("loadgen", &["--size", "2000", "--count", "1"]),
];

/// A name with one address of each version, in a domain that is nobody's (RFC 6761 6.2).
const NAME: &str = "both.pdvault.test";

/// # Panics
///
/// When there is no IPv6 here: nothing of this file could be tested.
fn assert_ipv6_can_be_had() {
    if let Err(error) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        panic!(
            "this test needs the address ::1 on the loopback interface, and it cannot be bound: \
             {error}; try `sysctl net.ipv6.conf.lo.disable_ipv6=0`"
        );
    }
}

fn start(option: &str) -> Receiver {
    assert_ipv6_can_be_had();
    Launch::new(option).start()
}

/// A directory with an object to be sent.
fn home() -> TempDir {
    let home = scratch::directory();
    let path = home.path().join("ct.dcm");
    fs::write(path, Object::ct("1.2.3", 1500).file()).expect("written");
    home
}

/// One of our tools, told to send to a host.
fn ours(tool: &str, option: &str, host: &str, port: u16, rest: &[&str]) -> Vec<String> {
    let program = binary().to_string_lossy().into_owned();
    let port = port.to_string();
    let words = [program.as_str(), tool, option, host, port.as_str()];
    let words = words.iter().chain(rest).filter(|word| !word.is_empty());
    words.map(|word| (*word).to_owned()).collect()
}

fn run_in(home: &Path, words: &[String]) -> Ended {
    let mut command = Command::new(&words[0]);
    run(command.args(&words[1..]).current_dir(home))
}

/// The exit code is 0 for who reaches the receiver. Who does not is told that nobody listens there.
fn assert_reaches(is_reached: bool, ended: &Ended, what: &str) {
    assert_eq!(ended.status.success(), is_reached, "{what}:\n{}", ended.log);
    assert!(
        is_reached || ended.log.contains("Connection refused"),
        "{what}:\n{}",
        ended.log
    );
}

#[test]
fn a_receiver_is_reached_by_the_versions_that_it_listens_on_and_by_no_other() {
    for &(option, by_v4, by_v6) in VERSIONS {
        let (receiver, home) = (start(option), home());
        for (own, host, is_reached) in [("-i4", "127.0.0.1", by_v4), ("-i6", "::1", by_v6)] {
            for &(tool, rest) in OURS {
                let ended = run_in(home.path(), &ours(tool, own, host, receiver.port(), rest));
                assert_reaches(is_reached, &ended, &format!("{tool} {host} to {option:?}"));
            }
        }
    }
}

#[test]
fn other_people_s_senders_reach_it_by_both_versions() {
    for &(option, by_v4, by_v6) in VERSIONS {
        let (receiver, home) = (start(option), home());
        let port = receiver.port();
        // DCMTK 3.6.7 knows IPv4 only.
        let mut dcmtk = tools::dcmtk("storescu");
        let dcmtk = dcmtk.args(["127.0.0.1", &port.to_string(), "ct.dcm"]);
        let ended = run(dcmtk.current_dir(home.path()));
        let what = format!("DCMTK to {option:?}");
        assert_eq!(ended.status.success(), by_v4, "{what}:\n{}", ended.log);
        for (host, is_reached) in [("127.0.0.1", by_v4), ("[::1]", by_v6)] {
            let mut dicom_rs = tools::dicom_rs_storescu();
            let dicom_rs = dicom_rs.args([&format!("{host}:{port}"), "ct.dcm"]);
            let ended = run(dicom_rs.current_dir(home.path()));
            let what = format!("dicom-rs by {host} to {option:?}");
            assert_eq!(ended.status.success(), is_reached, "{what}:\n{}", ended.log);
        }
    }
}

#[test]
fn a_name_is_reached_by_the_versions_that_the_sender_may_use() {
    let names = Names::new();
    for &(option, by_v4, by_v6) in VERSIONS {
        let (receiver, home) = (start(option), home());
        for &(own, may_v4, may_v6) in VERSIONS {
            let is_reached = (by_v4 && may_v4) || (by_v6 && may_v6);
            for &(tool, rest) in OURS {
                let words = names.known_to(ours(tool, own, NAME, receiver.port(), rest));
                let ended = run_in(home.path(), &words);
                assert_reaches(is_reached, &ended, &format!("{tool} {own:?} to {option:?}"));
            }
        }
    }
}

#[test]
fn one_receiver_for_each_version_may_have_the_same_port() {
    let v6 = start("-i6");
    let v4 = Launch::new("-i4").port(v6.port()).start();
    for (own, host, receiver) in [("-i4", "127.0.0.1", &v4), ("-i6", "::1", &v6)] {
        run_in(
            Path::new("."),
            &ours("echoscu", own, host, receiver.port(), &[]),
        )
        .assert_code(0);
        receiver.wait_for_log("Received Echo Request");
    }
}

#[test]
fn a_port_that_ipv4_has_is_not_free_for_both() {
    let v4 = start("-i4");
    let (status, log) = Launch::new("-i0").port(v4.port()).start_in_vain();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("cannot listen on [::]:"), "{log}");
    assert!(log.contains("another program listens there"), "{log}");
}

/// A file like /etc/hosts. What localhost stands for differs among machines.
struct Names {
    hosts: PathBuf,
    _home: TempDir,
}

impl Names {
    fn new() -> Self {
        let home = scratch::directory();
        let hosts = home.path().join("hosts");
        fs::write(&hosts, format!("127.0.0.1 {NAME}\n::1 {NAME}\n")).expect("written");
        Self { hosts, _home: home }
    }

    /// A command line that finds the names of this file in place of the system's, in a mount
    /// namespace of its own.
    fn known_to(&self, words: Vec<String>) -> Vec<String> {
        let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        let mut all = disk::words_as_root(&["unshare", "--mount", "sh", "-c", script]);
        all.push(self.hosts.to_string_lossy().into_owned());
        all.extend(words);
        all
    }
}

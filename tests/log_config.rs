//! `--log-config`: the same file for DCMTK's tools and ours, and the same lines in the same places, but
//! for times and for what each has to say alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pdvault_tests::listening::{free_port, listens};
use pdvault_tests::object::Object;
use pdvault_tests::receiver::binary;
use pdvault_tests::scp::{Scp, Script};
use pdvault_tests::storescu::{Running, Tool, run};
use pdvault_tests::{disk, scratch, tools};

/// How long a receiver may take to listen, and its last line to be written.
const PATIENCE: Duration = Duration::from_secs(60);

/// What both senders say while they send a file, and where their words part.
const OF_SENDERS: &[&str] = &[
    "XMIT: .",
    "calling 'storescu' with 0 arguments: '--arguments' '--log-config' ",
    "checking input files",
    "Requesting Association",
    "Association Accepted (Max Send PDV: 00000)",
    "Sending file: ct.dcm",
    "Sending Store Request (MsgID 0, CT)",
    "Received Store Response",
    "Releasing Association",
    "log0cplus:ERROR ",
];

/// What both receivers say when they are sent a file, and where their words part.
const OF_RECEIVERS: &[&str] = &[
    "Association Received",
    "Association Acknowledged (Max Send PDV: 00000)",
    "Received Store Request",
    "storing DICOM file: ",
    "Association Release",
];

/// An appender by the name of `console`, and the layout of it.
const CONSOLE: &str = "log4cplus.appender.console=log4cplus::ConsoleAppender\n\
    log4cplus.appender.console.layout=log4cplus::PatternLayout\n\
    log4cplus.appender.console.layout.ConversionPattern=%p %c %m%n\n";

/// An appender by the name of `file`.
const FILE: &str = "log4cplus.appender.file=log4cplus::FileAppender\n\
    log4cplus.appender.file.File=${appname}.log\n";

/// Configurations, and in how many places lines are found; 0 where nothing is logged.
const CONFIGURATIONS: &[(&str, usize)] = &[
    ("rootLogger=INFO, console", 1),
    (
        "rootLogger = INFO, console , file\nappender.console.logToStdErr=TRUE",
        3,
    ),
    ("rootLogger=WARN, console", 0),
    (
        "rootLogger=INFO, console, file\nappender.file.Threshold=error",
        1,
    ),
    (
        "rootLogger=WARN, console\nlogger.dcmtk.apps.storescu=INFO",
        1,
    ),
    ("rootLogger=WARN, console\nlogger.dcmtk.apps=info, file", 2),
    (
        "rootLogger=INFO, console\nlogger.dcmtk=INHERITED, file\nadditivity.dcmtk=false",
        2,
    ),
    ("rootLogger=INFO, console\nlogger.dcmtk.dcmnet=OFF", 1),
    (
        "rootLogger=INFO, console\nlogger.dcmtk.apps.storescu=OFF",
        0,
    ),
    (
        "rootLogger=WARN, console\nlogger.dcmtk.apps.storescu.progress=INFO",
        1,
    ),
    (
        "rootLogger=DEBUG, console\nlogger.dcmtk.apps.storescu.progress=WARN",
        1,
    ),
    (
        "rootLogger=DEBUG, console\nappender.console.Threshold=INFO",
        1,
    ),
    (
        "rootLogger=INFO, file\nappender.file.layout=log4cplus::TTCCLayout",
        2,
    ),
    (
        "rootLogger=INFO, file\nappender.file.layout=log4cplus::FancyLayout",
        3,
    ),
    ("rootLogger=INFO, file, syslog", 3),
    ("rootLogger=INFO, file\nappender.mine=mine::Appender", 3),
    ("rootLogger=", 2),
    (
        "rootLogger=INFO, file\nappender.file.File=no/such/directory/log",
        2,
    ),
    (
        "rootLogger=INFO, file\nappender.file.File=${PLACE}-${USERLESS}.log",
        2,
    ),
    (
        "rootLogger=INFO, file\nappender.file=log4cplus::RollingFileAppender",
        2,
    ),
    (
        "rootLogger=INFO, console\nappender.console.layout.ConversionPattern=\
         %D{%Y-%m-%d %H:%M:%S.%q} %d{%c|%x %X %Z} %-8c{1}%20c{2}|%.4p|%7P%x%X{a} %m%n",
        1,
    ),
    (
        "rootLogger=INFO, console\nappender.console.layout.ConversionPattern=%y %5%|%3.xz %m%n",
        2,
    ),
    (
        "rootLogger=DEBUG, console\nappender.console.filters.1=log4cplus::spi::StringMatchFilter\n\
         appender.console.filters.1.StringToMatch=Requesting\n\
         appender.console.filters.2=log4cplus::spi::LogLevelRangeFilter\n\
         appender.console.filters.2.LogLevelMin=INFO\n\
         appender.console.filters.2.AcceptOnMatch=true",
        1,
    ),
];

/// The whole text of a configuration.
fn configuration(short: &str) -> String {
    let own: Vec<_> = short
        .lines()
        .map(|line| format!("log4cplus.{line}\n"))
        .collect();
    format!("{CONSOLE}{FILE}{}", own.concat())
}

/// The lines that are shared, by where they are found; digits and thread names made the same.
fn shared(places: Vec<(String, String)>, phrases: &[&str]) -> BTreeMap<String, Vec<String>> {
    let lines = |text: &str| -> Vec<_> {
        let cut = |line: &str| {
            let line = masked(line);
            let phrase = phrases.iter().find(|phrase| line.contains(**phrase))?;
            let end = line.find(phrase)? + phrase.len();
            Some(line[..end].to_owned())
        };
        let mut lines: Vec<_> = text.lines().filter_map(cut).collect();
        lines.dedup();
        lines
    };
    let places = places
        .into_iter()
        .map(|(place, text)| (place, lines(&text)));
    places.filter(|(_, lines)| !lines.is_empty()).collect()
}

fn masked(line: &str) -> String {
    let line = match (line.split_once(" ["), line.split_once("] ")) {
        // The times and threads of log4cplus' TTCC layout.
        (Some((time, _)), Some((_, rest))) if time.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => line,
    };
    line.replace(|c: char| c.is_ascii_digit(), "0")
}

/// All files of a directory that may be logs, and what is in them.
fn logs(home: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(home).expect("a directory of this test");
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("a file has a name");
            let text = fs::read(&path).expect("a file of this test");
            (name.to_string_lossy().into_owned(), tools::text(&text))
        })
        .collect()
}

/// What a sender logs where, while it sends a file.
fn logged_by_sender(tool: Tool, words: &[&str], config: &str) -> BTreeMap<String, Vec<String>> {
    let home = scratch::directory();
    let scp = Scp::start(&Script::default());
    fs::write(home.path().join("ct.dcm"), Object::ct("1.2.3", 1500).file()).expect("written");
    fs::write(home.path().join("log.cfg"), config).expect("written");
    let mut command = tool.command();
    command.args(words).args(["-lc", "log.cfg", "127.0.0.1"]);
    command.arg(scp.port().to_string()).arg("ct.dcm");
    command.current_dir(home.path());
    command.env("PLACE", "here").env_remove("USERLESS");
    let ended = run(&mut command);
    ended.assert_code(0);
    scp.finish();
    let mut places = logs(home.path());
    places.retain(|(name, _)| name != "ct.dcm" && name != "log.cfg");
    places.extend([
        ("stdout".to_owned(), ended.output),
        ("stderr".to_owned(), ended.log),
    ]);
    shared(places, OF_SENDERS)
}

#[test]
fn a_configuration_leads_to_the_same_lines_in_the_same_places_as_with_dcmtk() {
    for (short, places) in CONFIGURATIONS {
        let config = configuration(short);
        let [theirs, ours] =
            [Tool::Dcmtk, Tool::Ours].map(|tool| logged_by_sender(tool, &[], &config));
        assert_eq!(ours, theirs, "{short}");
        assert_eq!(ours.len(), *places, "{short}: {ours:?}");
    }
}

#[test]
fn the_configurations_that_dcmtk_brings_work() {
    for name in ["logger.cfg", "filelog.cfg"] {
        let path = Path::new("/etc/dcmtk").join(name);
        let config = fs::read_to_string(&path).expect("DCMTK brings it");
        let [theirs, ours] =
            [Tool::Dcmtk, Tool::Ours].map(|tool| logged_by_sender(tool, &[], &config));
        assert_eq!(ours, theirs, "{name}");
        assert!(ours["storescu.log"].len() >= 7, "{name}: {ours:?}");
    }
}

#[test]
fn the_arguments_are_logged_whatever_the_level() {
    let config = configuration("rootLogger=ERROR, console");
    let ours = logged_by_sender(Tool::Ours, &["--arguments"], &config);
    let line = "INFO root calling 'storescu' with 0 arguments: '--arguments' '--log-config' ";
    assert_eq!(
        masked(&format!("{ours:?}")),
        format!("{{\"stdout\": [{line:?}]}}")
    );
}

/// Command lines that no tool accepts, with the configuration.
const WRONG: &[(&str, &[&str])] = &[
    ("", &[]),
    ("nothing here\n", &[]),
    ("a=b\n", &["-ta", "0"]),
    ("log4cplus.logger.x=INFO\n", &[]),
    ("log4cplus.rootLogger=INFO\n", &["-v"]),
    ("log4cplus.rootLogger=INFO\n", &["-q"]),
    ("log4cplus.rootLogger=INFO\n", &["-ll", "info"]),
    ("log4cplus.rootLogger=INFO\n", &["-ll", "info", "-d"]),
    ("log4cplus.rootLogger=INFO\n", &["-ll", "loud"]),
    ("log4cplus.rootLogger=INFO\n", &["-ta", "0"]),
    ("log4cplus.rootLogger=WARN\n", &["+v"]),
    ("log4cplus.rootLogger=OFF\n", &["-ta", "0"]),
    ("log4cplus.rootLogger=INFO\n", &["-lc", "missing"]),
    ("log4cplus.rootLogger=INFO\n", &["-lc", "."]),
];

#[test]
fn a_wrong_configuration_ends_all_tools_as_it_ends_dcmtk_s() {
    let tools = [
        ("storescu", &["127.0.0.1", "9", "ct.dcm"][..]),
        ("echoscu", &["127.0.0.1", "9"]),
        ("storescp", &["1"]),
    ];
    for (tool, parameters) in tools {
        for (config, words) in WRONG {
            // DCMTK's echoscu does not know it, our storescp refuses it.
            if tool != "storescu" && words.contains(&"+v") {
                continue;
            }
            let home = scratch::directory();
            fs::write(home.path().join("log.cfg"), config).expect("written");
            let [theirs, ours] = [tools::dcmtk(tool), ours(tool)].map(|mut command| {
                command
                    .args(["-lc", "log.cfg"])
                    .args(*words)
                    .args(parameters);
                let ended = run(command.current_dir(home.path()));
                let errors: Vec<_> = ended
                    .log
                    .lines()
                    .filter(|line| line.starts_with("error: "))
                    .map(|line| line.split(" (loud").next().unwrap_or(line).to_owned())
                    .collect();
                (ended.status.code(), errors)
            });
            assert_eq!(ours, theirs, "{tool} {words:?} {config:?}");
            assert_eq!(ours.0, Some(1), "{tool} {words:?} {config:?}");
        }
    }
}

#[test]
fn every_tool_that_connects_logs_where_the_file_says() {
    for (tool, words) in [
        ("storescu", &["ct.dcm"][..]),
        ("echoscu", &[]),
        ("loadgen", &["--size", "2000", "--count", "1"]),
    ] {
        let home = scratch::directory();
        fs::write(home.path().join("ct.dcm"), Object::ct("1.2.3", 1500).file()).expect("written");
        fs::write(
            home.path().join("log.cfg"),
            configuration("rootLogger=WARN, file"),
        )
        .expect("written");
        let mut command = ours(tool);
        command.args(["-lc", "log.cfg", "127.0.0.1"]);
        command.arg(free_port().to_string()).args(words);
        let ended = run(command.current_dir(home.path()));
        ended.assert_code(1);
        assert_eq!(ended.log, "", "{tool}");
        let log = home.path().join(format!("{tool}.log"));
        let text = fs::read_to_string(log).unwrap_or_else(|e| panic!("{tool}: {e}"));
        assert!(text.starts_with("FATAL - "), "{tool}: {text}");
    }
}

fn ours(tool: &str) -> Command {
    let mut command = Command::new(binary());
    command.arg(tool);
    command
}

#[test]
fn a_receiver_logs_under_dcmtk_s_names() {
    let config = "log4cplus.rootLogger=WARN, file\n\
                  log4cplus.logger.dcmtk.apps.storescp=INFO\n\
                  log4cplus.appender.file=log4cplus::DailyRollingFileAppender\n\
                  log4cplus.appender.file.File=${appname}.log\n\
                  log4cplus.appender.file.Schedule=monthly\n\
                  log4cplus.appender.file.layout=log4cplus::PatternLayout\n\
                  log4cplus.appender.file.layout.ConversionPattern=%P %c %m%n\n";
    let [theirs, ours] = [tools::dcmtk("storescp"), ours("storescp")].map(|command| {
        let home = scratch::directory();
        fs::write(home.path().join("log.cfg"), config).expect("written");
        receive_one(command, home.path());
        let places = logs(home.path());
        shared(places, OF_RECEIVERS)
    });
    assert_eq!(ours, theirs);
    let phrases: Vec<_> = OF_RECEIVERS
        .iter()
        .map(|phrase| format!("I dcmtk.apps.storescp {phrase}"))
        .collect();
    assert_eq!(ours["storescp.log"], phrases);
}

/// Starts a receiver, sends it a file, and ends it when it has logged that.
fn receive_one(mut command: Command, home: &Path) {
    let port = free_port();
    command.args(["-lc", "log.cfg"]).arg(port.to_string());
    let receiver = Running::start(command.current_dir(home));
    let does_listen = disk::eventually(PATIENCE, || listens(receiver.id(), port));
    assert!(does_listen, "{}", receiver.log());
    let file = home.join("ct.dcm");
    fs::write(&file, Object::ct("1.2.3", 1500).file()).expect("written");
    let mut send = Tool::Ours.command();
    send.args(["127.0.0.1", &port.to_string()]).arg(&file);
    run(&mut send).assert_code(0);
    fs::remove_file(&file).expect("removed");
    let is_logged = disk::eventually(PATIENCE, || {
        fs::read_to_string(home.join("storescp.log"))
            .is_ok_and(|text| text.contains("Association Release"))
    });
    assert!(is_logged, "{}", receiver.log());
}

use super::*;

fn read(text: &str) -> (Config, Vec<String>) {
    let mut complaints = Complaints::new("file");
    let properties = Properties::parse(text).below("log4cplus.");
    let config = Config::read(&properties, &mut complaints);
    (config, complaints.into_lines())
}

fn of_appender(properties: &str) -> (Appender, Vec<String>) {
    let text = format!("log4cplus.rootLogger=INFO, x\n{properties}");
    let (config, complaints) = read(&text);
    let appender = config.appenders.into_iter().next();
    (appender.expect("an appender"), complaints)
}

fn rolling(properties: &str) -> (Rolling, bool) {
    let (appender, complaints) = of_appender(properties);
    assert_eq!(complaints, [""; 0]);
    let Target::File(file) = appender.target else {
        panic!("a file");
    };
    (file.rolling, file.append)
}

#[test]
fn loggers_have_levels_appenders_and_parents() {
    let (config, complaints) = read(
        "log4cplus.rootLogger = DEBUG, a , b\n\
         log4cplus.appender.a = log4cplus::ConsoleAppender\n\
         log4cplus.appender.b = log4cplus::NullAppender\n\
         log4cplus.logger.dcmtk.dcmnet = INHERITED, b\n\
         log4cplus.logger.dcmtk.apps = warn\n\
         log4cplus.additivity.dcmtk.dcmnet = false\n",
    );
    assert_eq!(complaints, [""; 0]);
    assert_eq!(config.root.level, Some(Threshold::Debug));
    assert_eq!(config.root.appenders, [0, 1]);
    let expected = Logger {
        level: None,
        appenders: vec![1],
        is_additive: false,
    };
    assert_eq!(config.loggers["dcmtk.dcmnet"], expected);
    assert_eq!(config.loggers["dcmtk.apps"].level, Some(Threshold::Warn));
}

#[test]
fn what_can_not_be_had_is_complained_about_with_its_line_and_left_out() {
    let (config, complaints) = read(
        "log4cplus.rootLogger = LOUD, a, c\n\
         log4cplus.appender.a = log4cplus::ConsoleAppender\n\
         log4cplus.appender.b = log4cplus::SocketAppender\n\
         log4cplus.appender.d = log4cplus::FileAppender\n\
         log4cplus.logger.x = INHERIT\n\
         log4cplus.logger.y = \n",
    );
    let expected = [
        "file:3: Cannot find AppenderFactory: log4cplus::SocketAppender",
        "file:4: Invalid filename: the appender has no File",
        "file:1: \"LOUD\" is no level for logger root",
        "file:1: Invalid appender: c",
        "file:6: \"\" is no level for logger y",
    ]
    .map(|text| format!("log4cplus:ERROR {text}\n"));
    assert_eq!(complaints, expected);
    assert_eq!(
        (config.root.level, &*config.root.appenders),
        (Some(Threshold::Info), &[0][..])
    );
}

#[test]
fn the_console_is_standard_output_unless_the_other_is_asked_for_by_its_exact_name() {
    let console = "log4cplus.appender.x=log4cplus::ConsoleAppender\n";
    for (property, expected) in [
        ("", Target::StandardOutput),
        (
            "log4cplus.appender.x.logToStdErr=true",
            Target::StandardError,
        ),
        ("log4cplus.appender.x.logToStdErr=0", Target::StandardOutput),
        // DCMTK's own example has this one, and DCMTK does not know it.
        (
            "log4cplus.appender.x.logToStderr=true",
            Target::StandardOutput,
        ),
    ] {
        let (appender, _) = of_appender(&format!("{console}{property}"));
        assert_eq!(appender.target, expected, "{property}");
    }
}

#[test]
fn an_appender_has_a_threshold() {
    let console = "log4cplus.appender.x=log4cplus::ConsoleAppender\n";
    let (appender, _) = of_appender(&format!("{console}log4cplus.appender.x.Threshold=error"));
    assert_eq!(appender.threshold, Some(Threshold::Error));
    assert_eq!(of_appender(console).0.threshold, None);
}

#[test]
fn files_roll_by_size_or_time_within_bounds() {
    let by_size =
        "log4cplus.appender.x=log4cplus::RollingFileAppender\nlog4cplus.appender.x.File=f\n";
    for (properties, max_bytes, backups) in [
        ("", 10 << 20, 1),
        ("MaxFileSize=500KB\nMaxBackupIndex=5", 500 << 10, 5),
        ("MaxFileSize=5mb\nMaxBackupIndex=-5", 5 << 20, 1),
        (
            "MaxFileSize=1000000\nMaxBackupIndex=99999999",
            1_000_000,
            1000,
        ),
        ("MaxFileSize=10", 200 << 10, 1),
        ("MaxFileSize=99999999999999999999MB", u64::MAX, 1),
    ] {
        let properties = properties.replace("Max", "log4cplus.appender.x.Max");
        let expected = Rolling::BySize { max_bytes, backups };
        assert_eq!(
            rolling(&format!("{by_size}{properties}")),
            (expected, true),
            "{properties}"
        );
    }
    let by_time = by_size.replace("Rolling", "DailyRolling");
    let expected = Rolling::ByTime {
        schedule: Schedule::Weekly,
        backups: 10,
    };
    let schedule = "log4cplus.appender.x.Schedule=weekly";
    assert_eq!(rolling(&format!("{by_time}{schedule}")), (expected, true));
    let plain = by_size.replace("Rolling", "");
    assert_eq!(rolling(&plain), (Rolling::Never, false));
}

#[test]
fn a_schedule_that_is_none_is_complained_about() {
    let (appender, complaints) = of_appender(
        "log4cplus.appender.x=log4cplus::DailyRollingFileAppender\n\
         log4cplus.appender.x.File=f\nlog4cplus.appender.x.Schedule=never",
    );
    assert_eq!(
        complaints,
        ["log4cplus:ERROR file:4: \"Schedule\" not valid: never\n"]
    );
    assert!(matches!(appender.target, Target::File(_)));
}

#[test]
fn a_root_that_says_nothing_leaves_the_log_as_it_is_without_a_file() {
    let (config, complaints) = read("log4cplus.rootLogger =");
    assert_eq!(
        complaints,
        ["log4cplus:ERROR file:1: \"\" is no level for logger root\n"]
    );
    assert_eq!(
        (config.root.level, &*config.root.appenders),
        (Some(Threshold::Info), &[0][..])
    );
    assert_eq!(config.appenders, [Appender::usual()]);
}

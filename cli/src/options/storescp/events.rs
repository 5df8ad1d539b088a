//! Commands that are run when something happened.

use super::super::{Section, entry, seconds, text};
use super::Typed;

const SORTED: &[&str] = &[
    "--sort-conc-studies",
    "--sort-on-study-uid",
    "--sort-on-patientname",
];

const NO_COMMANDS: &str = "no commands are run yet; watch the output directory, in which a file \
                           under its final name is always complete";
const NO_STUDIES: &str = "the end of a study is not detected yet";

pub(super) static EVENTS: Section<Typed> = Section {
    title: "event options",
    entries: &[
        entry(
            "--exec-on-reception",
            "run a command after each object",
            "Runs this shell command after each object that was received.",
        )
        .short("-xcr")
        .takes(&[text("command")])
        .not_yet(NO_COMMANDS),
        entry(
            "--exec-on-eostudy",
            "run a command when a study ends",
            "Runs this shell command when all objects of a study were received.",
        )
        .short("-xcs")
        .takes(&[text("command")])
        .requires(SORTED)
        .conflicts(&[&["--fork"], &["--inetd"]])
        .not_yet(NO_STUDIES),
        entry(
            "--rename-on-eostudy",
            "rename the files of a study when it ends",
            "Renames the files of a finished study by the code of the SOP class and a number.",
        )
        .short("-rns")
        .requires(SORTED)
        .conflicts(&[&["--fork"], &["--inetd"]])
        .not_yet(NO_STUDIES),
        entry(
            "--eostudy-timeout",
            "idle time that ends a study",
            "After this many seconds without an object, a study counts as finished.",
        )
        .short("-tos")
        .takes(&[seconds(0)])
        .requires(&[
            "--sort-conc-studies",
            "--sort-on-study-uid",
            "--sort-on-patientname",
            "--exec-on-eostudy",
            "--rename-on-eostudy",
        ])
        .not_yet(NO_STUDIES),
        entry(
            "--exec-sync",
            "wait for commands",
            "Waits for each command to finish before going on.",
        )
        .short("-xs")
        .not_yet(NO_COMMANDS),
    ],
};

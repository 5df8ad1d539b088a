//! What the manual page of storescp tells besides the options.

use super::super::Manual;

pub(super) static MANUAL: Manual = Manual {
    sections: &[(
        "SIGNALS",
        &[
            "On the first SIGTERM or SIGINT no further association is accepted and no new object is begun. \
     What is in flight has --drain-timeout seconds to arrive and to reach stable storage. An \
     association with nothing in flight may release within a second and is aborted then. The \
     program ends with exit code 0.",
            "A second signal ends it at once; what was acknowledged before is stored. The same signal \
     again within a second of the first is taken for its repetition and ignored, because wrappers \
     such as timeout(1) signal both their child and its process group.",
        ],
    )],
    exit_status: "0 after --help, --version, or an orderly end by a signal; 1 when the \
    command line is wrong or the program cannot start or go on. After a second signal the status \
    is that of the signal.",
    files: &[
        (
            "PREFIX.UID[EXTENSION]",
            "A received object in the output directory, complete whenever it is there: the code of its \
         SOP class (CT, MR, ...), its SOP Instance UID, and the text of --filename-extension.",
        ),
        (
            "PREFIX.UID_0001[EXTENSION]",
            "An object kept beside an older file (--on-duplicate keep or same).",
        ),
        (
            ".NAME.<n>.part",
            "A hidden part file: an object that is still arriving, on file systems where a file can't \
         be without a name until it is whole. Those that an ended process left are removed at the \
         next start; nothing else ever needs them.",
        ),
    ],
    examples: &[
        (
            "storescp -v +xa -od /archive 11112",
            "Receives whatever comes, compressed images too, into /archive and logs what is done.",
        ),
        (
            "storescp --on-duplicate same -od /archive 11112",
            "Does not write an object again that is there already; for a migration that is repeated.",
        ),
        (
            "storescp @/etc/pdvault/storescp.options",
            "Takes options and port from a file.",
        ),
        (
            "storescp --ignore 11112",
            "Measures the network alone: every object is acknowledged and thrown away.",
        ),
    ],
};

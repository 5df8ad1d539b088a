//! What the manual pages of loadgen tell besides the options.

use super::super::Manual;

pub(super) static MANUAL: Manual = Manual {
    sections: &[
        (
            "FAULTS",
            &[
                "The table of results has a line for each kind of --fault: how many were made and what \
             the receiver did. Only some are under way at a time, so that faults do not become the \
             load; those that would have been too many are not sent, and counted as \"left out\".",
            ],
        ),
        (
            "COMPARING RUNS",
            &[
                "`pdvault loadgen compare A.json B.json` shows the figures of two runs that were \
             written with --json side by side, the change in percent, and what was not the same: \
             host, versions, options. Results of another version of the file format are refused.",
            ],
        ),
    ],
    exit_status: "0 when the run ended as planned; 1 when the command line is wrong, a file of \
        results cannot be written, the receiver can't be reached, no object was acknowledged, or \
        --verify found objects missing or different; 2 when an expectation (--expect) does not \
        hold; 130 or 143 when SIGINT or SIGTERM ended the run early, whatever else was found.",
    files: &[],
    examples: &[
        (
            "pdvault loadgen --associations 4 --duration 30 --warm-up 5 localhost 11112",
            "Sends a mixed load over four associations and measures all but the first five seconds.",
        ),
        (
            "pdvault loadgen --corpus ct --arrival-rate 200 --expect 'p99<50ms' localhost 11112",
            "Makes 200 CT images due each second and ends with exit code 2 if one in a hundred \
             takes longer than 50 ms.",
        ),
        (
            "pdvault loadgen --count 1000 --verify /archive localhost 11112",
            "Sends 1000 objects and compares what the receiver stored with them.",
        ),
    ],
};

pub(super) static COMPARE_MANUAL: Manual = Manual {
    sections: &[],
    exit_status: "0 when both files could be read, 1 otherwise.",
    files: &[],
    examples: &[],
};

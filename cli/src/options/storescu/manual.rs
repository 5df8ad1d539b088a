//! What the manual page of storescu tells besides the options.

use super::super::Manual;

pub(super) static MANUAL: Manual = Manual {
    sections: &[
        (
            "PRESENTATION CONTEXTS",
            &[
                "For each SOP class two presentation contexts are proposed: one with the preferred \
                 transfer syntax and one with the uncompressed ones that are left; see the options \
                 that begin with --propose, and --combine. A proposal of more contexts than an association holds, 128, is \
                 spread over several associations. With --propose-stored the files are looked at \
                 first, and each transfer syntax that those of a SOP class have gets a context of \
                 its own: for archives of mixed compressions.",
                "A file is sent in the context of its own transfer syntax, else in an explicit \
                 uncompressed one, else in the implicit one, else in any of its class. Native, big \
                 endian and deflated encodings are converted into each other; compressed pixel \
                 data is never converted, nor are pixels compressed.",
            ],
        ),
        (
            "LONG JOBS",
            &[
                "With --journal every file is written down with its status as the peer answers. A \
                 job that was interrupted, by kill -9 too, goes on with the same command line and \
                 --resume: what the peer has acknowledged is skipped. The peer is known by its \
                 AE title, name and port as they are typed.",
                "With --journal or --report the last line on standard error counts what was done, \
                 and where that is no terminal a line every 30 seconds tells how far the job is; -q \
                 keeps both away. Several files can have the same SOP Instance UID: an archive has \
                 one object of them. The report counts those that were acknowledged besides the \
                 first as duplicates, which takes 16 bytes of memory an object and the overhead of \
                 a hash table.",
            ],
        ),
    ],
    exit_status: "0 when every file was sent, with or without a warning, and with --no-halt in any \
        case but the ones of 1. 1 when the command line is wrong, a file can't be read or sent, the \
        peer can't be reached or rejects the association, or none of the presentation contexts is \
        accepted or no file asks for one. 10 when the peer aborted. Otherwise the high byte of the \
        last failure status: 167 for A7xx (out of resources), 169 for A9xx (data set does not \
        match), 192 to 207 for Cxxx (cannot understand), 1 for 01xx.",
    files: &[],
    examples: &[
        (
            "storescu -v -aec ARCHIVE archive.example 104 image.dcm",
            "Sends a file and logs what is done.",
        ),
        (
            "storescu +sd +r -nh --journal job.log --resume --associations 4 archive.example 104 /old",
            "Moves an archive over four connections; the same line again goes on after a break.",
        ),
        (
            "storescu +sd +r --propose-stored archive.example 104 /old",
            "Sends files of any transfer syntaxes as they are, where the peer takes them.",
        ),
        (
            "storescu -xs -R archive.example 104 lossless.dcm",
            "Sends a file that is compressed by JPEG lossless as it is.",
        ),
    ],
};

//! The options of pack.

#[cfg(test)]
mod tests;

use super::shared::general;
use super::{Argument, DIRECTORY, Kind, Manual, Section, Tool, bound, entry, text, unsigned};
use crate::pack::{KeyKind, THREADS_MAX, Typed};

const KEY: &str = "selection";

static GENERAL: Section<Typed> = general::general();

static SELECTION: Section<Typed> = Section {
    title: "selection (ls, cat, extract)",
    entries: &[
        entry(
            "--instance",
            "only objects with this SOP instance UID",
            "Takes only objects with this SOP instance UID, found by the index where there is one.",
        )
        .group(KEY)
        .takes(&[text("uid")])
        .works(|typed, values| typed.select(KeyKind::Instance, values)),
        entry(
            "--series",
            "only objects of this series",
            "Takes only objects with this series instance UID.",
        )
        .group(KEY)
        .takes(&[text("uid")])
        .works(|typed, values| typed.select(KeyKind::Series, values)),
        entry(
            "--study",
            "only objects of this study",
            "Takes only objects with this study instance UID.",
        )
        .group(KEY)
        .takes(&[text("uid")])
        .works(|typed, values| typed.select(KeyKind::Study, values)),
    ],
};

static EXTRACTION: Section<Typed> = Section {
    title: "extraction (extract)",
    entries: &[
        entry(
            "--output-directory",
            "write files to this directory",
            "Writes files to this directory, which is made if it is missing.",
        )
        .short("-od")
        .takes(&[DIRECTORY])
        .default(".")
        .works(|typed, values| typed.output = Some(values[0].path())),
        entry(
            "--filename-extension",
            "text at the end of every file name",
            "Glues this text to the end of every file name. At most 64 bytes of UTF-8, without \
             slash and control characters.",
        )
        .short("-fe")
        .takes(&[text("extension")])
        .works(|typed, values| typed.extension = Some(values[0].text().to_owned())),
        entry(
            "--on-duplicate",
            "what to do when the file exists",
            "overwrite: the file is replaced. keep: the object gets a free name beside it, \
             NAME_0001 and on. refuse: the file stays, the object counts as failed.",
        )
        .takes(&[Argument {
            name: "policy",
            kind: Kind::Choice(&["overwrite", "keep", "refuse"]),
        }])
        .default("overwrite")
        .works(|typed, values| typed.on_duplicate = Some(values[0].word())),
    ],
};

static OTHER: Section<Typed> = Section {
    title: "other options",
    entries: &[
        entry(
            "--allow-unsealed",
            "a segment that is not sealed is no damage (verify)",
            "Lets verify pass segments that are not sealed: those that a receiver still writes to. \
             A segment whose end was cut off looks the same.",
        )
        .works(|typed, _| typed.allow_unsealed = true),
        entry(
            "--json",
            "print for machines (ls, verify, stat)",
            "Prints JSON: of ls a line for each object, of verify and stat one for each segment.",
        )
        .works(|typed, _| typed.json = true),
        entry(
            "--threads",
            "work on so many at once (extract, verify)",
            "Sets how many objects (extract) or segments (verify) are worked on at once. The \
             default is the number of CPUs.",
        )
        .takes(&[unsigned("number", 1, bound(THREADS_MAX))])
        .tells_range()
        .works(|typed, values| typed.threads = Some(values[0].number())),
    ],
};

static MANUAL: Manual = Manual {
    sections: &[(
        "COMMANDS",
        &[
            "ls lists objects: length in bytes, time of receipt, name. cat writes the one object that is \
             selected to standard output. extract writes objects to files under the names that they \
             have in the pack, compared with their digests.",
            "verify reads everything and names what is wrong, with segment, offset and object. stat \
             tells how many objects and bytes there are and what is not used. index writes the index \
             beside each sealed segment anew, from the headers in it.",
            "A pack is a directory of segments, NAME.tar with an index NAME.idx beside each. Segments are \
             pax archives: any tar extracts them, too. The format is described in docs/pack.md.",
        ],
    )],
    exit_status: "0 when all is well; 1 when the command line is wrong, something can't be read or \
        written, nothing was found that was selected, or verify found something wrong.",
    files: &[],
    examples: &[
        (
            "pdvault pack verify /archive",
            "Reads every segment of a pack and names what is wrong.",
        ),
        (
            "pdvault pack cat --instance 1.2.3 /archive > 1.2.3.dcm",
            "Gets one object.",
        ),
        (
            "pdvault pack extract --study 1.2 -od /tmp/study /archive",
            "Gets all objects of a study.",
        ),
    ],
};

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "pack",
    has_link: false,
    title: "what is in packs of DICOM objects",
    description: "pack lists, extracts and verifies objects in packs: directories of segments, which \
        hold many objects each and can be read by any tar.",
    usage: "[options] ls|cat|extract|verify|stat|index pack...",
    helps_when_empty: true,
    parameters: &[
        ("command", "ls, cat, extract, verify, stat or index"),
        ("pack", "segment, or directory of segments"),
    ],
    takes_files: true,
    manual: &MANUAL,
    sections: &[&GENERAL, &SELECTION, &EXTRACTION, &OTHER],
};

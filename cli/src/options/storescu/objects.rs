//! What is changed in data sets on their way.

use super::super::{COUNT_MAX, Section, entry, unsigned};
use super::Typed;

const NEW_VR: &str = "new-vr";

pub(super) static ENCODING: Section<Typed> = Section {
    title: "encoding of data sets",
    entries: &[
        entry(
            "--enable-new-vr",
            "keep value representations newer than 1993",
            "Keeps value representations such as UN and UT where a data set is converted.",
        )
        .short("+u")
        .group(NEW_VR)
        .default("yes")
        .works(|typed, _| typed.old_vr_only = false),
        entry(
            "--disable-new-vr",
            "write newer value representations as OB",
            "Writes value representations that are newer than 1993 as OB.",
        )
        .short("-u")
        .group(NEW_VR)
        .works(|typed, _| typed.old_vr_only = true),
        entry(
            "--compression-level",
            "how hard to compress when deflating",
            "Sets the level of zlib where data sets are deflated: 0 does not compress, 1 is the \
             fastest, 9 the smallest.",
        )
        .short("+cl")
        .takes(&[unsigned("level", 0, 9)])
        .default("6")
        .requires(&["--propose-deflated", "--config-file"])
        .works(|typed, values| typed.compression_level = Some(values[0].number())),
    ],
};

pub(super) static INVENTED: Section<Typed> = Section {
    title: "invented identities",
    entries: &[
        entry(
            "--invent-instance",
            "new UIDs, names and IDs for every file",
            "Replaces the SOP Instance, Series and Study Instance UID, names and IDs of patient \
             and study, and the numbers of series and instance, where the data set has them; for \
             testing peers with a few files. The files stay as they are.",
        )
        .short("+II")
        .works(|typed, _| typed.invent = true),
        entry(
            "--invent-series",
            "a new series after so many files",
            "Begins a new series after this many files; implies --invent-instance.",
        )
        .short("+IR")
        .takes(&[unsigned("count", 1, COUNT_MAX)])
        .default("100")
        .works(|typed, values| typed.invent_series = Some(values[0].number())),
        entry(
            "--invent-study",
            "a new study after so many series",
            "Begins a new study after this many series; implies --invent-instance.",
        )
        .short("+IS")
        .takes(&[unsigned("count", 1, COUNT_MAX)])
        .default("50")
        .works(|typed, values| typed.invent_study = Some(values[0].number())),
        entry(
            "--invent-patient",
            "a new patient after so many studies",
            "Begins a new patient after this many studies; implies --invent-instance.",
        )
        .short("+IP")
        .takes(&[unsigned("count", 1, COUNT_MAX)])
        .default("25")
        .works(|typed, values| typed.invent_patient = Some(values[0].number())),
    ],
};

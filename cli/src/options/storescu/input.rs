//! Which files are sent, how they are read, and what becomes of their names.

use super::super::{Section, entry, text};
use super::Typed;
use crate::storescu::InputFormat;

const FORMAT_GROUP: &str = "input-format";
const RECURSION: &str = "directory-recursion";
const RENAMING: &str = "input-rename";

const WITH_SCAN: &[&str] = &["--scan-directories"];

pub(super) static DUMP: Section<Typed> = Section {
    title: "association parameters",
    entries: &[entry(
        "--verbose-pc",
        "log presentation contexts at info level",
        "Logs the parameters of each association at info instead of debug level. Only with a log \
         level of info or finer (--verbose).",
    )
    .short("+v")
    .works(|typed, _| typed.verbose_pc = true)],
};

pub(super) static FORMAT: Section<Typed> = Section {
    title: "input file format",
    entries: &[
        entry(
            "--read-file",
            "read files and bare data sets",
            "Reads files with meta header, and bare data sets, whose transfer syntax is guessed \
             from their first bytes.",
        )
        .short("+f")
        .group(FORMAT_GROUP)
        .default("yes")
        .works(|typed, _| typed.input_format = InputFormat::Detect),
        entry(
            "--read-file-only",
            "read files with meta header only",
            "Takes only files with a meta header (PS3.10); anything else is a bad file.",
        )
        .short("+fo")
        .group(FORMAT_GROUP)
        .works(|typed, _| typed.input_format = InputFormat::FileOnly),
        entry(
            "--read-dataset",
            "read bare data sets only",
            "Reads every file as a data set without meta header, whose transfer syntax is guessed \
             from its first bytes.",
        )
        .short("-f")
        .group(FORMAT_GROUP)
        .works(|typed, _| typed.input_format = InputFormat::DataSet),
    ],
};

pub(super) static FILES: Section<Typed> = Section {
    title: "input files",
    entries: &[
        entry(
            "--scan-directories",
            "send the files inside of directories",
            "Sends the files of each directory that is a parameter. Without it directories are \
             skipped with a warning. Files are sent while the scan goes on, in the order of the \
             file system.",
        )
        .short("+sd")
        .works(|typed, _| typed.scan_directories = true),
        entry(
            "--scan-pattern",
            "only files of these names from directories",
            "Sends only those files from directories whose names match the pattern, where * stands \
             for any letters, ? for one, and [a-c] for one of these. Files that are parameters \
             themselves are sent whatever their names are.",
        )
        .short("+sp")
        .takes(&[text("pattern")])
        .requires(WITH_SCAN)
        .works(|typed, values| typed.scan_pattern = Some(values[0].text().to_owned())),
        entry(
            "--no-recurse",
            "do not descend into subdirectories",
            "Sends the files of a directory itself and none of its subdirectories.",
        )
        .short("-r")
        .group(RECURSION)
        .default("yes")
        .works(|typed, _| typed.recurse = false),
        entry(
            "--recurse",
            "descend into subdirectories",
            "Sends the files of subdirectories too, however deep. Links to directories are \
             followed, but not those that lead back up.",
        )
        .short("+r")
        .group(RECURSION)
        .requires(WITH_SCAN)
        .works(|typed, _| typed.recurse = true),
        entry(
            "--no-rename",
            "leave the names of files as they are",
            "Leaves the names of files that were sent as they are.",
        )
        .short("-rn")
        .group(RENAMING)
        .default("yes")
        .works(|typed, _| typed.rename = false),
        entry(
            "--rename",
            "append .done or .bad to files that were sent",
            "Appends .done to the name of each file that the peer took, with or without a warning, \
             and .bad to that of every other one. So that no file is met again under its new name, \
             each directory is read to its end before its first file is sent; memory holds its \
             names meanwhile. A directory or file that is named twice is sent once.",
        )
        .short("+rn")
        .group(RENAMING)
        .works(|typed, _| typed.rename = true),
    ],
};

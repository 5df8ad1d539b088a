//! What the engine makes of files and data sets, beside what DCMTK makes of them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use pdvault_engine::dataset::file_meta::{FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::dataset::{
    Encoding, FileError, FileHead, FileScan, ReadMode, RewriteOptions, Rewriter,
};
use pdvault_engine::value::{AeTitle, Uid};
use pdvault_tests::corpus;
use pdvault_tests::pairs;
use pdvault_tests::scratch;
use pdvault_tests::tools;

/// How much of a file is read at once: small, so that large values are left out.
const READ_BYTES: usize = 4096;

/// The encodings as dcmconv is asked for them, and one with old VRs only.
const TARGETS: [([&str; 2], Encoding); 5] = [
    (["+ti", "+u"], Encoding::ImplicitLittle),
    (["+te", "+u"], Encoding::ExplicitLittle),
    (["+tb", "+u"], Encoding::ExplicitBig),
    (["+tb", "-u"], Encoding::ExplicitBig),
    (["+td", "+u"], Encoding::DeflatedExplicitLittle),
];

/// The one file that DCMTK reads and we refuse: its sequence is shorter than the items in it.
const REFUSED: &str = "DICOMDIR-nooffset";

fn scan(path: &Path) -> Result<FileHead, FileError> {
    let file = File::open(path).expect("a file of the corpus");
    let length = file.metadata().expect("an open file").len();
    let mut scan = FileScan::new(ReadMode::Detect);
    let mut buffer = [0; READ_BYTES];
    loop {
        match file.read_at(&mut buffer, scan.wanted()).expect("readable") {
            0 => return scan.finish(length),
            n => scan.push(&buffer[..n])?,
        }
    }
}

/// The UIDs of the data set: class, instance, study, series.
fn uids(head: FileHead) -> [Option<String>; 4] {
    let uids = head.data_set;
    [uids.sop_class, uids.sop_instance, uids.study, uids.series]
        .map(|uid| uid.map(|uid| uid.as_str().to_owned()))
}

/// The same UIDs as dcmdump prints them; `None` if it cannot read the file.
fn dumped_uids(path: &Path) -> Option<[Option<String>; 4]> {
    let mut command = tools::dcmtk("dcmdump");
    // With the path to nested ones, so that those of the data set itself stand alone.
    command.args(["-q", "-Un", "+L", "+p"]);
    let tags = ["0008,0016", "0008,0018", "0020,000d", "0020,000e"];
    for tag in tags {
        command.args(["+P", tag]);
    }
    let output = tools::run(command.arg(path));
    let text = tools::text(&output.stdout);
    let value = |tag: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("({tag}) ")))?;
        Some(dumped_value(line))
    };
    output.status.success().then(|| tags.map(value))
}

/// The value in a line of dcmdump: text in brackets, or the bytes of a UID that the file calls UN.
fn dumped_value(line: &str) -> String {
    if let Some((_, bytes)) = line.split_once(" UN ") {
        let bytes = bytes.split(' ').next().unwrap_or_default().split('\\');
        let bytes = bytes.map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal"));
        let text = tools::text(&bytes.collect::<Vec<_>>());
        return text.trim_end_matches('\0').to_owned();
    }
    let value = line.split_once('[').map_or("", |(_, rest)| rest);
    value.split(']').next().unwrap_or_default().to_owned()
}

#[test]
fn a_file_is_read_if_dcmtk_reads_it_and_has_the_same_uids() {
    let mut differences = String::new();
    for path in corpus::pydicom_paths() {
        let name = path.file_name().expect("a file").to_string_lossy();
        let ours = scan(&path).map(uids);
        let theirs = dumped_uids(&path);
        let is_same = ours.as_ref().ok() == theirs.as_ref();
        if is_same == (name == REFUSED) {
            writeln!(differences, "{name}: {ours:?}, DCMTK {theirs:?}").expect("memory");
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Writes a file with the data set of `path` in another encoding.
fn convert(path: &Path, head: &FileHead, to: Encoding, options: RewriteOptions, result: &Path) {
    let from = Encoding::from_transfer_syntax(head.transfer_syntax.as_str()).expect("native");
    let bytes = fs::read(path).expect("a file of the corpus");
    let offset = usize::try_from(head.data_set_offset).expect("in memory");
    let mut out = vec![0; FILE_META_BYTES_MAX];
    let uid = Uid::from("1.2");
    let meta = FileMeta {
        sop_class: &uid,
        sop_instance: &uid,
        transfer_syntax: &to.transfer_syntax().into(),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let meta_bytes = meta.encode(&mut out);
    out.truncate(meta_bytes);
    let mut rewriter = Rewriter::new(from, to, options);
    let mut rest = &bytes[offset..];
    while !rest.is_empty() {
        let taken = rewriter
            .push(rest, &mut out)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        rest = &rest[taken..];
    }
    rewriter
        .finish(&mut out)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    fs::write(result, out).expect("room for a small file");
}

fn dcmconv(arguments: &[&str], path: &Path, result: &Path) {
    let mut command = tools::dcmtk("dcmconv");
    command.args(arguments).arg(path).arg(result);
    let output = tools::run(&mut command);
    let complaint = tools::text(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
}

/// The files with native pixel data or none.
fn native_files() -> Vec<(PathBuf, FileHead)> {
    let paths = corpus::pydicom_paths().into_iter();
    paths
        .filter_map(|path| scan(&path).ok().map(|head| (path, head)))
        .filter(|(_, head)| Encoding::from_transfer_syntax(head.transfer_syntax.as_str()).is_some())
        .collect()
}

#[test]
fn data_sets_are_converted_as_dcmtk_converts_them() {
    let directory = scratch::directory();
    let mut pairs = Vec::new();
    for (index, (path, head)) in native_files().iter().enumerate() {
        for (arguments, to) in TARGETS {
            let name = path.file_name().expect("a file").to_string_lossy();
            let base = format!("{index}{}-{name}", arguments.concat());
            let theirs = directory.path().join(format!("{base}.dcmtk"));
            let ours = directory.path().join(base);
            dcmconv(&arguments, path, &theirs);
            let options = RewriteOptions {
                old_vr_only: arguments[1] == "-u",
                ..RewriteOptions::default()
            };
            convert(path, head, to, options, &ours);
            pairs.push((theirs, ours));
        }
    }
    assert!(pairs.len() > 300, "only {} pairs", pairs.len());
    let differences = pairs::differences(&pairs);
    assert!(differences.is_empty(), "{differences:#?}");
    assert_readable(pairs.iter().map(|(_, ours)| ours));
}

#[test]
fn bare_data_sets_are_guessed_as_dcmtk_guesses_them() {
    let directory = scratch::directory();
    let bare = directory.path().join("bare");
    for (path, head) in native_files().iter().step_by(10) {
        for (_, to) in &TARGETS[..3] {
            convert(path, head, *to, RewriteOptions::default(), &bare);
            let offset = scan(&bare).expect("good").data_set_offset;
            let offset = usize::try_from(offset).expect("in memory");
            let bytes = fs::read(&bare).expect("just written");
            fs::write(&bare, &bytes[offset..]).expect("room");
            let read = scan(&bare).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(read.transfer_syntax.as_str(), to.transfer_syntax());
            assert_eq!(Some(uids(read)), dumped_uids(&bare), "{}", path.display());
        }
    }
}

/// That DCMTK and we ourselves find nothing wrong with what we wrote.
fn assert_readable<'a>(paths: impl Iterator<Item = &'a PathBuf>) {
    let mut command = tools::dcmtk("dcmdump");
    command.args(["+P", "0008,0018"]);
    for path in paths {
        scan(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        command.arg(path);
    }
    let output = tools::run(&mut command);
    let errors = tools::text(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("E: "),
        "{errors}"
    );
}

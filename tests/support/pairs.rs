//! Whether files hold the same data set, however encoded: asked of pydicom.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use crate::tools;

/// In what the data sets of each pair of files differ: a line each, none where all are equal.
pub fn differences(pairs: &[(PathBuf, PathBuf)]) -> Vec<String> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut command = tools::python("same_data_set.py");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| {
        panic!("cannot run {command:?}: {e}; `tests/run` installs all it needs")
    });
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // Written by a thread of its own: the answers may fill their pipe meanwhile.
    let line = |(a, b): &(PathBuf, PathBuf)| format!("{}\t{}", a.display(), b.display());
    let table = pairs.iter().map(line).collect::<Vec<_>>().join("\n");
    let writer = std::thread::spawn(move || stdin.write_all(table.as_bytes()));
    let output = child.wait_with_output().expect("a child can be waited for");
    let written = writer.join().expect("a write does not panic");
    written.expect("same_data_set.py reads its table");
    assert!(output.status.success(), "same_data_set.py failed");
    tools::text(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

//! The toolkits of other people that `tests/run` installs, and ways to run them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::{scratch, wire};

/// A program of DCMTK, found on the path.
pub fn dcmtk(program: &str) -> Command {
    let mut command = Command::new(program);
    // Without it Nagle's algorithm costs 44 ms an object on loopback.
    command.env("TCP_NODELAY", "1");
    command
}

/// The Python of the virtual environment with pynetdicom and pydicom, set to run a script of
/// `tests/peers`.
pub fn python(script: &str) -> Command {
    let mut command = Command::new(installed("venv/bin/python"));
    command.arg("-W").arg("ignore");
    command.arg(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("peers")
            .join(script),
    );
    command
}

/// dicom-rs's `dicom-storescu`.
pub fn dicom_rs_storescu() -> Command {
    Command::new(installed("dicom-rs/bin/dicom-storescu"))
}

/// dicom-rs's `dicom-storescp`.
pub fn dicom_rs_storescp() -> Command {
    Command::new(installed("dicom-rs/bin/dicom-storescp"))
}

/// The option by which DCMTK's storescu, and ours, proposes a transfer syntax before all others, so
/// that the data set is sent as it is. Others are proposed uncompressed, which storescu itself then
/// refuses.
pub fn proposal(syntax: &str) -> &'static str {
    match syntax.strip_prefix(wire::IMPLICIT).unwrap_or(syntax) {
        "" => "-xi",
        ".2" => "-xb",
        ".1.99" => "-xd",
        ".4.50" => "-xy",
        ".4.51" => "-xx",
        ".4.70" => "-xs",
        ".4.80" => "-xt",
        ".4.81" => "-xu",
        ".4.90" => "-xv",
        ".4.91" => "-xw",
        ".5" => "-xr",
        _ => "-xe",
    }
}

/// Where pydicom keeps its own test data.
pub fn pydicom_data() -> &'static Path {
    static PLACE: LazyLock<PathBuf> = LazyLock::new(find_pydicom_data);
    &PLACE
}

fn find_pydicom_data() -> PathBuf {
    let output = Command::new(installed("venv/bin/python"))
        .args([
            "-c",
            "import os, pydicom; print(os.path.dirname(pydicom.__file__))",
        ])
        .output()
        .expect("the virtual environment's Python runs");
    let package = String::from_utf8(output.stdout).expect("a path in UTF-8");
    Path::new(package.trim()).join("data")
}

/// Runs a command and returns what it printed.
///
/// # Panics
///
/// When it cannot be started.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| {
        panic!("cannot run {command:?}: {e}; `tests/run` installs all it needs")
    })
}

/// Output of a program as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn installed(path: impl AsRef<OsStr>) -> PathBuf {
    let path = scratch::target_directory()
        .join("peers")
        .join(path.as_ref());
    assert!(
        path.exists(),
        "{} is missing: `tests/run` installs it",
        path.display()
    );
    path
}

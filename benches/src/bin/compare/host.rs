//! The machine and the programs that figures depend on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use pdvault_loadgen::results::Host;
use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::system::Programs;
use crate::tools;

/// What results begin with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) cpu: String,
    pub(crate) cpus: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// Device, type and mount options of the file system that is written to.
    pub(crate) disk: String,
    pub(crate) loop_mode: String,
    pub(crate) congestion_control: String,
    pub(crate) load_average: String,
    pub(crate) is_root: bool,
    /// Of the systems, by name.
    pub(crate) versions: BTreeMap<String, String>,
}

/// Looks at all of it.
pub(crate) fn facts(options: &Options, programs: &Programs, is_root: bool) -> Facts {
    let host = Host::this();
    Facts {
        date: tools::version("date", &["-u", "+%F"]).unwrap_or_default(),
        commit: commit(&options.root),
        cpu: host.cpu,
        cpus: host.cpus,
        memory_gib: memory_kib() >> 20,
        kernel: host.kernel,
        disk: disk(&options.directory),
        loop_mode: options.loop_mode.name().to_owned(),
        congestion_control: first_line("/proc/sys/net/ipv4/tcp_congestion_control"),
        load_average: first_line("/proc/loadavg"),
        is_root,
        versions: versions(programs),
    }
}

/// What git calls this tree; what is not committed is named.
pub(crate) fn commit(root: &Path) -> String {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(root)
        .args(["describe", "--always", "--dirty"]);
    tools::run(&mut git).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn versions(programs: &Programs) -> BTreeMap<String, String> {
    let dicom_rs = programs.peers.join("dicom-rs/bin/dicom-storescp");
    let python = programs.peers.join("venv/bin/python");
    let module = "import pynetdicom; print(pynetdicom.__version__)";
    let told = [
        ("pdvault", tools::version(&programs.pdvault, &["--version"])),
        ("dcmtk", tools::version("storescp", &["--version"])),
        ("dicom-rs", tools::version(dicom_rs, &["--version"])),
        (
            "pynetdicom",
            tools::version(python, &["-W", "ignore", "-c", module]),
        ),
        ("orthanc", tools::version("Orthanc", &["--version"])),
        ("fio", tools::version("fio", &["--version"])),
    ];
    let known = told
        .into_iter()
        .filter_map(|(name, told)| Some((name.to_owned(), told?)));
    known.collect()
}

fn disk(directory: &Path) -> String {
    let mut findmnt = Command::new("findmnt");
    findmnt.args([
        "--noheadings",
        "--output",
        "SOURCE,FSTYPE,OPTIONS",
        "--target",
    ]);
    let told = tools::run(findmnt.arg(directory)).unwrap_or_default();
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn memory_kib() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told.lines().next().unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default()
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

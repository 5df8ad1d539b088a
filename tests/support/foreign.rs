//! Receivers of other people, each with a storage directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::listening::{free_port, listens};
use crate::stored::StoredFile;
use crate::{disk, scratch, tools};

/// How long one may take to listen. Python reads many files first.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How often a start is tried again when somebody else took the port in between.
const START_ATTEMPTS: u32 = 4;

/// A receiver of other people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// DCMTK's storescp, which keeps every bit, whatever the transfer syntax.
    Dcmtk,
    /// pynetdicom, which keeps every bit and takes everything.
    Pynetdicom,
    /// dicom-rs's storescp, which reads the data set and writes it anew.
    DicomRs,
    /// Orthanc, which reads the data set and writes it anew.
    Orthanc,
}

/// A running receiver; it is killed when dropped.
pub struct Foreign {
    child: Child,
    port: u16,
    home: TempDir,
}

impl Foreign {
    /// Starts one and waits until it listens.
    pub fn start(kind: Kind) -> Self {
        for _ in 0..START_ATTEMPTS {
            let mut receiver = Self::spawn(kind);
            if receiver.wait_until_listening() {
                return receiver;
            }
            println!("{kind:?} ended at start:\n{}", receiver.log());
        }
        panic!("{kind:?} does not start");
    }

    fn spawn(kind: Kind) -> Self {
        let (home, port) = (scratch::directory(), free_port());
        let store = home.path().join("store");
        fs::create_dir(&store).expect("a directory in target/tmp");
        let mut command = kind.command(home.path(), &store, port);
        let log = fs::File::create(home.path().join("log")).expect("a file in target/tmp");
        let twin = log.try_clone().expect("a file has two handles");
        command.stdin(Stdio::null()).stdout(log).stderr(twin);
        let child = command.spawn().unwrap_or_else(|e| {
            panic!("cannot run {command:?}: {e}; `tests/run` installs all it needs")
        });
        Self { child, port, home }
    }

    /// `false` when the process ended instead.
    fn wait_until_listening(&mut self) -> bool {
        let mut ended = false;
        let decided = disk::eventually(START_LIMIT, || {
            let status = self.child.try_wait().expect("a child can be waited for");
            ended = status.is_some();
            ended || listens(self.child.id(), self.port)
        });
        assert!(decided, "does not listen:\n{}", self.log());
        !ended
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        tools::text(&fs::read(self.home.path().join("log")).expect("the log exists"))
    }

    /// The DICOM files that it has stored.
    pub fn files(&self) -> Vec<StoredFile> {
        let mut out = Vec::new();
        let mut folders = vec![self.home.path().join("store")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a directory of this test") {
                let path = entry.expect("a directory entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if is_dicom(&path) {
                    out.push(StoredFile::open(&path));
                }
            }
        }
        out
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kind {
    fn command(self, home: &Path, store: &Path, port: u16) -> Command {
        let mut command = match self {
            Self::Dcmtk => {
                let mut command = tools::dcmtk("storescp");
                // Unique names: the corpus has several objects of one instance UID.
                command.args(["-pm", "+xa", "+B", "+uf", "-od"]).arg(store);
                command
            }
            Self::Pynetdicom => {
                let mut command = tools::python("receive.py");
                command.arg(store);
                command
            }
            Self::DicomRs => {
                let mut command = tools::dicom_rs_storescp();
                command.args(["--promiscuous", "-o"]).arg(store).arg("-p");
                command
            }
            Self::Orthanc => {
                let mut command = Command::new("/usr/sbin/Orthanc");
                command.arg(orthanc_configuration(home, store, port));
                return command;
            }
        };
        command.arg(port.to_string());
        command
    }
}

/// Writes the configuration of an Orthanc that takes everything as it is, has no index beside this
/// test's and serves nobody over HTTP.
fn orthanc_configuration(home: &Path, store: &Path, port: u16) -> PathBuf {
    let path = home.join("orthanc.json");
    let text = format!(
        r#"{{
  "StorageDirectory": "{0}", "IndexDirectory": "{0}", "HttpServerEnabled": false,
  "DicomPort": {port}, "DicomAlwaysAllowStore": true, "UnknownSopClassAccepted": true,
  "StorageCompression": false, "OverwriteInstances": true, "Plugins": []
}}"#,
        store.display()
    );
    fs::write(&path, text).expect("a file in target/tmp");
    path
}

fn is_dicom(path: &Path) -> bool {
    let meta = crate::stored::Meta::read(path).expect("a stored file can be read");
    meta.is_some()
}

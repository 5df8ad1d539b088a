//! Files to send, and a receiver to send them to.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use pdvault_engine::dataset::file_meta::{FILE_META_BYTES_MAX, FileMeta};
use pdvault_engine::receiver::{Builder, Receiver, ReceiverHandle};
use pdvault_engine::store::Durability;
use pdvault_engine::value::{AeTitle, Uid};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

pub(crate) const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");
pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";

/// The memory of a receiver that is sent a few small objects, in bytes.
const LANDING_BYTES: usize = 16 << 20;

/// A directory with files to send, and a receiver to send them to.
pub(crate) struct Scene {
    pub(crate) files: TempDir,
    pub(crate) stored: TempDir,
    pub(crate) receiver: ReceiverHandle,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn on_port(port: u16) -> Self {
        Self::with(|builder| builder.listen((Ipv4Addr::LOCALHOST, port).into()))
    }

    /// With a receiver that is changed so.
    pub(crate) fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let stored = tempfile::tempdir().expect("a directory");
        Self {
            files: tempfile::tempdir().expect("a directory"),
            receiver: receiver(stored.path(), change),
            stored,
        }
    }

    /// The program with these words, in the directory of the files.
    pub(crate) fn command(&self, options: &[&str], files: &[&str]) -> Command {
        let port = self.receiver.local_addr().port().to_string();
        let mut command = Command::new(PDVAULT);
        command.arg("storescu").args(options);
        command.args(["127.0.0.1", &port]).args(files);
        command.current_dir(self.files.path());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Writes a small CT object of this name and SOP instance `2.25.<number>`.
    pub(crate) fn object(&self, name: &str, number: u32) -> PathBuf {
        self.write(name, &dicom_file(CT, number, 100))
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Runs storescu in the directory of the files, to the receiver.
    pub(crate) fn send(&self, options: &[&str], files: &[&str]) -> Output {
        let mut command = self.command(options, files);
        command.output().expect("the program starts")
    }

    /// The SOP instances that the receiver has, by their numbers.
    pub(crate) fn stored(&self) -> BTreeSet<u32> {
        names(self.stored.path())
            .iter()
            .map(|name| {
                let number = name.rsplit('.').next().expect("a UID");
                number.parse().expect("a UID that ends in a number")
            })
            .collect()
    }
}

fn receiver(directory: &Path, change: impl FnOnce(Builder) -> Builder) -> ReceiverHandle {
    let builder = Receiver::builder()
        .listen((Ipv4Addr::LOCALHOST, 0).into())
        .output_directory(directory)
        .landing_memory(LANDING_BYTES)
        .durability(Durability::None);
    change(builder).start().expect("a receiver")
}

/// A port on which nobody listens, and which nobody else is given as long as the socket is there; a
/// receiver can take it all the same.
pub(crate) fn reserved_port() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("set");
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    socket.bind(&any.into()).expect("bound");
    let address = socket.local_addr().expect("bound");
    (socket, address.as_socket().expect("an IP address").port())
}

pub(crate) fn run(directory: &Path, words: &[impl AsRef<OsStr>]) -> Output {
    Command::new(PDVAULT)
        .args(words)
        .current_dir(directory)
        .output()
        .expect("the program starts")
}

pub(crate) fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| {
            let entry = entry.expect("an entry");
            entry.file_name().into_string().expect("a name of ASCII")
        })
        .collect()
}

#[track_caller]
pub(crate) fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", log(output));
}

pub(crate) fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A DICOM file with so many bytes of pixel data.
pub(crate) fn dicom_file(class: &str, number: u32, pixel_bytes: usize) -> Vec<u8> {
    dicom_file_in(EXPLICIT_LITTLE, class, number, pixel_bytes)
}

/// The same with a transfer syntax that is written as explicit little endian is.
pub(crate) fn dicom_file_in(syntax: &str, class: &str, number: u32, pixel_bytes: usize) -> Vec<u8> {
    let (class, instance) = (
        Uid::from(class),
        Uid::from(format!("2.25.{number}").as_str()),
    );
    let mut file = vec![0; FILE_META_BYTES_MAX];
    let meta = FileMeta {
        sop_class: &class,
        sop_instance: &instance,
        transfer_syntax: &syntax.into(),
        source_ae_title: &AeTitle::new("TEST").expect("legal"),
    };
    let length = meta.encode(&mut file);
    file.truncate(length);
    short_element(&mut file, (0x0008, 0x0016), *b"UI", class.as_str());
    short_element(&mut file, (0x0008, 0x0018), *b"UI", instance.as_str());
    short_element(&mut file, (0x0010, 0x0020), *b"LO", "nobody");
    file.extend([0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
    file.extend(u32::try_from(pixel_bytes).expect("small").to_le_bytes());
    file.extend((0..pixel_bytes).map(|at| at.to_le_bytes()[0]));
    file
}

fn short_element(out: &mut Vec<u8>, (group, element): (u16, u16), vr: [u8; 2], text: &str) {
    let length = text.len().next_multiple_of(2);
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(vr);
    out.extend(u16::try_from(length).expect("short").to_le_bytes());
    out.extend(text.bytes());
    out.resize(out.len() + length - text.len(), 0);
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

/// A sender, and the lines of its log as they come.
pub(crate) fn started(mut command: Command) -> (Child, impl Iterator<Item = String>) {
    let mut sender = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let log = BufReader::new(sender.stderr.take().expect("piped"));
    (sender, log.lines().map(|line| line.expect("text")))
}

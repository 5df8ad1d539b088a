//! The systems that are compared: receivers, ours and others', and what bounds them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What DCMTK announces at most, and pdvault by default, in bytes.
pub(crate) const PDU_BYTES: u32 = 131_072;

/// What is measured, but for the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// pdvault as it comes: on stable storage before Success.
    Object,
    /// pdvault `--durability none`.
    None,
    /// pdvault `--ignore`.
    Ignore,
    Dcmtk,
    DcmtkPlain,
    DcmtkIgnore,
    DicomRs,
    Pynetdicom,
    Orthanc,
    BareDurable,
    BareNoSync,
    BareMmap,
    BareBuffered,
    BareDiscard,
    /// The disk alone.
    Fio,
}

/// How pdvault waits for the system: a value of `--driver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Driver {
    Mio,
    Uring,
}

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct System {
    pub(crate) kind: Kind,
    /// For pdvault only.
    pub(crate) driver: Option<Driver>,
}

/// Programs and places that a launch needs.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) pdvault: PathBuf,
    /// Whether it has `--driver`.
    pub(crate) has_drivers: bool,
    pub(crate) bare: PathBuf,
    /// What tests/run installs.
    pub(crate) peers: PathBuf,
    /// `tests/peers/receive.py`.
    pub(crate) pynetdicom_script: PathBuf,
}

impl Driver {
    fn name(self) -> &'static str {
        match self {
            Self::Mio => "mio",
            Self::Uring => "uring",
        }
    }
}

impl Kind {
    /// Whether it is pdvault, and so depends on the driver.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Object | Self::None | Self::Ignore)
    }

    /// Whether it is somebody else's receiver that stores.
    pub(crate) fn is_peer(self) -> bool {
        use Kind::{Dcmtk, DcmtkPlain, DicomRs, Orthanc, Pynetdicom};
        matches!(self, Dcmtk | DcmtkPlain | DicomRs | Pynetdicom | Orthanc)
    }

    /// Whether a tenth of the objects is enough.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::DcmtkPlain | Self::Pynetdicom | Self::Orthanc)
    }

    /// Whether it is far from winning, and so left out of a quick look.
    pub(crate) fn is_outrun(self) -> bool {
        self.is_slow() || self == Self::DicomRs
    }

    /// Whether it writes large objects past the page cache of its file system.
    pub(crate) fn writes_direct(self) -> bool {
        matches!(
            self,
            Self::Object | Self::BareDurable | Self::BareNoSync | Self::Fio
        )
    }

    /// Whether there is anything on disk afterwards.
    pub(crate) fn stores(self) -> bool {
        !matches!(self, Self::Ignore | Self::DcmtkIgnore | Self::BareDiscard)
    }

    /// Whether data sets can be found as they were sent.
    pub(crate) fn keeps_every_bit(self) -> bool {
        let rewrites = matches!(self, Self::DicomRs | Self::Orthanc | Self::DcmtkPlain);
        self.stores() && !rewrites && self != Self::Fio
    }

    fn name(self) -> &'static str {
        match self {
            Self::Object => "pdvault",
            Self::None => "pdvault-none",
            Self::Ignore => "pdvault-ignore",
            Self::Dcmtk => "dcmtk",
            Self::DcmtkPlain => "dcmtk-plain",
            Self::DcmtkIgnore => "dcmtk-ignore",
            Self::DicomRs => "dicom-rs",
            Self::Pynetdicom => "pynetdicom",
            Self::Orthanc => "orthanc",
            Self::BareDurable => "bare-durable",
            Self::BareNoSync => "bare-nosync",
            Self::BareMmap => "bare-mmap",
            Self::BareBuffered => "bare-buffered",
            Self::BareDiscard => "bare-discard",
            Self::Fio => "fio",
        }
    }

    /// The mode of the prototype that it is.
    fn bare_mode(self) -> Option<&'static str> {
        self.name().strip_prefix("bare-")
    }
}

/// The name in options, results and tables: `pdvault-none/mio`.
impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.driver {
            Some(driver) => write!(f, "{}/{}", self.kind.name(), driver.name()),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl System {
    /// The system itself, or one for each driver.
    pub(crate) fn all_of(kind: Kind, drivers: &[Driver]) -> Vec<Self> {
        if !kind.is_ours() {
            return vec![Self { kind, driver: None }];
        }
        let drivers = drivers.iter().copied().map(Some);
        drivers.map(|driver| Self { kind, driver }).collect()
    }

    /// How it is started, to listen on `port` and write to `output`; `home` is for its own files.
    /// `None` for what is no receiver.
    pub(crate) fn command(
        self,
        programs: &Programs,
        port: u16,
        output: &Path,
        home: &Path,
    ) -> Option<Command> {
        let port = port.to_string();
        Some(match self.kind {
            Kind::Object | Kind::None | Kind::Ignore => self.pdvault(programs, output, &port),
            Kind::Dcmtk => dcmtk(&["--fork", "+B", "-pdu", "131072"], output, &port),
            Kind::DcmtkIgnore => dcmtk(&["--fork", "--ignore", "-pdu", "131072"], output, &port),
            Kind::DcmtkPlain => {
                let mut command = dcmtk(&["--fork"], output, &port);
                command.env_remove("TCP_NODELAY");
                command
            }
            Kind::DicomRs => {
                let mut command = Command::new(programs.peers.join("dicom-rs/bin/dicom-storescp"));
                command.args(["--non-blocking", "--max-pdu-length"]);
                command.arg(PDU_BYTES.to_string());
                command.arg("-o").arg(output).arg("-p").arg(port);
                command
            }
            Kind::Pynetdicom => {
                let mut command = Command::new(programs.peers.join("venv/bin/python"));
                command
                    .args(["-W", "ignore"])
                    .arg(&programs.pynetdicom_script);
                command.arg(output).arg(port);
                command
            }
            Kind::Orthanc => {
                let mut command = Command::new("Orthanc");
                command.arg(home.join("orthanc.json"));
                command
            }
            Kind::Fio => return None,
            _ => {
                let mut command = Command::new(&programs.bare);
                command.arg(self.kind.bare_mode()?).arg("--port").arg(port);
                command.arg("--directory").arg(output);
                command
            }
        })
    }

    fn pdvault(self, programs: &Programs, output: &Path, port: &str) -> Command {
        let mut command = Command::new(&programs.pdvault);
        command
            .args(["storescp", "-q", "-pdu"])
            .arg(PDU_BYTES.to_string());
        match self.kind {
            Kind::None => command.args(["--durability", "none"]),
            Kind::Ignore => command.arg("--ignore"),
            _ => &mut command,
        };
        if let (true, Some(driver)) = (programs.has_drivers, self.driver) {
            command.args(["--driver", driver.name()]);
        }
        command.arg("-od").arg(output).arg(port);
        command
    }
}

fn dcmtk(options: &[&str], output: &Path, port: &str) -> Command {
    let mut command = Command::new("storescp");
    // Nagle's algorithm would cost it 40 ms an object.
    command.env("TCP_NODELAY", "1").arg("-q").args(options);
    command.arg("-od").arg(output).arg(port);
    command
}

/// What Orthanc is started with, next to the port and the directory: defaults but for what the
/// comparison needs.
pub(crate) fn orthanc_configuration(port: u16, output: &Path) -> String {
    let configuration = serde_json::json!({
        "StorageDirectory": output, "IndexDirectory": output, "HttpServerEnabled": false,
        "DicomPort": port, "DicomAlwaysAllowStore": true, "MaximumPduLength": PDU_BYTES,
        "StorageCompression": false, "OverwriteInstances": true, "Plugins": [],
    });
    configuration.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(has_drivers: bool) -> Programs {
        Programs {
            pdvault: "pdvault".into(),
            has_drivers,
            bare: "bare".into(),
            peers: "peers".into(),
            pynetdicom_script: "receive.py".into(),
        }
    }

    fn line(system: System, has_drivers: bool) -> String {
        let programs = programs(has_drivers);
        let command = system.command(&programs, 7, Path::new("out"), Path::new("home"));
        let command = command.expect("a receiver");
        let mut words = vec![command.get_program().to_owned()];
        words.extend(command.get_args().map(ToOwned::to_owned));
        words.join(" ".as_ref()).into_string().expect("text")
    }

    #[test]
    fn a_driver_is_named_only_where_there_are_several() {
        let system = System {
            kind: Kind::None,
            driver: Some(Driver::Uring),
        };
        assert_eq!(
            line(system, true),
            "pdvault storescp -q -pdu 131072 --durability none --driver uring -od out 7"
        );
        assert!(!line(system, false).contains("--driver"));
        assert_eq!(system.to_string(), "pdvault-none/uring");
    }

    #[test]
    fn prototypes_are_started_in_their_mode() {
        let system = System {
            kind: Kind::BareNoSync,
            driver: None,
        };
        assert_eq!(line(system, true), "bare nosync --port 7 --directory out");
    }

    #[test]
    fn ours_is_there_once_for_each_driver_and_the_others_once() {
        let drivers = [Driver::Mio, Driver::Uring];
        assert_eq!(System::all_of(Kind::Object, &drivers).len(), 2);
        assert_eq!(System::all_of(Kind::Dcmtk, &drivers).len(), 1);
    }
}

//! Stands in for the engine's receiver until it lands: it listens and accepts nothing.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use pdvault_engine::value::AeTitle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    Object,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDuplicate {
    Overwrite,
    Keep,
    Refuse,
    Same,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{address}: {text}")]
    Listen {
        address: SocketAddr,
        kind: io::ErrorKind,
        text: String,
    },
    #[error("{path}: {text}")]
    OutputDirectory { path: String, text: String },
}

pub(crate) struct Receiver;

impl Receiver {
    pub(crate) fn builder() -> Builder {
        Builder {
            address: None,
            directory: PathBuf::new(),
        }
    }
}

pub(crate) struct Builder {
    address: Option<SocketAddr>,
    directory: PathBuf,
}

macro_rules! ignored {
    ($($name:ident: $type:ty),*) => {
        $(pub(crate) fn $name(self, _: $type) -> Self { self })*
    };
}

impl Builder {
    ignored!(
        ae_title: AeTitle, max_pdu: u32, accept_all: bool, promiscuous: bool,
        acse_timeout: Duration, dimse_timeout: Option<Duration>, socket_timeout: Option<Duration>,
        drain_timeout: Duration, max_associations: usize, workers: usize, writers: usize,
        landing_memory: usize, durability: Durability, on_duplicate: OnDuplicate,
        unique_filenames: bool, filename_extension: String, ignore: bool
    );

    pub(crate) fn listen(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    pub(crate) fn output_directory(mut self, directory: PathBuf) -> Self {
        self.directory = directory;
        self
    }

    pub(crate) fn start(self) -> Result<ReceiverHandle, StartError> {
        fs::create_dir_all(&self.directory).map_err(|error| StartError::OutputDirectory {
            path: self.directory.display().to_string(),
            text: error.to_string(),
        })?;
        let address = self.address.expect("given");
        let listener = TcpListener::bind(address).map_err(|error| StartError::Listen {
            address,
            kind: error.kind(),
            text: error.to_string(),
        })?;
        Ok(ReceiverHandle { listener })
    }
}

pub(crate) struct ReceiverHandle {
    listener: TcpListener,
}

impl ReceiverHandle {
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("bound")
    }

    pub(crate) fn shutdown(&self) {}

    pub(crate) fn join(self) -> Result<(), io::Error> {
        Ok(())
    }
}

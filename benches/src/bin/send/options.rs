//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

const USAGE: &str = "usage: send [--address ADDRESS:PORT] [--associations 8] [--objects 2000] \
    [--bytes 524288] [--pdu 131072] [--window 1] [--receiver PID] [--directory OUTPUT] [--warm BYTES]";

/// What to send, and what to look at.
pub(crate) struct Options {
    /// The receiver; without one memory is warmed and nothing sent.
    pub(crate) address: Option<SocketAddr>,
    /// Associations at once.
    pub(crate) associations: usize,
    /// Objects over all associations.
    pub(crate) objects: usize,
    /// The size of a data set, in bytes.
    pub(crate) bytes: usize,
    /// The longest P-DATA-TF PDU, in bytes; the receiver may ask for shorter ones.
    pub(crate) pdu_bytes: usize,
    /// Objects of an association that may await their response; the receiver may allow fewer.
    pub(crate) window: u16,
    /// The receiver's process, for its CPU time.
    pub(crate) receiver: Option<u32>,
    /// Where the receiver puts objects: its file system is synced before the clock stops, and the
    /// files are checked afterwards.
    pub(crate) directory: Option<PathBuf>,
    /// Memory to touch and to give back just before the start, in bytes.
    pub(crate) warm_bytes: usize,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            address: None,
            associations: 8,
            objects: 2000,
            bytes: 512 << 10,
            pdu_bytes: 128 << 10,
            window: 1,
            receiver: None,
            directory: None,
            warm_bytes: 0,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match name.as_str() {
                "--address" => options.address = Some(number(&name, &value)?),
                "--associations" => options.associations = number(&name, &value)?,
                "--objects" => options.objects = number(&name, &value)?,
                "--bytes" => options.bytes = number(&name, &value)?,
                "--pdu" => options.pdu_bytes = number(&name, &value)?,
                "--window" => options.window = number(&name, &value)?,
                "--receiver" => options.receiver = Some(number(&name, &value)?),
                "--directory" => options.directory = Some(value.into()),
                "--warm" => options.warm_bytes = number(&name, &value)?,
                _ => return Err(USAGE.into()),
            }
        }
        options.check()
    }

    fn check(self) -> Result<Self, String> {
        if self.associations == 0 || self.objects == 0 || self.window == 0 {
            return Err(
                "at least one association, object and place in the window are needed".into(),
            );
        }
        if self.bytes < 400 || !self.bytes.is_multiple_of(2) {
            return Err("--bytes must be even and 400 at least".into());
        }
        Ok(self)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} cannot be {value}; {USAGE}"))
}

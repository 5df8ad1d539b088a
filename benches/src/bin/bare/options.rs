//! What is asked for on the command line.

use std::path::PathBuf;

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: bare MODE --port P [--directory D] [--connections-max N]

  discard   receive and forget
  durable   direct write of whole blocks, buffered tail, fdatasync, linkat, then the response
  nosync    the same without fdatasync
  mmap      receive into the mapped, preallocated final file
  buffered  receive into a buffer that stays in the CPU's cache, pwrite through the page cache

  --connections-max N   landing memory for so many is set up at the start (64)";

/// Connections that may wait to be accepted: more than any load has at once.
pub(crate) const BACKLOG: i32 = 4096;

/// The stack of a connection's thread, in bytes: nothing on it is large.
pub(crate) const STACK_BYTES: usize = 128 << 10;

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Discard,
    Durable,
    NoSync,
    Mmap,
    Buffered,
}

impl Mode {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "discard" => Self::Discard,
            "durable" => Self::Durable,
            "nosync" => Self::NoSync,
            "mmap" => Self::Mmap,
            "buffered" => Self::Buffered,
            _ => return None,
        })
    }
}

/// The command line, understood.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) port: u16,
    pub(crate) directory: PathBuf,
    pub(crate) connections_max: usize,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let name = words.next().ok_or("no mode is given")?;
        let mode = Mode::named(&name).ok_or(format!("there is no mode {name}"))?;
        let mut options = Self {
            mode,
            port: 0,
            directory: PathBuf::from("."),
            connections_max: 64,
        };
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            let number = || {
                value
                    .parse::<u16>()
                    .map_err(|error| format!("{word}: {error}"))
            };
            match word.as_str() {
                "--port" => options.port = number()?,
                "--connections-max" => options.connections_max = number()?.into(),
                "--directory" => options.directory = PathBuf::from(value),
                _ => return Err(format!("there is no option {word}")),
            }
        }
        if options.port == 0 {
            return Err("--port is needed".to_owned());
        }
        Ok(options)
    }
}

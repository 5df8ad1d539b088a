//! Bare receivers: the least that a thread per connection can do with what arrives. They are the
//! yardstick for the real one, which has to check, to share and to survive besides.
//!
//! No limits, no time-outs, no checks: for loadgen on this machine only.

mod answer;
mod connection;
mod inbound;
mod landing;
mod mapping;
mod options;
mod predicted;
mod writing;

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use connection::serve;
use landing::Landings;
use options::Options;

fn main() -> ExitCode {
    let words = std::env::args().skip(1);
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("bare: {problem}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match listen(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is killed.
fn listen(options: &Options) -> std::io::Result<()> {
    let landings = Arc::new(Landings::new(options)?);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, options.port))?;
    // The standard library's backlog of 128 is too short for a thousand associations at once.
    rustix::net::listen(&listener, options::BACKLOG)?;
    loop {
        let (stream, peer) = listener.accept()?;
        let landings = Arc::clone(&landings);
        let thread = thread::Builder::new().stack_size(options::STACK_BYTES);
        thread.spawn(move || {
            if let Err(error) = serve(&stream, &landings) {
                eprintln!("bare: {peer}: {error}");
            }
        })?;
    }
}

//! Sends objects from memory as fast as a receiver takes them, and prints what that took as one
//! line of JSON.
//!
//! Closed loop: each association sends an object, waits for its response and sends the next, until
//! all objects are stored; with `--window`, it sends that many before it waits. The data set is encoded once; per object only the instance UIDs in a few
//! hundred bytes at its head are changed, and all of it goes to the socket in one vectored write.
//! So the sender costs little more than the kernel's copy.

#![forbid(unsafe_code)]

mod association;
mod check;
mod options;
mod race;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("send: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let memory = warm(options.warm_bytes);
    let Some(address) = options.address else {
        return Ok(());
    };
    let figures = race::run(address, &options, memory)?;
    let checked = match &options.directory {
        Some(directory) => check::check(directory, &figures.data_set, options.objects)?,
        None => 0,
    };
    println!("{}", figures.to_json(&options, checked));
    Ok(())
}

/// Takes memory from the system and touches every page of it. Given back, it is what the page cache
/// is made of next, already backed by the machine under a virtual one.
fn warm(bytes: usize) -> Vec<u8> {
    vec![1; bytes]
}

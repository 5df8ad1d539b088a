//! Whether io_uring does the store's work cheaper than its threads do, and what registered memory
//! gives: the figures behind "The store through a ring" in `docs/performance.md`.
//!
//! `cargo bench -p pdvault-benches --bench ring -- store DIRECTORY [COMMAND]` stores objects that
//! are already in memory, in each of several ways in turn. COMMAND is run by a shell before each run and
//! should make the file system at DIRECTORY afresh. Without it, each run has a directory of its own, the
//! files are emptied after each case (file systems remember deletions) and removed at the end; up to
//! 27 GB are written at a time.
//!
//! `cargo bench -p pdvault-benches --bench ring -- receive` receives over loopback into ordinary
//! and into registered memory. Needs Linux 6.10.

#![allow(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

mod clocks;
mod place;
mod receive;
mod ring;
mod threads;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, io};

/// What keeps objects under way.
trait Storing {
    /// Begins to store the object in this place of the memory under a name of this number.
    fn start(&mut self, number: u64, slot: usize) -> io::Result<()>;

    /// Waits until one of them is stored; its place.
    fn finished(&mut self) -> io::Result<usize>;
}

fn main() -> ExitCode {
    // Cargo adds an option of its own.
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let measured = match words[..] {
        ["receive"] => receive::measure(),
        ["store", directory] => trial::measure(PathBuf::from(directory), None),
        ["store", directory, fresh] => trial::measure(PathBuf::from(directory), Some(fresh)),
        _ => {
            eprintln!("ring: store DIRECTORY [COMMAND] or receive is needed");
            return ExitCode::FAILURE;
        }
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ring: {error}");
            ExitCode::FAILURE
        }
    }
}

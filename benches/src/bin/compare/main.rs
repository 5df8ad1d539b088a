//! The comparison: pdvault beside other people's receivers, beside bare prototypes of its own data
//! path, and beside what disk and network can do at all. `benches/compare` builds and starts it;
//! docs/benchmarks.md explains what is measured.

mod bench;
mod charts;
mod endurance;
mod figures;
mod host;
mod matrix;
mod memory;
mod options;
mod outrun;
mod plan;
mod problem;
mod progress;
mod receiver;
mod report;
mod results;
mod session;
mod stage;
mod state;
mod statistics;
mod system;
mod tables;
mod targets;
mod tools;
mod turns;
mod warmth;

use std::process::ExitCode;

use options::Options;
use problem::Problem;

/// The exit code after SIGINT, as shells have it.
const EXIT_INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("compare: {problem}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match session::carry_out(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("compare: {problem}");
            ExitCode::from(match problem {
                Problem::Interrupted => EXIT_INTERRUPTED,
                Problem::Other(_) => 1,
            })
        }
    }
}

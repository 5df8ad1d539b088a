//! Shows what survives a power cut.
//!
//! A disk in memory is served as a file by FUSE; a loop device makes a block device of it, which gets
//! a file system. All writes and flushes that reach the disk are recorded while a [`subject`] stores
//! objects there and senders note when they hold their acknowledgements. Then the power is cut, in
//! thought, at many moments of that recording: each time the disk gets what was stable by then and
//! some of what was not, is mounted, and compared with what was acknowledged by then.

mod cut;
mod image;
mod ledger;
mod options;
mod record;
mod report;
mod served;
mod subject;
mod trial;
mod volume;

use std::process::ExitCode;

use pdvault_tests::random::Random;

use options::Options;
use trial::Trial;

/// A promise was broken, or one that keeps none was not caught.
const FAILED: u8 = 1;

/// The command line is wrong, or there are no loop devices, no FUSE, no such file system here.
const CANNOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::help());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("power-cut: {error}; --help says what there is");
            return ExitCode::from(CANNOT_RUN);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(reason) => {
            eprintln!("power-cut: cannot run here: {reason}");
            if options.if_possible {
                eprintln!("power-cut: SKIPPED, nothing was tested");
                return ExitCode::SUCCESS;
            }
            ExitCode::from(CANNOT_RUN)
        }
    }
}

/// Runs all trials; whether all came out as they must.
fn run(options: &Options) -> Result<bool, String> {
    let mut random = Random::from_clock();
    let mut is_good = true;
    for &file_system in &options.file_systems {
        for &subject in &options.subjects {
            let trial = Trial {
                file_system,
                subject,
                options,
            };
            let report = trial.run(&mut random.fork())?;
            print!("{report}");
            is_good &= report.is_good();
        }
    }
    Ok(is_good)
}

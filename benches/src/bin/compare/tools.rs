//! Programs of the system that are run to their end.

use std::path::Path;
use std::process::Command;

use crate::problem::Problem;

/// Runs a program and returns what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String, Problem> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed ({}): {}", output.status, text.trim()).into())
}

/// The first line that a program prints about itself, if there is such a program.
pub(crate) fn version(program: impl AsRef<Path>, arguments: &[&str]) -> Option<String> {
    let text = run(Command::new(program.as_ref()).args(arguments)).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Brings everything of the file system of `path` to stable storage.
pub(crate) fn sync(path: &Path) -> Result<(), Problem> {
    let directory = std::fs::File::open(path).map_err(Problem::at(path))?;
    rustix::fs::syncfs(&directory).map_err(|errno| Problem::at(path)(errno.into()))
}

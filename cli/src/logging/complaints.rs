//! What is wrong with the configuration of the log, told on standard error: the log may not be there.

use super::print_error;

/// What begins a complaint; DCMTK's, for scripts that look for it.
const PREFIX: &str = "log4cplus:ERROR";

/// Complaints about the lines of a file.
#[derive(Debug)]
pub(super) struct Complaints {
    file: String,
    lines: Vec<String>,
}

impl Complaints {
    /// None yet, about the file of this name.
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            lines: Vec::new(),
        }
    }

    /// One more, about a line of the file.
    pub(super) fn add(&mut self, line: usize, text: impl AsRef<str>) {
        let text = text.as_ref();
        self.lines
            .push(format!("{PREFIX} {}:{line}: {text}\n", self.file));
    }

    /// All of them.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// Tells of something that went wrong after the file was read.
pub(super) fn tell(text: &str) {
    print_error(&format!("{PREFIX} {text}\n"));
}

//! Where results go, and what is looked at after the run: made sure of before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pdvault_loadgen::results::{self, Results};

use super::Settings;
use super::settings::Json;

/// Where results go: files that can be written, whatever the run will take.
#[derive(Debug)]
pub(super) struct Outputs {
    json: Option<Output>,
    plot: Option<Output>,
}

/// One of these places.
#[derive(Debug)]
enum Output {
    StandardOutput,
    /// What it held stays there until there is something else to write.
    File {
        file: File,
        path: PathBuf,
    },
}

impl Outputs {
    /// Opens the files, and looks at the directory that is to be verified.
    ///
    /// # Errors
    /// What cannot be written or read, and why.
    pub(super) fn open(settings: &Settings) -> Result<Self, String> {
        if let Some(directory) = &settings.verify {
            fs::read_dir(directory)
                .map_err(|error| format!("cannot verify {}: {error}", directory.display()))?;
        }
        Ok(Self {
            json: settings.json.as_ref().map(Output::of_json).transpose()?,
            plot: settings.plot.as_deref().map(Output::open).transpose()?,
        })
    }

    /// Writes the results.
    ///
    /// # Errors
    /// A full disk, mostly.
    pub(super) fn write(self, results: &Results) -> Result<(), Box<dyn std::error::Error>> {
        if let Some(json) = self.json {
            json.write(&results.to_json())?;
        }
        if let Some(plot) = self.plot {
            plot.write(&results::svg(results)?)?;
        }
        Ok(())
    }
}

impl Output {
    fn of_json(json: &Json) -> Result<Self, String> {
        match json {
            Json::StandardOutput => Ok(Self::StandardOutput),
            Json::File(path) => Self::open(path),
        }
    }

    fn open(path: &Path) -> Result<Self, String> {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).open(path);
        Ok(Self::File {
            file: opened.map_err(|error| cannot_write(path, &error))?,
            path: path.to_owned(),
        })
    }

    fn write(self, text: &str) -> Result<(), String> {
        match self {
            Self::StandardOutput => io::stdout()
                .write_all(text.as_bytes())
                .map_err(|error| format!("cannot write the results to standard output: {error}")),
            Self::File { file, path } => {
                replace(file, text).map_err(|error| cannot_write(&path, &error))
            }
        }
    }
}

fn replace(mut file: File, text: &str) -> io::Result<()> {
    // A pipe or a device has no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_held_stays_until_there_are_results_and_goes_then() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("a.json");
        fs::write(&path, "older and longer").expect("written");
        let output = Output::open(&path).expect("writable");
        assert_eq!(
            fs::read_to_string(&path).expect("there"),
            "older and longer"
        );
        output.write("new").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "new");
    }

    #[test]
    fn what_cannot_be_written_is_told_by_name() {
        let error = Output::open(Path::new("/nowhere/a.json")).expect_err("no directory");
        assert!(
            error.starts_with("cannot write /nowhere/a.json: "),
            "{error}"
        );
    }
}

//! The files to be sent: named one by one, or found in directories while others are sent already.
//!
//! A directory is never collected first: memory is bounded by the depth of the tree, not by the
//! number of its files.

use std::fs::{self, Metadata, ReadDir};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;

/// How parameters become files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Whether directories are looked into at all.
    pub(super) is_on: bool,
    /// Which of the names found are taken; `None`: all.
    pub(super) pattern: Option<Pattern>,
    /// Whether directories in directories are looked into.
    pub(super) recurse: bool,
}

/// A parameter that stands for at least one file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Parameter {
    File(PathBuf),
    Directory(PathBuf),
}

/// One thing found.
#[derive(Debug)]
pub(super) enum Found {
    /// A file, which may have gone meanwhile.
    File(PathBuf),
    /// A directory, or an entry of one, that cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What was said about the parameters before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// A directory, but directories are not asked for.
    IgnoredDirectory(PathBuf),
    /// No such file.
    NoAccess(PathBuf),
}

/// The parameters, looked at once: which are files, which directories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    parameters: Vec<Parameter>,
    scan: Scan,
}

impl Inputs {
    /// Sorts `parameters` into files and directories, and tells `complain` what is no input.
    /// A file that does not exist is left out.
    pub(super) fn new(
        parameters: &[PathBuf],
        scan: Scan,
        mut complain: impl FnMut(Complaint),
    ) -> Self {
        let mut kept = Vec::new();
        for path in parameters {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() && scan.is_on => {
                    kept.push(Parameter::Directory(path.clone()));
                }
                Ok(metadata) if metadata.is_dir() => {
                    complain(Complaint::IgnoredDirectory(path.clone()));
                }
                Ok(_) => kept.push(Parameter::File(path.clone())),
                Err(_) => complain(Complaint::NoAccess(path.clone())),
            }
        }
        Self {
            parameters: kept,
            scan,
        }
    }

    /// Walks all of them, in the order of the parameters; within a directory in the order of the
    /// file system. Each call walks anew.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk {
            parameters: self.parameters.iter(),
            scan: &self.scan,
            open: Vec::new(),
        }
    }
}

/// A directory being read.
#[derive(Debug)]
struct OpenDirectory {
    path: PathBuf,
    /// Device and inode, by which a loop of links is noticed.
    identity: (u64, u64),
    entries: ReadDir,
}

/// Finds one file after the other. See [`Inputs::walk`].
#[derive(Debug)]
pub(super) struct Walk<'a> {
    parameters: std::slice::Iter<'a, Parameter>,
    scan: &'a Scan,
    /// From the parameter's directory down to the one being read.
    open: Vec<OpenDirectory>,
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let found = if self.open.is_empty() {
                match self.parameters.next()? {
                    Parameter::File(path) => Some(Found::File(path.clone())),
                    Parameter::Directory(path) => self.enter(path.clone()),
                }
            } else {
                self.next_entry()
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

impl Walk<'_> {
    /// Starts to read a directory; something is found only if that fails.
    fn enter(&mut self, path: PathBuf) -> Option<Found> {
        match open(&path) {
            Ok((identity, _)) if self.open.iter().any(|above| above.identity == identity) => None,
            Ok((identity, entries)) => {
                self.open.push(OpenDirectory {
                    path,
                    identity,
                    entries,
                });
                None
            }
            Err(error) => Some(Found::Unreadable { path, error }),
        }
    }

    /// The next entry of the innermost directory, if it is a file that is wanted.
    fn next_entry(&mut self) -> Option<Found> {
        let directory = self.open.last_mut()?;
        let entry = match directory.entries.next() {
            None => {
                self.open.pop();
                return None;
            }
            Some(Ok(entry)) => entry,
            Some(Err(error)) => {
                let path = directory.path.clone();
                // What a broken directory would say next is the same again.
                self.open.pop();
                return Some(Found::Unreadable { path, error });
            }
        };
        let path = directory.path.join(entry.file_name());
        match fs::metadata(&path) {
            Ok(metadata) => self.judge(path, &metadata),
            // A link that leads nowhere, or a file that has gone: no input.
            Err(_) => None,
        }
    }

    fn judge(&mut self, path: PathBuf, metadata: &Metadata) -> Option<Found> {
        if metadata.is_dir() {
            return self.scan.recurse.then(|| self.enter(path)).flatten();
        }
        self.is_wanted(&path).then_some(Found::File(path))
    }

    fn is_wanted(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.scan
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches(name.as_bytes()))
    }
}

fn open(path: &Path) -> io::Result<((u64, u64), ReadDir)> {
    let metadata = fs::metadata(path)?;
    Ok(((metadata.dev(), metadata.ino()), fs::read_dir(path)?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        fs::create_dir_all(root.join("deep/er")).expect("made");
        for name in ["a.dcm", "b.txt", "deep/c.dcm", "deep/er/d.dcm"] {
            fs::write(root.join(name), name).expect("written");
        }
        directory
    }

    fn scan(pattern: Option<&str>, recurse: bool) -> Scan {
        Scan {
            is_on: true,
            pattern: pattern.map(|text| Pattern::new(text.as_bytes())),
            recurse,
        }
    }

    /// The names found below `root`, sorted.
    fn names(root: &Path, scan: Scan) -> Vec<String> {
        let inputs = Inputs::new(&[root.to_owned()], scan, |complaint| {
            panic!("{complaint:?}")
        });
        let mut names: Vec<_> = inputs
            .walk()
            .map(|found| match found {
                Found::File(path) => path
                    .strip_prefix(root)
                    .expect("below the root")
                    .to_string_lossy()
                    .into_owned(),
                Found::Unreadable { path, error } => panic!("{}: {error}", path.display()),
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_is_expanded_as_deep_as_asked_for() {
        let tree = tree();
        let root = tree.path();
        assert_eq!(names(root, scan(None, false)), ["a.dcm", "b.txt"]);
        assert_eq!(
            names(root, scan(None, true)),
            ["a.dcm", "b.txt", "deep/c.dcm", "deep/er/d.dcm"]
        );
    }

    #[test]
    fn the_pattern_holds_for_names_of_files_only() {
        let tree = tree();
        assert_eq!(
            names(tree.path(), scan(Some("*.dcm"), true)),
            ["a.dcm", "deep/c.dcm", "deep/er/d.dcm"]
        );
    }

    #[test]
    fn parameters_keep_their_order_and_bad_ones_are_told() {
        let tree = tree();
        let path = |name: &str| tree.path().join(name);
        let parameters = [path("b.txt"), path("nothing"), path("deep"), path("a.dcm")];
        let mut complaints = Vec::new();
        let inputs = Inputs::new(&parameters, Scan::default(), |complaint| {
            complaints.push(complaint);
        });
        let found: Vec<_> = inputs.walk().collect();
        assert!(
            matches!(&found[..], [Found::File(first), Found::File(second)]
                if *first == path("b.txt") && *second == path("a.dcm")),
            "{found:?}"
        );
        assert_eq!(
            complaints,
            [
                Complaint::NoAccess(path("nothing")),
                Complaint::IgnoredDirectory(path("deep"))
            ]
        );
    }

    #[test]
    fn a_loop_of_links_ends_and_a_dead_link_is_no_file() {
        let tree = tree();
        symlink(tree.path(), tree.path().join("deep/up")).expect("linked");
        symlink("nowhere", tree.path().join("dead")).expect("linked");
        assert_eq!(
            names(tree.path(), scan(None, true)),
            ["a.dcm", "b.txt", "deep/c.dcm", "deep/er/d.dcm"]
        );
    }

    #[test]
    fn a_walk_can_be_made_again() {
        let tree = tree();
        let inputs = Inputs::new(&[tree.path().to_owned()], scan(None, true), |_| {});
        assert_eq!(inputs.walk().count(), 4);
        assert_eq!(inputs.walk().count(), 4);
    }
}

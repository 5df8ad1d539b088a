//! The files to be sent: named one by one, or found in directories while others are sent already.
//!
//! A tree is never collected first: memory is bounded by its depth, not by the number of its files.
//! Only where files are renamed while others are still being found, the names in a directory are read
//! all at once, so that none is met again under its new name; memory is then bounded by the names in
//! the directories from the top down to the one at hand.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
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
    /// Whether files get new names while others are still being found. Then no directory is read
    /// twice, and no file that is a parameter is found once more in a directory.
    pub(super) files_are_renamed: bool,
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
        parameters: impl IntoIterator<Item = PathBuf>,
        scan: Scan,
        mut complain: impl FnMut(Complaint),
    ) -> Self {
        let mut kept = Vec::new();
        for path in parameters {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && scan.is_on => {
                    kept.push(Parameter::Directory(path));
                }
                Ok(metadata) if metadata.is_dir() => {
                    complain(Complaint::IgnoredDirectory(path));
                }
                Ok(_) => kept.push(Parameter::File(path)),
                Err(_) => complain(Complaint::NoAccess(path)),
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
            met: HashSet::new(),
        }
    }
}

/// Device and inode of a file or directory, which it keeps under every name.
type Identity = (u64, u64);

/// The names in a directory, as the file system gives them.
type Names = Box<dyn Iterator<Item = io::Result<OsString>>>;

/// A directory being read.
struct OpenDirectory {
    path: PathBuf,
    /// By which a loop of links is noticed.
    identity: Identity,
    names: Names,
}

/// Finds one file after the other. See [`Inputs::walk`].
pub(super) struct Walk<'a> {
    parameters: std::slice::Iter<'a, Parameter>,
    scan: &'a Scan,
    /// From the parameter's directory down to the one being read.
    open: Vec<OpenDirectory>,
    /// Where files are renamed: the directories read so far, and the files that are parameters.
    met: HashSet<Identity>,
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let found = if self.open.is_empty() {
                match self.parameters.next()? {
                    Parameter::File(path) => self.meet(path),
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
    /// A file that is a parameter, unless it was one before and has another name by now.
    fn meet(&mut self, path: &Path) -> Option<Found> {
        if !self.scan.files_are_renamed {
            return Some(Found::File(path.to_owned()));
        }
        // If it has gone, whoever opens it will tell.
        let is_new = fs::metadata(path).map_or(true, |metadata| self.is_new(identity(&metadata)));
        is_new.then(|| Found::File(path.to_owned()))
    }

    /// Notes what is met for the first time, if that matters.
    fn is_new(&mut self, identity: Identity) -> bool {
        !self.scan.files_are_renamed || self.met.insert(identity)
    }

    /// Starts to read a directory; something is found only if that fails.
    fn enter(&mut self, path: PathBuf) -> Option<Found> {
        match open(&path, self.scan.files_are_renamed) {
            Ok((identity, _)) if self.open.iter().any(|above| above.identity == identity) => None,
            Ok((identity, _)) if !self.is_new(identity) => None,
            Ok((identity, names)) => {
                self.open.push(OpenDirectory {
                    path,
                    identity,
                    names,
                });
                None
            }
            Err(error) => Some(Found::Unreadable { path, error }),
        }
    }

    /// The next entry of the innermost directory, if it is a file that is wanted.
    fn next_entry(&mut self) -> Option<Found> {
        let directory = self.open.last_mut()?;
        let name = match directory.names.next() {
            None => {
                self.open.pop();
                return None;
            }
            Some(Ok(name)) => name,
            Some(Err(error)) => {
                let path = directory.path.clone();
                // What a broken directory would say next is the same again.
                self.open.pop();
                return Some(Found::Unreadable { path, error });
            }
        };
        let path = directory.path.join(name);
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
        let is_parameter = self.met.contains(&identity(metadata));
        (self.is_wanted(&path) && !is_parameter).then_some(Found::File(path))
    }

    fn is_wanted(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.scan
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches(name.as_bytes()))
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// Opens a directory; reads it to its end before anything of it is known if it is to be read `at_once`.
fn open(path: &Path, at_once: bool) -> io::Result<(Identity, Names)> {
    let identity = identity(&fs::metadata(path)?);
    let names = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name()));
    if !at_once {
        return Ok((identity, Box::new(names)));
    }
    let names: Vec<_> = names.collect();
    Ok((identity, Box::new(names.into_iter())))
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
            files_are_renamed: false,
        }
    }

    /// The names found below `root`, sorted.
    fn names(root: &Path, scan: Scan) -> Vec<String> {
        let inputs = Inputs::new([root.to_owned()], scan, |complaint| panic!("{complaint:?}"));
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
        let inputs = Inputs::new(parameters, Scan::default(), |complaint| {
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
        let inputs = Inputs::new([tree.path().to_owned()], scan(None, true), |_| {});
        assert_eq!(inputs.walk().count(), 4);
        assert_eq!(inputs.walk().count(), 4);
    }

    #[test]
    fn a_file_that_is_renamed_once_it_is_found_is_not_found_again() {
        const FILES: usize = 3000;
        let tree = tree();
        let root = tree.path();
        for number in 0..FILES {
            fs::write(root.join(format!("{number}.dcm")), "").expect("written");
        }
        let parameters = ["a.dcm", "deep", "", "deep/../a.dcm"].map(|name| root.join(name));
        let scan = Scan {
            files_are_renamed: true,
            ..scan(None, true)
        };
        let inputs = Inputs::new(parameters, scan, |complaint| panic!("{complaint:?}"));
        let mut count = 0;
        for found in inputs.walk() {
            match found {
                // The last parameter: there is no such file any more.
                Found::File(path) if path.ends_with("../a.dcm") => assert!(!path.exists()),
                Found::File(path) => {
                    fs::rename(&path, {
                        let mut new = path.clone().into_os_string();
                        new.push(".done");
                        new
                    })
                    .expect("renamed");
                    count += 1;
                }
                Found::Unreadable { path, error } => panic!("{}: {error}", path.display()),
            }
        }
        assert_eq!(count, FILES + 4);
    }
}

//! What was sent and what was promised, and whether a directory keeps the promises.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::record::Tick;

/// One object that was sent under a name.
pub(crate) struct Version {
    /// The file as it must be.
    pub(crate) file: Vec<u8>,
    /// When the sender held the acknowledgement in hand.
    pub(crate) acknowledged: Option<Tick>,
}

/// All objects by name of their file; those of one name in the order in which they were sent, each
/// after the one before was acknowledged.
#[derive(Default)]
pub(crate) struct Ledger(pub(crate) BTreeMap<String, Vec<Version>>);

/// A promise that was broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The file system cannot be mounted.
    Unmountable(String),
    /// An object was acknowledged, and its name is gone.
    Lost(String),
    /// A newer object was acknowledged, and an older one has its name.
    Stale(String),
    /// A file under a final name is no object that was sent under it: where it has gone wrong.
    Broken(String, String),
    /// A file under a final name that nobody sent.
    Stray(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmountable(why) => write!(f, "cannot be mounted: {why}"),
            Self::Lost(name) => write!(f, "{name} was acknowledged and is gone"),
            Self::Stale(name) => write!(f, "{name} was acknowledged and is an older one"),
            Self::Broken(name, how) => write!(f, "{name} is not whole: {how}"),
            Self::Stray(name) => write!(f, "{name} was never sent"),
        }
    }
}

impl Ledger {
    /// When objects were acknowledged, in no order.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = Tick> {
        let versions = self.0.values().flatten();
        versions.filter_map(|version| version.acknowledged)
    }

    /// Compares a directory after a cut with what was promised up to then.
    pub(crate) fn check(&self, directory: &Path, cut: Tick) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, versions) in &self.0 {
            findings.extend(check_one(&directory.join(name), name, versions, cut));
        }
        match strays(directory, self) {
            Ok(names) => findings.extend(names.into_iter().map(Finding::Stray)),
            Err(error) => findings.push(Finding::Unmountable(error.to_string())),
        }
        findings
    }
}

fn check_one(path: &Path, name: &str, versions: &[Version], cut: Tick) -> Option<Finding> {
    let is_promised = |version: &Version| version.acknowledged.is_some_and(|at| at <= cut);
    let promised = versions.iter().rposition(is_promised);
    let name = name.to_owned();
    let found = match fs::read(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return promised.map(|_| Finding::Lost(name));
        }
        Err(error) => return Some(Finding::Broken(name, error.to_string())),
    };
    match versions.iter().position(|version| version.file == found) {
        Some(version) if Some(version) < promised => Some(Finding::Stale(name)),
        Some(_) => None,
        None => Some(Finding::Broken(name, difference(&found, versions))),
    }
}

/// Where a file differs from the object of its name that it resembles most.
fn difference(found: &[u8], versions: &[Version]) -> String {
    let same = |version: &Version| {
        let pairs = found.iter().zip(&version.file);
        pairs.take_while(|(a, b)| a == b).count()
    };
    let is_size = |version: &Version| version.file.len() == found.len();
    let Some((number, nearest)) = versions
        .iter()
        .enumerate()
        .max_by_key(|(_, version)| (is_size(version), same(version)))
    else {
        return format!("{} bytes", found.len());
    };
    let at = same(nearest);
    let alike = found[at..].iter().zip(&nearest.file[at..]);
    let wrong = alike.filter(|(a, b)| a != b).count();
    format!(
        "{} bytes of {}, {wrong} of them wrong, the first at {at} (object {} of {} of that name)",
        found.len(),
        nearest.file.len(),
        number + 1,
        versions.len()
    )
}

fn strays(directory: &Path, ledger: &Ledger) -> io::Result<Vec<String>> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !ledger.0.contains_key(&name) {
            strays.push(name);
        }
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(file: &[u8], acknowledged: Option<Tick>) -> Version {
        Version {
            file: file.to_vec(),
            acknowledged,
        }
    }

    /// What is found after a cut at tick 10 in a directory that has these files.
    fn findings(files: &[(&str, &[u8])], versions: Vec<Version>) -> Vec<Finding> {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, bytes) in files {
            fs::write(directory.path().join(name), bytes).expect("a file");
        }
        let mut ledger = Ledger::default();
        ledger.0.insert("a".to_owned(), versions);
        ledger.check(directory.path(), 10)
    }

    #[test]
    fn what_was_acknowledged_before_the_cut_must_be_there_and_nothing_else_need_be() {
        let lost = vec![Finding::Lost("a".to_owned())];
        assert_eq!(findings(&[], vec![version(b"one", Some(10))]), lost);
        assert_eq!(findings(&[], vec![version(b"one", Some(11))]), []);
        assert_eq!(findings(&[], vec![version(b"one", None)]), []);
        let early = [("a", &b"one"[..]), (".b", b"hidden")];
        assert_eq!(findings(&early, vec![version(b"one", Some(11))]), []);
    }

    #[test]
    fn a_file_under_a_final_name_is_whole_even_if_nobody_was_promised_it() {
        let found = findings(&[("a", b"on")], vec![version(b"one", None)]);
        assert!(matches!(found[..], [Finding::Broken(..)]), "{found:?}");
        let found = findings(&[("b", b"")], vec![version(b"one", None)]);
        assert_eq!(found, [Finding::Stray("b".to_owned())]);
    }

    #[test]
    fn a_newer_object_may_take_the_name_early_but_never_give_it_back() {
        let both = |newer| vec![version(b"old", Some(5)), version(b"new", newer)];
        assert_eq!(findings(&[("a", b"new")], both(None)), []);
        assert_eq!(findings(&[("a", b"old")], both(Some(11))), []);
        let stale = [Finding::Stale("a".to_owned())];
        assert_eq!(findings(&[("a", b"old")], both(Some(9))), stale);
    }
}

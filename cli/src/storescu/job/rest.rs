//! The files that nobody tried, because the job ended before their turn: for the report.

use std::path::{Path, PathBuf};

/// How many of them are listed. The rest is counted.
pub(super) const LISTED_MAX: usize = 10_000;

/// What is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rest {
    count: u64,
    listed: Vec<PathBuf>,
    omitted: u64,
    is_part: bool,
}

impl Rest {
    /// Adds a file that was not tried so many times.
    pub(super) fn add(&mut self, path: &Path, times: u32) {
        self.count += u64::from(times);
        if self.listed.last().is_some_and(|last| last == path) {
            // It was to be sent several times.
        } else if self.listed.len() < LISTED_MAX {
            self.listed.push(path.to_owned());
        } else {
            self.omitted += 1;
        }
    }

    /// There may be more of them: it was not looked for all.
    pub(super) fn note_part(&mut self) {
        self.is_part = true;
    }

    /// How many objects were not tried, as far as is known.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether all files were found, and so all that were not tried are counted.
    pub(super) fn is_all(&self) -> bool {
        !self.is_part
    }

    /// Their paths. Bytes that are no UTF-8 are replaced.
    pub(super) fn listed(&self) -> Vec<String> {
        let paths = self.listed.iter();
        paths
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    /// How many files are counted and not listed.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_to_be_sent_several_times_is_listed_once() {
        let mut rest = Rest::default();
        rest.add(Path::new("a"), 1);
        rest.add(Path::new("a"), 1);
        rest.add(Path::new("b"), 3);
        assert_eq!(
            (rest.count(), rest.listed()),
            (5, vec!["a".into(), "b".into()])
        );
        assert!(rest.is_all() && rest.omitted() == 0);
    }

    #[test]
    fn the_list_ends_somewhere_and_the_count_does_not() {
        let mut rest = Rest::default();
        for number in 0..LISTED_MAX + 5 {
            rest.add(Path::new(&number.to_string()), 1);
        }
        rest.note_part();
        assert_eq!(rest.count(), LISTED_MAX as u64 + 5);
        assert_eq!((rest.listed().len(), rest.omitted()), (LISTED_MAX, 5));
        assert!(!rest.is_all());
    }
}
